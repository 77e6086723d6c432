"""What all ways of connecting for browsers share: who is here, how they are let in, what is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from sys import intern

from comet.addresses import Proxies
from comet.broker import Broker
from comet.errors import BadValue, OriginRefused
from comet.model import Goodbye, Hello
from comet.origins import Origins
from comet.protocols.dialects.jsonlines import JsonLines
from comet.protocols.wheel import Wheel
from comet.refusals import Reason
from comet.session import Session, Visitor

#: As much as is kept of the headers User-Agent and Origin, and of Accept-Language.
AGENT_LIMIT, LANGUAGE_LIMIT = 250, 64


@dataclass(slots=True)
class Traffic:
    """What has come and gone since the start; by tenant where it says so in C{SHOW STATUS}."""

    online: Counter[int] = field(default_factory=Counter)
    added: int = 0
    removed: int = 0
    messages: Counter[int] = field(default_factory=Counter)


class Reception:
    """
    The sessions of all browsers.

    @ivar json: the dialect of clients of our own.
    @ivar wheel: for timeouts that may be a second late.
    """

    def __init__(
        self,
        broker: Broker,
        wheel: Wheel,
        *,
        server: str,
        origins: Collection[str] = (),
        dev_index_size: int = 100_000,
        ping_seconds: int = 30,
        compress: bool = False,
        proxies: Proxies | None = None,
    ) -> None:
        """
        @param server: how the server introduces itself.
        @param origins: whose pages may connect; empty for all.
        @param ping_seconds: after how much silence a client is asked whether it is there; 0 for never.
        @param compress: whether to compress for WebSocket clients that offer to read that.
        @param proxies: those in front, which say for whom they come.
        """
        self.broker, self.wheel, self.server = broker, wheel, server
        self.dev_index_size, self.ping_seconds, self.compress = dev_index_size, ping_seconds, compress
        self.json = JsonLines(broker.limits, broker.connections.node, ping_seconds)
        self.traffic = Traffic()
        self.sessions: dict[Session, None] = {}
        self.origins = Origins(origins, broker.accounts.url)
        self.proxies = proxies or Proxies()

    def admits(self, origin: str, dev_id: int | None = None) -> bool:
        """
        @param dev_id: the tenant, if it is known already.
        @return: whether pages of this origin may connect; if not, that is counted.
        """
        if self.origins.allow(origin, dev_id):
            return True
        self.refuse_origin()
        return False

    def refuse_origin(self) -> None:
        """A page of another origin is turned away."""
        self.broker.refusals[Reason.ORIGIN] += 1

    def visitor(self, hello: Hello, peer: str, headers: Mapping[str, str]) -> Visitor:
        """
        @param peer: the address of the other end.
        @param headers: those of the request, names in lower case.
        @raise BadValue: if there can be no such tenant.
        @raise OriginRefused: if pages of this origin may not connect to this one.
        """
        if hello.dev_id >= self.dev_index_size:
            raise BadValue(f"Incorrect dev_id {hello.dev_id}: it is below {self.dev_index_size}")
        if not self.admits(headers.get("origin", ""), hello.dev_id):
            raise OriginRefused(Goodbye.ORIGIN.reason)
        return Visitor(hello.dev_id, hello.user_id, hello.key, hello.uuid, **seen(peer, headers))

    def opened(self, session: Session) -> None:
        """A session has begun."""
        dev_id = session.visitor.dev_id
        self.sessions[session] = None
        self.traffic.online[dev_id] += 1
        self.traffic.added += 1

    def closed(self, session: Session) -> None:
        """A session is over; saying so twice is saying so once."""
        session.end()
        if session in self.sessions:
            del self.sessions[session]
            self.traffic.online[session.visitor.dev_id] -= 1
            self.traffic.removed += 1

    def heard(self, session: Session) -> None:
        """A client has said something."""
        self.traffic.messages[session.visitor.dev_id] += 1

    def lose_all(self, goodbye: Goodbye) -> None:
        """End every session."""
        for session in tuple(self.sessions):
            session.lose(goodbye)

    def lose_some(self, count: int, goodbye: Goodbye, retry: Callable[[], int | None]) -> bool:
        """
        End the oldest sessions.

        @param count: how many.
        @param retry: tells for each when its client should come back, see L{Session.lose}.
        @return: whether there are more.
        """
        living = (session for session in self.sessions if not session.is_over)
        for session in tuple(islice(living, count)):
            session.lose(goodbye, retry())
        return any(not session.is_over for session in self.sessions)


def seen(peer: str, headers: Mapping[str, str]) -> dict[str, str]:
    """@return: what the server notes of a client that it does not say of itself."""
    # Very many say the same of themselves: they share it.
    return {
        "address": intern(peer),
        "user_agent": intern(headers.get("user-agent", "")[:AGENT_LIMIT]),
        "origin": intern(headers.get("origin", "")[:AGENT_LIMIT]),
        "language": intern(headers.get("accept-language", "")[:LANGUAGE_LIMIT]),
    }
