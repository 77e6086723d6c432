"""
What a table of information_schema is: its columns, and what gives its rows.

The columns are written down in one text, in the order in which MySQL has them: C{NAME:type} with the type of
MySQL 8.0, where a number is the length of a VARCHAR, C{+} a number without a sign, C{?} a column that may be
NULL. In a name, C{~} stands for a blank.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from comet.cometql.dictionary.viewer import Viewer
from comet.cometql.results import Column, Kind, Value
from comet.cometql.tables.table import TEXT_LENGTH

#: A row: the columns that are not NULL. The catalogue is C{def} where nothing else is said.
Row = Mapping[str, Value]
#: What gives the rows of a view.
Rows = Callable[[Viewer], Iterable[Row] | Awaitable[Iterable[Row]]]

#: The only catalogue that MySQL knows.
_CATALOG = "def"
_KINDS = {
    "int": (Kind.INT, 11),
    "bigint": (Kind.BIGINT, 21),
    "decimal": (Kind.DECIMAL, 10),
    "datetime": (Kind.DATETIME, 19),
    "text": (Kind.TEXT, TEXT_LENGTH),
}


def nothing(viewer: Viewer) -> Iterable[Row]:
    """@return: no rows, of what MySQL has and comet has not."""
    return ()


class View:
    """
    A table of information_schema.

    @ivar columns: its columns.
    """

    def __init__(self, columns: str, rows: Rows = nothing) -> None:
        """@param columns: as the documentation of this module says."""
        self.columns = columns_of(columns)
        self._rows = rows
        self._names = [column.name for column in self.columns]
        self._empty: dict[str, Value] = {
            name: _CATALOG if name.endswith("_CATALOG") or name == "CATALOG_NAME" else None
            for name in self._names
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is never a row: what MySQL has and comet has not."""
        return self._rows is nothing

    async def rows(self, viewer: Viewer) -> list[Sequence[Value]]:
        """@return: its rows as C{viewer} may see them, each as long as there are columns."""
        found = self._rows(viewer)
        rows = await found if isinstance(found, Awaitable) else found
        return [self._whole(row) for row in rows]

    def _whole(self, row: Row) -> Sequence[Value]:
        whole = {**self._empty, **row}
        assert len(whole) == len(self._names), set(whole) - set(self._names)
        return tuple(whole.values())

    def place(self, name: str) -> int:
        """@return: the place of a column by its name in capitals."""
        return self._names.index(name)


def columns_of(text: str) -> tuple[Column, ...]:
    """
    @param text: as the documentation of this module says.
    @return: the columns.
    """
    return tuple(map(_column, text.split()))


def _column(declared: str) -> Column:
    name, _, kind = declared.replace("~", " ").partition(":")
    nullable, kind = kind.endswith("?"), kind.removesuffix("?")
    unsigned, kind = kind.endswith("+"), kind.removesuffix("+")
    found, length = (Kind.VARCHAR, int(kind)) if kind.isdigit() else _KINDS[kind]
    return Column(name, found, length, nullable, unsigned=unsigned)
