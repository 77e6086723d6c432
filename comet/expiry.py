"""Whose proof runs out when: one heap for all, looked at once a second."""

from __future__ import annotations

import heapq
from typing import Protocol


class Expiring(Protocol):
    """Something that is told when its time is over."""

    def expire(self) -> None:
        """The time is over."""


class Expiries:
    """
    Tells each when its time is over.

    An entry of the heap that does not count any more stays until its turn, or until most of the heap is such.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Expiring]] = []
        self._counter = 0
        #: The entry that counts, by its number.
        self._current: dict[Expiring, int] = {}

    def __len__(self) -> int:
        """@return: how many are to be told."""
        return len(self._current)

    def watch(self, subject: Expiring, expires: float | None) -> None:
        """
        Tell C{subject} when it is later than C{expires}, and no other time that was said before.

        @param expires: in seconds since 1970; C{None} for never.
        """
        if expires is None:
            self.forget(subject)
            return
        self._counter += 1
        self._current[subject] = self._counter
        heapq.heappush(self._heap, (expires, self._counter, subject))
        self._tidy()

    def forget(self, subject: Expiring) -> None:
        """Do not tell C{subject}; harmless if nobody would."""
        if self._current.pop(subject, None) is not None:
            self._tidy()

    def tick(self, now: float) -> None:
        """Tell those whose time is over, the earliest first."""
        while self._heap and self._heap[0][0] < now:
            _, number, subject = heapq.heappop(self._heap)
            if self._current.get(subject) == number:
                del self._current[subject]
                subject.expire()

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._current) + 16:
            self._heap = [each for each in self._heap if self._current.get(each[2]) == each[1]]
            heapq.heapify(self._heap)
