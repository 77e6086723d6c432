"""Who looks into the dictionary, and what there is to see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from comet.cometql.context import DATABASE, INFORMATION_SCHEMA, Context
from comet.cometql.results import Column
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable


@dataclass(frozen=True, slots=True)
class Viewer:
    """
    A connection before the dictionary.

    @ivar databases: the databases with tables of ours that it is shown.
    @ivar views: the tables of the dictionary itself, by name: their columns.
    """

    catalogue: Catalogue
    context: Context
    databases: Sequence[str]
    views: Mapping[str, Sequence[Column]]

    @property
    def schemas(self) -> Sequence[str]:
        """The names of all databases."""
        return (*self.databases, INFORMATION_SCHEMA)

    def tables(self) -> Iterator[tuple[str, AnyTable]]:
        """@return: our tables, each with its database."""
        return ((database, table) for database in self.databases for table in self.catalogue)

    @property
    def grantee(self) -> str:
        """Whose rights they are."""
        return self.context.user


def databases(context: Context, asked: str = "") -> list[str]:
    """
    @param asked: a database that is asked for by its name.
    @return: the databases with tables of ours that a connection is shown: that of the language, the one that
        it has selected, and the one that it asks for.
    """
    names = [DATABASE, context.database, asked]
    return [name for name in dict.fromkeys(names) if name not in ("", INFORMATION_SCHEMA)]
