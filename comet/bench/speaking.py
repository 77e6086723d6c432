"""Backends that publish, many in one process: over the MySQL port or the HTTP API."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from comet.bench import mysql
from comet.bench.board import Board, Column
from comet.bench.hearing import DIGITS, LEAST, MARK
from comet.bench.histogram import Histogram
from comet.bench.plans import Speaking

#: So long may a server take to answer, in seconds.
PATIENCE = 30.0
#: How long to sleep while messages are on their way, in seconds.
_PAUSE = 0.0005
_READ = 1 << 16


class Gone(Exception):
    """Publishing cannot go on; C{str(error)} says why."""


class Tongue(Protocol):
    """How something is published."""

    def request(self, channel: int, moment: int) -> bytes:
        """@return: what to send to publish to a channel."""

    def answers(self, data: bytes) -> int:
        """
        @return: how many answers have ended with these bytes.
        @raise Gone: if one of them is no.
        """


class Sql:
    """INSERTs."""

    def __init__(self, plan: Speaking) -> None:
        self._packets = mysql.Packets()
        self._statements = []
        for channel in plan.channels:
            statement = (
                f"INSERT INTO pipes_messages (name, event, message) VALUES ('{channel}', 'say', '{{}}')"
            )
            start, end = mysql.query(statement.format(blank(plan.size))).split(MARK + b"0" * DIGITS)
            self._statements.append((start + MARK, end))

    def request(self, channel: int, moment: int) -> bytes:
        """See L{Tongue.request}."""
        start, end = self._statements[channel]
        return start + b"%020d" % moment + end

    def answers(self, data: bytes) -> int:
        """See L{Tongue.answers}."""
        self._packets.feed(data)
        count = 0
        while (payload := self._packets.take()) is not None:
            try:
                mysql.check(payload, payload[0] == mysql.OK)
            except mysql.Refused as error:
                raise Gone(f"an INSERT was refused: {error}") from None
            count += 1
        return count


class Http:
    """Requests to the HTTP API, one after the other on a connection."""

    def __init__(self, plan: Speaking) -> None:
        self._plan = plan
        self._held = b""

    def request(self, channel: int, moment: int) -> bytes:
        """See L{Tongue.request}."""
        plan = self._plan
        text = blank(plan.size).replace("0" * DIGITS, f"{moment:0{DIGITS}d}", 1)
        body = json.dumps({"name": plan.channels[channel], "event": "say", "message": text})
        return (
            f"POST /comet/api/publish HTTP/1.1\r\nHost: {plan.place.host}\r\n"
            f"Authorization: Bearer {plan.password}\r\nX-Comet-Tenant: {plan.dev_id}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode("latin-1")

    def answers(self, data: bytes) -> int:
        """See L{Tongue.answers}."""
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found:
            return 0
        status, *headers = head.decode("latin-1").split("\r\n")
        lengths = [line.partition(":")[2] for line in headers if line.lower().startswith("content-length:")]
        if len(body) < int(lengths[0] if lengths else 0):
            return 0
        if " 200 " not in status:
            raise Gone(
                f"the HTTP API answered {status.partition(' ')[2]}: {body.decode('utf-8', 'replace')[:300]}"
            )
        self._held = b""
        return 1


TONGUES: dict[str, Callable[[Speaking], Tongue]] = {"sql": Sql, "http": Http}


def blank(size: int) -> str:
    """@return: a text of that size, with a moment of nothing but zeros."""
    return (MARK.decode() + "0" * DIGITS).ljust(max(size, LEAST), "m")


class Backend:
    """
    A connection with one message under way at a time.

    @ivar due: when that was to leave; 0 if there is none.
    """

    __slots__ = ("due", "socket", "tongue")

    def __init__(self, plan: Speaking) -> None:
        """@raise Gone: if the server does not let us in."""
        self.due = 0
        self.tongue = TONGUES[plan.via](plan)
        place = plan.place
        self.socket = socket.create_connection((place.address, place.port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plan.via == "sql":
            self._log_in(mysql.Login(plan.user, plan.password, plan.database))

    def _log_in(self, login: mysql.Login) -> None:
        packets = mysql.Packets()
        try:
            while True:
                while (payload := packets.take()) is None:
                    packets.feed(self.receive())
                if (answer := login.answer(payload, packets.sequence)) is None:
                    return
                self.socket.sendall(answer)
        except mysql.Refused as error:
            raise Gone(f"the login failed: {error}") from None

    def receive(self) -> bytes:
        """@return: what has come."""
        data = self.socket.recv(_READ)
        if not data:
            raise Gone("the server has closed the connection of a backend")
        return data

    def publish(self, channel: int, due: int) -> None:
        """Send a message, whose answer is to come."""
        self.due = due
        self.socket.sendall(self.tongue.request(channel, due))


class Chorus:
    """
    All of them.

    @ivar published: how many messages each channel has got.
    @ivar answers: how long answers took.
    @ivar began: when the first message was published, and when the last was answered.
    """

    def __init__(self, plan: Speaking, board: Board) -> None:
        """@raise Gone: if one of them is not let in."""
        self._plan, self._board, self._row = plan, board, board.row(plan.row)
        self._idle = [Backend(plan) for _ in range(plan.backends)]
        self.published = [0] * len(plan.channels)
        self.answers = Histogram()
        self.began = self.ended = 0.0
        self._sent = 0
        #: Each process begins elsewhere.
        self._turn = plan.row % len(plan.channels)
        self._widest = max(plan.reach, default=0)

    def sing(self, selector: selectors.BaseSelector, stop: int) -> None:
        """Publish until time is over, or there is something to read from C{stop}."""
        for one in self._idle:
            selector.register(one.socket, selectors.EVENT_READ, one)
        began = time.monotonic_ns()
        self.began = began / 1e9
        end = began + int(self._plan.seconds * 1e9)
        singing = True
        while (singing := singing and time.monotonic_ns() < end) or self._under_way:
            wait = self._send(began, time.monotonic_ns()) if singing else PATIENCE
            events = selector.select(wait)
            if not events and wait == PATIENCE:
                raise Gone(f"no answer to a message in {PATIENCE:g} seconds")
            for key, _ in events:
                if key.fd == stop:
                    selector.unregister(stop)
                    singing = False
                else:
                    self._hear(key.data)
        self.ended = time.monotonic()

    @property
    def _under_way(self) -> bool:
        return len(self._idle) < self._plan.backends

    def _send(self, began: int, now: int) -> float:
        """Publish what may be published. @return: how many seconds to wait for an answer."""
        plan = self._plan
        while self._idle:
            due = now
            if plan.rate:
                due = began + int(self._sent / plan.rate * 1e9)
                if due > now:
                    return min((due - now) / 1e9, plan.seconds)
            if plan.window and self._missing() > (plan.window - 1) * self._widest:
                return _PAUSE
            channel, self._turn = self._turn, (self._turn + 1) % len(plan.channels)
            self._idle.pop().publish(channel, due)
            self._sent += 1
            self._row[Column.OWED] += plan.reach[channel]
            self.published[channel] += 1
        return PATIENCE

    def _missing(self) -> int:
        """@return: how many messages are on their way to browsers, whoever published them."""
        return self._board.total(Column.OWED) - self._board.total(Column.DELIVERED)

    def _hear(self, one: Backend) -> None:
        if one.tongue.answers(one.receive()):
            self.answers.note((time.monotonic_ns() - one.due) // 1000)
            self._row[Column.PUBLISHED] += 1
            self._idle.append(one)


def speak(plan: Speaking, board: Board, tell: Callable[[dict[str, Any]], None], stop: int) -> None:
    """
    Publish until it is over, or until there is something to read from C{stop}, and tell what came of it.

    @raise Gone: if that is not possible.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        chorus = Chorus(plan, board)
        cpu = time.process_time()
        chorus.sing(selector, stop)
        tell(
            {
                "spoke": {
                    "began": chorus.began,
                    "ended": chorus.ended,
                    "published": chorus.published,
                    "buckets": chorus.answers.buckets,
                    "cpu": time.process_time() - cpu,
                }
            }
        )
