"""Rooms as SQL has them: it rings users into them, takes users out of them, and looks who is there."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from comet.batch import Action, Batch
from comet.errors import BadValue, TableFull, TooLong
from comet.model import Channel
from comet.video.hall import Hall
from comet.video.model import DATA_LIMIT, Mode, On, Topology, is_call
from comet.video.rules import RINGS_LIMIT
from comet.video.steps import Invites, Removes


class Participant(NamedTuple):
    """
    Somebody who sits in a room. Times are in seconds since 1970, 0 for never.

    @ivar node: the name of the server.
    @ivar connection: the number of the connection, 0 while that is lost.
    @ivar talking: since when that one talks; 0 if not.
    @ivar talked: when that one has stopped talking last.
    @ivar is_lost: whether the connection is gone, and may come back.
    """

    room: Channel
    user_id: int
    node: str
    connection: int
    seat: int
    since: float
    talking: float
    talked: float
    on: On
    is_lost: bool
    topology: Topology

    @property
    def muted(self) -> bool:
        """Whether the microphone is off."""
        return not self.on.audio


class Conferences:
    """The rooms of all tenants; rights do not matter here."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    def ring(self, dev_id: int, room: str, user_id: int, caller_id: int, mode: Mode, data: str) -> Action:
        """
        @param room: the name of a room.
        @param caller_id: whose devices are told what becomes of it; 0 for nobody's.
        @return: what rings C{user_id} into C{room}. If that ring is on already, it lasts longer, and is told
            anew; if that user sits there, nothing happens. The action raises L{TableFull} if there are too
            many rooms, or rings in this one.
        @raise BadValue, TooLong: if C{room} is the name of a call, or C{data} is longer than a ring carries.
        """
        if is_call(room):
            raise BadValue(f"Incorrect value {room!r} for column 'name': only the server makes calls")
        if (size := len(data.encode())) > DATA_LIMIT:
            raise TooLong(f"Data too long for column 'message': {size} bytes, at most {DATA_LIMIT}")
        hall, channel = self._hall, Channel(dev_id, room)

        def ring(_: object) -> None:
            now = hall.now()
            until, rooms = int(now) + hall.video.ring, hall.video.rooms
            hall.say(Invites(now, *channel, 0, caller_id, user_id, 0, mode.value, data, until, rooms))

        def put(batch: Batch) -> None:
            there = hall.book.rooms.get(channel)
            if there is None and len(hall.book.rooms) >= hall.video.rooms:
                raise TableFull(f"there are {hall.video.rooms} rooms already, the limit [video] rooms")
            if there is not None and user_id not in there.rings and len(there.rings) >= RINGS_LIMIT:
                raise TableFull(f"{RINGS_LIMIT} are rung into {room} already")
            batch.follow(ring)

        return put

    def remove(self, dev_id: int, room: str, user_ids: Collection[int]) -> Action:
        """@return: what takes users out of a room or a call, wherever they are, and rings them no more."""
        hall = self._hall
        return lambda batch: batch.follow(
            lambda _: hall.say(Removes(hall.now(), dev_id, room, list(user_ids)))
        )

    def concerned(self, dev_id: int, room: str) -> list[int]:
        """@return: the users who sit in a room, or are rung into it, each once."""
        there = self._hall.book.rooms.get(Channel(dev_id, room))
        if there is None:
            return []
        return list(dict.fromkeys([*(seat.user.user_id for seat in there.seats.values()), *there.rings]))

    def participants(self, dev_id: int, names: Collection[str] | None = None) -> list[Participant]:
        """
        @param names: the rooms to look into; C{None} for all.
        @return: who sits in the rooms of a tenant, on all servers, by room, in the order in which they came.
        """
        rooms = self._hall.book.rooms
        if names is None:
            found = [room for channel, room in rooms.items() if channel.dev_id == dev_id]
        else:
            channels = (Channel(dev_id, name) for name in dict.fromkeys(names))
            found = [rooms[channel] for channel in channels if channel in rooms]
        name_of = self._hall.house.engine.name_of
        return [
            Participant(
                room=room.channel,
                user_id=seat.user.user_id,
                node=name_of(seat.slot),
                connection=seat.connection,
                seat=seat.number,
                since=seat.since,
                talking=seat.talking_since,
                talked=seat.talked,
                on=seat.on,
                is_lost=seat.is_lost,
                topology=room.topology,
            )
            for room in found
            for seat in room.seats.values()
        ]
