"""Who is online, in the store that forgets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from comet.model import User
from comet.storage.presences import NOBODY, TURN_LIMIT, Keeping, PresenceEvent, Presences, Span, What


class MemoryPresences(Presences):
    """See L{Presences}."""

    _seen: dict[User, int]

    def __init__(self) -> None:
        super().__init__()
        self._holders: dict[User, str] = {}
        self._alive: dict[str, int] = {}
        self._log: dict[int, list[PresenceEvent]] = {}
        self._seqs: dict[int, int] = {}
        self._places: dict[str, int] = {}
        self._last = 0
        self._turn = "", 0

    async def note_presence(self, events: Sequence[PresenceEvent], alive: int, keeping: Keeping) -> None:
        """See L{Presences.note_presence}."""
        told = keeping.news(events, self._holders)
        self._holders.update(dict.fromkeys(told.adopted, keeping.node))
        for event in told.late if keeping.times else ():
            user = User(event.dev_id, event.user_id)
            self._seen[user] = max(self._seen.get(user, 0), event.time)
        for event in told.news:
            self._log_one(event, keeping.rows)
            if event.event in (What.ONLINE, What.OFFLINE):
                self._mark(event, keeping)
        await MemoryPresences.beat(self, keeping.node, alive)

    def _log_one(self, event: PresenceEvent, keep: int) -> None:
        self._last += 1
        seq = self._seqs[event.dev_id] = self._seqs.get(event.dev_id, 0) + 1
        rows = self._log.setdefault(event.dev_id, [])
        rows.append(event._replace(seq=seq, number=self._last))
        del rows[: max(0, len(rows) - keep)]

    def _mark(self, event: PresenceEvent, keeping: Keeping) -> None:
        user = User(event.dev_id, event.user_id)
        if event.event is What.ONLINE:
            self._holders[user] = keeping.node
        else:
            self._holders.pop(user, None)
        if keeping.times:
            self._seen[user] = event.time

    async def beat(self, node: str, alive: int) -> None:
        """See L{Presences.beat}."""
        self._alive[node] = alive

    async def end_presence(
        self,
        keeping: Keeping,
        alive: Collection[str] = (),
        online: Collection[User] = (),
        steady: Mapping[User, int] = NOBODY,
    ) -> int:
        """See L{Presences.end_presence}."""
        behind = sorted(user for user, holder in self._holders.items() if holder not in alive)
        self._holders.update((user, keeping.node) for user in behind if user in online)
        events = []
        for user in behind:
            if user not in online:
                time = max(self._alive.get(self._holders[user], 0), self._seen.get(user, 0))
                events.append(PresenceEvent(*(user.dev_id, time, user.user_id), What.OFFLINE))
        for user in sorted(steady.keys() - self._holders.keys()):
            events.append(PresenceEvent(user.dev_id, steady[user], user.user_id, What.ONLINE))
        for event in events:
            self._log_one(event, keeping.rows)
            self._mark(event, keeping)
        return len(events)

    async def presence_events(self, dev_id: int, span: Span) -> list[PresenceEvent]:
        """See L{Presences.presence_events}."""
        found = [row for row in self._log.get(dev_id, ()) if span.first <= row.seq <= span.last]
        return (found[::-1] if span.descending else found)[: span.most]

    async def presence_feed(self, after: int, most: int) -> list[PresenceEvent]:
        """See L{Presences.presence_feed}."""
        found = (row for rows in self._log.values() for row in rows if row.number > after)
        return sorted(found, key=lambda row: row.number)[:most]

    async def presence_place(self, reader: str) -> int:
        """See L{Presences.presence_place}."""
        return self._places.setdefault(reader, self._last)

    async def set_presence_place(self, reader: str, number: int) -> None:
        """See L{Presences.set_presence_place}."""
        self._places[reader] = max(number, self._places[reader])

    async def take_turn(self, reader: str, node: str, now: int, until: int) -> int | None:
        """See L{Presences.take_turn}."""
        holder, end = self._turn
        if holder != node and now < end <= now + TURN_LIMIT:
            return None
        self._turn = node, until
        return await MemoryPresences.presence_place(self, reader)
