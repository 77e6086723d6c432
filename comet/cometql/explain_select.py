"""EXPLAIN SELECT: by which key the rows of each table are looked up, or that all of them are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from comet.cometql.context import Context, is_inner
from comet.cometql.evaluate import Parameters
from comet.cometql.plans import Plan
from comet.cometql.query import QueryPlan, differ
from comet.cometql.results import Column, Kind, Result, Rows, Value
from comet.cometql.tables.catalogue import Catalogue

if TYPE_CHECKING:
    from comet.cometql.sources import Source

#: What is told of a table besides its name: type, key, what the key is compared with, rows, and a remark.
_Way = tuple[str | None, str | None, str | None, int | None, str | None]


class ExplainSelectPlan(Plan):
    """Tells of each table of a SELECT, in the columns of MySQL, without looking a row up."""

    columns = (
        Column("id", Kind.BIGINT, 3),
        Column("select_type", Kind.VARCHAR, 19),
        Column("table", Kind.VARCHAR, 64, nullable=True),
        Column("partitions", Kind.TEXT, 1 << 17, nullable=True),
        Column("type", Kind.VARCHAR, 10, nullable=True),
        Column("possible_keys", Kind.VARCHAR, 4096, nullable=True),
        Column("key", Kind.VARCHAR, 64, nullable=True),
        Column("key_len", Kind.VARCHAR, 4096, nullable=True),
        Column("ref", Kind.VARCHAR, 2048, nullable=True),
        Column("rows", Kind.BIGINT, 10, nullable=True),
        Column("filtered", Kind.DOUBLE, 4, nullable=True),
        Column("Extra", Kind.VARCHAR, 255, nullable=True),
    )

    def __init__(self, query: QueryPlan, catalogue: Catalogue) -> None:
        self._query = query
        self._catalogue = catalogue

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: a row for each table, in the order in which they are named; one row if there is none."""
        sources = await self._query.sources(context)
        rows: list[Sequence[Value]] = []
        for source in sources:
            kind, key, ref, count, extra = self._way(source, context, parameters)
            rows.append((1, "SIMPLE", source.table, None, kind, key, key, None, ref, count, 100.0, extra))
        nothing = (1, "SIMPLE", *[None] * 9, "No tables used")
        return Rows(self.columns, rows or [nothing])

    def _way(self, source: Source, context: Context, parameters: Parameters) -> _Way:
        if any(differ(parameters, pair) for pair in source.guards):
            return None, None, None, None, "Impossible WHERE"
        if is_inner(source.database):
            return "ALL", None, None, None, "made for the purpose"
        context.tenant(source.database)
        table = self._catalogue.find(source.table, source.database)
        column = table.declared[table.key_place]
        key = "PRIMARY" if column.unique else column.name
        if source.keys is not None:
            one, many = ("const", "range") if column.unique else ("ref", "range")
            count = len(source.keys)
            return one if count == 1 else many, key, "const", count if column.unique else None, None
        if source.links:
            other, place = source.links[0]
            ref = f"{other.table}.{other.columns[place].name}"
            return "eq_ref" if column.unique else "ref", key, ref, 1 if column.unique else None, None
        if table.ranged and source.ranges:
            return "range", key, None, None, None
        return "ALL", None, None, None, "all rows are looked at"
