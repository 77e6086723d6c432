"""Tests for L{comet.protocols.immediate}."""

from errno import EPIPE, EWOULDBLOCK

from hypothesis import given
from hypothesis.strategies import binary, booleans, integers, lists, tuples
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.immediate import ImmediateWriter


class Socket:
    """A socket that takes as many bytes as it has room for."""

    def __init__(self, room):
        self.room, self.taken, self.error, self.calls = room, b"", None, 0

    def setblocking(self, flag):
        pass

    def fileno(self):
        return 3

    def send(self, data):
        self.calls += 1
        if self.error is not None:
            raise OSError(self.error, "the network")
        if self.room == 0:
            raise OSError(EWOULDBLOCK, "full")
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class Reactor:
    """Counts how often a transport asks to be called back."""

    def __init__(self):
        self.asked = 0

    def addWriter(self, transport):
        self.asked += 1

    def removeWriter(self, transport):
        pass


class Producer:
    """Remembers whether it is to wait."""

    paused = False

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False


class ImmediateWriterTests(SynchronousTestCase):
    """What reaches the socket, and by which way."""

    def setUp(self):
        self.connect(1 << 30)

    def connect(self, room):
        self.socket, self.reactor = Socket(room), Reactor()
        self.transport = Connection(self.socket, None, self.reactor)
        self.transport.connected = 1
        self.writer = ImmediateWriter(self.transport)

    def test_at_once(self):
        """A socket with room gets all there is, and the reactor is not asked for anything."""
        self.writer.write(b"one")
        self.writer.write(b"two")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"onetwo", 0))

    def test_part(self):
        """What a socket does not take, leaves when the reactor says that there is room."""
        self.connect(1)
        self.writer.write(b"one")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"o", 1))
        self.socket.room = 9
        self.writer.write(b"two")
        self.assertEqual(self.socket.taken, b"o")
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"onetwo")

    def test_full(self):
        """A socket without room gets everything later."""
        self.connect(0)
        self.writer.write(b"one")
        self.socket.room = 9
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"one")
        self.writer.write(b"two")
        self.assertEqual((self.socket.taken, self.reactor.asked), (b"onetwo", 1))

    def test_lost(self):
        """A lost connection is told to the reactor by the transport, and not by an exception here."""
        self.socket.error = EPIPE
        self.writer.write(b"one")
        self.assertEqual(self.reactor.asked, 1)
        self.assertIs(self.transport.doWrite(), CONNECTION_LOST)

    def test_gone(self):
        """A connection that is gone is not written to; nor is one that is going away, out of turn."""
        self.transport.connected = 0
        self.writer.write(b"one")
        self.transport.connected, self.transport.disconnecting = 1, 1
        self.writer.write(b"two")
        self.assertEqual((self.socket.calls, self.reactor.asked), (0, 1))

    def test_encrypted(self):
        """The socket below TLS is never written to, be the TLS in the transport or around it."""
        wrapper = ProtocolWrapper(None, None)
        wrapper.transport, written = self.transport, []
        wrapper.write = written.append
        ImmediateWriter(wrapper).write(b"around")
        self.transport.TLS, self.transport.write = True, written.append
        self.writer.write(b"in")
        self.assertEqual((written, self.socket.calls), ([b"around", b"in"], 0))

    def test_long(self):
        """What is more than one sending is left to the transport, which pauses its producer."""
        producer = Producer()
        self.transport.registerProducer(producer, True)
        self.writer.write(bytes(200_000))
        self.assertEqual((self.socket.calls, producer.paused), (0, True))

    def test_other_transports(self):
        """A transport without a socket is written to as ever."""
        transport = StringTransport()
        ImmediateWriter(transport).write(b"one")
        self.assertEqual(transport.value(), b"one")

    @given(lists(tuples(binary(max_size=9), booleans(), integers(0, 5), booleans())))
    def test_order(self, steps):
        """However much the socket takes, and whoever else writes, all arrives once, and in order."""
        self.connect(0)
        for data, immediate, room, turn in steps:
            self.socket.room += room
            (self.writer if immediate else self.transport).write(data)
            if turn:
                self.transport.doWrite()
        self.socket.room = 1 << 20
        self.transport.doWrite()
        self.transport.doWrite()
        self.assertEqual(self.socket.taken, b"".join(step[0] for step in steps))
