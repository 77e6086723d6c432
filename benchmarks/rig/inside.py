"""The parts of a server on a clock of our own, for what is counted rather than timed."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet import tcp
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport

from comet.bench.mysql import Login
from comet.broker import Broker
from comet.cometql.engine import Engine
from comet.limits import Limits
from comet.protocols.immediate import idleness
from comet.protocols.mysql.server import MySQLFactory
from comet.protocols.reception import Reception
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from comet.storage.memory import MemoryStore
from comet.turn import Turn
from rig.joining import cppcomet_request, cppcomet_subscription

_PASSWORD = "bench"


def _spawn(coroutine: Coroutine[Any, Any, None]) -> None:
    Deferred.fromCoroutine(coroutine)


class Inside:
    """
    A server that is called rather than connected to.

    It runs when it is told to, keeps all in memory, and draws no random numbers, so that it takes the same
    steps each time.
    """

    def __init__(self) -> None:
        self._reactor = reactor = MemoryReactorClock()
        limits = Limits()
        turn: Turn[Any] = Turn(lambda write: reactor.callLater(0, write), reactor.seconds, idleness(reactor))
        broker = Broker(MemoryStore(), limits, reactor.seconds, _spawn, password=_PASSWORD, turn=turn)
        _spawn(broker.start())
        reception = Reception(broker, Wheel(reactor), server="comet", ping_seconds=0)
        self._browsers = BrowserFactory(reception, reactor)
        self._backends = MySQLFactory(Engine(broker, _PASSWORD), limits, reactor, random=bytes, turn=turn)
        self._numbers = itertools.count()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        #: What would be closed if it were forgotten.
        self._kept: list[object] = []

    def run(self) -> None:
        """Let everything happen that is due."""
        for _ in range(8):
            self._reactor.advance(0)

    def visit(self, channel: str, transport: Any = None) -> bytes:
        """
        Let a browser shake hands, and listen to a channel.

        @param transport: what it is connected by; without one, nothing but memory.
        @return: what it has got in memory.
        """
        memory: Any = StringTransport()
        protocol: Any = self._browsers.buildProtocol(None)
        protocol.makeConnection(transport or memory)
        protocol.dataReceived(cppcomet_request(1, next(self._numbers)))
        self._run()
        protocol.dataReceived(cppcomet_subscription(channel))
        self._run()
        got: bytes = memory.value()
        return got

    def listen(self, channel: str) -> socket.socket:
        """@return: the other end of a browser on a socket, which can be read without waiting."""
        other = socket.create_connection(self._listener.getsockname())
        near = self._listener.accept()[0]
        near.setblocking(False)
        # It is accepted by nobody.
        port: Any = None
        transport = tcp.Server(near, Protocol(), ("127.0.0.1", 1), port, 0, self._reactor)
        self.visit(channel, transport)
        # There is no reactor that would do it; from now on the socket takes all at once.
        transport.doWrite()
        other.setblocking(False)
        self._kept += [transport, other]
        return other

    def log_in(self) -> Callable[[bytes], bytes]:
        """@return: takes the packet of a MySQL client that has logged in, to its answer."""
        protocol, transport = self._backends.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)

        def ask(packet: bytes) -> bytes:
            transport.clear()
            protocol.dataReceived(packet)
            self._run()
            answer: bytes = transport.value()
            return answer

        answer = Login("root", _PASSWORD).answer(transport.value()[4:], 0)
        assert answer is not None
        ask(answer)
        return ask

    def _run(self) -> None:
        """Let everything happen that is due; what happens may make more due."""
        while any(call.getTime() <= self._reactor.seconds() for call in self._reactor.getDelayedCalls()):
            self._reactor.advance(0)
