"""
How far a table has been followed, and which of its numbers are still awaited.

Transactions do not commit in the order in which they were given their numbers: when row 8 is seen, row 7 may
not be there yet, or never, because it was rolled back. So a number that is passed over is a hole, and looked
at again and again for some time; what appears in it is published then. Nothing waits for a hole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: The most holes that are watched; beyond that the oldest are given up. One statement looks at all of them,
#: with two parameters for each, and some databases take no more than 999.
HOLES_LIMIT = 400
#: The highest number of a row: a BIGINT UNSIGNED.
NUMBER_LIMIT = (1 << 64) - 1


class Hole(NamedTuple):
    """
    Numbers next to each other that have not been seen.

    @ivar until: till when they are awaited, in seconds since 1970.
    """

    first: int
    last: int
    until: int


class WrongPosition(ValueError):
    """What was noted is no position."""


@dataclass(frozen=True, slots=True)
class Position:
    """
    How far a table has been followed.

    @ivar last: the highest number that was seen.
    @ivar holes: what was passed over below it, in the order of the numbers.
    """

    last: int = 0
    holes: tuple[Hole, ...] = ()

    @classmethod
    def read(cls, text: str) -> Position:
        """
        @param text: what L{text} has given.
        @raise WrongPosition: if it has not.
        """
        try:
            last, holes = json.loads(text)
            position = cls(last, tuple(Hole(*hole) for hole in holes))
            numbers = [last, *(number for hole in position.holes for number in hole)]
        except (ValueError, TypeError):
            raise WrongPosition(text[:80]) from None
        if not all(type(number) is int and 0 <= number <= NUMBER_LIMIT for number in numbers):
            raise WrongPosition(text[:80])
        return position

    @property
    def text(self) -> str:
        """The position, to be noted."""
        return json.dumps([self.last, self.holes], separators=(",", ":"))

    def after(self, numbers: Iterable[int], until: int) -> Position:
        """
        @param numbers: those of rows that were seen, in any order.
        @param until: till when those are awaited that are passed over now.
        @return: the position behind them.
        """
        last, seen, holes = self.last, set(), []
        for number in sorted(numbers):
            if number <= self.last:
                seen.add(number)
            elif number > last:
                if number > last + 1:
                    holes.append(Hole(last + 1, number - 1, until))
                last = number
        left = [part for hole in self.holes for part in _without(hole, seen)] if seen else self.holes
        return Position(last, (*left, *holes))

    def without_old(self, now: int) -> Position:
        """
        @param now: when the holes were looked at last, which was in vain.
        @return: this position with those holes given up that were awaited till then.
        """
        if not any(hole.until <= now for hole in self.holes):
            return self
        return Position(self.last, tuple(hole for hole in self.holes if hole.until > now))

    def bounded(self) -> Position:
        """@return: this position with no more than L{HOLES_LIMIT} holes, the newest."""
        if len(self.holes) <= HOLES_LIMIT:
            return self
        newest = sorted(self.holes, key=lambda hole: (hole.until, hole.first))[-HOLES_LIMIT:]
        return Position(self.last, tuple(sorted(newest)))


def _without(hole: Hole, seen: set[int]) -> Sequence[Hole]:
    """@return: what is left of a hole in which rows have appeared."""
    found = sorted(number for number in seen if hole.first <= number <= hole.last)
    if not found:
        return (hole,)
    starts = [hole.first, *(number + 1 for number in found)]
    ends = [*(number - 1 for number in found), hole.last]
    return [Hole(first, last, hole.until) for first, last in zip(starts, ends, strict=True) if first <= last]
