"""What waits for the program: a bounded buffer that is read by iterating, or handed over to a callback."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

from comet.client.errors import Stopped
from comet.client.events import Gap, Happening, Message, Private
from comet.client.loops import Loop, Promise

_Kind = TypeVar("_Kind", Message, Private)


class Stream(Generic[_Kind]):
    """
    What comes of one kind, in order.

    C{async for} gives the messages, L{everything} also what else happens there. Both take from the same
    buffer. If it is full, the oldest makes room, and a L{Gap} tells so. The iteration ends when the client is
    stopped, and raises what else ends it.

    @ivar name: the channel; empty for private messages.
    @ivar dropped: how many were dropped in all because the program did not take them.
    """

    def __init__(
        self, name: str, kind: type[_Kind], limit: int, loop: Loop, callback: Callable[[_Kind], Any] | None
    ) -> None:
        """@param callback: what takes the messages, if they are not iterated over."""
        self.name, self.dropped = name, 0
        self._kind: type[_Kind] = kind
        self._callback: Callable[[_Kind], Any] | None = callback
        self._limit, self._loop = limit, loop
        self._items: deque[Happening] = deque()
        self._waiting: list[Promise] = []
        self._error: Exception | None = None
        self._lost = 0

    def __aiter__(self) -> AsyncIterator[_Kind]:
        """@return: the messages, without anything else."""
        return self._messages()

    async def _messages(self) -> AsyncIterator[_Kind]:
        async for item in self.everything():
            if isinstance(item, self._kind):
                yield item

    async def everything(self) -> AsyncIterator[Happening]:
        """@return: all that happens, see L{comet.client.events}."""
        while True:
            try:
                item = await self.next()
            except Stopped:
                return
            yield item

    async def next(self) -> Happening:
        """@return: the next that happens."""
        while True:
            if self._lost:
                lost, self._lost = self._lost, 0
                return Gap(self.name, lost)
            if self._items:
                return self._items.popleft()
            if self._error is not None:
                raise self._error
            promise = self._loop.promise()
            self._waiting.append(promise)
            await promise

    # Said by the client -----------------------------------------------------------------------------------

    def put(self, item: Happening) -> None:
        """Something has happened."""
        if self._callback is None:
            self._items.append(item)
            if len(self._items) > self._limit:
                self._items.popleft()
                self.dropped += 1
                self._lost += 1
            self._wake()
        elif isinstance(item, self._kind):
            self._call(self._callback, item)

    def _call(self, callback: Callable[[_Kind], Any], item: _Kind) -> bool:
        """@return: whether the program has taken it."""
        try:
            callback(item)
        except Exception as error:
            self._loop.report(f"the callback of {self.name or 'private messages'} has failed", error)
            return False
        return True

    def fail(self, error: Exception) -> None:
        """Nothing more will come."""
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for promise in waiting:
            promise.resolve()


class Subscription(Stream[Message]):
    """What happens in one channel."""

    def __init__(
        self,
        name: str,
        limit: int,
        loop: Loop,
        callback: Callable[[Message], Any] | None,
        leave: Callable[[Subscription], None],
    ) -> None:
        """@param leave: what is to be done when the program wants no more."""
        super().__init__(name, Message, limit, loop, callback)
        self._leave = leave
        self._ready: Promise | None = None

    def cancel(self) -> None:
        """Listen no more; the iteration ends."""
        self._leave(self)
        self.fail(Stopped("the subscription was cancelled"))

    async def ready(self) -> None:
        """@return: when the server has said that it is so, or else raise what it says."""
        self._ready = self._loop.promise()
        await self._ready

    def confirm(self, error: Exception | None = None) -> None:
        """The server has answered."""
        if self._ready is not None:
            promise, self._ready = self._ready, None
            if error is None:
                promise.resolve()
            else:
                promise.reject(error)


class PrivateStream(Stream[Private]):
    """
    What is said to this user alone.

    A message is acknowledged when the callback has returned, or when the next one is asked for; not before,
    so that a program that dies over it gets it again.
    """

    def __init__(
        self, limit: int, loop: Loop, callback: Callable[[Private], Any] | None, ack: Callable[[int], None]
    ) -> None:
        """@param ack: what tells the server that a message has arrived."""
        super().__init__("", Private, limit, loop, callback)
        self._ack = ack
        self._given = 0

    async def next(self) -> Happening:
        """See L{Stream.next}."""
        if self._given:
            given, self._given = self._given, 0
            self._ack(given)
        item = await super().next()
        if isinstance(item, Private):
            self._given = item.number
        return item

    def _call(self, callback: Callable[[Private], Any], item: Private) -> bool:
        taken = super()._call(callback, item)
        if taken and item.number:
            self._ack(item.number)
        return taken
