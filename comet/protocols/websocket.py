"""The WebSocket transport: Autobahn shakes hands and reads, a session answers, an outlet writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionRequest
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from comet import access
from comet.broker import Broker
from comet.errors import PeerError
from comet.model import Command, Farewell, Goodbye
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.frames import WebSocketForm
from comet.protocols.inbox import Inbox
from comet.protocols.outlet import Outlet
from comet.protocols.visiting import Unwelcome, read_address
from comet.protocols.wheel import Spoke, Wheel
from comet.session import Session, Visitor

#: A client that does not take its last bytes is cut off after so many seconds.
LINGER_SECONDS = 5.0
#: What a command adds to the text of a message: names, line feeds.
COMMAND_OVERHEAD = 4096

CURRENT, LEGACY = WebSocketForm(CppComet()), WebSocketForm(CppComet(legacy=True))


class _Quiet(Logger):
    """Autobahn's log without its chatter: what ends a connection is logged once, by us, with the peer."""

    def _nothing(self, *arguments: object, **more: object) -> None:
        """Not logged."""

    trace = debug = info = warn = _nothing


@dataclass(slots=True)
class Traffic:
    """What has come and gone since the start; by tenant where it says so in C{SHOW STATUS}."""

    online: Counter[int] = field(default_factory=Counter)
    added: int = 0
    removed: int = 0
    messages: Counter[int] = field(default_factory=Counter)


class BrowserProtocol(WebSocketServerProtocol):
    """
    One connection of a browser.

    A client of this dialect never gets a Close frame: it comes back only if the connection was dropped.
    """

    factory: BrowserFactory
    #: A transport that can be paused and aborted, be it plain or TLS.
    transport: Any
    log = _Quiet()
    _log = Logger()

    _session: Session | None = None
    _outlet: Outlet | None = None
    _inbox: Inbox[Command | None]
    _visitor: Visitor
    _form: WebSocketForm = CURRENT
    _unwelcome: Goodbye | None = None
    _linger: Spoke | None = None

    # Called by Autobahn -----------------------------------------------------------------------------------

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """The request is here: who is it? @return: the subprotocol, if it is one that we name."""
        target = self.http_request_uri
        try:
            address = read_address(target, self.factory.dev_index_size)
        except Unwelcome as error:
            self._form, self._unwelcome = LEGACY, error.goodbye
        else:
            peer = self.transport.getPeer()
            self._visitor = address.visitor(getattr(peer, "host", "unix"), request.headers)
            self._form = LEGACY if address.major_version < 4 else CURRENT
            if not access.origin_allowed(self._visitor.origin, self.factory.origins):
                self._unwelcome = Goodbye.ORIGIN
        return "chat" if "chat" in request.protocols else None

    def onOpen(self) -> None:
        """The handshake is done."""
        factory = self.factory
        if self._unwelcome:
            farewell = Farewell(self._unwelcome, factory.broker.now())
            self.transport.write(farewell.encoded(self._form))
            self._drop()
            return
        factory.sessions[self] = None
        factory.traffic.online[self._visitor.dev_id] += 1
        factory.traffic.added += 1
        self._session = Session(self._visitor, self._form, self, factory.broker, factory.server)
        self._outlet = Outlet(self.transport, self._session.take)
        self._inbox = Inbox(
            self._serve,
            factory.broker.limits.inbox_messages,
            self.transport.pauseProducing,
            self.transport.resumeProducing,
        )
        self._inbox.put(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message is here."""
        if self._session is None:
            return
        self.factory.traffic.messages[self._visitor.dev_id] += 1
        try:
            if isBinary:
                raise PeerError("a binary message, only text is understood")
            self._inbox.put(self._form.dialect.decode(payload.decode()))
        except PeerError as error:
            self._complain(str(error))
            self._session.lose(Goodbye.PROTOCOL)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone."""
        if self._linger is not None:
            self._linger.cancel()
        if self.failedByMe:
            self._complain(str(self.wasNotCleanReason))
        if self._session is not None:
            self._session.end()
            self._session = None
            self._inbox.close()
            del self.factory.sessions[self]
            self.factory.traffic.online[self._visitor.dev_id] -= 1
            self.factory.traffic.removed += 1

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Autobahn wants to close: drop the connection instead."""
        self.wasClean = isReply
        self._drop()

    # Called by the session --------------------------------------------------------------------------------

    def ready(self) -> None:
        """See L{comet.session.Wire.ready}."""
        if self._outlet is not None:
            self._outlet.ready()

    def lose(self, goodbye: Goodbye) -> None:
        """See L{comet.session.Wire.lose}."""
        self._drop()

    # ------------------------------------------------------------------------------------------------------

    async def _serve(self, command: Command | None) -> None:
        """Carry out a command; C{None} is the wish to come in."""
        if self._session is not None:
            await (self._session.start() if command is None else self._session.receive(command))

    def _complain(self, reason: str) -> None:
        self._log.warn("{peer} broke the WebSocket protocol: {reason}", peer=self.peer, reason=reason)

    def _drop(self) -> None:
        if self._outlet is not None:
            self._outlet.finish()
        self.transport.loseConnection()
        if self._linger is None:
            self._linger = self.factory.wheel.call_later(LINGER_SECONDS, self.transport.abortConnection)


class BrowserFactory(WebSocketServerFactory):
    """Makes the connections of browsers, and knows those that are open."""

    protocol: type[BrowserProtocol] = BrowserProtocol  # type: ignore[assignment]
    log = _Quiet()

    def __init__(
        self,
        broker: Broker,
        clock: IReactorTime,
        *,
        server: str,
        origins: Collection[str] = (),
        dev_index_size: int = 100_000,
        ping_seconds: int = 30,
    ) -> None:
        """
        @param server: how the server introduces itself.
        @param origins: whose pages may connect; empty for all.
        @param ping_seconds: after how much silence a client is asked whether it is there; 0 for never.
        """
        super().__init__(reactor=clock)
        self.broker = broker
        # Autobahn's own would run on the global reactor.
        self.wheel = self._batched_timer = Wheel(clock)
        # Autobahn puts it into its header, too.
        self.server = server
        self.origins = origins
        self.dev_index_size = dev_index_size
        self.traffic = Traffic()
        self.sessions: dict[BrowserProtocol, None] = {}
        longest = broker.limits.message + COMMAND_OVERHEAD
        self.setProtocolOptions(
            maxFramePayloadSize=longest,
            maxMessagePayloadSize=longest,
            openHandshakeTimeout=broker.limits.login_seconds,
            autoPingInterval=ping_seconds,
            autoPingTimeout=ping_seconds,
            serveFlashSocketPolicy=False,
            webStatus=False,
            # Pages in files and sandboxes have this one; whose pages may connect is for us to say.
            allowNullOrigin=True,
        )

    def lose_all(self, goodbye: Goodbye) -> None:
        """End every connection."""
        for connection in tuple(self.sessions):
            if connection._session is not None:
                connection._session.lose(goodbye)

    def open_sessions(self) -> list[Session]:
        """@return: the sessions of all connections that are open."""
        return [connection._session for connection in self.sessions if connection._session is not None]
