"""What a connection of the CometQL port has to do with the port itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLContextFactory, IReactorTime

from comet.limits import Limits
from comet.turn import Turn


@dataclass(slots=True)
class Counters:
    """
    What the CometQL port has done since the start.

    @ivar accepted: connections that were greeted.
    @ivar closed: those of them that are gone.
    @ivar refused: connections that there was no room for.
    @ivar commands: packets of clients that were logged in.
    @ivar most: the most connections that there were at once.
    @ivar denied: logins with a wrong name or password.
    @ivar received: bytes from clients; as they are without TLS.
    @ivar sent: bytes to clients.
    """

    accepted: int = 0
    closed: int = 0
    refused: int = 0
    commands: int = 0
    most: int = 0
    denied: int = 0
    received: int = 0
    sent: int = 0

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return self.accepted - self.closed


class Client(Protocol):
    """
    A connection, as the port knows it.

    @ivar number: what it is called in KILL.
    @ivar ended: fires when the connection is gone and its last statement has ended.
    """

    ended: Deferred[None]
    number: int

    def kill(self) -> None:
        """Close the connection, because somebody wants it gone."""

    def wind_up(self) -> None:
        """Close the connection once the statement that runs has been answered."""

    def shut_down(self) -> None:
        """Close the connection."""


class Port(Protocol):
    """
    What a connection asks of the port that it came in by.

    @ivar wait_timeout: how long a client may be silent that has not asked for another time, in seconds;
        C{None} for ever.
    @ivar turn: what statements put into it is held until they are answered.
    @ivar tls: makes the TLS of clients that ask for it; C{None} if none is offered.
    """

    limits: Limits
    clock: IReactorTime
    turn: Turn[Any]
    wait_timeout: int | None
    tls: IOpenSSLContextFactory | None
    counters: Counters

    def admit(self, client: Client) -> None:
        """
        Count a connection that has been made.

        @raise TooManyConnections: if it is one too many.
        """

    def dismiss(self, client: Client) -> None:
        """Count a connection that is gone."""
