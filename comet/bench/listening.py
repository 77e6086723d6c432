"""Very many browsers in one process, as far as a server can tell: they come in, listen, and answer pings."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from comet.bench.board import Column
from comet.bench.hearing import Dropped, Ear
from comet.bench.histogram import Histogram
from comet.bench.plans import Listening
from comet.bench.wires import MANNERS, NUMBER, Manner, frame, near_address, upgrade

#: So many are on their way in at the same time; fewer than a kernel holds for a server.
IN_FLIGHT = 100
#: So long may coming in take, and so long may nothing happen at all, in seconds.
PATIENCE = 10.0
#: How often to look for those who have not come in, in seconds.
_GLANCE = 0.2
#: The most different reasons that are told.
REASONS = 10
_HEAD_LIMIT = 16 << 10
_PONG = 10
_BUFFER = 1 << 18


class Browser:
    """One connection; C{ear} is there once hands are shaken."""

    __slots__ = ("began", "channel", "ear", "head", "number", "shaking", "socket", "tried")

    def __init__(self, number: int, channel: int, began: float) -> None:
        self.number, self.channel, self.began = number, channel, began
        self.socket: Any = None
        self.head = b""
        self.ear: Ear | None = None
        #: Whether the handshake of TLS goes on, and whether the request has been sent.
        self.shaking = self.tried = False


class Crowd:
    """
    All of them.

    @ivar coming: how long it took each to come in.
    @ivar delays: how long messages were on their way to one of them.
    @ivar failures: why some did not come in or did not stay, and how many.
    @ivar last: when the last of them had come in, or the last message had come.
    """

    def __init__(self, plan: Listening, row: memoryview, selector: selectors.BaseSelector) -> None:
        """@param row: where to count; see L{Column}."""
        self._plan, self._row, self._selector = plan, row, selector
        self.coming, self.delays = Histogram(), Histogram()
        self.failures: Counter[str] = Counter()
        self.there = [0] * len(plan.channels)
        self.last = 0.0
        self._started = self._open = 0
        self._on_the_way: deque[Browser] = deque()
        self._buffer = bytearray(_BUFFER)
        self._manners = [MANNERS[plan.dialect](channel, plan.dev_id) for channel in plan.channels]
        self._context = _trust(plan) if plan.place.tls else None
        self._now = 0

    @property
    def complete(self) -> bool:
        """Whether everybody has come in, or has failed to."""
        return self._started == self._plan.count and not self._open

    def step(self, events: list[tuple[selectors.SelectorKey, int]]) -> None:
        """Let those do something of whom the selector says that they can; and let others come."""
        self._now = time.monotonic_ns()
        for key, _ in events:
            if isinstance(key.data, Browser):
                self._attend(key.data)
        while self._open < IN_FLIGHT and self._started < self._plan.count:
            self._come()
        self._lose_patience()

    def leave(self) -> None:
        """Close everything."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Browser):
                key.data.socket.close()

    # Coming in --------------------------------------------------------------------------------------------

    def _come(self) -> None:
        plan, number = self._plan, self._plan.first + self._started
        one = Browser(number, number % len(plan.channels), time.monotonic())
        self._started += 1
        self._open += 1
        far = plan.place.address
        one.socket = socket.socket(socket.AF_INET6 if ":" in far else socket.AF_INET)
        try:
            one.socket.setblocking(False)
            one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Thousands that wait in TIME_WAIT would use up the ports.
            one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if (near := near_address(far, number)) is not None:
                one.socket.bind(near)
            error = one.socket.connect_ex((far, plan.place.port))
            if error not in (0, errno.EINPROGRESS):
                raise OSError(error, os.strerror(error))
        except OSError as problem:
            self._fail(one, problem)
            return
        self._selector.register(one.socket, selectors.EVENT_WRITE, one)
        self._on_the_way.append(one)

    def _attend(self, one: Browser) -> None:
        try:
            if one.ear is not None:
                self._hear(one)
            elif one.shaking:
                self._shake(one)
            elif one.tried:
                self._read_head(one)
            else:
                self._connected(one)
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except (OSError, Dropped) as problem:
            self._fail(one, problem)

    def _connected(self, one: Browser) -> None:
        if error := one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        self._selector.modify(one.socket, selectors.EVENT_READ, one)
        if self._context is None:
            self._ask(one)
            return
        self._selector.unregister(one.socket)
        one.socket = self._context.wrap_socket(
            one.socket, server_hostname=self._plan.place.name, do_handshake_on_connect=False
        )
        self._selector.register(one.socket, selectors.EVENT_READ, one)
        one.shaking = True
        self._shake(one)

    def _shake(self, one: Browser) -> None:
        one.socket.do_handshake()
        one.shaking = False
        self._ask(one)

    def _ask(self, one: Browser) -> None:
        path = self._manner(one).path.replace(NUMBER, _digits(one))
        # The buffer of a new socket takes so little at once, and what follows, too.
        one.socket.send(upgrade(self._plan.place.host, path, self._plan.origin).encode())
        one.tried = True

    def _read_head(self, one: Browser) -> None:
        one.head += self._receive(one)
        head, found, rest = one.head.partition(b"\r\n\r\n")
        if not found:
            if len(one.head) > _HEAD_LIMIT:
                raise Dropped("its answer to the handshake has no end")
            return
        status = head.partition(b"\r\n")[0].decode("latin-1")[:100]
        if not status.startswith("HTTP/1.1 101"):
            raise Dropped(f"answered {status.partition(' ')[2] or status}")
        manner, one.head = self._manner(one), b""
        one.ear = Ear(manner.mark.encode(), rest)
        one.socket.send(b"".join(frame(text.replace(NUMBER, _digits(one)).encode()) for text in manner.texts))
        self._take(one, 0)

    def _receive(self, one: Browser) -> bytes:
        data: bytes = one.socket.recv(_HEAD_LIMIT)
        if not data:
            raise Dropped("closed the connection")
        return data

    def _manner(self, one: Browser) -> Manner:
        return self._manners[one.channel]

    # Listening --------------------------------------------------------------------------------------------

    def _hear(self, one: Browser) -> None:
        while True:
            size = one.socket.recv_into(self._buffer)
            if not size:
                raise Dropped("closed the connection")
            self._take(one, size)
            # What TLS has decrypted already makes no socket readable.
            if self._context is None or not one.socket.pending():
                return

    def _take(self, one: Browser, size: int) -> None:
        ear = one.ear
        assert ear is not None
        waiting = ear.mark is not None
        count, pings = ear.hear(self._buffer, size, self._note)
        if count:
            self._row[Column.DELIVERED] += count
            self.last = self._now / 1e9
        for ping in pings:
            one.socket.send(frame(ping, _PONG))
        if waiting and ear.mark is None:
            self._arrive(one)

    def _note(self, left: int) -> None:
        self.delays.note((self._now - left) // 1000)

    def _arrive(self, one: Browser) -> None:
        self._open -= 1
        self.last = time.monotonic()
        self.coming.note(int((self.last - one.began) * 1e6))
        self.there[one.channel] += 1
        self._row[Column.THERE] += 1

    # Failing ----------------------------------------------------------------------------------------------

    def _fail(self, one: Browser, problem: Exception) -> None:
        if one.ear is None or one.ear.mark is not None:
            self._open -= 1
        else:
            self._row[Column.THERE] -= 1
            self.there[one.channel] -= 1
        reason = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
        if reason not in self.failures and len(self.failures) >= REASONS:
            reason = "other reasons"
        self.failures[reason] += 1
        self._row[Column.FAILED] += 1
        if one.socket in self._selector.get_map():
            self._selector.unregister(one.socket)
        one.socket.close()
        one.began = 0

    def _lose_patience(self) -> None:
        """Give up those who have not come in for too long."""
        waiting = self._on_the_way
        while waiting:
            one = waiting[0]
            gone = not one.began or (one.ear is not None and one.ear.mark is None)
            if not gone:
                if time.monotonic() < one.began + PATIENCE:
                    return
                self._fail(one, Dropped(f"no answer in {PATIENCE:g} seconds"))
            waiting.popleft()


def _digits(one: Browser) -> str:
    return f"{one.number:0{len(NUMBER)}d}"


def _trust(plan: Listening) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=plan.place.ca_file or None)


