"""The bus in memory, and what it is for: tests in which one thing happens at a time."""

from functools import partial

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.cluster.contract import BusContract, Node
from tests.cluster.memorybus import MemoryBroker


class MemoryBusTests(BusContract, TestCase):
    """The bus in memory keeps the promises of a bus."""

    def setUp(self):
        self.broker = MemoryBroker(partial(reactor.callLater, 0), self.buffer)

    def make_bus(self):
        return self.broker.bus()

    def cut(self, bus):
        self.broker.cut(bus)
        self.broker.mend(bus)


class PumpTests(SynchronousTestCase):
    """Tests decide when something happens."""

    def test_pump(self):
        """Nothing happens but by pumping, as many things as are asked for."""
        broker = MemoryBroker()
        a, b = (Node(broker.bus(), name).start() for name in "ab")
        self.assertEqual(a.story, [])
        broker.pump()
        a.bus.send(b"1")
        b.bus.send(b"2")
        self.assertEqual(a.heard, [])
        self.assertEqual(broker.pump(1), 1)
        self.assertEqual((a.heard, b.heard), ([b"1"], [b"1"]))
        self.assertEqual(broker.pump(), 1)
        self.assertEqual((a.heard, b.heard), ([b"1", b"2"], [b"1", b"2"]))

    def test_cut_until_mended(self):
        """A bus that is cut stays down until it is mended, and hears nothing of the time between."""
        broker = MemoryBroker()
        a, b = (Node(broker.bus(), name).start() for name in "ab")
        broker.pump()
        a.bus.send(b"1")
        broker.cut(a.bus)
        b.bus.send(b"2")
        broker.pump()
        self.assertEqual((a.story, a.heard, b.heard), (["up", "down"], [], [b"1", b"2"]))
        broker.mend(a.bus)
        broker.pump()
        self.assertEqual((a.story, a.heard), (["up", "down", "up"], []))
