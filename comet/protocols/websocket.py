"""WebSockets of clients made for CppComet: the path says who connects, and no Close frame is ever sent."""

from __future__ import annotations

from autobahn.websocket.types import ConnectionRequest
from twisted.internet.interfaces import IReactorTime

from comet.model import Command, Farewell, Goodbye
from comet.protocols.deflate import DeflatedForm
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.frames import WebSocketForm
from comet.protocols.reception import Reception
from comet.protocols.sockets import SocketFactory, SocketProtocol
from comet.protocols.visiting import Unwelcome, read_address
from comet.session import Visitor

CURRENT, LEGACY = WebSocketForm(CppComet()), WebSocketForm(CppComet(legacy=True))
#: The same for clients that read what is compressed.
DEFLATED = {form: DeflatedForm(form.dialect) for form in (CURRENT, LEGACY)}


class BrowserProtocol(SocketProtocol):
    """
    One connection of such a client.

    It never gets a Close frame: it comes back only if the connection was dropped.
    """

    _visitor: Visitor
    _form: WebSocketForm = CURRENT
    _unwelcome: Goodbye | None = None

    # Called by Autobahn -----------------------------------------------------------------------------------

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """The request is here: who is it? @return: the subprotocol, if it is one that we name."""
        reception = self.factory.reception
        try:
            address = read_address(self.http_request_uri, reception.dev_index_size)
        except Unwelcome as error:
            self._form, self._unwelcome = LEGACY, error.goodbye
        else:
            self._visitor = address.visitor(self.visitor_address(request.headers), request.headers)
            self._form = LEGACY if address.major_version < 4 else CURRENT
            if not reception.admits(self._visitor.origin, self._visitor.dev_id):
                self._unwelcome = Goodbye.ORIGIN
        return "chat" if "chat" in request.protocols else None

    def onOpen(self) -> None:
        """The handshake is done."""
        super().onOpen()
        if self._unwelcome:
            self.write_now(Farewell(self._unwelcome, self.factory.reception.broker.now()), self._form)
            self.end(self._unwelcome)
            return
        self.open_inbox()
        form = DEFLATED[self._form] if self.is_compressed else self._form
        self.open_session(self._visitor, form)
        self._inbox.put(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message is here; what comes behind a refusal is not looked at."""
        if self._session is not None:
            super().onMessage(payload, isBinary)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Autobahn wants to close: drop the connection instead."""
        self.wasClean = isReply
        self.end(Goodbye.PROTOCOL)

    # Called by what this is based on ----------------------------------------------------------------------

    def understand(self, text: str) -> None:
        """See L{SocketProtocol.understand}."""
        self._inbox.put(self._form.dialect.decode(text))

    async def serve(self, command: Command | None) -> None:
        """Carry out a command; C{None} is the wish to come in."""
        if self._session is not None:
            await (self._session.start() if command is None else self._session.receive(command))

    def end(self, goodbye: Goodbye) -> None:
        """See L{SocketProtocol.end}."""
        self.finish()
        self.transport.loseConnection()


class BrowserFactory(SocketFactory):
    """Makes the connections of such clients."""

    protocol: type[BrowserProtocol] = BrowserProtocol  # type: ignore[assignment]

    def __init__(self, reception: Reception, clock: IReactorTime) -> None:
        super().__init__(reception, clock)
