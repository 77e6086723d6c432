"""
One end of the socket between a parent and one of its workers: strings in both directions, and never too many.

What is written in one turn of the reactor leaves in one piece, as all that Twisted writes does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from comet.cluster.bus import FRAME_LIMIT

#: The bytes that may wait for the other end to read.
WAITING_LIMIT = 2 * FRAME_LIMIT
#: How long the other end may read nothing although something waits, in seconds.
PATIENCE_SECONDS = 30.0
#: What goes before a frame: its kind and its destination.
HEAD = 3


@implementer(IPushProducer)
class Link(Int32StringReceiver):
    """
    Sends strings and receives them.

    @ivar heard: is called with each string that has come.
    @ivar lost: is called once with why nothing more comes.
    """

    MAX_LENGTH = FRAME_LIMIT + HEAD
    transport: Any

    def __init__(
        self,
        clock: Any,
        limit: int = WAITING_LIMIT,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """
        @param limit: how many bytes may wait.
        @param patience: for how many seconds they may.
        """
        self.heard: Callable[[bytes], object] = lambda data: None
        self.lost: Callable[[str], object] = lambda reason: None
        self._clock, self._limit, self._patience = clock, limit, patience
        #: What waits while the socket is full.
        self._waiting: deque[bytes] | None = None
        self._bytes = 0
        self._timer: Any = None
        self._reason = ""
        self.is_connected = False

    def connectionMade(self) -> None:
        """The socket is ours."""
        self.is_connected = True
        self.transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send C{data}, which L{packed} has made; should too much wait, the link is cut."""
        if not self.is_connected:
            return
        if self._waiting is None:
            self.transport.write(data)
            return
        self._waiting.append(data)
        self._bytes += len(data)
        if self._bytes > self._limit:
            self.cut(f"more than {self._limit} bytes wait for the other end")

    def stringReceived(self, string: bytes) -> None:
        """A whole string has come."""
        self.heard(string)

    def lengthLimitExceeded(self, length: int) -> None:
        """The other end does not speak this protocol."""
        self.cut(f"a frame of {length} bytes has come")

    def cut(self, reason: str) -> None:
        """End it now."""
        if self.is_connected:
            self._reason = self._reason or reason
            self.transport.abortConnection()

    def close(self) -> None:
        """End it once what was written is out."""
        if self.is_connected:
            for data in self._waiting or ():
                self.transport.write(data)
            self._waiting = None
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nothing more comes."""
        self.is_connected = False
        self._stop_timer()
        self._waiting = None
        self.lost(self._reason or "the other end is gone")

    # Called by the transport ------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        """The socket is full."""
        if self._waiting is None:
            self._waiting, self._bytes = deque(), 0
            self._timer = self._clock.callLater(self._patience, self._lose_patience)

    def resumeProducing(self) -> None:
        """The socket has taken all that it was given."""
        self._stop_timer()
        waiting, self._waiting = self._waiting or deque(), None
        while waiting and self._waiting is None:
            self.transport.write(waiting.popleft())
        if waiting and self._waiting is not None:
            self._waiting.extend(waiting)
            self._bytes = sum(map(len, waiting))

    def stopProducing(self) -> None:
        """The connection is over."""

    def _lose_patience(self) -> None:
        self._timer = None
        self.cut(f"the other end has read nothing for {self._patience:.0f} seconds")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def packed(kind: bytes, number: int, content: bytes = b"") -> bytes:
    """
    @param kind: one byte.
    @param number: below 65536.
    @return: one string, with its length before it, that L{opened} takes apart.
    """
    return b"%s%s%s%s" % (
        (len(content) + HEAD).to_bytes(4, "big"),
        kind,
        number.to_bytes(2, "big"),
        content,
    )


def opened(string: bytes) -> tuple[bytes, int, bytes]:
    """@return: kind, number and content of a string."""
    return string[:1], int.from_bytes(string[1:HEAD], "big"), string[HEAD:]
