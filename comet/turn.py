"""
What is written at the end of a turn: each client once, however many messages have reached it by then.

While a turn of the reactor lasts, messages are put into the lanes of those they are for, which costs next to
nothing; when it is over, each lane is written in one go. Nothing waits beyond that. What is for a crowd is
not even put into lanes, but goes from one to the next (L{comet.sweep}). A broadcast to very many is written
in slices, so that others get their turn in between; what reaches a client before its slice leaves with it.

Nobody is in both: whoever something else is for is taken out of the sweep first, and what the sweep had for
them goes into the lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from comet.sweep import Batch, Crowd, Sweep

#: Writing goes on for so many seconds before others get their turn.
SLICE_SECONDS = 0.004
#: The clock is looked at once for so many.
STRIDE = 32
#: A crowd is swept if no more than one in so many of it has something in its lane.
APART = 8


class Waiting(Protocol):
    """Somebody to whom something is to be written. Nothing here waits, and nothing but L{send} raises."""

    @property
    def lane(self) -> list[bytes] | None:
        """
        What is in here is written at the end of the turn, if it is one of L{Turn.waiting}, which it is unless
        the lane is empty. C{None} if each event has to be handed over by L{deliver}.
        """

    def flush(self) -> None:
        """Write what is in the lane."""

    def send(self, data: bytes) -> int:
        """
        Write at once. This is called only while the lane is empty, and no transport has anything to write.

        @return: how many bytes have been written: without a lane, none.
        @raise OSError: if that is none, too.
        """

    def deliver(self, frame: bytes, event: Any) -> None:
        """Take C{event}, which in this one's form is C{frame}."""


Some = TypeVar("Some", bound=Waiting)


class Turn(Generic[Some]):
    """
    Those to whom something is to be written at the end of this turn.

    @ivar waiting: those with something in their lane. Add to it, then call L{begin}.
    """

    def __init__(
        self,
        later: Callable[[Callable[[], None]], object] | None = None,
        clock: Callable[[], float] = perf_counter,
        is_idle: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        @param later: calls a function once this turn is over; without it, a turn is over at once.
        @param clock: seconds that only grow.
        @param is_idle: whether no transport has anything to write that its socket did not take.
        """
        self.waiting: deque[Some] = deque()
        self._later, self._clock, self._is_idle = later, clock, is_idle
        self._is_due = self._is_held = self._is_alone = False
        self._holder = 0
        self._sweep: Sweep[Some, Any] | None = None
        #: Those whose turn it was, and who have to be told one by one.
        self._late: dict[Some, Batch[Any]] = {}

    # Into the turn ----------------------------------------------------------------------------------------

    def hand(self, some: Collection[Some], frame: bytes, event: Any) -> None:
        """Let each of them have C{event} at the end of this turn. Call L{begin} afterwards."""
        if self._sweep is not None or self._late:
            for one in some:
                self.pull(one)
        self._hand(some, frame, event)

    def _hand(self, some: Collection[Some], frame: bytes, event: Any) -> None:
        waiting = self.waiting
        for one in some:
            # A hot path: one branch, one append.
            lane = one.lane
            if lane:
                lane.append(frame)
            elif lane is None:
                one.deliver(frame, event)
            else:
                lane.append(frame)
                waiting.append(one)

    def pull(self, one: Some) -> None:
        """Hand C{one} what a sweep has for it, because something else is going to happen to it."""
        if self._late and (batch := self._late.pop(one, None)) is not None:
            self._hand_batch(one, batch)
        sweep = self._sweep
        if sweep is not None and (batch := sweep.take(one)) is not None:
            if sweep.is_over:
                self._sweep = None
            self._hand_batch(one, batch)

    def _hand_batch(self, one: Some, batch: Batch[Any]) -> None:
        for frame, event in batch.entries:
            self._hand((one,), frame, event)

    def broadcast(self, crowd: Crowd[Some], frame: bytes, event: Any, besides: Some | None) -> None:
        """
        Let all of C{crowd} have C{event} at the end of this turn. Call L{begin} afterwards.

        @param besides: one who is left out.
        """
        if not self._sweeps(crowd):
            self.hand([one for one in crowd.members if one is not besides], frame, event)
            return
        if besides is not None:
            self.pull(besides)
        if self._sweep is None:
            self._sweep = Sweep(crowd)
        self._sweep.add(frame, event)
        if besides is not None:
            self._sweep.take(besides)
        # Whoever has something in the lane gets this behind it.
        for one in tuple(self.waiting):
            self.pull(one)

    def _sweeps(self, crowd: Crowd[Some]) -> bool:
        """@return: whether the next message for C{crowd} can be one entry."""
        if len(self.waiting) * APART > len(crowd):
            return False
        sweep = self._sweep
        return sweep is None or (sweep.crowd is crowd and sweep.takes_more)

    # At its end -------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Somebody may have been handed something."""
        if not self._is_due and not self._is_held and (self.waiting or self._sweep is not None):
            self._is_due = True
            if self._later is None:
                self._write_all()
            else:
                self._later(self._write_slice)

    def hold(self, holder: int) -> None:
        """
        Somebody does several things in a row, after which L{release} is called.

        @param holder: who, by a number that nobody else has.
        """
        self._is_held = True
        self._is_alone, self._holder = holder == self._holder, holder

    def release(self) -> None:
        """
        They are done. What few are to be told is written here and now if it was the same who held the turn
        before: nobody else is at it, and to be called later costs more than it could join. Where several hold
        the turn by turns, it likely is one and the same turn, and what they say is joined at the end of it.
        """
        self._is_held = False
        if self._is_alone and not self._is_due and self._sweep is None and len(self.waiting) <= STRIDE:
            self._is_due = True
            self._write_all()
        else:
            self.begin()

    def _write_all(self) -> None:
        # More may come while we write.
        while self.waiting or self._sweep is not None:
            self._write_some()
        self._is_due = False

    def _write_slice(self) -> None:
        assert self._later is not None
        end = self._clock() + SLICE_SECONDS
        while self.waiting or self._sweep is not None:
            self._write_some()
            if (self.waiting or self._sweep is not None) and self._clock() >= end:
                self._later(self._write_slice)
                return
        self._is_due = False

    def _write_some(self) -> None:
        """Write to a few, in turns to those with a lane and those in a sweep."""
        waiting = self.waiting
        for _ in range(min(STRIDE, len(waiting))):
            waiting.popleft().flush()
        if self._sweep is not None:
            self._write_stride(self._sweep)

    def _write_stride(self, sweep: Sweep[Some, Any]) -> None:
        stride, batch = sweep.stride(STRIDE)
        if sweep.is_over:
            self._sweep = None
        data = batch.data
        size = len(data)
        if self._is_idle():
            for one in stride:
                # The hot path: nothing else is done for each of those who hear a broadcast.
                try:
                    sent = one.send(data)
                except OSError:
                    # The socket is full, or lost: the transport finds the same, and tells.
                    sent = 0
                if sent != size:
                    self._write_rest(one, sent, batch)
        else:
            for one in stride:
                self._write_rest(one, 0, batch)
        while self._late:
            self.pull(next(iter(self._late)))

    def _write_rest(self, one: Some, sent: int, batch: Batch[Any]) -> None:
        lane = one.lane
        if lane is None:
            self._late[one] = batch
        else:
            lane.append(batch.data[sent:])
            one.flush()
