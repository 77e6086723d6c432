"""A bus in memory that carries one frame after the other, when it is told to, and loses those on the way."""

from __future__ import annotations

from collections import deque

from comet.cluster.bus import Bus


class Exchange:
    """Where the buses of all nodes meet."""

    def __init__(self):
        self.buses = []
        self.slots = {}
        self.waiting = deque()

    def bus(self):
        """@return: a bus that joins here once it is started."""
        return MemoryBus(self)

    def step(self):
        """Carry one frame. @return: whether there was one."""
        if not self.waiting:
            return False
        frame, to = self.waiting.popleft()
        for bus in list(self.buses):
            if bus.is_up and to in (None, bus.slot):
                bus.receiver.received(frame)
        return True

    def lose(self, reason="the cable is out"):
        """Everybody loses the bus, and what was on its way is gone."""
        self.waiting.clear()
        for bus in list(self.buses):
            bus.lose(reason)

    def connect(self):
        """Everybody has the bus again."""
        for bus in list(self.buses):
            bus.connect()


class MemoryBus(Bus):
    """See L{Exchange}."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.problem = "not started"
        self.is_up = False
        #: What is not let up before L{connect} is called by hand.
        self.held = False

    def start(self, node, receiver):
        self.node, self.receiver = node, receiver
        self.slot = self.exchange.slots.setdefault(node, len(self.exchange.slots))
        self.exchange.buses.append(self)
        if not self.held:
            self.connect()

    def connect(self):
        if not self.is_up:
            self.is_up, self.problem = True, ""
            self.receiver.up(self.slot)

    def lose(self, reason="the cable is out"):
        if self.is_up:
            self.is_up, self.problem = False, reason
            self.receiver.down(reason)

    def send(self, frame, to=None):
        assert self.is_up
        self.exchange.waiting.append((frame, to))

    async def stop(self):
        # What was sent goes out.
        while self.exchange.step():
            pass
        self.is_up = False
        if self in self.exchange.buses:
            self.exchange.buses.remove(self)
