"""WebSockets of clients that speak JSON: the first command says who it is, or the query of the address."""

from __future__ import annotations

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.interfaces import IReactorTime

from comet.errors import CometError, NotAllowed, OriginRefused, PeerError, Refused
from comet.model import Answer, Command, Event, Farewell, Goodbye, Hello, Refusal, Request, Unreadable
from comet.protocols.deflate import DeflatedForm
from comet.protocols.dialects.jsonlines import COMMANDS_LIMIT
from comet.protocols.frames import WebSocketForm
from comet.protocols.query import query_hello
from comet.protocols.reception import Reception
from comet.protocols.sockets import SocketFactory, SocketProtocol

#: Of a close reason so many bytes are sent (RFC 6455, 5.5).
REASON_LIMIT = 123


class JsonProtocol(SocketProtocol):
    """One connection of such a client."""

    factory: JsonFactory
    _headers: dict[str, str]
    _query: str = ""
    _address: str = ""

    # Called by Autobahn -----------------------------------------------------------------------------------

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """The request is here. @return: the subprotocol: none, for the path says it all."""
        if not self.factory.reception.admits(request.headers.get("origin", "")):
            raise ConnectionDeny(ConnectionDeny.FORBIDDEN, Goodbye.ORIGIN.reason)
        self._headers = dict(request.headers)
        self._address = self.visitor_address(self._headers)
        self._query = self.http_request_uri.partition("?")[2]
        return None

    def onOpen(self) -> None:
        """The handshake is done: who is it?"""
        super().onOpen()
        reception = self.factory.reception
        self.open_inbox()
        reception.wheel.call_later(reception.broker.limits.login_seconds, self._too_late)
        if self._query:
            try:
                hello: Command = query_hello(self._query)
            except Refused as error:
                hello = Unreadable(Hello, error)
            self._inbox.put(hello)

    def _too_late(self) -> None:
        if self._session is None and self._linger is None:
            self._farewell(Goodbye.IDLE)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message is here; a binary one is nothing that is understood (RFC 6455, 7.4.1)."""
        if isBinary and self._linger is None:
            self._fail_connection(self.CLOSE_STATUS_CODE_UNSUPPORTED_DATA, "only text is understood")
        elif not isBinary:
            super().onMessage(payload, isBinary)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Autobahn closes: what waits goes before, and nothing behind (5.5.1)."""
        self.finish()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def dropConnection(self, abort: bool = False) -> None:
        """Autobahn drops: if both sides have closed, not before the Close frame is out."""
        super().dropConnection(abort=abort and not self.wasClean)

    # Called by what this is based on ----------------------------------------------------------------------

    @property
    def _form(self) -> WebSocketForm:
        return self.factory.deflated if self.is_compressed else self.factory.form

    def understand(self, text: str) -> None:
        """See L{SocketProtocol.understand}."""
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > COMMANDS_LIMIT:
            raise PeerError(f"{len(lines)} commands in one message, at most {COMMANDS_LIMIT}")
        for line in lines or [text]:
            self._inbox.put(self.factory.form.dialect.decode(line))

    async def serve(self, command: Command | None) -> None:
        """Carry out a command; the first that counts is a hello."""
        assert command is not None
        request, inner = (command.id, command.command) if isinstance(command, Request) else (None, command)
        if self._session is not None:
            if isinstance(inner, Hello):
                command = Unreadable(Hello, NotAllowed("hello was said already: connect anew to be another"))
                command = command if request is None else Request(request, command)
            await self._session.receive(command)
            return
        # What was on its way when the connection was closed opens nothing, and is not answered.
        if self._linger is not None:
            return
        try:
            if not isinstance(inner, Hello):
                raise inner.error if isinstance(inner, Unreadable) else NotAllowed("say hello first")
            visitor = self.factory.reception.visitor(inner, self._address, self._headers)
        except OriginRefused:
            self._farewell(Goodbye.ORIGIN)
        except Refused as error:
            self._refuse(error, request)
        else:
            await self.open_session(visitor, self._form).start(inner, request)

    def _refuse(self, error: CometError, request: int | str | None) -> None:
        event: Event = Refusal(error, self.factory.reception.broker.now(), Hello)
        self.write_now(event if request is None else Answer(request, event), self.factory.form)

    def end(self, goodbye: Goodbye) -> None:
        """See L{SocketProtocol.end}; the session, if there is one, has said goodbye in its own words."""
        if self._session is None:
            self._farewell(goodbye)
        else:
            self._close(goodbye)

    def _farewell(self, goodbye: Goodbye) -> None:
        self.write_now(Farewell(goodbye, self.factory.reception.broker.now()), self.factory.form)
        self._close(goodbye)

    def _close(self, goodbye: Goodbye) -> None:
        self.finish()
        self.sendClose(goodbye.code, goodbye.reason[:REASON_LIMIT])


class JsonFactory(SocketFactory):
    """Makes the connections of such clients."""

    protocol: type[JsonProtocol] = JsonProtocol  # type: ignore[assignment]

    def __init__(self, reception: Reception, clock: IReactorTime) -> None:
        super().__init__(reception, clock, failByDrop=False)
        self.form = WebSocketForm(reception.json)
        self.deflated = DeflatedForm(reception.json)
