"""
The SQL of the store, as functions of a DB-API cursor.

Every function runs inside a transaction that somebody else begins and ends. Values travel as parameters,
always; nothing is put into the text of a statement but marks.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from comet.model import Channel, Message, PrivateMessage, User
from comet.storage import record_queries
from comet.storage.cursors import Cursor, delete, portions, select
from comet.storage.writes import Write


def apply(cursor: Cursor, writes: Sequence[Write]) -> list[Any]:
    """See L{comet.storage.interface.Store.apply}: the function of each write has the name of its method."""
    functions = {**vars(record_queries), **globals()}
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


def lengths(cursor: Cursor) -> dict[Channel, int]:
    """See L{comet.storage.interface.Store.lengths}."""
    cursor.execute("SELECT dev_id, name, length FROM pipes_settings")
    return {Channel(dev_id, name): length for dev_id, name, length in cursor.fetchall()}


def remove_channels(cursor: Cursor, channels: Collection[Channel]) -> int:
    """See L{comet.storage.interface.Store.remove_channels}."""
    remove_history(cursor, channels)
    return delete(cursor, "DELETE FROM pipes_settings WHERE dev_id = ? AND name IN ({marks})", channels)


def append(cursor: Cursor, message: Message, keep: int) -> None:
    """See L{comet.storage.interface.Store.append}."""
    cursor.execute(
        "INSERT INTO pipe_messages (id, dev_id, name, time, event, message, user_id, position)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(message.id, *message.channel, message.time, message.event, message.text, message.user_id),
            _next_position(cursor, message.channel),
        ],
    )
    _trim_history(cursor, message.channel, keep)


def _next_position(cursor: Cursor, channel: Channel) -> int:
    """@return: the position of the next message of C{channel}: 1, 2, 3 ..., each given once."""
    cursor.execute("SELECT position, epoch FROM pipe_positions WHERE dev_id = ? AND name = ?", list(channel))
    last, epoch = cursor.fetchone() or (0, uuid.uuid4().hex)
    cursor.execute(
        "REPLACE INTO pipe_positions (dev_id, name, position, epoch) VALUES (?, ?, ?, ?)",
        [*channel, last + 1, epoch],
    )
    return int(last) + 1


def _trim_history(cursor: Cursor, channel: Channel, keep: int) -> None:
    cursor.execute(
        "DELETE FROM pipe_messages WHERE dev_id = ? AND name = ? AND number <= ("
        "SELECT number FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " ORDER BY number DESC LIMIT 1 OFFSET ?)",
        [*channel, *channel, keep],
    )


def history(cursor: Cursor, channel: Channel, limit: int) -> list[Message]:
    """See L{comet.storage.interface.Store.history}."""
    cursor.execute(
        "SELECT event, message, time, user_id, id, position FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " ORDER BY number DESC LIMIT ?",
        [*channel, limit],
    )
    return [Message(channel, *row) for row in reversed(cursor.fetchall())]


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


def enqueue(cursor: Cursor, message: PrivateMessage, keep: int) -> int:
    """See L{comet.storage.interface.Store.enqueue}."""
    user = message.user
    deposit(cursor, message)
    cursor.execute(
        "DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number <= ("
        "SELECT number FROM users_messages WHERE dev_id = ? AND user_id = ?"
        " ORDER BY number DESC LIMIT 1 OFFSET ?)",
        [*user, *user, keep],
    )
    return cursor.rowcount


def deposit(cursor: Cursor, message: PrivateMessage) -> int:
    """See L{comet.storage.interface.Store.deposit}."""
    cursor.execute(
        "INSERT INTO users_messages (dev_id, user_id, time, event, message) VALUES (?, ?, ?, ?, ?)",
        [*message.user, message.time, message.event, message.text],
    )
    return cursor.lastrowid


def queue(cursor: Cursor, user: User) -> list[PrivateMessage]:
    """See L{comet.storage.interface.Store.queue}."""
    cursor.execute(
        "SELECT event, message, time, number FROM users_messages WHERE dev_id = ? AND user_id = ?"
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


def remove_queues(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.interface.Store.remove_queues}."""
    return delete(cursor, "DELETE FROM users_messages WHERE dev_id = ? AND user_id IN ({marks})", users)
