"""What a client is told at its start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

#: A key, or what makes one: called before each connection, and again before the last one runs out.
Key = str | Callable[[], "str | Awaitable[str]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    Who the client is, whom it talks to, and its limits.

    @ivar nodes: addresses of servers, C{ws://HOST:PORT/comet/ws} or C{wss://}; the path may be left out.
    @ivar key: what proves C{user_id}: a hash, a JWT, or a function that gives one.
    @ivar ca_file: a PEM file of the authorities to trust instead of those of the system.
    @ivar timeout: how long a request waits for its answer, in seconds, if it does not say otherwise.
    @ivar buffer: how many messages wait for the program in each subscription; the oldest make room.
    @ivar requests: how many requests wait for an answer at the same time.
    @ivar message: the longest WebSocket message that is taken, in bytes.
    @ivar connect_timeout: how long a connection may take until the welcome, in seconds.
    """

    nodes: Sequence[str]
    dev_id: int = 0
    user_id: int = 0
    key: Key = ""
    uuid: str = ""
    ca_file: Path | str | None = None
    timeout: float = 10
    buffer: int = 1_000
    requests: int = 1_000
    message: int = 32 << 20
    connect_timeout: float = 20

    def __post_init__(self) -> None:
        """@raise ValueError: if an address is none."""
        nodes = [self.nodes] if isinstance(self.nodes, str) else self.nodes
        if not nodes:
            raise ValueError("a client needs the address of a server, such as ws://127.0.0.1:8087")
        object.__setattr__(self, "nodes", tuple(map(complete, nodes)))


def complete(url: str) -> str:
    """
    @return: the address of a WebSocket, given as little as C{ws://HOST}.
    @raise ValueError: if it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"{url!r} is not the address of a server: ws://HOST:PORT or wss://HOST:PORT is")
    assert parts.port is None or parts.port > 0  # raises ValueError if it is no number
    return parts._replace(path=parts.path if parts.path.strip("/") else "/comet/ws", fragment="").geturl()
