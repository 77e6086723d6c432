"""
The bus between the processes of one machine, which needs no server: their parent gives each frame to all.

Each worker has a socket to the parent. What comes from any of them, the parent writes to all in the order in
which it has read it: that is the one order which a bus promises. Who does not read for too long, or lets too
much pile up, is cut off; a worker that has lost its parent has nobody left, and ends.
"""

from __future__ import annotations

from comet.cluster.bus import Bus, Receiver
from comet.cluster.link import Link, opened, packed

#: The kinds of strings. A worker says that it wants to hear, and hears from then on; frames go to one or all.
JOIN, FRAME = b"j", b"f"
#: The destination that stands for all.
ALL = 0xFFFF


class Relay:
    """The parent's end: gives each frame to those whom it is for."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}

    def heard(self, slot: int, link: Link, kind: bytes, to: int, frame: bytes) -> None:
        """The worker in C{slot} has said something of this C{kind} by its C{link}."""
        if kind == JOIN:
            self._links[slot] = link
            link.write(packed(JOIN, slot))
        elif kind == FRAME:
            data = packed(FRAME, to, frame)
            if to == ALL:
                for each in tuple(self._links.values()):
                    each.write(data)
            elif to in self._links:
                self._links[to].write(data)

    def forget(self, link: Link) -> None:
        """A worker is gone."""
        self._links = {slot: each for slot, each in self._links.items() if each is not link}


class LocalBus(Bus):
    """A worker's end."""

    def __init__(self, link: Link) -> None:
        """@param link: the one to the parent."""
        self.problem = "the server is starting"
        self._link = link
        self._receiver: Receiver | None = None
        self._is_up = False

    def start(self, node: str, receiver: Receiver) -> None:
        """See L{Bus.start}."""
        self._receiver = receiver
        if self._link.is_connected:
            self._link.write(packed(JOIN, 0))
        else:
            self.problem = "the process that started this one is gone"

    def send(self, frame: bytes, to: int | None = None) -> None:
        """See L{Bus.send}."""
        if self._is_up:
            self._link.write(packed(FRAME, ALL if to is None else to, frame))

    async def stop(self) -> None:
        """See L{Bus.stop}: the link remains, and writes what was sent."""
        self._receiver, self._is_up, self.problem = None, False, "stopped"

    def heard(self, string: bytes) -> None:
        """The parent has said C{string}."""
        kind, slot, frame = opened(string)
        if self._receiver is None:
            return
        if kind == FRAME and self._is_up:
            self._receiver.received(frame)
        elif kind == JOIN:
            self._is_up, self.problem = True, ""
            self._receiver.up(slot)

    def lost(self, reason: str) -> None:
        """The link is gone."""
        self.problem = f"the process that started this one is not reached: {reason}"
        if self._receiver is not None and self._is_up:
            self._is_up = False
            self._receiver.down(self.problem)
