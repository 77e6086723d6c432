"""
The book of all rooms: who sits where, and who is rung.

Every server keeps the whole book; what is entered there follows from steps (L{comet.video.rules}), or from
what servers tell each other when they meet (L{comet.video.parts}). What clients are to be told of it is
gathered here; nothing here knows clients, a clock or other servers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from comet.errors import Refused
from comet.model import Channel, User
from comet.video.model import On, Reason, RoomEvent, Told, Topology
from comet.video.ring import Ring
from comet.video.room import Book, Room
from comet.video.seat import Seat


class News(NamedTuple):
    """
    Something to be told.

    @ivar to: a connection, or all devices of a user.
    @ivar besides: a connection of that user which is left out.
    """

    to: int | User
    event: RoomEvent
    besides: int = 0


#: What something has come to: the seat that was taken, nothing, or a refusal.
Outcome: TypeAlias = Seat | Refused | None


@dataclass(slots=True)
class Result:
    """
    What follows from something.

    @ivar news: what clients are to be told, in order.
    @ivar rooms: where something has changed.
    @ivar begun: rings that have begun.
    @ivar over: rings that are over, and how they have ended.
    """

    outcome: Outcome = None
    news: list[News] = field(default_factory=list)
    rooms: dict[Channel, None] = field(default_factory=dict)
    begun: list[Ring] = field(default_factory=list)
    over: list[tuple[Ring, Reason]] = field(default_factory=list)


class Registry(Book):
    """
    The book.

    @ivar time: when that happens which happens, in seconds since 1970.
    @ivar rooms: all rooms.
    @ivar lost: the seats whose connections are gone.
    @ivar ringing: all rings, by whom they are for and into which room.
    @ivar suspects: calls in which somebody may be missing, and since when.
    """

    def __init__(self, devices: Callable[[User], int]) -> None:
        """@param devices: tells how many devices a user has; it is told to clients, and changes nothing."""
        self.time = 0.0
        self.rooms: dict[Channel, Room] = {}
        self.lost: dict[Seat, None] = {}
        self.ringing: dict[User, dict[Channel, Ring]] = {}
        self.suspects: dict[Channel, float] = {}
        #: A sum for each node, of all that it looks after: equal where that is equal.
        self._sums: Counter[int] = Counter()
        self._devices = devices
        self._connected: dict[int, dict[Channel, Seat]] = {}
        self._sitting: dict[User, dict[Seat, None]] = {}
        self._result = Result()

    def do(self, time: float, change: Callable[[], Seat | None]) -> Result:
        """@return: what follows from C{change}, which happens at C{time}."""
        self.time = time
        result = self._result = Result()
        try:
            result.outcome = change()
        except Refused as error:
            result.outcome = error
        for channel in result.rooms:
            if channel in self.rooms and self.rooms[channel].is_over:
                del self.rooms[channel]
        return result

    # Questions --------------------------------------------------------------------------------------------

    def seat(self, channel: Channel, connection: int) -> Seat | None:
        """@return: the seat that a connection has in a room."""
        return self._connected.get(connection, {}).get(channel)

    def seats(self, connection: int) -> list[Seat]:
        """@return: all seats of a connection."""
        return list(self._connected.get(connection, {}).values())

    def ring(self, channel: Channel, user: User) -> Ring | None:
        """@return: the ring for C{user} into a room."""
        return self.ringing.get(user, {}).get(channel)

    def rings(self) -> Iterator[Ring]:
        """@return: all rings."""
        return (ring for rings in self.ringing.values() for ring in rings.values())

    def lost_seat(self, channel: Channel, user: User) -> Seat | None:
        """@return: a seat of C{user} in a room whose connection is gone, the one that was taken first."""
        lost = (seat for seat in self._sitting.get(user, ()) if seat.is_lost and seat.room.channel == channel)
        return next(lost, None)

    def is_busy(self, user: User) -> bool:
        """@return: whether C{user} sits anywhere."""
        return user in self._sitting

    def sits(self, user: User, channel: Channel) -> bool:
        """@return: whether C{user} sits in a room."""
        return any(seat.room.channel == channel for seat in self._sitting.get(user, ()))

    @property
    def touched(self) -> list[Channel]:
        """The rooms in which something has changed just now."""
        return list(self._result.rooms)

    def sum(self, slot: int) -> int:
        """@return: a number that tells whether two books know the same of what a node looks after."""
        return self._sums[slot]

    def slots(self) -> list[int]:
        """@return: the nodes that look after something."""
        return [slot for slot, total in self._sums.items() if total]

    # Changes ----------------------------------------------------------------------------------------------

    def open(self, channel: Channel) -> Room:
        """@return: the room of that name, a new one if there is none."""
        self.touch(channel)
        room = self.rooms.get(channel)
        if room is None or room.is_over:
            room = self.rooms[channel] = Room(self, channel)
        return room

    def touch(self, channel: Channel) -> None:
        """Something changes in a room."""
        self._result.rooms[channel] = None

    def place(self, room: Room, seat: Seat, mesh_limit: int) -> None:
        """Let somebody sit down, see L{Room.sit}."""
        self.touch(room.channel)
        seat.by_server = room.topology is Topology.SFU
        self._count(seat)
        if seat.user.user_id:
            self._sitting.setdefault(seat.user, {})[seat] = None
        self._note(seat, 0, seat.connection)
        room.sit(seat, mesh_limit)

    def invite(self, room: Room, ring: Ring) -> None:
        """Let somebody be rung."""
        self.touch(room.channel)
        self._count(ring)
        self.ringing.setdefault(ring.user, {})[room.channel] = ring
        self._result.begun.append(ring)
        room.ring(ring)

    def give(self, what: Seat | Ring, slot: int) -> None:
        """Let another node look after a seat or a ring."""
        if what.slot != slot:
            self.touch(what.room.channel)
            self._count(what)
            what.slot = slot
            self._count(what)

    def switch(self, seat: Seat, on: On) -> None:
        """Let this be on at C{seat}."""
        if on != seat.on:
            if on.talking != seat.on.talking:
                seat.talking_since, seat.talked = (self.time, seat.talked) if on.talking else (0, self.time)
            self._count(seat)
            seat.on = on
            self._count(seat)
            seat.room.tell_others(seat, Told(seat.room.name, seat.room.now, seat.number, on))

    def turn(self, seat: Seat, by_server: bool) -> None:
        """Let the media of C{seat} go by way of the media server, or not."""
        if by_server != seat.by_server:
            self.touch(seat.room.channel)
            self._count(seat)
            seat.by_server = by_server
            self._count(seat)

    def close(self, room: Room, reason: Reason) -> None:
        """Let a room be over for all who are there."""
        self.touch(room.channel)
        room.close(reason)

    def _count(self, what: Seat | Ring) -> None:
        """Add C{what} to the sum of its node, or take it away: which of both comes to the same."""
        self._sums[what.slot] ^= _mark(what)

    def _note(self, seat: Seat, before: int, after: int) -> None:
        channel = seat.room.channel
        if before:
            seats = self._connected[before]
            del seats[channel]
            if not seats:
                del self._connected[before]
        if after:
            self._connected.setdefault(after, {})[channel] = seat
            self.lost.pop(seat, None)
        else:
            self.lost[seat] = None

    # What rooms say ---------------------------------------------------------------------------------------

    def tell(self, connection: int, event: RoomEvent) -> None:
        """See L{Book.tell}."""
        self._result.news.append(News(connection, event))

    def tell_user(self, user: User, event: RoomEvent, besides: int = 0) -> None:
        """See L{Book.tell_user}."""
        self._result.news.append(News(user, event, besides))

    def devices(self, user: User) -> int:
        """See L{Book.devices}."""
        return self._devices(user)

    def move_seat(self, seat: Seat, connection: int, until: float) -> None:
        """See L{Book.move_seat}."""
        self.touch(seat.room.channel)
        self._count(seat)
        before, seat.connection, seat.until = seat.connection, connection, until
        self._count(seat)
        self._note(seat, before, connection)

    def seat_freed(self, room: Room, seat: Seat) -> None:
        """See L{Book.seat_freed}."""
        self.touch(room.channel)
        self._count(seat)
        if seat.connection:
            self._note(seat, seat.connection, 0)
        del self.lost[seat]
        if seat.user in self._sitting:
            seats = self._sitting[seat.user]
            seats.pop(seat, None)
            if not seats:
                del self._sitting[seat.user]

    def ring_gone(self, room: Room, ring: Ring, reason: Reason | None) -> None:
        """See L{Book.ring_gone}."""
        self.touch(room.channel)
        if reason is not None:
            self._result.over.append((ring, reason))
        self._count(ring)
        rings = self.ringing[ring.user]
        del rings[room.channel]
        if not rings:
            del self.ringing[ring.user]


def _mark(what: Seat | Ring) -> int:
    channel, slot = what.room.channel, what.slot
    if isinstance(what, Seat):
        facts: tuple[object, ...] = (what.number, what.secret, what.connection, what.by_server, *what.on)
    else:
        facts = (what.user.user_id, what.only, what.seat)
    digest = blake2b(repr((*channel, slot, *facts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")
