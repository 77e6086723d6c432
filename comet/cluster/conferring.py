"""
What nodes say to each other of calls and rooms.

Steps are said to all, and take effect when they are heard; signals go to one node. Who comes is told by each
node what it looks after, and tells it. Every now and then each says a sum of it: who has another one has
missed something, and asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from comet.cluster.frames import Item
from comet.cluster.line import Effect, Line
from comet.cluster.peers import Peer, Peers
from comet.video.hall import Hall
from comet.video.registry import Outcome
from comet.video.steps import Step, read_step, write_step

#: How often a node says the sum of what it looks after, in seconds.
SUM_SECONDS = 5.0
#: How many seats and rings an item has at the most.
ROWS = 200

#: Says an item, and lets it have its effect.
Say = Callable[[Item, Effect], object]


def _nothing() -> None:
    """It has no effect here."""


class Conferring:
    """
    The calls and rooms of one node, among those of others.

    @ivar kinds: what does what another node has said, by the first word of the item.
    """

    def __init__(self, hall: Hall, line: Line, peers: Peers, patience: float) -> None:
        """@param patience: how long a node may be unknown that others have told of, in seconds."""
        self._hall, self._line, self._peers, self._patience = hall, line, peers, patience
        self._next_sum = 0.0
        #: The nodes that look after something, and of which nothing is heard, and since when that is so.
        self._unknown: dict[int, float] = {}
        self._was_asked = self._had_part = False
        self.kinds: Mapping[str, Callable[[Peer, list[Any]], object]] = {
            "step": self._hear_step,
            "signal": lambda peer, item: hall.passed_on(item[1:]),
            "rows": lambda peer, item: peer.rows.extend(item[1]),
            "part": self._hear_part,
            "sum": self._hear_sum,
            "part?": self._hear_asking,
            "orphan": lambda peer, item: self.bury(item[1], peer.slot),
        }

    def confer(self, step: Step, done: Callable[[Outcome], object]) -> None:
        """See L{comet.engine.Engine.confer}."""
        hall = self._hall
        self._line.say(("step", *write_step(step)), lambda: hall.apply(step, hall.slot, done))

    def _hear_step(self, peer: Peer, item: list[Any]) -> None:
        step = read_step(item[1:])
        if step is not None:
            self._hall.apply(step, peer.slot)

    def pass_on(self, slot: int, item: Sequence[Any]) -> bool:
        """See L{comet.engine.Engine.pass_on}; that node is known."""
        if self._line.is_up:
            self._line.tell(slot, ("signal", *item))
        return self._line.is_up

    # Meeting others ---------------------------------------------------------------------------------------

    def tell_part(self, say: Say, asking: Peer | None = None) -> None:
        """
        Say what this node looks after.

        @param asking: who has just come, and is also told what the node before this one looks after: that
            may be dead, and nobody knows yet.
        """
        slots = [self._hall.slot]
        if asking is not None:
            others = [peer.slot for peer in self._peers.known() if peer is not asking]
            slots += [slot for slot in others if slot < self._hall.slot][-1:] or others[-1:]
        rows = [(slot, row) for slot in slots for row in self._hall.part(slot)]
        for start in range(0, len(rows), ROWS):
            say(("rows", rows[start : start + ROWS]), _nothing)
        say(("part",), _nothing)

    def _hear_part(self, peer: Peer, item: list[Any]) -> None:
        told: dict[int, list[list[Any]]] = {peer.slot: []}
        for slot, row in peer.rows:
            told.setdefault(slot, []).append(row)
        peer.rows = []
        self._hall.replace(peer.slot, told.pop(peer.slot))
        for slot, rows in told.items():
            if slot != self._hall.slot and not self._peers.has_told(slot):
                self._hall.learn(slot, rows)

    # Being sure -------------------------------------------------------------------------------------------

    def tick(self, seconds: float) -> None:
        """
        To be called a few times a second while the bus is up: say the sum, or what was asked for.

        @param seconds: a clock that nobody sets.
        """
        if self._was_asked:
            self._was_asked = False
            self.tell_part(self._line.say)
        if seconds >= self._next_sum:
            self._next_sum = seconds + SUM_SECONDS
            self._say_sum()
            self._say_orphans(seconds)

    def _say_sum(self) -> None:
        """Say it, unless there is nothing, and was nothing the last time."""
        total = self._hall.book.sum(self._hall.slot)
        if total or self._had_part:
            self._line.say(("sum", total), _nothing)
        self._had_part = bool(total)

    def _hear_sum(self, peer: Peer, item: list[Any]) -> None:
        if self._hall.book.sum(peer.slot) != item[1]:
            self._line.tell(peer.slot, ("part?",))

    def _say_orphans(self, seconds: float) -> None:
        """Say which nodes must have died before anything was heard of them, should nobody else."""
        unknown = filter(self._is_unknown, self._hall.book.slots())
        self._unknown = {slot: self._unknown.get(slot, seconds) for slot in unknown}
        for slot, since in self._unknown.items():
            if seconds - since > self._patience:
                self._line.say(("orphan", slot), partial(self.bury, slot, self._hall.slot))

    def _is_unknown(self, slot: int) -> bool:
        return slot != self._hall.slot and self._peers.get(slot) is None

    def bury(self, slot: int, heir: int) -> None:
        """The node in C{slot} is gone, if it is not known; that in C{heir} looks after its part."""
        if self._is_unknown(slot):
            self._hall.bury(slot, heir)

    def replaced(self, slot: int) -> None:
        """The node in C{slot} is gone, and another in its place."""
        # All hear this at once, and take the same node for the heir.
        heirs = [peer.slot for peer in self._peers.known() if peer.slot != slot]
        self._hall.bury(slot, min([self._hall.slot, *heirs]))

    def _hear_asking(self, peer: Peer, item: list[Any]) -> None:
        self._was_asked = True
