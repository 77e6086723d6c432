"""Moves all rows of one database into another, an empty one, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from comet.errors import Unavailable
from comet.storage import migrations
from comet.storage.cursors import Cursor

#: How many rows are written between two commits.
BATCH = 500

Row = Sequence[Any]

#: The tables of a store, with their columns in the order of the key. What a process leaves only for itself,
#: or to hold a lock, is not among them.
COLUMNS = {
    "users_auth": "dev_id, user_id, hash",
    "users_time": "dev_id, user_id, time, node",
    "users_data": "dev_id, user_id, data",
    "users_messages": "number, dev_id, user_id, time, event, message, expires",
    "pipes_settings": "dev_id, name, length",
    "pipe_positions": "dev_id, name, position, epoch",
    "pipe_messages": "number, id, dev_id, name, time, event, message, user_id, position",
    "revoked_tokens": "dev_id, token",
    "conference": "dev_id, name, user_id, caller_id, message, profile, stream, expires",
    "dev_config": "dev_id, dev_key, url",
    "channel_rights": "dev_id, prefix, may_subscribe, may_publish, may_history, may_members, may_count",
    "nodes": "node, alive",
    "presence_events": "number, dev_id, seq, time, user_id, event, name, uuid",
    "presence_places": "dev_id, name, place",
    "outboxes": "name, node, ends, place",
}


def _as_it_is(row: Row) -> Row | None:
    return row


class Move(NamedTuple):
    """
    What becomes of one table.

    @ivar columns: those that are written.
    @ivar counting: a SELECT of how many rows there are to read.
    @ivar select: a SELECT of the rows.
    @ivar convert: gives what is written of a row, C{None} to leave it out.
    """

    table: str
    columns: str
    counting: str
    select: str
    convert: Callable[[Row], Row | None] = _as_it_is


class Progress(NamedTuple):
    """How far a table has come: how many rows were read of how many, and left out."""

    table: str
    done: int
    rows: int
    left_out: int


def own_moves(cursor: Cursor) -> list[Move]:
    """
    @return: how a store of ours is moved.
    @raise Unavailable: if another version of comet has written it.
    """
    cursor.execute("SELECT max(version) FROM comet_schema")
    found, known = cursor.fetchone()[0], max(migrations.scripts())
    if found != known:
        raise Unavailable(
            f"the source has schema version {found}, and {known} is expected: start this comet on it once,"
            " stop it, and migrate then"
        )
    return [
        Move(
            *(table, columns, f"SELECT count(*) FROM {table}"),
            f"SELECT {columns} FROM {table} ORDER BY {', '.join(columns.split(', ')[:3])}",
        )
        for table, columns in COLUMNS.items()
    ]


def refuse_full(target: Cursor) -> None:
    """@raise Unavailable: if there are rows already."""
    for table in COLUMNS:
        target.execute(f"SELECT 1 FROM {table} LIMIT 1")
        if target.fetchall():
            raise Unavailable(
                f"the target is not empty, there are rows in {table}: name another, or empty it"
            )


def move(
    source: Cursor, target: Cursor | None, moves: Sequence[Move], commit: Callable[[], None]
) -> Iterator[Progress]:
    """
    Move table by table; at most a batch of rows is not committed, and one row in memory.

    @param target: C{None} to read only.
    @return: the progress after each batch, and at the end of each table.
    """
    for each in moves:
        source.execute(each.counting)
        rows = int(source.fetchone()[0])
        names = each.columns.split(", ")
        insert = f"INSERT INTO {each.table} ({each.columns}) VALUES ({', '.join('?' * len(names))})"
        source.execute(each.select)
        done = left_out = 0
        for row in iter(source.fetchone, None):
            written = each.convert(row)
            done += 1
            left_out += written is None
            if written is not None and target is not None:
                target.execute(insert, list(written))
            if done % BATCH == 0:
                commit()
                yield Progress(each.table, done, rows, left_out)
        commit()
        yield Progress(each.table, done, max(rows, done), left_out)


def last_number(source: Cursor) -> int:
    """@return: the highest number that a private message has ever had in a store of ours."""
    if getattr(source, "shared", False):
        source.execute(
            "SELECT auto_increment - 1 FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = 'users_messages'"
        )
    else:
        source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'users_messages'")
    found = source.fetchone()
    return int(found[0] or 0) if found else 0


def count_from(target: Cursor, number: int) -> None:
    """Let no private message have a number up to C{number} from now on."""
    target.execute("SELECT 1 FROM users_messages WHERE number >= ?", [number])
    if number and not target.fetchall():
        target.execute(
            "INSERT INTO users_messages (number, dev_id, user_id, time, event, message)"
            " VALUES (?, -1, 0, 0, '', '')",
            [number],
        )
        target.execute("DELETE FROM users_messages WHERE number = ?", [number])
