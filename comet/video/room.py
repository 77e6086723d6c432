"""
A room, and a call, which is a room for two.

::

    a call:  calling ---answered---> talking
                |                       |
                +--unanswered, freed----+--freed---> over

    a room:  empty ---filled---> mesh ---crowded---> sfu
               ^                  | ^                 | |
               |                  | +-----calmed------+ |
               +-----emptied------+------emptied--------+

A room that is empty stays as long as somebody is rung into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from comet.model import Channel, User
from comet.video.model import (
    Ended,
    Entered,
    Gone,
    Reason,
    RoomEvent,
    Topology,
    Turned,
    is_call,
)
from comet.video.ring import Ring
from comet.video.seat import Seat

#: How many sit in a call.
CALL_SEATS = 2


class Book(Protocol):
    """
    The book of all rooms, as a room sees it.

    @ivar time: when that happens which happens, in seconds since 1970.
    """

    time: float

    def tell(self, connection: int, event: RoomEvent) -> None:
        """Tell one connection."""

    def tell_user(self, user: User, event: RoomEvent, besides: int = 0) -> None:
        """Tell all devices of C{user}, but for one."""

    def turn(self, seat: Seat, by_server: bool) -> None:
        """Let the media of C{seat} go by way of the media server, or not."""

    def devices(self, user: User) -> int:
        """@return: how many devices C{user} has."""

    def move_seat(self, seat: Seat, connection: int, until: float) -> None:
        """See L{comet.video.seat.Host.move_seat}."""

    def seat_freed(self, room: Room, seat: Seat) -> None:
        """Nobody sits on C{seat} any more; it is not in the room."""

    def ring_gone(self, room: Room, ring: Ring, reason: Reason | None) -> None:
        """
        C{ring} is over or taken; it is not in the room.

        @param reason: how it has ended; C{None} if nobody knows.
        """


class RoomActs(Protocol):
    """What may happen to a room."""

    def filled(self) -> None:
        """Somebody has sat down."""

    def crowded(self, newest: int) -> None:
        """
        There are more than may exchange media each with each.

        @param newest: the seat that was taken last, which begins that way; 0 for none.
        """

    def answered(self) -> None:
        """A ring was taken."""

    def unanswered(self, reason: Reason) -> None:
        """A ring is over, and was not taken."""

    def freed(self, reason: Reason) -> None:
        """A seat is free."""

    def emptied(self) -> None:
        """Nobody sits there any more."""

    def calmed(self) -> None:
        """There were never more, as it turns out."""


@dataclass(slots=True, eq=False)
class Room:
    """
    A room.

    @ivar seats: by their numbers, in the order in which they were taken.
    @ivar rings: by the users who are rung.
    @ivar topology: the way of media.
    """

    book: Book
    channel: Channel
    seats: dict[int, Seat] = field(default_factory=dict)
    rings: dict[int, Ring] = field(default_factory=dict)
    topology: Topology = Topology.MESH
    acts: RoomActs = field(init=False, repr=False)
    _is_closing: bool = False

    def __post_init__(self) -> None:
        """A room is empty when it is made; a call is not answered."""
        self.acts = make_call(self) if self.is_call else make_room(self)

    @property
    def name(self) -> str:
        """The name of the room."""
        return self.channel.name

    @property
    def now(self) -> int:
        """When that happens which happens, in whole seconds since 1970."""
        return int(self.book.time)

    @property
    def is_call(self) -> bool:
        """Whether it is a call."""
        return is_call(self.channel.name)

    @property
    def is_over(self) -> bool:
        """Whether nobody is in it, nor rung into it."""
        return not self.seats and not self.rings

    # Coming and going -------------------------------------------------------------------------------------

    def sit(self, seat: Seat, mesh_limit: int) -> None:
        """
        Let somebody sit down, and take the ring, if there is one.

        @param mesh_limit: how many may exchange media each with each.
        """
        self.seats[seat.number] = seat
        self.tell_others(seat, Entered(self.name, self.now, seat.shown))
        ring = self.rings.get(seat.user.user_id) if seat.user.user_id else None
        if ring is not None:
            ring.acts.take(seat.number, seat.connection)
        self.acts.filled()
        if len(self.seats) > mesh_limit:
            self.acts.crowded(seat.number)

    def ring(self, ring: Ring) -> None:
        """Ring somebody into the room."""
        self.rings[ring.user.user_id] = ring
        ring.acts.begin()

    def close(self, reason: Reason) -> None:
        """Let everybody know that it is over."""
        if self._is_closing:
            return
        self._is_closing = True
        # Who hangs up before the other one has taken the call has rung for nothing.
        unrung = Reason.CANCELLED if reason in (Reason.HANGUP, Reason.CANCELLED) else Reason.ENDED
        for ring in list(self.rings.values()):
            ring.acts.end(unrung, 0)
        for seat in list(self.seats.values()):
            seat.tell(Ended(self.name, self.now, reason))
            seat.acts.rise(Reason.ENDED)
        self._is_closing = False

    def sort(self) -> None:
        """Put the seats into the order in which they were taken, after one was found that is older."""
        by_age = sorted(self.seats.values(), key=lambda seat: (seat.since, seat.number))
        self.seats = {seat.number: seat for seat in by_age}

    @property
    def is_broken(self) -> bool:
        """Whether it is a call in which somebody is missing."""
        return self.is_call and (not self.seats or len(self.seats) + len(self.rings) < CALL_SEATS)

    def turn(self, topology: Topology, besides: int = 0) -> None:
        """From now on media goes another way; those who sit there are told, but for one."""
        if topology is not self.topology:
            self.topology = topology
            for seat in self.seats.values():
                self.book.turn(seat, topology is Topology.SFU)
                if seat.number != besides:
                    seat.tell(Turned(self.name, self.now, topology))

    # What seats and rings say -----------------------------------------------------------------------------

    def tell(self, connection: int, event: RoomEvent) -> None:
        """See L{comet.video.seat.Host.tell}."""
        self.book.tell(connection, event)

    def tell_others(self, seat: Seat, event: RoomEvent) -> None:
        """See L{comet.video.seat.Host.tell_others}."""
        for other in self.seats.values():
            if other is not seat:
                other.tell(event)

    def move_seat(self, seat: Seat, connection: int, until: float) -> None:
        """See L{comet.video.seat.Host.move_seat}."""
        self.book.move_seat(seat, connection, until)

    def seat_freed(self, seat: Seat, reason: Reason) -> None:
        """See L{comet.video.seat.Host.seat_freed}."""
        del self.seats[seat.number]
        if not self._is_closing:
            event = Gone(self.name, self.now, seat.number, seat.user.user_id, reason)
            self.tell_others(seat, event)
        self.book.seat_freed(self, seat)
        self.acts.freed(reason)
        if not self.seats:
            self.acts.emptied()

    def has(self, ring: Ring) -> bool:
        """See L{comet.video.ring.Belfry.has}."""
        return self.rings.get(ring.user.user_id) is ring

    def devices(self, user: User) -> int:
        """See L{comet.video.ring.Belfry.devices}."""
        return self.book.devices(user)

    def tell_rung(self, ring: Ring, event: RoomEvent, besides: int = 0) -> None:
        """See L{comet.video.ring.Belfry.tell_rung}."""
        if not ring.only:
            self.book.tell_user(ring.user, event, besides)
        elif ring.only != besides:
            self.book.tell(ring.only, event)

    def tell_ringer(self, ring: Ring, event: RoomEvent) -> None:
        """See L{comet.video.ring.Belfry.tell_ringer}."""
        if ring.seat:
            if (seat := self.seats.get(ring.seat)) is not None:
                seat.tell(event)
        elif ring.caller_id:
            self.book.tell_user(User(self.channel.dev_id, ring.caller_id), event)

    def ring_taken(self, ring: Ring) -> None:
        """See L{comet.video.ring.Belfry.ring_taken}."""
        self._forget(ring, Reason.TAKEN)
        self.acts.answered()

    def ring_vanished(self, ring: Ring) -> None:
        """See L{comet.video.ring.Belfry.ring_vanished}."""
        self._forget(ring, None)

    def ring_over(self, ring: Ring, reason: Reason) -> None:
        """See L{comet.video.ring.Belfry.ring_over}."""
        self._forget(ring, reason)
        self.acts.unanswered(reason)

    def _forget(self, ring: Ring, reason: Reason | None) -> None:
        if self.has(ring):
            del self.rings[ring.user.user_id]
            self.book.ring_gone(self, ring, reason)


def _call() -> Callable[[Room], RoomActs]:
    builder = TypeMachineBuilder(RoomActs, Room)
    calling, talking, over = map(builder.state, ("calling", "talking", "over"))

    def end(acts: RoomActs, room: Room, reason: Reason) -> None:
        room.close(reason)

    calling.upon(RoomActs.answered).to(talking).returns(None)
    calling.upon(RoomActs.unanswered).to(over)(end)
    calling.upon(RoomActs.freed).to(over)(end)
    talking.upon(RoomActs.freed).to(over)(end)
    talking.upon(RoomActs.answered).loop().returns(None)
    talking.upon(RoomActs.unanswered).loop().returns(None)
    for state in (calling, talking, over):
        for act in (RoomActs.filled, RoomActs.crowded, RoomActs.emptied, RoomActs.calmed):
            state.upon(act).loop().returns(None)
    over.upon(RoomActs.answered).loop().returns(None)
    over.upon(RoomActs.unanswered).loop().returns(None)
    over.upon(RoomActs.freed).loop().returns(None)
    return builder.build()


def _room() -> Callable[[Room], RoomActs]:
    builder = TypeMachineBuilder(RoomActs, Room)
    empty, mesh, sfu = map(builder.state, ("empty", "mesh", "sfu"))

    def crowd(acts: RoomActs, room: Room, newest: int) -> None:
        room.turn(Topology.SFU, newest)

    @sfu.upon(RoomActs.emptied).to(empty)
    def rest(acts: RoomActs, room: Room) -> None:
        room.turn(Topology.MESH)

    @sfu.upon(RoomActs.calmed).to(mesh)
    def calm(acts: RoomActs, room: Room) -> None:
        room.turn(Topology.MESH)

    empty.upon(RoomActs.calmed).loop().returns(None)
    mesh.upon(RoomActs.calmed).loop().returns(None)
    empty.upon(RoomActs.filled).to(mesh).returns(None)
    mesh.upon(RoomActs.filled).loop().returns(None)
    sfu.upon(RoomActs.filled).loop().returns(None)
    empty.upon(RoomActs.crowded).to(sfu)(crowd)
    mesh.upon(RoomActs.crowded).to(sfu)(crowd)
    sfu.upon(RoomActs.crowded).loop().returns(None)
    mesh.upon(RoomActs.emptied).to(empty).returns(None)
    empty.upon(RoomActs.emptied).loop().returns(None)
    for state in (empty, mesh, sfu):
        state.upon(RoomActs.answered).loop().returns(None)
        state.upon(RoomActs.unanswered).loop().returns(None)
        state.upon(RoomActs.freed).loop().returns(None)
    return builder.build()


make_call = _call()
make_room = _room()
