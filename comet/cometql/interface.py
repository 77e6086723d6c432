"""What the MySQL port asks of CometQL. The wire knows nothing of tables, CometQL nothing of packets."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from comet.cometql.results import Column, Result, Value


@dataclass(frozen=True, slots=True)
class Login:
    """
    Who has logged in.

    @ivar user: the name as it was given.
    @ivar dev_id: the tenant that the name stands for.
    @ivar connection_id: the number of the connection, unique since the start of the process.
    @ivar address: where the connection comes from, C{host:port}.
    @ivar database: the database named at login, empty if none was.
    @ivar charset: the character set that the client begins with, empty for that of the server.
    @ivar cipher: the cipher of TLS, as OpenSSL names it; empty without TLS.
    @ivar tls: the version of TLS, such as C{TLSv1.3}; empty without it.
    @ivar password: the place of the password that was right among those that L{QueryServer.identify} gave.
    @ivar found_rows: whether an UPDATE counts the rows that it finds, rather than those that it changes.
    """

    user: str
    dev_id: int
    connection_id: int
    address: str
    database: str = ""
    charset: str = ""
    cipher: str = ""
    tls: str = ""
    password: int = 0
    found_rows: bool = False


class Prepared(Protocol):
    """
    A statement of one session, to be run many times.

    @ivar parameters: how many values it takes.
    @ivar columns: the columns of its answer, as far as they are known beforehand; empty if it has none.
    """

    parameters: int
    columns: Sequence[Column]

    def begin(self, values: Sequence[Value]) -> Result | Awaitable[Result]:
        """
        Run it.

        @param values: as many as there are C{parameters}.
        @return: as L{QuerySession.begin}.
        @raise comet.errors.Refused: if it is not granted; the session goes on.
        """


class QuerySession(Protocol):
    """One logged-in connection. Calls come one at a time, each after the last has been answered."""

    @property
    def autocommit(self) -> bool:
        """Whether the status flags say that each statement stands for itself."""

    @property
    def in_transaction(self) -> bool:
        """Whether the status flags say that a transaction is open."""

    def begin(self, text: str) -> Result | Awaitable[Result]:
        """
        Run one statement.

        @return: its result, if that is there at once, or else what to wait for, which may raise the same.
        @raise comet.errors.Refused: if it is not granted; the session goes on.
        """

    def prepare(self, text: str) -> Prepared:
        """
        @param text: one statement, with a C{?} for each value that comes later.
        @raise comet.errors.Refused: if it could not be run with any values.
        """

    @property
    def database(self) -> str:
        """The database that is selected, empty if none is."""

    @property
    def charsets(self) -> tuple[Value, Value]:
        """The names of the character sets of statements and of results; C{None} for none in particular."""

    @property
    def wait_timeout(self) -> int | None:
        """How many seconds the client may be silent, if it has said so; C{None} leaves it to the port."""

    def use(self, database: str) -> None:
        """
        Select a database.

        @raise comet.errors.UnknownDatabase: if there is none of that name.
        """

    def fields(self, table: str, wildcard: str) -> Sequence[Column]:
        """
        @param wildcard: a pattern as C{LIKE} takes it; empty for all.
        @return: the columns of C{table}.
        @raise comet.errors.UnknownTable: if there is none of that name.
        """

    def statistics(self) -> str:
        """@return: one line on the state of the server, as C{mysqladmin status} shows it."""

    def close(self) -> None:
        """The connection is gone, and with it what it has not committed."""


class QueryServer(Protocol):
    """Where sessions come from."""

    #: The version in the greeting; it begins with three numbers.
    version: str

    async def identify(self, user: str) -> tuple[int, Sequence[str]] | None:
        """
        @return: the C{dev_id} that C{user} stands for and its passwords, the main one first; C{None} if it is
            no user.
        """

    def open(self, login: Login) -> QuerySession:
        """
        @return: a session for a login whose password was right.
        @raise comet.errors.UnknownDatabase: if the database named at login does not exist.
        """
