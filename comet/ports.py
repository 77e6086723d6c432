"""The ports of the server: bound at once, answered once there is something to say."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from comet.config import CannotStart, Config

#: The name of the port of a worker that only the other workers use.
INNER = "inner"
#: Connections that the kernel holds for us until we take them.
BACKLOG = 1024


class Port:
    """
    A port that is ours from the start.

    @ivar name: as in C{ports.json}.
    @ivar port: its number.
    """

    def __init__(self, name: str, ip: str, bound: socket.socket) -> None:
        """@param bound: a socket that is bound to C{ip}."""
        self.name, self.ip, self.socket = name, ip, bound
        self.port: int = bound.getsockname()[1]

    @classmethod
    def bind(cls, name: str, ip: str, port: int, shared: bool = False) -> Port:
        """
        @param port: 0 for a free one.
        @param shared: whether others of this user may bind to the same port.
        @raise CannotStart: if the port is not to be had.
        """
        bound = socket.socket(_family(ip), socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            bound.bind((ip, port))
        except OSError as error:
            bound.close()
            raise CannotStart(f"[{name}] cannot listen on {ip}, port {port}: {error.strerror}") from None
        return cls(name, ip, bound)

    @classmethod
    def bind_many(cls, name: str, ip: str, port: int, count: int) -> list[Port]:
        """
        Bind so many sockets to the same port; the kernel spreads connections over those that listen.

        @raise CannotStart: if the port is not to be had.
        """
        # The first one does not share, so that it finds out whether anybody else has the port.
        first = cls.bind(name, ip, port)
        found: list[Port] = []
        try:
            first.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            for _ in range(count):
                found.append(cls.bind(name, ip, first.port, shared=True))
        except CannotStart:
            close_all(found)
            raise
        finally:
            first.close()
        return found

    @classmethod
    def inherited(cls, name: str, ip: str, descriptor: int) -> Port:
        """@return: a port that the process which started this one has bound."""
        return cls(name, ip, socket.socket(fileno=descriptor))

    def listen(self, reactor: Any, factory: Any) -> Any:
        """Answer from now on. @return: the port of Twisted."""
        self.socket.listen(BACKLOG)
        self.socket.setblocking(False)
        port = reactor.adoptStreamPort(self.socket.fileno(), self.socket.family, factory)
        self.socket.close()
        return port

    def close(self) -> None:
        """Give the port back without ever having answered."""
        self.socket.close()


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def wanted(config: Config) -> list[tuple[str, str, int]]:
    """@return: name, address and number of each port that C{config} wants."""
    ports = [("ws", config.ws.ip, config.ws.port), ("cometql", config.cometql.ip, config.cometql.port)]
    if config.tls.certificate is not None:
        ports.append(("wss", config.tls_ip, config.tls.port))
    if config.has_console_port and config.console.port is not None:
        ports.append(("console", config.console_ip, config.console.port))
    return ports


def bind(config: Config) -> list[Port]:
    """
    @return: all ports, for a single process.
    @raise CannotStart: if one is not to be had.
    """
    found: list[Port] = []
    try:
        for each in wanted(config):
            found.append(Port.bind(*each))
    except CannotStart:
        close_all(found)
        raise
    return found


def bind_shared(config: Config, count: int) -> list[list[Port]]:
    """
    @return: for each of C{count} processes all ports.
    @raise CannotStart: if one is not to be had.
    """
    found: list[list[Port]] = []
    try:
        for each in wanted(config):
            found.append(Port.bind_many(*each, count))
    except CannotStart:
        for ports in found:
            close_all(ports)
        raise
    try:
        found.append([Port.bind(INNER, "127.0.0.1", 0) for _ in range(count)])
    except CannotStart:
        for ports in found:
            close_all(ports)
        raise
    return [list(ports) for ports in zip(*found, strict=True)]


def close_all(ports: Iterable[Port]) -> None:
    """Give them all back."""
    for each in ports:
        each.close()


def rest(listening: socket.socket) -> None:
    """
    Take no connections at this socket until somebody listens again, whichever processes have it: they go to
    others at the same port, or are refused.
    """
    with suppress(OSError):  # nobody has listened yet
        listening.shutdown(socket.SHUT_RDWR)


def shut(port: Any) -> None:
    """
    Take those who have connected to a port of Twisted already, and nobody else.

    Closing the socket would reset connections that wait to be taken, with requests that a proxy may not say
    twice; and while the parent of a worker has the socket, too, others would go on to come, and wait in vain.
    """
    port.numberAccepts = BACKLOG
    port.doRead()
    rest(port.socket)
