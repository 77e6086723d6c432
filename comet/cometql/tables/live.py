"""The live view of the connections, on all servers."""

from __future__ import annotations

from collections.abc import Sequence

from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import Declared, Row, Table
from comet.cometql.values import as_integer
from comet.connections import Listed
from comet.storage.listings import Most


class LiveConnections(Table[None, int]):
    """Browsers and MySQL clients that are connected."""

    name = "connections"
    doc = "The connections that are open now: browsers and MySQL clients. KILL id closes one."
    declared = (
        Declared("id", Kind.BIGINT, 20, "the number of the connection", key=True, unique=True, default=0),
        Declared("node", Kind.VARCHAR, 64, "the process that it is connected to"),
        Declared("user_id", Kind.INT, 11, "who it is, 0 for nobody known", default=0),
        Declared("dev_id", Kind.INT, 11, "the tenant", default=0),
        Declared("dialect", Kind.VARCHAR, 32, "what it speaks; cometql for a MySQL client"),
        Declared("transport", Kind.VARCHAR, 32, "how it is connected"),
        Declared("address", Kind.VARCHAR, 64, "where it comes from"),
        Declared("since", Kind.BIGINT, 20, "when it came, in seconds since 1970", default=0),
        Declared("channels", Kind.INT, 11, "how many channels it listens to", default=0),
        Declared("queued", Kind.BIGINT, 20, "bytes that wait for it to read them", default=0),
    )
    writable = False
    listable = True

    def lookup(self, value: Value) -> int | None:
        """@return: the number that C{value} is or spells."""
        return as_integer(value)

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: a row for each of these connections of the tenant; root sees those of all tenants."""
        wanted = set(keys)
        return [_row(each) for each in await self.broker.engine.connections(dev_id) if each.number in wanted]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each connection of the tenant; root sees those of all tenants."""
        return [_row(each) for each in await self.broker.engine.connections(dev_id)]


def _row(listed: Listed) -> Row:
    number, node, about = listed
    return (
        *(number, node, about.user_id, about.dev_id, about.dialect),
        *(about.transport, about.address, about.since, about.channels, about.queued),
    )
