"""A lane: what a page asks for is done one after the other, in the order in which it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from comet.errors import TooFast
from comet.protocols.janus.wire import JanusAway

#: How much may wait in one lane.
LANE_LIMIT = 200

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Lane:
    """Works one after the other."""

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """@param spawn: runs a coroutine that nobody waits for."""
        self._spawn = spawn
        self._waiting: deque[Work] = deque()
        self._is_busy = self._is_closed = False

    def put(self, work: Work) -> None:
        """
        Do C{work} once all else is done.

        @raise TooFast: if too much waits already.
        """
        if len(self._waiting) >= LANE_LIMIT:
            raise TooFast(f"{LANE_LIMIT} signals wait for the media server already; wait for its answers")
        self._waiting.append(work)
        self._go_on()

    def put_first(self, work: Work) -> None:
        """Do C{work} before all that waits."""
        self._waiting.appendleft(work)
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_busy and not self._is_closed:
            self._spawn(self._run())

    async def _run(self) -> None:
        self._is_busy = True
        try:
            while self._waiting and not self._is_closed:
                await self._waiting.popleft()()
        except JanusAway:
            # All of this session is over, and who waits for it is told by who has it.
            self.close()
        finally:
            self._is_busy = False

    def close(self) -> None:
        """What waits is not done any more."""
        self._is_closed = True
        self._waiting.clear()
