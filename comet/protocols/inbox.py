"""Commands of one client, carried out one after the other while more arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """
    A queue with a single server.

    When more than C{limit} wait, C{pause} is called, so that the socket is not read; C{resume} when the queue
    is empty again. An item whose handling fails is logged, and the next one is served.
    """

    _log = Logger()

    def __init__(
        self,
        serve: Callable[[Item], Awaitable[None]],
        limit: int,
        pause: Callable[[], object],
        resume: Callable[[], object],
    ) -> None:
        self._items: deque[Item] = deque()
        self._serve, self._limit = serve, limit
        self._pause, self._resume = pause, resume
        self._busy = self._paused = False

    def put(self, item: Item) -> None:
        """Serve C{item} after all that came before it."""
        self._items.append(item)
        if not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._work())
        elif len(self._items) > self._limit and not self._paused:
            self._paused = True
            self._pause()

    @property
    def waiting(self) -> int:
        """How many items wait to be served."""
        return len(self._items)

    def close(self) -> None:
        """Forget what waits."""
        self._items.clear()
        self._paused = False

    async def _work(self) -> None:
        while self._items:
            try:
                await self._serve(self._items.popleft())
            except Exception:
                self._log.failure("a command could not be carried out")
        self._busy = False
        if self._paused:
            self._paused = False
            self._resume()
