"""
The SQL of the store, as functions of a DB-API cursor.

Every function runs inside a transaction that somebody else begins and ends. Values travel as parameters,
always; nothing is put into the text of a statement but marks. The text is that of SQLite as far as MariaDB
and MySQL know it, too, or L{comet.storage.mysql_link} can translate it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from comet.model import NOWHERE, Channel, Message, Place, PrivateMessage, User
from comet.storage import record_queries, rule_queries
from comet.storage.cursors import Cursor, delete, is_shared, portions, select
from comet.storage.interface import Queued, Stretch
from comet.storage.listings import Most, no_more
from comet.storage.writes import Write


def new_epoch() -> str:
    """@return: a name for a counting that no other has had."""
    return secrets.token_hex(4)


def apply(cursor: Cursor, writes: Sequence[Write]) -> list[Any]:
    """See L{comet.storage.interface.Store.apply}: the function of each write has the name of its method."""
    functions = {**vars(record_queries), **vars(rule_queries), **globals()}
    return [functions[write.name](cursor, *write.arguments) for write in writes]


# Keys of users --------------------------------------------------------------------------------------------


def set_key(cursor: Cursor, user: User, key: str) -> None:
    """See L{comet.storage.interface.Store.set_key}."""
    cursor.execute("REPLACE INTO users_auth (dev_id, user_id, hash) VALUES (?, ?, ?)", [*user, key])


def keys(cursor: Cursor, users: Collection[User]) -> dict[User, str]:
    """See L{comet.storage.interface.Store.keys}."""
    statement = "SELECT user_id, hash FROM users_auth WHERE dev_id = ? AND user_id IN ({marks})"
    return {User(dev_id, row[0]): row[1] for dev_id, row in select(cursor, statement, users)}


def remove_keys(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.interface.Store.remove_keys}."""
    return delete(cursor, "DELETE FROM users_auth WHERE dev_id = ? AND user_id IN ({marks})", users)


# When users were here -------------------------------------------------------------------------------------


def set_last_seen(cursor: Cursor, user: User, time: int) -> None:
    """See L{comet.storage.interface.Store.set_last_seen}."""
    cursor.execute("REPLACE INTO users_time (dev_id, user_id, time) VALUES (?, ?, ?)", [*user, time])


def last_seen(cursor: Cursor, users: Collection[User]) -> dict[User, int]:
    """See L{comet.storage.interface.Store.last_seen}."""
    statement = "SELECT user_id, time FROM users_time WHERE dev_id = ? AND user_id IN ({marks})"
    return {User(dev_id, row[0]): row[1] for dev_id, row in select(cursor, statement, users)}


# Channels and their history -------------------------------------------------------------------------------


def set_length(cursor: Cursor, channel: Channel, length: int) -> None:
    """See L{comet.storage.interface.Store.set_length}."""
    cursor.execute("REPLACE INTO pipes_settings (dev_id, name, length) VALUES (?, ?, ?)", [*channel, length])
    _trim_history(cursor, channel, length)
    if not length:
        _end_epoch(cursor, channel)


def lengths(cursor: Cursor) -> dict[Channel, int]:
    """See L{comet.storage.interface.Store.lengths}."""
    cursor.execute("SELECT dev_id, name, length FROM pipes_settings")
    return {Channel(dev_id, name): length for dev_id, name, length in cursor.fetchall()}


def remove_channels(cursor: Cursor, channels: Collection[Channel]) -> int:
    """See L{comet.storage.interface.Store.remove_channels}."""
    remove_history(cursor, channels)
    for channel in channels:
        _end_epoch(cursor, channel)
    return delete(cursor, "DELETE FROM pipes_settings WHERE dev_id = ? AND name IN ({marks})", channels)


def _end_epoch(cursor: Cursor, channel: Channel) -> None:
    cursor.execute(
        "UPDATE pipe_positions SET epoch = ? WHERE dev_id = ? AND name = ?", [new_epoch(), *channel]
    )


def append(cursor: Cursor, message: Message, keep: int) -> Place:
    """See L{comet.storage.interface.Store.append}."""
    place = _next_place(cursor, message.channel)
    cursor.execute(
        "INSERT INTO pipe_messages (id, dev_id, name, time, event, message, user_id, position)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(message.id, *message.channel, message.time, message.event, message.text, message.user_id),
            place.position,
        ],
    )
    _trim_history(cursor, message.channel, keep)
    return place


def _next_place(cursor: Cursor, channel: Channel) -> Place:
    """@return: the place of the next message of C{channel}, with a position that is given once."""
    # Counted before it is read: whoever shares the database waits here until this transaction has ended.
    cursor.execute(
        "INSERT INTO pipe_positions (dev_id, name, position, epoch) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (dev_id, name) DO UPDATE SET position = position + 1",
        [*channel, new_epoch()],
    )
    return _place(cursor, channel)


def _place(cursor: Cursor, channel: Channel) -> Place:
    cursor.execute("SELECT epoch, position FROM pipe_positions WHERE dev_id = ? AND name = ?", list(channel))
    found = cursor.fetchone()
    return NOWHERE if found is None else Place(*found)


def _trim_history(cursor: Cursor, channel: Channel, keep: int) -> None:
    cursor.execute(
        "DELETE FROM pipe_messages WHERE dev_id = ? AND name = ? AND number <= ("
        "SELECT number FROM (SELECT number FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " ORDER BY number DESC LIMIT 1 OFFSET ?) AS beyond)",
        [*channel, *channel, keep],
    )


