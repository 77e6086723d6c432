"""What stands in the address of a request: declared once, for reading and for the documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comet.cometql import values
from comet.errors import BadText, BadValue, ColumnTwice, Refused, TooLong, UnknownColumn
from comet.model import ID_LIMIT, SHORTEST_STORED, check_name
from comet.protocols.api.problems import Problem
from comet.protocols.api.rows import NAME_SCHEMA, Schema

#: The most users that one request asks about.
IDS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    A part of the path, or of what stands behind the question mark.

    @ivar read: makes a value of the text, or raises L{Refused}.
    @ivar default: the value without the parameter.
    """

    name: str
    doc: str
    read: Callable[[str], Any]
    schema: Schema
    required: bool = False
    default: Any = None


def number(name: str, doc: str, least: int, most: int, default: int) -> Parameter:
    """@return: a whole number, which may be left out."""
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return Parameter(name, doc, lambda text: _whole(text, name, least, most), schema, default=default)


def _whole(text: str, name: str, least: int, most: int) -> int:
    # Of all that SQL takes for a number, a parameter is what JSON calls one.
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise BadValue(f"Incorrect integer value: {values.shown(text)} for parameter '{name}'")
    return values.integer_within(text, name, least, most)


def _ids(text: str) -> list[int]:
    found = text.split(",")
    if len(found) > IDS_LIMIT:
        raise TooLong(f"Data too long for parameter 'id': {len(found)} ids, at most {IDS_LIMIT}")
    return list(dict.fromkeys(_whole(each, "id", 1, ID_LIMIT) for each in found))


_ID_SCHEMA: Schema = {"type": "integer", "minimum": 1, "maximum": ID_LIMIT}

#: Parts of paths, by the name in braces.
IN_PATH: Mapping[str, Parameter] = {
    "name": Parameter(
        "name",
        "the channel",
        lambda text: check_name(text, "the name of a channel", SHORTEST_STORED),
        NAME_SCHEMA,
        required=True,
    ),
    "room": Parameter(
        "room",
        "the room, or the call",
        lambda text: check_name(text, "the name of a room", 1),
        NAME_SCHEMA | {"minLength": 1},
        required=True,
    ),
    "id": Parameter(
        "id", "the user", lambda text: _whole(text, "id", 1, ID_LIMIT), _ID_SCHEMA, required=True
    ),
}

IDS = Parameter(
    "id",
    f"the users, with commas between them, at most {IDS_LIMIT}",
    _ids,
    {"type": "array", "items": _ID_SCHEMA, "minItems": 1, "maxItems": IDS_LIMIT},
    required=True,
)

#: What every request may say.
TENANT = replace(
    number("dev_id", "the tenant; the header X-Comet-Tenant says the same", 0, ID_LIMIT, 0),
    default=None,  # for whoever has to know whether it was said
)
#: The header that names the tenant.
TENANT_HEADER = "X-Comet-Tenant"


def read_text(raw: bytes) -> str:
    """
    @return: a part of an address, decoded.
    @raise Problem: if it is no UTF-8.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Problem.of(BadText("The address is no UTF-8")) from None


def read_query(given: Mapping[str, Sequence[str]], declared: Sequence[Parameter]) -> dict[str, Any]:
    """
    @param given: the texts by name.
    @return: a value for each of C{declared}.
    @raise Problem: if one is wrong, missing, given twice or unknown.
    """
    known = {parameter.name: parameter for parameter in declared}
    try:
        for name, texts in given.items():
            if name not in known:
                raise UnknownColumn(f"Unknown parameter {name[:64]!r}: there are {', '.join(known)}")
            if len(texts) > 1:
                raise ColumnTwice(f"Parameter '{name}' specified twice")
        return {name: _value(parameter, given.get(name)) for name, parameter in known.items()}
    except Refused as error:
        raise Problem.of(error, 400) from None


def _value(parameter: Parameter, texts: Sequence[str] | None) -> Any:
    if not texts:
        if parameter.required:
            raise BadValue(f"Parameter '{parameter.name}' is missing: {parameter.doc}")
        return parameter.default
    return parameter.read(texts[0])


def read_path(parts: Mapping[str, str]) -> dict[str, Any]:
    """
    @param parts: the texts of the path by the names in braces.
    @raise Problem: if one is wrong.
    """
    try:
        return {name: IN_PATH[name].read(text) for name, text in parts.items()}
    except Refused as error:
        raise Problem.of(error, 400) from None


def read_tenant(query: int | None, header: str | None, tenants: int) -> int:
    """
    @param query: what the parameter says, C{None} if it is not there.
    @param header: what the header says, likewise.
    @param tenants: tenants have the numbers below this one.
    @return: the tenant that is meant, 0 without a word about it.
    @raise Problem: if there is no such tenant, or the two differ.
    """
    try:
        said = None if header is None else _whole(header.strip(), TENANT_HEADER, 0, ID_LIMIT)
        if said is not None and query is not None and said != query:
            raise BadValue(f"Parameter 'dev_id' says {query}, the header {TENANT_HEADER} says {said}")
        found = query if said is None else said
        return values.integer_within(found or 0, "dev_id", 0, tenants - 1)
    except Refused as error:
        raise Problem.of(error, 400) from None
