"""Any SELECT: rows of our tables, handed to a scratch database that answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from comet.cometql.context import Context, is_inner
from comet.cometql.dictionary.lookup import Dictionary
from comet.cometql.evaluate import Parameters
from comet.cometql.plans import Plan, computed
from comet.cometql.results import MOST_BYTES, MOST_ROWS, Column, Kind, Result, Rows, Value, size_of
from comet.cometql.scratch import Answer, Filled, answer
from comet.cometql.spans import within
from comet.cometql.statements import Query
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import TEXT_LENGTH
from comet.errors import TooManyRows
from comet.storage.listings import Most
from comet.storage.presences import Span

if TYPE_CHECKING:
    from comet.cometql.inference import Type
    from comet.cometql.sources import Source
    from comet.cometql.translate import Translation


class QueryPlan(Plan):
    """
    Answers a SELECT that is beyond CometQL.

    It is translated when it is first needed, since the library for that is large.
    """

    def __init__(self, query: Query, catalogue: Catalogue, dictionary: Dictionary) -> None:
        self._query = query
        self._catalogue = catalogue
        self._dictionary = dictionary
        self._translation: Translation | None = None

    def _translated(self) -> Translation:
        if self._translation is None:
            from comet.cometql.translate import translate

            self._translation = translate(self._query, self._find)
        return self._translation

    async def sources(self, context: Context) -> Sequence[Source]:
        """@return: the tables that it looks rows up in, in the order they are named."""
        translation: Translation = await context.offload(self._translated)
        return translation.sources

    def _find(self, scratch: str, name: str, database: str) -> Source:
        from comet.cometql.sources import Source

        database = database or self._query.database
        if is_inner(database):
            return Source(scratch, name, database, self._dictionary.columns(name, database))
        table = self._catalogue.find(name, database)
        synonyms = {other: column.name for column in table.declared for other in column.synonyms}
        hidden = frozenset(column.name for column in table.declared if column.invisible)
        return Source(scratch, name, database, table.columns, table.key_place, synonyms, hidden=hidden)

    def described(self, context: Context, parameters: Parameters) -> Sequence[Column]:
        """@return: the columns of the answer, as far as they are known before there are rows."""
        translation = self._translated()
        tables = [Filled(source.name, source.columns, ()) for source in translation.sources]
        names = [f"v{number}" for number in range(len(translation.variables))]
        empty: dict[str, Value] = dict.fromkeys(names)
        empty |= {f"s{place}": value for place, value in enumerate(parameters)}
        found = answer(translation.sql, tables, empty, context)
        return _columns(found, translation.columns, empty)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the rows."""
        translation = await context.offload(self._translated)
        tables = await Loading(self._catalogue, self._dictionary, context, parameters).load(
            translation.sources
        )
        values = _values(translation, context, parameters)
        found = await context.offload(lambda: answer(translation.sql, tables, values, context))
        columns = _columns(found, translation.columns, values)
        return Rows(columns, _exact(columns, found.rows))


async def chosen(
    query: Query,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Value]],
    context: Context,
    parameters: Parameters,
) -> Sequence[Sequence[Value]]:
    """
    @param query: a SELECT of everything, from one table of any name.
    @param rows: those of the table, whose C{columns} these are.
    @return: the rows that it wants.
    """
    from comet.cometql.sources import Source
    from comet.cometql.translate import translate

    translation = translate(query, lambda scratch, name, database: Source(scratch, name, database, columns))
    tables = [Filled(source.name, columns, rows, True) for source in translation.sources]
    values = _values(translation, context, parameters)
    found: Answer = await context.offload(lambda: answer(translation.sql, tables, values, context))
    return found.rows


def differ(parameters: Parameters, pair: tuple[int, int]) -> bool:
    """@return: whether two literals, by their places, are different numbers."""
    first, second = (parameters[place] for place in pair)
    return isinstance(first, int) and isinstance(second, int) and first != second


def _values(translation: Translation, context: Context, parameters: Parameters) -> dict[str, Value]:
    """@return: the values of what is named in C{translation}."""
    values: dict[str, Value] = {f"s{place}": value for place, value in enumerate(parameters)}
    for place, (name, scope, own) in enumerate(translation.variables):
        value = context.variables.get_own(name) if own else context.variable(name, scope)
        values[f"v{place}"] = value
    return values


