"""
Publishing and signing in: the rules, then the store, then the hub. The one place where hub and store meet.

Whoever calls a coroutine of the broker may rely on its effect once it has returned: a message that must
survive has been committed, a message for somebody who is here has been handed over.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from comet import access
from comet.accounts import Accounts
from comet.attendance import Attendance, StatusRules
from comet.batch import Action, Batch, Step
from comet.connections import Connections
from comet.engine import Alone, Engine
from comet.errors import TableFull
from comet.expiry import Expiries
from comet.grants import Grants
from comet.hub import Hub, Subscriber
from comet.identity import Proof
from comet.limits import Limits
from comet.mail import Counters, Delivery, Device, Mail
from comet.model import (
    Channel,
    Event,
    Goodbye,
    Joined,
    Left,
    Message,
    Place,
    PrivateMessage,
    User,
)
from comet.pace import Pace
from comet.presence import Presence
from comet.refusals import Refusals
from comet.sections import Sip, Video
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.presences import Keeping
from comet.storage.writes import Write
from comet.tokens import Tokens
from comet.turn import Turn
from comet.video.conferences import Conferences
from comet.video.desk import Desk
from comet.video.hall import Hall
from comet.video.media import MediaServer
from comet.video.sip import SipCalls

#: What all servers know by heart.
BY_HEART = ("lengths", "rules", "tenants")


class Published(NamedTuple):
    """
    What became of a message to a channel.

    @ivar reached: how many connections it was handed to.
    @ivar place: its place in the history, if the channel keeps one.
    """

    reached: int
    place: Place


class Broker:
    """Channel messages, private messages, keys and presence of all tenants."""

    def __init__(
        self,
        store: Store,
        limits: Limits,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        rules: StatusRules | None = None,
        password: str = "",
        node: str = "",
        reader: Tokens | None = None,
        turn: Turn[Subscriber] | None = None,
        make_engine: Callable[[Broker], Engine] | None = None,
        video: Video | None = None,
        media: MediaServer | None = None,
        sip: SipCalls | None = None,
    ) -> None:
        """
        @param clock: the time in seconds since 1970.
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        @param password: the main password; empty for one that opens nothing.
        @param node: the name of this process among others.
        @param reader: reads the tokens of users.
        @param turn: when what is said is written to those who hear it; at once without it.
        @param make_engine: makes what joins this server with others; left out, it stands alone.
        @param video: the settings of calls and rooms.
        @param media: the way to the media server, if there is one.
        @param sip: makes the calls that the clients of CppComet know.
        """
        self.store = store
        self.limits = limits
        self.hub = Hub(turn)
        rules = rules or StatusRules()
        self.rules = rules
        #: The devices that are here. If there are others, the time of grace is a matter of all of them.
        self.presence: Presence[Device] = Presence(0 if make_engine else rules.grace)
        self.counters = Counters()
        #: How many browsers were sent away, by reason.
        self.goodbyes: Counter[Goodbye] = Counter()
        self.accounts = Accounts(
            *(store, password, clock),
            reader=reader,
            changed=lambda: self.engine.changed("tenants"),
        )
        self.connections = Connections(node)
        self.grants = Grants(
            *(store, self.hub, limits.channel_rights),
            changed=lambda: self.engine.changed("rules"),
        )
        self.rights = self.grants.rights
        self.expiries = Expiries()
        self.refusals = Refusals()
        self.pace = Pace(limits, clock, self.refusals)
        self.accounts.key_gone = lambda dev_id: self.engine.kill_logins(dev_id)
        self.clock = clock
        #: The metrics of this process; whoever counts sets it.
        self.metrics: Callable[[], str] = lambda: ""
        self._spawn = spawn
        self._lengths: dict[Channel, int] = {}
        self._mail = Mail(store, limits, self.presence, self.counters, self.now, spawn)
        keeping = Keeping(node, limits.presence_events, rules.keep_last_seen)
        self.attendance = Attendance(store, self.presence, rules, clock, spawn, self.deliver, keeping)
        self.hall = Hall(self, video or Video(), media)
        self.calls, self.conferences = Desk(self.hall), Conferences(self.hall)
        self.sip = sip or SipCalls(Sip(), password)
        self.engine: Engine = (
            make_engine(self)
            if make_engine is not None
            else Alone(
                *(self.hub, self.presence, self.attendance, self.connections, clock),
                *(self.deliver, limits.devices, self.hall.apply),
            )
        )
        self.attendance.online = self.engine.online
        self._mail.relay, self._mail.elsewhere = self.engine.relay, self.engine.elsewhere

    def now(self) -> int:
        """@return: the time in whole seconds since 1970."""
        return int(self.clock())

    def tick(self) -> None:
        """
        To be called a few times a second: let go of those whose proof has run out, whose rights are gone, or
        whose time of grace is over.
        """
        now = self.clock()
        self.engine.tick(now)
        self.attendance.tick()
        self.hall.tick(now)
        self.expiries.tick(now)
        self.grants.recheck()

    async def start(self) -> None:
        """Open the store and learn which channels keep a history, who has rights, and the keys of tenants."""
        await self.store.start()
        await self.learn_lengths()
        await self.accounts.start()
        await self.grants.start()
        await self.engine.start()
        self.hall.start()

    async def stop(self) -> None:
        """Leave the others, or let everybody go offline, and close the store."""
        try:
            await self.hall.stop()
            await self.engine.stop()
            await self.attendance.stop()
        finally:
            await self.store.stop()

    # Batches ----------------------------------------------------------------------------------------------

    async def commit(self, actions: Iterable[Action]) -> list[Any]:
        """
        Let C{actions} take effect together: all that is stored at once, then all that is seen, in order.

        @return: what each write to the store has given.
        @raise Refused: if one of them is refused or the store fails; then none has had an effect.
        """
        batch = Batch()
        for action in actions:
            action(batch)
        if batch.is_stored or not all(map(self._mail.is_direct, batch.recipients)):
            return await self._store_and_show(batch)
        self._show(step if step.message is None else self._at_once(step.message) for step in batch.steps)
        return []

    async def _store_and_show(self, batch: Batch) -> list[Any]:
        deliveries = {user: Delivery(self._mail, user) for user in batch.recipients}
        try:
            steps = [
                step if step.message is None else deliveries[step.message.user].step(step.message)
                for step in batch.steps
            ]
            results = await self.store.apply([step.write for step in steps if step.write is not None])
        except BaseException:
            for delivery in deliveries.values():
                delivery.abandon()
            raise
        self._show(steps, results)
        for delivery in deliveries.values():
            # The batch has taken effect: what goes wrong from here on does not undo it.
            self._spawn(delivery.end())
        return results

    def _show(self, steps: Iterable[Step], results: Iterable[Any] = ()) -> None:
        given = iter(results)
        for step in steps:
            result = None if step.write is None else next(given)
            if step.effect is not None:
                step.effect(result)

    def _at_once(self, message: PrivateMessage) -> Step:
        def show(_: None) -> None:
            self.counters.private += 1
            self._mail.hand_over(message)

        return Step(None, show)

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
        await self.commit([self.setting_length(channel, length)])

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """
        Forget the lengths and the history of these channels.

        @return: how many of them had a length.
        """
        return int((await self.commit([self.removing_channels(channels)]))[0])

    def setting_length(self, channel: Channel, length: int) -> Action:
        """@return: what L{set_length} does."""
        length = max(0, min(length, self.limits.history))

        def put(batch: Batch) -> None:
            if self._length_in(batch, channel) is None:
                self.check_room(batch.new_lengths)
                batch.new_lengths += 1
            batch.lengths[channel] = length
            batch.store(
                Write(Store.set_length, channel, length),
                lambda _: self._set_length(channel, length),
            )

        return put

    def check_room(self, more: int = 0) -> None:
        """
        @param more: channels that are to get a length, besides the one that is asked for.
        @raise TableFull: if no further channel may have a length.
        """
        if len(self._lengths) + more >= self.limits.history_channels:
            raise TableFull(
                "The table 'pipes_settings' is full: "
                f"{self.limits.history_channels} channels, the limit [limits] history_channels"
            )

    def removing_channels(self, channels: Collection[Channel]) -> Action:
        """@return: what L{remove_channels} does."""

        def put(batch: Batch) -> None:
            for channel in set(channels):
                if self._length_in(batch, channel) is not None:
                    batch.new_lengths -= 1
                batch.lengths[channel] = None
            batch.store(Write(Store.remove_channels, channels), forget)

        def forget(_: int) -> None:
            for channel in channels:
                self._set_length(channel, None)

        return put

    def _set_length(self, channel: Channel, length: int | None) -> None:
        self.learn_length(channel, length)
        self.engine.changed("length", channel, length)

    def learn_length(self, channel: Channel, length: int | None) -> None:
        """C{channel} has got this length, or none; the store knows already."""
        if length is None:
            self._lengths.pop(channel, None)
        else:
            self._lengths[channel] = length

    async def learn_lengths(self) -> None:
        """Read from the store which channels keep a history."""
        self._lengths = await self.store.lengths()

    async def learn(self, what: str) -> None:
        """
        Read from the store what another server has changed.

        @param what: one of L{BY_HEART}; anything else changes nothing here.
        @raise Unavailable: if the store fails.
        """
        if what == "lengths":
            await self.learn_lengths()
        elif what == "rules":
            await self.grants.start()
        elif what == "tenants":
            await self.accounts.start()

    def _length_in(self, batch: Batch, channel: Channel) -> int | None:
        """@return: the length that C{channel} has been set by the steps before."""
        return batch.lengths[channel] if channel in batch.lengths else self._lengths.get(channel)

    def publishing(self, message: Message) -> Action:
        """@return: what L{publish} does."""
        channel = message.channel

        def put(batch: Batch) -> None:
            always = access.always_kept(channel.name)
            keep = self.limits.history if always else self._length_in(batch, channel)
            if not keep:
                batch.follow(lambda _: self._published(message))
                return
            kept = replace(message, id=str(uuid.uuid4()))
            batch.store(
                Write(Store.append, kept, keep), lambda place: self._published(replace(kept, place=place))
            )

        return put

    def _published(self, message: Message) -> None:
        self.counters.stored += bool(message.id)
        self.counters.published += 1
        self.announce(message.channel, message)

    async def publish(self, message: Message, sender: Subscriber | None = None) -> Published:
        """
        Store C{message} if its channel keeps a history, then hand it to the subscribers.

        @param sender: the connection it comes from, which does not get it back.
        """
        reached = self.publish_now(message, sender)
        if reached is not None:
            return Published(reached, message.place)
        message = replace(message, id=str(uuid.uuid4()))
        message = replace(message, place=await self.store.append(message, self.length(message.channel)))
        self.counters.stored += 1
        self.counters.published += 1
        return Published(self.announce(message.channel, message, sender), message.place)

    def publish_now(self, message: Message, sender: Subscriber | None = None) -> int | None:
        """
        Hand C{message} to the subscribers at once, if its channel keeps no history.

        @param sender: as in L{publish}.
        @return: how many connections it was handed to; C{None} if nothing has happened.
        """
        channel = message.channel
        if self.length(channel):
            return None
        self.counters.published += 1
        return self.announce(channel, message, sender)

    def announce(self, channel: Channel, event: Event, besides: Subscriber | None = None) -> int:
        """
        Hand an event to the subscribers of C{channel}; nothing is stored.

        @return: how many connections it was handed to.
        """
        if isinstance(event, Joined | Left):
            self.attendance.moved(event)
        return self.engine.announce(channel, event, besides)

    def deliver(self, channel: Channel, event: Event, besides: Subscriber | None = None) -> int:
        """
        Hand an event to those subscribers of C{channel} that are here.

        @return: how many connections it was handed to.
        """
        reached = self.hub.publish(channel, event, besides)
        self.counters.delivered += reached
        return reached

    def whisper(self, user: User, message: Message, sender: Subscriber | None) -> Published:
        """Hand C{message} to the other connections of its sender that listen; nothing is stored."""
        self.counters.published += 1
        channel = access.own_channel(user, message.channel.name)
        return Published(self.announce(channel, message, sender), message.place)

    async def history(self, channel: Channel) -> list[Message]:
        """@return: what C{channel} has kept, oldest first."""
        return await self.store.history(channel, self.limits.history)

    # Private messages -------------------------------------------------------------------------------------

    async def send_private(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user, or queue it if there is none.

        @return: whether it was handed over now.
        """
        return await self._mail.send(message)

    def send_private_now(self, message: PrivateMessage) -> bool:
        """
        Hand C{message} to all devices of its user at once, if none of it has to be stored.

        @return: whether it was; if not, nothing has happened.
        """
        return self._mail.send_now(message)

    def sending(self, message: PrivateMessage) -> Action:
        """@return: what L{send_private} does."""
        return lambda batch: batch.send(message)

    async def empty_queue(self, user: User) -> None:
        """Hand over what has waited for C{user}, in order."""
        await self._mail.empty(user)

    def take_mail(self, message: PrivateMessage, done: Callable[[], object] = lambda: None) -> None:
        """See L{Mail.take}."""
        self._mail.take(message, done)

    def acknowledge(self, user: User, number: int) -> None:
        """The private messages of C{user} up to C{number} have arrived."""
        self._mail.acknowledge(user, number)

    def is_stale(self, message: PrivateMessage) -> bool:
        """@return: whether nobody wants C{message} any more."""
        return self._mail.is_stale(message)

    # Users ------------------------------------------------------------------------------------------------

    async def authenticate(self, user: User, presented: str) -> Proof | None:
        """@return: what to go on with if C{presented} opens the account of C{user}, else C{None}."""
        return await self.accounts.authenticate(user, presented)

    async def remove_keys(self, users: Collection[User]) -> int:
        """
        Take the keys of these users and close their connections.

        @return: how many had a key.
        """
        return int((await self.commit([self.removing_keys(users)]))[0])

    def removing_keys(self, users: Collection[User]) -> Action:
        """@return: what L{remove_keys} does."""

        return lambda batch: batch.store(
            Write(Store.remove_keys, users), lambda _: self.engine.lose_users(users, Goodbye.KEY_REMOVED)
        )

    def revoking(self, dev_id: int, token: str) -> Action:
        """@return: what lets nobody in with C{token} any more, and closes the connections of who came so."""

        def put(batch: Batch) -> None:
            batch.store(Write(Store.revoke, dev_id, token))
            if (user := self.accounts.bearer(dev_id, token)) is not None:
                self.removing_keys([user])(batch)

        return put

    async def arrive(self, user: User, device: Device) -> None:
        """A device of C{user} has come: others are told, it hears what rings, and gets what was queued."""
        self.engine.arrive(user, device)
        self.hall.came(user, device)
        await self.empty_queue(user)

    def depart(self, user: User, device: Device) -> None:
        """A device of C{user} is gone; saying so twice is saying so once."""
        self.engine.depart(user, device)

    async def last_seen(self, users: Iterable[User]) -> dict[User, int]:
        """See L{Attendance.last_seen}."""
        return await self.attendance.last_seen(users)

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """See L{Attendance.all_last_seen}."""
        return await self.attendance.all_last_seen(dev_id, most)
