"""
Private messages: to whoever is here, else into the queue, and never one past another.

A message goes past the store only if somebody is here who takes it for good: a device whose socket takes it
at once, and which has no word for having received it. All others are queued first, then handed over with
their numbers, and stay in the queue until a device has told, or its socket has shown, that they have arrived.

While something of a user is on its way into or out of the queue, the L{Mailbox} of that user exists, and
whatever comes then goes through the store, too. It tells whether the devices that are here have been given
all that is queued; each device knows by itself up to which number it was given, so it gets nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol

from comet.batch import Step
from comet.errors import Unavailable
from comet.hub import Subscriber
from comet.limits import Limits
from comet.model import Goodbye, PrivateMessage, User
from comet.presence import Presence
from comet.storage.interface import Queued, Store
from comet.storage.writes import Write


class Device(Subscriber, Protocol):
    """
    A subscriber that is one connection of a user, as the broker needs to know it.

    @ivar handed: the number of the last queued message that it was given.
    @ivar number: what its connection goes by.
    """

    handed: int
    number: int

    @property
    def takes(self) -> bool:
        """Whether its socket takes at once what it is given now, and that counts as received."""

    def give(self, message: PrivateMessage) -> bool:
        """
        Take a private message. Never raises, never waits.

        @return: whether it has arrived; else the device tells L{Mail.acknowledge} once it has.
        """

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
    expired: int = 0
    stored: int = 0


class Mailbox:
    """
    What goes on with the private messages of one user right now.

    @ivar busy: how many are at it; with the last one the mailbox goes.
    @ivar behind: whether something may be queued that the devices that are here have not been given.
    @ivar draining: whether the queue is being handed over.
    @ivar again: whether somebody has asked for that since the queue was read last.
    @ivar arrived: up to which number the messages have arrived, though the queue may still show them.
    @ivar fresh: what was stored and said to all servers: another may have removed it from the queue already,
        and it is still to be given to the devices that are here.
    """

    __slots__ = ("again", "arrived", "behind", "busy", "draining", "fresh")

    def __init__(self, behind: bool, arrived: int) -> None:
        self.busy = 0
        self.behind, self.arrived = behind, arrived
        self.draining = self.again = False
        self.fresh: dict[int, PrivateMessage] = {}


#: Hands a stored message to the devices of its user, wherever they are, and calls back once it was given to
#: those that are here.
Relay = Callable[[PrivateMessage, Callable[[], object]], None]


class Mail:
    """The private messages of all users."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        presence: Presence[Device],
        counters: Counters,
        now: Callable[[], int],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """
        @param now: the time in whole seconds since 1970.
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        """
        self._store = store
        self.limits = limits
        self.presence = presence
        self.counters = counters
        self._now, self._spawn = now, spawn
        #: What there is to ask and to use if there are other servers.
        self.relay: Relay | None = None
        self.elsewhere: Callable[[User], int] = lambda user: 0
        self._mailboxes: dict[User, Mailbox] = {}
        #: Those who are here, but could not be given all that is queued, because the store failed.
        self._owed: set[User] = set()
        #: Up to which number a user's messages have arrived, while the store is being told.
        self._arrived: dict[User, int] = {}

    def __len__(self) -> int:
        """@return: of how many users something is on its way."""
        return len(self._mailboxes)

    # Towards the user -------------------------------------------------------------------------------------

    async def send(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user, and queue it unless that is all there is to do.

        @return: whether it was handed over now.
        """
        if self.send_now(message):
            return True
        user = message.user
        delivery = Delivery(self, user)
        try:
            queued = await self._store.enqueue(message, self.limits.queue)
        except BaseException:
            delivery.abandon()
            raise
        delivery.stored(message, queued)
        await delivery.end()
        return self.is_reached(user)

    def send_now(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user, if that is all there is to do.

        @return: whether it is; if not, nothing has happened.
        """
        if not self.is_direct(message.user):
            return False
        self.counters.private += 1
        self.hand_over(message)
        return True

    def is_reached(self, user: User) -> bool:
        """@return: whether C{user} has a device, here or elsewhere."""
        return user in self.presence or self.elsewhere(user) > 0

    def take(self, message: PrivateMessage, done: Callable[[], object] = lambda: None) -> None:
        """
        Any server has stored C{message} and says so to all: give it to the devices that are here.

        @param done: is called once that is done.
        """
        if message.user in self.presence:
            self._spawn(self._take(message, done))
        else:
            done()

    async def _take(self, message: PrivateMessage, done: Callable[[], object]) -> None:
        user = message.user
        mailbox = self.enter(user)
        mailbox.fresh[message.number] = message
        try:
            await self.empty(user)
        finally:
            done()
            self.leave(user, mailbox)

    async def empty(self, user: User) -> None:
        """Hand over what is queued for C{user}, in order, to those devices that have not been given it."""
        mailbox = self.enter(user)
        mailbox.behind = mailbox.again = True
        try:
            if not mailbox.draining:
                mailbox.draining = True
                try:
                    while mailbox.again and self.presence.devices(user):
                        mailbox.again = False
                        await self._drain(user, mailbox)
                    mailbox.behind = not self.presence.devices(user)
                finally:
                    mailbox.draining = False
        finally:
            self.leave(user, mailbox)

    async def _drain(self, user: User, mailbox: Mailbox) -> None:
        stale = []
        for message in await self._queue(user, mailbox):
            if not self.presence.devices(user):
                break  # the rest waits for the next device
            if message.number <= mailbox.arrived:
                continue
            if self.is_stale(message):
                stale.append(message.number)
            else:
                self.hand_over(message)
        if stale:
            self.counters.expired += await self._store.dequeue(user, stale)

    async def _queue(self, user: User, mailbox: Mailbox) -> list[PrivateMessage]:
        """@return: what there is to give, in order; fresh messages also if the store does not work."""
        # What is fresh only while the store is read waits for the next time: others may have queued something
        # in front of it meanwhile, which would never be given once this was.
        fresh, mailbox.fresh = mailbox.fresh, {}
        try:
            queued = await self._store.queue(user)
        except Unavailable:
            if not fresh:
                raise
            queued = []
        both = {message.number: message for message in queued} | fresh
        return [both[number] for number in sorted(both)]

    def is_stale(self, message: PrivateMessage) -> bool:
        """@return: whether nobody wants C{message} any more."""
        return 0 < message.expires <= self._now()

    def is_direct(self, user: User) -> bool:
        """@return: whether a message may be handed to C{user} now, past the store."""
        if user in self._mailboxes or user in self._owed or self.elsewhere(user):
            return False
        return any(device.takes for device in self.presence.devices(user))

    def hand_over(self, message: PrivateMessage) -> None:
        """Give C{message} to all devices of its user that have not been given it."""
        number, arrived = message.number, False
        for device in self.presence.devices(message.user):
            if number and number <= device.handed:
                continue
            device.handed = number or device.handed
            arrived |= device.give(message)
            self.counters.delivered += 1
        if number and arrived:
            self.acknowledge(message.user, number)

    # Back from the user -----------------------------------------------------------------------------------

    def acknowledge(self, user: User, number: int) -> None:
        """The messages of C{user} up to C{number} have arrived: they leave the queue."""
        if user in self._mailboxes:
            mailbox = self._mailboxes[user]
            mailbox.arrived = max(mailbox.arrived, number)
        if user in self._arrived:
            self._arrived[user] = max(self._arrived[user], number)
        else:
            self._arrived[user] = number
            self._spawn(self._forget(user))

    async def _forget(self, user: User) -> None:
        """Tell the store, once for all that arrives while it is being told."""
        told = 0
        try:
            while self._arrived[user] > told:
                told = self._arrived[user]
                await self._store.acknowledge(user, told)
        finally:
            del self._arrived[user]

    # Mailboxes --------------------------------------------------------------------------------------------

    def enter(self, user: User) -> Mailbox:
        """@return: the mailbox of C{user}, which exists until everybody who has entered it leaves it."""
        mailbox = self._mailboxes.get(user)
        if mailbox is None:
            is_behind = user in self._owed or not self.presence.devices(user)
            mailbox = self._mailboxes[user] = Mailbox(is_behind, self._arrived.get(user, 0))
            self._owed.discard(user)
        mailbox.busy += 1
        return mailbox

    def leave(self, user: User, mailbox: Mailbox) -> None:
        """The opposite of L{enter}."""
        mailbox.busy -= 1
        if not mailbox.busy:
            del self._mailboxes[user]
            if mailbox.behind and self.presence.devices(user):
                self._owed.add(user)


class Delivery:
    """
    Private messages to one user that go through the store, alone or as part of a batch.

    They all go through the queue, for then they are stored with the rest of the batch or not at all. To a
    user who is here when they are safe they are handed over in their places among the other steps.
    """

    def __init__(self, mail: Mail, user: User) -> None:
        self._mail, self._user = mail, user
        # What a device takes for good leaves the queue right after: nothing has to make room for it.
        self._direct = mail.is_direct(user) or mail.elsewhere(user) > 0
        self._mailbox = mail.enter(user)

    def step(self, message: PrivateMessage) -> Step:
        """@return: how C{message} is stored, and what follows."""
        if self._direct:
            return Step(Write(Store.deposit, message), lambda number: self.stored(message, Queued(number, 0)))
        write = Write(Store.enqueue, message, self._mail.limits.queue)
        return Step(write, lambda queued: self.stored(message, queued))

    def stored(self, message: PrivateMessage, queued: Queued) -> None:
        """C{message} is safe."""
        counters = self._mail.counters
        counters.private += 1
        counters.queue_dropped += queued.dropped
        if self._mail.relay is not None:
            counters.queued += not self._mail.is_reached(self._user)
            # What comes next goes the same way, until this one has arrived here.
            mailbox = self._mail.enter(self._user)
            self._mail.relay(
                replace(message, number=queued.number, live=True),
                lambda: self._mail.leave(self._user, mailbox),
            )
        elif self._mailbox.behind or not self._mail.presence.devices(self._user):
            self._mailbox.behind = True
            counters.queued += 1
        else:
            self._mail.hand_over(replace(message, number=queued.number, live=True))

    def abandon(self) -> None:
        """Let go of the mailbox: nothing was stored."""
        self._mail.leave(self._user, self._mailbox)

    async def end(self) -> None:
        """Hand over what could not be in its place, let go of the mailbox."""
        try:
            if self._mailbox.behind and self._mail.presence.devices(self._user):
                await self._mail.empty(self._user)
        finally:
            self._mail.leave(self._user, self._mailbox)
