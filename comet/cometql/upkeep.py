"""CHECK TABLE and its like: tools offer them for every table, and those of comet need none of it."""

from __future__ import annotations

from comet.cometql.context import Context, is_inner
from comet.cometql.dictionary.lookup import view
from comet.cometql.evaluate import Parameters
from comet.cometql.plans import Plan
from comet.cometql.results import Column, Kind, Result, Rows, Value
from comet.cometql.statements import TableName, Upkeep
from comet.cometql.tables.catalogue import Catalogue
from comet.errors import UnknownTable

_TABLE = Column("Table", Kind.VARCHAR, 128, nullable=True)
#: What there is to tell of each table.
_OUTCOME = (
    _TABLE,
    Column("Op", Kind.VARCHAR, 10, nullable=True),
    Column("Msg_type", Kind.VARCHAR, 10, nullable=True),
    Column("Msg_text", Kind.TEXT, 1 << 17, nullable=True),
)
_SUM = (_TABLE, Column("Checksum", Kind.BIGINT, 21, nullable=True))


class UpkeepPlan(Plan):
    """Tells of each table that there is nothing to do, in the words of MySQL for such engines."""

    def __init__(self, statement: Upkeep, catalogue: Catalogue) -> None:
        self._verb = statement.verb.lower()
        self._tables = [(table, _absence(table, catalogue)) for table in statement.tables]
        self.columns = _SUM if self._verb == "checksum" else _OUTCOME

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: a row for each table, two for one that does not exist."""
        rows: list[tuple[Value, ...]] = []
        for table, absence in self._tables:
            name = f"{context.named(table.database)}.{table.name}"
            if self._verb == "checksum":
                rows.append((name, None))
            elif absence:
                rows += [
                    (name, self._verb, "Error", absence),
                    (name, self._verb, "status", "Operation failed"),
                ]
            else:
                text = f"The storage engine for the table doesn't support {self._verb}"
                rows.append((name, self._verb, "note", text))
        return Rows(self.columns, rows)


def _absence(table: TableName, catalogue: Catalogue) -> str:
    """@return: why there is no such table, empty if there is."""
    try:
        if is_inner(table.database):
            view(table.name, table.database)
        else:
            catalogue.find(table.name, table.database)
    except UnknownTable as error:
        return str(error)
    return ""
