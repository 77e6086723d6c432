"""The SQL of presence, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from comet.model import User
from comet.storage.cursors import Cursor, select
from comet.storage.presences import (
    NOBODY,
    TURN_LIMIT,
    Keeping,
    PresenceEvent,
    Sharing,
    Span,
    What,
)

#: Stands for all tenants.
_ALL = -1
#: Stands for whose turn it is: the name of a node, and in place of a number when the turn ends.
_TURN = -2
_COLUMNS = "dev_id, time, user_id, event, name, uuid, seq, number"


def note_presence(cursor: Cursor, events: Sequence[PresenceEvent], alive: int, keeping: Keeping) -> None:
    """See L{comet.storage.presences.Presences.note_presence}."""
    if keeping.sharing is not Sharing.ALONE:
        _advance(cursor, _ALL, 0)  # whoever else tells waits here, and reads what was told before
        told = keeping.news(events, _holders(cursor, events))
        events = told.news
        _adopt(cursor, told.adopted, keeping.node)
        for event in told.late if keeping.times else ():
            _see(cursor, event)
    _log(cursor, events, keeping.rows)
    for event in events:
        if event.event in (What.ONLINE, What.OFFLINE):
            _mark(cursor, event, keeping)
    beat(cursor, keeping.node, alive)


def _holders(cursor: Cursor, events: Sequence[PresenceEvent]) -> dict[User, str]:
    statement = (
        "SELECT user_id, node FROM users_time WHERE dev_id = ? AND user_id IN ({marks}) AND node IS NOT NULL"
    )
    users = [(event.dev_id, event.user_id) for event in events]
    return {User(dev_id, user_id): node for dev_id, (user_id, node) in select(cursor, statement, users)}


def _see(cursor: Cursor, event: PresenceEvent) -> None:
    values = [event.dev_id, event.user_id, event.time]
    cursor.execute(
        "INSERT INTO users_time (dev_id, user_id, time) VALUES (?, ?, ?)"
        " ON CONFLICT (dev_id, user_id) DO UPDATE SET time = time",
        values,
    )
    cursor.execute(
        "UPDATE users_time SET time = ? WHERE dev_id = ? AND user_id = ? AND time < ?",
        [event.time, *values],
    )


def _adopt(cursor: Cursor, users: Collection[User], node: str) -> None:
    for user in users:
        cursor.execute("UPDATE users_time SET node = ? WHERE dev_id = ? AND user_id = ?", [node, *user])


def _log(cursor: Cursor, events: Sequence[PresenceEvent], keep: int) -> None:
    # The counters are moved and read in the transaction that writes the rows, and whoever shares the database
    # waits for its end: so there is no gap, and rows can be seen in the order of their numbers only.
    last = _advance(cursor, _ALL, len(events))
    seqs = {
        dev_id: _advance(cursor, dev_id, count) - count
        for dev_id, count in sorted(Counter(event.dev_id for event in events).items())
    }
    for number, event in enumerate(events, last - len(events) + 1):
        seqs[event.dev_id] += 1
        cursor.execute(
            f"INSERT INTO presence_events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [*event[:3], event.event.value, event.name, event.uuid, seqs[event.dev_id], number],
        )
    for dev_id, seq in seqs.items():
        cursor.execute("DELETE FROM presence_events WHERE dev_id = ? AND seq <= ?", [dev_id, seq - keep])


def _mark(cursor: Cursor, event: PresenceEvent, keeping: Keeping) -> None:
    node = keeping.node if event.event is What.ONLINE else None
    cursor.execute(
        "INSERT INTO users_time (dev_id, user_id, time, node) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (dev_id, user_id) DO UPDATE SET node = excluded.node"
        + (", time = excluded.time" if keeping.times else ""),
        [event.dev_id, event.user_id, event.time if keeping.times else -1, node],
    )


def beat(cursor: Cursor, node: str, alive: int) -> None:
    """See L{comet.storage.presences.Presences.beat}."""
    cursor.execute("REPLACE INTO nodes (node, alive) VALUES (?, ?)", [node, alive])


def end_presence(
    cursor: Cursor,
    keeping: Keeping,
    alive: Collection[str] = (),
    online: Collection[User] = (),
    steady: Mapping[User, int] = NOBODY,
) -> int:
    """See L{comet.storage.presences.Presences.end_presence}."""
    _advance(cursor, _ALL, 0)  # whoever does the same waits here, and then finds nobody left
    cursor.execute("SELECT node, alive FROM nodes")
    last_heard = dict(cursor.fetchall())
    cursor.execute(
        "SELECT dev_id, user_id, time, node FROM users_time WHERE node IS NOT NULL ORDER BY dev_id, user_id"
    )
    events, adopted, known = [], [], set()
    for dev_id, user_id, time, node in cursor.fetchall():
        known.add(user := User(dev_id, user_id))
        if node in alive:
            continue
        if user in online:
            adopted.append(user)
        else:
            events.append(PresenceEvent(dev_id, max(time, last_heard.get(node, 0)), user_id, What.OFFLINE))
    for user in sorted(steady.keys() - known):
        events.append(PresenceEvent(user.dev_id, steady[user], user.user_id, What.ONLINE))
    _log(cursor, events, keeping.rows)
    for event in events:
        _mark(cursor, event, keeping)
    _adopt(cursor, adopted, keeping.node)
    return len(events)


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
    end = _place(cursor, _ALL)
    cursor.execute(
        "INSERT INTO presence_places (dev_id, name, place) VALUES (?, ?, ?)"
        " ON CONFLICT (dev_id, name) DO UPDATE SET place = place",
        [_ALL, reader, end],
    )
    return _place(cursor, _ALL, reader)


def set_presence_place(cursor: Cursor, reader: str, number: int) -> None:
    """See L{comet.storage.presences.Presences.set_presence_place}."""
    cursor.execute(
        "UPDATE presence_places SET place = ? WHERE dev_id = ? AND name = ? AND place < ?",
        [number, _ALL, reader, number],
    )


def take_turn(cursor: Cursor, reader: str, node: str, now: int, until: int) -> int | None:
    """See L{comet.storage.presences.Presences.take_turn}."""
    place = presence_place(cursor, reader)  # whoever does the same waits here
    cursor.execute("SELECT name, place FROM presence_places WHERE dev_id = ?", [_TURN])
    if any(holder != node and now < end <= now + TURN_LIMIT for holder, end in cursor.fetchall()):
        return None
    cursor.execute("DELETE FROM presence_places WHERE dev_id = ?", [_TURN])
    if until > now:
        cursor.execute(
            "INSERT INTO presence_places (dev_id, name, place) VALUES (?, ?, ?)", [_TURN, node, until]
        )
    return place


def _place(cursor: Cursor, dev_id: int, name: str = "") -> int:
    cursor.execute("SELECT place FROM presence_places WHERE dev_id = ? AND name = ?", [dev_id, name])
    found = cursor.fetchone()
    return 0 if found is None else int(found[0])


def _advance(cursor: Cursor, dev_id: int, count: int) -> int:
    """@return: the place of a tenant, or of all, once it has gone on by C{count}."""
    cursor.execute(
        "INSERT INTO presence_places (dev_id, name, place) VALUES (?, '', ?)"
        " ON CONFLICT (dev_id, name) DO UPDATE SET place = place + excluded.place",
        [dev_id, count],
    )
    return _place(cursor, dev_id)
