"""
The character sets in which clients write, and want to read.

U{https://dev.mysql.com/doc/refman/8.0/en/charset-connection.html}
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

from comet.errors import BadText
from comet.protocols.mysql.constants import BINARY, UTF8MB4


@dataclass(frozen=True, slots=True)
class Charset:
    """
    A way to write text in bytes.

    @ivar collation: the number by which columns are declared to be in it.
    @ivar longest: the most bytes of a character.
    """

    name: str
    collation: int
    codec: str
    longest: int = 1

    def decode(self, data: bytes) -> str:
        """
        @return: the text that a client means by C{data}.
        @raise BadText: if there is none.
        """
        try:
            return data.decode(self.codec)
        except UnicodeDecodeError as error:
            wrong = data[error.start : error.start + 4].hex().upper()
            raise BadText(f"Invalid {self.name} character string at byte {error.start}: '{wrong}'") from None

    def encode(self, text: str) -> bytes:
        """@return: C{text} for a client, with a C{?} for each character that this set does not have."""
        return text.encode(self.codec, "replace")


# What MySQL calls latin1 is Windows-1252, with the five bytes that are free there standing for themselves.
_LATIN1 = "".join(
    chr(code) if code in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes((code,)).decode("cp1252")
    for code in range(256)
)
_LATIN1_BYTES = codecs.charmap_build(_LATIN1)


class _Latin1(Charset):
    """The one set that Python has no codec of."""

    __slots__ = ()

    def decode(self, data: bytes) -> str:
        return codecs.charmap_decode(data, "strict", _LATIN1)[0]

    def encode(self, text: str) -> bytes:
        return codecs.charmap_encode(text, "replace", _LATIN1_BYTES)[0]


UTF8 = Charset("utf8mb4", UTF8MB4, "utf-8", 4)

#: The sets by name. Both that are called UTF-8 take all of it: older programs name the shorter one and send
#: emoji all the same. In C{binary}, text is sent and read as the UTF-8 that it is here.
CHARSETS: Mapping[str, Charset] = {
    charset.name: charset
    for charset in (
        UTF8,
        Charset("utf8mb3", 33, "utf-8", 4),
        Charset("utf8", 33, "utf-8", 4),
        _Latin1("latin1", 8, "latin-1"),
        Charset("binary", BINARY, "utf-8", 4),
        Charset("ascii", 11, "ascii"),
        Charset("cp1251", 51, "cp1251"),
    )
}

#: The numbers, in a greeting one byte each, of the collations of the sets that are not utf8mb4.
_COLLATIONS = {
    "utf8mb3": (33, 76, 83, *range(192, 216), 223),
    "latin1": (5, 8, 15, 31, 47, 48, 49, 94),
    "binary": (63,),
    "ascii": (11, 65),
    "cp1251": (14, 23, 50, 51, 52),
}
_BY_COLLATION = {number: name for name, numbers in _COLLATIONS.items() for number in numbers}


def of_collation(number: int) -> str:
    """@return: the name of the character set of a collation."""
    return _BY_COLLATION.get(number, UTF8.name)


def named(name: object) -> Charset:
    """@return: the character set of that name; without one, text travels as it is."""
    return CHARSETS.get(name, UTF8) if isinstance(name, str) else UTF8
