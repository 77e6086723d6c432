"""
The JSON protocol, version 1: commands and frames are JSON objects. See C{docs/reference/json-wire.rst}.

In a frame C{type} comes first, then C{id}, then the other keys sorted, without blanks between them. What is
not ASCII is written as it is.
"""

from __future__ import annotations

import json
import re

from comet.access import status_channel
from comet.errors import BadValue, CometError, MissingValue, Refused
from comet.limits import Limits
from comet.model import (
    ID_LIMIT,
    Acknowledge,
    Answer,
    AskCount,
    AskData,
    AskMembers,
    AskPage,
    AskStatus,
    Beat,
    Command,
    Counted,
    Done,
    Event,
    Farewell,
    Follow,
    Followed,
    Hello,
    Joined,
    Joint,
    Json,
    Left,
    Member,
    Members,
    Message,
    Page,
    Ping,
    Place,
    PrivateMessage,
    Refresh,
    Refreshed,
    Refusal,
    Reported,
    Request,
    RequestId,
    Send,
    Status,
    StatusChanged,
    Unfollow,
    Unreadable,
    UserData,
    Welcome,
)
from comet.protocols.dialects import fields, json_video
from comet.protocols.dialects.interface import Dialect
from comet.protocols.dialects.words import Object, Word
from comet.video.model import IceGiven, RoomEvent, Signalled

VERSION = 1
#: The longest key or token, in characters; the longest id of a command.
KEY_LIMIT, REQUEST_LIMIT = 4096, 64
UUID_LIMIT = 64
#: Numbers of private messages are below this, which any JSON reader holds.
NUMBER_LIMIT = 2**53 - 1
#: So many channels in one command are looked at; how many one client may have, the session says.
LIST_LIMIT = 10_000
#: So many commands in one message, or in one request.
COMMANDS_LIMIT = 1000

_quoted = json.encoder.encode_basestring
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_write_head = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NO_UUID = re.compile(r"[^A-Za-z0-9_-].*", re.DOTALL)

# Towards us -----------------------------------------------------------------------------------------------


def _request(command: Object) -> RequestId | None:
    value = command.get("id")
    if value is None:
        return None
    if isinstance(value, str):
        return fields.as_text(value, "id", REQUEST_LIMIT)
    return fields.as_number(value, "id", -NUMBER_LIMIT, NUMBER_LIMIT)


def wanted(value: Json) -> dict[str, Place | None]:
    """
    @param value: what a client has sent as C{channels}.
    @return: the channels, each with the place from which on to get what was missed.
    """
    channels = fields.as_object(value, "channels")
    if len(channels) > LIST_LIMIT:
        raise BadValue(f"Incorrect channels: {len(channels)}, at most {LIST_LIMIT}")
    return {name: fields.cursor(since, "cursor") for name, since in channels.items()}


def read_hello(command: Object) -> Hello:
    """
    @return: what the parameters of C{hello} say.
    @raise Refused: if one of them is wrong.
    """
    version = fields.number(command, "version", 1, NUMBER_LIMIT, VERSION)
    if version != VERSION:
        raise BadValue(f"Incorrect version {version}: this server speaks version {VERSION}")
    return Hello(
        dev_id=fields.number(command, "dev_id", 0, ID_LIMIT, 0),
        user_id=fields.number(command, "user_id", 0, ID_LIMIT, 0),
        key=fields.text(command, "key", KEY_LIMIT),
        uuid=_NO_UUID.sub("", fields.text(command, "uuid"))[:UUID_LIMIT],
        wanted=wanted(command.get("channels") or {}),
        acknowledged=fields.number(command, "ack", 0, NUMBER_LIMIT, 0),
    )


def _follow(command: Object) -> Command:
    if "channels" in command:
        return Follow(wanted(command["channels"]))
    return Follow({fields.channel(command): fields.cursor(command.get("since"), "since")})


def _unfollow(command: Object) -> Command:
    if "channels" not in command:
        return Unfollow((fields.channel(command),))
    names = fields.as_list(command["channels"], "channels", LIST_LIMIT)
    return Unfollow(tuple(fields.as_text(name, "channels") for name in names))


def _send(command: Object) -> Command:
    quiet = command.get("id") is None
    channel, event, data = fields.channel(command), fields.event(command), fields.data(command)
    return Send(channel, event, data, fields.flag(command, "hide"), quiet)


