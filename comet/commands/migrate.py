"""Move all that a store keeps into another one, or take over the database of a CppComet."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymysql.err import MySQLError

from comet.commands.bars import bar
from comet.commands.where import CannotDo, add_config
from comet.config import Config
from comet.errors import CometError
from comet.kinds import DATABASE, DatabaseUrl, read_database
from comet.sections import Db
from comet.storage import migrations, moving, mysql_migrations
from comet.storage.moving_cppcomet import cppcomet_moves, is_cppcomet
from comet.storage.mysql_errors import explain
from comet.storage.mysql_link import Door, Link
from comet.storage.mysql_server import Server

#: How long a database may take to answer, in seconds.
TIMEOUT = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare source and target."""
    parser.add_argument(
        "--from",
        dest="source",
        metavar="URL",
        required=True,
        help="what to read, of comet or CppComet 4.09: sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME",
    )
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--to", metavar="URL", help="the empty store to write to")
    add_config(target, "the configuration that names the store to write to")
    parser.add_argument("--dry-run", action="store_true", help="read and count everything, and write nothing")


@dataclass(frozen=True, slots=True)
class Store:
    """An open database."""

    name: str
    cursor: Any
    commit: Callable[[], None]
    close: Callable[[], None]
    is_mysql: bool


def run(arguments: argparse.Namespace) -> int:
    """Move, and tell how far it has come."""
    source_url = _read_url(arguments.source, "--from")
    target = None
    try:
        source = _open(source_url, Db(timeout=TIMEOUT), "--from", read_only=True)
        try:
            if not arguments.dry_run:
                target = _target(arguments)
            return _move(source, target)
        finally:
            source.close()
            if target is not None:
                target.close()
    except (CometError, sqlite3.Error, MySQLError) as error:
        raise CannotDo(str(error)) from None


def _move(source: Store, target: Store | None) -> int:
    foreign = source.is_mysql and is_cppcomet(source.cursor)
    moves = cppcomet_moves() if foreign else moving.own_moves(source.cursor)
    if target is not None:
        moving.refuse_full(target.cursor)
    shown = _Shown(sys.stderr)
    for progress in moving.move(
        source.cursor,
        target.cursor if target else None,
        moves,
        target.commit if target else lambda: None,
    ):
        shown.show(progress)
    shown.end()
    if target is not None:
        if not foreign:
            moving.count_from(target.cursor, moving.last_number(source.cursor))
        target.commit()
        print(f"moved {shown.rows} rows from {source.name} to {target.name}")
    else:
        print(f"would move {shown.rows} rows from {source.name}")
    if shown.left_out:
        print(f"left out {shown.left_out} rows whose name or key comet does not take")
    return 0


class _Shown:
    """A bar for each table on a terminal, a line for each elsewhere."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._is_terminal = stream, stream.isatty()
        self._last: moving.Progress | None = None
        self.rows = self.left_out = 0

    def show(self, progress: moving.Progress) -> None:
        if self._last is not None and self._last.table != progress.table:
            self.end()
        self._last = progress
        if self._is_terminal:
            self._stream.write("\r" + self._line(progress))
            self._stream.flush()

    def end(self) -> None:
        """The table is done."""
        if self._last is not None:
            self._stream.write(("\r" if self._is_terminal else "") + self._line(self._last) + "\n")
            self.rows += self._last.done - self._last.left_out
            self.left_out += self._last.left_out
        self._last = None

    def _line(self, progress: moving.Progress) -> str:
        return bar(progress.table, progress.done, progress.rows)


def _read_url(value: str, option: str) -> DatabaseUrl:
    try:
        return read_database(value)
    except ValueError:
        raise CannotDo(f"{option}: this is no address of a store; expected {DATABASE.right}") from None


def _target(arguments: argparse.Namespace) -> Store:
    if arguments.to:
        return _open(_read_url(arguments.to, "--to"), Db(timeout=TIMEOUT), "--to")
    if not arguments.config:
        raise CannotDo("nothing says where to: name the target by --to URL or by --config FILE")
    config = Config.load(arguments.config, os.environ)
    url = config.mysql or DatabaseUrl("sqlite", str(config.sqlite_path(config.main.data.absolute())))
    return _open(url, config.db, "[db]")


def _open(url: DatabaseUrl, db: Db, option: str, read_only: bool = False) -> Store:
    opened = _open_sqlite if url.scheme == "sqlite" else _open_mysql
    return opened(url, db, option, read_only)


def _open_sqlite(url: DatabaseUrl, db: Db, option: str, read_only: bool) -> Store:
    path = Path(url.path).absolute()
    if read_only and not path.is_file():
        raise CannotDo(f"{option}: there is no file {path}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    cursor: Any = connection.cursor()
    if read_only:
        # One transaction, so that all tables are of the same moment.
        cursor.execute("BEGIN")
    else:
        migrations.migrate(cursor)
        connection.commit()
    return Store(repr(url), cursor, connection.commit, connection.close, False)


def _open_mysql(url: DatabaseUrl, db: Db, option: str, read_only: bool) -> Store:
    server = Server.of(db, url).patient(TIMEOUT)
    link = Link(server, Door())
    try:
        cursor = link.cursor()
        if read_only:
            cursor.execute("ROLLBACK")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        else:
            mysql_migrations.migrate(cursor)
    except MySQLError as error:
        raise CannotDo(f"{option}: {explain(error, server)}") from None
    return Store(repr(url), cursor, link.commit, link.close, True)
