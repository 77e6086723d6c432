"""What was asked for and is not there, counted and listed, so that the next gap is found by reading."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from comet.cometql.shape import cut
from comet.errors import Refused, UnknownColumn
from comet.rates import FULL, Rate

#: How many different ones are listed: those that came last.
_MOST = 50
#: How much of a statement is kept, in characters.
_LONGEST = 200
#: How many are told at once, and how many a second from then on.
_TOLD = Rate(1 / 60, 20)


@dataclass(frozen=True, slots=True)
class Gap:
    """
    A statement that comet does not know.

    @ivar dev_id: the tenant that sent it.
    @ivar number: the error that it was refused with.
    @ivar statement: its beginning, without its literals, which may be nobody's business.
    """

    dev_id: int
    number: int
    statement: str


class Gaps:
    """
    The gaps that were found since the start.

    @ivar found: is called with each that was not listed, but not for more than a few in a minute.
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        """@param now: the time in seconds."""
        self.found: Callable[[Gap], None] = lambda gap: None
        self._now = now
        self._told = FULL
        self._counts: OrderedDict[Gap, int] = OrderedDict()
        self._totals: dict[int, int] = {}

    def note(self, dev_id: int, text: str, error: Refused) -> None:
        """C{text} was refused with C{error}: if that says that comet lacks something, keep it."""
        if not (error.is_gap or (isinstance(error, UnknownColumn) and "information_schema" in text.lower())):
            return
        gap = Gap(dev_id, error.number, _outline(text))
        is_new = gap not in self._counts
        self._counts[gap] = self._counts.get(gap, 0) + 1
        self._counts.move_to_end(gap)
        self._totals[dev_id] = self._totals.get(dev_id, 0) + 1
        if len(self._counts) > _MOST:
            self._counts.popitem(last=False)
        if is_new:
            may_tell, self._told = _TOLD.take(self._told, self._now())
            if may_tell:
                self.found(gap)

    def rows(self, dev_id: int) -> list[tuple[str, str]]:
        """
        @param dev_id: a tenant, which sees its own; 0 sees those of all.
        @return: names and values of SHOW STATUS: how many statements, and what they were, the latest first.
        """
        totals = self._totals
        total = sum(totals.values()) if dev_id == 0 else totals.get(dev_id, 0)
        rows = [("comet_unknown_statements", str(total))]
        latest = [pair for pair in reversed(self._counts.items()) if dev_id in (0, pair[0].dev_id)]
        for place, (gap, count) in enumerate(latest, 1):
            whose = f"tenant {gap.dev_id}, " if dev_id == 0 else ""
            about = f"{whose}error {gap.number}, {count} times: {gap.statement}"
            rows.append((f"comet_unknown_{place:02}", about))
        return rows


def _outline(text: str) -> str:
    """@return: the beginning of C{text} without its literals."""
    try:
        shape, _ = cut(text[: _LONGEST * 10])
    except Refused:
        # What has no end, or was cut off, may be a literal.
        shape = re.split("['\"`]", text, maxsplit=1)[0]
    return " ".join(shape.split())[:_LONGEST]
