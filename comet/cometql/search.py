"""Finding the rows that a statement is about: keys first, then conditions, order and limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from comet.cometql.context import DATABASE, Context
from comet.cometql.evaluate import Parameters
from comet.cometql.filters import Filter, all_of
from comet.cometql.results import MOST_BYTES, MOST_ROWS, Value, size_of
from comet.cometql.spans import Spans
from comet.cometql.statements import (
    Condition,
    Delete,
    Expression,
    Limit,
    Name,
    Order,
    Select,
    Slot,
    TableName,
    Update,
)
from comet.cometql.tables.table import AnyTable, Row
from comet.cometql.values import as_integer, shown
from comet.errors import BadValue, KeyRequired, NotSupported, TooManyRows, UnknownColumn
from comet.storage.listings import EVERYTHING, Most


def check_qualifiers(table: TableName, name: Name, clause: str = "field list") -> None:
    """@raise UnknownColumn: if C{name} is qualified by anything but C{table}."""
    said = [qualifier.lower() for qualifier in name.qualifiers]
    meant = [table.database.lower(), (table.alias or table.name).lower()]
    if len(said) == 2 and not table.database:
        meant[0] = DATABASE.lower()
    if said and said != meant[-len(said) :]:
        raise _unknown(name, clause)


def place_of(table: AnyTable, named: TableName, name: Name, clause: str) -> int:
    """
    @param clause: where the name stands, for the text of the error.
    @return: the place of the column C{name}.
    @raise UnknownColumn: if there is none.
    """
    check_qualifiers(named, name, clause)
    place = table.place(name.column)
    if place is None:
        raise _unknown(name, clause)
    return place


def _unknown(name: Name, clause: str) -> UnknownColumn:
    written = ".".join((*name.qualifiers, name.column))
    return UnknownColumn(f"Unknown column '{written[:80]}' in '{clause}'")


class Search:
    """
    Which rows, in which order.

    @ivar keyed: whether the key is all that is asked for, so that no row needs to be looked at.
    """

    def __init__(
        self,
        verb: str,
        table: AnyTable,
        statement: Select | Delete | Update,
        titles: Mapping[str, int],
        shown: Sequence[int],
    ) -> None:
        """
        @param titles: the titles of the answer, which ORDER BY may use, with the places of their columns.
        @param shown: the places of the columns of the answer.
        """
        self._verb = verb
        self._table = table
        self._key: Filter | None = None
        self._filters: list[Filter] = []
        self._limit = statement.limit
        for condition in statement.where:
            self._add(condition, statement.table)
        self._order = [
            (self._sorted(order, statement.table, titles, shown), order.descending)
            for order in statement.order
        ]
        self._spans = Spans(table.key_place, self._filters, self._order) if table.ranged else None
        self.keyed = self._key is not None and not self._filters and statement.limit is None

    def _add(self, condition: Condition, named: TableName) -> None:
        place = place_of(self._table, named, condition.column, "where clause")
        for operand in condition.operands:
            if isinstance(operand, Name) and self._table.place(operand.column) is not None:
                raise NotSupported("a comparison of two columns is not supported")
        column = self._table.columns[place]
        found = Filter(condition, place, column)
        if self._key is None and column.name == self._table.key and found.equality:
            self._key = found
        else:
            self._filters.append(found)

    def _sorted(self, order: Order, named: TableName, titles: Mapping[str, int], shown: Sequence[int]) -> int:
        if isinstance(order.column, int):
            if not 1 <= order.column <= len(shown):
                raise UnknownColumn(f"Unknown column '{order.column}' in 'order clause'")
            return shown[order.column - 1]
        if not order.column.qualifiers and (title := order.column.column.lower()) in titles:
            return titles[title]
        return place_of(self._table, named, order.column, "order clause")

    def direct(self, context: Context, parameters: Parameters) -> tuple[str, list[Value]] | None:
        """@return: a column and its values, if that is all that is asked for and enough for a DELETE."""
        if self._key is not None or len(self._filters) != 1:
            return None
        only = self._filters[0]
        if only.column.name not in self._table.removal_keys or not only.equality:
            return None
        found = only.values(context, parameters)
        offset, end = bounds(self._limit, parameters)
        # Tools that remove a row say LIMIT 1, though there is but one.
        enough = only.column.key and not offset and end is not None and end >= len(found)
        return (only.column.name, found) if self._limit is None or enough else None

    def keys(self, context: Context, parameters: Parameters) -> list[Any]:
        """
        @return: the keys that are asked for, each once; values that cannot be keys are left out.
        @raise KeyRequired: if the statement does not say which.
        """
        if self._key is None:
            key, name = self._table.key, self._table.name
            raise KeyRequired(f"{self._verb} of table '{name}' needs WHERE {key} = ... or {key} IN (...)")
        keys = map(self._table.lookup, self._key.values(context, parameters))
        return list(dict.fromkeys(key for key in keys if key is not None))

    async def find(self, context: Context, dev_id: int, parameters: Parameters) -> Sequence[Row]:
        """@return: the rows."""
        offset, end = bounds(self._limit, parameters)
        if offset == end:
            return ()  # this is how programs ask for the columns
        reads = self._verb == "SELECT"
        if self._key is not None or not (reads or (self._table.listable and self._filters)):
            look = self._table.removable if self._verb == "DELETE" else self._table.rows
            rows = await look(dev_id, self.keys(context, parameters))
        elif self._spans is not None:
            rows = await self._table.rows_within(dev_id, self._spans.span(context, parameters, end))
        elif reads:
            rows = await self._all(dev_id, end)
        else:
            rows = await self._table.all_rows(dev_id, EVERYTHING)
        if self._filters:
            rows = list(filter(all_of([each.bind(context, parameters) for each in self._filters]), rows))
        for place, descending in reversed(self._order):
            rows = sorted(rows, key=itemgetter(place), reverse=descending)
        return rows[offset:end] if self._limit else rows

    async def _all(self, dev_id: int, end: int | None) -> Sequence[Row]:
        """
        @param end: how many rows are enough, if it does not matter which ones.
        @return: the rows of a table.
        @raise TooManyRows: if they are more than a SELECT may look at.
        """
        most = Most(MOST_ROWS, MOST_BYTES)
        if end is not None and end < MOST_ROWS and not self._filters and not self._order:
            most = Most(end, MOST_BYTES)
        rows = await self._table.all_rows(dev_id, most)
        if len(rows) > MOST_ROWS or size_of(rows) > MOST_BYTES:
            raise TooManyRows(f"the SELECT looks at more than {MOST_ROWS} rows or {MOST_BYTES} bytes")
        return rows


def bounds(limit: Limit | None, parameters: Parameters) -> tuple[int, int | None]:
    """@return: the first row that C{limit} lets through, and the first behind them."""
    if limit is None:
        return 0, None
    offset = 0 if limit.offset is None else _count(limit.offset, parameters)
    return offset, offset + _count(limit.count, parameters)


def _count(operand: Expression, parameters: Parameters) -> int:
    value = parameters[operand.index] if isinstance(operand, Slot) else None
    number = as_integer(value)
    if number is None or number < 0:
        raise BadValue(f"Incorrect value {shown(value)} for LIMIT: whole numbers from 0 on")
    return number
