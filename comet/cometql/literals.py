"""
What the literals of a statement stand for.

Strings are decoded as MySQL does (U{https://dev.mysql.com/doc/refman/8.0/en/string-literals.html}), whole
strings at a time rather than an escape at a time, so that a long text costs no more than a few copies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Final

from comet.cometql.results import Value
from comet.errors import OutOfRange, SyntaxRefused


class Mark(Enum):
    """The C{?} of a prepared statement, whose value comes with each execution."""

    MARK = "?"


MARK: Final = Mark.MARK

#: What stands in the place of a C{?} of a shape.
Literal = Value | Mark

#: What a backslash and a letter stand for. C{\%} and C{\_} stay two characters: they matter to LIKE.
_ESCAPES = {"'": "'", "n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a"}
#: A string of either kind by itself.
_STRING = re.compile(
    r"""' [^'\\]*+ (?: (?: \\. | '' ) [^'\\]*+ )*+ ' | " [^"\\]*+ (?: (?: \\. | "" ) [^"\\]*+ )*+ \"""",
    re.VERBOSE | re.DOTALL,
)
#: Stands for an escaped backslash while the other escapes are decoded; no UTF-8 decodes to it.
BACKSLASH = "\ud800"
#: The most digits of a number that is kept exact; MySQL's DECIMAL holds as many.
_DIGITS = 65


def decode_string(source: str) -> str:
    """@return: what a string in quotes of either kind, or several in a row, stand for."""
    quote, text = source[0], source[1:-1]
    if quote in text:
        strings = _STRING.findall(source)
        if len(strings) > 1:
            return "".join(map(decode_string, strings))
        text = text.replace(quote + quote, quote)
    return _decode_escapes(text) if "\\" in text else text


def _decode_escapes(text: str) -> str:
    if BACKSLASH in text:
        raise SyntaxRefused("You have an error in your SQL syntax: the statement is not UTF-8")
    return decode_marked(text.replace("\\\\", BACKSLASH))


def decode_marked(text: str) -> str:
    """@return: what C{text}, in which L{BACKSLASH} stands for each escaped one, stands for between quotes."""
    # JSON has no other.
    text = text.replace('\\"', '"')
    if "\\" not in text:
        return text.replace(BACKSLASH, "\\")
    for letter, character in _ESCAPES.items():
        text = text.replace("\\" + letter, character)
    # What is left is a backslash before a character that needs none.
    first, *others = text.split("\\")
    kept = ["\\" + other if other.startswith(("%", "_")) else other for other in others]
    return "".join((first, *kept)).replace(BACKSLASH, "\\")


def decode_number(source: str) -> Value:
    """@return: what digits with or without a point, an exponent or the prefix C{0x} or C{0b} stand for."""
    if source[1:2] in ("x", "X", "b", "B"):
        return _bits(source[1], source[2:])
    if len(source) <= _DIGITS and source.isdigit():
        return int(source)
    if len(source) <= _DIGITS and "e" not in source and "E" not in source:
        return Decimal(source)
    value = float(source)
    if math.isinf(value):
        raise OutOfRange(f"Illegal double '{source[:80]}' value found during parsing")
    return value


def decode_bits(source: str) -> Value:
    """@return: the bytes of C{x'4d5a'} and C{b'1001'}."""
    return _bits(source[0], source[2:-1])


def _bits(letter: str, digits: str) -> bytes:
    if letter in ("b", "B"):
        return int(digits or "0", 2).to_bytes((len(digits) + 7) // 8, "big")
    return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)


#: How to decode a literal, by its first character.
DECODERS: dict[str, Callable[[str], Literal]] = {
    "'": decode_string,
    '"': decode_string,
    "?": lambda source: MARK,
    ".": decode_number,
    **dict.fromkeys("0123456789", decode_number),
    **dict.fromkeys("xXbB", decode_bits),
}
