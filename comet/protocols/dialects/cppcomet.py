"""
The line protocol of CppComet 4.x, which unmodified old clients speak.

Towards us, a message is a command and its arguments, one a line::

    subscription\\nNAME\\nNAME...               listen to exactly these channels
    web_pipe2\\nNAME\\nEVENT\\n*\\nTEXT           publish; @NAME hides the sender
    pipe_count\\nNAME\\nMARKER                  how many listen?
    pipe_log\\nNAME\\nMARKER                    what was said?
    track_pipe_users\\nNAME\\nMARKER            who listens?
    user_status\\nUSER_ID                      when was this user here?
    user_data\\nMARKER\\nUSER_ID                what has the site noted about this user?
    statistics\\n...                           no effect

Towards the client, a message is one JSON object with sorted keys: C{data}, C{event}, C{pipe} and, where it
applies, C{message_send_time}, C{user_id}, C{marker} and others.

The clients of version 4.08 replace C{\\'} by C{'} in every frame before they parse it. So that this finds
nothing to spoil, no apostrophe is ever written: in the frame it is C{\\u0027}. Where the text itself is JSON
in which an apostrophe follows a backslash, it is written so inside that text, too: the same JSON value, and
the only spelling that these clients read rightly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from comet.access import status_channel
from comet.errors import BadValue, PeerError, Refused
from comet.model import (
    ID_LIMIT,
    NAME_LIMIT,
    AskCount,
    AskData,
    AskHistory,
    AskMembers,
    AskStatus,
    Command,
    Counted,
    Event,
    Farewell,
    Goodbye,
    Joined,
    Json,
    Left,
    Member,
    Members,
    Message,
    Nothing,
    PrivateMessage,
    Recalled,
    Refusal,
    Reported,
    Send,
    Status,
    StatusChanged,
    Subscribe,
    Unreadable,
    UserData,
    Welcome,
    check_name,
)
from comet.protocols.dialects.interface import Dialect

#: Commands that were named in their time and never did anything.
_WITHOUT_EFFECT = ("statistics", "cgi_call", "CometQL_call")
#: The numbers that CppComet gave to these refusals; all others keep ours.
_GOODBYE_CODES = {
    Goodbye.NO_SESSION: 401,
    Goodbye.NO_USER: 401,
    Goodbye.NO_DEVELOPER: 406,
    Goodbye.NO_VERSION: 418,
    Goodbye.ORIGIN: 423,
}
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_quoted = json.encoder.encode_basestring
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _text(text: str) -> str:
    """@return: what a client gets for the text of a message: the same, but for one spelling."""
    if "\\'" in text and _is_json(text):
        return text.replace("\\'", "\\\\u0027")
    return text


def _private(message: PrivateMessage) -> Json:
    """@return: the data of a private message: what has waited in the queue is text, as in CppComet."""
    if not message.is_object or message.queued:
        return _text(message.text)
    found = json.loads(message.text)
    return {key: _text(value) if isinstance(value, str) else value for key, value in found.items()}


def _member(member: Member) -> Json:
    return {"user_id": member.user_id, "uuid": member.uuid}


# Towards us -----------------------------------------------------------------------------------------------


def _subscribe(arguments: str) -> Command:
    # A dot starts the filter on events that the client applies by itself.
    names = (line.strip().partition(".")[0] for line in arguments.split("\n"))
    return Subscribe(tuple(dict.fromkeys(name for name in names if name)))


def _named(arguments: str, what: str) -> tuple[str, str]:
    """@return: the two lines that most commands have: the name of a channel, and a marker."""
    name, _, rest = arguments.partition("\n")
    marker = rest.partition("\n")[0].strip()
    return check_name(name.strip(), "channel name", 2), check_name(marker, what, 0)


def _send(arguments: str) -> Command:
    parts = arguments.split("\n", 3)
    if len(parts) != 4:
        raise BadValue("web_pipe2 takes four lines: a channel, an event, * and the message")
    name, event, kind, text = parts
    hidden = name.startswith("@")
    check_name(name.removeprefix("@"), "channel name", 2)
    check_name(event, "event name", 0, NAME_LIMIT)
    if len(kind) != 1:
        raise BadValue(f"Incorrect third line {kind[:20]!r}: one character is expected")
    return Send(name.removeprefix("@"), event, text, hidden)


def _status(arguments: str) -> Command:
    digits = _DIGITS.match(arguments.strip())
    user_id = int(digits[0]) if digits else 0
    return AskStatus(user_id if abs(user_id) <= ID_LIMIT else 0)


def _user_data(arguments: str) -> Command:
    marker, _, rest = arguments.partition("\n")
    digits = _DIGITS.match(rest.strip())
    check_name(marker.strip(), "marker", 0)
    if digits is None or not -ID_LIMIT - 1 <= int(digits[0]) <= ID_LIMIT:
        raise BadValue(f"Incorrect user id {rest.strip()[:20]!r}: a whole number is expected")
    return AskData(int(digits[0]), marker.strip())


#: What clients may ask, by the word it begins with; the first that fits counts.
_COMMANDS: dict[str, tuple[type[Command], Callable[[str], Command]]] = {
    "subscription": (Subscribe, _subscribe),
    "web_pipe2": (Send, _send),
    "pipe_count": (AskCount, lambda arguments: AskCount(*_named(arguments, "marker"))),
    "pipe_log": (AskHistory, lambda arguments: AskHistory(*_named(arguments, "marker"))),
    "track_pipe_users": (AskMembers, lambda arguments: AskMembers(*_named(arguments, "marker"))),
    "user_status": (AskStatus, _status),
    "user_data": (AskData, _user_data),
    **dict.fromkeys(_WITHOUT_EFFECT, (Nothing, lambda arguments: Nothing())),
}


# Towards the client ---------------------------------------------------------------------------------------


def _error(event: Refusal) -> dict[str, Json]:
    data: dict[str, Json] = {"error": str(event.error)}
    if event.command is Subscribe:
        data["code"] = "403"
    elif event.command in (Send, AskCount, AskHistory):
        data["number_messages"] = -1
    elif event.command is AskMembers:
        data["user_id"] = -1
    elif event.command is AskData:
        data |= {"user_data": "", "user_id": -1}
    return {"data": data, "event": "error", "pipe": "sys"}


def _farewell(event: Farewell) -> dict[str, Json]:
    code = _GOODBYE_CODES.get(event.goodbye, event.goodbye.code)
    data = {"error": event.goodbye.reason, "error_code": code, "info": "the connection is being closed"}
    # A number over 400 at the top level makes the clients of 4.x stay away for good.
    final = {"error": code} if event.goodbye.final else {}
    return {"data": data, "event": "error", "pipe": "sys", **final}


def _frame(event: Event) -> dict[str, Json]:
    match event:
        case Message(user_id=None):
            return {"data": _text(event.text), "event": event.event, "pipe": event.channel.name}
        case Message():
            return {
                "data": _text(event.text),
                "event": event.event,
                "pipe": event.channel.name,
                "user_id": event.user_id,
            }
        case PrivateMessage():
            frame = {"data": _private(event), "event": event.event, "pipe": "msg"}
            return frame | ({"fromQueue": True, "message_send_time": event.time} if event.queued else {})
        case Recalled(message):
            return {
                "data": _text(message.text),
                "event": message.event or "undefined",
                "fromQueue": True,
                "history": True,
                "message_send_time": message.time,
                "pipe": message.channel.name,
                "user_id": message.user_id or 0,
            }
        case Joined(channel, member):
            return {"data": _member(member), "event": "subscription", "pipe": channel.name}
        case Left(channel, member):
            return {"data": _member(member), "event": "unsubscription", "pipe": channel.name}
        case StatusChanged(user, online):
            word = "online" if online else "offline"
            return {"data": word, "event": word, "pipe": status_channel(user.user_id)}
        case Welcome(authorized, key, server):
            return {
                "authorized": authorized,
                "data": key,
                "event": "serverInfo",
                "pipe": "sys",
                "server": server,
            }
        case Reported(name, text, receivers):
            data = {"message": text, "number_messages": receivers}
            return {"data": data, "event": "answer", "pipe": f"_answer_to_{name}"}
        case Counted(marker, count):
            return {
                "data": {"user_in_pipe": count},
                "event": "user_in_pipe",
                "marker": marker,
                "pipe": "_answer_pipe_count",
            }
        case Members(_, marker, members):
            return {
                "_info": "answer for track_pipe_users",
                "data": [_member(member) for member in members],
                "event": "answer",
                "marker": marker,
                "pipe": "_answer",
            }
        case Status(user_id, last_seen, time):
            ago = time - last_seen
            return {
                "data": {"data": ago, "last_online_time": ago, "online": last_seen == 0, "time": last_seen},
                "event": f"user_status_{user_id}",
                "pipe": "_answer_user_status",
            }
        case UserData(user_id, marker, data):
            return {
                "data": {"user_data": data, "user_id": user_id},
                "event": "answer",
                "marker": marker,
                "pipe": "_answer",
            }
        case Refusal():
            return _error(event)
        case Farewell():
            return _farewell(event)
    raise TypeError(f"the dialect has no word for {type(event).__name__}")


def _message(message: Message) -> str:
    """@return: what L{_frame} comes to; nearly all that is encoded are messages, and this takes a third."""
    user = "" if message.user_id is None else f',"user_id":{message.user_id}'
    return (
        f'{{"data":{_quoted(_text(message.text))},"event":{_quoted(message.event)},'
        f'"message_send_time":{message.time},"pipe":{_quoted(message.channel.name)}{user}}}'
    ).replace("'", "\\u0027")


class CppComet(Dialect):
    """
    The dialect of clients of version 4 and, with C{legacy}, of the versions before.

    To those before 4 every C{data} is a string, C{event_name} repeats the event, and C{authorized} is a word;
    the answers about a channel go by its name and the marker of the question.
    """

    acknowledges = has_rooms = False

    def __init__(self, legacy: bool = False) -> None:
        self.name = "cppcomet3" if legacy else "cppcomet"
        self._legacy = legacy

    def decode(self, text: str) -> Command:
        """See L{Dialect.decode}. An unknown command ends the connection."""
        for word, (command, parse) in _COMMANDS.items():
            if text.startswith(word):
                try:
                    # One character separates a command from its arguments, whatever it is.
                    return parse(text[len(word) + 1 :])
                except Refused as error:
                    return Unreadable(command, error)
        raise PeerError(f"unknown command {text[:40]!r}")

    def encode(self, event: Event) -> str:
        """See L{Dialect.encode}."""
        if type(event) is Message and not self._legacy:
            return _message(event)
        frame = _frame(event)
        # Private messages and changes of status have none when they are live.
        if "message_send_time" not in frame and not isinstance(event, PrivateMessage | StatusChanged):
            frame["message_send_time"] = getattr(event, "time", 0)
        if self._legacy:
            frame = _for_old_clients(frame, event)
        return _write(frame).replace("'", "\\u0027")


def _for_old_clients(frame: dict[str, Json], event: Event) -> dict[str, Json]:
    # They know the answers to these two questions by the name of the channel and the marker.
    if isinstance(event, Members):
        frame["pipe"] = event.name
    elif isinstance(event, Recalled):
        frame["marker"] = event.marker
    frame |= {"api_data": "for major_version < 4", "event_name": frame["event"]}
    if not isinstance(frame["data"], str) and not isinstance(event, PrivateMessage):
        frame["data"] = _write(frame["data"])
    if "authorized" in frame:
        frame["authorized"] = _write(frame["authorized"])
    return frame
