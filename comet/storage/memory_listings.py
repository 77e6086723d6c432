"""All of a tenant in the store that forgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from comet.model import Channel, Message, PrivateMessage, User
from comet.storage.listings import Listings, Most, no_more
from comet.storage.records import Invitation

V = TypeVar("V")


class MemoryListings(Listings):
    """See L{Listings}."""

    _keys: dict[User, str]
    _data: dict[User, str]
    _seen: dict[User, int]
    _history: dict[Channel, list[Message]]
    _queues: dict[User, list[PrivateMessage]]
    _invitations: dict[tuple[Channel, int], Invitation]

    async def all_keys(self, dev_id: int, most: Most) -> dict[User, str]:
        """See L{Listings.all_keys}."""
        return dict(no_more(_of_tenant(self._keys, dev_id), most, lambda each: each[1]))

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """See L{Listings.all_last_seen}."""
        return dict(no_more(_of_tenant(self._seen, dev_id), most))

    async def all_messages(self, dev_id: int, most: Most) -> list[Message]:
        """See L{Listings.all_messages}."""
        channels = sorted(channel for channel in self._history if channel.dev_id == dev_id)
        found = (message for channel in channels for message in self._history[channel])
        return no_more(found, most, lambda each: each.text)

    async def all_queues(self, dev_id: int, most: Most) -> list[PrivateMessage]:
        """See L{Listings.all_queues}."""
        found = (message for _, queue in _of_tenant(self._queues, dev_id) for message in queue)
        return no_more(found, most, lambda each: each.text)

    async def all_data(self, dev_id: int, most: Most) -> dict[User, str]:
        """See L{Listings.all_data}."""
        return dict(no_more(_of_tenant(self._data, dev_id), most, lambda each: each[1]))

    async def all_invitations(self, dev_id: int, most: Most) -> list[Invitation]:
        """See L{Listings.all_invitations}."""
        invited = sorted(key for key in self._invitations if key[0].dev_id == dev_id)
        return no_more((self._invitations[key] for key in invited), most, lambda each: each.message)


def _of_tenant(kept: Mapping[User, V], dev_id: int) -> list[tuple[User, V]]:
    return [(user, kept[user]) for user in sorted(user for user in kept if user.dev_id == dev_id)]
