"""
Statements joined with the tables they are about, ready to run with any values.

A plan is made once for a shape and kept; it knows neither a connection nor a literal. Both come with
L{Plan.run}, which is the same for a text and for a prepared statement.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from comet.cometql.context import Context
from comet.cometql.evaluate import Evaluation, Parameters, evaluation
from comet.cometql.functions import kind_of
from comet.cometql.results import Column, Done, Kind, Result, Rows, Value
from comet.cometql.search import Search, bounds, check_qualifiers, place_of
from comet.cometql.statements import (
    Call,
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
    Variable,
)
from comet.cometql.tables.table import AnyTable
from comet.errors import ColumnTwice, MissingValue, ReadOnly, Refused, ValueCount

Pick = Callable[[Any], Sequence[Any]]


class Plan(ABC):
    """
    Something to run.

    @ivar columns: the columns of the answer if they are known beforehand; empty if there are none.
    @ivar keeps_warnings: whether the warnings of the statement before can still be asked for.
    @ivar shape: the statement without its values.
    @ivar verb: its first word, see L{comet.cometql.timing.verb_of}.
    """

    columns: Sequence[Column] = ()
    keeps_warnings: bool = False
    shape: str = ""
    verb: str = "other"

    def described(self, context: Context, parameters: Parameters) -> Sequence[Column]:
        """
        @param parameters: the values of the literals, and C{None} for each bind mark.
        @return: the columns of the answer, as far as they can be told before the statement is run.
        """
        return self.columns

    def begin(self, context: Context, parameters: Parameters) -> Result | Awaitable[Result]:
        """
        Carry the statement out, without a coroutine if there is nothing to wait for.

        @return: the result, or what L{run} gives; raises the same.
        """
        return self.run(context, parameters)

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


#: How many characters and digits the types have that always have as many.
_LENGTHS = {Kind.BIGINT: 21, Kind.DOUBLE: 23, Kind.DATETIME: 19, Kind.DATE: 10, Kind.TIME: 10}


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
            return [(place, self._table.columns[place].name) for place in self._table.visible]
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
        self._kinds = [_kind(item.expression) for item in select.items]
        self._limit = select.limit
        asked = {item.expression.name for item in select.items if isinstance(item.expression, Variable)}
        self.keeps_warnings = not asked.isdisjoint(("warning_count", "error_count"))

    def described(self, context: Context, parameters: Parameters) -> Sequence[Column]:
        """@return: the columns; what depends on values that are still to come is said to be text."""
        return [self._described(place, context, parameters) for place in range(len(self._titles))]

    def _described(self, place: int, context: Context, parameters: Parameters) -> Column:
        title, value = self._titles[place], self._values[place]
        try:
            column = computed(title, value(context, parameters), self._kinds[place])
        except Refused:
            return Column(title, nullable=True)
        return Column(title, nullable=True) if column.kind is Kind.NULL else column

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the row."""
        row = [value(context, parameters) for value in self._values]
        columns = list(map(computed, self._titles, row, self._kinds))
        start, end = bounds(self._limit, parameters)
        return Rows(columns, [row][start:end])


def _kind(expression: Expression) -> Kind | None:
    """@return: the type of a value that has it even if it is NULL."""
    if isinstance(expression, Variable):
        return Kind.VARCHAR
    return kind_of(expression.function, len(expression.arguments)) if isinstance(expression, Call) else None


def computed(title: str, value: Value, kind: Kind | None = None) -> Column:
    """
    @param kind: the type that it has if it is NULL, or a moment.
    @return: the column of a value that comes from no table.
    """
    if kind is not None and (value is None or kind.is_time):
        return Column(title, kind, _LENGTHS.get(kind, 255), nullable=True)
    if value is None:
        return Column(title, Kind.NULL, 0, nullable=True)
    if isinstance(value, int):
        if -(1 << 63) <= value < 1 << 64:
            return Column(title, Kind.BIGINT, 21, unsigned=value >= 1 << 63)
        return Column(title, Kind.DECIMAL, 66)
    if isinstance(value, float):
        return Column(title, Kind.DOUBLE, 23)
    if isinstance(value, (str, bytes)):
        return Column(title, Kind.VARCHAR, max(255, len(value)), nullable=True)
    exponent = value.as_tuple().exponent
    return Column(title, Kind.DECIMAL, 66, scale=max(0, -exponent) if isinstance(exponent, int) else 0)


