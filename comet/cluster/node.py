"""
One node of a cluster: an engine that agrees with the other nodes by what they say on the bus.

What happens here is said to all, and takes effect when it is heard, in the one order of the bus: so all nodes
have the same roll of who is online, hand over the messages of a channel in the same order, and of two devices
that come at once on two nodes all agree which one is the seventeenth. What others must know that come later,
each node tells them when they say hello. What is durable is in the store, which all nodes share.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from comet.attendance import TICK_LIMIT, Online
from comet.broker import BY_HEART, Broker
from comet.cluster.apart import Ending, Endings, Unheard
from comet.cluster.asking import Questions
from comet.cluster.bus import SLOT_LIMIT, Bus
from comet.cluster.catching import Catching
from comet.cluster.conferring import Conferring
from comet.cluster.frames import Frame, Item, chunks, event_item, mail_item, read_event, read_mail
from comet.cluster.line import Effect, Line
from comet.cluster.listeners import Listeners
from comet.cluster.numbers import Numbers
from comet.cluster.peers import Peer, Peers
from comet.cluster.roll import Device, Roll
from comet.connections import About, Listed
from comet.engine import Listening, listening_here
from comet.errors import BadValue, NotAllowed, Unavailable
from comet.hub import Subscriber
from comet.mail import Device as OwnDevice
from comet.mail import Relay
from comet.model import Channel, Event, Goodbye, PrivateMessage, User
from comet.storage.presences import Sharing

#: How often a node says at least something, in seconds.
BEAT_SECONDS = 1.0
#: How long a node waits for the bus before it goes on without, in seconds.
START_SECONDS = 3.0
#: How long the others have to say hello, until a node takes it that it knows them, in seconds.
SETTLE_SECONDS = 2.0
#: How often a node looks in the store for those whom dead nodes have left behind, in seconds.
SWEEP_SECONDS = 60.0
#: How long the store is left alone when it has failed, in seconds.
RETRY_SECONDS = 2.0
#: How far the clocks of two nodes may be apart, in seconds.
SKEW_SECONDS = 60
#: How many rows of an answer there are at the most.
ROWS_LIMIT = 100_000


def family(name: str) -> str:
    """@return: what the names of all workers of a server begin with; empty for a server without workers."""
    before, point, number = name.rpartition(".")
    return before if point and number.isdigit() else ""


class Node:
    """An L{comet.engine.Engine} for one node among others."""

    _log = Logger()

    def __init__(
        self,
        broker: Broker,
        bus: Bus,
        life: str,
        later: Callable[[float, Effect], object],
        spawn: Callable[[Any], None],
        seconds: Callable[[], float],
        expiry: float,
    ) -> None:
        """
        @param life: a name that no other life of this or another node has.
        @param later: has something called after so many seconds; 0: at the end of the turn.
        @param seconds: a clock that nobody sets, in seconds.
        @param expiry: how long a node may be silent before it counts as dead, in seconds.
        """
        self.name = broker.connections.node
        self.roll = Roll()
        self.online: Online = self.roll
        self.relay: Relay | None = self._relay
        self._broker, self._bus, self._life, self._later = broker, bus, life, later
        self._spawn, self._seconds, self._expiry = spawn, seconds, expiry
        # A guess until the bus gives one, so that connections may come before.
        self.slot = sum(self.name.encode()) % SLOT_LIMIT
        self.line = Line(bus, life, partial(later, 0), self)
        self.peers = Peers()
        self.listeners = Listeners()
        self._questions = Questions()
        self._conferring = Conferring(broker.hall, self.line, self.peers, expiry * 2)
        self.confer, self.whose = self._conferring.confer, self.roll.whose
        self._catching = Catching(broker, spawn, seconds)
        self._numbers = Numbers(self.slot, broker.connections.has)
        broker.connections.numbers = self._numbers
        broker.hub.changed = set()
        self._told: dict[Channel, int] = {}
        self._leaving_said: set[User] = set()
        self._unheard, self._endings = Unheard(), Endings()
        #: What is to be read again of what is known by heart, and when that is tried next.
        self._unread: dict[str, None] = {}
        self._next_read = 0.0
        #: Whether it is still to be found whom the process before this one has left behind.
        self._is_fresh = True
        #: The nodes that were here until then, and have left.
        self._left: list[str] = []
        self._started: Deferred[None] | None = None
        #: Why this node may not join, since when the line was up last; empty if nobody says that.
        self._refused = ""
        self._is_settled = self._has_lost = self._stopped = False
        self._next_beat = self._up_since = self._next_sweep = 0.0
        self._last_tick = seconds()
        self._bad = 0
        self._kinds: dict[str, Callable[[Peer, list[Any]], object]] = {
            "m": self._hear_event,
            "joined": self._hear_event,
            "left": self._hear_event,
            "mail": lambda peer, item: self._broker.take_mail(read_mail(item)),
            "arrive": self._hear_arrive,
            "depart": self._hear_depart,
            "leave": lambda peer, item: self._leave(User(item[1], item[2]), item[3], False),
            "counts": self._hear_counts,
            "hello": self._hear_hello,
            "here": self._hear_here,
            "devices": lambda peer, item: peer.devices.extend((User(a, b), c) for a, b, c in item[1]),
            "leaving": lambda peer, item: peer.leaving.extend((User(a, b), c) for a, b, c in item[1]),
            "listeners": lambda peer, item: peer.counts.extend((Channel(a, b), c) for a, b, c in item[1]),
            "known": lambda peer, item: self._hear_known(peer),
            "beat": lambda peer, item: None,
            "lost": lambda peer, item: self._tell_all(self._to(peer.slot), "here", asking=peer),
            "dead": lambda peer, item: self._bury(item[1], item[2], peer.slot),
            "bye": self._hear_bye,
            "changed": lambda peer, item: self._learn(item[1], item[2:]),
            "lose": lambda peer, item: self._hear_lose([User(*pair) for pair in item[1]], Goodbye[item[2]]),
            "missed": lambda peer, item: self._hear_missed([Channel(*pair) for pair in item[1]]),
            "queued": lambda peer, item: self._spawn(self._empty_queues({User(*pair) for pair in item[1]})),
            "much": lambda peer, item: self._lose_track(),
            "ended": self._hear_ended,
            "logins": lambda peer, item: self._broker.connections.close_by_key(item[1]),
            "ask": lambda peer, item: self._spawn(self._answer(peer.slot, item[1], item[2], item[3:])),
            "answer": lambda peer, item: self._questions.answer(item[1], peer.slot, item[2]),
            **self._conferring.kinds,
        }

    @property
    def problem(self) -> str:
        """See L{comet.engine.Engine.problem}."""
        return "" if self.line.is_up else f"the other servers are not reached: {self._bus.problem}"

    # Life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """
        Join the others; if the bus cannot be reached, go on alone until it can.

        @raise NotAllowed: if another node has the name of this one.
        """
        # Whom dead servers have left behind is looked for later: only then it is known which of them live.
        self._broker.attendance.sharing = Sharing.APART
        self._broker.attendance.hold()
        self._started = Deferred()
        self._up_since = self._seconds()
        self._later(START_SECONDS, self._start_alone)
        self._bus.start(self.name, self.line)
        await self._started

    def _start_alone(self) -> None:
        if self._started is not None and self._refused:
            started, self._started = self._started, None
            started.errback(NotAllowed(self._refused))
        self._now_started()

    def _now_started(self) -> None:
        if self._started is not None:
            started, self._started = self._started, None
            started.callback(None)

    async def stop(self) -> None:
        """Say goodbye. Who is connected here has the time of grace to come to another node."""
        self._stopped = True
        self._now_started()
        heirs = self.peers.known()
        if self.line.is_up and heirs:
            self.line.say(("bye", heirs[0].slot), lambda: None)
            self.line.flush()
        else:
            for user in self.roll.users():
                if not self.roll.elsewhere(user, self.slot):
                    self._broker.attendance.changed(user, False, self._broker.now())
        self._questions.give_up()
        await self._bus.stop()

    def tick(self, now: float) -> None:
        """See L{comet.engine.Engine.tick}."""
        seconds = self._seconds()
        if seconds - self._last_tick > self._expiry / 2:
            # It was this process that stood still, not the others.
            self.peers.hear_all(seconds)
        self._last_tick = seconds
        self._let_leave(now)
        self._tell_counts()
        self._questions.tick(seconds)
        self._catching.tick(self.line.is_up)
        if self._unread and seconds >= self._next_read:
            self._next_read = seconds + RETRY_SECONDS
            self._spawn(self._read_again())
        if self.line.is_up:
            self._keep_together(seconds)
            self._conferring.tick(seconds)
        elif self._is_fresh and seconds - self._up_since >= SETTLE_SECONDS:
            # There is nobody to learn from; what is told now is so.
            self._broker.attendance.release()

    def _keep_together(self, seconds: float) -> None:
        if seconds >= self._next_beat:
            self._next_beat = seconds + BEAT_SECONDS
            self.line.say(("beat",), lambda: None)
        silent = self.peers.silent(seconds, self._expiry)
        for peer in silent:
            # The lowest of those that live buries; if it does not, for it has not known the dead one, all do.
            is_first = all(each.slot > self.slot for each in self.peers.known() if each not in silent)
            if is_first or seconds - peer.heard > self._expiry * 1.5:
                peer.heard = seconds
                self._say_dead(peer)
        if not self._is_settled and seconds - self._up_since >= SETTLE_SECONDS:
            self._settle()
        if self._is_settled and seconds >= self._next_sweep and not self._broker.attendance.is_held:
            self._next_sweep = seconds + SWEEP_SECONDS
            self._spawn(self._end_presence())

    def _say_dead(self, peer: Peer) -> None:
        slot, life = peer.slot, peer.life
        self.line.say(("dead", slot, life), lambda: self._bury(slot, life, self.slot))

    def _settle(self) -> None:
        self._is_settled = True
        self._next_sweep = self._seconds()
        if self._is_fresh:
            self._is_fresh = False
            self._spawn(self._begin_presence())
        if self._has_lost:
            self._has_lost = False
            self._learn_again(*BY_HEART)
            if len(self.peers):
                self._catching.catch_up()
            self._spawn(self._empty_queues())

    async def _end_presence(self) -> None:
        """
        Find whom dead nodes have left behind, and who is here though the log says otherwise: others have
        taken this node for dead, or their word of a user's leaving was stored after ours of the coming back.
        """
        here = dict.fromkeys((user for user, _ in self._own_devices()), self._broker.now())
        with suppress(Unavailable):  # the store has logged it; the next sweep does it
            await self._broker.attendance.end([*self._names(), self.name], self.roll.users(), here)

    async def _begin_presence(self) -> None:
        """
        Find whom dead processes have left behind, that before this one, too: as long as nothing was written
        in this life, whoever is online by this name is so by that.
        """
        attendance, roll = self._broker.attendance, self.roll
        online = roll.others(self.slot) if attendance.is_held else roll.users()
        with suppress(Unavailable):  # the store has logged it
            # Whom those have left behind that were here is known, and has the time of grace.
            await attendance.end([*self._names(), *self._left], online)
        attendance.release()

    async def _empty_queues(self, users: Container[User] | None = None) -> None:
        """Another node may have queued something for C{users}, or anybody, and those here have not heard."""
        for user in dict.fromkeys(user for user, _ in self._broker.presence.all_devices()):
            if users is None or user in users:
                with suppress(Unavailable):
                    await self._broker.empty_queue(user)

    def _lose_track(self) -> None:
        """Something was said that is not heard here any more: once that has settled, look for all of it."""
        self._has_lost, self._is_settled = True, False
        self._up_since = self._seconds()

    def _names(self) -> list[str]:
        return [peer.name for peer in self.peers.known()]

    # The line ---------------------------------------------------------------------------------------------

    def connected(self, slot: int) -> None:
        """See L{comet.cluster.line.Hearer.connected}."""
        self._refused = ""
        if slot != self.slot:
            self._move(slot)
        now = self._seconds()
        was_away = self._started is None  # this server has served, without the others
        self._has_lost |= was_away
        self._is_settled = False
        self._up_since = now
        self._next_beat = now + BEAT_SECONDS
        self.peers.hear_all(now)
        # Here it was not heard what they have said meanwhile; they answer with all they have.
        self.peers.begin_counting()
        self._broker.attendance.sharing = Sharing.TOGETHER
        self._say_hello(was_away)
        for item in (*self._unheard.tell(), *(self._endings.tell() if was_away else ())):
            self.line.say(item, lambda: None)

    def _move(self, slot: int) -> None:
        before, self.slot = self.slot, slot
        self._numbers.slot = slot
        now = self._broker.clock()
        self.roll.replace(slot, self._own_devices(), now)
        self.roll.drop(before, now, slot)
        self._broker.hall.move(before)

    def disconnected(self, reason: str) -> None:
        """See L{comet.cluster.line.Hearer.disconnected}."""
        self._log.error("the other servers are not reached, this one goes on alone: {reason}", reason=reason)
        self._broker.attendance.sharing = Sharing.APART
        self._lose_track()
        self._questions.give_up()

    def refused(self, reason: str) -> None:
        """See L{comet.cluster.line.Hearer.refused}."""
        if not self._refused:
            self._log.critical("{reason}", reason=reason)
        self._refused = reason

    def unheard(self, item: Item) -> None:
        """See L{comet.cluster.line.Hearer.unheard}."""
        self._unheard.note(item)

    def bad(self, error: BadValue) -> None:
        """See L{comet.cluster.line.Hearer.bad}."""
        self._bad += 1
        if self._bad == 1:
            self._log.error("something on the bus is not of this program: {error}", error=error)

    def heard(self, frame: Frame) -> None:
        """See L{comet.cluster.line.Hearer.heard}."""
        peer = self._peer(frame)
        peer.heard = self._seconds()
        if frame.number:
            if peer.number and frame.number != peer.number + 1:
                self._miss(peer)
            peer.number = frame.number
        for item in frame.items:
            hear = self._kinds.get(item[0]) if type(item[0]) is str else None
            if hear is None:
                continue  # of a newer version
            try:
                hear(peer, item)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                self.bad(BadValue(f"{item[0]} is not understood: {error}"))

    def _peer(self, frame: Frame) -> Peer:
        peer = self.peers.get(frame.slot)
        if peer is None or peer.life != frame.life:
            words = {item[0] for item in frame.items if type(item[0]) is str}
            if peer is not None:
                self._remove(peer, self.slot)
            if peer is not None or "hello" in words:
                # What others have told of its life before this one.
                self._conferring.replaced(frame.slot)
            peer = Peer(frame.slot, frame.life)
            self.peers.add(peer)
            if not words & {"hello", "here"}:
                # It was taken for dead, or it has not heard us.
                self.line.tell(peer.slot, ("lost",))
        return peer

    def _miss(self, peer: Peer) -> None:
        """Something that C{peer} has said was not heard here."""
        self._log.warn("something that server {name} has said was lost", name=peer.name)
        peer.is_known = False
        self.line.tell(peer.slot, ("lost",))
        self._lose_track()

    # Who is there -----------------------------------------------------------------------------------------

    def _own_devices(self) -> list[tuple[User, int]]:
        return [(user, device.number) for user, device in self._broker.presence.all_devices()]

    def _to(self, slot: int) -> Callable[[Item, Effect], None]:
        """@return: says something to one node only."""
        return lambda item, effect: self.line.tell(slot, item)

    def _say_hello(self, was_away: bool) -> None:
        self._tell_all(lambda item, effect: self.line.say(item, effect), "hello", was_away)

    def _tell_all(
        self,
        say: Callable[[Item, Effect], None],
        greeting: str,
        was_away: bool = False,
        asking: Peer | None = None,
    ) -> None:
        """
        Say hello, and all that others must know of this node.

        @param was_away: whether it has not heard all that they have said.
        @param asking: who is told, if that is one.
        """
        mine = self._own_devices()
        say((greeting, self.name, was_away), lambda: None)
        for some in chunks([(*user, number) for user, number in mine]):
            say(("devices", some), lambda: None)
        for leaving in chunks([(*user, time) for user, time in self.roll.leaving(self.slot)]):
            say(("leaving", leaving), lambda: None)
        hub = self._broker.hub
        for counts in chunks([(*channel, hub.count(channel)) for channel in hub.channels()]):
            say(("listeners", counts), lambda: None)
        self._conferring.tell_part(say, asking)
        say(("known",), self._now_started)

    def _hear_hello(self, peer: Peer, item: list[Any]) -> None:
        peer.begin()
        peer.name = item[1]
        self._tell_all(self._to(peer.slot), "here", asking=peer)
        if item[2:] == [True]:
            for ended in self._endings.tell():
                self.line.tell(peer.slot, ended)

    def _hear_here(self, peer: Peer, item: list[Any]) -> None:
        peer.begin()
        peer.name = item[1]

    def _hear_known(self, peer: Peer) -> None:
        """It has told all it has."""
        now = self._broker.clock()
        # Of whoever left there while it was not heard all others measure the time of grace as well; the first
        # that says it is over counts.
        came = self.roll.replace(peer.slot, peer.devices, now, self.slot)
        came += [user for user, time in peer.leaving if self.roll.begin_leaving(user, time, peer.slot)]
        for user in came:
            self._broker.attendance.changed(user, True, int(now), is_ours=False)
        self.listeners.replace(peer.slot, peer.counts)
        peer.begin()
        if not peer.is_known:
            peer.is_known = True
            self._log.info("server {name} is here", name=peer.name)

    def _hear_bye(self, peer: Peer, item: list[Any]) -> None:
        self._log.info("server {name} has left", name=peer.name)
        self._remove(peer, item[1])
        self._conferring.bury(peer.slot, item[1])

    def _bury(self, slot: int, life: str, measured_by: int) -> None:
        """Somebody says that the node in C{slot} is dead."""
        if (slot, life) == (self.slot, self._life):
            # This one is not: it was frozen, or cut off.
            self._log.warn("the other servers have taken this one for dead")
            self._lose_track()
            self._say_hello(True)
            return
        peer = self.peers.get(slot)
        if peer is not None and peer.life == life:
            self._log.warn("server {name} is dead", name=peer.name or slot)
            self._remove(peer, measured_by)
        self._conferring.bury(slot, measured_by)

    def _remove(self, peer: Peer, measured_by: int) -> None:
        self.peers.remove(peer.slot)
        if self._is_fresh:
            self._left.append(peer.name)
        self.roll.drop(peer.slot, self._broker.clock(), measured_by)
        self.listeners.drop(peer.slot)
        self._questions.forget(peer.slot)
        # Those who do not come back in time are to be found in the store then.
        self._next_sweep = min(self._next_sweep, self._seconds() + self._broker.rules.grace + 1)

    # Users ------------------------------------------------------------------------------------------------

    def arrive(self, user: User, device: OwnDevice) -> None:
        """See L{comet.engine.Engine.arrive}."""
        self._broker.presence.arrive(user, device)
        number = device.number
        self.line.say(("arrive", *user, number), lambda: self._arrived(user, Device(self.slot, number), True))

    def _hear_arrive(self, peer: Peer, item: list[Any]) -> None:
        if peer.is_known:
            self._arrived(User(item[1], item[2]), Device(peer.slot, item[3]), False)

    def _arrived(self, user: User, device: Device, is_ours: bool) -> None:
        if self.roll.arrive(user, device):
            self._broker.attendance.changed(user, True, self._broker.now(), is_ours)
        for old in self.roll.excess(user, self._broker.limits.devices):
            # All nodes take the same one off the roll, and its own node ends it.
            self.roll.depart(old, self._broker.clock())
            for own in self._broker.presence.devices(user) if old.slot == self.slot else ():
                if own.number == old.number:
                    own.lose(Goodbye.REPLACED)

    def depart(self, user: User, device: OwnDevice) -> None:
        """See L{comet.engine.Engine.depart}."""
        self._broker.presence.depart(user, device)
        number, time = device.number, self._broker.clock()
        self.line.say(("depart", number, time), lambda: self.roll.depart(Device(self.slot, number), time))

    def _hear_depart(self, peer: Peer, item: list[Any]) -> None:
        if peer.is_known:
            self.roll.depart(Device(peer.slot, item[1]), item[2])

    def _let_leave(self, now: float) -> None:
        """Say of those whose time of grace is over that it is."""
        grace = self._broker.rules.grace
        due = list(self.roll.due(self.slot, now, grace, TICK_LIMIT))
        if not due:
            # Whom nobody measures: two nodes may each think, after the bus was away, that the other does.
            due = list(self.roll.due(None, now, grace + self._expiry, TICK_LIMIT))
        for user, time in due:
            if user not in self._leaving_said:
                self._leaving_said.add(user)
                self._say_leave(user, int(time))

    def _say_leave(self, user: User, time: int) -> None:
        def leave() -> None:
            self._leaving_said.discard(user)
            self._leave(user, time, True)

        self.line.say(("leave", *user, time), leave)

    def _leave(self, user: User, time: int, is_ours: bool) -> None:
        if self.roll.leave(user):
            self._broker.attendance.changed(user, False, time, is_ours)

    def elsewhere(self, user: User) -> int:
        """See L{comet.engine.Engine.elsewhere}."""
        return self.roll.elsewhere(user, self.slot)

    def _relay(self, message: PrivateMessage, done: Callable[[], object]) -> None:
        self.line.say(mail_item(message), lambda: self._broker.take_mail(message, done))

    def _hear_missed(self, channels: list[Channel]) -> None:
        if not self._has_lost:  # or else everything is looked for, soon
            self._catching.missed(channels)

    # Channels ---------------------------------------------------------------------------------------------

    def announce(self, channel: Channel, event: Event, besides: Subscriber | None) -> int:
        """See L{comet.engine.Engine.announce}."""
        self.line.say(event_item(event), lambda: self._catching.deliver(channel, event, besides))
        return self.count(channel) - (besides is not None and self._broker.hub.hears(channel, besides))

    def _hear_event(self, peer: Peer, item: list[Any]) -> None:
        channel, event = read_event(item)
        self._catching.deliver(channel, event, None)

    def count(self, channel: Channel) -> int:
        """See L{comet.engine.Engine.count}."""
        return self._broker.hub.count(channel) + self.listeners.count(channel)

    def channels(self) -> Iterable[Channel]:
        """See L{comet.engine.Engine.channels}."""
        return dict.fromkeys((*self._broker.hub.channels(), *self.listeners.channels()))

    def _tell_counts(self) -> None:
        """Say where the number of subscribers has changed, if it has."""
        hub = self._broker.hub
        changed, hub.changed = hub.changed or set(), set()
        news = []
        for channel in changed:
            count = hub.count(channel)
            if count != self._told.get(channel, 0):
                news.append((*channel, count))
                if count:
                    self._told[channel] = count
                else:
                    del self._told[channel]
        self._catching.watch(channel for channel in changed if channel in self._told)
        for some in chunks(news):
            self.line.say(("counts", some), lambda: None)

    def _hear_counts(self, peer: Peer, item: list[Any]) -> None:
        if peer.is_known:
            for dev_id, name, count in item[1]:
                self.listeners.tell(peer.slot, Channel(dev_id, name), count)

    # What all know by heart -------------------------------------------------------------------------------

    def changed(self, what: str, *key: object) -> None:
        """See L{comet.engine.Engine.changed}."""
        self.line.say(("changed", what, *key), lambda: None)

    def _learn(self, what: str, key: list[Any]) -> None:
        if what == "length":
            (dev_id, name), length = key
            self._broker.learn_length(Channel(dev_id, name), length)
        else:
            self._learn_again(what)

    def _learn_again(self, *what: str) -> None:
        """Read this anew; if the store fails, until it does not."""
        self._unread.update(dict.fromkeys(what))
        self._next_read = self._seconds() + RETRY_SECONDS
        self._spawn(self._read_again())

    async def _read_again(self) -> None:
        while self._unread:
            what = next(iter(self._unread))
            del self._unread[what]
            try:
                await self._broker.learn(what)
            except Unavailable:  # the store has logged it
                self._unread[what] = None
                return

    def lose_users(self, users: Iterable[User], goodbye: Goodbye) -> None:
        """See L{comet.engine.Engine.lose_users}."""
        found = list(users)
        for some in chunks(found):
            self.line.say(("lose", some, goodbye.name), lambda: None)
        self._hear_lose(found, goodbye)

    def _hear_lose(self, users: list[User], goodbye: Goodbye) -> None:
        self._endings.note(users, Ending(goodbye, self._broker.now()))
        self._lose_here(users, goodbye)

    def _hear_ended(self, peer: Peer, item: list[Any]) -> None:
        """Something that was said while this node was away, or the one that says it."""
        _, pairs, goodbye, time, *_ = item
        users = [User(*pair) for pair in pairs]
        self._endings.note(users, Ending(Goodbye[goodbye], time))
        self._lose_here(users, Goodbye[goodbye], time + SKEW_SECONDS)

    def _lose_here(self, users: Iterable[User], goodbye: Goodbye, until: float = inf) -> int:
        """
        @param until: only those connections that were there then.
        @return: how many there were.
        """
        devices = [
            device
            for user in users
            for device in self._broker.presence.devices(user)
            if self._since(device) <= until
        ]
        for device in devices:
            device.lose(goodbye)
        return len(devices)

    def _since(self, device: OwnDevice) -> float:
        found = self._broker.connections.find(device.number, 0)
        return 0 if found is None else found.about.since

    def kill_logins(self, dev_id: int) -> None:
        """See L{comet.engine.Engine.kill_logins}."""
        self.line.say(("logins", dev_id), lambda: None)
        self._broker.connections.close_by_key(dev_id)

    # Questions --------------------------------------------------------------------------------------------

    async def _ask(self, what: str, *about: Any) -> list[Any]:
        """@return: what the other nodes answer that do so in time."""
        nodes = [peer.slot for peer in self.peers.known()]
        if not nodes or not self.line.is_up:
            return []
        number, done = self._questions.ask(nodes, self._seconds())
        self.line.say(("ask", number, what, *about), lambda: None)
        return await done

    async def _answer(self, slot: int, number: int, what: str, about: list[Any]) -> None:
        broker = self._broker
        answer: Any
        match what:
            case "listening":
                answer = listening_here(broker.hub, [Channel(*pair) for pair in about[0]])[:ROWS_LIMIT]
            case "connections":
                answer = broker.connections.listed(about[0])[:ROWS_LIMIT]
            case "kill":
                answer = broker.connections.kill(*about)
            case "disconnect":
                answer = self._lose_here([User(*about[0])], Goodbye.KILLED)
            case "metrics":
                # Those of other machines are asked by themselves.
                answer = broker.metrics() if family(self.name) == about[0] else None
            case _:
                answer = None
        self.line.tell(slot, ("answer", number, answer))

    async def listening(self, channels: Iterable[Channel]) -> list[tuple[Channel, Listening]]:
        """See L{comet.engine.Engine.listening}."""
        asked = list(channels)
        found = listening_here(self._broker.hub, asked)
        elsewhere = [channel for channel in asked if self.listeners.count(channel)]
        if elsewhere:
            for answer in await self._ask("listening", elsewhere):
                found += [(Channel(*channel), Listening(*about)) for channel, about in answer or ()]
        return found

    async def connections(self, dev_id: int) -> list[Listed]:
        """See L{comet.engine.Engine.connections}."""
        found = self._broker.connections.listed(dev_id)
        for answer in await self._ask("connections", dev_id):
            found += [Listed(number, node, About(*about)) for number, node, about in answer or ()]
        return sorted(found)

    async def kill(self, number: int, dev_id: int, only_asked: bool) -> bool:
        """See L{comet.engine.Engine.kill}."""
        if self._broker.connections.kill(number, dev_id, only_asked):
            return True
        return any(await self._ask("kill", number, dev_id, only_asked))

    async def disconnect(self, user: User) -> int:
        """See L{comet.engine.Engine.disconnect}."""
        here = self._lose_here([user], Goodbye.KILLED)
        elsewhere = await self._ask("disconnect", user) if self.elsewhere(user) else []
        return here + sum(answer or 0 for answer in elsewhere)

    async def metrics(self) -> list[str]:
        """See L{comet.engine.Engine.metrics}."""
        mine = family(self.name)
        return [text for text in await self._ask("metrics", mine) if text] if mine else []

    @property
    def nodes(self) -> int:
        """See L{comet.engine.Engine.nodes}."""
        return 1 + len(self._names())

    # Rooms ------------------------------------------------------------------------------------------------

    def pass_on(self, slot: int, item: Sequence[Any]) -> bool:
        """See L{comet.engine.Engine.pass_on}."""
        return self.peers.get(slot) is not None and self._conferring.pass_on(slot, item)

    def name_of(self, slot: int) -> str:
        """See L{comet.engine.Engine.name_of}."""
        peer = self.peers.get(slot)
        return self.name if slot == self.slot else peer.name if peer is not None else ""