def _page(command: Object) -> Command:
    limit = command.get("limit")
    return AskPage(
        fields.channel(command),
        None if limit is None else fields.as_number(limit, "limit", 1, ID_LIMIT),
        fields.cursor(command.get("since"), "since"),
    )


def _refresh(command: Object) -> Command:
    return Refresh(fields.as_text(fields.need(command, "token"), "token", KEY_LIMIT))


def _acknowledge(command: Object) -> Command:
    return Acknowledge(fields.as_number(fields.need(command, "number"), "number", 0, NUMBER_LIMIT))


#: What clients may say.
COMMANDS: dict[str, Word] = {
    "hello": Word(Hello, read_hello),
    "subscribe": Word(Follow, _follow),
    "unsubscribe": Word(Unfollow, _unfollow),
    "publish": Word(Send, _send),
    "count": Word(AskCount, lambda command: AskCount(fields.channel(command), ""), asks=True),
    "members": Word(AskMembers, lambda command: AskMembers(fields.channel(command), ""), asks=True),
    "history": Word(AskPage, _page, asks=True),
    "status": Word(AskStatus, lambda command: AskStatus(fields.user_id(command)), asks=True),
    "data": Word(AskData, lambda command: AskData(fields.user_id(command), ""), asks=True),
    "ack": Word(Acknowledge, _acknowledge),
    "refresh": Word(Refresh, _refresh),
    "ping": Word(Ping, lambda command: Ping()),
    **json_video.COMMANDS,
}


def read_command(command: Object) -> Command:
    """@return: what C{command} means; L{Unreadable} if that cannot be made out."""
    request, word = None, None
    try:
        request = _request(command)
        name = fields.as_text(fields.need(command, "cmd"), "cmd", REQUEST_LIMIT)
        word = COMMANDS.get(name)
        if word is None:
            raise BadValue(f"there is no command {name!r}; there are {', '.join(COMMANDS)}")
        if word.asks and request is None:
            raise MissingValue("the key id is missing, by which the answer is known")
        read = word.read(command)
    except Refused as error:
        read = Unreadable(word.kind if word else Command, error)
    return read if request is None else Request(request, read)


def read_commands(value: Json) -> list[Command]:
    """
    @param value: what a request has as C{commands}.
    @return: what they mean, those that cannot be read among them.
    @raise BadValue, TooLong: if it is no list of objects, or too long a one.
    """
    found = fields.as_list(value, "commands", COMMANDS_LIMIT)
    return [read_command(fields.as_object(command, "commands")) for command in found]


# Towards the client ---------------------------------------------------------------------------------------


def _cursor(place: Place) -> str | None:
    return str(place) if place.epoch else None


def _message(message: Message) -> dict[str, Json]:
    frame: dict[str, Json] = {
        "type": "message",
        "channel": message.channel.name,
        "data": message.text,
        "event": message.event,
        "time": message.time,
    }
    if message.place.epoch:
        frame["cursor"] = str(message.place)
    if message.user_id is not None:
        frame["user_id"] = message.user_id
    return frame


def _message_line(message: Message) -> str:
    """@return: what L{_message} comes to; nearly all that is encoded are messages, and this takes a third."""
    cursor = f'"cursor":{_quoted(str(message.place))},' if message.place.epoch else ""
    user = "" if message.user_id is None else f',"user_id":{message.user_id}'
    return (
        f'{{"type":"message","channel":{_quoted(message.channel.name)},{cursor}'
        f'"data":{_quoted(message.text)},"event":{_quoted(message.event)},"time":{message.time}{user}}}'
    )


def _private(message: PrivateMessage) -> dict[str, Json]:
    frame: dict[str, Json] = {
        "type": "private",
        "data": message.text,
        "event": message.event,
        "time": message.time,
    }
    return frame | ({"number": message.number} if message.number else {})


def _member(member: Member) -> dict[str, Json]:
    return {"connection": member.connection, "user_id": member.user_id, "uuid": member.uuid}


def _joint(joint: Joint) -> Json:
    return {"cursor": _cursor(joint.place), "gap": joint.gap, "missed": joint.missed}


def _place(place: Place) -> dict[str, Json]:
    return {"cursor": str(place)} if place.epoch else {}


