"""The SQL of all that a tenant has, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comet.model import Channel, Message, Place, PrivateMessage, User
from comet.storage.cursors import Cursor
from comet.storage.listings import Most, no_more
from comet.storage.records import Invitation


def _rows(
    cursor: Cursor, statement: str, dev_id: int, most: Most, text: Callable[[Any], str] = lambda row: ""
) -> list[Any]:
    """Row by row, so that what is over C{most} is never in memory."""
    cursor.execute(f"{statement} LIMIT ?", [dev_id, most.rows + 1])
    return no_more(iter(cursor.fetchone, None), most, text)


def all_keys(cursor: Cursor, dev_id: int, most: Most) -> dict[User, str]:
    """See L{comet.storage.listings.Listings.all_keys}."""
    statement = "SELECT user_id, hash FROM users_auth WHERE dev_id = ? ORDER BY user_id"
    rows = _rows(cursor, statement, dev_id, most, lambda row: str(row[1]))
    return {User(dev_id, user_id): key for user_id, key in rows}


def all_last_seen(cursor: Cursor, dev_id: int, most: Most) -> dict[User, int]:
    """See L{comet.storage.listings.Listings.all_last_seen}."""
    statement = "SELECT user_id, time FROM users_time WHERE dev_id = ? ORDER BY user_id"
    return {User(dev_id, user_id): time for user_id, time in _rows(cursor, statement, dev_id, most)}


def all_messages(cursor: Cursor, dev_id: int, most: Most) -> list[Message]:
    """See L{comet.storage.listings.Listings.all_messages}."""
    statement = (
        "SELECT name, event, message, time, user_id, id, position FROM pipe_messages WHERE dev_id = ?"
        " ORDER BY name, number"
    )
    rows = _rows(cursor, statement, dev_id, most, lambda row: str(row[2]))
    return [
        Message(Channel(dev_id, name), event, text, time, user_id, id, Place("", position))
        for name, event, text, time, user_id, id, position in rows
    ]


def all_queues(cursor: Cursor, dev_id: int, most: Most) -> list[PrivateMessage]:
    """See L{comet.storage.listings.Listings.all_queues}."""
    statement = (
        "SELECT user_id, event, message, time, number, expires FROM users_messages WHERE dev_id = ?"
        " ORDER BY user_id, number"
    )
    rows = _rows(cursor, statement, dev_id, most, lambda row: str(row[2]))
    return [PrivateMessage(User(dev_id, user_id), *others) for user_id, *others in rows]


def all_data(cursor: Cursor, dev_id: int, most: Most) -> dict[User, str]:
    """See L{comet.storage.listings.Listings.all_data}."""
    statement = "SELECT user_id, data FROM users_data WHERE dev_id = ? ORDER BY user_id"
    rows = _rows(cursor, statement, dev_id, most, lambda row: str(row[1]))
    return {User(dev_id, user_id): data for user_id, data in rows}


def all_invitations(cursor: Cursor, dev_id: int, most: Most) -> list[Invitation]:
    """See L{comet.storage.listings.Listings.all_invitations}."""
    statement = (
        "SELECT name, user_id, caller_id, message, profile, stream, expires FROM conference WHERE dev_id = ?"
        " ORDER BY name, user_id"
    )
    rows = _rows(cursor, statement, dev_id, most, lambda row: str(row[3]))
    return [Invitation(Channel(dev_id, name), *others) for name, *others in rows]
