"""A store that forgets: for throw-away servers, and as the plainest statement of what a store does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from comet.model import NOWHERE, Channel, Message, Place, PrivateMessage, User
from comet.storage.interface import Queued, Store, Stretch
from comet.storage.listings import Most, no_more
from comet.storage.memory_listings import MemoryListings
from comet.storage.memory_outboxes import MemoryOutboxes
from comet.storage.memory_presences import MemoryPresences
from comet.storage.memory_records import MemoryRecords
from comet.storage.memory_rules import MemoryRules
from comet.storage.writes import Write


class MemoryStore(MemoryRules, MemoryRecords, MemoryListings, MemoryPresences, MemoryOutboxes, Store):
    """Keeps every promise of L{Store} but the one to survive."""

    problem = ""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[User, int] = {}
        self._lengths: dict[Channel, int] = {}
        self._history: dict[Channel, list[Message]] = {}
        self._counted: dict[Channel, Place] = {}
        self._epochs = 0
        self._queues: dict[User, list[PrivateMessage]] = {}
        self._number = 0

    async def start(self) -> None:
        """Nothing to make ready."""

    async def stop(self) -> None:
        """Nothing to let go."""

    async def apply(self, writes: Sequence[Write]) -> list[Any]:
        """See L{Store.apply}; none of the writes waits, so nobody sees them half done."""
        before = {name: _copied(value) for name, value in vars(self).items()} if len(writes) > 1 else {}
        try:
            # Of this class, so that a store that makes its callers wait does so once for all of them.
            return [await getattr(MemoryStore, write.name)(self, *write.arguments) for write in writes]
        except BaseException:
            vars(self).update(before)
            raise

    async def set_key(self, user: User, key: str) -> None:
        """See L{Store.set_key}."""
        self._keys[user] = key

    async def keys(self, users: Collection[User]) -> dict[User, str]:
        """See L{Store.keys}."""
        return {user: self._keys[user] for user in users if user in self._keys}

    async def remove_keys(self, users: Collection[User]) -> int:
        """See L{Store.remove_keys}."""
        return sum(self._keys.pop(user, None) is not None for user in set(users))

    async def set_last_seen(self, user: User, time: int) -> None:
        """See L{Store.set_last_seen}."""
        self._seen[user] = time

    async def last_seen(self, users: Collection[User]) -> dict[User, int]:
        """See L{Store.last_seen}."""
        return {user: self._seen[user] for user in users if user in self._seen}

    async def set_length(self, channel: Channel, length: int) -> None:
        """See L{Store.set_length}."""
        self._lengths[channel] = length
        self._trim(channel, length)
        if not length:
            self._end_epoch(channel)

    async def lengths(self) -> dict[Channel, int]:
        """See L{Store.lengths}."""
        return dict(self._lengths)

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_channels}."""
        await self.remove_history(channels)
        for channel in channels:
            self._end_epoch(channel)
        return sum(self._lengths.pop(channel, None) is not None for channel in set(channels))

    def _end_epoch(self, channel: Channel) -> None:
        if channel in self._counted:
            self._counted[channel] = Place(self._new_epoch(), self._counted[channel].position)

    def _new_epoch(self) -> str:
        # Unlike those of a store that lasts, these need not differ from the ones of another process.
        self._epochs += 1
        return f"m{self._epochs}"

    async def append(self, message: Message, keep: int) -> Place:
        """See L{Store.append}."""
        last = self._counted.get(message.channel, NOWHERE)
        place = self._counted[message.channel] = Place(last.epoch or self._new_epoch(), last.position + 1)
        self._history.setdefault(message.channel, []).append(replace(message, place=place))
        self._trim(message.channel, keep)
        return place

    def _trim(self, channel: Channel, keep: int) -> None:
        kept = self._history.get(channel, [])
        del kept[: max(0, len(kept) - keep)]
        if not kept:
            self._history.pop(channel, None)

    async def history(self, channel: Channel, limit: int) -> list[Message]:
        """See L{Store.history}."""
        return self._history.get(channel, [])[-limit:] if limit else []

    async def since(self, channel: Channel, position: int, most: Most) -> Stretch:
        """See L{Store.since}."""
        newer = (each for each in self._history.get(channel, ()) if each.place.position > position)
        found = no_more(newer, most, lambda each: each.text)
        return Stretch(self._counted.get(channel, NOWHERE), found)

    async def places(self, channels: Collection[Channel]) -> dict[Channel, Place]:
        """See L{Store.places}."""
        return {channel: self._counted[channel] for channel in channels if channel in self._counted}

    async def remove_history(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_history}."""
        return sum(len(self._history.pop(channel, ())) for channel in channels)

    async def count_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """See L{Store.count_messages}."""
        histories = [kept for channel, kept in self._history.items() if channel.dev_id == dev_id]
        return sum(message.id in ids for kept in histories for message in kept)

    async def remove_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """See L{Store.remove_messages}."""
        removed = 0
        for channel in [channel for channel in self._history if channel.dev_id == dev_id]:
            before = self._history[channel]
            self._history[channel] = [message for message in before if message.id not in ids]
            removed += len(before) - len(self._history[channel])
            self._trim(channel, len(before))
        return removed

    async def enqueue(self, message: PrivateMessage, keep: int) -> Queued:
        """See L{Store.enqueue}."""
        number = await MemoryStore.deposit(self, message)
        queue = self._queues[message.user]
        dropped = max(0, len(queue) - keep)
        del queue[:dropped]
        return Queued(number, dropped)

    async def deposit(self, message: PrivateMessage) -> int:
        """See L{Store.deposit}."""
        self._number += 1
        self._queues.setdefault(message.user, []).append(replace(message, number=self._number))
        return self._number

    async def queue(self, user: User) -> list[PrivateMessage]:
        """See L{Store.queue}."""
        return list(self._queues.get(user, ()))

    async def dequeue(self, user: User, numbers: Collection[int]) -> int:
        """See L{Store.dequeue}."""
        before = self._queues.pop(user, [])
        kept = [message for message in before if message.number not in numbers]
        if kept:
            self._queues[user] = kept
        return len(before) - len(kept)

    async def acknowledge(self, user: User, number: int) -> int:
        """See L{Store.acknowledge}."""
        numbers = [message.number for message in self._queues.get(user, ()) if message.number <= number]
        return await MemoryStore.dequeue(self, user, numbers)

    async def remove_queues(self, users: Collection[User]) -> int:
        """See L{Store.remove_queues}."""
        return sum(len(self._queues.pop(user, ())) for user in users)


def _copied(value: Any) -> Any:
    """@return: a copy of C{value} down to what is never changed itself."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return copy(value) if isinstance(value, (list, set)) else value
