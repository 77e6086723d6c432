"""
A seat: the place of one device in a room, and what becomes of it when its connection goes.

::

                 take_up                    take_up
                  +---+       +----------------------------------+
                  v   |       v                                  |
    (a new one) sitting ---lose---> lost ------------------------+
                  |                  |
                  +------rise--------+---rise---> free
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from comet.model import Channel, User
from comet.video.model import Back, Ended, Gone, Lost, On, Reason, RoomEvent, Sitting


class Host(Protocol):
    """
    The room of a seat, as the seat sees it.

    @ivar channel: its tenant and name.
    @ivar now: when that happens which happens, in whole seconds since 1970.
    """

    channel: Channel

    @property
    def name(self) -> str:
        """The name of the room."""

    @property
    def now(self) -> int:
        """See above."""

    def tell(self, connection: int, event: RoomEvent) -> None:
        """Tell one connection."""

    def tell_others(self, seat: Seat, event: RoomEvent) -> None:
        """Tell all that sit there but for C{seat}."""

    def move_seat(self, seat: Seat, connection: int, until: float) -> None:
        """
        Let C{seat} go by another connection.

        @param connection: 0 for none; then it is lost.
        @param until: until when it may be found, if it is lost; else 0.
        """

    def seat_freed(self, seat: Seat, reason: Reason) -> None:
        """Nobody sits on C{seat} any more."""


class SeatActs(Protocol):
    """What may happen to a seat."""

    def take_up(self, connection: int) -> None:
        """Whoever sits there goes on over this connection."""

    def lose(self, until: float) -> None:
        """The connection is gone, and may come back until then."""

    def rise(self, reason: Reason) -> None:
        """Nobody sits there any more."""


@dataclass(slots=True, eq=False)
class Seat:
    """
    A seat.

    @ivar number: that of the connection that took it.
    @ivar secret: proves that it is one's own.
    @ivar connection: the one over which its device is reached; 0 while that is lost.
    @ivar slot: the node that looks after it: that of the connection, as long as there is one.
    @ivar since: since when it is taken, in seconds since 1970.
    @ivar until: while it is lost, until when it may be found again; else 0.
    @ivar by_server: whether its media goes by way of the media server, as far as its node knows.
    @ivar talking_since: since when somebody talks there; 0 if nobody does.
    @ivar talked: when somebody has stopped talking there last; 0 for never.
    """

    room: Host
    number: int
    user: User
    secret: str = field(repr=False)
    connection: int
    slot: int
    on: On
    since: float
    until: float = 0
    by_server: bool = False
    talking_since: float = 0
    talked: float = 0
    acts: SeatActs = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """A seat is taken when it is made."""
        self.acts = make_seat(self)

    @property
    def is_lost(self) -> bool:
        """Whether its connection is gone."""
        return self.until > 0

    @property
    def shown(self) -> Sitting:
        """The seat as others may know it."""
        user_id, since = self.user.user_id, int(self.since)
        return Sitting(self.number, self.connection, user_id, self.on, self.is_lost, since)

    def tell(self, event: RoomEvent) -> None:
        """Tell whoever sits there, unless that one is lost."""
        if self.connection:
            self.room.tell(self.connection, event)


def _machine() -> Callable[[Seat], SeatActs]:
    builder = TypeMachineBuilder(SeatActs, Seat)
    sitting, lost, free = map(builder.state, ("sitting", "lost", "free"))

    @sitting.upon(SeatActs.take_up).loop()
    def move(acts: SeatActs, seat: Seat, connection: int) -> None:
        # A second tab, or a device that is faster than our notice of what it has lost.
        room = seat.room
        if connection != seat.connection:
            seat.tell(Gone(room.name, room.now, seat.number, seat.user.user_id, Reason.MOVED))
            come_back(acts, seat, connection)

    @lost.upon(SeatActs.take_up).to(sitting)
    def come_back(acts: SeatActs, seat: Seat, connection: int) -> None:
        room = seat.room
        room.move_seat(seat, connection, 0)
        room.tell_others(seat, Back(room.name, room.now, seat.shown))

    @sitting.upon(SeatActs.lose).to(lost)
    def lose(acts: SeatActs, seat: Seat, until: float) -> None:
        room = seat.room
        room.move_seat(seat, 0, until)
        room.tell_others(seat, Lost(room.name, room.now, seat.number, int(until)))

    def rise(acts: SeatActs, seat: Seat, reason: Reason) -> None:
        if reason is Reason.REMOVED:
            seat.tell(Ended(seat.room.name, seat.room.now, reason))
        seat.room.seat_freed(seat, reason)

    sitting.upon(SeatActs.rise).to(free)(rise)
    lost.upon(SeatActs.rise).to(free)(rise)
    lost.upon(SeatActs.lose).loop().returns(None)
    free.upon(SeatActs.take_up).loop().returns(None)
    free.upon(SeatActs.lose).loop().returns(None)
    free.upon(SeatActs.rise).loop().returns(None)
    return builder.build()


make_seat = _machine()
