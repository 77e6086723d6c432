"""
What one server looks after, as it tells the others that do not know it yet, or know it wrongly.

As long as all servers hear all steps, they know the same. One that comes later, or was cut off, does not; so
each tells the seats and rings it looks after, its I{part}, and its word counts for them. When a server is
dead, another is heir to its part: the seats are lost then, and may be found from any server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from comet.model import Channel, User
from comet.video.model import Mode, On, Reason
from comet.video.registry import Registry, Result
from comet.video.ring import Ring
from comet.video.room import Room
from comet.video.seat import Seat


class SeatRow(NamedTuple):
    """A seat; see L{Seat}."""

    dev_id: int
    room: str
    number: int
    secret: str
    user_id: int
    connection: int
    on: list[bool]
    since: float
    until: float
    talking_since: float
    talked: float
    by_server: bool


class RingRow(NamedTuple):
    """A ring; see L{Ring}."""

    dev_id: int
    room: str
    user_id: int
    only: int
    caller_id: int
    seat: int
    connection: int
    mode: str
    data: str
    until: int


_KINDS: dict[str, type[SeatRow | RingRow]] = {"seat": SeatRow, "ring": RingRow}


def part(book: Registry, slot: int) -> list[tuple[Any, ...]]:
    """@return: all that the node in C{slot} looks after."""
    seats = (
        (
            *("seat", *seat.room.channel, seat.number, seat.secret, seat.user.user_id, seat.connection),
            *(list(seat.on), seat.since, seat.until, seat.talking_since, seat.talked),
            seat.by_server,
        )
        for seat in _seats(book, slot)
    )
    rings = (
        (
            *("ring", *ring.room.channel, ring.user.user_id, ring.only, ring.caller_id, ring.seat),
            *(ring.connection, ring.mode.value, ring.data, ring.until),
        )
        for ring in _rings(book, slot)
    )
    return [*seats, *rings]


def replace(book: Registry, slot: int, told: Iterable[list[Any]], time: float, mesh_limit: int) -> Result:
    """
    Let C{told} be all that the node in C{slot} looks after.

    @return: what follows from it. Calls that seem to miss somebody are noted in C{book.suspects}.
    """
    return book.do(time, _Replacement(book, slot, _read(told), mesh_limit).happen)


def learn(book: Registry, slot: int, told: Iterable[list[Any]], time: float, mesh_limit: int) -> Result:
    """
    Believe what another node has told of what that in C{slot} looks after, which has not told it itself.

    @return: what follows from it. What is known already stays as it is.
    """
    return book.do(time, _Replacement(book, slot, _read(told), mesh_limit).add)


def _read(told: Iterable[list[Any]]) -> list[SeatRow | RingRow]:
    return [kind(*row[1 : 1 + len(kind._fields)]) for row in told if (kind := _KINDS.get(row[0]))]


class _Replacement:
    def __init__(self, book: Registry, slot: int, rows: list[SeatRow | RingRow], mesh_limit: int) -> None:
        self._book, self._slot, self._mesh_limit = book, slot, mesh_limit
        self._seats = {(row.dev_id, row.room, row.number): row for row in rows if isinstance(row, SeatRow)}
        self._rings = {(row.dev_id, row.room, row.user_id): row for row in rows if isinstance(row, RingRow)}

    def happen(self) -> None:
        """Let what is told be so."""
        for row in self._seats.values():
            self._tell_seat(row)
        for offer in self._rings.values():
            self._tell_ring(offer)
        for ring in _rings(self._book, self._slot):
            if (*ring.room.channel, ring.user.user_id) not in self._rings:
                ring.acts.vanish()
        for seat in _seats(self._book, self._slot):
            if (*seat.room.channel, seat.number) not in self._seats:
                seat.acts.rise(Reason.LOST)
        self._look_around()

    def _look_around(self) -> None:
        """See what has become of the rooms."""
        for channel in self._book.touched:
            room = self._book.rooms.get(channel)
            if room is None:
                continue
            if room.is_call:
                self._book.suspects[channel] = self._book.time
            elif any(seat.by_server for seat in room.seats.values()):
                room.acts.crowded(0)
                for seat in room.seats.values():
                    self._book.turn(seat, True)
            else:
                room.acts.calmed()

    def add(self) -> None:
        """Let what is told be so, too."""
        for row in self._seats.values():
            room = self._book.rooms.get(Channel(row.dev_id, row.room))
            if room is None or row.number not in room.seats:
                self._tell_seat(row)
        for offer in self._rings.values():
            if self._book.ring(Channel(offer.dev_id, offer.room), User(offer.dev_id, offer.user_id)) is None:
                self._tell_ring(offer)
        self._look_around()

    def _tell_seat(self, row: SeatRow) -> None:
        book, channel = self._book, Channel(row.dev_id, row.room)
        room = book.open(channel)
        seat = room.seats.get(row.number)
        if seat is not None and seat.secret != row.secret:
            seat.acts.rise(Reason.LOST)
            room, seat = book.open(channel), None
        if seat is not None and row.until and seat.connection and seat.slot != self._slot:
            return  # it was found meanwhile, over another node
        taken = book.seat(channel, row.connection) if row.connection else None
        if taken is not None and taken is not seat:
            taken.acts.rise(Reason.LOST)
            room = book.open(channel)
        if seat is None:
            seat = self._new_seat(room, row)
        book.give(seat, self._slot)
        if row.connection:
            seat.acts.take_up(row.connection)
        else:
            seat.acts.lose(row.until)
        book.switch(seat, On(*row.on))
        seat.talking_since, seat.talked = row.talking_since, row.talked
        book.turn(seat, row.by_server)

    def _new_seat(self, room: Room, row: SeatRow) -> Seat:
        user, on = User(row.dev_id, row.user_id), On(*row.on)
        seat = Seat(
            *(room, row.number, user, row.secret, row.connection, self._slot, on, row.since), row.until
        )
        self._book.place(room, seat, self._mesh_limit)
        room.sort()
        return seat

    def _tell_ring(self, row: RingRow) -> None:
        book, channel, user = self._book, Channel(row.dev_id, row.room), User(row.dev_id, row.user_id)
        ring = book.ring(channel, user)
        if ring is not None:
            ring.until, ring.data, ring.mode = row.until, row.data, Mode(row.mode)
            book.give(ring, self._slot)
        elif not book.sits(user, channel) and book.time < row.until:
            room, mode = book.open(channel), Mode(row.mode)
            offer = (user, row.only, row.caller_id, row.seat, row.connection, mode, row.data, row.until)
            book.invite(room, Ring(room, *offer, self._slot))


def bury(book: Registry, slot: int, heir: int, time: float, until: float) -> Result:
    """
    The node in C{slot} is dead.

    @param heir: the node that looks after its part from now on.
    @param until: until when its seats may be found again.
    @return: what follows from it.
    """

    def happen() -> None:
        for seat in _seats(book, slot):
            seat.acts.lose(until)
        _give(book, slot, heir)

    return book.do(time, happen)


def move(book: Registry, before: int, after: int) -> None:
    """The node in C{before} goes by another slot."""
    book.do(book.time, lambda: _give(book, before, after))


def _give(book: Registry, before: int, after: int) -> None:
    for seat in _seats(book, before):
        book.give(seat, after)
    for ring in _rings(book, before):
        book.give(ring, after)


def _seats(book: Registry, slot: int) -> list[Seat]:
    return [seat for room in book.rooms.values() for seat in room.seats.values() if seat.slot == slot]


def _rings(book: Registry, slot: int) -> list[Ring]:
    return [ring for ring in book.rings() if ring.slot == slot]
