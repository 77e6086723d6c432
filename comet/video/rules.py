"""
What a step comes to.

All that several may want at once is decided here, by the order of the steps alone: which of two that ring
each other has called (glare), which of a user's devices takes a ring, who is the last that a room takes.
"""

from __future__ import annotations

import hmac

from comet.errors import Busy, MediaAway, NoRoom, NoSeat, NotAllowed, NotInRoom, RoomFull
from comet.model import Channel, User
from comet.video.model import Mode, On, Reason, Topology, is_call
from comet.video.registry import Registry, Result
from comet.video.ring import Ring
from comet.video.room import CALL_SEATS, Room
from comet.video.seat import Seat
from comet.video.steps import (
    Calls,
    Cancels,
    Declines,
    Ends,
    Frees,
    Invites,
    Joins,
    Leaves,
    Loses,
    Removes,
    Returns,
    Silences,
    Step,
    Tells,
)

#: In how many rooms one connection may sit.
SEATS_LIMIT = 16
#: What is between two that sit down in a room, at least, in seconds.
LATER = 0.001
#: How many may be rung into one room at once.
RINGS_LIMIT = 1_000


class Rules:
    """Applies steps to the book."""

    def __init__(self, book: Registry) -> None:
        self._book = book

    def apply(self, step: Step, slot: int) -> Result:
        """
        Let C{step} take effect.

        @param slot: the node that has said it.
        """
        return self._book.do(step.time, lambda: self._apply(Channel(step.dev_id, step.room), step, slot))

    def _apply(self, channel: Channel, step: Step, slot: int) -> Seat | None:
        match step:
            case Calls():
                return self._call(channel, step, slot)
            case Joins():
                return self._join(channel, step, slot)
            case Returns():
                return self._return(channel, step, slot)
            case Invites():
                self._invite(channel, step, slot)
            case Declines():
                self._decline(channel, step)
            case Cancels():
                self._cancel(channel, step)
            case Silences():
                self._silence(channel, step)
            case Tells():
                self._book.switch(self._seat(channel, step.connection), On(*step[4:]))
            case Leaves():
                self._seat(channel, step.connection).acts.rise(Reason(step.reason))
            case Loses():
                self._seat(channel, step.connection).acts.lose(step.until)
            case Frees():
                self._free(channel, step, slot)
            case Removes():
                self._remove(channel, step)
            case Ends():
                if (room := self._book.rooms.get(channel)) is not None:
                    self._book.close(room, Reason(step.reason))
        return None

    def _seat(self, channel: Channel, connection: int) -> Seat:
        seat = self._book.seat(channel, connection)
        if seat is None:
            raise NotInRoom(f"you are not in {channel.name}")
        return seat

    # Sitting down -----------------------------------------------------------------------------------------

    def _call(self, channel: Channel, step: Calls, slot: int) -> Seat:
        caller, rung = User(step.dev_id, step.caller_id), User(step.dev_id, step.user_id)
        answered = self._glare(caller, rung, step)
        if answered is None:
            self._check_idle(caller, rung)
            self._check_room(step.connection, step.rooms)
            if channel in self._book.rooms:
                raise RoomFull(f"there is a call {step.room} already")
        room = answered or self._book.open(channel)
        seat = self._sit(room, caller, step, slot, CALL_SEATS)
        if answered is None:
            offer = Ring(
                *(room, rung, step.only, step.caller_id, seat.number, step.connection),
                *(Mode(step.mode), step.data, step.until, slot),
            )
            self._book.invite(room, offer)
        return seat

    def _glare(self, caller: User, rung: User, step: Calls) -> Room | None:
        """@return: the call into which C{rung} rings C{caller} already."""
        for channel, ring in self._book.ringing.get(caller, {}).items():
            is_glare = is_call(channel.name) and ring.caller_id == rung.user_id
            if is_glare and ring.is_for(step.connection, step.time):
                return self._book.open(channel)
        return None

    def _check_idle(self, caller: User, rung: User) -> None:
        if caller == rung:
            raise Busy("this is you yourself")
        if self._book.is_busy(rung):
            raise Busy(f"user {rung.user_id} is in a call or a room already")

    def _check_room(self, connection: int, rooms: int) -> None:
        """@param rooms: how many there may be, the one that is asked for included."""
        if len(self._book.rooms) >= rooms:
            raise RoomFull(f"there are {rooms} rooms already, the limit [video] rooms")
        if len(self._book.seats(connection)) >= SEATS_LIMIT:
            raise RoomFull(f"you are in {SEATS_LIMIT} rooms already: leave one first")

    def _join(self, channel: Channel, step: Joins, slot: int) -> Seat:
        if (seat := self._book.seat(channel, step.connection)) is not None:
            return seat
        user = User(step.dev_id, step.user_id)
        ring, room = self._book.ring(channel, user), self._book.rooms.get(channel)
        if ring is not None and not ring.is_for(step.connection, step.time):
            ring = None
        limit = CALL_SEATS if is_call(step.room) else step.limit
        needs_media = step.media_away and room is not None and room.topology is Topology.MESH
        if needs_media:
            limit = min(limit, step.mesh_limit)
        is_let_in = ring is not None or (step.is_free and not is_call(step.room))
        is_full = room is not None and len(room.seats) >= limit
        self._check_room(step.connection, step.rooms + (room is not None))
        if is_let_in and not is_full:
            return self._sit(self._book.open(channel), user, step, slot, step.mesh_limit)
        # Who was there just now, and does not know the secret any more: a page that was loaded anew.
        if (lost := self._book.lost_seat(channel, user)) is not None:
            return self._take_up(lost, step.connection, slot)
        if not is_let_in:
            raise NoRoom(f"there is no call {step.room}, or it does not ring for you any more")
        if needs_media and limit == step.mesh_limit:
            raise MediaAway(f"{limit} are in {step.room}, and for more the media server is away just now")
        raise RoomFull(f"{limit} are in {step.room}, and no more may be")

    def _sit(self, room: Room, user: User, step: Calls | Joins, slot: int, mesh_limit: int) -> Seat:
        number = step.connection
        if number in room.seats:
            raise NoSeat(f"seat {number} was taken by another connection of that number: connect anew")
        # Later than all that are there, whatever the clocks of their servers say.
        since = max([self._book.time, *(seat.since + LATER for seat in room.seats.values())])
        seat = Seat(room, number, user, step.secret, number, slot, On.of(Mode(step.mode)), since)
        self._book.place(room, seat, mesh_limit)
        return seat

    def _return(self, channel: Channel, step: Returns, slot: int) -> Seat:
        room = self._book.rooms.get(channel)
        seat = None if room is None else room.seats.get(step.seat)
        if seat is None or seat.user.user_id != step.user_id or not _same(seat.secret, step.secret):
            raise NoSeat(f"there is no such seat in {step.room} any more: join anew")
        if seat.connection != step.connection:
            if self._book.seat(channel, step.connection) is not None:
                raise NoSeat(f"you have another seat in {step.room}")
            self._check_room(step.connection, len(self._book.rooms) + 1)
        return self._take_up(seat, step.connection, slot)

    def _take_up(self, seat: Seat, connection: int, slot: int) -> Seat:
        self._book.give(seat, slot)
        seat.acts.take_up(connection)
        return seat

    # Rings ------------------------------------------------------------------------------------------------

    def _invite(self, channel: Channel, step: Invites, slot: int) -> None:
        caller, rung = User(step.dev_id, step.caller_id), User(step.dev_id, step.user_id)
        number = self._inviting(channel, caller, rung, step) if step.connection else 0
        if self._book.sits(rung, channel):
            return
        self._check_room(0, step.rooms + (channel in self._book.rooms))
        room = self._book.open(channel)
        before, mode = room.rings.get(step.user_id), Mode(step.mode)
        if before is None and len(room.rings) >= RINGS_LIMIT:
            raise RoomFull(f"{RINGS_LIMIT} are rung into {step.room} already")
        if before is None:
            offer = Ring(
                *(room, rung, step.only, step.caller_id, number, step.connection),
                *(mode, step.data, step.until, slot),
            )
            self._book.invite(room, offer)
        elif not number:
            # It rings already; the site says so anew.
            before.until, before.data, before.mode = step.until, step.data, mode
            before.acts.begin()

    def _inviting(self, channel: Channel, caller: User, rung: User, step: Invites) -> int:
        """@return: the seat of somebody who may ring C{rung} into the room."""
        seat = self._seat(channel, step.connection)
        if is_call(step.room):
            raise NotAllowed("a call is for two: nobody else is rung into it")
        self._check_idle(caller, rung)
        return seat.number

    def _decline(self, channel: Channel, step: Declines) -> None:
        ring = self._book.ring(channel, User(step.dev_id, step.user_id))
        if ring is None or not ring.is_for(step.connection, step.time):
            raise NoRoom(f"it does not ring for {step.room}")
        ring.acts.end(Reason(step.reason), step.connection)

    def _cancel(self, channel: Channel, step: Cancels) -> None:
        seat = self._seat(channel, step.connection)
        ring = self._book.ring(channel, User(step.dev_id, step.user_id))
        if ring is None or ring.seat != seat.number:
            raise NoRoom(f"you do not ring user {step.user_id} into {step.room}")
        ring.acts.end(Reason.CANCELLED, 0)

    def _silence(self, channel: Channel, step: Silences) -> None:
        ring, reason = self._book.ring(channel, User(step.dev_id, step.user_id)), Reason(step.reason)
        # It may have been rung anew meanwhile.
        if ring is not None and (reason is not Reason.EXPIRED or ring.until <= step.time):
            ring.acts.end(reason, 0)

    # Getting up -------------------------------------------------------------------------------------------

    def _free(self, channel: Channel, step: Frees, slot: int) -> None:
        room = self._book.rooms.get(channel)
        seat = None if room is None else room.seats.get(step.seat)
        # It may have been found, and lost again, meanwhile: the node knows that looks after it.
        if seat is not None and seat.is_lost and (slot == seat.slot or seat.until <= step.time):
            seat.acts.rise(Reason.LOST)

    def _remove(self, channel: Channel, step: Removes) -> None:
        room = self._book.rooms.get(channel)
        if room is not None:
            for user_id in step.users:
                if (ring := room.rings.get(user_id)) is not None:
                    ring.acts.end(Reason.CANCELLED, 0)
            for seat in list(room.seats.values()):
                if seat.user.user_id in step.users:
                    seat.acts.rise(Reason.REMOVED)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
