"""Tests for L{comet.protocols.immediate}."""

import contextlib
import ssl
from datetime import UTC, datetime
from errno import EPIPE
from pathlib import Path

from hypothesis import given, settings
from hypothesis.strategies import binary, booleans, integers, lists, tuples
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet.certificates import self_signed
from comet.protocols.immediate import idleness, sender, writer
from tests.sockets import Socket, Writers


class Producer:
    """Remembers whether it is to wait."""

    paused = False

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False


class WriterTests(SynchronousTestCase):
    """What reaches the socket, and by which way."""

    def setUp(self):
        self.connect(1 << 30)

    def connect(self, room):
        self.socket, self.reactor = Socket(room), Writers()
        self.transport = Connection(self.socket, None, self.reactor)
        self.transport.connected = 1
        self.write = writer(self.transport)

    def test_at_once(self):
        """A socket with room gets all there is, and the reactor is not asked for anything."""
        self.write(b"one")
        self.write(b"two")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"onetwo", 0))

    def test_part(self):
        """What a socket does not take, leaves when the reactor says that there is room."""
        self.connect(1)
        self.write(b"one")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"o", 1))
        self.socket.room = 9
        self.write(b"two")
        self.assertEqual(self.socket.taken, b"o")
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"onetwo")

    def test_full(self):
        """A socket without room gets everything later."""
        self.connect(0)
        self.write(b"one")
        self.socket.room = 9
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"one")
        self.write(b"two")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"onetwo", 1))

    def test_lost(self):
        """A lost connection is told to the reactor by the transport, and not by an exception here."""
        self.socket.error = EPIPE
        self.write(b"one")
        self.assertEqual(self.reactor.asked, 1)
        self.assertIs(self.transport.doWrite(), CONNECTION_LOST)

    def test_going(self):
        """A connection that is going away is not written to out of turn."""
        self.transport.disconnecting = 1
        self.write(b"one")
        self.assertEqual((self.socket.calls, self.reactor.asked), (0, 1))

    def test_gone(self):
        """A connection that is gone takes nothing, without a fuss."""
        self.transport.protocol = Protocol()
        self.transport.connectionLost(Failure(ConnectionDone()))
        self.write(b"one")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"", 0))

    def test_encrypted(self):
        """The socket below TLS is never written to, be the TLS in the transport or around it."""
        wrapper = ProtocolWrapper(None, None)
        wrapper.transport, written = self.transport, []
        wrapper.write = written.append
        writer(wrapper)(b"around")
        self.transport.TLS, self.transport.write = True, written.append
        self.write(b"in")
        self.assertEqual((written, self.socket.calls), ([b"around", b"in"], 0))

    def test_long(self):
        """What the socket does not take is left to the transport, which pauses its producer."""
        self.connect(1000)
        producer = Producer()
        self.transport.registerProducer(producer, True)
        self.write(bytes(200_000))
        self.assertEqual((len(self.socket.taken), producer.paused), (1000, True))

    def test_other_transports(self):
        """A transport without a socket is written to as ever."""
        transport = StringTransport()
        writer(transport)(b"one")
        self.assertEqual(transport.value(), b"one")

    @given(lists(tuples(binary(max_size=9), booleans(), integers(0, 5), booleans())))
    def test_order(self, steps):
        """However much the socket takes, and whoever else writes, all arrives once, and in order."""
        self.connect(0)
        for data, immediate, room, turn in steps:
            self.socket.room += room
            (self.write if immediate else self.transport.write)(data)
            if turn:
                self.transport.doWrite()
        self.socket.room = 1 << 20
        self.transport.doWrite()
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"".join(step[0] for step in steps))


