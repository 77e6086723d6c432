"""The CometQL port: makes a protocol for each client, counts them, and closes them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IOpenSSLContextFactory, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThread

from comet.cometql.interface import QueryServer
from comet.errors import TooManyConnections
from comet.limits import Limits
from comet.protocols.mysql.auth import NATIVE, Plugin
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.conversation import Conversation
from comet.protocols.mysql.loginkey import LoginKey
from comet.protocols.mysql.port import Client, Counters, Port
from comet.protocols.mysql.protocol import MySQLProtocol
from comet.protocols.mysql.statements import Statements
from comet.turn import Turn


class MySQLFactory(Factory, Port):
    """
    Makes a L{MySQLProtocol} for each connection, up to a limit.

    @ivar counters: what has happened so far, for everybody to read.
    """

    noisy = False

    def __init__(
        self,
        server: QueryServer,
        limits: Limits,
        clock: IReactorTime,
        *,
        max_allowed_packet: int = 16 << 20,
        wait_timeout: int = 28_800,
        tls: IOpenSSLContextFactory | None = None,
        plugin: Plugin = NATIVE,
        full_authentication: bool = False,
        random: Callable[[int], bytes] = os.urandom,
        numbers: Iterator[int] | None = None,
        turn: Turn[Any] | None = None,
    ) -> None:
        """
        @param clock: what timeouts are measured with.
        @param max_allowed_packet: the longest statement, in bytes.
        @param wait_timeout: how long a client may be silent, in seconds; 0 for ever.
        @param tls: makes the TLS of clients that ask for it; without, none is offered.
        @param plugin: the way to prove a password that clients are asked for first.
        @param full_authentication: whether C{caching_sha2_password} goes all the way to the password itself.
        @param random: gives that many random bytes.
        @param numbers: gives each connection its number.
        @param turn: when what the statements say is written to those who hear it.
        """
        self.limits = limits
        self.clock = clock
        self.turn: Turn[Any] = turn or Turn()
        self.wait_timeout = wait_timeout or None
        self.tls = tls
        self.counters = Counters()
        self._server = server
        self._max_allowed_packet = max_allowed_packet
        self._plugin = plugin
        self._full_authentication = full_authentication
        self._key = LoginKey(deferToThread)
        self._random = random
        self._numbers = itertools.count(1) if numbers is None else numbers
        self._clients: dict[Client, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> MySQLProtocol:
        """@return: a protocol for a client at C{addr}."""
        number = next(self._numbers)
        connection = ServerConnection(
            self._server.version,
            number,
            self._random,
            max_allowed_packet=self._max_allowed_packet,
            tls=self.tls is not None,
            plugin=self._plugin,
            full_authentication=self._full_authentication,
            key=self._key,
        )
        host, address = _names(addr)
        statements = Statements(self.limits.prepared, self._max_allowed_packet)
        conversation = Conversation(self._server, connection, number, host, address, statements, self._key)
        protocol = MySQLProtocol(self, connection, conversation, address)
        protocol.number = number
        return protocol

    def admit(self, client: Client) -> None:
        """Count a connection that has been made, unless it is one too many."""
        if len(self._clients) >= self.limits.backends:
            self.counters.refused += 1
            raise TooManyConnections(
                f"Too many connections: {self.limits.backends}, the limit [limits] backends"
            )
        self._clients[client] = None
        self.counters.accepted += 1
        self.counters.most = max(self.counters.most, self.counters.open)

    def dismiss(self, client: Client) -> None:
        """Count a connection that is gone."""
        if client in self._clients:
            del self._clients[client]
            self.counters.closed += 1

    def kill(self, number: int) -> None:
        """Close the connection of that number, if it is there."""
        for client in tuple(self._clients):
            if client.number == number:
                client.kill()

    def let_go(self, number: int) -> None:
        """Close the connection of that number, if it is there, once its statement has been answered."""
        for client in tuple(self._clients):
            if client.number == number:
                client.wind_up()

    def wind_up(self) -> Deferred[None]:
        """
        Close every connection, each once the statement that it runs has been answered.

        @return: fires when all are gone.
        """
        clients = tuple(self._clients)
        for client in clients:
            client.wind_up()
        return DeferredList([client.ended for client in clients]).addCallback(lambda _: None)

    def close_all(self) -> Deferred[None]:
        """
        Close every connection.

        @return: fires when all are gone and their last statements have ended.
        """
        clients = tuple(self._clients)
        for client in clients:
            client.shut_down()
        return DeferredList([client.ended for client in clients]).addCallback(lambda _: None)


def _names(addr: Any) -> tuple[str, str]:
    """@return: the host of an address, and the same with its port; a client on a UNIX socket has none."""
    host, port = getattr(addr, "host", "localhost"), getattr(addr, "port", None)
    shown = f"[{host}]" if ":" in host else host
    return host, shown if port is None else f"{shown}:{port}"
