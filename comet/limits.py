"""The bounds on everything a stranger, or a busy site, can make grow."""

from __future__ import annotations

from dataclasses import dataclass, field

from comet.kinds import size

#: The longest message that passes between the workers of one machine: though it be all signs that JSON
#: escapes, and so six times as long, their bus carries it.
WORKERS_MESSAGE = 10 << 20


def limit(default: int, doc: str, least: int = 1) -> int:
    """@return: a dataclass field of section C{[limits]}, with the line that documents it."""
    # The declared type is that of the value, as with dataclasses.field itself.
    result: int = field(default=default, metadata={"doc": doc, "kind": size(least)})
    return result


@dataclass(frozen=True, slots=True)
class Limits:
    """Section C{[limits]} of the configuration. Sizes in bytes, times in seconds."""

    message: int = limit(1 << 20, "the longest text of a message, in bytes of UTF-8")
    queue: int = limit(100, "private messages kept for a user who is away; the oldest make room")
    history: int = limit(99, "the most messages that a channel may keep")
    history_channels: int = limit(100_000, "channels with a history length, in all")
    presence_events: int = limit(50_000, "rows of presence_events kept for each tenant; the oldest make room")
    channel_rights: int = limit(1_000, "rows of channel_rights that one tenant may set")
    devices: int = limit(16, "connections of one user; one more closes the oldest")
    channels: int = limit(256, "channels that one connection may listen to")
    resume_bytes: int = limit(16 << 20, "bytes of missed messages that one client is given; more is a gap")
    outbox_messages: int = limit(1_000, "messages waiting for one slow client before it is dropped")
    outbox_bytes: int = limit(8 << 20, "bytes waiting for one slow client before it is dropped")
    poll_seconds: int = limit(30, "how long a session of long-poll lives without a request, in seconds")
    inbox_messages: int = limit(100, "commands of one client read ahead before its socket is paused")
    browsers: int = limit(100_000, "browser connections in all")
    backends: int = limit(1_000, "CometQL connections in all")
    prepared: int = limit(1_000, "prepared statements of one CometQL connection")
    transaction_statements: int = limit(10_000, "statements that one transaction holds until COMMIT")
    transaction_bytes: int = limit(64 << 20, "bytes of values that one transaction holds until COMMIT")
    api_body: int = limit(16 << 20, "the longest body of a request to the HTTP API, in bytes")
    api_failures: int = limit(10, "wrong keys that one address may send to the HTTP API in a minute")
    login_seconds: int = limit(10, "time to finish a login or a WebSocket handshake, in seconds")
    address_connections: int = limit(2_000, "browser connections from one address; 0: any number", 0)
    address_connects: int = limit(100, "connections that one address may open in a second; 0: any number", 0)
    address_connects_burst: int = limit(2_000, "connections that one address may open at once")
    address_requests: int = limit(1_000, "HTTP requests of one address in a second; 0: any number", 0)
    address_requests_burst: int = limit(10_000, "HTTP requests of one address at once")
    request: int = limit(16 << 20, "the longest body of any other HTTP request, in bytes")
    messages_per_second: int = limit(
        100, "commands of one browser, and of all browsers of one user, in a second; 0: any number", 0
    )
    messages_burst: int = limit(1_000, "commands of one browser, and of all browsers of one user, at once")
