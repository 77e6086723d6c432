"""The bodies of requests: strictly JSON in strictly UTF-8."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from comet.errors import BadText, ColumnTwice, Refused, SyntaxRefused
from comet.protocols.api import problems
from comet.protocols.api.problems import Problem

#: The media type of everything that goes in and out.
JSON = "application/json"


def read_body(body: bytes, content_type: str | None, content_encoding: str | None = None) -> Any:
    """
    @param content_type: the header of that name, C{None} if there is none.
    @param content_encoding: likewise.
    @return: the value that C{body} is in JSON.
    @raise Problem: if it is none.
    """
    media, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().replace('"', "").replace(" ", "")
    if media.strip().lower() != JSON or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise problems.no_json(content_type or "")
    if content_encoding is not None and content_encoding.strip().lower() not in ("", "identity"):
        raise problems.encoded(content_encoding)
    try:
        return parse(body)
    except ColumnTwice as error:
        raise Problem.of(error, 400) from None
    except Refused as error:
        raise Problem.of(error) from None


def parse(body: bytes) -> Any:
    """
    @return: the value that C{body} is in JSON (RFC 8259).
    @raise BadText: if it is no UTF-8.
    @raise SyntaxRefused: if it is no JSON, or nested without need.
    @raise ColumnTwice: if an object has the same key twice.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadText(f"The body is no UTF-8: byte {error.start} is wrong") from None
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise SyntaxRefused(
            f"The body is no JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise SyntaxRefused("The body is nested too deeply") from None
    except ValueError:
        # Python makes no integer of a text of thousands of digits.
        raise SyntaxRefused("The body has a number that is too long") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ColumnTwice(f"Key {key[:64]!r} specified twice")
            seen.add(key)
    return found


def _no_constant(word: str) -> NoReturn:
    raise SyntaxRefused(f"The body is no JSON: {word} is no number")


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)


def write_body(content: Any) -> bytes:
    """@return: C{content} as the body of an answer; what is no text of Unicode is escaped."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(content, separators=(",", ":")).encode()
