"""The desk where clients ask for calls and rooms: it looks what they may, and lets it be done."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias

from comet.errors import (
    NoRoom,
    NoSeat,
    NotAllowed,
    NotInRoom,
    Offline,
    Refused,
    TooFast,
    TooLong,
    UnknownUser,
)
from comet.identity import Right
from comet.model import Channel, Event, Refusal, User
from comet.video import ice
from comet.video.hall import Guest, Hall
from comet.video.model import (
    CALL,
    AskIce,
    AskRoom,
    Call,
    Cancel,
    Decline,
    IceGiven,
    Invite,
    Join,
    Leave,
    Reason,
    RoomCommand,
    RoomSeen,
    Seated,
    Signal,
    Signalled,
    Tell,
    Topology,
    is_call,
)
from comet.video.registry import Outcome
from comet.video.room import CALL_SEATS
from comet.video.seat import Seat
from comet.video.steps import Calls, Cancels, Declines, Invites, Joins, Leaves, Returns, Step, Tells

#: What the names begin with that rights are for: whom one rings, and where one enters.
USER_PREFIX, ROOM_PREFIX = "call_user_", "call_room_"

#: Tells a client what its command has come to: an event, or nothing but that it is done.
Answer: TypeAlias = Callable[[Event | None], None]


def _token() -> str:
    """@return: what nobody guesses: 22 characters that may be in names."""
    return secrets.token_urlsafe(16)


class Desk:
    """Carries out the commands of the clients of one server."""

    def __init__(self, hall: Hall, token: Callable[[], str] = _token) -> None:
        """@param token: makes secrets, and the names of calls."""
        self._hall, self._house, self._book, self._token = hall, hall.house, hall.book, token

    async def carry_out(self, command: RoomCommand, guest: Guest, answer: Answer) -> None:
        """
        Do what a client asks for.

        @param answer: is called once, now or later.
        @raise Refused: if it is not granted; then C{answer} is not called.
        """
        try:
            await self._carry_out(command, guest, answer)
        except Refused as error:
            self._hall.tally.refuse(error)
            raise

    async def _carry_out(self, command: RoomCommand, guest: Guest, answer: Answer) -> None:
        match command:
            case Call() | Invite():
                step = await self._ring(command, guest)
            case Join():
                step = self._join(command, guest)
            case Decline(room, reason):
                self._need_ring(guest, room)
                step = Declines(*self._place(guest, room), guest.user.user_id, reason.value)
            case Cancel(room, user_id):
                self._need_seat(guest, room)
                step = Cancels(*self._place(guest, room), user_id)
            case Tell(room, changes):
                on = self._need_seat(guest, room).on._replace(**changes)
                step = Tells(*self._place(guest, room), *on)
            case Leave(room):
                step = Leaves(*self._place(guest, room), Reason.HANGUP.value)
            case Signal():
                self._signal(command, guest)
                self._hall.tally.signals += 1
                return answer(None)
            case AskRoom(room):
                return answer(self._seen(guest, room))
            case AskIce():
                return answer(self._ice(guest))
        self._say(step, guest, command, answer)

    def _say(self, step: Step, guest: Guest, command: RoomCommand, answer: Answer) -> None:
        """Let C{step} take effect everywhere, and the client know what it has come to."""

        def done(outcome: Outcome) -> None:
            if isinstance(outcome, Refused):
                self._hall.tally.refuse(outcome)
                answer(Refusal(outcome, int(step.time), type(command)))
            elif isinstance(outcome, Seat):
                answer(self._seated(outcome))
                if guest.is_over:
                    # It has gone while that was on its way.
                    self._hall.ended(guest)
            else:
                answer(None)

        self._hall.say(step, done)

    def _place(self, guest: Guest, room: str) -> tuple[float, int, str, int]:
        """@return: what most steps begin with: when, where, and by which connection."""
        return self._hall.now(), guest.user.dev_id, room, guest.number

    # Ringing ----------------------------------------------------------------------------------------------

    async def _ring(self, command: Call | Invite, guest: Guest) -> Step:
        if isinstance(command, Invite):
            self._need_seat(guest, command.room)
        rung = await self._rung(command, guest)
        self._hall.welcome(guest)
        until, rooms = int(self._hall.now()) + self._hall.video.ring, self._hall.video.rooms
        user_id, only, mode, data = rung.user_id, command.connection, command.mode.value, command.data
        if isinstance(command, Invite):
            place = (*self._place(guest, command.room), guest.user.user_id)
            return Invites(*place, user_id, only, mode, data, until, rooms)
        caller = (*self._place(guest, f"{CALL}{self._token()}"), guest.user.user_id, self._token())
        return Calls(*caller, user_id, only, mode, data, until, rooms)

    async def _rung(self, command: Call | Invite, guest: Guest) -> User:
        """@return: who is to be rung, if that may be, and can."""
        user = User(guest.user.dev_id, command.user_id)
        if command.connection:
            whose = self._hall.whose(command.connection)
            if whose is None or whose.dev_id != user.dev_id:
                raise Offline(f"nobody who is signed in has the connection {command.connection}")
            user = whose
        self._check(Right.PUBLISH, f"{USER_PREFIX}{user.user_id}", guest, f"to ring user {user.user_id}")
        key = guest.user if guest.user.user_id else guest.number
        if not self._hall.paces.take(key, self._hall.now()):
            raise TooFast(f"Too many rings: at most {self._hall.video.calls_per_minute} in a minute")
        if not self._hall.online.is_online(user):
            keys, seen = await self._house.store.keys([user]), await self._house.store.last_seen([user])
            if not keys and not seen:
                raise UnknownUser(f"there is no user {user.user_id}: no key is set, and nobody was ever here")
            raise Offline(f"user {user.user_id} is not here now")
        return user

    def _check(self, right: Right, name: str, guest: Guest, what: str) -> None:
        try:
            self._house.rights.check(right, Channel(guest.user.dev_id, name), guest.identity)
        except NotAllowed as error:
            raise NotAllowed(f"{error}, and that it takes {what}") from None

    # Sitting ----------------------------------------------------------------------------------------------

    def _join(self, command: Join, guest: Guest) -> Step:
        room, user_id, hall = command.room, guest.user.user_id, self._hall
        if command.seat:
            hall.welcome(guest)
            return Returns(*self._place(guest, room), user_id, command.seat, command.secret)
        channel, is_free = Channel(guest.user.dev_id, room), False
        is_expected = self._is_rung(guest, channel) or self._was_there(guest, channel)
        if not is_call(room):
            try:
                self._check(Right.SUBSCRIBE, f"{ROOM_PREFIX}{room}", guest, f"to enter room {room}")
                is_free = True
            except NotAllowed:
                if not is_expected:
                    raise
        elif not is_expected:
            raise NoRoom(f"there is no call {room}, or it does not ring for you any more")
        hall.welcome(guest)
        sitting = (user_id, self._token(), command.mode.value, is_free)
        limits = hall.mesh_limit, hall.limit, hall.video.rooms
        return Joins(*self._place(guest, room), *sitting, *limits, hall.is_media_away)

    def _was_there(self, guest: Guest, channel: Channel) -> bool:
        if self._book.seat(channel, guest.number) is not None:
            return True
        return self._book.lost_seat(channel, guest.user) is not None

    def _is_rung(self, guest: Guest, channel: Channel) -> bool:
        ring = self._book.ring(channel, guest.user)
        return ring is not None and ring.is_for(guest.number, self._hall.now())

    def _need_ring(self, guest: Guest, room: str) -> None:
        if not self._is_rung(guest, Channel(guest.user.dev_id, room)):
            raise NoRoom(f"it does not ring for {room}")

    def _need_seat(self, guest: Guest, room: str) -> Seat:
        seat = self._book.seat(Channel(guest.user.dev_id, room), guest.number)
        if seat is None:
            raise NotInRoom(f"you are not in {room}")
        return seat

    def _seated(self, seat: Seat) -> Seated:
        room, now = self._book.rooms[seat.room.channel], int(self._hall.now())
        return Seated(
            *(room.name, now, seat.number, seat.secret, room.topology),
            ice.servers(self._hall.video, seat.user, now),
            CALL_SEATS if room.is_call else self._hall.limit_of(room.topology),
            tuple(each.shown for each in room.seats.values()),
        )

    def _signal(self, command: Signal, guest: Guest) -> None:
        size, most = len(command.data.encode()), self._hall.video.signal
        if size > most:
            raise TooLong(f"Data too long for data: {size} bytes of JSON, at most {most}")
        sender = self._need_seat(guest, command.room)
        if not command.to:
            if not self._hall.stage.knows(sender):
                raise NoSeat(f"media in {command.room} goes from each to each, not by way of a server")
            return self._hall.stage.signal(sender, command.data)
        seat = self._book.rooms[sender.room.channel].seats.get(command.to)
        if seat is None:
            raise NoSeat(f"nobody sits on {command.to} in {command.room}")
        if seat.is_lost:
            raise NoSeat(f"the connection of seat {command.to} is lost; it may come back")
        now, user_id = int(self._hall.now()), sender.user.user_id
        return self._hall.signal(seat, Signalled(command.room, now, sender.number, user_id, command.data))

    # Questions --------------------------------------------------------------------------------------------

    def _seen(self, guest: Guest, name: str) -> RoomSeen:
        channel, now = Channel(guest.user.dev_id, name), int(self._hall.now())
        if self._book.seat(channel, guest.number) is None and not self._is_rung(guest, channel):
            self._check(Right.MEMBERS, f"{ROOM_PREFIX}{name}", guest, f"to see who is in room {name}")
        room = self._book.rooms.get(channel)
        topology = Topology.MESH if room is None else room.topology
        limit = CALL_SEATS if is_call(name) else self._hall.limit_of(topology)
        if room is None:
            return RoomSeen(name, now, topology, limit, (), ())
        members = tuple(seat.shown for seat in room.seats.values())
        rings = tuple(ring.shown for ring in room.rings.values())
        return RoomSeen(name, now, topology, limit, members, rings)

    def _ice(self, guest: Guest) -> IceGiven:
        # Whoever has credentials may send anything to anywhere by way of the TURN servers.
        if not guest.user.user_id and not self._book.seats(guest.number):
            raise NotAllowed("only signed-in users, and who sits in a room, may use the TURN servers")
        now = int(self._hall.now())
        return IceGiven(ice.servers(self._hall.video, guest.user, now), now)
