"""
What is written at the end of a turn: each client once, however many messages have reached it by then.

While a turn of the reactor lasts, messages are put into the lanes of those they are for, which costs next to
nothing; when it is over, each lane is written in one go. Nothing waits beyond that. A broadcast to very many
is written in slices, so that others get their turn in between; what reaches a client before its slice leaves
with it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

#: Writing goes on for so many seconds before others get their turn.
SLICE_SECONDS = 0.004
#: The clock is looked at once for so many.
STRIDE = 32


class Waiting(Protocol):
    """Somebody to whom something is to be written."""

    def flush(self) -> None:
        """Write it. Never raises, never waits."""


class Turn:
    """
    Those to whom something is to be written at the end of this turn.

    @ivar waiting: add to it, then call L{begin}.
    """

    def __init__(
        self,
        later: Callable[[Callable[[], None]], object] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """
        @param later: calls a function once this turn is over; without it, a turn is over at once.
        @param clock: seconds that only grow.
        """
        self.waiting: list[Waiting] = []
        self._later, self._clock = later, clock
        self._is_due = False

    def begin(self) -> None:
        """Somebody may have been added."""
        if self.waiting and not self._is_due:
            self._is_due = True
            if self._later is None:
                self._write_all()
            else:
                self._later(self._write_slice)

    def _write_all(self) -> None:
        waiting = self.waiting
        # More may come while we write.
        for each in waiting:
            each.flush()
        waiting.clear()
        self._is_due = False

    def _write_slice(self) -> None:
        assert self._later is not None
        waiting, end = self.waiting, self._clock() + SLICE_SECONDS
        written = 0
        while written < len(waiting):
            stride = waiting[written : written + STRIDE]
            for each in stride:
                each.flush()
            # Not the length of a stride: more may have come while we wrote.
            written += len(stride)
            if written < len(waiting) and self._clock() >= end:
                del waiting[:written]
                self._later(self._write_slice)
                return
        waiting.clear()
        self._is_due = False
