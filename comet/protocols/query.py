"""
Who connects, read from the query of an address, for clients that cannot say it in a command.

And the cursor of a whole stream: C{news:9f86d081:41,chat:02ab7c11:3,msg:12}, the place in each channel and
the number of the last private message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from comet.errors import BadValue
from comet.model import Answer, Event, Followed, Hello, Json, Message, Place, PrivateMessage, Reported
from comet.protocols.dialects.jsonlines import read_hello

#: So many parameters are looked at.
PARAMETERS_LIMIT = 50
#: In a cursor, the number of the last private message goes by this name, which no channel has.
PRIVATE = "msg"

_ENTRY = re.compile(r"([A-Za-z0-9_-]{2,64}):([A-Za-z0-9]{1,64}):([0-9]{1,18})|msg:([0-9]{1,16})")
_NUMBERS = ("version", "dev_id", "user_id", "ack")


def read_parameters(query: str) -> dict[str, str]:
    """
    @return: the parameters in C{query}; the last of several counts.
    @raise BadValue: if they are too many, or no text in UTF-8.
    """
    try:
        found = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_LIMIT)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadValue(f"Incorrect query of the address: {error}") from None
    return dict(found)


def read_stream_cursor(cursor: str) -> tuple[dict[str, Place], int]:
    """
    @return: the place in each channel, and the number of the last private message, 0 for none.
    @raise BadValue: if C{cursor} is none.
    """
    places, number = {}, 0
    for entry in filter(None, cursor.split(",")):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise BadValue(
                f"Incorrect cursor {entry[:80]!r}: CHANNEL:EPOCH:POSITION or msg:NUMBER is expected"
            )
        if found[4] is not None:
            number = int(found[4])
        else:
            places[found[1]] = Place(found[2], int(found[3]))
    return places, number


def read_bearer(authorization: str | None) -> str:
    """
    @param authorization: the header of that name, C{None} if there is none.
    @return: the key in it (RFC 6750, 2.1), empty if there is none.
    """
    scheme, _, key = (authorization or "").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def query_hello(query: str, cursor: str = "", key: str = "") -> Hello:
    """
    @param query: that of the address: the keys of C{hello}, and C{channels} separated by commas.
    @param cursor: one that counts more than the parameter of that name.
    @param key: likewise.
    @raise comet.errors.Refused: if something in it is wrong.
    """
    parameters = read_parameters(query)
    places, number = read_stream_cursor(cursor or parameters.pop("cursor", ""))
    channels: dict[str, Json] = {
        name: str(places[name]) if name in places else None
        for name in filter(None, parameters.pop("channels", "").split(","))
    }
    command: dict[str, Json] = {**parameters, **_numbers(parameters), "channels": channels}
    if number:
        command["ack"] = number
    if key:
        command["key"] = key
    return read_hello(command)


def _numbers(parameters: Mapping[str, str]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name in _NUMBERS:
        value = parameters.get(name)
        if value is not None:
            if not re.fullmatch(r"[0-9]{0,16}", value):
                raise BadValue(f"Incorrect {name} {value[:40]!r}: a whole number is expected")
            found[name] = int(value or "0") or (1 if name == "version" else 0)
    return found


class StreamCursor:
    """The cursor of one stream, which moves on with what the client is told."""

    __slots__ = ("_limit", "_number", "_places")

    def __init__(self, places: Mapping[str, Place], number: int, limit: int) -> None:
        """@param limit: how many channels it holds; more push out those that were still for longest."""
        self._places = dict(places)
        self._number, self._limit = number, limit

    def __str__(self) -> str:
        """@return: the cursor as clients give it back."""
        entries = [f"{name}:{place}" for name, place in self._places.items()]
        return ",".join([*entries, f"{PRIVATE}:{self._number}"] if self._number else entries)

    def follow(self, event: Event) -> bool:
        """@return: whether C{event} moves the cursor."""
        match event:
            case Answer(_, inner):
                return self.follow(inner)
            case Message(channel=channel, place=place) if place.epoch:
                return self._move(channel.name, place)
            case Reported(name=name, place=place) if name in self._places and place.epoch:
                return self._move(name, place)
            case PrivateMessage(number=number) if number:
                self._number = number
                return True
            case Followed(joints):
                # What was missed comes behind, and moves the cursor then.
                moved = [
                    self._move(name, joint.place)
                    for name, joint in joints.items()
                    if joint.place.epoch and not joint.missed
                ]
                return any(moved)
        return False

    def _move(self, name: str, place: Place) -> bool:
        self._places.pop(name, None)
        self._places[name] = place
        if len(self._places) > self._limit:
            del self._places[next(iter(self._places))]
        return True
