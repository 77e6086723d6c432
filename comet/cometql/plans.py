"""
Statements joined with the tables they are about, ready to run with any values.

A plan is made once for a shape and kept; it knows neither a connection nor a literal. Both come with
L{Plan.run}, which is the same for a text and for a prepared statement.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from comet.cometql.context import Context
from comet.cometql.evaluate import Evaluation, Parameters, evaluation
from comet.cometql.results import Column, Done, Kind, Result, Rows, Value
from comet.cometql.search import Search, bounds, check_qualifiers, place_of
from comet.cometql.statements import (
    Constant,
    Default,
    Delete,
    Expression,
    Insert,
    Item,
    Name,
    Select,
    SelectValues,
    Slot,
    Star,
    TableName,
)
from comet.cometql.tables.table import AnyTable
from comet.errors import ColumnTwice, MissingValue, ReadOnly, ValueCount

Pick = Callable[[Any], Sequence[Any]]


class Plan(ABC):
    """
    Something to run.

    @ivar columns: the columns of the answer if they are known beforehand; empty if there are none.
    """

    columns: Sequence[Column] = ()

    @abstractmethod
    async def run(self, context: Context, parameters: Parameters) -> Result:
        """
        Carry the statement out.

        @param parameters: the values of its literals and bind marks.
        @raise Refused: if it is not granted.
        """


class NothingPlan(Plan):
    """Does nothing."""

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: that nothing was done."""
        return Done()


def picker(places: Sequence[int]) -> Pick:
    """@return: what takes the values at these places, as a tuple."""
    if len(places) == 1:
        place = places[0]
        return lambda values: (values[place],)
    return itemgetter(*places)


# SELECT ---------------------------------------------------------------------------------------------------


class SelectPlan(Plan):
    """Looks rows of a table up, and shows some of their columns."""

    def __init__(self, select: Select, table: AnyTable) -> None:
        self._table = table
        self._database = select.table.database
        places: list[int] = []
        columns: list[Column] = []
        for item in select.items:
            for place, title in self._shown(item, select.table):
                column = table.columns[place]
                places.append(place)
                columns.append(
                    Column(title, column.kind, column.length, column.nullable, column.key, column.table)
                )
        self.columns = tuple(columns)
        self._pick = picker(places)
        titles = {column.name.lower(): place for column, place in zip(columns, places, strict=True)}
        self._search = Search("SELECT", table, select, titles, places)

    def _shown(self, item: Item, table: TableName) -> list[tuple[int, str]]:
        if isinstance(item.expression, Star):
            check_qualifiers(table, Name("*", item.expression.qualifiers))
            return [(place, column.name) for place, column in enumerate(self._table.columns)]
        assert isinstance(item.expression, Name)
        return [(place_of(self._table, table, item.expression, "field list"), item.title)]

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the rows."""
        dev_id = context.tenant(self._database)
        rows = await self._search.find(context, dev_id, parameters)
        return Rows(self.columns, list(map(self._pick, rows)))


class ValuesPlan(Plan):
    """Computes one row."""

    def __init__(self, select: SelectValues) -> None:
        self._titles = [item.title for item in select.items]
        self._values = [evaluation(item.expression, words=False) for item in select.items]
        self._limit = select.limit

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the row."""
        row = [value(context, parameters) for value in self._values]
        columns = [computed(title, value) for title, value in zip(self._titles, row, strict=True)]
        start, end = bounds(self._limit, parameters)
        return Rows(columns, [row][start:end])


def computed(title: str, value: Value) -> Column:
    """@return: the column of a value that comes from no table."""
    if value is None:
        return Column(title, Kind.NULL, 0, nullable=True)
    if isinstance(value, int):
        return Column(title, Kind.BIGINT, 21)
    if isinstance(value, float):
        return Column(title, Kind.DOUBLE, 23)
    if isinstance(value, (str, bytes)):
        return Column(title, Kind.VARCHAR, max(255, len(value)), nullable=True)
    return Column(title, Kind.DECIMAL, 66)