#: What tells how far it has come.
Tell = Callable[[dict[str, Any]], None]


def listen(plan: Listening, row: memoryview, tell: Tell, stop: int) -> None:
    """
    Let them come, tell when they are there, and listen until there is something to read from C{stop}.

    @param row: of the board.
    @param stop: the number of an open file.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        crowd = Crowd(plan, row, selector)
        began, complete = time.monotonic(), False
        events: list[tuple[selectors.SelectorKey, int]] = []
        while not any(key.fd == stop for key, _ in events):
            crowd.step(events)
            if crowd.complete and not complete:
                complete = True
                tell({"came": _came(crowd, began)})
            events = selector.select(None if complete else _GLANCE)
        if not complete:
            tell({"came": _came(crowd, began)})
        tell({"heard": _heard(crowd)})
        crowd.leave()


def _came(crowd: Crowd, began: float) -> dict[str, Any]:
    return {
        "began": began,
        "ended": crowd.last or time.monotonic(),
        "there": crowd.there,
        "failures": dict(crowd.failures),
        "buckets": crowd.coming.buckets,
        "cpu": time.process_time(),
    }


def _heard(crowd: Crowd) -> dict[str, Any]:
    return {
        "ended": crowd.last,
        "failures": dict(crowd.failures),
        "buckets": crowd.delays.buckets,
        "cpu": time.process_time(),
    }
