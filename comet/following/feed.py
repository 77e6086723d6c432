"""What a follower asks of the table that it follows, and the SQL for it, as functions of a DB-API cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from comet.cometql.results import Value, size_of
from comet.following.position import NUMBER_LIMIT, Position
from comet.sections import NO_COLUMN, Outbox
from comet.storage.cursors import Cursor, portions

#: Rows are read until their texts are about so many bytes, or so many that one of them is the longest.
BYTES_LIMIT = 16 << 20
#: The longest reason that is written beside a row, in characters.
REASON_LIMIT = 250


class WrongTable(Exception):
    """The table is not one that can be followed; C{str(error)} says why."""


class Row(NamedTuple):
    """
    A row of an outbox.

    @ivar user_id: whom it is for, C{None} if it is for a channel.
    """

    id: int
    name: Value
    event: Value
    message: Value
    user_id: Value


class Portion(NamedTuple):
    """
    What was read at once.

    @ivar rows: in the order in which they are to be published.
    @ivar is_all: whether there was nothing more.
    @ivar waiting: about how many rows are behind these.
    """

    rows: Sequence[Row]
    is_all: bool
    waiting: int


class Feed(Protocol):
    """A table that others write."""

    async def read(self, position: Position) -> Portion:
        """@return: the first rows behind C{position}, and those that have appeared in its holes."""

    async def newest(self) -> int:
        """@return: the highest number of a row, 0 if there is none."""

    async def settle(self, published: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """
        Do away with rows as far as the site wants that.

        @param refused: the numbers of rows that were not published, each with the reason.
        """

    def explain(self, error: Exception) -> str:
        """@return: C{error} as a sentence, with what to change."""

    async def stop(self) -> None:
        """Let go of the database."""


class Statements:
    """The statements for one outbox."""

    def __init__(self, outbox: Outbox, message_limit: int) -> None:
        """@param message_limit: the longest text that is published; of longer ones no more is read."""
        self._outbox, self._limit = outbox, message_limit
        self._table = ".".join(map(_quoted, outbox.table.split(".")))
        self._id = _quoted(outbox.id)
        columns = [
            self._id,
            *(_column(name) for name in (outbox.name, outbox.event)),
            f"SUBSTR({_quoted(outbox.message)}, 1, {message_limit + 1})",
            _column(outbox.user_id),
        ]
        self._select = f"SELECT {', '.join(columns)} FROM {self._table}"

    def read(self, cursor: Cursor, position: Position) -> Portion:
        """See L{Feed.read}."""
        # What is new comes first: a row of a hole that is seen then was there before the new ones that are
        # seen the next time, so that the rows of one transaction never change places.
        new, is_all = self._rows(cursor, f"{self._id} > ?", [position.last])
        late: list[Row] = []
        is_all_late = True
        if position.holes:
            ranges = " OR ".join([f"{self._id} BETWEEN ? AND ?"] * len(position.holes))
            bounds = [bound for hole in position.holes for bound in hole[:2]]
            late, is_all_late = self._rows(cursor, f"({ranges})", bounds)
        waiting = 0 if is_all else max(0, self.newest(cursor) - new[-1].id)
        return Portion([*late, *new], is_all and is_all_late, waiting)

    def _rows(self, cursor: Cursor, where: str, bounds: list[int]) -> tuple[list[Row], bool]:
        most = self._outbox.batch
        cursor.execute(f"{self._select} WHERE {where} ORDER BY {self._id} LIMIT ?", [*bounds, most])
        rows: list[Row] = []
        size = 0
        while len(rows) < most and size < BYTES_LIMIT:
            found = cursor.fetchone()
            if found is None:
                return rows, True
            rows.append(Row(self._number(found[0]), *map(_plain, found[1:])))
            size += size_of([rows[-1][1:]])
        return rows, False

    def newest(self, cursor: Cursor) -> int:
        """See L{Feed.newest}."""
        cursor.execute(f"SELECT MAX({self._id}) FROM {self._table}")
        [number] = cursor.fetchone()
        return 0 if number is None else self._number(number)

    def _number(self, value: object) -> int:
        if type(value) is not int or not 0 < value <= NUMBER_LIMIT:
            raise WrongTable(f"column '{self._outbox.id}' holds {value!r:.40}, which is no number above 0")
        return value

    def settle(self, cursor: Cursor, published: Sequence[int], refused: Iterable[tuple[int, str]]) -> None:
        """See L{Feed.settle}."""
        if self._outbox.delete:
            for marks, numbers in portions(published):
                cursor.execute(f"DELETE FROM {self._table} WHERE {self._id} IN ({marks})", numbers)
        if self._outbox.error != NO_COLUMN:
            for number, reason in refused:
                cursor.execute(
                    f"UPDATE {self._table} SET {_quoted(self._outbox.error)} = ? WHERE {self._id} = ?",
                    [reason[:REASON_LIMIT], number],
                )

    def try_it(self, cursor: Cursor) -> None:
        """
        Look whether the table and its columns are there, and may be read.

        @raise Exception: the database's own error, if not.
        """
        cursor.execute(
            f"SELECT {_column(self._outbox.error)} FROM {self._table} WHERE {self._id} > ? LIMIT 1", [0]
        )
        cursor.fetchall()
        self.newest(cursor)
        self.read(cursor, Position())


def _plain(value: object) -> Value:
    """@return: C{value}, or its text if it is a date or the like."""
    return value if isinstance(value, int | float | Decimal | str | bytes | None) else str(value)


def _quoted(name: str) -> str:
    return f"`{name}`"


def _column(name: str) -> str:
    """@return: a column for a SELECT, which is NULL where there is none."""
    return "NULL" if name == NO_COLUMN else _quoted(name)


def advice(error: Exception, section: str, number: int) -> str:
    """
    @param number: that of an error of MariaDB or MySQL, 0 if it has none.
    @return: what to change in the configuration or the database; empty if that is not known.
    """
    text = str(error)
    for signs, what in _ADVICE:
        if number in signs or any(isinstance(sign, str) and sign in text for sign in signs):
            return what.format(section=section)
    return ""


#: What to do about numbers of MariaDB and MySQL, and texts of SQLite.
_ADVICE: tuple[tuple[tuple[Any, ...], str], ...] = (
    ((1146, "no such table"), "see [{section}] table"),
    (
        (1054, "no such column"),
        "see [{section}] id, name, event, message, user_id and error; "
        f"a column that there is not is {NO_COLUMN}",
    ),
    (
        (1142, 1143),
        "grant it to the user of [{section}] database: SELECT, with delete DELETE, and with error UPDATE",
    ),
    ((1044, 1049), "see the name of the database in [{section}] database, and what its user may do"),
    ((1045, 1698), "see user and password in [{section}] database"),
    ((2026, "SSL", "certificate"), "see [{section}] tls and tls_ca"),
    ((2002, 2003, 2005), "see the host and port in [{section}] database, and whether the server runs"),
    (("unable to open", "readonly database"), "see [{section}] database: the file, and who may write to it"),
)