# INSERT ---------------------------------------------------------------------------------------------------


class InsertPlan(Plan):
    """Gives rows to a table: all are admitted before the first is written."""

    def __init__(self, insert: Insert, table: AnyTable, slots: int) -> None:
        """@param slots: how many literals and bind marks the statement has."""
        if not table.writable:
            raise ReadOnly(f"INSERT command denied for table '{table.name}': it is read only")
        self._table = table
        self._database = insert.table.database
        # A row is picked from the literals of the statement and, behind them, from what is computed.
        self._slots = slots
        self._computed: list[Evaluation] = []
        self._defaults: dict[Value, int] = {}
        given = self._given(insert)
        left_out = {place: self._default(place) for place in range(len(table.declared)) if place not in given}
        self._picks = [self._pick(row, given, left_out, number) for number, row in enumerate(insert.rows, 1)]

    def _given(self, insert: Insert) -> list[int]:
        """@return: the places of the columns that the statement gives."""
        if insert.columns is None:
            return list(range(len(self._table.declared)))
        places: list[int] = []
        for name in insert.columns:
            place = place_of(self._table, insert.table, name, "field list")
            if place in places:
                raise ColumnTwice(f"Column '{self._table.declared[place].name}' specified twice")
            places.append(place)
        return places

    def _pick(
        self, row: Sequence[Expression], given: list[int], left_out: dict[int, int], number: int
    ) -> Pick:
        if len(row) != len(given):
            raise ValueCount(f"Column count doesn't match value count at row {number}")
        sources = dict(left_out)
        for place, expression in zip(given, row, strict=True):
            sources[place] = self._source(expression, place)
        return picker([sources[place] for place in range(len(sources))])

    def _source(self, expression: Expression, place: int) -> int:
        if isinstance(expression, Slot):
            return expression.index
        if isinstance(expression, Default):
            return self._default(place)
        self._computed.append(evaluation(expression, words=True))
        return self._slots + len(self._computed) - 1

    def _default(self, place: int) -> int:
        column = self._table.declared[place]
        if column.required:
            raise MissingValue(f"Field '{column.name}' doesn't have a default value")
        if column.default not in self._defaults:
            self._computed.append(evaluation(Constant(column.default), words=True))
            self._defaults[column.default] = self._slots + len(self._computed) - 1
        return self._defaults[column.default]

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: how many rows were written, and the insert id of the first."""
        dev_id, table = context.tenant(self._database), self._table
        values = parameters
        if self._computed:
            values = [*parameters, *[value(context, parameters) for value in self._computed]]
        entries = [table.admit(dev_id, pick(values)) for pick in self._picks]
        insert_id = await table.write(entries[0])
        for entry in entries[1:]:
            await table.write(entry)
        if insert_id:
            context.insert_id = insert_id
        info = f"Records: {len(entries)}  Duplicates: 0  Warnings: 0" if len(entries) > 1 else ""
        return Done(len(entries), insert_id, info=info)


# DELETE ---------------------------------------------------------------------------------------------------


class DeletePlan(Plan):
    """Removes rows: by their keys if the statement says nothing else, else those that it finds."""

    def __init__(self, delete: Delete, table: AnyTable) -> None:
        if not table.writable:
            raise ReadOnly(f"DELETE command denied for table '{table.name}': it is read only")
        self._table = table
        self._database = delete.table.database
        self._search = Search("DELETE", table, delete, {}, ())

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: how many rows were removed."""
        dev_id, table, search = context.tenant(self._database), self._table, self._search
        if search.keyed:
            return Done(await table.remove(dev_id, search.keys(context, parameters)))
        if direct := search.direct(context, parameters):
            return Done(await table.remove_by(dev_id, *direct))
        rows = await search.find(context, dev_id, parameters)
        return Done(await table.remove_rows(dev_id, rows) if rows else 0)