def _error(error: CometError, channel: str = "") -> dict[str, Json]:
    named = {"channel": channel} if channel else {}
    return {"type": "error", "code": error.code, "name": error.wire_name(), "reason": str(error), **named}


class JsonLines(Dialect):
    """The dialect of clients of our own."""

    name = "json"
    acknowledges = has_rooms = True

    def __init__(self, limits: Limits, node: str, ping_seconds: int) -> None:
        """
        @param node: the name of this server among others.
        @param ping_seconds: after how much silence of ours a client may worry.
        """
        self._facts: dict[str, Json] = {
            "limits": {"channels": limits.channels, "message": limits.message},
            "node": node,
            "ping": ping_seconds,
            "version": VERSION,
        }

    def decode(self, text: str) -> Command:
        """See L{Dialect.decode}. Nothing that a client says ends the connection."""
        try:
            command = fields.read_object(text)
        except Refused as error:
            return Unreadable(Command, error)
        return read_command(command)

    def encode(self, event: Event) -> str:
        """See L{Dialect.encode}."""
        if type(event) is Message:
            return _message_line(event)
        if type(event) is Signalled:
            return json_video.signal_line(event)
        frame = self._frame(event)
        head = {"type": frame.pop("type")}
        if "id" in frame:
            head["id"] = frame.pop("id")
        return _write_head(head)[:-1] + "," + _write(frame)[1:]

    def _frame(self, event: Event) -> dict[str, Json]:
        match event:
            case Answer(id, inner):
                return self._frame(inner) | {"id": id}
            case Message():
                return _message(event)
            case PrivateMessage():
                return _private(event)
            case RoomEvent() | IceGiven():
                return json_video.frame(event)
            case Page(place, gap, messages):
                frame = {"messages": [_message(message) for message in messages], "gap": gap}
                return _ok(event, frame | {"cursor": _cursor(place)})
            case Welcome():
                return self._welcome(event)
            case Refusal(error):
                return _error(error, event.channel) | {"time": event.time}
            case Farewell(goodbye, time, retry):
                frame = {"code": goodbye.code, "final": goodbye.final, "reason": goodbye.reason}
                return {"type": "bye", "time": time, **frame, **({} if retry is None else {"retry": retry})}
        return _news(event) or _ok(event, _result(event))

    def _welcome(self, event: Welcome) -> dict[str, Json]:
        session = {"session": event.session} if event.session else {}
        return {
            "type": "welcome",
            "authorized": event.authorized,
            "connection": event.connection,
            "dev_id": event.user.dev_id,
            "expires": event.expires,
            "server": event.server,
            "time": event.time,
            "user_id": event.user.user_id,
            **self._facts,
            **session,
        }


def _news(event: Event) -> dict[str, Json] | None:
    """@return: the frame of what comes without having been asked for, if this is such."""
    match event:
        case Followed(joints, time):
            channels = {name: _joint(joint) for name, joint in joints.items()}
            return {"type": "subscribed", "channels": channels, "time": time}
        case Joined(channel, member, time):
            return {"type": "joined", "channel": channel.name, "time": time, **_member(member)}
        case Left(channel, member, time):
            return {"type": "left", "channel": channel.name, "time": time, **_member(member)}
        case StatusChanged(user, online, time):
            name = status_channel(user.user_id)
            return {
                "type": "status",
                "channel": name,
                "online": online,
                "time": time,
                "user_id": user.user_id,
            }
        case Beat(time):
            return {"type": "ping", "time": time}
    return None


def _result(event: Event) -> dict[str, Json]:
    """@return: what an answer tells."""
    match event:
        case Reported(_, _, receivers, _, place):
            return {"receivers": receivers, **_place(place)}
        case Counted(_, count):
            return {"count": count}
        case Members(_, _, members):
            return {"members": [_member(member) for member in members]}
        case Status(_, last_seen):
            return {"online": last_seen == 0, "seen": last_seen}
        case UserData(_, _, data):
            return {"data": data}
        case Refreshed(expires):
            return {"expires": expires}
        case Done():
            return {}
    raise TypeError(f"the dialect has no word for {type(event).__name__}")


def _ok(event: Event, result: dict[str, Json]) -> dict[str, Json]:
    return {"type": "ok", "time": getattr(event, "time", 0), **result}
