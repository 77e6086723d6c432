"""
A DB-API connection to MariaDB or MySQL that connects when it is needed, and takes SQL in SQLite's spelling.

L{twisted.enterprise.adbapi} takes this module for a driver.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import pymysql
from pymysql.cursors import SSCursor
from pymysql.err import MySQLError, OperationalError

from comet.storage.mysql_errors import CommitUnknown, Verdict, judge
from comet.storage.mysql_server import Server

#: A connection that was idle for longer is tried before it is used, in seconds.
IDLE_SECONDS = 30.0
#: How long the server keeps an idle connection, in seconds: who was frozen holds no locks for ever.
SERVER_SECONDS = 60
#: How long no further connection is tried once one has failed, in seconds.
PAUSE_SECONDS = 0.5

_EXCLUDED = re.compile(r"\bexcluded\.(\w+)")
_CONFLICT = re.compile(r"ON CONFLICT \([\w, ]+\) DO UPDATE SET")


@lru_cache(1024)
def translated(statement: str) -> str:
    """@return: a statement for SQLite as PyMySQL and the server take it; it holds no C{?} but marks."""
    statement = _CONFLICT.sub("ON DUPLICATE KEY UPDATE", statement)
    return _EXCLUDED.sub(r"VALUES(\1)", statement).replace("%", "%%").replace("?", "%s")


class MySQLCursor:
    """
    A cursor that reads rows as they are asked for.

    @cvar shared: see L{comet.storage.cursors.is_shared}.
    """

    shared = True

    def __init__(self, raw: SSCursor) -> None:
        self._raw = raw
        self._more = False

    @property
    def rowcount(self) -> int:
        """How many rows the last statement wrote or removed."""
        return int(self._raw.rowcount)

    @property
    def lastrowid(self) -> int:
        """The number of the row that the last INSERT has written."""
        return int(self._raw.lastrowid)

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> None:
        """Run one statement of L{comet.storage.queries}, or one for this server alone."""
        self._finish()
        self._raw.execute(translated(statement), tuple(parameters))
        self._more = self._raw.description is not None

    def fetchone(self) -> Any:
        """@return: the next row."""
        row = self._raw.fetchone()
        self._more = self._more and row is not None
        return row

    def fetchall(self) -> list[Any]:
        """@return: the rows that are left."""
        self._more = False
        return list(self._raw.fetchall())

    def close(self) -> None:
        """Read what is left, and let go."""
        self._finish()
        self._raw.close()

    def _finish(self) -> None:
        # The server sends all rows whether they are wanted or not; here one at a time is in memory.
        while self._more:
            self.fetchone()


class Door:
    """
    Remembers that the server could not be reached, so that not everybody waits to find that out.

    @ivar lost: when a connection was lost last; those that are older may be lost, too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shut_until = 0.0
        self._error: OperationalError | None = None
        self.lost = 0.0

    def note_loss(self) -> None:
        """A connection was lost."""
        self.lost = self._clock()

    def connect(self, server: Server) -> Any:
        """@return: a connection of PyMySQL, made for L{comet.storage.queries}."""
        if self._error is not None and self._clock() < self._shut_until:
            raise OperationalError(*self._error.args)
        try:
            raw = pymysql.connect(**server.arguments(), cursorclass=SSCursor)
            with raw.cursor() as cursor:
                _configure(cursor, server, "mariadb" in raw.get_server_info().lower())
        except OperationalError as error:
            if judge(error) is Verdict.LOST:
                self._error, self._shut_until = error, self._clock() + PAUSE_SECONDS
            raise
        self._error = None
        return raw


def _configure(cursor: SSCursor, server: Server, is_mariadb: bool) -> None:
    # Each statement sees what is committed, and locks no gaps: that makes for fewer deadlocks.
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    settings = {
        "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
        "wait_timeout": SERVER_SECONDS,
        "innodb_lock_wait_timeout": max(1, server.timeout // 2),
    }
    if is_mariadb:
        settings["idle_transaction_timeout"] = max(1, server.timeout)
    assignments = ", ".join(f"SESSION {name} = %s" for name in settings)
    cursor.execute(f"SET {assignments}", tuple(settings.values()))


class Link:
    """A connection that is made at the first statement, and anew after it was lost."""

    def __init__(self, server: Server, door: Door, clock: Callable[[], float] = time.monotonic) -> None:
        self._server, self._door, self._clock = server, door, clock
        self._raw: Any = None
        self._cursor: MySQLCursor | None = None
        self._used = 0.0

    def cursor(self) -> MySQLCursor:
        """Begin a transaction."""
        if self._raw is not None and self._is_doubtful:
            try:
                self._raw.ping(reconnect=False)
            except Exception:
                self.close()
        if self._raw is None:
            self._raw = self._door.connect(self._server)
        self._used = self._clock()
        self._cursor = MySQLCursor(self._raw.cursor())
        return self._cursor

    @property
    def _is_doubtful(self) -> bool:
        """Whether the connection should be tried before it is used."""
        return self._used <= self._door.lost or self._clock() - self._used > IDLE_SECONDS

    def commit(self) -> None:
        """@raise CommitUnknown: if the server may have committed, or not."""
        try:
            self._raw.commit()
        except MySQLError as error:
            if judge(error) is not Verdict.LOST:
                raise
            self._lose()
            raise CommitUnknown(*error.args) from error
        self._used = self._clock()

    def rollback(self) -> None:
        """End the transaction without a trace; if it cannot be told to the server, the connection goes."""
        try:
            if self._cursor is not None:
                self._cursor.close()
            if self._raw is not None:
                self._raw.rollback()
        except Exception:
            self._lose()

    def _lose(self) -> None:
        self._door.note_loss()
        self.close()

    def close(self) -> None:
        """Let the connection go; the next L{cursor} makes another."""
        raw, cursor, self._raw, self._cursor = self._raw, self._cursor, None, None
        if cursor is not None:
            with suppress(Exception):
                cursor.close()
        if raw is not None:
            with suppress(Exception):
                raw.close()


def connect(server: Server, door: Door) -> Link:
    """@return: a connection, as a driver gives it."""
    return Link(server, door)
