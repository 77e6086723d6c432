"""Tests for the cable of the tests, over real sockets."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.cable import Cable


class Echo(Protocol):
    """Says what it hears."""

    def dataReceived(self, data):
        self.transport.write(data)


class Caller(Protocol):
    """Keeps what it hears."""

    def __init__(self):
        self.heard, self.gone = b"", Deferred()

    def dataReceived(self, data):
        self.heard += data

    def connectionLost(self, reason):
        self.gone.callback(reason.value)


class CableTests(TestCase):
    """A cable to an echo."""

    timeout = 20

    async def setUp(self):
        echo = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(Factory.forProtocol(Echo))
        self.addCleanup(echo.stopListening)
        self.cable = await Cable(echo.getHost().port).start()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.cable.stop()))

    async def call(self):
        """@return: a connection through the cable."""
        caller = await TCP4ClientEndpoint(reactor, "127.0.0.1", self.cable.port).connect(
            Factory.forProtocol(Caller)
        )
        self.addCleanup(caller.transport.abortConnection)
        return caller

    async def hears(self, caller, data):
        while len(caller.heard) < len(data):
            await deferLater(reactor, 0.01)
        self.assertEqual(caller.heard, data)

    async def test_it_carries(self):
        """What is sent arrives, and the end of one side is that of the other."""
        caller = await self.call()
        caller.transport.write(b"x" * 300_000)
        await self.hears(caller, b"x" * 300_000)
        caller.transport.loseConnection()
        await caller.gone
        while self.cable.ends:
            await deferLater(reactor, 0.01)

    async def test_cut(self):
        """Connections are reset, new ones too, until it is mended."""
        caller = await self.call()
        self.cable.cut()
        self.assertIsInstance(await caller.gone, ConnectionLost)
        again = await self.call()
        self.assertIsInstance(await again.gone, ConnectionLost)
        self.cable.mend()
        caller = await self.call()
        caller.transport.write(b"x")
        await self.hears(caller, b"x")

    async def test_block(self):
        """Nothing passes, and connections remain, old ones and new; what was held up arrives afterwards."""
        old = await self.call()
        old.transport.write(b"1")
        await self.hears(old, b"1")
        self.cable.block()
        new = await self.call()
        for caller in (old, new):
            caller.transport.write(b"2")
        await deferLater(reactor, 0.3)
        self.assertEqual((old.heard, new.heard), (b"1", b""))
        self.assertFalse(old.gone.called or new.gone.called)
        self.cable.mend()
        await self.hears(old, b"12")
        await self.hears(new, b"2")

    async def test_slow(self):
        """Everything comes later, in order."""
        caller = await self.call()
        self.cable.slow(0.2)
        begun = reactor.seconds()
        for number in range(5):
            caller.transport.write(b"%d" % number)
            await deferLater(reactor, 0.001)
        await self.hears(caller, b"01234")
        self.assertGreater(reactor.seconds() - begun, 0.4)
