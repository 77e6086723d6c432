"""Every connection that is open, browsers and MySQL clients alike, under one numbering."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, Protocol


class About(NamedTuple):
    """
    What there is to know of a connection.

    @ivar user: the name to show.
    @ivar user_id: who it is, 0 for nobody known and for a MySQL client.
    @ivar since: when it was opened, in seconds since 1970.
    @ivar channels: how many channels it listens to.
    @ivar queued: how many bytes wait for it to read.
    @ivar by_key: whether it is a MySQL client that has logged in with the own key of its tenant.
    """

    user: str
    user_id: int
    dev_id: int
    dialect: str
    transport: str
    address: str
    since: int
    channels: int = 0
    queued: int = 0
    database: str | None = None
    by_key: bool = False


class Listed(NamedTuple):
    """
    A connection, on whatever server.

    @ivar node: the name of the server.
    """

    number: int
    node: str
    about: About


class Connection(Protocol):
    """
    A connection, as others may look at it and end it.

    @ivar number: what it goes by; no other has it before the process ends.
    """

    number: int

    @property
    def about(self) -> About:
        """What there is to know now."""

    def kill(self) -> None:
        """End it."""


class Connections:
    """
    The connections that are open.

    @ivar numbers: where the numbers come from.
    @ivar node: the name of this process among others.
    """

    def __init__(self, node: str = "") -> None:
        self.numbers: Iterator[int] = count(1)
        self.node = node
        self._open: dict[int, Connection] = {}

    def add(self, connection: Connection) -> None:
        """A connection has been opened."""
        self._open[connection.number] = connection

    def remove(self, connection: Connection) -> None:
        """A connection is gone; saying so twice is saying so once."""
        self._open.pop(connection.number, None)

    def seen_by(self, dev_id: int) -> list[Connection]:
        """@return: the connections of a tenant, for 0 those of all, the oldest first."""
        numbers = sorted(self._open)
        return [self._open[number] for number in numbers if dev_id in (0, self._open[number].about.dev_id)]

    def listed(self, dev_id: int) -> list[Listed]:
        """@return: what there is to know of the connections of a tenant, for 0 those of all, in order."""
        return [Listed(each.number, self.node, each.about) for each in self.seen_by(dev_id)]

    def has(self, number: int) -> bool:
        """@return: whether a connection of that number is open."""
        return number in self._open

    def kill(self, number: int, dev_id: int, only_asked: bool = False) -> bool:
        """
        End the connection of that number, if the tenant, or 0 for root, may.

        @param only_asked: whether to look for it, and let it live.
        @return: whether there is one.
        """
        found = self.find(number, dev_id)
        if found is not None and not only_asked:
            found.kill()
        return found is not None

    def find(self, number: int, dev_id: int) -> Connection | None:
        """@return: the connection of that number, if the tenant, or 0 for root, may see it."""
        found = self._open.get(number)
        return found if found is not None and dev_id in (0, found.about.dev_id) else None

    def close_by_key(self, dev_id: int) -> None:
        """End the connections that have logged in with the own key of a tenant."""
        for connection in list(self._open.values()):
            about = connection.about
            if about.by_key and about.dev_id == dev_id:
                connection.kill()
