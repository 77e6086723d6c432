"""Commands of one client, carried out one after the other while more arrive."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar

from twisted.logger import Logger
from twisted.python.failure import Failure

from comet.protocols.starting import start

Item = TypeVar("Item")
Taken = TypeVar("Taken", contravariant=True)


class Served(Protocol[Taken]):
    """Whose commands these are."""

    async def serve(self, item: Taken, /) -> None:
        """Carry out a command."""

    def pause(self) -> None:
        """Too many wait: take no more for now."""

    def resume(self) -> None:
        """All are served: go on."""


class Inbox(Generic[Item]):
    """
    A queue with a single server.

    When more than C{limit} wait, its owner is paused, so that the socket is not read; and resumed when the
    queue is empty again. An item whose handling fails is logged, and the next one is served.

    Most of the time nothing waits, and there is no queue at all.
    """

    __slots__ = ("_busy", "_items", "_limit", "_owner", "_paused")

    _log = Logger()

    def __init__(self, owner: Served[Item], limit: int) -> None:
        self._owner, self._limit = owner, limit
        self._items: deque[Item] | None = None
        self._busy = self._paused = False

    def put(self, item: Item) -> None:
        """Serve C{item} after all that came before it."""
        if not self._busy:
            self._busy = True
            start(self._work(item), self._failed)
            return
        if self._items is None:
            self._items = deque()
        self._items.append(item)
        if len(self._items) > self._limit and not self._paused:
            self._paused = True
            self._owner.pause()

    @property
    def waiting(self) -> int:
        """How many items wait to be served."""
        return 0 if self._items is None else len(self._items)

    def close(self) -> None:
        """Forget what waits."""
        self._items = None
        self._paused = False

    async def _work(self, item: Item) -> None:
        while True:
            try:
                await self._owner.serve(item)
            except Exception:
                self._log.failure("a command could not be carried out")
            if not self._items:
                break
            item = self._items.popleft()
        self._items = None
        self._busy = False
        if self._paused:
            self._paused = False
            self._owner.resume()

    def _failed(self, failure: Failure) -> None:
        self._log.failure("an inbox has failed", failure)