# INSERT ---------------------------------------------------------------------------------------------------

#: One row was written.
_ONE = Done(1)


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
        self._single = self._picks[0] if len(self._picks) == 1 else None
        # If nothing is computed but default values, they need not be computed again.
        only_defaults = len(self._defaults) == len(self._computed)
        self._constants: list[Value] | None = list(self._defaults) if only_defaults else None

    def _given(self, insert: Insert) -> list[int]:
        """@return: the places of the columns that the statement gives."""
        if insert.columns is None:
            return list(self._table.visible)
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

    def admissions(self, context: Context, parameters: Parameters) -> list[Callable[[], Any]]:
        """@return: for each row what admits it, which raises L{Refused} if a rule is broken."""
        dev_id = context.tenant(self._database)
        values = self._values(context, parameters)
        return [partial(self._table.admit, dev_id, pick(values)) for pick in self._picks]

    def begin(self, context: Context, parameters: Parameters) -> Result | Awaitable[Result]:
        """@return: as L{run}; at once if it is a single row and nothing has to be stored for it."""
        if self._single is None or context.transaction.holds:
            return self.run(context, parameters)
        # The hot path.
        table, database = self._table, self._database
        dev_id = context.tenant(database) if database else context.dev_id
        values = self._values(context, parameters) if self._computed else parameters
        entry = table.admit(dev_id, self._single(values))
        insert_id = table.put(entry)
        if insert_id is None:
            return self._write(context, entry)
        if not insert_id:
            return _ONE
        context.insert_id = insert_id
        return Done(1, insert_id)

    async def _write(self, context: Context, entry: Any) -> Result:
        insert_id = await self._table.write(entry)
        if insert_id:
            context.insert_id = insert_id
        return Done(1, insert_id)

    def _values(self, context: Context, parameters: Parameters) -> Parameters:
        if self._constants is None:
            return [*parameters, *[value(context, parameters) for value in self._computed]]
        return [*parameters, *self._constants]

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: how many rows were written, and the insert id of the first."""
        dev_id, table = context.tenant(self._database), self._table
        values = self._values(context, parameters)
        entries = [table.admit(dev_id, pick(values)) for pick in self._picks]
        insert_id = await carry_out(context, table, entries, parameters)
        if insert_id:
            context.insert_id = insert_id
        info = f"Records: {len(entries)}  Duplicates: 0  Warnings: 0" if len(entries) > 1 else ""
        return Done(len(entries), insert_id, info=info)


async def carry_out(context: Context, table: AnyTable, entries: Sequence[Any], parameters: Parameters) -> int:
    """
    Give all C{entries} of a statement their effect together, now or at COMMIT.

    @param parameters: the values of the statement.
    @return: the insert id of the first.
    """
    if context.transaction.holds:
        context.transaction.hold([table.writing(entry) for entry in entries], parameters)
    elif entries:
        await context.broker.commit([table.writing(entry) for entry in entries])
    return table.insert_id(entries[0]) if entries else 0


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
        """@return: how many rows were removed; in a transaction, how many there are to remove."""
        dev_id, table, search = context.tenant(self._database), self._table, self._search
        if context.transaction.holds:
            return Done(await self._hold(context, dev_id, parameters))
        if search.keyed:
            return Done(await table.remove(dev_id, search.keys(context, parameters)))
        if direct := search.direct(context, parameters):
            return Done(await table.remove_by(dev_id, *direct))
        rows = await search.find(context, dev_id, parameters)
        return Done(await table.remove_rows(dev_id, rows) if rows else 0)

    async def _hold(self, context: Context, dev_id: int, parameters: Parameters) -> int:
        table, search, actions = self._table, self._search, []
        if search.keyed:
            keys = search.keys(context, parameters)
            count = len(await table.rows(dev_id, keys))
            actions = [table.removing(dev_id, keys)]
        elif direct := search.direct(context, parameters):
            count = await table.count_by(dev_id, *direct)
            actions = [table.removing_by(dev_id, *direct)]
        else:
            rows = await search.find(context, dev_id, parameters)
            count = len(rows)
            actions = table.removing_rows(dev_id, rows) if rows else []
        context.transaction.hold(actions, parameters)
        return count