class SenderTests(SynchronousTestCase):
    """Sending without looking, where somebody else knows that nothing is in the way."""

    def test_the_socket_itself(self):
        """It says how much it took; nobody keeps the rest."""
        socket = Socket(2)
        send = sender(Connection(socket, None, Writers()), None)
        self.assertEqual((send(b"one"), socket.taken), (2, b"on"))
        self.assertRaises(OSError, send, b"e")

    def test_other_transports(self):
        """They take everything; the socket below TLS is left alone."""
        transport = StringTransport()
        self.assertEqual((sender(transport, transport.write)(b"one"), transport.value()), (3, b"one"))
        socket, written = Socket(9), []
        encrypted = Connection(socket, None, Writers())
        encrypted.TLS, encrypted.write = True, written.append
        self.assertEqual(
            (sender(encrypted, encrypted.write)(b"one"), written, socket.calls), (3, [b"one"], 0)
        )

    def test_idleness(self):
        """It is over as soon as a transport keeps something, and while one is going away."""
        reactor = Writers()
        is_idle = idleness(reactor)
        transport = Connection(Socket(0), None, reactor)
        transport.connected = 1
        self.assertTrue(is_idle())
        writer(transport)(b"one")
        self.assertFalse(is_idle())
        transport.socket.room = 9
        reactor.write()
        self.assertTrue(is_idle())
        transport.loseConnection()
        self.assertFalse(is_idle())

    def test_a_reactor_that_cannot_tell(self):
        """It is never idle."""
        self.assertFalse(idleness(Clock())())


class TlsTests(SynchronousTestCase):
    """What is encrypted on its way to the socket, read by a client that decrypts it."""

    certificate, key = self_signed("localhost", datetime.now(UTC))

    def setUp(self):
        self.socket, self.reactor, self.clock = Socket(1 << 30), Writers(), Clock()
        folder = Path(self.mktemp())
        folder.mkdir()
        for name, content in (("certificate", self.certificate), ("key", self.key)):
            (folder / name).write_bytes(content)
        pair = DefaultOpenSSLContextFactory(str(folder / "key"), str(folder / "certificate"))
        factory = TLSMemoryBIOFactory(pair, False, Factory.forProtocol(Protocol), self.clock)
        self.tls = factory.buildProtocol(None)
        below = Connection(self.socket, self.tls, self.reactor)
        below.connected = 1
        self.tls.makeConnection(below)
        self.write = writer(self.tls)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self.incoming, self.outgoing)

    def shake_hands(self):
        for _ in range(5):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            if said := self.outgoing.read():
                self.tls.dataReceived(said)
            self.clock.advance(0)
            self.settle()
        self.reactor.asked = 0

    def settle(self):
        """Let everything come to the client."""
        self.socket.room = 1 << 30
        self.clock.advance(0)
        for _ in range(9):
            self.reactor.write()
        self.incoming.write(self.socket.taken)
        self.socket.taken = b""

    def read(self):
        """@return: what the client has got."""
        self.settle()
        got = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while more := self.client.read(1 << 16):
                got += more
        return got

    def test_at_once(self):
        """Nothing is scheduled, and the reactor is not asked for anything."""
        self.shake_hands()
        self.write(b"one")
        self.write(b"two")
        self.assertEqual((self.clock.getDelayedCalls(), self.reactor.asked), ([], 0))
        self.assertEqual(self.read(), b"onetwo")
        self.assertEqual(sender(self.tls, self.write)(b"three"), 5)
        self.assertEqual(self.read(), b"three")

    def test_before_the_handshake(self):
        """What is said too early comes when hands have been shaken."""
        self.write(b"one")
        self.shake_hands()
        self.assertEqual(self.read(), b"one")

    def test_long(self):
        """More than one record is left to the transport."""
        self.shake_hands()
        data = bytes(range(256)) * 300
        self.write(data)
        self.write(b"end")
        self.assertEqual(self.read(), data + b"end")

    def test_gone(self):
        """A connection that is gone takes nothing, without a fuss; nor does one that is closing."""
        self.shake_hands()
        self.tls.loseConnection()
        self.write(b"one")
        self.assertEqual(self.tls.transport.protocol, self.tls)
        self.tls.transport.connectionLost(Failure(ConnectionDone()))
        self.socket.taken = b""
        self.write(b"two")
        self.assertEqual((self.socket.taken, self.clock.getDelayedCalls()), (b"", []))

    @settings(deadline=None, max_examples=50)
    @given(lists(tuples(binary(min_size=1, max_size=9), booleans(), integers(0, 60), booleans())))
    def test_order(self, steps):
        """However much the socket takes, and whoever else writes, all arrives once, and in order."""
        self.setUp()
        self.shake_hands()
        self.socket.room = 0
        for data, immediate, room, turn in steps:
            self.socket.room += room
            (self.write if immediate else self.tls.write)(data)
            if turn:
                self.clock.advance(0)
                self.reactor.write()
        self.assertEqual(self.read(), b"".join(step[0] for step in steps))
