"""
The SQL of the store, as functions of a DB-API cursor.

Every function runs inside a transaction that somebody else begins and ends. Values travel as parameters,
always; nothing is put into the text of a statement but marks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

from comet.model import Channel, Message, PrivateMessage, User

#: How many parameters one statement takes at the most; SQLite's own limit was 999 for long.
MARKS_LIMIT = 900


class Cursor(Protocol):
    """What a DB-API cursor (PEP 249) offers to these functions."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement wrote or removed."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchall(self) -> list[Any]:
        """@return: the rows that are left."""

    def fetchone(self) -> Any:
        """@return: the next row."""


#: A function of a cursor and of what it is called with.
Query = Callable[..., Any]


def _in(values: Collection[Any]) -> Iterator[tuple[str, list[Any]]]:
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


def _select(cursor: Cursor, statement: str, pairs: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Run C{statement}, with C{{marks}} in it, for all values of each tenant; give tenant and row."""
    for dev_id, values in _by_tenant(pairs).items():
        for marks, portion in _in(values):
            cursor.execute(statement.format(marks=marks), [dev_id, *portion])
            for row in cursor.fetchall():
                yield dev_id, row


def _delete(cursor: Cursor, statement: str, pairs: Iterable[tuple[int, Any]]) -> int:
    removed = 0
    for dev_id, values in _by_tenant(pairs).items():
        for marks, portion in _in(values):
            cursor.execute(statement.format(marks=marks), [dev_id, *portion])
            removed += cursor.rowcount
    return removed


# Keys of users --------------------------------------------------------------------------------------------


def set_key(cursor: Cursor, user: User, key: str) -> None:
    """See L{comet.storage.interface.Store.set_key}."""
    cursor.execute("REPLACE INTO users_auth (dev_id, user_id, hash) VALUES (?, ?, ?)", [*user, key])


def keys(cursor: Cursor, users: Collection[User]) -> dict[User, str]:
    """See L{comet.storage.interface.Store.keys}."""
    statement = "SELECT user_id, hash FROM users_auth WHERE dev_id = ? AND user_id IN ({marks})"
    return {User(dev_id, row[0]): row[1] for dev_id, row in _select(cursor, statement, users)}


def remove_keys(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.interface.Store.remove_keys}."""
    return _delete(cursor, "DELETE FROM users_auth WHERE dev_id = ? AND user_id IN ({marks})", users)


# When users were here -------------------------------------------------------------------------------------


def set_last_seen(cursor: Cursor, user: User, time: int) -> None:
    """See L{comet.storage.interface.Store.set_last_seen}."""
    cursor.execute("REPLACE INTO users_time (dev_id, user_id, time) VALUES (?, ?, ?)", [*user, time])


def last_seen(cursor: Cursor, users: Collection[User]) -> dict[User, int]:
    """See L{comet.storage.interface.Store.last_seen}."""
    statement = "SELECT user_id, time FROM users_time WHERE dev_id = ? AND user_id IN ({marks})"
    return {User(dev_id, row[0]): row[1] for dev_id, row in _select(cursor, statement, users)}


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
    return _delete(cursor, "DELETE FROM pipes_settings WHERE dev_id = ? AND name IN ({marks})", channels)


def append(cursor: Cursor, message: Message, keep: int) -> None:
    """See L{comet.storage.interface.Store.append}."""
    cursor.execute(
        "INSERT INTO pipe_messages (id, dev_id, name, time, event, message, user_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [message.id, *message.channel, message.time, message.event, message.text, message.user_id],
    )
    _trim_history(cursor, message.channel, keep)


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
        "SELECT event, message, time, user_id, id FROM pipe_messages WHERE dev_id = ? AND name = ?"
        " ORDER BY number DESC LIMIT ?",
        [*channel, limit],
    )
    return [Message(channel, *row) for row in reversed(cursor.fetchall())]


def remove_history(cursor: Cursor, channels: Collection[Channel]) -> int:
    """See L{comet.storage.interface.Store.remove_history}."""
    return _delete(cursor, "DELETE FROM pipe_messages WHERE dev_id = ? AND name IN ({marks})", channels)


def remove_messages(cursor: Cursor, dev_id: int, ids: Collection[str]) -> int:
    """See L{comet.storage.interface.Store.remove_messages}."""
    pairs = [(dev_id, id) for id in ids]
    return _delete(cursor, "DELETE FROM pipe_messages WHERE dev_id = ? AND id IN ({marks})", pairs)


# The queue of private messages ----------------------------------------------------------------------------


def enqueue(cursor: Cursor, message: PrivateMessage, keep: int) -> int:
    """See L{comet.storage.interface.Store.enqueue}."""
    user = message.user
    cursor.execute(
        "INSERT INTO users_messages (dev_id, user_id, time, event, message) VALUES (?, ?, ?, ?, ?)",
        [*user, message.time, message.event, message.text],
    )
    cursor.execute(
        "DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number <= ("
        "SELECT number FROM users_messages WHERE dev_id = ? AND user_id = ?"
        " ORDER BY number DESC LIMIT 1 OFFSET ?)",
        [*user, *user, keep],
    )
    return cursor.rowcount


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
    for marks, portion in _in(numbers):
        cursor.execute(
            f"DELETE FROM users_messages WHERE dev_id = ? AND user_id = ? AND number IN ({marks})",
            [*user, *portion],
        )
        removed += cursor.rowcount
    return removed


def remove_queues(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.interface.Store.remove_queues}."""
    return _delete(cursor, "DELETE FROM users_messages WHERE dev_id = ? AND user_id IN ({marks})", users)
