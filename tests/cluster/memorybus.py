"""A bus in memory, for tests with several nodes in one process."""

from __future__ import annotations

from collections import deque

from comet.cluster.bus import SLOT_LIMIT, Bus


class MemoryBroker:
    """
    What the buses of a test are attached to.

    All that happens (a node comes up, a frame is received) stands in one queue, so there is one order for
    all, and nothing happens within C{start} or C{send}. The queue moves with L{pump}, or by itself if
    C{later} is given: a function that calls another one soon, such as C{partial(clock.callLater, 0)}.
    """

    def __init__(self, later=None, buffer=16 << 20):
        """@param buffer: how many bytes of one node may wait; with more, it loses its connection."""
        self.buffer = buffer
        self._later = later
        self._jobs = deque()
        self._running = False
        self._slots = {}
        self._buses = []

    def bus(self):
        """@return: a new bus."""
        bus = MemoryBus(self)
        self._buses.append(bus)
        return bus

    def pump(self, most=None):
        """
        Let happen what waits, and what that leads to.

        @param most: how many things may happen.
        @return: how many did.
        """
        count = 0
        while self._jobs and count != most:
            job, *arguments = self._jobs.popleft()
            job(*arguments)
            count += 1
        return count

    def cut(self, *buses, reason="cut by the test"):
        """Lose the connections of C{buses}, until they are mended. What they sent is still on its way."""
        for bus in buses:
            bus.lose(reason)

    def mend(self, *buses):
        """Let C{buses} connect again."""
        for bus in buses:
            self.enqueue(bus.connect)

    def slot(self, node):
        """@return: the slot of the node of that name."""
        return self._slots.setdefault(node, len(self._slots) % SLOT_LIMIT)

    def carry(self, sender, frame, to):
        """Queue a frame for who is up now."""
        links = [bus.link for bus in self._buses if bus.link and to in (None, bus.link.slot)]
        self.enqueue(self._deliver, sender, frame, links)

    def enqueue(self, *job):
        """Let something happen after all that waits already."""
        self._jobs.append(job)
        if self._later is not None and not self._running:
            self._running = True
            self._later(self._run)

    def _run(self):
        self._running = False
        # What is sent meanwhile has a turn of its own, as on a real bus.
        self.pump(len(self._jobs))

    def _deliver(self, sender, frame, links):
        sender.waiting -= len(frame)
        for link in links:
            link.deliver(frame)


class _Link:
    """One connection of a bus, from up to down."""

    def __init__(self, bus, slot):
        self.bus, self.slot, self.waiting = bus, slot, 0

    def deliver(self, frame):
        if self.bus.link is self:
            self.bus.receiver.received(frame)


class MemoryBus(Bus):
    """
    A bus whose frames never leave this process.

    @ivar link: the connection, C{None} while down.
    """

    def __init__(self, broker):
        self._broker = broker
        self.problem = "not connected yet"
        self.link = self.receiver = self.node = None

    def start(self, node, receiver):
        self.node, self.receiver = node, receiver
        self._broker.mend(self)

    def connect(self):
        """Come up, unless stopped or up."""
        if self.receiver is not None and self.link is None:
            self.problem = ""
            self.link = _Link(self, self._broker.slot(self.node))
            self.receiver.up(self.link.slot)

    def lose(self, reason):
        """Go down."""
        if self.link is not None:
            self.link, self.problem = None, reason
            self.receiver.down(reason)

    def send(self, frame, to=None):
        if self.link is None:
            return
        if self.link.waiting and self.link.waiting + len(frame) > self._broker.buffer:
            self.lose("more waits to be sent than is allowed")
            self._broker.mend(self)
            return
        self.link.waiting += len(frame)
        self._broker.carry(self.link, frame, to)

    async def stop(self):
        self.link = self.receiver = None
        self.problem = "stopped"
