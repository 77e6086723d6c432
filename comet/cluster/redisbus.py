"""
A bus over Redis: what is published there reaches all nodes in the order in which Redis has it.

Redis passes frames on and keeps none. A node has two connections: it publishes on one, and listens on the
other to the channel of all and to its own. If one of them is lost or silent, both are dropped and opened
anew.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from comet.cluster.bus import SLOT_LIMIT, Bus, Receiver
from comet.cluster.naming import Claim, State
from comet.cluster.redisdoor import Door
from comet.cluster.redislink import Link, Publisher, Refusal, Subscriber
from comet.cluster.slots import CLAIM

#: The first pause after a loss and the longest, in seconds; each is up to twice as long as the one before.
PAUSE, LONGEST_PAUSE = 0.2, 5.0
#: How long a whole attempt to connect may take, in seconds.
ATTEMPT_SECONDS = 10.0
#: How long to wait for what was sent to go out, in seconds.
LEAVING_SECONDS = 2.0
#: How often to ask whether Redis is there, in seconds.
PING_SECONDS = 1.0
#: How long one that may have the same name has to say so, in seconds, unless Redis has less.
NAME_SECONDS = 3.0
#: After so many pings, the Sentinels are asked whether Redis is still the same.
PINGS_A_LOOK = 3

#: Redis's number and address of a connection.
_Known = tuple[bytes, bytes]
_INFO = re.compile(rb"id=(\d+) addr=(\S+)")


class NameTaken(Refusal):
    """Another node has the name of this one."""


class RedisBus(Bus):
    """A bus over one Redis, or over that which Sentinels name."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        door: Door,
        name: str = "comet",
        timeout: float = 3.0,
        buffer: int = 16 << 20,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        @param door: opens connections.
        @param name: what the names of all keys and channels in Redis begin with.
        @param timeout: a connection on which nothing comes for so many seconds is lost.
        @param buffer: how many bytes may wait to be sent.
        @param chance: a number from 0 to 1, another each time.
        """
        self.problem = "not started"
        self._reactor, self._door, self._chance = reactor, door, chance
        self._buffer = buffer
        self._key = f"{name}:slots"
        # Channels belong to no database of Redis, so they carry its number.
        self._channel = f"{name}:" if door.url.db == 0 else f"{name}:db{door.url.db}:"
        self._interval = min(PING_SECONDS, timeout / 3)
        self._timeout = timeout
        self._pulse = LoopingCall(self._beat)
        self._pulse.clock = reactor
        self._node = ""
        self._receiver: Receiver | None = None
        self._slot = -1
        self._pause = PAUSE
        self._since = 0.0
        self._beats = 0
        self._claim = Claim(secrets.token_hex(8).encode())
        #: The channel in which those of this name speak of it.
        self._naming = b""
        self._answered: Deferred[None] | None = None
        #: The connections that published and listened last.
        self.connection: _Known | None = None
        self._listening: _Known | None = None
        self._place = ("", 0)
        self._links: list[Link] = []
        self._publisher: Publisher | None = None
        self._heads: dict[int | None, bytes] = {}
        self._flushing = False
        self._attempt: Deferred[None] | None = None
        self._look: Deferred[None] | None = None
        self._later: Any = None

    def start(self, node: str, receiver: Receiver) -> None:
        """Begin to connect."""
        self._node, self._receiver = node, receiver
        self.problem = "not connected yet"
        self._try()

    def send(self, frame: bytes, to: int | None = None) -> None:
        """Send C{frame} at the end of this turn, with all else that is sent in it."""
        publisher = self._publisher
        if publisher is None:
            return
        head = self._heads.get(to) or self._head(to)
        # What waits already counts, not how long this frame is: one frame passes, however long.
        is_too_much = publisher.waiting > self._buffer
        publisher.put(b"%b%d\r\n%b\r\n" % (head, len(frame), frame))
        if is_too_much:
            # Nothing more goes out from here on; what this was called by has its end first.
            self._publisher = None
            self._reactor.callLater(
                0, self._overflow, publisher, f"more than {self._buffer} bytes wait to be sent to Redis"
            )
        elif not self._flushing:
            self._flushing = True
            self._reactor.callLater(0, self._flush)

    async def stop(self) -> None:
        """Let what was sent go out, then disconnect."""
        self._receiver = None
        self.problem = "stopped"
        publisher, self._publisher = self._publisher, None
        if self._later is not None and self._later.active():
            self._later.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
        if publisher is not None and publisher in self._links:
            left = publisher.leave().addTimeout(LEAVING_SECONDS, self._reactor)
            await left.addErrback(lambda failure: None)
        self._drop()

    # Up and down ------------------------------------------------------------------------------------------

    def _try(self) -> None:
        self._attempt = attempt = Deferred.fromCoroutine(self._connect())
        attempt.addTimeout(ATTEMPT_SECONDS, self._reactor)
        attempt.addErrback(self._not_connected)

    async def _connect(self) -> None:
        door = self._door
        self._place = place = await door.find()
        publisher = await self._open(place, lambda: Publisher(self._lost))
        subscriber = await self._open(place, lambda: Subscriber(self._lost, self._received))
        await self._forget_former(publisher, subscriber)
        if door.url.db:
            await publisher.ask("SELECT", door.url.db)
        claim = (self._node, self._channel, SLOT_LIMIT, self._slot)
        slot = await publisher.ask("EVAL", CLAIM, 1, self._key, *claim)
        await self._take_name(publisher, subscriber, slot)
        await subscriber.listen((f"{self._channel}all", f"{self._channel}{slot}"))
        self._up(publisher, slot)

    async def _take_name(self, publisher: Publisher, subscriber: Subscriber, slot: int) -> None:
        """@raise NameTaken: if another node has it."""
        name = f"{self._channel}name:{slot}"
        self._naming = name.encode()
        question = self._claim.ask()
        await subscriber.listen((name,))
        # Who listens there besides this one lives, or has died with its machine.
        if await publisher.ask("PUBLISH", name, question) > 1:
            self._answered = Deferred()
            patience = min(NAME_SECONDS, self._timeout)
            await self._answered.addTimeout(patience, self._reactor).addErrback(lambda failure: None)
        if self._claim.state is State.TAKEN:
            raise NameTaken(f"another server is named {self._node}: give each its own [main] node_name")

    def _hear_of_name(self, message: bytes) -> None:
        was_held = self._claim.state is State.HELD
        if answer := self._claim.hear(message):
            self._say_of_name(answer)
        if self._claim.state is State.TAKEN:
            if self._answered is not None and not self._answered.called:
                self._answered.callback(None)
            elif was_held:
                # From within what has read it: the end of that first.
                self._reactor.callLater(0, self._lost, f"another server has taken the name {self._node}")

    def _say_of_name(self, message: bytes) -> None:
        if self._publisher is not None:
            self._publisher.put(_command(b"PUBLISH", self._naming, message))
            self._publisher.flush()
        else:
            for link in self._links:
                if isinstance(link, Publisher):
                    asking = Deferred.fromCoroutine(link.ask("PUBLISH", self._naming, message))
                    asking.addErrback(lambda failure: None)

    async def _open(self, place: tuple[str, int], make: Callable[[], Any]) -> Any:
        link = await self._door.connect(*place, make)
        self._links.append(link)
        await link.log_in(self._door.url)
        return link

    async def _forget_former(self, publisher: Publisher, subscriber: Subscriber) -> None:
        # What the connection before this one has sent may still wait at Redis: it must not come later.
        for former in (self.connection, self._listening):
            if former is not None:
                number, address = former
                await publisher.ask("CLIENT", "KILL", "ID", number, "ADDR", address)
        self.connection, self._listening = await self._known(publisher), await self._known(subscriber)

    async def _known(self, link: Link) -> _Known:
        found = _INFO.match(await link.ask("CLIENT", "INFO"))
        if found is None:
            raise Refusal("CLIENT INFO: the answer is not understood")
        return found[1], found[2]

    def _up(self, publisher: Publisher, slot: int) -> None:
        self._attempt, self._slot, self._publisher = None, slot, publisher
        self.problem = ""
        self._say_of_name(self._claim.take())
        self._since = self._reactor.seconds()
        self._pulse.start(self._interval, now=False)
        self._log.info("connected to Redis at {place}, in slot {slot}", place=_shown(self._place), slot=slot)
        if self._receiver is not None:
            self._receiver.up(slot)

    def _not_connected(self, failure: Failure) -> None:
        self._attempt = None
        if self._receiver is None:
            return self._drop()
        if not failure.check(CancelledError):
            late = f"nothing was ready after {ATTEMPT_SECONDS:g} seconds"
            self.problem = late if failure.check(TooLate) else self._place_of(failure.getErrorMessage())
            if failure.check(NameTaken):
                self._receiver.refused(failure.getErrorMessage())
        self._drop()
        self._again()

    def _lost(self, reason: str) -> None:
        """A connection is of no more use."""
        if self._receiver is None:
            return
        self.problem = self._place_of(reason)
        if self._attempt is not None:
            self._attempt.cancel()
        elif self._links:
            self._down()

    def _down(self) -> None:
        self._drop()
        if self._reactor.seconds() - self._since > LONGEST_PAUSE:
            self._pause = PAUSE
        self._again()
        if self._receiver is not None:
            self._receiver.down(self.problem)

    def _drop(self) -> None:
        self._publisher = None
        if self._pulse.running:
            self._pulse.stop()
        if self._look is not None:
            self._look.cancel()
        links, self._links = self._links, []
        for link in links:
            link.cut()

    def _again(self) -> None:
        pause = self._pause * (0.5 + self._chance() / 2)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._log.warn("no connection to Redis: {problem}", problem=self.problem)
        self._later = self._reactor.callLater(pause, self._try)

    def _place_of(self, reason: str) -> str:
        where = _shown(self._place) if self._place[0] else str(self._door.url)
        return f"{where}: {reason}"

    # While up ---------------------------------------------------------------------------------------------

    def _received(self, channel: bytes, frame: bytes) -> None:
        if channel == self._naming:
            self._hear_of_name(frame)
        elif self._receiver is not None:
            self._receiver.received(frame)

    def _head(self, to: int | None) -> bytes:
        channel = f"{self._channel}{'all' if to is None else to}".encode()
        head = self._heads[to] = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$" % (len(channel), channel)
        return head

    def _flush(self) -> None:
        self._flushing = False
        if self._publisher is not None:
            self._publisher.flush()

    def _overflow(self, publisher: Publisher, reason: str) -> None:
        if publisher in self._links:
            self._lost(reason)

    def _beat(self) -> None:
        # Beats are counted, not seconds: whoever was held up itself has not yet seen what came meanwhile.
        for link in self._links:
            if link.silent * self._interval >= self._timeout:
                return self._lost(f"Redis has been silent for {self._timeout:g} seconds")
            link.ping()
        self._beats += 1
        if self._door.url.service and self._look is None and self._beats % PINGS_A_LOOK == 0:
            self._look = Deferred.fromCoroutine(self._look_around())
            self._look.addErrback(lambda failure: None).addBoth(self._looked)

    async def _look_around(self) -> None:
        place = await self._door.find()
        if place != self._place and self._links:
            self._look = None
            self._lost(f"the Sentinels name another Redis now, at {_shown(place)}")

    def _looked(self, _: Any) -> None:
        self._look = None


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
