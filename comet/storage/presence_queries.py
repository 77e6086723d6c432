"""The SQL of presence, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from collections.abc import Sequence

from comet.storage.cursors import Cursor
from comet.storage.presences import Keeping, PresenceEvent, Span, What

#: Stands for all tenants.
_ALL = -1
_COLUMNS = "dev_id, time, user_id, event, name, uuid, seq, number"


def note_presence(cursor: Cursor, events: Sequence[PresenceEvent], alive: int, keeping: Keeping) -> None:
    """See L{comet.storage.presences.Presences.note_presence}."""
    _log(cursor, events, keeping.rows)
    for event in events:
        if event.event in (What.ONLINE, What.OFFLINE):
            _mark(cursor, event, keeping)
    beat(cursor, keeping.node, alive)


def _log(cursor: Cursor, events: Sequence[PresenceEvent], keep: int) -> None:
    # The counters are read and written in the transaction that writes the rows: so there is no gap, and rows
    # can be seen in the order of their numbers only.
    seqs = {dev_id: _place(cursor, dev_id) or 0 for dev_id in {event.dev_id for event in events}}
    first = (_place(cursor, _ALL) or 0) + 1
    for number, event in enumerate(events, first):
        seqs[event.dev_id] += 1
        cursor.execute(
            f"INSERT INTO presence_events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [*event[:3], event.event.value, event.name, event.uuid, seqs[event.dev_id], number],
        )
    _set_place(cursor, _ALL, "", first + len(events) - 1)
    for dev_id, seq in seqs.items():
        _set_place(cursor, dev_id, "", seq)
        cursor.execute("DELETE FROM presence_events WHERE dev_id = ? AND seq <= ?", [dev_id, seq - keep])


def _mark(cursor: Cursor, event: PresenceEvent, keeping: Keeping) -> None:
    user, time = [event.dev_id, event.user_id], event.time
    if not keeping.times:
        cursor.execute("SELECT time FROM users_time WHERE dev_id = ? AND user_id = ?", user)
        (time,) = cursor.fetchone() or (-1,)
    node = keeping.node if event.event is What.ONLINE else None
    cursor.execute(
        "REPLACE INTO users_time (dev_id, user_id, time, node) VALUES (?, ?, ?, ?)", [*user, time, node]
    )


def beat(cursor: Cursor, node: str, alive: int) -> None:
    """See L{comet.storage.presences.Presences.beat}."""
    cursor.execute("REPLACE INTO nodes (node, alive) VALUES (?, ?)", [node, alive])


def end_presence(cursor: Cursor, node: str | None, keeping: Keeping) -> int:
    """See L{comet.storage.presences.Presences.end_presence}."""
    cursor.execute("SELECT node, alive FROM nodes")
    alive = dict(cursor.fetchall())
    cursor.execute(
        "SELECT dev_id, user_id, time, node FROM users_time WHERE node "
        + ("IS NOT NULL" if node is None else "= ?")
        + " ORDER BY dev_id, user_id",
        [] if node is None else [node],
    )
    left = [
        PresenceEvent(dev_id, max(time, alive.get(holder, 0)), user_id, What.OFFLINE)
        for dev_id, user_id, time, holder in cursor.fetchall()
    ]
    _log(cursor, left, keeping.rows)
    for event in left:
        _mark(cursor, event, keeping)
    return len(left)


def presence_events(cursor: Cursor, dev_id: int, span: Span) -> list[PresenceEvent]:
    """See L{comet.storage.presences.Presences.presence_events}."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM presence_events WHERE dev_id = ? AND seq BETWEEN ? AND ?"
        f" ORDER BY seq {'DESC' if span.descending else 'ASC'} LIMIT ?",
        [dev_id, span.first, span.last, span.most],
    )
    return _events(cursor)


def presence_feed(cursor: Cursor, after: int, most: int) -> list[PresenceEvent]:
    """See L{comet.storage.presences.Presences.presence_feed}."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM presence_events WHERE number > ? ORDER BY number LIMIT ?", [after, most]
    )
    return _events(cursor)


def _events(cursor: Cursor) -> list[PresenceEvent]:
    return [PresenceEvent._make((*row[:3], What(row[3]), *row[4:])) for row in cursor.fetchall()]


def presence_place(cursor: Cursor, reader: str) -> int:
    """See L{comet.storage.presences.Presences.presence_place}."""
    found = _place(cursor, _ALL, reader)
    if found is None:
        found = _place(cursor, _ALL) or 0
        set_presence_place(cursor, reader, found)
    return found


def set_presence_place(cursor: Cursor, reader: str, number: int) -> None:
    """See L{comet.storage.presences.Presences.set_presence_place}."""
    _set_place(cursor, _ALL, reader, number)


def _place(cursor: Cursor, dev_id: int, name: str = "") -> int | None:
    cursor.execute("SELECT place FROM presence_places WHERE dev_id = ? AND name = ?", [dev_id, name])
    found = cursor.fetchone()
    return None if found is None else int(found[0])


def _set_place(cursor: Cursor, dev_id: int, name: str, place: int) -> None:
    cursor.execute(
        "REPLACE INTO presence_places (dev_id, name, place) VALUES (?, ?, ?)", [dev_id, name, place]
    )
