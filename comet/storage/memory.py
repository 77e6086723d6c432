"""A store that forgets: for throw-away servers, and as the plainest statement of what a store does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from comet.model import Channel, Message, PrivateMessage, User
from comet.storage.interface import Store


class MemoryStore(Store):
    """Keeps every promise of L{Store} but the one to survive."""

    def __init__(self) -> None:
        self._keys: dict[User, str] = {}
        self._seen: dict[User, int] = {}
        self._lengths: dict[Channel, int] = {}
        self._history: dict[Channel, list[Message]] = {}
        self._queues: dict[User, list[PrivateMessage]] = {}
        self._number = 0

    async def start(self) -> None:
        """Nothing to make ready."""

    async def stop(self) -> None:
        """Nothing to let go."""

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

    async def lengths(self) -> dict[Channel, int]:
        """See L{Store.lengths}."""
        return dict(self._lengths)

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_channels}."""
        await self.remove_history(channels)
        return sum(self._lengths.pop(channel, None) is not None for channel in set(channels))

    async def append(self, message: Message, keep: int) -> None:
        """See L{Store.append}."""
        self._history.setdefault(message.channel, []).append(message)
        self._trim(message.channel, keep)

    def _trim(self, channel: Channel, keep: int) -> None:
        kept = self._history.get(channel, [])
        del kept[: max(0, len(kept) - keep)]
        if not kept:
            self._history.pop(channel, None)

    async def history(self, channel: Channel, limit: int) -> list[Message]:
        """See L{Store.history}."""
        return self._history.get(channel, [])[-limit:] if limit else []

    async def remove_history(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_history}."""
        return sum(len(self._history.pop(channel, ())) for channel in channels)

    async def remove_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """See L{Store.remove_messages}."""
        removed = 0
        for channel in [channel for channel in self._history if channel.dev_id == dev_id]:
            before = self._history[channel]
            self._history[channel] = [message for message in before if message.id not in ids]
            removed += len(before) - len(self._history[channel])
            self._trim(channel, len(before))
        return removed

    async def enqueue(self, message: PrivateMessage, keep: int) -> int:
        """See L{Store.enqueue}."""
        self._number += 1
        queue = self._queues.setdefault(message.user, [])
        queue.append(replace(message, number=self._number))
        dropped = max(0, len(queue) - keep)
        del queue[:dropped]
        return dropped

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

    async def remove_queues(self, users: Collection[User]) -> int:
        """See L{Store.remove_queues}."""
        return sum(len(self._queues.pop(user, ())) for user in users)
