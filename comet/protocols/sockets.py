"""The WebSocket transport: Autobahn shakes hands and reads, a session answers, an outlet writes."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from comet.errors import PeerError
from comet.model import Command, Event, Goodbye
from comet.protocols import deflate
from comet.protocols.frames import WebSocketForm
from comet.protocols.inbox import Inbox
from comet.protocols.inflate import Inflater
from comet.protocols.outlet import Outlet
from comet.protocols.reception import Reception
from comet.protocols.refusing import SERVER
from comet.protocols.wheel import Spoke
from comet.session import Session, Visitor

#: A client that does not take its last bytes is cut off after so many seconds.
LINGER_SECONDS = 5.0
#: What a command adds to the text of a message: names, line feeds.
COMMAND_OVERHEAD = 4096


class Quiet(Logger):
    """Autobahn's log without its chatter: what ends a connection is logged once, by us, with the peer."""

    def _nothing(self, *arguments: object, **more: object) -> None:
        """Not logged."""

    trace = debug = info = warn = _nothing


class SocketProtocol(WebSocketServerProtocol):
    """One connection of a browser; how it ends, and how its bytes are understood, is left open."""

    factory: SocketFactory
    #: A transport that can be paused and aborted, be it plain or TLS.
    transport: Any
    log = Quiet()
    _log = Logger()

    _session: Session | None = None
    _outlet: Outlet | None = None
    _inbox: Inbox[Command | None]
    _linger: Spoke | None = None

    # For those who leave it open --------------------------------------------------------------------------

    def understand(self, text: str) -> None:
        """
        A text message is here: put what it means into the inbox.

        @raise PeerError: if the connection is to be ended.
        """
        raise NotImplementedError

    async def serve(self, command: Command | None) -> None:
        """Carry out what is in the inbox."""
        raise NotImplementedError

    def end(self, goodbye: Goodbye) -> None:
        """End the connection; what could be written has been."""
        raise NotImplementedError

    # What they do with it ---------------------------------------------------------------------------------

    @property
    def is_compressed(self) -> bool:
        """Whether the handshake has agreed on compression."""
        return self._perMessageCompress is not None

    def visitor_address(self, headers: Mapping[str, str]) -> str:
        """
        @param headers: those of the request, names in lower case.
        @return: where the connection comes from.
        """
        peer = getattr(self.transport.getPeer(), "host", "unix")
        return self.factory.reception.proxies.visitor(peer, headers)

    def open_inbox(self) -> None:
        """Take commands from now on."""
        self._inbox = Inbox(
            self.serve,
            self.factory.reception.broker.limits.inbox_messages,
            self.transport.pauseProducing,
            self.transport.resumeProducing,
        )

    def open_session(self, visitor: Visitor, form: WebSocketForm) -> Session:
        """@return: a session on this connection, which is counted but has not been welcomed."""
        reception = self.factory.reception
        session = self._session = Session(visitor, form, self, reception.broker, reception.server)
        self._outlet = Outlet(self.transport, session)
        reception.opened(session)
        return session

    def write_now(self, event: Event, form: WebSocketForm) -> None:
        """Tell the client something without a session."""
        self.transport.write(event.encoded(form))

    def finish(self) -> None:
        """Write what waits, and nothing any more; whoever does not take it is cut off."""
        if self._outlet is not None:
            self._outlet.finish()
        if self._linger is None:
            wheel = self.factory.reception.wheel
            self._linger = wheel.call_later(LINGER_SECONDS, self.transport.abortConnection)

    def complain(self, reason: str) -> None:
        """Log what the peer did wrong."""
        self._log.warn("{peer} broke the WebSocket protocol: {reason}", peer=self.peer, reason=reason)

    # Called by Autobahn -----------------------------------------------------------------------------------

    def processHandshake(self) -> None:
        """More of the request is here; the doorway waits for all of its head."""
        self.data = deflate.sifted(self.data)
        super().processHandshake()

    def onOpen(self) -> None:
        """The handshake is done: what is compressed is read in our own way."""
        if self.is_compressed:
            self._perMessageCompress = Inflater()  # type: ignore[assignment]

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message is here."""
        if self._session is not None:
            if self._session.is_over:
                return
            self.factory.reception.heard(self._session)
        try:
            if isBinary:
                raise PeerError("a binary message, only text is understood")
            self.understand(payload.decode())
        except PeerError as error:
            self.complain(str(error))
            if self._session is not None:
                self._session.lose(Goodbye.PROTOCOL)
            else:
                self.end(Goodbye.PROTOCOL)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone."""
        if self._linger is not None:
            self._linger.cancel()
        if self.failedByMe:
            said: bytes | None = self.localCloseReason
            self.complain(said.decode() if said else str(self.wasNotCleanReason))
        if self._session is not None:
            self.factory.reception.closed(self._session)
            self._inbox.close()
        if self._outlet is not None:
            self._outlet.stopProducing()

    # Called by the session --------------------------------------------------------------------------------

    def ready(self) -> None:
        """See L{comet.outbox.Wire.ready}."""
        if self._outlet is not None:
            self._outlet.ready()

    def lose(self, goodbye: Goodbye) -> None:
        """See L{comet.outbox.Wire.lose}."""
        self.end(goodbye)

    def drained(self) -> Awaitable[None]:
        """See L{comet.outbox.Wire.drained}."""
        assert self._outlet is not None
        return self._outlet.drained()


class SocketFactory(WebSocketServerFactory):
    """Makes connections of one protocol."""

    log = Quiet()

    def __init__(self, reception: Reception, clock: IReactorTime, **options: Any) -> None:
        """@param options: what Autobahn is told besides our own settings."""
        super().__init__(reactor=clock)
        self.reception = reception
        # Autobahn's own would run on the global reactor.
        self._batched_timer = reception.wheel
        # Autobahn puts it into its header.
        self.server = SERVER
        limits = reception.broker.limits
        longest = limits.message + COMMAND_OVERHEAD
        self.setProtocolOptions(
            maxFramePayloadSize=longest,
            maxMessagePayloadSize=longest,
            openHandshakeTimeout=limits.login_seconds,
            autoPingInterval=reception.ping_seconds,
            autoPingTimeout=reception.ping_seconds,
            serveFlashSocketPolicy=False,
            webStatus=False,
            # Pages in files and sandboxes have this one; whose pages may connect is for us to say.
            allowNullOrigin=True,
            **options,
        )
        if reception.compress:
            self.setProtocolOptions(perMessageCompressionAccept=deflate.accept)
