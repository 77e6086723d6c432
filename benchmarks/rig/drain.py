"""
Very many sockets that are read and counted: by C, compiled on the spot; by Python where there is no compiler.

All messages of a run have frames of the same length, so bytes tell how many have come without a parser, and
the load stays cheaper than what it measures.
"""

from __future__ import annotations

import ctypes
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

#: The longest that one read takes; many messages may wait in a socket.
READ_SIZE = 1 << 18
_SOURCE = Path(__file__).resolve().parent / "loads" / "drain.c"
#: So many sockets are read before others get their turn.
_AT_ONCE = 256


class Delays:
    """
    How long messages were on their way.

    @ivar published: when each message left, in nanoseconds of the monotonic clock: write here first.
    @ivar frame: the bytes of one.
    """

    def __init__(self, messages: int, deliveries: int, frame: int) -> None:
        """Room for so many."""
        self.frame = frame
        self.published = (ctypes.c_int64 * messages)()
        self.taken = (ctypes.c_int64 * deliveries)()
        self.count = 0

    def note(self, before: int, after: int) -> None:
        """A subscriber that had so many bytes now has so many."""
        now = time.monotonic_ns()
        for message in range(before // self.frame, after // self.frame):
            self.taken[self.count] = now - self.published[message]
            self.count += 1

    def milliseconds(self) -> list[float]:
        """@return: all of them, the shortest first."""
        return sorted(each / 1e6 for each in self.taken[: self.count])


class Drain(Protocol):
    """
    Sockets that are read when L{drain} is called.

    @ivar epoll: can be read when one of them can.
    """

    epoll: select.epoll
    delays: Delays | None

    def drain(self) -> int:
        """@return: how many bytes have come to a part of those that have some."""

    def count(self, connection: socket.socket) -> int:
        """@return: how many bytes have come to one of them."""


class PythonDrain:
    """See L{Drain}."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self.epoll = _register(sockets)
        self.delays: Delays | None = None
        self._readers = {each.fileno(): each.recv_into for each in sockets}
        self._counts = dict.fromkeys(self._readers, 0)
        self._buffer = bytearray(READ_SIZE)

    def drain(self) -> int:
        """See L{Drain.drain}."""
        total = 0
        for number, _ in self.epoll.poll(0, _AT_ONCE):
            if not (got := self._readers[number](self._buffer)):
                _lost()
            if self.delays is not None:
                self.delays.note(self._counts[number], self._counts[number] + got)
            self._counts[number] += got
            total += got
        return total

    def count(self, connection: socket.socket) -> int:
        """See L{Drain.count}."""
        return self._counts[connection.fileno()]


class _Samples(ctypes.Structure):
    _fields_ = [
        ("frame", ctypes.c_int64),
        ("published", ctypes.POINTER(ctypes.c_int64)),
        ("taken", ctypes.POINTER(ctypes.c_int64)),
        ("count", ctypes.c_int64),
        ("most", ctypes.c_int64),
    ]


class CDrain:
    """See L{Drain}; C{drain.c} does the work."""

    def __init__(self, library: ctypes.CDLL, sockets: Sequence[socket.socket]) -> None:
        self.epoll = _register(sockets)
        self._drain = library.drain
        self._drain.restype = ctypes.c_int64
        self._counts = (ctypes.c_int64 * (max(each.fileno() for each in sockets) + 1))()
        self._buffer = ctypes.create_string_buffer(READ_SIZE)
        self._delays: Delays | None = None
        self._samples: _Samples | None = None

    @property
    def delays(self) -> Delays | None:
        """Where to note how long messages were on their way."""
        if self._delays is not None and self._samples is not None:
            self._delays.count = self._samples.count
        return self._delays

    @delays.setter
    def delays(self, delays: Delays | None) -> None:
        self._delays = delays
        self._samples = (
            None
            if delays is None
            else _Samples(
                delays.frame,
                ctypes.cast(delays.published, ctypes.POINTER(ctypes.c_int64)),
                ctypes.cast(delays.taken, ctypes.POINTER(ctypes.c_int64)),
                0,
                len(delays.taken),
            )
        )

    def drain(self) -> int:
        """See L{Drain.drain}."""
        samples = None if self._samples is None else ctypes.byref(self._samples)
        size = ctypes.c_int64(READ_SIZE)
        total: int = self._drain(self.epoll.fileno(), self._counts, self._buffer, size, samples)
        if total < 0:
            _lost()
        return total

    def count(self, connection: socket.socket) -> int:
        """See L{Drain.count}."""
        return self._counts[connection.fileno()]


def _register(sockets: Sequence[socket.socket]) -> select.epoll:
    epoll = select.epoll(len(sockets))
    for connection in sockets:
        connection.setblocking(False)
        epoll.register(connection, select.EPOLLIN)
    return epoll


def _lost() -> None:
    sys.exit("the server has dropped a subscriber")


_library: ctypes.CDLL | None = None


def compile_drains(folder: Path) -> None:
    """
    Let drains be in C from now on, if there is a compiler.

    @param folder: where it puts what it makes.
    """
    global _library
    compiler = shutil.which("cc")
    if compiler is not None:
        target = folder / "drain.so"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", target, _SOURCE], check=True)
        _library = ctypes.CDLL(str(target))


def drain(sockets: Sequence[socket.socket]) -> Drain:
    """@return: C{sockets}, none of which blocks from now on."""
    return PythonDrain(sockets) if _library is None else CDrain(_library, sockets)
