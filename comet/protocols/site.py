"""
The browser port: one listener for WebSocket and HTTP.

A connection shows by its first line for whom it is. Until then a doorway holds what has arrived; then the
protocol that is meant takes the connection over, with all bytes from the first one on.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from sys import intern
from typing import Any, NamedTuple

from twisted.internet.interfaces import IAddress, IProtocol, IReactorTime, ISSLTransport, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure
from twisted.web.server import Site
from zope.interface import implementer

from comet.gate import Gate
from comet.limits import Limits
from comet.model import Goodbye
from comet.protocols.front import forwarding
from comet.protocols.refusing import unasked
from comet.protocols.visiting import MOUNTS
from comet.protocols.wheel import Spoke, Wheel
from comet.refusals import Reason

#: A request that has not ended its headers by then is refused, in bytes.
HEAD_LIMIT = 16 << 10
#: Idle HTTP connections are closed after so many seconds.
HTTP_IDLE_SECONDS = 60

_OPENINGS = tuple(f"GET {mount}".encode() for mount in MOUNTS)
#: Where clients of our own connect; what may follow the path is a query.
_JSON_OPENING = re.compile(rb"GET (?:/comet-server)?/comet/ws[? ]")
_TOO_LARGE = unasked(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the headers of a request may have {HEAD_LIMIT} bytes"
)
_TOO_MANY = unasked(HTTPStatus.SERVICE_UNAVAILABLE, Goodbye.FULL, 10)
#: Whoever was refused has so many seconds to say something and be told why, and as many to go.
REFUSED_SECONDS = 3
_END = b"\r\n\r\n"


@implementer(IProtocol)
class Doorway:
    """
    A connection of which it is not known yet what it wants; and then the way to what it wanted.

    There is one for as long as the connection lasts, so it has slots, which no C{Protocol} of Twisted has.
    """

    __slots__ = (
        *("_entered", "_has_left", "_held", "_inner", "_peer", "_refused", "_timeout"),
        *("factory", "transport"),
    )

    def __init__(self, factory: BrowserPort) -> None:
        self.factory = factory
        #: A transport that can be aborted, be it plain or TLS.
        self.transport: Any = None
        self._held = b""
        self._inner: IProtocol | None = None
        self._timeout: Spoke | None = None
        self._has_left = False
        #: The address that was let in, and the reason why it was not.
        self._entered: str | None = None
        self._refused: Reason | None = None

    def makeConnection(self, transport: Any) -> None:
        """Be connected, and say so."""
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Somebody is at the door, and has some time to say what for."""
        factory = self.factory
        factory.open += 1
        # Those who come from the same place share its name.
        self._peer = intern(getattr(self.transport.getPeer(), "host", "unix"))
        if ITCPTransport.providedBy(self.transport):
            # What the handshake of TLS says comes in small pieces, each of which would wait for the last one.
            self.transport.setTcpNoDelay(True)
        seconds: float = factory.limits.login_seconds
        # For whom a proxy comes, only the headers say.
        if not factory.gate.proxies.trusts(self._peer) and not self._admit(self._peer):
            seconds = REFUSED_SECONDS
        self._timeout = factory.wheel.call_later(seconds, self._leave)
        # A handshake is work, and before it nothing can be said.
        if self._refused and ISSLTransport.providedBy(self.transport):
            self.transport.abortConnection()

    def _admit(self, address: str) -> bool:
        self._refused = self.factory.gate.enter(address)
        if self._refused is None:
            self._entered = address
        return self._refused is None

    def dataReceived(self, data: bytes) -> None:
        """Pass it on; until it is known to whom, hold it until the whole head of a request is here."""
        if self._inner is not None:
            self._inner.dataReceived(data)
        elif not self._has_left:
            self._hold(data)

    def _hold(self, data: bytes) -> None:
        if self._refused:
            self._turn_away(self._peer)
            return
        self._held += data
        end = self._held.find(_END)
        if end > HEAD_LIMIT or (end < 0 and len(self._held) > HEAD_LIMIT):
            self._refuse(Reason.HEAD, _TOO_LARGE)
        elif end >= 0:
            self._enter(self._held, end)

    def _enter(self, data: bytes, end: int) -> None:
        factory = self.factory
        if factory.open > factory.limits.browsers:
            self._refuse(Reason.BROWSERS, _TOO_MANY)
            return
        if self._entered is None:
            address = factory.gate.proxies.visitor(self._peer, forwarding(data[:end]))
            if not self._admit(address):
                self._turn_away(address)
                return
        self._stop_waiting()
        site: Any = factory.pages
        if data.startswith(_OPENINGS):
            site = factory.sockets.lines
        elif _JSON_OPENING.match(data):
            site = factory.sockets.json
        inner = site.buildProtocol(self.transport.getPeer())
        assert inner is not None
        self._inner, self._held = inner, b""
        inner.makeConnection(self.transport)
        inner.dataReceived(data)

    def _refuse(self, reason: Reason, answer: bytes) -> None:
        self.factory.gate.refusals[reason] += 1
        self._leave(answer)

    def _turn_away(self, address: str) -> None:
        assert self._refused is not None
        seconds = self.factory.gate.retry_after(self._refused, address)
        self._leave(unasked(HTTPStatus.TOO_MANY_REQUESTS, Goodbye.CROWD, seconds))

    def _leave(self, answer: bytes = b"") -> None:
        self._stop_waiting()
        self._held, self._has_left = b"", True
        # Whoever does not take the answer, or leaves an end of TLS without one, is not waited for.
        self._timeout = self.factory.wheel.call_later(REFUSED_SECONDS, self.transport.abortConnection)
        self.transport.write(answer)
        self.transport.loseConnection()

    def _stop_waiting(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone, whoever it was for."""
        self.factory.open -= 1
        self._stop_waiting()
        if self._entered is not None:
            self.factory.gate.leave(self._entered)
        inner, self._inner, self._has_left = self._inner, None, True
        if inner is not None:
            inner.connectionLost(reason)
        # What wraps a transport is wrapped around us; apart, both are gone at once.
        self.transport = None


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

    def __init__(
        self,
        sockets: Sockets,
        pages: Site,
        limits: Limits,
        clock: IReactorTime,
        gate: Gate | None = None,
        wheel: Wheel | None = None,
    ) -> None:
        """
        @param pages: for requests that are no WebSocket.
        @param gate: the limits on addresses, if others ask it, too.
        @param wheel: for timeouts, if others have one, too.
        """
        self.sockets, self.pages = sockets, pages
        self.limits, self.wheel = limits, wheel or Wheel(clock)
        self.gate = gate or Gate(limits, clock.seconds)
        self.open = 0

    def buildProtocol(self, addr: IAddress | None) -> Doorway:  # type: ignore[override]
        """A doorway for each connection."""
        return Doorway(self)
