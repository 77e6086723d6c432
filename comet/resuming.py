"""
Joining the past of a channel to its present, without a hole and without a message twice.

A client that follows a channel from a place in its history is subscribed first, and what is said from then
on is held back; then what it has missed is read from the store and given to it; then what was held back
follows. What was stored before the reading, and is only now handed to the subscribers, has been given
already: its position tells.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from comet.errors import Refused
from comet.model import NOWHERE, Channel, Joint, Message, Place
from comet.storage.interface import Store, Stretch
from comet.storage.listings import Most

#: What was held back: the bytes for the client, and what they say.
Held = tuple[bytes, Message]


class Missed(NamedTuple):
    """What a client has missed of a channel."""

    joint: Joint
    messages: list[Message]


class Resumption:
    """One channel of one client, from the subscription until past and present are joined."""

    __slots__ = ("_floor", "_held", "_limit")

    def __init__(self, limit: int) -> None:
        """@param limit: how many messages are held back at the most."""
        self._held: list[Held] | None = []
        self._floor = 0
        self._limit = limit

    @property
    def is_overfull(self) -> bool:
        """Whether more had to be held back than is allowed."""
        return self._held is not None and len(self._held) > self._limit

    def release(self, floor: int) -> list[Held]:
        """
        Hold nothing back any more.

        @param floor: what the client was given reaches up to this position.
        @return: what was held back and is newer.
        """
        held, self._held, self._floor = self._held or [], None, floor
        return [each for each in held if not self._is_old(each[1])]

    def holds(self, frame: bytes, message: Message) -> bool:
        """@return: whether C{message} is not for the client now: it is held back, or was given already."""
        if self._held is None:
            return self._is_old(message)
        if not self.is_overfull:
            self._held.append((frame, message))
        return True

    def _is_old(self, message: Message) -> bool:
        return 0 < message.place.position <= self._floor


def joint(since: Place, stretch: Stretch, most: Most) -> Missed:
    """
    @param since: the place that the client knows.
    @param stretch: what the store has from there on, as far as C{most} goes.
    @return: what the client has missed, as far as it is still there.
    """
    place, messages = stretch
    if since.epoch != place.epoch or since.position > place.position:
        return Missed(Joint(place, gap=True), [])
    size = sum(len(message.text) for message in messages)
    if len(messages) > most.rows or size > most.size:
        return Missed(Joint(place, gap=True), [])
    gap = len(messages) < place.position - since.position
    return Missed(Joint(place, len(messages), gap), messages)


async def missed(store: Store, channel: Channel, since: Place, most: Most, is_kept: bool) -> Missed:
    """
    @param is_kept: whether the channel keeps a history now.
    @return: what a client that knows C{since} has missed of C{channel}; if the store fails, that is a gap.
    """
    if not is_kept:
        return Missed(Joint(NOWHERE, gap=True), [])
    try:
        return joint(since, await store.since(channel, since.position, most), most)
    except Refused:
        return Missed(Joint(NOWHERE, gap=True), [])


async def known_places(store: Store, channels: Collection[Channel]) -> dict[Channel, Place]:
    """@return: how far these channels have counted, as far as that is known."""
    try:
        return await store.places(channels) if channels else {}
    except Refused:
        return {}
