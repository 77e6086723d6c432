"""The loop of the load: one epoll, and a function for each socket that can be read."""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Callable

#: For how long nothing at all may happen, in seconds.
PATIENCE = 30.0


class Loop:
    """Calls whoever has something to read."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}

    def add(self, connection: socket.socket, read: Callable[[], None]) -> None:
        """Call C{read} whenever C{connection} has something; it no longer blocks from now on."""
        connection.setblocking(False)
        self._readers[connection.fileno()] = read
        self._epoll.register(connection, select.EPOLLIN)

    def remove(self, connection: socket.socket) -> None:
        """The opposite of L{add}."""
        self._epoll.unregister(connection)
        del self._readers[connection.fileno()]

    def turn(self) -> None:
        """Wait until something can be read, and read it; for too long a silence, end with a sentence."""
        readers = self._readers
        ready = self._epoll.poll(PATIENCE, len(readers))
        if not ready:
            sys.exit(f"nothing has come for {PATIENCE:.0f} seconds: something was lost, or the server hangs")
        for number, _ in ready:
            readers[number]()
