"""Reading the keys of a JSON object that a stranger has sent: each is of its kind, or the error names it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from comet.errors import BadValue, MissingValue, TooLong
from comet.model import ID_LIMIT, NAME_LIMIT, SHORTEST_SUBSCRIBED, Json, Place, check_name, read_cursor

#: Half of a surrogate pair.
_HALF = re.compile("[\ud800-\udfff]")
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def read_json(text: str | bytes) -> Json:
    """
    @return: the value of C{text}.
    @raise BadValue: if it is no JSON, or more deeply nested than anybody needs.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"this is no JSON: {str(error)[:120] or 'it is nested too deeply'}") from None


def read_object(text: str | bytes) -> Mapping[str, Json]:
    """
    @return: the JSON object in C{text}.
    @raise BadValue: if it is none.
    """
    value = read_json(text)
    if not isinstance(value, dict):
        raise BadValue('a JSON object is expected, such as {"cmd": "ping", "id": 1}')
    return value


def as_text(value: Json, key: str, longest: int | None = None) -> str:
    """
    @return: C{value}, if it is a text.
    @raise BadValue, TooLong: if not.
    """
    if not isinstance(value, str):
        raise BadValue(f"Incorrect {key}: a text is expected")
    if longest is not None and len(value) > longest:
        raise TooLong(f"Data too long for {key}: {len(value)} characters, at most {longest}")
    if not value.isascii() and _HALF.search(value):
        raise BadValue(f"Incorrect {key}: it holds half of a surrogate pair, which is no character")
    return value


def as_number(value: Json, key: str, least: int, most: int) -> int:
    """
    @return: C{value}, if it is a whole number in that range.
    @raise BadValue: if not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadValue(f"Incorrect {key}: a whole number from {least} to {most} is expected")
    return value


def as_object(value: Json, key: str) -> Mapping[str, Json]:
    """
    @return: C{value}, if it is a JSON object.
    @raise BadValue: if not.
    """
    if not isinstance(value, dict):
        raise BadValue(f"Incorrect {key}: a JSON object is expected")
    return value


def as_list(value: Json, key: str, longest: int) -> list[Json]:
    """
    @return: C{value}, if it is a list.
    @raise BadValue, TooLong: if not.
    """
    if not isinstance(value, list):
        raise BadValue(f"Incorrect {key}: a list is expected")
    if len(value) > longest:
        raise TooLong(f"Data too long for {key}: {len(value)} items, at most {longest}")
    return value


def need(command: Mapping[str, Json], key: str) -> Json:
    """
    @return: the value of a key that has to be there.
    @raise MissingValue: if it is not.
    """
    if key not in command:
        raise MissingValue(f"the key {key} is missing")
    return command[key]


def text(command: Mapping[str, Json], key: str, longest: int | None = None) -> str:
    """@return: the text of a key, empty if it is not there; raises as L{as_text}."""
    value = command.get(key)
    return "" if value is None else as_text(value, key, longest)


def number(command: Mapping[str, Json], key: str, least: int, most: int, default: int) -> int:
    """@return: the number of a key; raises as L{as_number}."""
    value = command.get(key)
    return default if value is None else as_number(value, key, least, most)


def flag(command: Mapping[str, Json], key: str) -> bool:
    """
    @return: whether a key is there and true.
    @raise BadValue: if it is something else than true or false.
    """
    value = command.get(key, False)
    if not isinstance(value, bool):
        raise BadValue(f"Incorrect {key}: true or false is expected")
    return value


def channel(command: Mapping[str, Json]) -> str:
    """@return: the name of the channel that a command is about."""
    return channel_name(need(command, "channel"))


def channel_name(value: Json) -> str:
    """@return: C{value}, if it is the name of a channel."""
    return check_name(as_text(value, "channel"), "channel name", SHORTEST_SUBSCRIBED)


def event(command: Mapping[str, Json]) -> str:
    """@return: the name of the event, which may be empty."""
    return check_name(text(command, "event"), "event name", 0, NAME_LIMIT)


def data(command: Mapping[str, Json]) -> str:
    """@return: the text that is meant by C{data}: itself, or the JSON of what is no text."""
    value = need(command, "data")
    return as_text(value if isinstance(value, str) else _write(value), "data")


def user_id(command: Mapping[str, Json]) -> int:
    """@return: the id of a user that a command is about."""
    return as_number(need(command, "user_id"), "user_id", 0, ID_LIMIT)


def cursor(value: Json, key: str) -> Place | None:
    """@return: the place that a cursor means, C{None} for null."""
    return None if value is None else read_cursor(as_text(value, key))
