"""Requests that wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from comet.client.errors import TooMany


@dataclass(slots=True)
class Request:
    """
    One request.

    @ivar command: what is sent, with its id.
    @ivar deadline: when to give it up, C{None} for never.
    @ivar repeatable: whether it may be said again when nobody knows whether it was heard.
    @ivar sent: whether it was said on the connection that stands.
    """

    number: int
    command: dict[str, Any]
    deadline: float | None
    repeatable: bool
    sent: bool = False


class Requests:
    """All of them, in the order in which they were made, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit, self._numbers = limit, count(1)
        self._waiting: dict[int, Request] = {}

    def __iter__(self) -> Iterator[Request]:
        """@return: those that wait."""
        return iter(list(self._waiting.values()))

    def number(self) -> int:
        """@return: an id that no request has."""
        return next(self._numbers)

    def add(self, command: dict[str, Any], deadline: float | None, repeatable: bool) -> Request:
        """@raise TooMany: if the limit is reached."""
        if len(self._waiting) >= self._limit:
            raise TooMany(f"{self._limit} requests are waiting for their answers already")
        number = self.number()
        request = Request(number, {**command, "id": number}, deadline, repeatable)
        self._waiting[number] = request
        return request

    def take(self, number: object) -> Request | None:
        """@return: the request of that id, which waits no more; C{None} if there is none."""
        return self._waiting.pop(number, None) if isinstance(number, int) else None

    def interrupted(self) -> list[Request]:
        """The connection is lost. @return: those that must be given up because they may have been heard."""
        lost = [request for request in self if request.sent and not request.repeatable]
        for request in lost:
            del self._waiting[request.number]
        for request in self:
            request.sent = False
        return lost

    def overdue(self, now: float) -> list[Request]:
        """@return: those whose time is over; they wait no more."""
        late = [each for each in self if each.deadline is not None and each.deadline <= now]
        for request in late:
            del self._waiting[request.number]
        return late

    @property
    def deadline(self) -> float | None:
        """When the next one is overdue."""
        return min((each.deadline for each in self if each.deadline is not None), default=None)

    def clear(self) -> list[Request]:
        """@return: all; none waits any more."""
        waiting = list(self)
        self._waiting.clear()
        return waiting
