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
class LoginReceived:
    """A client says who it is: welcome it if C{proof} shows the password of C{user}."""

    user: str
    database: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class HealthCheckReceived:
    """A load balancer looks whether we are here: welcome it; it can do nothing but ping."""

    user: str


@dataclass(frozen=True, slots=True)
class QueryReceived:
    """A statement, in the bytes that came."""

    text: bytes


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
    | LoginReceived
    | HealthCheckReceived
    | QueryReceived
    | InitDBReceived
    | FieldListReceived
    | StatisticsReceived
    | PingReceived
    | QuitReceived
    | CommandDeclined
)
