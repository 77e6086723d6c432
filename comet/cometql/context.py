"""What a statement may know and change of the connection that it came on."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comet.broker import Broker
from comet.cometql.gaps import Gaps
from comet.cometql.interface import Login
from comet.cometql.results import Value
from comet.cometql.status import Gauges
from comet.cometql.transactions import Transaction
from comet.cometql.variables import Variables
from comet.errors import DatabaseDenied, Refused, UnknownDatabase

#: The database whose tables are those of the tenant that has logged in; its name is that of the language.
DATABASE = "CometQL_v1"
#: The name of the database that describes the others.
INFORMATION_SCHEMA = "information_schema"
#: Databases that MySQL keeps for itself. comet has none of their tables.
INNER = ("mysql", "performance_schema", "sys")

_TENANT = re.compile(r"db_(0|[1-9][0-9]{0,8})")


def is_inner(database: str) -> bool:
    """@return: whether C{database} is one that describes others, or that MySQL keeps for itself."""
    return database.lower() == INFORMATION_SCHEMA or database.lower() in INNER


#: Calls a function, in another thread if it likes, and waits for what it returns.
Offload = Callable[[Callable[[], Any]], Awaitable[Any]]


async def inline(function: Callable[[], Any]) -> Any:
    """@return: what C{function} returns, called here and now."""
    return function()


@dataclass(slots=True)
class Context:
    """
    One connection, as its statements see it.

    @ivar tenants: the C{dev_id}s are below this number.
    @ivar dev_id: the tenant whose tables are meant.
    @ivar database: the name of what was selected, empty if nothing was.
    @ivar insert_id: what LAST_INSERT_ID() gives.
    @ivar row_count: what ROW_COUNT() gives.
    @ivar found_rows: what FOUND_ROWS() gives.
    @ivar offload: runs what would take too long for the thread that serves all connections.
    @ivar leave: ends the connection, once the statement that runs has been answered.
    @ivar transaction: what is held back until COMMIT.
    @ivar gaps: what anybody has asked for and comet does not have.
    @ivar warnings: level, number and text of what the last statement was warned of, or refused for.
    """

    login: Login
    broker: Broker
    gauges: Gauges
    variables: Variables
    tenants: int
    dev_id: int = 0
    database: str = ""
    insert_id: int = 0
    row_count: int = -1
    warnings: list[tuple[str, int, str]] = field(default_factory=list)
    found_rows: int = 0
    offload: Offload = inline
    leave: Callable[[], None] = lambda: None
    gaps: Gaps = field(default_factory=Gaps)
    transaction: Transaction = field(init=False)

    def __post_init__(self) -> None:
        self.transaction = Transaction(self.broker)

    def tenant(self, database: str) -> int:
        """
        @param database: C{CometQL_v1}, C{db_N}, or empty for what is selected.
        @return: the tenant that is meant.
        @raise UnknownDatabase: if there is none of that name.
        @raise DatabaseDenied: if it belongs to another tenant.
        """
        if not database:
            return self.dev_id
        if database.lower() == DATABASE.lower():
            return self.login.dev_id
        found = _TENANT.fullmatch(database)
        if found is None or int(found[1]) >= self.tenants:
            raise UnknownDatabase(f"Unknown database '{database[:80]}'")
        dev_id = int(found[1])
        if self.login.dev_id not in (0, dev_id):
            raise DatabaseDenied(f"Access denied for user {self.user} to database '{database}'")
        return dev_id

    def use(self, database: str) -> None:
        """Select C{database}; raises as L{tenant}."""
        if not database:
            raise UnknownDatabase("No database selected")
        name = self.named(database)
        self.dev_id = self.login.dev_id if name == INFORMATION_SCHEMA else self.tenant(name)
        self.database = name

    def named(self, database: str) -> str:
        """
        @return: the database that is meant, by the name that it goes by; what is selected if C{database} is
            empty, or that of the language if nothing is.
        @raise UnknownDatabase, DatabaseDenied: as L{tenant}.
        """
        if not database:
            return self.database or DATABASE
        if database.lower() == INFORMATION_SCHEMA:
            return INFORMATION_SCHEMA
        self.tenant(database)
        return DATABASE if database.lower() == DATABASE.lower() else database

    def variable(self, name: str, scope: str = "") -> Value:
        """@return: the value of C{@@name}; raises as L{Variables.get}."""
        found = _OF_THE_LAST.get(name)
        return found(self) if found else self.variables.get(name, scope)

    @property
    def describes(self) -> bool:
        """Whether a table without a database is one of information_schema."""
        return self.database == INFORMATION_SCHEMA

    @property
    def errors(self) -> list[tuple[str, int, str]]:
        """Those of the C{warnings} that are errors."""
        return [warning for warning in self.warnings if warning[0] == "Error"]

    def refused(self, error: Refused) -> None:
        """Keep why the last statement was refused, for who asks for it afterwards."""
        self.warnings = [("Error", error.number, error.wire_text())]
        self.row_count = -1

    @property
    def user(self) -> str:
        """Who has logged in, as USER() tells it."""
        host = self.login.address.rpartition(":")[0].strip("[]")
        return f"'{self.login.user}'@'{host or 'localhost'}'"


#: Variables that tell of the last statement.
_OF_THE_LAST: Mapping[str, Callable[[Context], Value]] = {
    "warning_count": lambda context: len(context.warnings),
    "error_count": lambda context: len(context.errors),
    "last_insert_id": lambda context: context.insert_id,
    "identity": lambda context: context.insert_id,
}
