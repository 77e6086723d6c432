"""Tests for L{comet.cluster.localbus} and the links that it uses."""

import socket

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from comet.cluster.bus import FRAME_LIMIT
from comet.cluster.link import Link, opened, packed
from comet.cluster.localbus import LocalBus, Relay
from tests.cluster.contract import BusContract
from tests.running import finish


class Pipe(StringTransport):
    """A transport that tells its protocol when it is cut."""

    def abortConnection(self):
        super().abortConnection()
        self.protocol.connectionLost()


def make_link(clock, **bounds):
    """@return: a link with a transport in memory."""
    link = Link(clock, **bounds)
    transport = Pipe()
    transport.protocol = link
    link.makeConnection(transport)
    return link


class Ear:
    """A receiver that writes down what it hears."""

    def __init__(self):
        self.heard = []

    def up(self, slot):
        self.heard.append(("up", slot))

    def down(self, reason):
        self.heard.append(("down", reason))

    def received(self, frame):
        self.heard.append(frame)


class LocalBusTests(SynchronousTestCase):
    """A parent with workers."""

    def setUp(self):
        self.clock, self.relay, self.workers = Clock(), Relay(), {}

    def worker(self, slot, **bounds):
        """@return: bus and receiver of a new worker."""
        inner, outer = make_link(self.clock), make_link(self.clock, **bounds)
        bus, ear = LocalBus(inner), Ear()
        inner.heard, inner.lost = bus.heard, bus.lost
        outer.heard = lambda string: self.relay.heard(slot, outer, *opened(string))
        outer.lost = lambda reason: self.relay.forget(outer)
        self.workers[slot] = inner, outer
        return bus, ear

    def carry(self):
        """Carry what was written, worker by worker, until nothing is left."""
        moved = True
        while moved:
            moved = False
            for inner, outer in self.workers.values():
                for near, far in ((inner, outer), (outer, inner)):
                    data = near.transport.value()
                    near.transport.clear()
                    if data:
                        moved = True
                        far.dataReceived(data)

    def test_all_hear_all_in_one_order(self):
        """The sender, too."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2)
        a.start("node.1", hears_a)
        b.start("node.2", hears_b)
        self.carry()
        for n in range(3):
            a.send(b"a%d" % n)
            b.send(b"b%d" % n)
        self.carry()
        self.assertEqual(hears_a.heard[0], ("up", 1))
        self.assertEqual(hears_b.heard[0], ("up", 2))
        self.assertEqual(hears_a.heard[1:], hears_b.heard[1:])
        self.assertEqual(sorted(hears_a.heard[1:]), [b"a0", b"a1", b"a2", b"b0", b"b1", b"b2"])

    def test_to_one(self):
        """A frame for one slot is heard there alone, in its place; one for nobody is gone."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2)
        a.start("node.1", hears_a)
        b.start("node.2", hears_b)
        self.carry()
        a.send(b"first")
        a.send(b"for 2", 2)
        a.send(b"for 7", 7)
        a.send(b"last")
        self.carry()
        self.assertEqual(hears_a.heard[1:], [b"first", b"last"])
        self.assertEqual(hears_b.heard[1:], [b"first", b"for 2", b"last"])

    def test_nothing_before_up(self):
        """A worker that starts hears nothing until it has joined; it has a problem so long."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2)
        a.start("node.1", hears_a)
        self.carry()
        a.send(b"early")
        self.carry()
        self.assertEqual(hears_b.heard, [])
        self.assertTrue(b.problem)
        b.start("node.2", hears_b)
        self.carry()
        self.assertEqual((hears_b.heard, b.problem), ([("up", 2)], ""))

    def test_stop(self):
        """What was sent goes out, and the receiver hears no more."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2)
        a.start("node.1", hears_a)
        b.start("node.2", hears_b)
        self.carry()
        a.send(b"goodbye")
        finish(a.stop())
        self.carry()
        self.assertEqual(hears_a.heard, [("up", 1)])
        self.assertEqual(hears_b.heard[1:], [b"goodbye"])

    def test_a_worker_that_is_gone(self):
        """Is sent nothing; the others go on. It has heard that it is alone."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2)
        a.start("node.1", hears_a)
        b.start("node.2", hears_b)
        self.carry()
        inner, outer = self.workers.pop(2)
        inner.cut("the parent is gone")
        outer.cut("the worker is gone")
        a.send(b"on")
        self.carry()
        self.assertEqual(hears_a.heard[1:], [b"on"])
        [down] = hears_b.heard[1:]
        self.assertEqual(down[0], "down")
        self.assertIn("the parent is gone", b.problem)

    def test_a_worker_that_does_not_read(self):
        """Is cut off when too much waits for it, and the others do not notice."""
        (a, hears_a), (b, hears_b) = self.worker(1), self.worker(2, limit=100)
        a.start("node.1", hears_a)
        b.start("node.2", hears_b)
        self.carry()
        slow = self.workers[2][1]
        slow.pauseProducing()
        for _ in range(5):
            a.send(b"x" * 30)
        self.carry()
        self.assertFalse(slow.is_connected)
        self.assertEqual(len(hears_a.heard), 6)


class LinkTests(SynchronousTestCase):
    """One end."""

    def setUp(self):
        self.clock = Clock()
        self.link = make_link(self.clock, limit=100, patience=30)
        self.reasons = []
        self.link.lost = self.reasons.append

    def test_any_cut(self):
        """The strings are the same however the bytes come."""
        heard = []
        self.link.heard = heard.append
        for byte in packed(b"f", 1, b"one") + packed(b"f", 2, b""):
            self.link.dataReceived(bytes([byte]))
        self.assertEqual(heard, [b"f\x00\x01one", b"f\x00\x02"])

    def test_full_and_empty_again(self):
        """What waits is written in order once there is room."""
        self.link.write(b"1")
        self.link.pauseProducing()
        self.link.write(b"2")
        self.link.write(b"3")
        self.assertEqual(self.link.transport.value(), b"1")
        self.link.resumeProducing()
        self.link.write(b"4")
        self.assertEqual(self.link.transport.value(), b"1234")
        self.clock.advance(31)
        self.assertEqual(self.reasons, [])

    def test_full_again_meanwhile(self):
        """Of what waits, no more is written than there is room for."""
        self.link.pauseProducing()
        for data in (b"1", b"2", b"3"):
            self.link.write(data)
        write = self.link.transport.write

        def fill(data):
            write(data)
            self.link.pauseProducing()

        self.link.transport.write = fill
        self.link.resumeProducing()
        self.assertEqual(self.link.transport.value(), b"1")
        self.link.write(b"4")
        for _ in range(3):
            self.link.resumeProducing()
        self.assertEqual(self.link.transport.value(), b"1234")

    def test_patience(self):
        """Who reads nothing for too long is cut off."""
        self.link.pauseProducing()
        self.clock.advance(29)
        self.assertEqual(self.reasons, [])
        self.clock.advance(1)
        self.assertEqual(self.reasons, ["the other end has read nothing for 30 seconds"])
        self.link.write(b"nothing comes of it")

    def test_close(self):
        """What waits goes out first."""
        self.link.pauseProducing()
        self.link.write(b"1")
        self.link.close()
        self.assertEqual(self.link.transport.value(), b"1")
        self.assertTrue(self.link.transport.disconnecting)

    def test_what_is_no_frame(self):
        """A length that no frame has cuts the link, with the reason."""
        self.link.dataReceived((FRAME_LIMIT + 10).to_bytes(4, "big"))
        self.assertEqual(self.reasons, [f"a frame of {FRAME_LIMIT + 10} bytes has come"])


class LocalContractTests(BusContract, TestCase):
    """What every bus promises, over real sockets; a worker that has lost its parent never comes back."""

    def setUp(self):
        self.relay, self.numbers, self.number = Relay(), {}, 1

    def node(self, name):
        self.number = self.numbers.setdefault(name, len(self.numbers) + 1)
        return super().node(name)

    def make_bus(self):
        """@return: the bus of the worker whose number is next."""
        number, inner, outer, over = self.number, Link(reactor), Link(reactor), Deferred()
        bus = LocalBus(inner)
        inner.heard, inner.lost = bus.heard, bus.lost
        outer.heard = lambda string: self.relay.heard(number, outer, *opened(string))
        outer.lost = lambda reason: (self.relay.forget(outer), over.callback(None))
        for link, end in zip((inner, outer), socket.socketpair(), strict=True):
            end.setblocking(False)
            factory = Factory.forProtocol(lambda link=link: link)
            factory.noisy = False
            reactor.adoptStreamConnection(end.fileno(), end.family, factory)
            end.close()

        def leave():
            inner.close()
            return over

        self.addCleanup(leave)
        return bus
