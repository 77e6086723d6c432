"""What the questions of a program are answered with."""

from __future__ import annotations

from typing import NamedTuple

from comet.client.events import Message


class Receipt(NamedTuple):
    """
    What became of a message.

    @ivar receivers: how many connections it was handed to, at the node that took it.
    @ivar cursor: its place in the history of the channel, C{None} if that keeps none.
    """

    receivers: int
    cursor: str | None


class Member(NamedTuple):
    """Somebody who listens to a channel."""

    connection: int
    user_id: int
    uuid: str


class Past(NamedTuple):
    """
    What was said in a channel.

    @ivar messages: the oldest first.
    @ivar cursor: how far the channel has counted, C{None} if it keeps no history.
    @ivar gap: whether something is missing behind the cursor that was asked for.
    """

    messages: list[Message]
    cursor: str | None
    gap: bool


class Seen(NamedTuple):
    """
    When a user was here last.

    @ivar time: in seconds since 1970; 0 while online, -1 if never.
    """

    online: bool
    time: int
