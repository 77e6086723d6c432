"""
A ring: an invitation into a room, which one device takes, or none.

::

    (a new one) new ---begin---> ringing ---take---> taken
                                  ^   |
                                  |   +-end, vanish-> over
                                  +-begin (rung again)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from comet.model import Channel, User
from comet.video.model import (
    Answered,
    Invited,
    Mode,
    Reason,
    Ringing,
    Rings,
    RoomEvent,
    Silent,
    Unanswered,
    is_call,
)


class Belfry(Protocol):
    """
    The room of a ring, as the ring sees it.

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

    def has(self, ring: Ring) -> bool:
        """@return: whether C{ring} is one of the room."""

    def devices(self, user: User) -> int:
        """@return: how many devices C{user} has."""

    def tell_rung(self, ring: Ring, event: RoomEvent, besides: int = 0) -> None:
        """Tell the devices that are rung, but for one."""

    def tell_ringer(self, ring: Ring, event: RoomEvent) -> None:
        """Tell the one who rings, if that is anybody."""

    def ring_taken(self, ring: Ring) -> None:
        """Somebody has sat down because of C{ring}."""

    def ring_vanished(self, ring: Ring) -> None:
        """C{ring} is not there any more."""

    def ring_over(self, ring: Ring, reason: Reason) -> None:
        """Nobody will take C{ring} any more."""


class RingActs(Protocol):
    """What may happen to a ring."""

    def begin(self) -> None:
        """It rings."""

    def take(self, seat: int, connection: int) -> None:
        """A device that is rung sits down."""

    def end(self, reason: Reason, besides: int) -> None:
        """
        It rings no more.

        @param besides: the connection that has declined it, which knows; 0 for none.
        """

    def vanish(self) -> None:
        """It is not there any more, and what has become of it is not known here: perhaps it was taken."""


@dataclass(slots=True, eq=False)
class Ring:
    """
    A ring.

    @ivar user: who is rung.
    @ivar only: the only connection that is rung; 0: all of the user's.
    @ivar caller_id: who rings, 0 for nobody known or the site.
    @ivar seat: the seat from which it is rung, 0 for SQL.
    @ivar connection: the connection that has rung, 0 for SQL.
    @ivar until: when it expires, in seconds since 1970.
    @ivar slot: the node that looks after it.
    """

    room: Belfry
    user: User
    only: int
    caller_id: int
    seat: int
    connection: int
    mode: Mode
    data: str
    until: int
    slot: int
    acts: RingActs = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """A ring is silent when it is made."""
        self.acts = make_ring(self)

    @property
    def is_on(self) -> bool:
        """Whether it rings."""
        return self.room.has(self)

    @property
    def is_call(self) -> bool:
        """Whether it is into a call, and not into a room."""
        return is_call(self.room.name)

    def is_for(self, connection: int, now: float) -> bool:
        """@return: whether a connection of L{user} may take it."""
        return now < self.until and self.only in (0, connection)

    @property
    def shown(self) -> Invited:
        """The ring as those may know it who see the room."""
        return Invited(self.user.user_id, self.caller_id, self.connection, self.mode, self.until)

    def told(self, time: int) -> Rings:
        """@return: what the devices are told that are rung, at that time."""
        return Rings(
            *(self.room.name, time, self.caller_id, self.connection, self.mode, self.data, self.until)
        )


def _machine() -> Callable[[Ring], RingActs]:
    builder = TypeMachineBuilder(RingActs, Ring)
    new, ringing, taken, over = map(builder.state, ("new", "ringing", "taken", "over"))

    def begin(acts: RingActs, ring: Ring) -> None:
        room = ring.room
        room.tell_rung(ring, ring.told(room.now))
        devices = 1 if ring.only else room.devices(ring.user)
        room.tell_ringer(ring, Ringing(room.name, room.now, ring.user.user_id, devices))

    new.upon(RingActs.begin).to(ringing)(begin)
    ringing.upon(RingActs.begin).loop()(begin)

    @ringing.upon(RingActs.take).to(taken)
    def take(acts: RingActs, ring: Ring, seat: int, connection: int) -> None:
        room = ring.room
        room.tell_rung(ring, Silent(room.name, room.now, Reason.TAKEN), connection)
        room.tell_ringer(ring, Answered(room.name, room.now, ring.user.user_id, seat))
        room.ring_taken(ring)

    @ringing.upon(RingActs.end).to(over)
    def end(acts: RingActs, ring: Ring, reason: Reason, besides: int) -> None:
        room = ring.room
        # What is said to who rings, such as that one is busy, is nothing to one's other devices.
        silent = Reason.DECLINED if reason is Reason.BUSY else reason
        if reason is not Reason.OFFLINE:
            room.tell_rung(ring, Silent(room.name, room.now, silent), besides)
        room.tell_ringer(ring, Unanswered(room.name, room.now, ring.user.user_id, reason))
        room.ring_over(ring, reason)

    @ringing.upon(RingActs.vanish).to(over)
    def vanish(acts: RingActs, ring: Ring) -> None:
        room = ring.room
        room.tell_rung(ring, Silent(room.name, room.now, Reason.ENDED))
        room.ring_vanished(ring)

    for state in (new, taken, over):
        state.upon(RingActs.vanish).loop().returns(None)
        state.upon(RingActs.take).loop().returns(None)
        state.upon(RingActs.end).loop().returns(None)
    for state in (taken, over):
        state.upon(RingActs.begin).loop().returns(None)
    return builder.build()


make_ring = _machine()
