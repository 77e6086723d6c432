"""What every bus promises."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

#: How long anything may take, in seconds: only a failing test waits for it.
PATIENCE = 20.0


class Listener:
    """A receiver that writes down what it hears."""

    def __init__(self):
        self.slot = None
        self.frames, self.reasons, self.slots = [], [], []
        self._waiting = []

    def up(self, slot):
        self.slot = slot
        self.slots.append(slot)
        self._look()

    def down(self, reason):
        self.slot = None
        self.reasons.append(reason)
        self._look()

    def received(self, frame):
        assert self.slot is not None, "a frame while the bus is down"
        self.frames.append(frame)
        self._look()

    def _look(self):
        ready = [each for each in self._waiting if each[0]()]
        self._waiting = [each for each in self._waiting if each not in ready]
        for _, done in ready:
            done.callback(None)

    def until(self, holds):
        """@return: fires once C{holds()} is true, which is looked at whenever something is heard."""
        done = Deferred()
        self._waiting.append((holds, done))
        self._look()
        return done.addTimeout(PATIENCE, reactor)

    async def is_up(self):
        await self.until(lambda: self.slot is not None)
        return self.slot

    async def is_down(self):
        await self.until(lambda: self.slot is None)

    async def hears(self, count):
        await self.until(lambda: len(self.frames) >= count)
        return self.frames


class Joining:
    """Starts buses; mix into a test case and write C{make_bus}."""

    def join(self, node, bus=None):
        """@return: a started bus and its listener."""
        bus, listener = bus or self.make_bus(), Listener()
        bus.start(node, listener)
        self.addCleanup(lambda: Deferred.fromCoroutine(bus.stop()))
        return bus, listener

    async def joined(self, *nodes):
        """@return: buses and listeners, all of them up."""
        pairs = [self.join(node) for node in nodes]
        for _, listener in pairs:
            await listener.is_up()
        return pairs


class BusContract(Joining):
    """What every L{comet.cluster.bus.Bus} promises; mix into a test case and write C{make_bus}."""

    async def test_own_frames_come_back(self):
        """Who sends hears it, too, bytes of all kinds and lengths, in the order in which they were sent."""
        [(bus, listener)] = await self.joined("a")
        sent = [b"", b"\r\n$5\r\n", bytes(range(256)), b"x" * (2 << 20), b"\xff\x00", b"1.50"]
        for frame in sent:
            bus.send(frame)
        self.assertEqual(await listener.hears(len(sent)), sent)
        self.assertEqual(bus.problem, "")

    async def test_one_order_for_all(self):
        """However many send at the same time, all hear all in one and the same order."""
        pairs = await self.joined("a", "b", "c")
        for turn in range(100):
            for bus, listener in pairs:
                bus.send(b"%d %d" % (listener.slot, turn))
            if turn % 7 == 0:
                await deferLater(reactor, 0)
        heard = [await listener.hears(300) for _, listener in pairs]
        self.assertEqual(heard[0], heard[1])
        self.assertEqual(heard[0], heard[2])
        for _, listener in pairs:
            own = [frame for frame in listener.frames if frame.startswith(b"%d " % listener.slot)]
            self.assertEqual(own, [b"%d %d" % (listener.slot, turn) for turn in range(100)])

    async def test_directed(self):
        """A frame for one slot is heard there alone, in its place among those for all."""
        (one, first), (_, second) = await self.joined("a", "b")
        one.send(b"all 1")
        one.send(b"second", second.slot)
        one.send(b"first", first.slot)
        one.send(b"all 2")
        self.assertEqual(await first.hears(3), [b"all 1", b"first", b"all 2"])
        self.assertEqual(await second.hears(3), [b"all 1", b"second", b"all 2"])

    async def test_slots(self):
        """Other names have other slots; the same name has the same slot again."""
        (bus, first), (_, second) = await self.joined("a", "b")
        self.assertNotEqual(first.slot, second.slot)
        slot = first.slot
        await bus.stop()
        [(_, third), (_, again)] = await self.joined("c", "a")
        self.assertEqual(again.slot, slot)
        self.assertNotIn(third.slot, (first.slot, second.slot))

    async def test_stop(self):
        """What was sent before goes out; who has stopped hears nothing, not even that it is down."""
        (one, first), (_, second) = await self.joined("a", "b")
        one.send(b"farewell")
        await one.stop()
        self.assertEqual(await second.hears(1), [b"farewell"])
        self.assertEqual((first.frames, first.reasons), ([], []))
        self.assertNotEqual(one.problem, "")
