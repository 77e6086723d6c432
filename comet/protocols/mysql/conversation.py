"""One client of the CometQL port and its session: what it does, carried out, and the answers."""

from __future__ import annotations

from collections.abc import Iterable

from comet.cometql.interface import Login, QueryServer, QuerySession
from comet.cometql.results import Rows
from comet.errors import BadValue, LoginRefused
from comet.protocols.mysql import events
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.constants import Status
from comet.protocols.mysql.events import Event
from comet.protocols.mysql.replies import Err, Ok, Reply, Statistics, Switch
from comet.protocols.mysql.resultset import FieldList, ResultSet

#: The database that the columns of a connection are in if it has selected none.
DEFAULT_DATABASE = "CometQL_v1"

#: The most of a user name that an error repeats, in characters; no name that exists is longer.
NAME = 32


class Conversation:
    """
    Answers the events of a L{ServerConnection}, in bytes.

    @ivar session: the session in CometQL; C{None} before the login, and for who is only here to ping.
    """

    def __init__(
        self,
        server: QueryServer,
        connection: ServerConnection,
        connection_id: int,
        host: str,
        address: str,
    ) -> None:
        """
        @param host: where the client comes from, as errors name it.
        @param address: the same with its port.
        """
        self.session: QuerySession | None = None
        self._server = server
        self._connection = connection
        self._connection_id = connection_id
        self._host = host
        self._address = address

    async def answer(self, event: Event) -> Iterable[bytes]:
        """
        @return: the answer, in pieces that are made while they are walked.
        @raise comet.errors.Refused: if it is not granted; walking the pieces may raise that, too.
        @raise comet.errors.PeerError: if the client has to go.
        """
        if self.session is not None:
            return await self._carry_out(self.session, event)
        match event:
            case events.SwitchNeeded(plugin, salt):
                return self.send(Switch(plugin, salt))
            case events.LoginReceived():
                return await self._log_in(event)
            case events.HealthCheckReceived():
                return (self._connection.welcome(),)
        return self._answer_alone(event)

    async def _carry_out(self, session: QuerySession, event: Event) -> Iterable[bytes]:
        match event:
            case events.QueryReceived(text):
                result = await session.query(_statement(text))
                if isinstance(result, Rows):
                    return self.send(ResultSet(result))
                return self.send(Ok(result.affected, result.insert_id, result.warnings, result.info))
            case events.InitDBReceived(database):
                name = _name(database)
                session.use(name)
                self._connection.terms.schema = name
                return self.send(Ok())
            case events.FieldListReceived(table, wildcard):
                columns = session.fields(_name(table), _name(wildcard))
                return self.send(FieldList(columns))
            case events.StatisticsReceived():
                return self.send(Statistics(session.statistics()))
        return self._answer_alone(event)

    def _answer_alone(self, event: Event) -> Iterable[bytes]:
        """Answer what needs no session: a ping, or what is declined."""
        if isinstance(event, events.CommandDeclined):
            return self.send(Err.of(event.error))
        return self.send(Ok())

    async def _log_in(self, login: events.LoginReceived) -> Iterable[bytes]:
        found = await self._server.identify(login.user)
        dev_id, password = found or (0, "")
        if not login.proof.shows(password):
            raise LoginRefused(
                f"Access denied for user '{_shown(login.user)}'@'{self._host}' "
                f"(using password: {'NO' if login.proof.is_empty else 'YES'})"
            )
        self.session = self._server.open(
            Login(login.user, dev_id, self._connection_id, self._address, login.database)
        )
        self._connection.terms.schema = login.database or DEFAULT_DATABASE
        self._tell_status()
        return (self._connection.welcome(),)

    def send(self, reply: Reply) -> Iterable[bytes]:
        """@return: C{reply} for the wire, in pieces."""
        self._tell_status()
        return self._connection.stream(reply)

    def _tell_status(self) -> None:
        if self.session is not None:
            self._connection.terms.status = Status.AUTOCOMMIT if self.session.autocommit else Status.NONE

    def close(self) -> None:
        """The client is gone."""
        if self.session is not None:
            self.session.close()


def _statement(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        wrong = text[error.start : error.start + 4].hex().upper()
        raise BadValue(f"Invalid utf8mb4 character string at byte {error.start}: '{wrong}'") from None


def _name(data: bytes) -> str:
    # No name that exists has a replacement character in it, so a name that is not UTF-8 matches none.
    return data.decode("utf-8", "replace")


def _shown(user: str) -> str:
    """@return: C{user} fit to be read in a terminal or in a log."""
    return "".join(character if character.isprintable() else "?" for character in user[:NAME])
