"""
The browser port: one listener for WebSocket and HTTP.

A connection shows by its first line for whom it is. Until then a doorway holds what has arrived; then the
protocol that is meant takes the connection over, with all bytes from the first one on.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from twisted.internet.interfaces import IAddress, IProtocol, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.server import Site

from comet.limits import Limits
from comet.protocols.visiting import MOUNTS

#: A request that has not ended its headers by then is refused, in bytes.
HEAD_LIMIT = 16 << 10
#: Idle HTTP connections are closed after so many seconds.
HTTP_IDLE_SECONDS = 60

_OPENINGS = tuple(f"GET {mount}".encode() for mount in MOUNTS)
#: Where clients of our own connect; what may follow the path is a query.
_JSON_OPENING = re.compile(rb"GET (?:/comet-server)?/comet/ws[? ]")
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Doorway(Protocol):
    """A connection of which it is not known yet what it wants."""

    factory: BrowserPort

    def __init__(self) -> None:
        self._held = b""
        self._inner: IProtocol | None = None

    def connectionMade(self) -> None:
        """Somebody is at the door, and has some time to say what for."""
        self.factory.open += 1
        seconds = self.factory.limits.login_seconds
        self._timeout = self.factory.clock.callLater(seconds, self._leave)

    def dataReceived(self, data: bytes) -> None:
        """Hold what has come until the whole head of a request is here."""
        self._held += data
        if b"\r\n\r\n" in self._held:
            self._enter(self._held)
        elif len(self._held) > HEAD_LIMIT:
            self._leave(_TOO_LARGE)

    def _enter(self, data: bytes) -> None:
        self._timeout.cancel()
        factory = self.factory
        if factory.open > factory.limits.browsers:
            self._leave(_TOO_MANY)
            return
        assert self.transport is not None
        site: Any = factory.pages
        if data.startswith(_OPENINGS):
            site = factory.sockets.lines
        elif _JSON_OPENING.match(data):
            site = factory.sockets.json
        inner = site.buildProtocol(self.transport.getPeer())
        assert inner is not None
        self._inner, self._held = inner, b""
        # From here on the bytes go straight to it.
        self.dataReceived = inner.dataReceived  # type: ignore[method-assign]
        inner.makeConnection(self.transport)
        inner.dataReceived(data)

    def _leave(self, answer: bytes = b"") -> None:
        assert self.transport is not None
        self._held = b""
        self.dataReceived = lambda data: None  # type: ignore[method-assign]
        self.transport.write(answer)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone, whoever it was for."""
        self.factory.open -= 1
        if self._timeout.active():
            self._timeout.cancel()
        if self._inner is not None:
            self._inner.connectionLost(reason)


class Sockets(NamedTuple):
    """
    What makes WebSockets.

    @ivar lines: for clients made for CppComet.
    @ivar json: for clients of our own.
    """

    lines: Factory
    json: Factory


class BrowserPort(Factory):
    """Opens the door to browsers."""

    noisy = False

    def __init__(self, sockets: Sockets, pages: Site, limits: Limits, clock: IReactorTime) -> None:
        """@param pages: for requests that are no WebSocket."""
        self.sockets, self.pages = sockets, pages
        self.limits, self.clock = limits, clock
        self.open = 0

    def buildProtocol(self, addr: IAddress | None) -> Doorway:  # type: ignore[override]
        """A doorway for each connection."""
        door = Doorway()
        door.factory = self
        return door
