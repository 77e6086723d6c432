"""What the SQL of the store needs of a DB-API cursor, and how it asks for many keys at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

#: How many parameters one statement takes at the most; SQLite's own limit was 999 for long.
MARKS_LIMIT = 900


class Cursor(Protocol):
    """What a DB-API cursor (PEP 249) offers to the functions that are given one."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement wrote or removed."""

    @property
    def lastrowid(self) -> int:
        """The number of the row that the last INSERT has written."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchall(self) -> list[Any]:
        """@return: the rows that are left."""

    def fetchone(self) -> Any:
        """@return: the next row."""


#: A function of a cursor and of what it is called with.
Query = Callable[..., Any]


def is_shared(cursor: Cursor) -> bool:
    """@return: whether others write to the same database at the same time; to SQLite only one can."""
    return bool(getattr(cursor, "shared", False))


def portions(values: Collection[Any]) -> Iterator[tuple[str, list[Any]]]:
    """@return: for each portion of C{values} the marks of an C{IN} list, and the portion."""
    values = list(values)
    for start in range(0, len(values), MARKS_LIMIT):
        portion = values[start : start + MARKS_LIMIT]
        yield ",".join("?" * len(portion)), portion


def _by_tenant(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    grouped: dict[int, dict[Any, None]] = {}
    for dev_id, value in pairs:
        grouped.setdefault(dev_id, {})[value] = None
    return {dev_id: list(values) for dev_id, values in grouped.items()}


def select(cursor: Cursor, statement: str, pairs: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Run C{statement}, with C{{marks}} in it, for all values of each tenant; give tenant and row."""
    for dev_id, values in _by_tenant(pairs).items():
        for marks, portion in portions(values):
            cursor.execute(statement.format(marks=marks), [dev_id, *portion])
            for row in cursor.fetchall():
                yield dev_id, row


def delete(cursor: Cursor, statement: str, pairs: Iterable[tuple[int, Any]]) -> int:
    """Run C{statement} as L{select} does; @return: how many rows were removed."""
    removed = 0
    for dev_id, values in _by_tenant(pairs).items():
        for marks, portion in portions(values):
            cursor.execute(statement.format(marks=marks), [dev_id, *portion])
            removed += cursor.rowcount
    return removed
