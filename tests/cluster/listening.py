"""Receivers for tests of single buses."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred

#: How long anything may take, in seconds: only a failing test waits for it.
PATIENCE = 20.0


class Listener:
    """A receiver that writes down what it hears."""

    def __init__(self):
        self.slot = None
        self.frames, self.reasons, self.slots, self.refusals = [], [], [], []
        self._waiting = []

    def up(self, slot):
        self.slot = slot
        self.slots.append(slot)
        self._look()

    def down(self, reason):
        self.slot = None
        self.reasons.append(reason)
        self._look()

    def refused(self, reason):
        self.refusals.append(reason)
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
