"""Pings at a steady pace on one WebSocket, each timed until its pong has come."""

from __future__ import annotations

import socket
import sys
import time
from collections import deque

from comet.bench.wires import frame
from rig.loop import Loop

#: Seconds from one ping to the next, however long an answer takes.
PACE = 0.002
_PING, _PONG = frame(b"", 9), b"\x8a\x00"


class Pings:
    """
    One connection that does nothing else.

    @ivar milliseconds: how long each ping has taken, from when it was due.
    """

    def __init__(self, loop: Loop, connection: socket.socket) -> None:
        self.milliseconds: list[float] = []
        self._loop, self._connection = loop, connection
        self._due: deque[float] = deque()
        self._next = time.perf_counter()
        self._read = b""
        loop.add(connection, self._take)

    def start(self) -> None:
        """Forget what was measured, and begin anew."""
        self.milliseconds = []
        self._next = time.perf_counter()

    def send(self) -> None:
        """Send the pings that are due; to be called all the time."""
        now = time.perf_counter()
        while self._next <= now:
            self._due.append(self._next)
            self._connection.send(_PING)
            self._next += PACE

    def finish(self) -> list[float]:
        """@return: the milliseconds of all pings, the shortest first, once all are answered."""
        while self._due:
            self._loop.turn()
        return sorted(self.milliseconds)

    def _take(self) -> None:
        got = self._connection.recv(1 << 16)
        now = time.perf_counter()
        self._read += got
        while len(self._read) >= len(_PONG):
            pong, self._read = self._read[: len(_PONG)], self._read[len(_PONG) :]
            if pong != _PONG:
                sys.exit(f"the server answered a ping by {pong + self._read!r}")
            self.milliseconds.append((now - self._due.popleft()) * 1000)
        if not got:
            sys.exit("the server has closed the connection that pings")
