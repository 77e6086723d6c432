"""
All that a store keeps of one tenant, for who does not know the keys.

The promises are those of L{comet.storage.interface.Store}, which this is a part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeVar

from comet.model import Message, PrivateMessage, User
from comet.storage.records import Invitation

T = TypeVar("T")


class Most(NamedTuple):
    """
    How much is wanted.

    @ivar rows: how many rows.
    @ivar size: how many characters of text in all.
    """

    rows: int
    size: int


#: More than there can be.
EVERYTHING = Most(1 << 62, 1 << 62)


def no_more(found: Iterable[T], most: Most, text: Callable[[T], str] = lambda each: "") -> list[T]:
    """
    @param text: the text in a row whose length matters.
    @return: the first of C{found}: all of them, or else just as many as it takes to be over C{most}.
    """
    kept: list[T] = []
    size = 0
    for each in found:
        kept.append(each)
        size += len(text(each))
        if len(kept) > most.rows or size > most.size:
            break
    return kept


class Listings(Protocol):
    """
    The part of a store that tells all of a tenant.

    Each method gives everything there is, or stops as soon as it is over C{most}: what it then gives is more
    than was wanted, and not all.
    """

    async def all_keys(self, dev_id: int, most: Most) -> dict[User, str]:
        """@return: the keys of users, in the order of the users."""

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """@return: when users were here last, in the order of the users."""

    async def all_messages(self, dev_id: int, most: Most) -> list[Message]:
        """@return: the history of each channel, oldest first, in the order of the names of the channels."""

    async def all_queues(self, dev_id: int, most: Most) -> list[PrivateMessage]:
        """@return: the queue of each user, oldest first, in the order of the users."""

    async def all_data(self, dev_id: int, most: Most) -> dict[User, str]:
        """@return: what is kept about users, in the order of the users."""

    async def all_invitations(self, dev_id: int, most: Most) -> list[Invitation]:
        """@return: the invitations, in the order of the conferences, then of the users."""
