"""
Rows and columns on the wire.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from comet.cometql.results import Column, Kind, Rows, Value
from comet.protocols.mysql.charsets import UTF8, Charset
from comet.protocols.mysql.codec import NULL, lenenc_bytes, lenenc_int
from comet.protocols.mysql.constants import BINARY, NOT_FIXED, UTF8MB4, ColumnFlag, ColumnType
from comet.protocols.mysql.replies import Reply, Terms, end_payload, eof_payload

#: The length of a MEDIUMTEXT in bytes. There are clients that allocate what a column declares.
_LONGEST = (1 << 24) - 1

#: The most decimals that MySQL's own type has.
MAX_SCALE = 30

_FIXED_FIELDS = b"\x0c"


@dataclass(frozen=True, slots=True)
class WireType:
    """
    How a kind of column is declared to clients.

    @ivar collation: of text for clients that read UTF-8, as others are told their own.
    """

    type: ColumnType
    collation: int = BINARY
    flags: ColumnFlag = ColumnFlag.BINARY | ColumnFlag.NUM
    decimals: int = 0


WIRE_TYPES = {
    Kind.INT: WireType(ColumnType.LONG),
    Kind.BIGINT: WireType(ColumnType.LONGLONG),
    Kind.DOUBLE: WireType(ColumnType.DOUBLE, decimals=NOT_FIXED),
    Kind.DECIMAL: WireType(ColumnType.NEWDECIMAL),
    Kind.VARCHAR: WireType(ColumnType.VAR_STRING, UTF8MB4, ColumnFlag.NONE),
    Kind.TEXT: WireType(ColumnType.BLOB, UTF8MB4, ColumnFlag.BLOB),
    Kind.DATETIME: WireType(ColumnType.DATETIME, flags=ColumnFlag.BINARY),
    Kind.DATE: WireType(ColumnType.DATE, flags=ColumnFlag.BINARY),
    Kind.TIME: WireType(ColumnType.TIME, flags=ColumnFlag.BINARY),
    Kind.NULL: WireType(ColumnType.NULL, flags=ColumnFlag.BINARY),
}


def column_payload(column: Column, terms: Terms) -> bytes:
    """@return: the definition of C{column} as the payload of a packet."""
    wire = WIRE_TYPES[column.kind]
    encode = terms.results.encode
    name, table = lenenc_bytes(encode(column.name)), lenenc_bytes(encode(column.table))
    length, collation = column.length, wire.collation
    if column.kind.is_text:
        length, collation = min(length * terms.results.longest, _LONGEST), terms.declared
    flags = wire.flags
    if column.unsigned:
        flags |= ColumnFlag.UNSIGNED
    if not column.nullable and column.kind is not Kind.NULL:
        flags |= ColumnFlag.NOT_NULL
    if column.key:
        flags |= ColumnFlag.PRI_KEY
    return b"".join(
        (
            lenenc_bytes(b"def"),
            lenenc_bytes(encode(terms.schema) if column.table else b""),
            table,
            table,
            name,
            name,
            _FIXED_FIELDS,
            collation.to_bytes(2, "little"),
            length.to_bytes(4, "little"),
            bytes((wire.type,)),
            flags.to_bytes(2, "little"),
            bytes((wire.decimals or min(column.scale, MAX_SCALE), 0, 0)),
        )
    )


#: How a value of this type is written as text.
_AS_TEXT: dict[type, Callable[..., bytes]] = {
    str: UTF8.encode,
    bytes: bytes,
    int: b"%d".__mod__,
    bool: b"%d".__mod__,
    float: lambda value: repr(value).encode(),
    Decimal: lambda value: format(value, "f").encode(),
}


def text_encoders(charset: Charset) -> dict[type, Callable[..., bytes]]:
    """@return: how values are written as text, by their type."""
    return _AS_TEXT if charset is UTF8 else {**_AS_TEXT, str: charset.encode}


def row_payload(values: Sequence[Value], as_text: Mapping[type, Callable[..., bytes]] = _AS_TEXT) -> bytes:
    """@return: a row in the text protocol as the payload of a packet."""
    parts = []
    for value in values:
        if value is None:
            parts.append(NULL)
        else:
            data = as_text[type(value)](value)
            parts += (lenenc_int(len(data)), data)
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class ResultSet(Reply):
    """Columns, and rows that are computed while they are sent."""

    result: Rows

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: the count of columns, each column, each row and the end."""
        yield lenenc_int(len(self.result.columns))
        for column in self.result.columns:
            yield column_payload(column, terms)
        if not terms.deprecate_eof:
            yield eof_payload(terms)
        as_text = text_encoders(terms.results)
        for row in self.result.rows:
            yield row_payload(row, as_text)
        yield end_payload(terms)


@dataclass(frozen=True, slots=True)
class FieldList(Reply):
    """Columns alone, of which none has a default value."""

    columns: Sequence[Column]

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: each column and the end."""
        for column in self.columns:
            yield column_payload(column, terms) + NULL
        yield end_payload(terms)
