"""
A scratch database: rows go in, one SELECT is answered, and it is gone.

It is SQLite's, in memory. The statement may read the tables that were put in and call functions, nothing
else; it is stopped when it takes too long or answers too much. Nothing here waits, so that it can run in any
thread.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from comet.cometql.context import Context
from comet.cometql.filters import like
from comet.cometql.function import number_of, written
from comet.cometql.functions import FUNCTIONS
from comet.cometql.joining import GroupConcat
from comet.cometql.regexp import Pattern
from comet.cometql.results import MOST_BYTES, MOST_ROWS, Column, Kind, Value, size_of
from comet.errors import (
    AmbiguousColumn,
    NotSupported,
    Refused,
    TooLong,
    TooManyRows,
    TooSlow,
    UnknownColumn,
    UnknownFunction,
)

#: The most seconds that a statement may take.
SECONDS = 2.0
#: How many regular expressions are kept with what has been found out of them, a few megabytes each at most.
_MOST_REGEXPS = 20
#: How many steps of SQLite's machine lie between two looks at the clock.
_STEPS = 20_000
_AFFINITIES = {Kind.INT: "INTEGER", Kind.BIGINT: "INTEGER", Kind.DOUBLE: "REAL", Kind.DECIMAL: "NUMERIC"}
_ALLOWED = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1 << 25,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 18,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 400,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 1 << 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@dataclass(frozen=True, slots=True)
class Filled:
    """
    A table with its rows.

    @ivar caseless: whether texts are compared without regard to letter case.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    caseless: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Titles and rows."""

    titles: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def answer(sql: str, tables: Sequence[Filled], values: Mapping[str, Value], context: Context) -> Answer:
    """
    @param sql: one SELECT of SQLite's language.
    @param values: its parameters by their names.
    @raise Refused: if it cannot be answered, or not within the limits.
    """
    calls = _Calls(context, time.monotonic() + SECONDS)
    connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)
    try:
        for table in tables:
            _fill(connection, table)
        calls.provide(connection, caseless=all(table.caseless for table in tables))
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        connection.set_progress_handler(lambda: calls.is_late, _STEPS)
        connection.set_authorizer(_authorize)
        cursor = connection.execute(sql, {name: _bound(value) for name, value in values.items()})
        titles = [description[0] for description in cursor.description]
        return Answer(titles, _fetched(cursor))
    except (sqlite3.Error, sqlite3.Warning, OverflowError, MemoryError) as error:
        raise (calls.error or _refused(error)) from None
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, table: Filled) -> None:
    collation = " COLLATE NOCASE" if table.caseless else ""
    columns = ", ".join(
        f'"{column.name}" {_AFFINITIES.get(column.kind, "TEXT" + collation)}' for column in table.columns
    )
    connection.execute(f"CREATE TABLE {table.name} ({columns})")
    if table.rows:
        width = len(table.columns)
        marks = ", ".join("?" * width)
        rows = ([_bound(cell) for cell in row[:width]] for row in table.rows)
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
        connection.execute("COMMIT")


def _bound(value: Value) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    if isinstance(value, str) and not value.isascii():
        # SQLite takes no half characters.
        return value.encode("utf-8", "replace").decode()
    return value


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, by: str | None
) -> int:
    if action == sqlite3.SQLITE_READ and (first or "").lower().startswith("sqlite_"):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


class _Calls:
    """
    The functions that a statement calls, for one connection and until it is late.

    @ivar error: why one of them gave no value.
    """

    def __init__(self, context: Context, end: float) -> None:
        self.error: Refused | None = None
        self._context = context
        self._end = end
        self._patterns: dict[str, Callable[[str], bool]] = {}
        self._regexps: dict[str, Pattern] = {}

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end

    def provide(self, connection: sqlite3.Connection, caseless: bool) -> None:
        """Make the functions known to C{connection}; C{caseless} are LIKE and REGEXP then."""
        for name, function in FUNCTIONS.items():
            connection.create_function(
                f"f_{name.lower()}", -1, self.guarded(partial(function, self._context))
            )
        longest = int(number_of(self._context.variables.get("group_concat_max_len")))
        connection.create_aggregate("f_group_concat", -1, lambda: _Guarded(self, longest))
        matches = partial(self._matches, caseless)
        connection.create_function("like", 2, self.guarded(matches))
        connection.create_function("f_regexp", 2, self.guarded(partial(self._finds, caseless)))

    def guarded(self, function: Callable[..., Value | None]) -> Callable[..., Any]:
        """@return: C{function}, of which it is remembered why it refuses; and it is not called too late."""

        def call(*arguments: Value) -> Any:
            try:
                if self.is_late:
                    raise _too_slow()
                return _bound(function(*arguments))
            except Refused as error:
                self.error = error
                raise

        return call

    def _matches(self, caseless: bool, pattern: Value, value: Value) -> int | None:
        if pattern is None or value is None:
            return None
        wanted = written(pattern)
        if wanted not in self._patterns:
            if len(self._patterns) > 100:
                self._patterns.clear()
            self._patterns[wanted] = like(wanted, caseless)
        return int(self._patterns[wanted](written(value)))

    def _finds(self, caseless: bool, pattern: Value, value: Value) -> int | None:
        if pattern is None or value is None:
            return None
        wanted = written(pattern)
        if wanted not in self._regexps:
            if len(self._regexps) >= _MOST_REGEXPS:
                self._regexps.clear()
            self._regexps[wanted] = Pattern(wanted, caseless)
        return int(self._regexps[wanted].found_in(written(value), self._look))

    def _look(self) -> None:
        if self.is_late:
            raise _too_slow()


class _Guarded:
    """A group of GROUP_CONCAT, whose refusals are kept."""

    def __init__(self, calls: _Calls, longest: int) -> None:
        group = GroupConcat(longest)
        self.step = calls.guarded(group.step)
        self.finalize = calls.guarded(group.finalize)


def _too_slow(name: str = "") -> TooSlow:
    return TooSlow(f"the statement took more than {SECONDS:.0f} seconds")


def _fetched(cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while some := cursor.fetchmany(1000):
        rows += some
        size += size_of(some)
        if len(rows) > MOST_ROWS or size > MOST_BYTES:
            raise TooManyRows(f"the answer has more than {MOST_ROWS} rows or {MOST_BYTES} bytes")
    return rows


#: Errors of SQLite, by their texts: it has no numbers for them.
_ERRORS: tuple[tuple[str, Callable[[str], Refused]], ...] = (
    (r"interrupted", _too_slow),
    (
        r"no such column: (?:.*\.)?(.*)",
        lambda name: UnknownColumn(f"Unknown column '{name}' in 'field list'"),
    ),
    (r"ambiguous column name: (.*)", lambda name: AmbiguousColumn(f"Column '{name}' is ambiguous")),
    (r"no such function: (.*)", lambda name: UnknownFunction(f"FUNCTION {name} does not exist")),
    (r"string or blob too big|too big|out of memory", lambda name: TooLong("a value is too long")),
)


def _refused(error: BaseException) -> Refused:
    for pattern, refusal in _ERRORS:
        if found := re.search(pattern, str(error)):
            return refusal((found[1] if found.groups() else "")[:80])
    return NotSupported(f"this SELECT is not supported: {str(error)[:160]}")
