"""
The connections to Redis of which a bus is made: one that publishes and one that listens.

Each greets first, command by command, with an answer awaited to each. After that nothing is awaited one by
one: what comes is an answer to something that was published, a pong, or a frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from txredisapi import HiredisProtocol, InvalidData, ResponseError
from zope.interface import implementer

from comet.redis_url import RedisUrl

#: So many bytes or a little more are written at once, as much as a transport takes before it says stop.
PIECE = 1 << 16
_PING = b"*1\r\n$4\r\nPING\r\n"
_GOODBYE = b"goodbye"
_LAST = b"*2\r\n$4\r\nPING\r\n$7\r\n%b\r\n" % _GOODBYE


class Refusal(Exception):
    """Redis does not do what it must; C{str(error)} says what, and holds no password."""


class Link(HiredisProtocol):
    """
    A connection to Redis.

    @ivar silent: how often L{tick} was called since something came.
    """

    def __init__(self, ended: Callable[[str], None]) -> None:
        """@param ended: told once why, when this connection is of no more use, unless it was cut."""
        super().__init__(charset=None, convertNumbers=False)
        self.silent = 0
        self._ended: Callable[[str], None] | None = ended

    def connectionMade(self) -> Any:
        """What waits in Redis's place must not wait here as well."""
        self.transport.setTcpNoDelay(True)
        return super().connectionMade()

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:
        """Whatever comes shows that Redis is there."""
        self.silent = 0
        try:
            super().dataReceived(data)
        except InvalidData:
            self.fail("what answers there is no Redis")

    def replyReceived(self, reply: Any) -> None:
        """An answer to a command of the greeting, or something later."""
        if self.replyQueue.waiting:
            super().replyReceived(reply)
        elif self._ended is not None:
            self.heard(reply)

    def heard(self, reply: Any) -> None:
        """Something came, after the greeting."""
        if isinstance(reply, ResponseError):
            self.fail(f"Redis refuses: {reply}")

    def connectionLost(self, why: Failure) -> None:
        """Redis, or something on the way to it, has closed the connection."""
        # First: then it is known why, when those who wait for an answer hear that there is none.
        self.fail(f"the connection is lost: {why.getErrorMessage()}")
        super().connectionLost(why)

    def fail(self, reason: str) -> None:
        """Cut the connection, and say why to whoever it is for."""
        ended = self._ended
        self.cut()
        if ended is not None:
            ended(reason)

    def cut(self) -> None:
        """Drop the connection with all that waits in it. Nobody hears of it."""
        self._ended = None
        self.transport.abortConnection()

    def ping(self) -> None:
        """Ask whether Redis is there."""
        self.silent += 1
        self.transport.write(_PING)

    async def ask(self, *command: Any) -> Any:
        """
        @return: what Redis answers.
        @raise Refusal: if it refuses.
        """
        try:
            return await self.execute_command(*command)
        except ResponseError as error:
            raise Refusal(f"{command[0]}: {error}") from None

    async def log_in(self, url: RedisUrl) -> None:
        """@raise Refusal: if Redis does not let us in."""
        if url.password:
            try:
                await self.ask("AUTH", *([url.user] if url.user else []), url.password)
            except Refusal as refusal:
                # A server that knows no AUTH repeats what it was told.
                raise Refusal(str(refusal).replace(url.password, "...")) from None


@implementer(IPushProducer)
class Publisher(Link):
    """
    The connection that publishes.

    @ivar waiting: how many bytes wait because the connection takes no more for now.
    """

    def __init__(self, ended: Callable[[str], None]) -> None:
        super().__init__(ended)
        self.waiting = 0
        self._queue: deque[bytes] = deque()
        self._paused = False
        self._left: Deferred[None] | None = None

    def connectionMade(self) -> Any:
        """The transport says when it takes no more."""
        made = super().connectionMade()
        self.transport.registerProducer(self, True)
        return made

    def put(self, command: bytes) -> None:
        """Send C{command} with the next L{flush}."""
        self._queue.append(command)
        self.waiting += len(command)

    def flush(self) -> None:
        """Write what waits, as far as the connection takes it."""
        queue = self._queue
        while queue and not self._paused:
            piece, size = [], 0
            while queue and size < PIECE:
                piece.append(queue.popleft())
                size += len(piece[-1])
            self.waiting -= size
            self.transport.write(b"".join(piece))

    def heard(self, reply: Any) -> None:
        """How many a frame has reached, or a pong; the last pong if nothing else is to come."""
        if reply == _GOODBYE and self._left is not None:
            self._left.callback(None)
            self._left = None
        else:
            super().heard(reply)

    def leave(self) -> Deferred[None]:
        """@return: fires when Redis has seen everything."""
        left: Deferred[None] = Deferred()
        self._left = left
        self.put(_LAST)
        self.flush()
        return left

    def pauseProducing(self) -> None:
        """The connection takes no more for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The connection takes more."""
        self._paused = False
        self.flush()

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._paused = True


class Subscriber(Link):
    """The connection that listens."""

    def __init__(self, ended: Callable[[str], None], received: Callable[[bytes, bytes], None]) -> None:
        """@param received: is called with the channel and the text of what is published."""
        super().__init__(ended)
        self._received = received
        self._unconfirmed = 0
        self._confirmed: Deferred[None] = Deferred()

    def listen(self, channels: Iterable[str]) -> Deferred[None]:
        """@return: fires when all that is published in C{channels} comes here."""
        names = [name.encode() for name in channels]
        self._unconfirmed, self._confirmed = len(names), Deferred()
        parts = b"".join(b"$%d\r\n%b\r\n" % (len(name), name) for name in names)
        self.transport.write(b"*%d\r\n$9\r\nSUBSCRIBE\r\n%b" % (1 + len(names), parts))
        return self._confirmed

    def heard(self, reply: Any) -> None:
        """A frame, most of the time."""
        if type(reply) is not list:
            super().heard(reply)
        elif reply[0] == b"message":
            self._received(reply[1], reply[2])
        elif reply[0] == b"subscribe":
            self._unconfirmed -= 1
            if self._unconfirmed == 0:
                self._confirmed.callback(None)
