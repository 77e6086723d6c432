"""
Autobahn's connection, lean: what it keeps for each connection and nobody here asks for is kept once for all.

Autobahn still shakes hands, parses what clients send, pings and closes. But of a connection that only listens
it would keep the whole request, forty settings of its factory, counters, futures and buffers; and it would
write a page into a log that nobody reads each time that somebody connects. Thousands connect here at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from autobahn.twisted.util import peer2str
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.protocol import TrafficStats, WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

#: What is known of the handshake, and is not looked at any more when it is done.
_HANDSHAKE = (
    "_wskey",
    "http_headers",
    "http_request_data",
    "http_request_host",
    "http_request_params",
    "http_request_path",
    "http_request_uri",
    "http_response_data",
    "http_status_line",
    "websocket_extensions",
    "websocket_extensions_in_use",
    "websocket_origin",
    "websocket_protocol_in_use",
    "websocket_protocols",
)
#: What is known of the message that is being read.
_MESSAGE = (
    "_isMessageCompressed",
    "control_frame_data",
    "current_frame_masker",
    "frame_data",
    "frame_length",
    "message_data",
    "message_data_total_length",
    "message_is_binary",
    "utf8validateIncomingCurrentMessage",
    "utf8validateLast",
    "utf8validator",
)

_Protocol = TypeVar("_Protocol", bound="LeanProtocol")


class _Unheard:
    """Stands for a future that nobody waits for."""

    __slots__ = ()

    def callback(self, result: object) -> None:
        """Nobody is told."""

    addErrback = callback


class LeanProtocol(WebSocketServerProtocol):
    """
    A connection of Autobahn's.

    What differs from connection to connection has a slot. The rest has the value that it begins with in the
    class, and a place in the instance only where it gets another.
    """

    __slots__ = (
        *_HANDSHAKE,
        *_MESSAGE,
        "_perMessageCompress",
        "autoPingPendingCall",
        "connected",
        "current_frame",
        "data",
        "factory",
        "inside_message",
        "openHandshakeTimeoutCall",
        "state",
        "transport",
        "websocket_version",
    )

    factory: LeanFactory
    #: A transport that can be paused and aborted, be it plain or TLS.
    transport: Any

    #: For which factory this class was made, if any; see L{LeanFactory}.
    made_for: LeanFactory | None = None
    current_frame: Any
    utf8validator: Any
    utf8validateLast: Any
    #: Nothing is copied from the factory: it is in the class.
    CONFIG_ATTRS: Any = ()
    openHandshakeTimeout: float

    is_open = is_closed = _Unheard()
    _transport_details: Any = None
    trackedTimings: Any = None
    #: Counts all connections together; Autobahn wants to count, nobody to know.
    trafficStats = TrafficStats()

    closedByMe = failedByMe = droppedByMe = wasClean = False
    wasNotCleanReason: Any = None
    wasMaxFramePayloadSizeExceeded = wasMaxMessagePayloadSizeExceeded = False
    wasOpenHandshakeTimeout = wasCloseHandshakeTimeout = wasServingFlashSocketPolicyFile = False
    localCloseCode = localCloseReason = remoteCloseCode = remoteCloseReason = None
    closeHandshakeTimeoutCall = None
    autoPingTimeoutCall = autoPingPending = autoPingPendingSent = None
    autoPingPendingSeq = 0

    def __init__(self) -> None:
        # Not that of Autobahn, which makes futures and a table of listeners.
        self.connected, self.transport = 0, None
        self.state, self.data = self.STATE_CONNECTING, b""
        self.current_frame = self._perMessageCompress = None
        self.inside_message = False
        self.autoPingPendingCall = self.openHandshakeTimeoutCall = None

    @property
    def peer(self) -> str:  # type: ignore[override]
        """Who is at the other end, for a log."""
        return str(peer2str(self.transport))

    # Called by Twisted ------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """Somebody is here, and has some time to shake hands."""
        # What is no socket of the Internet has no such thing.
        with suppress(AttributeError, OSError):
            self.transport.setTcpNoDelay(True)
        self.factory.countConnections += 1
        self.openHandshakeTimeoutCall = self.factory._batched_timer.call_later(
            self.openHandshakeTimeout, self.onOpenHandshakeTimeout
        )

    def dataReceived(self, data: bytes) -> None:
        """Something was sent."""
        self.data += data
        self.consumeData()
        if self.current_frame is None:
            self.current_frame_masker = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        # It may be any reason, whatever Autobahn declares.
        lost: Callable[..., None] = WebSocketProtocol._connectionLost
        lost(self, reason)
        self.factory.countConnections -= 1

    # Called by Autobahn -----------------------------------------------------------------------------------

    def _onOpen(self) -> None:
        """The handshake is done, and what was known of it is forgotten."""
        for name in _HANDSHAKE:
            setattr(self, name, None)
        self.onOpen()

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write: at once and whole, so there is no queue."""
        self.transport.write(data)

    def onFrameBegin(self) -> None:
        """A frame begins, and may begin a message, which needs to be validated."""
        if not self.inside_message:
            idle = self.factory.idle_validators
            self.utf8validator = idle.pop() if idle else Utf8Validator()
        super().onFrameBegin()

    def onMessageEnd(self) -> None:
        """A message has ended, with all that had to be known to read it."""
        super().onMessageEnd()
        self.factory.idle_validators.append(self.utf8validator)
        self.utf8validator = self.utf8validateLast = None

    def fire(self, event: str, *arguments: object, **more: object) -> _Unheard:
        """Tell those who listen for events of this kind: nobody."""
        return self.is_open


class LeanFactory(WebSocketServerFactory):
    """
    Makes such connections.

    It makes a class of its own of its protocol, in which its settings are. So these count as they were when
    the first connection came.

    @ivar idle_validators: of UTF-8; there are never more than messages that were read at the same time.
    """

    protocol: Any

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """See Autobahn's."""
        super().__init__(*arguments, **more)
        self.idle_validators: list[Utf8Validator] = []

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection, whose settings are in its class."""
        if self.protocol.made_for is not self:
            self.protocol = self._settle(self.protocol)
        return super().buildProtocol(addr)

    def _settle(self, protocol: type[_Protocol]) -> type[_Protocol]:
        """@return: C{protocol} with our settings."""
        settings = {name: getattr(self, name) for name in WebSocketServerProtocol.CONFIG_ATTRS}
        # A function in a class would become a method.
        members = {name: staticmethod(each) if callable(each) else each for name, each in settings.items()}
        return type(protocol.__name__, (protocol,), {"__slots__": (), "made_for": self, **members})
