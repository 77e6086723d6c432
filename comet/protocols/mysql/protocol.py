"""A socket of the CometQL port: bytes to and from the L{Conversation}, at the pace of the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IPushProducer,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from zope.interface import implementer

from comet.errors import (
    CometError,
    Killed,
    LoginRefused,
    PeerError,
    Refused,
    ShuttingDown,
    TooManyConnections,
)
from comet.protocols.immediate import writer
from comet.protocols.mysql import events
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.conversation import Conversation
from comet.protocols.mysql.events import Event
from comet.protocols.mysql.port import Client, Port
from comet.protocols.mysql.replies import Err
from comet.protocols.starting import start

#: While a statement is being answered, reading pauses when this many bytes wait behind it.
READ_AHEAD = 1 << 16

#: How long a client may take to leave when the server stops, in seconds.
SHUTDOWN_SECONDS = 1.0

_SHUTDOWN = Err.of(ShuttingDown("Server shutdown in progress"))
_KILLED = Err.of(Killed("Query execution was interrupted"))
_INTERNAL = Err.of(CometError("internal error"))


@implementer(IPushProducer)
class MySQLProtocol(protocol.Protocol, TimeoutMixin, Client):
    """
    One client of the CometQL port.

    Statements that need not wait for anything are answered as they come, and what came together is answered
    in one write. All else is served by one coroutine at a time, event by event: the next packet is parsed
    after the last answer has been written, and an answer is written no faster than the client reads it.
    """

    _log = Logger()
    transport: Any
    _write_now: Callable[[bytes], None]
    number = 0

    def __init__(
        self, port: Port, connection: ServerConnection, conversation: Conversation, address: str
    ) -> None:
        """@param address: where the client comes from, for the log."""
        self._port = port
        self._seconds = port.clock.seconds
        #: How long the client may be silent, and since when it is.
        self._silence: float | None = None
        self._heard = 0.0
        self.ended: Deferred[None] = Deferred()
        self._connection = connection
        self._conversation = conversation
        self._address = address
        self._drained: Deferred[None] | None = None
        self._busy = False
        self._prompt = False
        self._reading = True
        self._over = False
        self._gone = False
        #: Whether the statement that runs is the last one.
        self._last = False

    # The life of a connection -----------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """Greet the client, if there is room for it."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
        self._write_now = writer(self.transport)
        self.transport.registerProducer(self, True)
        self.setTimeout(self._port.limits.login_seconds)
        try:
            self._port.admit(self)
        except TooManyConnections as error:
            self._disconnect(error)
        else:
            self._write_late(self._connection.greet())

    def dataReceived(self, data: bytes) -> None:
        """Serve what has come in whole; read no further while much waits behind a statement."""
        if self._over:
            return
        self._port.counters.received += len(data)
        self._connection.receive(data)
        self._stirred()
        if not self._busy:
            turn = self._port.turn
            turn.hold(self.number)
            try:
                self._serve()
            except Exception:
                self._give_up(Failure())
            finally:
                # Who asked has been answered by now, and goes on while the others are told.
                turn.release()
        if self._busy and self._reading and self._connection.waiting > READ_AHEAD:
            self._reading = False
            self.transport.pauseProducing()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """Leave everything; a statement that is being run may end first."""
        self.setTimeout(None)
        self._gone = True
        self._cease()
        self._port.dismiss(self)
        if not self._busy:
            self._end()

    def _end(self) -> None:
        self._conversation.close()
        self.ended.callback(None)

    def wind_up(self) -> None:
        """See L{Client.wind_up}; a client that has said more than that is told why there is no answer."""
        self._last = True
        if not self._busy:
            self.shut_down()

    def shut_down(self) -> None:
        """Close the connection; a client that waits for an answer is told why there is none."""
        self._leave(_SHUTDOWN if self._busy else None)
        # Over TLS the end is a dialogue, and an idle client takes no part in it.
        self.setTimeout(SHUTDOWN_SECONDS)

    def kill(self) -> None:
        """See L{Client.kill}; a client that waits for an answer is told why there is none."""
        self._leave(_KILLED if self._busy else None)
        self.setTimeout(SHUTDOWN_SECONDS)

    def _disconnect(self, error: PeerError) -> None:
        self._log.info("{peer} is disconnected: {error}", peer=self._address, error=error)
        self._port.counters.denied += isinstance(error, LoginRefused)
        self._leave(Err.of(error))

    def _give_up(self, failure: Failure) -> None:
        self._log.failure("serving {peer} failed", failure=failure, peer=self._address)
        self._leave(_INTERNAL)

    def _leave(self, farewell: Err | None = None) -> None:
        if self._over:
            return
        if farewell is not None:
            self._write_late(self._connection.send(farewell))
        self._cease()
        # Twisted waits for its producer before it closes, and we may be a paused one.
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        # A client that does not read what is on its way to it is not waited for.
        self.setTimeout(self._port.limits.login_seconds)

    def _cease(self) -> None:
        """Neither take nor give any more."""
        self._over = True
        self._connection.close()
        self.resumeProducing()

    # Timeouts ---------------------------------------------------------------------------------------------

    def callLater(self, period: float, func: Callable[[], object]) -> IDelayedCall:
        """@return: a call of C{func} in C{period} seconds of the port's clock."""
        return self._port.clock.callLater(period, func)

    def setTimeout(self, period: float | None) -> None:
        """Let the client be silent for C{period} seconds from now on; C{None} for ever."""
        self._silence, self._heard = period, self._seconds()
        super().setTimeout(period)

    def _logged_in(self) -> bool:
        return self._conversation.session is not None

    def _stirred(self) -> None:
        """The client is alive. Before the login that buys it no time."""
        # The timer is left alone: it costs more than to look again when it has run out.
        if self._conversation.session is not None:
            self._heard = self._seconds()

    def _allow_silence(self) -> None:
        """Let a client that has logged in be silent as long as the port allows, or as it has asked for."""
        session = self._conversation.session
        if session is not None and not self._over:
            seconds = session.wait_timeout or self._port.wait_timeout
            if seconds != self._silence:
                self.setTimeout(seconds)

    def timeoutConnection(self) -> None:
        """The client has been silent for too long; if it waits for our answer, that is no fault of its."""
        left = 0.0 if self._silence is None else self._heard + self._silence - self._seconds()
        if left > 0:
            super().setTimeout(left)
        elif self._logged_in() and self._busy and self._drained is None and not self._over:
            self.setTimeout(self._port.wait_timeout)
        else:
            self.transport.abortConnection()

    # Back-pressure ----------------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        """The client reads more slowly than we write: wait with the next piece."""
        if self._drained is None and not self._over:
            self._drained = Deferred()

    def resumeProducing(self) -> None:
        """The client has caught up."""
        drained, self._drained = self._drained, None
        if drained is not None:
            if not self._over:
                self._stirred()
            drained.callback(None)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._cease()

    async def _write(self, data: bytes) -> None:
        """Write, and return when there is room for more."""
        if not self._over:
            # The first piece of what was asked for goes out at once. The rest takes its turn with the other
            # clients: one that reads as fast as we write must not have the server for itself.
            if self._prompt:
                self._port.counters.sent += len(data)
                self._write_now(data)
            else:
                self._write_late(data)
            self._prompt = False
        if self._drained is not None:
            await self._drained

    def _write_late(self, data: bytes) -> None:
        """Write when it is this connection's turn."""
        self._port.counters.sent += len(data)
        self.transport.write(data)

    # Serving ----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Answer every packet that has come in whole: what needs no waiting in one write, then the rest."""
        self._prompt = True
        answers, pending = self._answer_at_once()
        if answers and not self._over:
            data = answers[0] if len(answers) == 1 else b"".join(answers)
            counters = self._port.counters
            counters.commands += len(answers)
            counters.sent += len(data)
            self._prompt = False
            self._write_now(data)
        if pending is not None or self._connection.waiting:
            self._busy = True
            start(self._serve_rest(pending), self._give_up)

    def _answer_at_once(self) -> tuple[list[bytes], Awaitable[Iterable[bytes]] | None]:
        """
        @return: the answers to the first packets, and what gives or refuses that to the one behind them, if
            there is one that takes more.
        """
        connection, conversation = self._connection, self._conversation
        answers: list[bytes] = []
        if self._drained is not None:
            return answers, None
        while (payload := connection.statement()) is not None:
            try:
                answer = conversation.at_once(payload)
            except Exception as error:
                return answers, _raised(error)
            if not isinstance(answer, bytes):
                return answers, answer
            answers.append(answer)
        return answers, None

    async def _serve_rest(self, pending: Awaitable[Iterable[bytes]] | None) -> None:
        try:
            if pending is not None:
                await self._answer(self._finish(pending))
            for event in self._connection.events():
                if self._last:
                    self._leave(_SHUTDOWN)
                    break
                await self._answer(self._carry_out(event))
            if self._last:
                self._leave()
                self.setTimeout(SHUTDOWN_SECONDS)
        except PeerError as error:
            self._disconnect(error)
        finally:
            self._busy = False
        if self._gone:
            self._end()
        elif not self._reading and not self._over:
            self._reading = True
            self.transport.resumeProducing()

    async def _answer(self, work: Awaitable[None]) -> None:
        """Answer by C{work}; a statement that fails, fails alone, but a login that fails is the end."""
        try:
            await work
        except PeerError:
            raise
        except Refused as error:
            await self._refuse(Err.of(error))
        except Exception:
            self._log.failure("a statement of {peer} failed", peer=self._address)
            await self._refuse(_INTERNAL)

    async def _refuse(self, error: Err) -> None:
        if self._logged_in():
            for piece in self._conversation.send(error):
                await self._write(piece)
        else:
            self._leave(error)

    async def _carry_out(self, event: Event) -> None:
        match event:
            case events.TLSRequested():
                return self._start_tls()
            case events.QuitReceived():
                return self._leave()
        await self._finish(self._conversation.answer(event))

    async def _finish(self, answer: Awaitable[Iterable[bytes]]) -> None:
        before = self._logged_in()
        pieces = await answer
        if before:
            self._port.counters.commands += 1
        self._allow_silence()
        await self._write_all(pieces)
        while self._conversation.unfinished and not self._over:
            await self._write_all(await self._conversation.go_on())

    async def _write_all(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            await self._write(piece)
            if self._over:
                return

    def _start_tls(self) -> None:
        glued = self._connection.start_tls()
        self.transport.startTLS(self._port.tls)
        self._conversation.encryption = self._encryption
        if glued:
            # Sent before anybody could have answered: it is the beginning of TLS or it is nothing.
            self.transport.protocol.dataReceived(glued)

    def _encryption(self) -> tuple[str, str]:
        handle = self.transport.protocol.getHandle()
        return handle.get_cipher_name() or "", handle.get_protocol_version_name()


async def _raised(error: Exception) -> Iterable[bytes]:
    raise error
