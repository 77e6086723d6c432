"""
What nodes say to each other of calls and rooms.

Steps are said to all, and take effect when they are heard; signals go to one node. Who comes is told by each
node what it looks after, and tells it. Every now and then each says a sum of it: who has another one has
missed something, and asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from comet.cluster.frames import Item
from comet.cluster.line import Effect, Line
from comet.cluster.peers import Peer
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

    def __init__(self, hall: Hall, line: Line) -> None:
        self._hall, self._line = hall, line
        self._next_sum = 0.0
        self._was_asked = self._had_part = False
        self.kinds: Mapping[str, Callable[[Peer, list[Any]], object]] = {
            "step": self._hear_step,
            "signal": lambda peer, item: hall.passed_on(item[1:]),
            "rows": lambda peer, item: peer.rows.extend(item[1]),
            "part": self._hear_part,
            "sum": self._hear_sum,
            "part?": self._hear_asking,
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

    def tell_part(self, say: Say) -> None:
        """Say what this node looks after."""
        part = self._hall.part()
        for start in range(0, len(part), ROWS):
            say(("rows", part[start : start + ROWS]), _nothing)
        say(("part",), _nothing)

    def _hear_part(self, peer: Peer, item: list[Any]) -> None:
        rows, peer.rows = peer.rows, []
        self._hall.replace(peer.slot, rows)

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

    def _say_sum(self) -> None:
        """Say it, unless there is nothing, and was nothing the last time."""
        total = self._hall.book.sum(self._hall.slot)
        if total or self._had_part:
            self._line.say(("sum", total), _nothing)
        self._had_part = bool(total)

    def _hear_sum(self, peer: Peer, item: list[Any]) -> None:
        if self._hall.book.sum(peer.slot) != item[1]:
            self._line.tell(peer.slot, ("part?",))

    def _hear_asking(self, peer: Peer, item: list[Any]) -> None:
        self._was_asked = True
