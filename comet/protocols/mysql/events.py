"""What a client of the CometQL port may do, as L{comet.protocols.mysql.connection} tells it."""

from __future__ import annotations

from dataclasses import dataclass

from comet.errors import CometError
from comet.protocols.mysql.auth import Proof


@dataclass(frozen=True, slots=True)
class TLSRequested:
    """All that follows comes inside TLS: start it, with the bytes that the connection gives back."""


@dataclass(frozen=True, slots=True)
class SwitchNeeded:
    """The client has to prove its password in another way: answer with a C{Switch} to it."""

    plugin: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class PasswordNeeded:
    """The client has to give the password itself: answer with a request for the full exchange."""


@dataclass(frozen=True, slots=True)
class KeyNeeded:
    """The client wants to encrypt its password: answer with our public key."""


@dataclass(frozen=True, slots=True)
class LoginReceived:
    """
    A client says who it is: welcome it if C{proof} shows the password of C{user}.

    @ivar charset: the name of the character set that it wants to begin with.
    """

    user: str
    database: str
    proof: Proof
    charset: str = ""


@dataclass(frozen=True, slots=True)
class HealthCheckReceived:
    """A load balancer looks whether we are here: welcome it; it can do nothing but ping."""

    user: str


@dataclass(frozen=True, slots=True)
class QueryReceived:
    """A statement, in the bytes that came."""

    text: bytes


@dataclass(frozen=True, slots=True)
class PrepareReceived:
    """A statement is to be prepared."""

    text: bytes


@dataclass(frozen=True, slots=True)
class ExecuteReceived:
    """
    A prepared statement is to be run.

    @ivar cursor: whether its rows are to wait until they are fetched.
    @ivar values: of its parameters, as they came.
    """

    statement: int
    cursor: bool
    values: bytes


@dataclass(frozen=True, slots=True)
class LongDataReceived:
    """
    A part of the value of a parameter; there is no answer.

    @ivar data: C{None} if it was too long to be kept.
    """

    statement: int
    parameter: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class FetchReceived:
    """The next rows of a prepared statement are asked for."""

    statement: int
    count: int


@dataclass(frozen=True, slots=True)
class StatementReset:
    """Values and rows that a prepared statement holds are to be dropped."""

    statement: int


@dataclass(frozen=True, slots=True)
class StatementClosed:
    """The client is done with a prepared statement; there is no answer."""

    statement: int


@dataclass(frozen=True, slots=True)
class InitDBReceived:
    """A database is to be selected."""

    database: bytes


@dataclass(frozen=True, slots=True)
class FieldListReceived:
    """The columns of a table are asked for."""

    table: bytes
    wildcard: bytes


@dataclass(frozen=True, slots=True)
class ResetReceived:
    """The session is to begin anew."""


@dataclass(frozen=True, slots=True)
class OptionReceived:
    """Whether a text may have several statements has been changed, in the connection itself."""


@dataclass(frozen=True, slots=True)
class ProcessesReceived:
    """The connections of the server are asked for."""


@dataclass(frozen=True, slots=True)
class KillReceived:
    """A connection is to be ended."""

    number: int


@dataclass(frozen=True, slots=True)
class StatisticsReceived:
    """A line on the state of the server is asked for."""


@dataclass(frozen=True, slots=True)
class PingReceived:
    """The client asks whether we are here."""


@dataclass(frozen=True, slots=True)
class QuitReceived:
    """The client is done; there is no answer."""


@dataclass(frozen=True, slots=True)
class CommandDeclined:
    """Something that is answered with C{error}, whoever asks; the connection goes on."""

    error: CometError


Event = (
    TLSRequested
    | SwitchNeeded
    | PasswordNeeded
    | KeyNeeded
    | LoginReceived
    | HealthCheckReceived
    | QueryReceived
    | PrepareReceived
    | ExecuteReceived
    | LongDataReceived
    | FetchReceived
    | StatementReset
    | StatementClosed
    | InitDBReceived
    | FieldListReceived
    | ResetReceived
    | OptionReceived
    | ProcessesReceived
    | KillReceived
    | StatisticsReceived
    | PingReceived
    | QuitReceived
    | CommandDeclined
)
