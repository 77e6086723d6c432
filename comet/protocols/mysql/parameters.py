"""
The values of a prepared statement, as an execution brings them.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html}
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from comet.cometql.results import Value
from comet.errors import BadValue, PeerError, WrongArguments
from comet.protocols.mysql.codec import Fields
from comet.protocols.mysql.constants import ColumnType

#: Makes text of what a client has sent as text.
Decode = Callable[[bytes], str]

#: Reads one value.
Reader = Callable[[Fields, Decode], Value]

#: Of so many parameters at most, the readers are remembered by their types.
_FEW = 32

#: Of the second byte of a type: whether its numbers have no sign.
_UNSIGNED = 0x80


def _integers(size: int) -> tuple[Reader, Reader]:
    """@return: how to read numbers of C{size} bytes, with and without a sign."""

    def signed(fields: Fields, decode: Decode) -> int:
        return int.from_bytes(fields.take(size), "little", signed=True)

    return signed, lambda fields, decode: fields.integer(size)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise BadValue(f"Incorrect DOUBLE value: '{number}'")
    return number


def _double(fields: Fields, decode: Decode) -> float:
    number: float = struct.unpack("<d", fields.take(8))[0]
    return _finite(number)


def _float(fields: Fields, decode: Decode) -> float:
    data = fields.take(4)
    number = _finite(struct.unpack("<f", data)[0])
    # The number with the fewest digits that these four bytes stand for: 0.1, not 0.10000000149.
    for digits in range(6, 9):
        shortest = float(f"{number:.{digits}g}")
        # Rounded up, the greatest of these numbers has no four bytes any more.
        if abs(shortest) <= abs(number) * 1.000001 < 3.4e38 and struct.pack("<f", shortest) == data:
            return shortest
    return number


def _decimal(fields: Fields, decode: Decode) -> Decimal:
    written = fields.lenenc_bytes()
    try:
        number = Decimal(written.decode("latin-1")[:100])
    except ArithmeticError:
        number = Decimal("nan")
    if not number.is_finite() or len(written) > 100:
        raise BadValue(f"Incorrect DECIMAL value: {written[:80]!r}")
    return number


def _text(fields: Fields, decode: Decode) -> str:
    return decode(fields.lenenc_bytes())


def _bytes(fields: Fields, decode: Decode) -> bytes:
    return fields.lenenc_bytes()


def _null(fields: Fields, decode: Decode) -> None:
    """Nothing is sent of a NULL."""


def _clock(hours: int, fields: Fields, has_fraction: bool) -> str:
    minute, second = fields.integer(1), fields.integer(1)
    fraction = f".{fields.integer(4):06}" if has_fraction else ""
    return f"{hours:02}:{minute:02}:{second:02}{fraction}"


def _date(fields: Fields, decode: Decode) -> str:
    return _moment(fields, decode)[:10]


def _moment(fields: Fields, decode: Decode) -> str:
    """@return: a date and a time of day, of which a client leaves out what is zero."""
    size = fields.integer(1)
    if size not in (0, 4, 7, 11):
        raise PeerError(f"malformed packet: no date has {size} bytes")
    year, month, day = (fields.integer(2), fields.integer(1), fields.integer(1)) if size else (0, 0, 0)
    clock = _clock(fields.integer(1), fields, size == 11) if size > 4 else "00:00:00"
    return f"{year:04}-{month:02}-{day:02} {clock}"


def _time(fields: Fields, decode: Decode) -> str:
    """@return: a span of time, in hours however many days it has."""
    size = fields.integer(1)
    if size not in (0, 8, 12):
        raise PeerError(f"malformed packet: no time has {size} bytes")
    if not size:
        return "00:00:00"
    sign, days = "-" if fields.integer(1) else "", fields.integer(4)
    return sign + _clock(days * 24 + fields.integer(1), fields, size == 12)


_INTEGERS = {
    ColumnType.TINY: _integers(1),
    ColumnType.SHORT: _integers(2),
    ColumnType.YEAR: _integers(2),
    ColumnType.INT24: _integers(4),
    ColumnType.LONG: _integers(4),
    ColumnType.LONGLONG: _integers(8),
}
_OTHERS: dict[ColumnType, Reader] = {
    ColumnType.FLOAT: _float,
    ColumnType.DOUBLE: _double,
    ColumnType.DECIMAL: _decimal,
    ColumnType.NEWDECIMAL: _decimal,
    ColumnType.NULL: _null,
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _moment,
    ColumnType.TIMESTAMP: _moment,
    ColumnType.TIME: _time,
    ColumnType.VARCHAR: _text,
    ColumnType.VAR_STRING: _text,
    ColumnType.STRING: _text,
    ColumnType.JSON: _text,
    ColumnType.ENUM: _text,
    ColumnType.SET: _text,
    ColumnType.BIT: _bytes,
    ColumnType.TINY_BLOB: _bytes,
    ColumnType.MEDIUM_BLOB: _bytes,
    ColumnType.LONG_BLOB: _bytes,
    ColumnType.BLOB: _bytes,
}

#: How to read a value, by the two bytes of its type: what it is, and whether it has no sign.
READERS: Mapping[tuple[int, int], Reader] = {
    (kind, flag): reader
    for kind, readers in [
        *_INTEGERS.items(),
        *((kind, (reader, reader)) for kind, reader in _OTHERS.items()),
    ]
    for flag, reader in zip((0, _UNSIGNED), readers, strict=True)
}


def read_values(
    data: bytes, readers: Sequence[Reader], count: int, long: Mapping[int, bytes], decode: Decode
) -> tuple[Sequence[Reader], list[Value]]:
    """
    @param readers: the types of the last execution, which hold if this one says nothing of types.
    @param count: how many values there have to be; not 0.
    @param long: values that were sent beforehand.
    @return: the types, as readers, and the values.
    @raise PeerError: if C{data} does not hold them.
    @raise WrongArguments: if nothing was ever said of types.
    @raise BadValue: if a value is not what its type says.
    """
    fields = Fields(data)
    nulls = int.from_bytes(fields.take((count + 7) // 8), "little")
    if fields.integer(1):
        types = fields.take(2 * count)
        readers = _known(types) if count <= _FEW else _readers(types)
    elif not readers:
        raise WrongArguments("Incorrect arguments to EXECUTE: the types of the parameters are missing")
    if not nulls and not long:
        return readers, [reader(fields, decode) for reader in readers]
    values: list[Value] = []
    for place, reader in enumerate(readers):
        if place in long:
            values.append(decode(long[place]) if reader is _text else long[place])
        elif nulls >> place & 1:
            values.append(None)
        else:
            values.append(reader(fields, decode))
    return readers, values


def _readers(types: bytes) -> Sequence[Reader]:
    try:
        return [READERS[kind, flag & _UNSIGNED] for kind, flag in zip(types[::2], types[1::2], strict=True)]
    except KeyError as error:
        raise PeerError(f"malformed packet: no parameter has the type 0x{error.args[0][0]:02x}") from None


_known = lru_cache(512)(_readers)
