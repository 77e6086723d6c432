"""
Rows of prepared statements, in binary.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html}
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from comet.cometql.interface import Prepared
from comet.cometql.results import Column, Kind, Rows, Value
from comet.protocols.mysql.codec import lenenc_int
from comet.protocols.mysql.constants import Status
from comet.protocols.mysql.replies import Reply, Terms, end_payload, eof_payload
from comet.protocols.mysql.resultset import column_payload, text_encoders

#: Makes the payload of a row.
RowEncoder = Callable[[Sequence[Value]], bytes]

_NUMBERS: dict[Kind, Callable[..., bytes]] = {
    Kind.INT: struct.Struct("<i").pack,
    Kind.BIGINT: struct.Struct("<q").pack,
    Kind.DOUBLE: struct.Struct("<d").pack,
}
_UNSIGNED = struct.Struct("<Q").pack

_MOMENT = re.compile(r"(?:(\d+)-(\d+)-(\d+))?[ T]?(?:(-?)(\d+):(\d+):(\d+)(?:\.(\d{1,6}))?)?")


def _parts(value: Value) -> tuple[list[int], str]:
    """@return: year, month, day, hour, minute, second and microseconds of a text, and the sign of a time."""
    found = _MOMENT.fullmatch(str(value))
    assert found is not None, value  # whoever declares such a column has looked at its values
    *whole, fraction = (found[group] or "0" for group in (1, 2, 3, 5, 6, 7, 8))
    return [*map(int, whole), int(fraction.ljust(6, "0"))], found[4] or ""


def _date(value: Value) -> bytes:
    (year, month, day, *_), _ = _parts(value)
    return struct.pack("<BHBB", 4, year, month, day)


def _datetime(value: Value) -> bytes:
    (*moment, fraction), _ = _parts(value)
    if fraction:
        return struct.pack("<BHBBBBBI", 11, *moment, fraction)
    return struct.pack("<BHBBBBB", 7, *moment)


def _time(value: Value) -> bytes:
    (_, _, _, hours, minutes, seconds, fraction), sign = _parts(value)
    span = (bool(sign), *divmod(hours, 24), minutes, seconds)
    return struct.pack("<B?IBBBI", 12, *span, fraction) if fraction else struct.pack("<B?IBBB", 8, *span)


_TIMES: dict[Kind, Callable[..., bytes]] = {Kind.DATETIME: _datetime, Kind.DATE: _date, Kind.TIME: _time}

#: The bits of the NULLs begin with the third one.
_FIRST_BIT = 2


def row_encoder(columns: Sequence[Column], terms: Terms) -> RowEncoder:
    """@return: what makes the payloads of rows with these columns."""
    as_text = text_encoders(terms.results)

    def string(value: Value) -> bytes:
        data = as_text[type(value)](value)
        return lenenc_int(len(data)) + data

    others = {**_NUMBERS, **_TIMES}
    encoders = [
        _UNSIGNED if column.unsigned and column.kind is Kind.BIGINT else others.get(column.kind, string)
        for column in columns
    ]
    size = (len(columns) + 7 + _FIRST_BIT) // 8

    def encode(row: Sequence[Value]) -> bytes:
        nulls = 0
        parts = [b"", b""]
        for place, (value, encoder) in enumerate(zip(row, encoders, strict=True), _FIRST_BIT):
            if value is None:
                nulls |= 1 << place
            else:
                parts.append(encoder(value))
        parts[:2] = b"\0", nulls.to_bytes(size, "little")
        return b"".join(parts)

    return encode


def _definitions(columns: Sequence[Column], terms: Terms) -> Iterator[bytes]:
    for column in columns:
        yield column_payload(column, terms)


@dataclass(frozen=True, slots=True)
class PrepareOk(Reply):
    """
    A statement has been prepared.

    @ivar number: by which it is executed.
    """

    number: int
    prepared: Prepared

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: the counts, each parameter, each column."""
        columns, parameters = self.prepared.columns, self.prepared.parameters
        yield b"".join(
            (
                b"\0",
                self.number.to_bytes(4, "little"),
                len(columns).to_bytes(2, "little"),
                parameters.to_bytes(2, "little"),
                b"\0\0\0",
            )
        )
        if parameters:
            yield from (column_payload(_PARAMETER, terms),) * parameters
            if not terms.deprecate_eof:
                yield eof_payload(terms)
        if columns:
            yield from _definitions(columns, terms)
            if not terms.deprecate_eof:
                yield eof_payload(terms)


#: All that is known of a parameter before it has a value.
_PARAMETER = Column("?", Kind.VARCHAR, 0, nullable=True)


@dataclass(frozen=True, slots=True)
class BinaryResultSet(Reply):
    """Columns, and rows that are computed while they are sent."""

    result: Rows

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: the count of columns, each column, each row and the end."""
        columns = self.result.columns
        yield lenenc_int(len(columns))
        yield from _definitions(columns, terms)
        if not terms.deprecate_eof:
            yield eof_payload(terms)
        yield from map(row_encoder(columns, terms), self.result.rows)
        yield end_payload(terms)


@dataclass(frozen=True, slots=True)
class CursorOpened(Reply):
    """Columns alone: the rows are there to be fetched."""

    columns: Sequence[Column]

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: the count of columns, each column and the end."""
        yield lenenc_int(len(self.columns))
        yield from _definitions(self.columns, terms)
        yield end_payload(terms, Status.CURSOR_EXISTS)


@dataclass(frozen=True, slots=True)
class Fetched(Reply):
    """
    The next rows of a cursor.

    @ivar last: whether there are no more.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    last: bool

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: each row and the end."""
        yield from map(row_encoder(self.columns, terms), self.rows)
        yield end_payload(terms, Status.LAST_ROW_SENT if self.last else Status.CURSOR_EXISTS)
