"""The SQL of outboxes, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from comet.storage.cursors import Cursor
from comet.storage.presences import TURN_LIMIT


def take_outbox(cursor: Cursor, name: str, node: str, now: int, ends: int) -> str | None:
    """See L{comet.storage.outboxes.Outboxes.take_outbox}."""
    cursor.execute(  # whoever does the same waits here
        "INSERT INTO outboxes (name, node, ends, place) VALUES (?, '', 0, '')"
        " ON CONFLICT (name) DO UPDATE SET place = place",
        [name],
    )
    cursor.execute("SELECT node, ends, place FROM outboxes WHERE name = ?", [name])
    holder, end, place = cursor.fetchone()
    if holder != node and now < end <= now + TURN_LIMIT:
        return None
    cursor.execute("UPDATE outboxes SET node = ?, ends = ? WHERE name = ?", [node, ends, name])
    return str(place)


def set_outbox(cursor: Cursor, name: str, node: str, place: str) -> bool:
    """See L{comet.storage.outboxes.Outboxes.set_outbox}."""
    cursor.execute("UPDATE outboxes SET place = ? WHERE name = ? AND node = ?", [place, name, node])
    # Databases do not agree on how many rows were written that were so already.
    cursor.execute("SELECT COUNT(*) FROM outboxes WHERE name = ? AND node = ?", [name, node])
    return bool(cursor.fetchone()[0])
