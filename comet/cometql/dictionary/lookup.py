"""The tables of information_schema by their names, and those that nobody may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from comet.cometql.context import INFORMATION_SCHEMA, INNER, Context
from comet.cometql.dictionary.keys import KEYS
from comet.cometql.dictionary.programs import PROGRAMS
from comet.cometql.dictionary.rights import RIGHTS
from comet.cometql.dictionary.server import SERVER
from comet.cometql.dictionary.tables import TABLES
from comet.cometql.dictionary.texts import TEXTS
from comet.cometql.dictionary.view import View
from comet.cometql.dictionary.viewer import Viewer, databases
from comet.cometql.results import Column, Value
from comet.cometql.tables.catalogue import Catalogue
from comet.errors import NotAllowed, UnknownView

#: All views by name, in the order of the alphabet.
VIEWS: Mapping[str, View] = MappingProxyType(
    dict(sorted({**TABLES, **KEYS, **PROGRAMS, **TEXTS, **SERVER, **RIGHTS}.items()))
)
_COLUMNS = {name: view.columns for name, view in VIEWS.items()}


def view(name: str, database: str = INFORMATION_SCHEMA, verb: str = "SELECT") -> View:
    """
    @param name: in any letter case.
    @param verb: what is to be done with it.
    @return: the view.
    @raise NotAllowed: if it is of a database that nobody may look at.
    @raise UnknownView: if there is none of that name.
    """
    if database.lower() in INNER:
        raise NotAllowed(
            f"{verb} command denied for table '{name[:64]}' of database '{database[:64]}': comet has no such"
            f" tables, {INFORMATION_SCHEMA} tells what there is"
        )
    found = VIEWS.get(name.upper())
    if found is None:
        raise UnknownView(f"Unknown table '{name[:64]}' in {INFORMATION_SCHEMA}")
    return found


class Dictionary:
    """The views over the tables of one server."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def viewer(self, context: Context, asked: str = "") -> Viewer:
        """@return: the connection of C{context} before the dictionary; C{asked} is a database it asks for."""
        return Viewer(self._catalogue, context, databases(context, asked), _COLUMNS)

    def columns(self, name: str, database: str) -> Sequence[Column]:
        """@return: the columns of a view; raises as L{view}."""
        found = view(name, database)
        return [replace(column, table=name.upper()) for column in found.columns]

    async def rows(self, name: str, database: str, context: Context) -> Sequence[Sequence[Value]]:
        """@return: the rows of a view; raises as L{view}."""
        return await view(name, database).rows(self.viewer(context))
