"""
Private messages: to whoever is here, else into the queue, and never one past another.

The rule behind all of it: while something of a user is on its way into or out of the stored queue, the
L{Mailbox} of that user exists, and whatever comes then lines up behind it in the store. Only without a
mailbox is the queue of somebody who is here known to be empty, so that a message may go past the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from comet.batch import Step
from comet.hub import Subscriber
from comet.limits import Limits
from comet.model import Goodbye, PrivateMessage, User
from comet.presence import Presence
from comet.storage.interface import Store
from comet.storage.writes import Write


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


class Mailbox:
    """
    What goes on with the private messages of one user right now.

    @ivar busy: how many are at it; with the last one the mailbox goes.
    @ivar draining: whether the queue is being handed over.
    @ivar again: whether somebody has asked for that since the queue was read last.
    @ivar stirred: whether somebody has asked for that at all.
    """

    __slots__ = ("again", "busy", "draining", "stirred")

    def __init__(self) -> None:
        self.busy = 0
        self.draining = self.again = self.stirred = False


class Mail:
    """The private messages of all users."""

    def __init__(self, store: Store, limits: Limits, presence: Presence[Device], counters: Counters) -> None:
        self._store = store
        self.limits = limits
        self.presence = presence
        self.counters = counters
        self._mailboxes: dict[User, Mailbox] = {}

    def __len__(self) -> int:
        """@return: of how many users something is on its way."""
        return len(self._mailboxes)

    async def send(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user, or queue it if there is none.

        @return: whether it was handed over now.
        """
        user = message.user
        self.counters.private += 1
        if self.is_direct(user):
            self.hand_over(message)
            return True
        mailbox = self.enter(user)
        try:
            self.counters.queue_dropped += await self._store.enqueue(message, self.limits.queue)
            self.counters.queued += 1
        finally:
            self.leave(user, mailbox)
        if user not in self.presence:
            return False
        await self.empty(user)
        return True

    async def empty(self, user: User, handed: Sequence[int] = ()) -> None:
        """
        Hand over what has waited for C{user}, in order, and remove exactly that from the queue.

        @param handed: numbers of queued messages that have been handed over already.
        """
        mailbox = self.enter(user)
        mailbox.stirred = mailbox.again = True
        try:
            if not mailbox.draining:
                mailbox.draining = True
                try:
                    if handed:
                        await self._store.dequeue(user, handed)
                    while mailbox.again and user in self.presence:
                        mailbox.again = False
                        await self._drain(user, mailbox)
                finally:
                    mailbox.draining = False
        finally:
            self.leave(user, mailbox)

    async def _drain(self, user: User, mailbox: Mailbox) -> None:
        waiting = await self._store.queue(user)
        handed = []
        for message in waiting:
            if user not in self.presence:
                break  # the rest waits for the next device
            self.hand_over(message)
            handed.append(message.number)
        if handed:
            await self._store.dequeue(user, handed)
            mailbox.again = True

    def is_direct(self, user: User) -> bool:
        """@return: whether a message may be handed to C{user} now, past the store."""
        return user not in self._mailboxes and user in self.presence

    def hand_over(self, message: PrivateMessage) -> None:
        """Give C{message} to all devices of its user."""
        for device in self.presence.devices(message.user):
            device.deliver(message.encoded(device.form))
            self.counters.delivered += 1

    def enter(self, user: User) -> Mailbox:
        """@return: the mailbox of C{user}, which exists until everybody who has entered it leaves it."""
        mailbox = self._mailboxes.setdefault(user, Mailbox())
        mailbox.busy += 1
        return mailbox

    def leave(self, user: User, mailbox: Mailbox) -> None:
        """The opposite of L{enter}."""
        mailbox.busy -= 1
        if not mailbox.busy:
            del self._mailboxes[user]


class Delivery:
    """
    The private messages of one batch to one user, if the batch goes through the store.

    They all go through the queue, for then they are stored with the rest of the batch or not at all. To a
    user whose queue was empty and who is still here when they are safe, they are handed over in their places
    among the other steps, and leave the queue afterwards.
    """

    def __init__(self, mail: Mail, user: User) -> None:
        self._mail, self._user = mail, user
        self._handed: list[int] = []
        self._direct = mail.is_direct(user)
        self._mailbox = mail.enter(user)

    def step(self, message: PrivateMessage) -> Step:
        """@return: how C{message} is stored, and what follows."""
        if self._direct:
            return Step(Write(Store.deposit, message), lambda number: self._stored(message, number))
        return Step(Write(Store.enqueue, message, self._mail.limits.queue), self._queued)

    def _queued(self, dropped: int) -> None:
        counters = self._mail.counters
        counters.private += 1
        counters.queued += 1
        counters.queue_dropped += dropped

    def _stored(self, message: PrivateMessage, number: int) -> None:
        self._mail.counters.private += 1
        # A device that has come meanwhile has the queue handed over to it already.
        if self._user in self._mail.presence and not self._mailbox.stirred:
            self._mail.hand_over(message)
            self._handed.append(number)
        else:
            self._mail.counters.queued += 1

    def abandon(self) -> None:
        """Let go of the mailbox: nothing was stored."""
        self._mail.leave(self._user, self._mailbox)

    async def end(self) -> None:
        """Take from the queue what was handed over, hand over what else is in it, let go of the mailbox."""
        try:
            if self._handed or self._user in self._mail.presence:
                await self._mail.empty(self._user, self._handed)
        finally:
            self._mail.leave(self._user, self._mailbox)
