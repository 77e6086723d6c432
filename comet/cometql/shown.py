"""What a SHOW answers with: columns, and rows that are computed, or those of a view of the dictionary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from comet.cometql.context import INFORMATION_SCHEMA, Context
from comet.cometql.dictionary.lookup import VIEWS, Dictionary, view
from comet.cometql.dictionary.view import View, columns_of
from comet.cometql.results import Column, Value
from comet.cometql.statements import Show
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable

#: Rows of an answer.
Table = Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is asked for, by whom.

    @ivar database: the name of the database that is meant.
    """

    show: Show
    context: Context
    catalogue: Catalogue
    dictionary: Dictionary
    database: str

    @property
    def table(self) -> str:
        """The name of the table that is meant, as it is declared; empty if none is."""
        found = self.find()
        if isinstance(found, View):
            return next(name for name, each in VIEWS.items() if each is found)
        return found.name if found else ""

    def find(self) -> AnyTable | View | None:
        """
        @return: the table that is meant, C{None} if none is.
        @raise comet.errors.UnknownTable: if there is none of that name.
        """
        if self.show.table is None:
            return None
        if self.database == INFORMATION_SCHEMA:
            return view(self.show.table.name)
        return self.catalogue.find(self.show.table.name, self.database)


class Subject(ABC):
    """
    Something to show.

    @ivar declared: the columns; C{{database}} and C{{user}} in the name of one stand for these.
    @ivar names_pattern: whether the first column is also called by the pattern of LIKE, if there is one.
    """

    declared: Sequence[Column]
    names_pattern: bool = False

    @property
    def titles(self) -> Sequence[str]:
        """The names of the columns."""
        return [column.name for column in self.declared]

    def columns(self, database: str, user: str, pattern: str | None) -> Sequence[Column]:
        """
        @param pattern: that of LIKE, if there is one.
        @return: the columns of the answer about C{database} to C{user}.
        """
        names = [column.name.format(database=database, user=user) for column in self.declared]
        if self.names_pattern and pattern is not None:
            names[0] += f" ({pattern})"
        return [replace(column, name=name) for column, name in zip(self.declared, names, strict=True)]

    @abstractmethod
    async def rows(self, request: Request) -> Table:
        """@return: the rows, before LIKE and WHERE."""


class Computed(Subject):
    """Rows that are made for the purpose."""

    def __init__(self, columns: str, rows: Callable[[Request], Table | Awaitable[Table]]) -> None:
        """@param columns: as those of a view; C{~} stands for a blank."""
        self.declared = columns_of(columns)
        self._rows = rows

    async def rows(self, request: Request) -> Table:
        """See L{Subject.rows}."""
        found = self._rows(request)
        return await found if isinstance(found, Awaitable) else found


class Listed(Subject):
    """Rows of a view of the dictionary, under names of their own."""

    def __init__(
        self,
        name: str,
        columns: str,
        schema: str = "",
        table: str = "",
        fixed: Mapping[str, str] = MappingProxyType({}),
        names_pattern: bool = False,
    ) -> None:
        """
        @param name: which view.
        @param columns: a title for each column, C{title=column} if the name of the column is another; with
            commas between.
        @param schema: the column with the database that is asked for, if one is.
        @param table: the column with the table that is asked for, if one is.
        @param fixed: what other columns must be.
        @param names_pattern: see L{Subject}.
        """
        self.names_pattern = names_pattern
        self._view = VIEWS[name]
        self._places: list[int] = []
        declared = []
        for each in columns.split(", "):
            title, _, other = each.partition("=")
            place = self._view.place((other or title).upper())
            self._places.append(place)
            declared.append(replace(self._view.columns[place], name=title))
        self.declared = declared
        self._schema, self._table, self._fixed = schema, table, fixed

    async def rows(self, request: Request) -> Table:
        """See L{Subject.rows}."""
        wanted = dict(self._fixed)
        if self._schema:
            wanted[self._schema] = request.database
        if self._table:
            wanted[self._table] = request.table
        tests = [(self._view.place(name), value) for name, value in wanted.items()]
        found = await self._view.rows(request.dictionary.viewer(request.context, request.database))
        return [
            [row[place] for place in self._places]
            for row in found
            if all(row[place] == value for place, value in tests)
        ]
