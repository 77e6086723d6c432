"""
Publishing and signing in: the rules, then the store, then the hub. The one place where hub and store meet.

Whoever calls a coroutine of the broker may rely on its effect once it has returned: a message that must
survive has been committed, a message for somebody who is here has been handed over.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from comet import access
from comet.errors import TableFull
from comet.hub import Hub, Subscriber
from comet.limits import Limits
from comet.model import (
    Channel,
    Event,
    Goodbye,
    Message,
    PrivateMessage,
    StatusChanged,
    User,
)
from comet.presence import Presence
from comet.storage.interface import Store


class Device(Subscriber, Protocol):
    """A subscriber that is one connection of a user, as the broker needs to know it."""

    def lose(self, goodbye: Goodbye) -> None:
        """End the connection."""


@dataclass(slots=True)
class Counters:
    """What the broker has done since the start."""

    published: int = 0
    delivered: int = 0
    private: int = 0
    queued: int = 0
    queue_dropped: int = 0
    stored: int = 0


@dataclass(frozen=True, slots=True)
class StatusRules:
    """Whether to tell, and to keep, that a user comes online and goes offline."""

    tell_online: bool = True
    tell_offline: bool = True
    keep_last_seen: bool = True


class Mailbox:
    """
    What goes on with the private messages of one user right now.

    While C{busy} is not 0 something is on its way into or out of the stored queue, and a new message has to
    line up behind it in the store rather than overtake it.
    """

    __slots__ = ("busy", "draining")

    def __init__(self) -> None:
        self.busy = 0
        self.draining = False


class Broker:
    """Channel messages, private messages, keys and presence of all tenants."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        rules: StatusRules | None = None,
    ) -> None:
        """
        @param clock: the time in seconds since 1970.
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        """
        self.store = store
        self.limits = limits
        self.hub = Hub()
        self.presence: Presence[Device] = Presence()
        self.counters = Counters()
        self._clock = clock
        self._spawn = spawn
        self._rules = rules or StatusRules()
        self._lengths: dict[Channel, int] = {}
        self._mailboxes: dict[User, Mailbox] = {}

    def now(self) -> int:
        """@return: the time in whole seconds since 1970."""
        return int(self._clock())

    async def start(self) -> None:
        """Open the store and learn which channels keep a history."""
        await self.store.start()
        self._lengths = await self.store.lengths()

    async def stop(self) -> None:
        """Close the store."""
        await self.store.stop()

    # Channels ---------------------------------------------------------------------------------------------

    def length(self, channel: Channel) -> int:
        """@return: how many messages C{channel} keeps."""
        if access.always_kept(channel.name):
            return self.limits.history
        return self._lengths.get(channel, 0)

    def setting(self, channel: Channel) -> int | None:
        """@return: the length that was set for C{channel}, C{None} if none was."""
        return self._lengths.get(channel)

    async def set_length(self, channel: Channel, length: int) -> None:
        """
        Let C{channel} keep C{length} messages, brought into the range that is allowed.

        @raise TableFull: if too many channels have a length already.
        """
        if channel not in self._lengths and len(self._lengths) >= self.limits.history_channels:
            raise TableFull(
                "The table 'pipes_settings' is full: "
                f"{self.limits.history_channels} channels, the limit [limits] history_channels"
            )
        length = max(0, min(length, self.limits.history))
        await self.store.set_length(channel, length)
        self._lengths[channel] = length

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """
        Forget the lengths and the history of these channels.

        @return: how many of them had a length.
        """
        removed = await self.store.remove_channels(channels)
        for channel in channels:
            self._lengths.pop(channel, None)
        return removed

    async def publish(self, message: Message, sender: Subscriber | None = None) -> int:
        """
        Store C{message} if its channel keeps a history, then hand it to the subscribers.

        @param sender: the connection it comes from, which does not get it back.
        @return: how many connections it was handed to.
        """
        keep = self.length(message.channel)
        if keep:
            message = replace(message, id=str(uuid.uuid4()))
            await self.store.append(message, keep)
            self.counters.stored += 1
        self.counters.published += 1
        return self.announce(message.channel, message, sender)

    def announce(self, channel: Channel, event: Event, besides: Subscriber | None = None) -> int:
        """
        Hand an event to the subscribers of C{channel}; nothing is stored.

        @return: how many connections it was handed to.
        """
        reached = self.hub.publish(channel, event, besides)
        self.counters.delivered += reached
        return reached

    async def history(self, channel: Channel) -> list[Message]:
        """@return: what C{channel} has kept, oldest first."""
        return await self.store.history(channel, self.limits.history)

    # Private messages -------------------------------------------------------------------------------------

    async def send_private(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user, or queue it if there is none.

        @return: whether it was handed over now.
        """
        user = message.user
        self.counters.private += 1
        mailbox = self._mailboxes.get(user)
        if mailbox is None and user in self.presence:
            self._hand_over(message)
            return True
        mailbox = self._enter(user)
        try:
            self.counters.queue_dropped += await self.store.enqueue(message, self.limits.queue)
            self.counters.queued += 1
        finally:
            self._leave(user, mailbox)
        if user not in self.presence:
            return False
        await self.empty_queue(user)
        return True

    async def empty_queue(self, user: User) -> None:
        """Hand over what has waited for C{user}, in order, and remove exactly that from the queue."""
        mailbox = self._enter(user)
        try:
            if mailbox.draining:
                return
            mailbox.draining = True
            try:
                while user in self.presence and (waiting := await self.store.queue(user)):
                    if user not in self.presence:
                        break
                    for message in waiting:
                        self._hand_over(message)
                    await self.store.dequeue(user, [message.number for message in waiting])
            finally:
                mailbox.draining = False
        finally:
            self._leave(user, mailbox)

    def _enter(self, user: User) -> Mailbox:
        mailbox = self._mailboxes.setdefault(user, Mailbox())
        mailbox.busy += 1
        return mailbox

    def _leave(self, user: User, mailbox: Mailbox) -> None:
        mailbox.busy -= 1
        if not mailbox.busy:
            del self._mailboxes[user]

    def _hand_over(self, message: PrivateMessage) -> None:
        for device in self.presence.devices(message.user):
            device.deliver(message.encoded(device.form))
            self.counters.delivered += 1

    # Users ------------------------------------------------------------------------------------------------

    async def authenticate(self, user: User, presented: str) -> str | None:
        """@return: the key to go on with if C{presented} opens the account of C{user}, else C{None}."""
        stored = (await self.store.keys([user])).get(user)
        return stored if access.key_opens(presented, stored) else None

    async def remove_keys(self, users: Collection[User]) -> int:
        """
        Take the keys of these users and close their connections.

        @return: how many had a key.
        """
        removed = await self.store.remove_keys(users)
        for user in users:
            for device in self.presence.devices(user):
                device.lose(Goodbye.KEY_REMOVED)
        return removed

    async def arrive(self, user: User, device: Device) -> None:
        """A device of C{user} has signed in: others are told, and it gets what waited in the queue."""
        if self.presence.arrive(user, device):
            self._status(user, online=True)
        elif len(devices := self.presence.devices(user)) > self.limits.devices:
            devices[0].lose(Goodbye.REPLACED)
        await self.empty_queue(user)

    def depart(self, user: User, device: Device) -> None:
        """A device of C{user} is gone; saying so twice is saying so once."""
        if self.presence.depart(user, device):
            self._status(user, online=False)

    def _status(self, user: User, online: bool) -> None:
        if self._rules.tell_online if online else self._rules.tell_offline:
            channel = Channel(user.dev_id, f"user_status_{user.user_id}")
            self.announce(channel, StatusChanged(user, online))
        if self._rules.keep_last_seen:
            # On arrival too, so that a time is known even if the process dies while the user is here.
            self._spawn(self.store.set_last_seen(user, self.now()))

    async def last_seen(self, users: Iterable[User]) -> dict[User, int]:
        """@return: for each of C{users} 0 if online, -1 if never seen, else seconds since 1970."""
        users = tuple(users)
        away = [user for user in users if user not in self.presence]
        known = await self.store.last_seen(away) if away else {}
        return {user: 0 if user in self.presence else known.get(user, -1) for user in users}
