"""The log of presence: who came, who went, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import Declared, Row, Table
from comet.cometql.values import as_integer
from comet.model import NAME_LIMIT
from comet.storage.listings import Most
from comet.storage.presences import PresenceEvent, Span


class PresenceEvents(Table[None, int]):
    """Rows of the log, looked up by their number or by a range of numbers."""

    name = "presence_events"
    doc = "Who came online and who went, in order, to be polled by WHERE seq > n ORDER BY seq LIMIT 100."
    declared = (
        Declared("seq", Kind.BIGINT, 20, "1, 2, 3 ..., each given once", key=True, unique=True, default=0),
        Declared("time", Kind.BIGINT, 20, "when it happened, in seconds since 1970", default=0),
        Declared("user_id", Kind.INT, 11, "who it is, 0 for nobody known", default=0),
        Declared("event", Kind.VARCHAR, 16, "online, offline, subscription or unsubscription"),
        Declared("name", Kind.VARCHAR, NAME_LIMIT, "the channel, if the row is about one"),
        Declared("uuid", Kind.VARCHAR, 64, "the id that the browser has given itself, if about a channel"),
    )
    writable = False
    listable = True
    ranged = True

    def lookup(self, value: Value) -> int | None:
        """@return: the number that C{value} is or spells."""
        return as_integer(value)

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: the rows with these numbers."""
        return [row for key in keys for row in await self.rows_within(dev_id, Span(key, key))]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: the whole log of a tenant, oldest first."""
        return await self.rows_within(dev_id, Span(most=min(most.rows, Span().most - 1) + 1))

    async def rows_within(self, dev_id: int, span: Span) -> Sequence[Row]:
        """@return: the rows within C{span}, in its order."""
        return list(map(_row, await self.broker.store.presence_events(dev_id, span)))


def _row(event: PresenceEvent) -> Row:
    return event.seq, event.time, event.user_id, event.event.value, event.name, event.uuid