def history(cursor: Cursor, channel: Channel, limit: int) -> list[Message]:
    """See L{comet.storage.interface.Store.history}."""
    cursor.execute(
        "SELECT event, message, time, user_id, id, position FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " ORDER BY number DESC LIMIT ?",
        [*channel, limit],
    )
    rows = cursor.fetchall()
    return _messages(channel, _place(cursor, channel).epoch, reversed(rows))


def since(cursor: Cursor, channel: Channel, position: int, most: Most) -> Stretch:
    """See L{comet.storage.interface.Store.since}."""
    place = _place(cursor, channel)
    # Not what others have committed since the place was read: it would be given here, and once it is heard.
    cursor.execute(
        "SELECT event, message, time, user_id, id, position FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " AND position > ? AND position <= ? ORDER BY number LIMIT ?",
        [*channel, position, place.position, most.rows + 1],
    )
    rows = no_more(iter(cursor.fetchone, None), most, lambda row: str(row[1]))
    return Stretch(place, _messages(channel, place.epoch, rows))


def _messages(channel: Channel, epoch: str, rows: Iterable[Sequence[Any]]) -> list[Message]:
    # What is kept is of the epoch that goes on: at the end of an epoch nothing is kept.
    return [
        Message(channel, event, text, time, user_id, id, Place(epoch, position))
        for event, text, time, user_id, id, position in rows
    ]


def places(cursor: Cursor, channels: Collection[Channel]) -> dict[Channel, Place]:
    """See L{comet.storage.interface.Store.places}."""
    statement = "SELECT name, epoch, position FROM pipe_positions WHERE dev_id = ? AND name IN ({marks})"
    return {Channel(dev_id, row[0]): Place(*row[1:]) for dev_id, row in select(cursor, statement, channels)}


def remove_history(cursor: Cursor, channels: Collection[Channel]) -> int:
    """See L{comet.storage.interface.Store.remove_history}."""
    return delete(cursor, "DELETE FROM pipe_messages WHERE dev_id = ? AND name IN ({marks})", channels)


def count_messages(cursor: Cursor, dev_id: int, ids: Collection[str]) -> int:
    """See L{comet.storage.interface.Store.count_messages}."""
    statement = "SELECT id FROM pipe_messages WHERE dev_id = ? AND id IN ({marks})"
    return sum(1 for _ in select(cursor, statement, [(dev_id, id) for id in ids]))


def remove_messages(cursor: Cursor, dev_id: int, ids: Collection[str]) -> int:
    """See L{comet.storage.interface.Store.remove_messages}."""
    pairs = [(dev_id, id) for id in ids]
    return delete(cursor, "DELETE FROM pipe_messages WHERE dev_id = ? AND id IN ({marks})", pairs)


# The queue of private messages ----------------------------------------------------------------------------


def enqueue(cursor: Cursor, message: PrivateMessage, keep: int) -> Queued:
    """See L{comet.storage.interface.Store.enqueue}."""
    user = message.user
    number = deposit(cursor, message)
    cursor.execute(
        "DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number <= ("
        "SELECT number FROM (SELECT number FROM users_messages WHERE dev_id = ? AND user_id = ?"
        " ORDER BY number DESC LIMIT 1 OFFSET ?) AS beyond)",
        [*user, *user, keep],
    )
    return Queued(number, cursor.rowcount)


def deposit(cursor: Cursor, message: PrivateMessage) -> int:
    """See L{comet.storage.interface.Store.deposit}."""
    if is_shared(cursor):
        # What one user is sent gets its number and is committed in the same order, whoever sends it: else a
        # client that acknowledges up to one number could remove a lower one that it has never seen.
        cursor.execute(
            "INSERT INTO users_queues (dev_id, user_id, times) VALUES (?, ?, 1)"
            " ON CONFLICT (dev_id, user_id) DO UPDATE SET times = times + 1",
            list(message.user),
        )
    cursor.execute(
        "INSERT INTO users_messages (dev_id, user_id, time, event, message, expires)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [*message.user, message.time, message.event, message.text, message.expires],
    )
    return cursor.lastrowid


def queue(cursor: Cursor, user: User) -> list[PrivateMessage]:
    """See L{comet.storage.interface.Store.queue}."""
    cursor.execute(
        "SELECT event, message, time, number, expires FROM users_messages WHERE dev_id = ? AND user_id = ?"
        " ORDER BY number",
        list(user),
    )
    return [PrivateMessage(user, *row) for row in cursor.fetchall()]


def dequeue(cursor: Cursor, user: User, numbers: Collection[int]) -> int:
    """See L{comet.storage.interface.Store.dequeue}."""
    removed = 0
    for marks, portion in portions(numbers):
        cursor.execute(
            f"DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number IN ({marks})",
            [*user, *portion],
        )
        removed += cursor.rowcount
    return removed


def acknowledge(cursor: Cursor, user: User, number: int) -> int:
    """See L{comet.storage.interface.Store.acknowledge}."""
    cursor.execute(
        "DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number <= ?", [*user, number]
    )
    return cursor.rowcount


def remove_queues(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.interface.Store.remove_queues}."""
    return delete(cursor, "DELETE FROM users_messages WHERE dev_id = ? AND user_id IN ({marks})", users)
