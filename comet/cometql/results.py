"""What a statement gives: rows with typed columns, or a count of what was done."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

#: The most rows and bytes that a SELECT may look at, or answer with.
MOST_ROWS, MOST_BYTES = 100_000, 64 << 20

#: What a cell may hold. C{None} is NULL.
Value = int | float | Decimal | str | bytes | None


def size_of(rows: Sequence[Sequence[Value]]) -> int:
    """@return: about how many bytes the texts of C{rows} are."""
    return sum(len(cell) for row in rows for cell in row if isinstance(cell, (str, bytes)))


class Kind(Enum):
    """The type of a column, with the name that C{DESCRIBE} shows."""

    INT = "int"
    BIGINT = "bigint"
    DOUBLE = "double"
    DECIMAL = "decimal"
    VARCHAR = "varchar"
    TEXT = "mediumtext"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    NULL = "null"

    @property
    def is_text(self) -> bool:
        """Whether the values are strings."""
        return self in (Kind.VARCHAR, Kind.TEXT)

    @property
    def is_time(self) -> bool:
        """Whether the values are moments: texts here, which have a form of their own in binary."""
        return self in (Kind.DATETIME, Kind.DATE, Kind.TIME)


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a result.

    @ivar length: the most characters of a text, or digits of a number.
    @ivar table: the table it comes from, empty for what was computed.
    @ivar scale: how many digits of an exact number stand behind the point.
    @ivar unsigned: whether no number in it is negative, and the greatest may have 64 bits.
    """

    name: str
    kind: Kind = Kind.VARCHAR
    length: int = 255
    nullable: bool = False
    key: bool = False
    table: str = ""
    unsigned: bool = False
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """A result set. C{rows} is walked once, and may be computed while it is."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Done:
    """A statement without rows has run."""

    affected: int = 0
    insert_id: int = 0
    warnings: int = 0
    info: str = ""


Result = Rows | Done


async def awaited(result: Result | Awaitable[Result]) -> Result:
    """@return: C{result}, waited for if it is not there yet."""
    return result if isinstance(result, Rows | Done) else await result
