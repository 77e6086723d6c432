"""What the core asks of its driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comet.client.errors import ClientError
from comet.client.events import Happening


class Action:
    """Something for the driver to do."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Connect(Action):
    """Open a WebSocket to C{url}, having asked for a key if it is a function that gives it."""

    url: str


@dataclass(frozen=True, slots=True)
class Probe(Action):
    """See whether a WebSocket to C{url} could be opened, and tell the core if so."""

    url: str


@dataclass(frozen=True, slots=True)
class Say(Action):
    """Send a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Drop(Action):
    """End the connection, or the attempt; it is then of no further interest."""


@dataclass(frozen=True, slots=True)
class Renew(Action):
    """Ask for a new key, and tell the core."""


@dataclass(frozen=True, slots=True)
class Tell(Action):
    """Tell the program."""

    happening: Happening


@dataclass(frozen=True, slots=True)
class Answer(Action):
    """The request of that number has an answer: a frame, or an error."""

    number: int
    outcome: dict[str, Any] | ClientError


@dataclass(frozen=True, slots=True)
class End(Action):
    """The client is at its end; what still waits fails with C{error}."""

    error: ClientError
