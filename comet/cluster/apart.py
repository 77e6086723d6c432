"""
What nodes have to tell each other once they hear each other again, besides who is where.

While a node is apart from the others, what it says has its effect there alone, and what is durable of it is
in the store. So it remembers no more than in which channels it has said something, to whom it has queued
something, and what others must read again. Whose connections were ended is in no store: every node remembers
that for a while, and tells those who were away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from comet.cluster.frames import Item, chunks
from comet.model import Channel, Goodbye, User

#: How many channels are remembered, and how many users; of more, only that there were more.
LIMIT = 10_000

T = TypeVar("T")


class Unheard:
    """What this node has said while it was apart."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._channels: dict[Channel, None] = {}
        self._users: dict[User, None] = {}
        self._changed: dict[str, None] = {}
        self._is_more = False

    def note(self, item: Item) -> None:
        """The others have not heard C{item}, or it is not known whether they have."""
        match item[0]:
            case "m" | "joined" | "left":
                self._add(self._channels, [Channel(item[1], item[2])])
            case "mail":
                self._add(self._users, [User(item[1], item[2])])
            case "changed":
                # All lengths of channels are read as fast as one.
                self._changed["lengths" if item[1] == "length" else item[1]] = None
            # What was told by L{tell}, and not heard either.
            case "missed":
                self._add(self._channels, item[1])
            case "queued":
                self._add(self._users, item[1])
            case "much":
                self._is_more = True

    def _add(self, known: dict[T, None], more: Iterable[T]) -> None:
        known.update(dict.fromkeys(more))
        if len(known) > LIMIT:
            known.clear()
            self._is_more = True

    def tell(self) -> list[Item]:
        """@return: all of it, to be said to the others; it is forgotten here."""
        items: list[Item] = [("changed", what) for what in self._changed]
        if self._is_more:
            items.append(("much",))
        else:
            items += [("missed", some) for some in chunks(list(self._channels))]
            items += [("queued", some) for some in chunks(list(self._users))]
        self._forget()
        return items


class Ending(NamedTuple):
    """
    Why the connections of a user were ended.

    @ivar time: when, in seconds since 1970: only those that were there then.
    """

    goodbye: Goodbye
    time: int


class Endings:
    """Whose connections were ended last, anywhere."""

    def __init__(self) -> None:
        self._users: dict[User, Ending] = {}

    def note(self, users: Iterable[User], ending: Ending) -> None:
        """Those of C{users} were."""
        for user in users:
            self._users.pop(user, None)
            self._users[user] = ending
        while len(self._users) > LIMIT:
            del self._users[next(iter(self._users))]

    def tell(self) -> list[Item]:
        """@return: all of them, for who was away."""
        groups: dict[Ending, list[User]] = {}
        for user, ending in self._users.items():
            groups.setdefault(ending, []).append(user)
        return [
            ("ended", some, ending.goodbye.name, ending.time)
            for ending, users in groups.items()
            for some in chunks(users)
        ]