class Loading:
    """Looks up the rows that a statement can be about, and no more than fit its limits."""

    def __init__(
        self, catalogue: Catalogue, dictionary: Dictionary, context: Context, parameters: Parameters
    ) -> None:
        self._catalogue = catalogue
        self._dictionary = dictionary
        self._context = context
        self._parameters = parameters
        self._loaded: dict[str, Sequence[Sequence[Value]]] = {}
        self._rows = self._bytes = 0

    async def load(self, sources: Sequence[Source]) -> list[Filled]:
        """
        @return: the tables with their rows.
        @raise TooManyRows: if there are too many.
        """
        waiting = list(sources)
        while waiting:
            source = min(waiting, key=self._order)
            waiting.remove(source)
            rows = await self._find(source)
            self._rows += len(rows)
            self._bytes += size_of(rows)
            if self._rows > MOST_ROWS or self._bytes > MOST_BYTES:
                raise TooManyRows(f"the SELECT looks at more than {MOST_ROWS} rows or {MOST_BYTES} bytes")
            self._loaded[source.name] = rows
        return [self._filled(source) for source in sources]

    def _order(self, source: Source) -> int:
        """@return: what to look up first: given keys, then keys of rows that are there, then all."""
        if source.keys is not None:
            return 0
        if any(other.name in self._loaded for other, _ in source.links):
            return 1
        return 3 if source.links else 2

    def _filled(self, source: Source) -> Filled:
        is_metadata = is_inner(source.database)
        return Filled(source.name, source.columns, self._loaded[source.name], is_metadata)

    async def _find(self, source: Source) -> Sequence[Sequence[Value]]:
        if is_inner(source.database):
            return await self._dictionary.rows(source.table, source.database, self._context)
        table = self._catalogue.find(source.table, source.database)
        dev_id = self._context.tenant(source.database)
        if any(differ(self._parameters, pair) for pair in source.guards):
            return ()
        keys = self._keys(source)
        most = Most(MOST_ROWS - self._rows, MOST_BYTES - self._bytes)
        if keys is None and table.ranged and source.ranges:
            ranges = [(sign, [self._parameters[place]]) for sign, place in source.ranges]
            return await table.rows_within(dev_id, Span(*within(ranges), most.rows + 1))
        if keys is None:
            return await table.all_rows(dev_id, most)
        wanted = [key for key in map(table.lookup, keys) if key is not None]
        return await table.rows(dev_id, list(dict.fromkeys(wanted)))

    def _keys(self, source: Source) -> list[Value] | None:
        if source.keys is not None:
            return [self._parameters[place] for place in source.keys]
        for other, place in source.links:
            if other.name in self._loaded:
                return list(dict.fromkeys(row[place] for row in self._loaded[other.name]))
        return None


def _exact(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """@return: C{rows} with as many digits behind the point as their columns have."""
    scales = [column.scale if column.kind is Kind.DECIMAL else 0 for column in columns]
    if not any(scales):
        return rows
    return [
        tuple(
            cell if not scale or cell is None else _with_digits(cell, scale)
            for cell, scale in zip(row, scales, strict=True)
        )
        for row in rows
    ]


def _with_digits(number: float, scale: int) -> Value:
    exact = Decimal(str(number))
    # What is larger has no digits behind the point in SQLite.
    return round(exact, scale) if abs(exact) < _LARGE else number


#: From here on a floating-point number cannot tell quarters apart.
_LARGE = 1 << 51


def _columns(found: Answer, types: Sequence[Type], values: Mapping[str, Value]) -> list[Column]:
    declared = [told(values) for told in types]
    if len(declared) != len(found.titles):
        declared = [None] * len(found.titles)
    return [
        _column(title, column, [row[place] for row in found.rows])
        for place, (title, column) in enumerate(zip(found.titles, declared, strict=True))
    ]


def _column(title: str, declared: Column | None, values: Sequence[Any]) -> Column:
    """@return: a column of the type that is told by the statement, or else one that all its values fit in."""
    if declared is not None and all(_fits(value, declared.kind) for value in values):
        longest = _longest(values) if declared.kind.is_text else 0
        return replace(declared, name=title, length=max(declared.length, longest), nullable=True)
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return Column(title, Kind.VARCHAR, 255, nullable=True)
    if kinds == {int}:
        return Column(title, Kind.BIGINT, 21, nullable=True)
    if kinds <= {int, float}:
        return Column(title, Kind.DOUBLE, 23, nullable=True)
    longest = _longest(values)
    if longest > 1 << 14:
        return Column(title, Kind.TEXT, TEXT_LENGTH, nullable=True)
    return Column(title, computed(title, "").kind, max(255, longest), nullable=True)


def _longest(values: Sequence[Any]) -> int:
    return max((len(value) for value in values if isinstance(value, (str, bytes))), default=0)


def _fits(value: Any, kind: Kind) -> bool:
    if value is None or kind.is_text:
        return True
    if kind in _FORMS:
        return isinstance(value, str) and _FORMS[kind].fullmatch(value) is not None
    if kind in (Kind.INT, Kind.BIGINT):
        return isinstance(value, int)
    return kind is not Kind.NULL and isinstance(value, (int, float))


#: How moments are written that can be sent as such.
_FORMS = {
    Kind.DATETIME: re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?"),
    Kind.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    Kind.TIME: re.compile(r"-?\d{2,3}:\d\d:\d\d(\.\d{1,6})?"),
}
