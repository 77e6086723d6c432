"""Our seats as the media server knows them: those in rooms in which media goes by way of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Protocol

from comet.model import Channel, Json
from comet.video.media import Floor, MediaServer
from comet.video.model import Reason, RoomEvent, Signalled, Topology, Turned
from comet.video.registry import Registry
from comet.video.seat import Seat


class House(Protocol):
    """The rooms as one server has them, see L{comet.video.hall.Hall}."""

    @property
    def book(self) -> Registry:
        """Who sits and rings where."""

    @property
    def slot(self) -> int:
        """Where this server is among the others."""

    def now(self) -> float:
        """@return: the time in seconds since 1970."""

    def tell_one(self, connection: int, event: RoomEvent) -> None:
        """Tell the client that has a connection, if that is one of ours."""

    def end(self, channel: Channel, reason: Reason) -> None:
        """Let a room be over for all."""


class Stage(Floor):
    """What stands between the rooms and the media server."""

    def __init__(self, house: House, media: MediaServer | None) -> None:
        self._house, self._media = house, media
        self._known: dict[Channel, dict[int, None]] = {}

    def close(self) -> None:
        """Tell the media server nothing more."""
        self._media = None
        self._known.clear()

    def knows(self, seat: Seat) -> bool:
        """@return: whether C{seat} is known to the media server."""
        return seat.number in self._known.get(seat.room.channel, ())

    def signal(self, seat: Seat, data: str) -> None:
        """
        Hand something to the media server that C{seat} says to it.

        @raise comet.errors.Refused: if it is nothing that it understands, or it is away.
        """
        if self._media is not None:
            self._media.signal(seat.room.channel, seat.number, json.loads(data))

    def follow(self, channels: Iterable[Channel]) -> list[Seat]:
        """
        Let the media server know who of our own is in these rooms.

        @return: the seats that it has not known until now.
        """
        if self._media is None:
            return []
        return [seat for channel in channels for seat in self._follow(self._media, channel)]

    def follow_all(self) -> None:
        """Let the media server know who of our own is where, whatever it was before."""
        self.follow(dict.fromkeys((*self._known, *self._house.book.rooms)))

    def _follow(self, media: MediaServer, channel: Channel) -> list[Seat]:
        room, slot = self._house.book.rooms.get(channel), self._house.slot
        there: dict[int, Seat] = {}
        if room is not None and room.topology is Topology.SFU:
            there = {number: seat for number, seat in room.seats.items() if seat.slot == slot}
        known = self._known.pop(channel, {})
        if there:
            self._known[channel] = dict.fromkeys(there)
        for number in known:
            if number not in there:
                media.left(channel, number)
        new = [seat for number, seat in there.items() if number not in known]
        for seat in new:
            media.entered(channel, seat.number, seat.user.user_id)
        if known and (room is None or not room.seats):
            media.closed(channel)
        return new

    # What the media server says ---------------------------------------------------------------------------

    def from_media(self, room: Channel, seat: int, data: Mapping[str, Json]) -> None:
        """See L{Floor.from_media}."""
        if seat in self._known.get(room, ()):
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            self._tell(room, seat, Signalled(room.name, int(self._house.now()), 0, 0, text))

    def media_restarted(self) -> None:
        """See L{Floor.media_restarted}."""
        now = int(self._house.now())
        for channel, seats in self._known.items():
            for seat in seats:
                self._tell(channel, seat, Turned(channel.name, now, Topology.SFU))

    def media_gone(self) -> None:
        """See L{Floor.media_gone}."""
        for channel in list(self._known):
            self._house.end(channel, Reason.MEDIA)

    def _tell(self, channel: Channel, number: int, event: RoomEvent) -> None:
        if connection := self._house.book.rooms[channel].seats[number].connection:
            self._house.tell_one(connection, event)
