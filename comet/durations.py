"""How long things take, counted in steps of time, so that what is kept does not grow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

#: The upper ends of the steps, in seconds, from what a statement takes to what a person notices.
STEPS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Durations:
    """
    A histogram of durations.

    @ivar total: all of them together, in seconds.
    """

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = [0] * (len(STEPS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count something that took so long."""
        self._counts[bisect_left(STEPS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._counts)

    def buckets(self) -> Iterator[tuple[str, int]]:
        """@return: the upper end of each step as Prometheus writes it, and how many took no longer."""
        return zip((*map(str, STEPS), "+Inf"), accumulate(self._counts), strict=True)
