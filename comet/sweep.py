"""
A broadcast on its way to a crowd: who has still to get what of it.

Nobody in the crowd is touched until it is their turn to be written to. What all have still to get is told by
runs: stretches of the crowd, each with the frames that its members wait for. So a message for ten thousand is
one entry, as long as nothing happens to any of them; and whoever something happens to is taken out first, by
cutting a run in two.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

#: So many runs there are at the most: each message, and each member that is taken out, may add one.
RUNS_LIMIT = 64
#: So many frames are joined into one write at the most.
JOINED = 64

Member = TypeVar("Member")
Event = TypeVar("Event")


class Crowd(Generic[Member]):
    """
    Those who listen to one channel in one form, at one time.

    @ivar members: the oldest first.
    """

    __slots__ = ("_numbers", "_places", "members")

    def __init__(self, numbers: Mapping[Member, int]) -> None:
        """@param numbers: each of them with a number, which grow; those who leave may be taken from it."""
        self._numbers = numbers
        self.members = tuple(numbers)
        self._places = tuple(numbers.values())

    def __len__(self) -> int:
        return len(self.members)

    def place(self, member: Member) -> int | None:
        """@return: where C{member} stands; C{None} if it is none, or none any more."""
        number = self._numbers.get(member)
        if number is None:
            return None
        place = bisect_left(self._places, number)
        return place if place < len(self._places) and self._places[place] == number else None


class Batch(Generic[Event]):
    """
    What is written to somebody in one go.

    @ivar entries: the frames, each with its event.
    @ivar data: the frames, joined.
    """

    __slots__ = ("data", "entries")

    def __init__(self, entries: tuple[tuple[bytes, Event], ...]) -> None:
        self.entries = entries
        self.data = entries[0][0] if len(entries) == 1 else b"".join([frame for frame, _ in entries])


class _Run(Generic[Event]):
    """Those from C{start} to before C{end} wait for C{batch}."""

    __slots__ = ("batch", "end", "start")

    def __init__(self, start: int, end: int, batch: Batch[Event]) -> None:
        self.start, self.end, self.batch = start, end, batch


class Sweep(Generic[Member, Event]):
    """What a crowd has still to get."""

    __slots__ = ("_runs", "crowd")

    def __init__(self, crowd: Crowd[Member]) -> None:
        self.crowd = crowd
        #: Those who have waited longest come first; no two of them overlap.
        self._runs: deque[_Run[Event]] = deque()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return not self._runs

    @property
    def takes_more(self) -> bool:
        """Whether there is room for another L{add}."""
        runs = self._runs
        return 2 * len(runs) < RUNS_LIMIT and all(len(run.batch.entries) < JOINED for run in runs)

    def add(self, frame: bytes, event: Event) -> None:
        """Everybody gets this, behind what they wait for."""
        entry = (frame, event)
        new: Batch[Event] = Batch((entry,))
        grown: dict[Batch[Event], Batch[Event]] = {}
        place, gaps = 0, []
        for run in sorted(self._runs, key=lambda run: run.start):
            if place < run.start:
                gaps.append(_Run(place, run.start, new))
            place = run.end
            # Cut runs share their batch, and go on sharing it.
            if run.batch not in grown:
                grown[run.batch] = Batch((*run.batch.entries, entry))
            run.batch = grown[run.batch]
        if place < len(self.crowd):
            gaps.append(_Run(place, len(self.crowd), new))
        self._runs.extend(gaps)

    def take(self, member: Member) -> Batch[Event] | None:
        """@return: what C{member} waits for, which is not its turn any more; C{None} if for nothing."""
        place = self.crowd.place(member)
        if place is None:
            return None
        for number, run in enumerate(self._runs):
            if run.start <= place < run.end:
                pieces = (_Run(run.start, place, run.batch), _Run(place + 1, run.end, run.batch))
                del self._runs[number]
                for piece in reversed(pieces):
                    if piece.start < piece.end:
                        self._runs.insert(number, piece)
                return run.batch
        return None

    def stride(self, most: int) -> tuple[Sequence[Member], Batch[Event]]:
        """@return: those whose turn it is, C{most} of them, and what they wait for, until now."""
        run = self._runs[0]
        start, end = run.start, min(run.start + most, run.end)
        run.start = end
        if end == run.end:
            self._runs.popleft()
        return self.crowd.members[start:end], run.batch
