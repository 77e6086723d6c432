"""What a program that uses the client is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from comet.client.errors import Denied


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a program is told."""


class _Data:
    """Something with a text."""

    __slots__ = ()
    data: str

    def value(self) -> Any:
        """
        @return: what the text means as JSON.
        @raise ValueError: if it is none.
        """
        return json.loads(self.data)


@dataclass(frozen=True, slots=True)
class Message(Happening, _Data):
    """
    What was said in a channel.

    @ivar data: the text as it was sent.
    @ivar time: when, in seconds since 1970.
    @ivar cursor: its place in the history, C{None} if the channel keeps none.
    @ivar user_id: which client said it, 0 for an anonymous one; C{None} if it was the site.
    """

    channel: str
    event: str
    data: str
    time: int
    cursor: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Private(Happening, _Data):
    """
    What was said to this user alone.

    @ivar number: its place in the queue of the user, 0 if it is in none.
    """

    event: str
    data: str
    time: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Joined(Happening):
    """Another client has come into a channel that tells so."""

    channel: str
    connection: int
    user_id: int
    uuid: str
    time: int


@dataclass(frozen=True, slots=True)
class Left(Happening):
    """Another client has left a channel that tells so."""

    channel: str
    connection: int
    user_id: int
    uuid: str
    time: int


@dataclass(frozen=True, slots=True)
class StatusChanged(Happening):
    """A user has come online, or has gone; told in the channel C{user_status_ID}."""

    channel: str
    user_id: int
    online: bool
    time: int


@dataclass(frozen=True, slots=True)
class Gap(Happening):
    """
    Something is missing.

    @ivar channel: where; empty for private messages.
    @ivar dropped: how many the client itself has dropped because the program does not take them; 0 if it is
        the server that has them no more.
    """

    channel: str
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Subscribed(Happening):
    """
    A channel is listened to, for the first time or after another connection was lost.

    @ivar cursor: how far the channel has counted, C{None} if it keeps no history.
    @ivar missed: how many messages come now because they were missed.
    """

    channel: str
    cursor: str | None
    missed: int


@dataclass(frozen=True, slots=True)
class Refused(Happening):
    """A channel may not be listened to, or no longer."""

    channel: str
    error: Denied


@dataclass(frozen=True, slots=True)
class Connected(Happening):
    """
    A connection stands, and the server has said welcome.

    @ivar url: which node it is.
    @ivar authorized: whether the key was right; if not, the client is anonymous.
    @ivar connection: the number of the connection at that node.
    """

    url: str
    authorized: bool
    user_id: int
    connection: int
    server: str
    node: str


@dataclass(frozen=True, slots=True)
class Disconnected(Happening):
    """
    A connection is lost, or could not be made.

    @ivar retry: in how many seconds there is another attempt, C{None} if there is none.
    """

    url: str
    reason: str
    retry: float | None


@dataclass(frozen=True, slots=True)
class Trouble(Happening):
    """Something is wrong that nobody asked about, such as a token that could not be renewed."""

    reason: str
