"""
Reads the database of a CppComet 4.09.

What that kept as it is here moves as it is. Messages get their positions; where several are of one second,
their order is not known any more. Keys in C{dev_config} stay behind: CppComet never looked at them, and here
they would be in force.
"""

from __future__ import annotations

from typing import Any

from comet.access import KEY_LIMIT
from comet.model import is_name
from comet.storage.cursors import Cursor
from comet.storage.moving import COLUMNS, Move, Row
from comet.storage.queries import new_epoch


def is_cppcomet(cursor: Cursor) -> bool:
    """@return: whether a database of MariaDB or MySQL is one of CppComet."""
    cursor.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND table_name = 'pipe_messages' AND column_name = 'pipe_name'"
    )
    return bool(cursor.fetchone()[0])


def cppcomet_moves() -> list[Move]:
    """@return: how it is moved."""
    return [
        _move("users_auth", "dev_id, user_id, hash", "dev_id, user_id", convert=_key),
        _move("users_time", "dev_id, user_id, time, NULL", "dev_id, user_id", "time > 0"),
        _move("users_data", "dev_id, user_id, data", "dev_id, user_id"),
        _move(
            "users_messages", "time, dev_id, user_id, event, message", "time, id", convert=_Queue().convert
        ),
        _move("pipes_settings", "dev_id, name, length", "dev_id, name", convert=_named(1)),
        Move(
            *("pipe_positions", COLUMNS["pipe_positions"]),
            "SELECT count(*) FROM (SELECT 1 FROM pipe_messages GROUP BY dev_id, pipe_name) AS channels",
            "SELECT dev_id, pipe_name, count(*) FROM pipe_messages GROUP BY dev_id, pipe_name",
            lambda row: [*row, new_epoch()] if is_name(_text(row[1]), 1) else None,
        ),
        _move(
            "pipe_messages",
            "id, dev_id, pipe_name, time, event, message, user_id",
            "dev_id, pipe_name, time, id",
            convert=_History().convert,
        ),
        _move(
            "revoked_tokens", "dev_id, token", "dev_id, token", convert=lambda row: [row[0], _text(row[1])]
        ),
        _move(
            "conference",
            "dev_id, name, user_id, caller_id, message, profile, stream",
            "dev_id, name, user_id",
            convert=_invitation,
        ),
    ]


def _move(table: str, select: str, order: str, where: str = "1 = 1", convert: Any = None) -> Move:
    return Move(
        *(table, COLUMNS[table]),
        f"SELECT count(*) FROM {table} WHERE {where}",
        f"SELECT {select} FROM {table} WHERE {where} ORDER BY {order}",
        convert or (lambda row: row),
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _key(row: Row) -> Row | None:
    return row if 0 < len(_text(row[2])) <= KEY_LIMIT else None


def _named(place: int) -> Any:
    return lambda row: row if is_name(_text(row[place]), 1) else None


def _invitation(row: Row) -> Row | None:
    *others, stream = row
    if not is_name(_text(row[1]), 1) or not is_name(_text(row[5]), 1):
        return None
    # CppComet knows no end of an invitation.
    return [*others, int(stream) if _text(stream).isdecimal() and len(_text(stream)) < 19 else 0, 0]


class _Queue:
    """Numbers the private messages of all users."""

    def __init__(self) -> None:
        self._number = 0

    def convert(self, row: Row) -> Row:
        self._number += 1
        time, dev_id, user_id, event, message = row
        return [self._number, dev_id, user_id, time, event, message, 0]


class _History:
    """Numbers the messages of each channel, which come one channel after the other."""

    def __init__(self) -> None:
        self._number = self._position = 0
        self._channel: tuple[int, str] | None = None

    def convert(self, row: Row) -> Row | None:
        id, dev_id, name, time, event, message, user_id = row
        if not is_name(_text(name), 1):
            return None
        if self._channel != (dev_id, name):
            self._channel, self._position = (dev_id, name), 0
        self._number, self._position = self._number + 1, self._position + 1
        # It noted 0 where a backend had sent the message.
        return [self._number, id, dev_id, name, time, event, message, user_id or None, self._position]
