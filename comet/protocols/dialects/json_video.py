"""The words of the JSON protocol for calls and rooms: see C{docs/reference/video-wire.rst}."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from comet.errors import BadValue, MissingValue, TooLong
from comet.model import ID_LIMIT, NAME_LIMIT, Event, Json, check_name
from comet.protocols.dialects import fields
from comet.protocols.dialects.words import Object, Word
from comet.video.model import (
    DATA_LIMIT,
    MEDIA,
    Answered,
    AskIce,
    AskRoom,
    Back,
    Call,
    Cancel,
    Decline,
    Ended,
    Entered,
    Gone,
    Ice,
    IceGiven,
    Invite,
    Invited,
    Join,
    Leave,
    Lost,
    Mode,
    On,
    Reason,
    Ringing,
    Rings,
    RoomSeen,
    Seated,
    Signal,
    Signalled,
    Silent,
    Sitting,
    Tell,
    Told,
    Turned,
    Unanswered,
    is_call,
)

#: The longest secret of a seat that is looked at, in characters.
SECRET_LIMIT = 64
#: Numbers of connections have four bytes.
CONNECTION_LIMIT = 2**32 - 1

_quoted = json.encoder.encode_basestring
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

E = TypeVar("E", Mode, Reason)


# Towards us -----------------------------------------------------------------------------------------------


def _room(command: Object) -> str:
    return check_name(fields.as_text(fields.need(command, "room"), "room"), "room", 1, NAME_LIMIT)


def _one_of(command: Object, key: str, allowed: tuple[E, ...]) -> E:
    """@return: the one of C{allowed} that a key names, the first if it is not there."""
    word = fields.text(command, key) or allowed[0].value
    for each in allowed:
        if each.value == word:
            return each
    raise BadValue(f"Incorrect {key}: one of {', '.join(each.value for each in allowed)} is expected")


def _mode(command: Object) -> Mode:
    return _one_of(command, "mode", (Mode.VIDEO, Mode.AUDIO, Mode.SCREEN))


def _data(command: Object) -> str:
    text = fields.text(command, "data")
    if (size := len(text.encode())) > DATA_LIMIT:
        raise TooLong(f"Data too long for data: {size} bytes, at most {DATA_LIMIT}")
    return text


def _rung(command: Object) -> tuple[int, int]:
    """@return: the user, or the connection, that is to be rung; the other is 0."""
    if command.get("connection") is not None:
        return 0, fields.number(command, "connection", 1, CONNECTION_LIMIT, 0)
    if "user_id" not in command:
        raise MissingValue("the key user_id is missing, or the key connection in its place")
    return fields.as_number(command["user_id"], "user_id", 1, ID_LIMIT), 0


def _call(command: Object) -> Call:
    return Call(*_rung(command), _mode(command), _data(command))


def _join(command: Object) -> Join:
    seat = fields.number(command, "seat", 1, CONNECTION_LIMIT, 0)
    secret = fields.text(command, "secret", SECRET_LIMIT)
    if seat and not secret:
        raise MissingValue("the key secret is missing, by which a seat is known as yours")
    return Join(_room(command), _mode(command), seat, secret)


def _invite(command: Object) -> Invite:
    return Invite(_room(command), *_rung(command), _mode(command), _data(command))


def _decline(command: Object) -> Decline:
    return Decline(_room(command), _one_of(command, "reason", (Reason.DECLINED, Reason.BUSY)))


def _cancel(command: Object) -> Cancel:
    return Cancel(_room(command), fields.user_id(command))


def _signal(command: Object) -> Signal:
    to = fields.need(command, "to")
    seat = 0 if to == MEDIA else fields.as_number(to, "to", 1, CONNECTION_LIMIT)
    data = fields.as_object(fields.need(command, "data"), "data")
    try:
        text = _write(data)
    except (ValueError, RecursionError):
        raise BadValue("Incorrect data: a number beyond all bounds, or too deeply nested") from None
    return Signal(_room(command), seat, fields.as_text(text, "data"))


def _tell(command: Object) -> Tell:
    return Tell(_room(command), {key: fields.flag(command, key) for key in On._fields if key in command})


#: What clients may say of calls and rooms.
COMMANDS: dict[str, Word] = {
    "call": Word(Call, _call, asks=True),
    "join": Word(Join, _join, asks=True),
    "invite": Word(Invite, _invite, asks=True),
    "decline": Word(Decline, _decline, asks=True),
    "cancel": Word(Cancel, _cancel, asks=True),
    "signal": Word(Signal, _signal),
    "media": Word(Tell, _tell),
    "leave": Word(Leave, lambda command: Leave(_room(command)), asks=True),
    "room": Word(AskRoom, lambda command: AskRoom(_room(command)), asks=True),
    "ice": Word(AskIce, lambda command: AskIce(), asks=True),
}


# Towards the client ---------------------------------------------------------------------------------------


def _member(member: Sitting) -> dict[str, Json]:
    seat, connection, user_id, on, lost, since = member
    return {
        "seat": seat,
        "connection": connection,
        "user_id": user_id,
        **on._asdict(),
        "lost": lost,
        "since": since,
    }


def _invited(ring: Invited) -> dict[str, Json]:
    return ring._asdict() | {"mode": ring.mode.value}


def _ice(given: Ice) -> dict[str, Json]:
    return {"ice": [dict(server) for server in given.servers], "expires": given.expires or None}


def _kind(room: str) -> str:
    return "call" if is_call(room) else "room"


def _seated(event: Seated) -> dict[str, Json]:
    return {
        "kind": _kind(event.room),
        "seat": event.seat,
        "secret": event.secret,
        "topology": event.topology.value,
        **_ice(event.ice),
        "limit": event.limit,
        "members": [_member(member) for member in event.members],
    }


def _seen(event: RoomSeen) -> dict[str, Json]:
    return {
        "kind": _kind(event.room),
        "topology": event.topology.value,
        "limit": event.limit,
        "members": [_member(member) for member in event.members],
        "rings": [_invited(ring) for ring in event.rings],
    }


def _rings(event: Rings) -> dict[str, Json]:
    return {
        "kind": _kind(event.room),
        "caller_id": event.caller_id,
        "connection": event.connection,
        "mode": event.mode.value,
        "data": event.data,
        "until": event.until,
    }


#: The word for each event, and the keys that it has besides the room and the time.
_FRAMES: dict[type[Event], tuple[str, Callable[[Any], Mapping[str, Json]]]] = {
    Seated: ("ok", _seated),
    RoomSeen: ("ok", _seen),
    Rings: ("ring", _rings),
    Silent: ("silent", lambda event: {"reason": event.reason.value}),
    Ringing: ("ringing", lambda event: {"user_id": event.user_id, "devices": event.devices}),
    Answered: ("answered", lambda event: {"user_id": event.user_id, "seat": event.seat}),
    Unanswered: ("unanswered", lambda event: {"user_id": event.user_id, "reason": event.reason.value}),
    Entered: ("entered", lambda event: {"member": _member(event.member)}),
    Gone: (
        "gone",
        lambda event: {"seat": event.seat, "user_id": event.user_id, "reason": event.reason.value},
    ),
    Lost: ("lost", lambda event: {"seat": event.seat, "until": event.until}),
    Back: ("back", lambda event: {"member": _member(event.member)}),
    Told: ("media", lambda event: {"seat": event.seat, **event.on._asdict()}),
    Turned: ("topology", lambda event: {"topology": event.topology.value}),
    Ended: ("ended", lambda event: {"reason": event.reason.value}),
}


def frame(event: Event) -> dict[str, Json]:
    """@return: the frame of an event of L{comet.video.model} but for L{Signalled}."""
    if isinstance(event, IceGiven):
        return {"type": "ok", "time": event.time, **_ice(event.ice)}
    word, write = _FRAMES[type(event)]
    found: Any = event
    return {"type": word, "room": found.room, "time": found.time, **write(event)}


def signal_line(event: Signalled) -> str:
    """@return: the whole frame of a signal; what it carries is written already."""
    sender = str(event.seat) if event.seat else _quoted(MEDIA)
    user = f',"user_id":{event.user_id}' if event.seat else ""
    return (
        f'{{"type":"signal","data":{event.data},"from":{sender},"room":{_quoted(event.room)},'
        f'"time":{event.time}{user}}}'
    )
