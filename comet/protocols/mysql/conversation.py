"""One client of the CometQL port and its session: what it does, carried out, and the answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from comet.cometql.interface import Login, QueryServer, QuerySession
from comet.cometql.results import Done, Result, Rows, awaited
from comet.cometql.shape import statements_of
from comet.errors import LoginRefused
from comet.protocols.mysql import charsets, commands, events
from comet.protocols.mysql.binary import BinaryResultSet, CursorOpened, PrepareOk
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.constants import Command, Status
from comet.protocols.mysql.events import Event
from comet.protocols.mysql.loginkey import LoginKey
from comet.protocols.mysql.replies import (
    FULL_AUTHENTICATION,
    End,
    Err,
    MoreData,
    Ok,
    Reply,
    Statistics,
    Switch,
)
from comet.protocols.mysql.resultset import FieldList, ResultSet
from comet.protocols.mysql.statements import Statement, Statements

#: The database that the columns of a connection are in if it has selected none.
DEFAULT_DATABASE = "CometQL_v1"

#: The most of a user name that an error repeats, in characters; no name that exists is longer.
NAME = 32


class Conversation:
    """
    Answers the events of a L{ServerConnection}, in bytes.

    @ivar session: the session in CometQL; C{None} before the login, and for who is only here to ping.
    @ivar encryption: gives the cipher and the version of TLS; both are empty without it.
    """

    def __init__(
        self,
        server: QueryServer,
        connection: ServerConnection,
        connection_id: int,
        host: str,
        address: str,
        statements: Statements,
        key: LoginKey,
    ) -> None:
        """
        @param host: where the client comes from, as errors name it.
        @param address: the same with its port.
        @param statements: those that the client prepares.
        @param key: what its password comes under without TLS, if it has to come at all.
        """
        self.session: QuerySession | None = None
        self.encryption: Callable[[], tuple[str, str]] = lambda: ("", "")
        self._server = server
        self._connection = connection
        self._connection_id = connection_id
        self._host = host
        self._address = address
        self._statements = statements
        self._key = key
        self._login: Login | None = None
        self._following: list[str] = []
        self._charsets: tuple[object, object] = ("", "")
        self._decode = charsets.UTF8.decode

    async def answer(self, event: Event) -> Iterable[bytes]:
        """
        @return: the answer, in pieces that are made while they are walked.
        @raise comet.errors.Refused: if it is not granted; walking the pieces may raise that, too.
        @raise comet.errors.PeerError: if the client has to go.
        """
        self._following = []
        match event:
            case events.SwitchNeeded(plugin, salt):
                return self.send(Switch(plugin, salt))
            case events.PasswordNeeded():
                return self.send(FULL_AUTHENTICATION)
            case events.KeyNeeded():
                return self.send(MoreData(await self._key.public()))
            case events.LoginReceived():
                return await self._log_in(event)
        if self.session is not None:
            return await self._carry_out(self.session, event)
        match event:
            case events.HealthCheckReceived():
                return (self._connection.welcome(),)
        return self._answer_alone(event)

    async def _carry_out(self, session: QuerySession, event: Event) -> Iterable[bytes]:
        match event:
            case events.QueryReceived(text):
                statement = self._decode(text)
                if self._connection.multi_statements:
                    statement, *self._following = statements_of(statement)
                return await self._query(session, statement)
            case events.ExecuteReceived():
                return await self._execute(event)
            case events.PrepareReceived(text):
                return self.send(self._prepare(session, text))
            case events.FetchReceived(number, count):
                return self.send(self._statements.find(number).fetch(count))
            case events.StatementReset(number):
                self._statements.find(number).reset()
                return self.send(Ok())
            case events.StatementClosed(number):
                self._statements.close(number)
                return ()
            case events.LongDataReceived(number, parameter, data):
                self._statements.add_long_data(number, parameter, data)
                return ()
            case events.ResetReceived():
                assert self._login is not None  # there is a session
                self._begin(self._login)
                return self.send(Ok())
            case events.OptionReceived():
                return self.send(End())
            case events.ProcessesReceived():
                return await self._query(session, "SHOW PROCESSLIST")
            case events.KillReceived(number):
                return await self._query(session, f"KILL {number}")
            case events.InitDBReceived(database):
                session.use(_name(database))
                return self.send(Ok())
            case events.FieldListReceived(table, wildcard):
                columns = session.fields(_name(table), _name(wildcard))
                return self.send(FieldList(columns))
            case events.StatisticsReceived():
                return self.send(Statistics(session.statistics()))
        return self._answer_alone(event)

    async def _query(self, session: QuerySession, statement: str) -> Iterable[bytes]:
        return await self._told(session.begin(statement))

    def at_once(self, payload: bytes) -> bytes | Awaitable[Iterable[bytes]]:
        """
        Answer a packet of L{ServerConnection.statement}, without a coroutine if nothing has to be waited for.

        @return: the answer, or what gives it as L{answer} does; raises the same.
        """
        if self._following:
            # The last of several statements has failed, with others behind it.
            self._following = []
            self._tell_status()
        session, command = self.session, payload[0]
        assert session is not None  # that is when statements are looked for
        if command == Command.QUERY:
            statement = self._decode(payload[1:])
            if self._connection.multi_statements and ";" in statement:
                return self._carry_out(session, events.QueryReceived(payload[1:]))
            result = session.begin(statement)
            return self._done(result) if type(result) is Done else self._told(result)
        if command == Command.PING:
            return self._connection.done(0, 0)
        event = commands.execute(payload)
        prepared = self._statements.find(event.statement)
        result = prepared.prepared.begin(prepared.values(event.values, self._decode))
        return self._done(result) if type(result) is Done else self._executed(event.cursor, prepared, result)

    def _done(self, result: Done) -> bytes:
        if result.info or result.warnings:
            return self._connection.send(_ok(result))
        return self._connection.done(result.affected, result.insert_id)

    async def _told(self, begun: Result | Awaitable[Result]) -> Iterable[bytes]:
        result = await awaited(begun)
        return self.send(ResultSet(result) if isinstance(result, Rows) else _ok(result))

    async def _executed(
        self, cursor: bool, statement: Statement, begun: Result | Awaitable[Result]
    ) -> Iterable[bytes]:
        result = await awaited(begun)
        if not isinstance(result, Rows):
            return self.send(_ok(result))
        if not cursor:
            return self.send(BinaryResultSet(result))
        statement.open(result)
        return self.send(CursorOpened(result.columns))

    @property
    def unfinished(self) -> bool:
        """Whether the last event has more answers."""
        return bool(self._following)

    async def go_on(self) -> Iterable[bytes]:
        """
        Run the next of several statements that came in one text.

        @return: its answer, as L{answer} gives it. One that fails is the last.
        """
        assert self.session is not None  # that is where the text was begun
        statement = self._following.pop(0)
        return await self._query(self.session, statement)

    def _prepare(self, session: QuerySession, text: bytes) -> Reply:
        self._statements.check(len(text))
        prepared = session.prepare(self._decode(text))
        return PrepareOk(self._statements.add(prepared, len(text)).number, prepared)

    async def _execute(self, event: events.ExecuteReceived) -> Iterable[bytes]:
        statement = self._statements.find(event.statement)
        result = statement.prepared.begin(statement.values(event.values, self._decode))
        return await self._executed(event.cursor, statement, result)

    def _answer_alone(self, event: Event) -> Iterable[bytes]:
        """Answer what needs no session: a ping, or what is declined."""
        if isinstance(event, events.CommandDeclined):
            return self.send(Err.of(event.error))
        return self.send(Ok())

    async def _log_in(self, login: events.LoginReceived) -> Iterable[bytes]:
        found = await self._server.identify(login.user)
        dev_id, passwords = found or (0, ("",))
        # All are looked at, so that the time tells nothing about which of them it was.
        shown = [login.proof.shows(password) for password in passwords]
        if not any(shown):
            raise LoginRefused(
                f"Access denied for user '{_shown(login.user)}'@'{self._host}' "
                f"(using password: {'NO' if login.proof.is_empty else 'YES'})"
            )
        cipher, tls = self.encryption()
        self._begin(
            Login(
                login.user,
                dev_id,
                self._connection_id,
                self._address,
                login.database,
                login.charset,
                cipher=cipher,
                tls=tls,
                password=shown.index(True),
                found_rows=self._connection.found_rows,
            )
        )
        return (self._connection.welcome(),)

    def _begin(self, login: Login) -> None:
        """Open a session, in place of the one that there may be."""
        self.close()
        # Without a session, an error is the end of the connection.
        self.session = None
        self._statements.clear()
        self.session, self._login = self._server.open(login), login
        self._tell_status()

    def send(self, reply: Reply) -> Iterable[bytes]:
        """@return: C{reply} for the wire, in pieces."""
        self._tell_status()
        return self._connection.stream(reply)

    def _tell_status(self) -> None:
        session, terms = self.session, self._connection.terms
        if session is not None:
            terms.status = Status.AUTOCOMMIT if session.autocommit else Status.NONE
            if session.in_transaction:
                terms.status |= Status.IN_TRANSACTION
            if self._following:
                terms.status |= Status.MORE_RESULTS
            terms.schema = session.database or DEFAULT_DATABASE
            if session.charsets != self._charsets:
                self._charsets = client, results = session.charsets
                self._decode = charsets.named(client).decode
                terms.results = charsets.named(results)
                terms.declared = terms.results.collation

    def close(self) -> None:
        """The client is gone."""
        if self.session is not None:
            self.session.close()


def _ok(result: Done) -> Ok:
    return Ok(result.affected, result.insert_id, result.warnings, result.info)


def _name(data: bytes) -> str:
    # No name that exists has a replacement character in it, so a name that is not UTF-8 matches none.
    return data.decode("utf-8", "replace")


def _shown(user: str) -> str:
    """@return: C{user} fit to be read in a terminal or in a log."""
    return "".join(character if character.isprintable() else "?" for character in user[:NAME])
