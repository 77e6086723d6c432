"""All of a tenant in the store in a database."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from comet.model import Message, PrivateMessage, User
from comet.storage import listing_queries as queries
from comet.storage.cursors import Query
from comet.storage.listings import Listings, Most
from comet.storage.records import Invitation


class SQLListings(Listings):
    """See L{Listings}; how a query is run is left open."""

    @abstractmethod
    async def _read(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned."""

    async def all_keys(self, dev_id: int, most: Most) -> dict[User, str]:
        """See L{Listings.all_keys}."""
        found: dict[User, str] = await self._read(queries.all_keys, dev_id, most)
        return found

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """See L{Listings.all_last_seen}."""
        found: dict[User, int] = await self._read(queries.all_last_seen, dev_id, most)
        return found

    async def all_messages(self, dev_id: int, most: Most) -> list[Message]:
        """See L{Listings.all_messages}."""
        found: list[Message] = await self._read(queries.all_messages, dev_id, most)
        return found

    async def all_queues(self, dev_id: int, most: Most) -> list[PrivateMessage]:
        """See L{Listings.all_queues}."""
        found: list[PrivateMessage] = await self._read(queries.all_queues, dev_id, most)
        return found

    async def all_data(self, dev_id: int, most: Most) -> dict[User, str]:
        """See L{Listings.all_data}."""
        found: dict[User, str] = await self._read(queries.all_data, dev_id, most)
        return found

    async def all_invitations(self, dev_id: int, most: Most) -> list[Invitation]:
        """See L{Listings.all_invitations}."""
        found: list[Invitation] = await self._read(queries.all_invitations, dev_id, most)
        return found
