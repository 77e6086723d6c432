"""A WebSocket to Janus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import optionsForClientTLS

from comet import __version__
from comet.protocols.janus.wire import SUBPROTOCOL, JanusAway

#: How long it may take until the connection is open, in seconds.
OPENING_SECONDS = 10.0
#: The longest text that Janus may send: an SDP description of a large room is some tens of KiB.
MESSAGE_LIMIT = 4 << 20


class JanusSocket(WebSocketClientProtocol):
    """
    One connection to Janus.

    @ivar opened: fires when texts may be sent, or fails with L{JanusAway}.
    @ivar heard: is called with each text that comes.
    @ivar lost: is called once with why nothing more comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.opened: Deferred[None] = Deferred()
        self.heard: Callable[[str], object] = lambda text: None
        self.lost: Callable[[str], object] = lambda reason: None
        self._is_over = False

    def send(self, text: str) -> None:
        """Send C{text}."""
        self.sendMessage(text.encode())

    def cut(self) -> None:
        """Drop the connection; nobody hears of it."""
        self.heard = self.lost = lambda _: None
        self.opened.addErrback(lambda _: None)
        self.dropConnection(abort=True)

    # Called by Autobahn -----------------------------------------------------------------------------------

    def onOpen(self) -> None:
        """The handshake is done."""
        if self.websocket_protocol_in_use == SUBPROTOCOL:
            self.opened.callback(None)
        else:
            self.failed_to_open("what answers there is no Janus: it does not speak janus-protocol")
            self.dropConnection(abort=True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message has come."""
        self.heard(payload.decode("utf-8", "replace"))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Nothing more comes."""
        why = self.wasNotCleanReason or reason or "the connection was closed"
        self.failed_to_open(why)
        if not self._is_over:
            self._is_over = True
            self.lost(why)

    def failed_to_open(self, why: str) -> None:
        """Tell who waits for it, if somebody does."""
        if not self.opened.called:
            self.opened.errback(JanusAway(why))


def socket_factory(reactor: Any, url: str) -> WebSocketClientFactory:
    """@return: makes connections to C{url}."""
    factory = WebSocketClientFactory(
        url, protocols=[SUBPROTOCOL], useragent=f"comet/{__version__}", reactor=reactor
    )
    factory.protocol, factory.noisy = JanusSocket, False
    factory.setProtocolOptions(
        maxMessagePayloadSize=MESSAGE_LIMIT,
        openHandshakeTimeout=OPENING_SECONDS,
        closeHandshakeTimeout=1,
        serverConnectionDropTimeout=1,
        tcpNoDelay=True,
    )
    return factory


def endpoint_of(reactor: Any, url: str) -> Any:
    """@return: the endpoint that C{url} means, C{ws:} or C{wss:}."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "wss"
    endpoint = HostnameEndpoint(reactor, host, parts.port or (443 if is_secure else 80), OPENING_SECONDS)
    return wrapClientTLS(optionsForClientTLS(host), endpoint) if is_secure else endpoint
