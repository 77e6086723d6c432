"""The databases in which outboxes are, over C{twisted.enterprise.adbapi}."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pymysql.err import MySQLError
from twisted.enterprise.adbapi import ConnectionPool

from comet.following.feed import Feed, Portion, Statements, advice
from comet.following.position import Position
from comet.kinds import DatabaseUrl
from comet.sections import Db, Outbox
from comet.storage.cursors import Cursor
from comet.storage.mysql import mysql_pool
from comet.storage.mysql_errors import code_of
from comet.storage.mysql_link import Door, Link
from comet.storage.mysql_server import Server


def server_of(section: str, outbox: Outbox, url: DatabaseUrl) -> Server:
    """
    @return: the MariaDB or MySQL in which an outbox is.
    @raise CannotStart: if a file that the section names is no good.
    """
    db = Db(timeout=outbox.timeout, tls=outbox.tls, tls_ca=outbox.tls_ca)
    return Server.of(db, url, section)


def sqlite_uri(url: DatabaseUrl) -> str:
    """@return: the file of SQLite in which an outbox is; it is that of the site, and not created here."""
    return f"{Path(url.path).absolute().as_uri()}?mode=rw"


class SQLFeed(Feed):
    """A table in a database."""

    def __init__(self, section: str, outbox: Outbox, message_limit: int, reactor: Any) -> None:
        """
        @param section: what the configuration calls it.
        @raise CannotStart: if a file that it names is no good.
        """
        self._section = section
        self._statements = Statements(outbox, message_limit)
        assert outbox.database is not None  # the configuration has seen to that
        self._pool = _pool(section, outbox, outbox.database, reactor)

    async def read(self, position: Position) -> Portion:
        """See L{Feed.read}."""
        found: Portion = await self._pool.runInteraction(self._statements.read, position)
        return found

    async def newest(self) -> int:
        """See L{Feed.newest}."""
        return int(await self._pool.runInteraction(self._statements.newest))

    async def settle(self, published: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """See L{Feed.settle}."""
        await self._pool.runInteraction(self._statements.settle, published, refused)

    def explain(self, error: Exception) -> str:
        """See L{Feed.explain}."""
        return explained(error, self._section)

    async def stop(self) -> None:
        """See L{Feed.stop}."""
        self._pool.close()


def _pool(section: str, outbox: Outbox, url: DatabaseUrl, reactor: Any) -> ConnectionPool:
    if url.scheme == "mysql":
        return mysql_pool(server_of(section, outbox, url), 1, reactor)
    pool: ConnectionPool = ConnectionPool(
        "sqlite3",
        sqlite_uri(url),
        uri=True,
        check_same_thread=False,
        timeout=float(outbox.timeout),
        cp_min=1,
        cp_max=1,
        cp_openfun=_configure,
        cp_reactor=reactor,
        cp_noisy=False,
    )
    return pool


def _configure(connection: sqlite3.Connection) -> None:
    connection.text_factory = _text


def _text(raw: bytes) -> str | bytes:
    """@return: a text of SQLite, which may be no UTF-8; then only its row is refused."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def explained(error: Exception, section: str) -> str:
    """@return: an error as a sentence, with what to change."""
    text = str(error.args[1]) if isinstance(error, MySQLError) and len(error.args) > 1 else str(error)
    what = advice(error, section, code_of(error))
    return (text or type(error).__name__) + (f"; {what}" if what else "")


def examine(section: str, outbox: Outbox) -> str:
    """
    Look at an outbox without following it, in this thread.

    @return: what is wrong with it; empty if nothing is.
    """
    statements = Statements(outbox, 1)
    assert outbox.database is not None  # the configuration has seen to that
    try:
        _with_cursor(section, outbox, outbox.database, statements.try_it)
    except Exception as error:
        return explained(error, section)
    return ""


def _with_cursor(section: str, outbox: Outbox, url: DatabaseUrl, look: Callable[[Cursor], None]) -> None:
    link: Any
    if url.scheme == "mysql":
        link = Link(server_of(section, outbox, url), Door())
    else:
        link = sqlite3.connect(sqlite_uri(url), uri=True, timeout=float(outbox.timeout))
    try:
        look(link.cursor())
    finally:
        link.close()
