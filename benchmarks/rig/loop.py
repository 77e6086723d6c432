"""The loop of the load: one epoll, and a function for each socket that can be read."""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Protocol

#: For how long nothing at all may happen, in seconds.
PATIENCE = 30.0

#: Whether the load stays awake while there is nothing to read; see L{stay_awake}.
_awake = False


def stay_awake() -> None:
    """
    Let the load look for something to read without a pause, for which it has to have a core of its own.

    A load that is faster than the server would sleep after each message, and to wake it is work for whoever
    sends the next one: on a virtual machine more than the sending itself.
    """
    global _awake
    _awake = True


class Readable(Protocol):
    """A socket, or an epoll."""

    def fileno(self) -> int:
        """@return: its number."""


class Loop:
    """
    Calls whoever has something to read.

    @ivar idle_seconds: for how long there was nothing.
    """

    def __init__(self) -> None:
        self.idle_seconds = 0.0
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}

    def add(self, readable: Readable, read: Callable[[], None]) -> None:
        """Call C{read} whenever C{readable} has something; a socket no longer blocks from now on."""
        if isinstance(readable, socket.socket):
            readable.setblocking(False)
        self._readers[readable.fileno()] = read
        self._epoll.register(readable, select.EPOLLIN)

    def remove(self, readable: Readable) -> None:
        """The opposite of L{add}."""
        self._epoll.unregister(readable)
        del self._readers[readable.fileno()]

    def turn(self, seconds: float = PATIENCE) -> None:
        """
        Wait until something can be read, and read it; for too long a silence, end with a sentence.

        @param seconds: do not wait for longer than this; if it is given, silence is no fault.
        """
        started = time.perf_counter()
        ready = self._wait(seconds)
        self.idle_seconds += time.perf_counter() - started
        if not ready and seconds == PATIENCE:
            sys.exit(f"nothing has come for {PATIENCE:.0f} seconds: something was lost, or the server hangs")
        for number, _ in ready:
            self._readers[number]()

    def _wait(self, seconds: float) -> list[tuple[int, int]]:
        most = len(self._readers)
        if not _awake:
            return self._epoll.poll(seconds, most)
        deadline = time.perf_counter() + seconds
        while not (ready := self._epoll.poll(0, most)) and time.perf_counter() < deadline:
            pass
        return ready
