"""Those who receive: raw sockets on channels, each message to a channel coming to all of its sockets."""

from __future__ import annotations

import socket
import sys
from types import TracebackType

from rig.drain import Delays, Drain, drain
from rig.joining import Wire
from rig.loop import Loop


class Listeners:
    """
    Sockets that listen to one of several channels each, in turn: the first to the first channel, and so on.

    @ivar frame: a message as it travels.
    @ivar received: how many bytes have come to all of them together since L{start}.
    @ivar reach: how many listen to one channel.
    """

    def __init__(self, loop: Loop, wire: Wire, sockets: list[socket.socket], channels: int = 1) -> None:
        """@param wire: how messages travel."""
        if len(sockets) % channels:
            sys.exit(f"{len(sockets)} subscribers cannot be shared out evenly to {channels} channels")
        self.frame = b""
        self.received = 0
        self.reach = len(sockets) // channels
        self._loop, self._wire = loop, wire
        self._sockets, self._channels = sockets, channels
        self._drain: Drain | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    @property
    def delivered(self) -> int:
        """How many messages have come to all of them together."""
        return self.received // len(self.frame)

    def start(self) -> None:
        """
        Take the message that was published to each channel to warm up, see that all got it, and count from
        now on.
        """
        frames = {self._wire.message(connection) for connection in self._sockets}
        if len({len(frame) for frame in frames}) != 1:
            sys.exit(f"messages have different lengths: {sorted(frames, key=len)[:: len(frames) - 1]!r}")
        self.frame = min(frames)
        self._drain = drain(self._sockets)
        self._loop.add(self._drain.epoll, self._read)

    def _read(self) -> None:
        assert self._drain is not None
        self.received += self._drain.drain()

    @property
    def delays(self) -> Delays | None:
        """Where to note how long messages were on their way; C{None} not to."""
        assert self._drain is not None
        return self._drain.delays

    @delays.setter
    def delays(self, delays: Delays | None) -> None:
        assert self._drain is not None
        self._drain.delays = delays

    def check(self, messages: int) -> None:
        """
        End with a sentence unless each of them got the messages of its channel since L{start}.

        @param messages: how many there were, to one channel after the other.
        """
        assert self._drain is not None
        for place, connection in enumerate(self._sockets):
            due = (messages - place % self._channels + self._channels - 1) // self._channels
            got, expected = self._drain.count(connection), due * len(self.frame)
            if got != expected:
                sys.exit(f"subscriber {place} got {got} bytes, not the {expected} of {due} messages")

    def __enter__(self) -> Listeners:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drain is not None:
            self._loop.remove(self._drain.epoll)
        for connection in self._sockets:
            connection.close()
