"""All tables by name."""

from __future__ import annotations

from collections.abc import Iterator

from comet.broker import Broker
from comet.cometql.context import DATABASE
from comet.cometql.tables.conferences import Conference, ConferenceMembers
from comet.cometql.tables.live import LiveConnections
from comet.cometql.tables.pipes import Pipes, PipesMessages, PipesSettings, UsersInPipes
from comet.cometql.tables.presence import PresenceEvents
from comet.cometql.tables.records import RevokedTokens, UsersData
from comet.cometql.tables.rights import ChannelRights
from comet.cometql.tables.table import AnyTable
from comet.cometql.tables.tenants import DevConfig
from comet.cometql.tables.users import UsersAuth, UsersMessages, UsersTime
from comet.errors import UnknownTable

#: The tables in the order of SHOW TABLES.
TABLES: tuple[type[AnyTable], ...] = (
    UsersAuth,
    UsersTime,
    UsersMessages,
    PipesMessages,
    UsersInPipes,
    Pipes,
    PipesSettings,
    ChannelRights,
    UsersData,
    RevokedTokens,
    Conference,
    ConferenceMembers,
    DevConfig,
    LiveConnections,
    PresenceEvents,
)


class Catalogue:
    """The tables of one server."""

    def __init__(self, broker: Broker) -> None:
        self._tables: dict[str, AnyTable] = {table.name: table(broker) for table in TABLES}

    def __iter__(self) -> Iterator[AnyTable]:
        """@return: the tables in the order of SHOW TABLES."""
        return iter(self._tables.values())

    def find(self, name: str, database: str = "") -> AnyTable:
        """
        @param name: in any letter case.
        @raise UnknownTable: if there is none of that name.
        """
        table = self._tables.get(name.lower())
        if table is None:
            raise UnknownTable(f"Table '{(database or DATABASE)[:64]}.{name[:64]}' doesn't exist")
        return table
