"""
Handing over what the nodes say to each other in channels, and catching up on what was not heard.

Where a channel keeps a history, the store has what the bus has lost: it is read from there and handed over in
its place, and while the bus is away, every now and then. Where none is kept it is gone, and those who listen
are told that something may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from comet.broker import Broker
from comet.cluster.order import Order, Sent
from comet.errors import Refused
from comet.hub import Subscriber
from comet.model import NOWHERE, Channel, Event, Message, Place
from comet.storage.listings import Most

#: How long a message waits for those in front of it until they are looked for in the store, in seconds.
PATIENCE = 0.5
#: How often the store is looked into while the bus is away, in seconds.
AWAY_SECONDS = 2.0
#: Of how many channels the places are read at once.
PORTION = 500


class Catching:
    """What comes from the bus, in order, and what does not come from there."""

    def __init__(self, broker: Broker, spawn: Callable[[Any], None], seconds: Callable[[], float]) -> None:
        """
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        @param seconds: a clock that nobody sets, in seconds.
        """
        self._broker, self._spawn, self._seconds = broker, spawn, seconds
        self._order = Order()
        self._is_busy = self._is_due = False
        self._next_look = 0.0
        #: Where something was said that was not heard here.
        self._missed: set[Channel] = set()

    def deliver(self, channel: Channel, event: Event, besides: Subscriber | None) -> None:
        """Hand C{event} over to those who listen here, when its turn has come."""
        if type(event) is not Message or not event.place.epoch:
            self._broker.deliver(channel, event, besides)
        elif self._broker.hub.count(channel):
            self._hand_over(self._order.take(event, besides, self._seconds()))
        else:
            self._order.skip(event)

    def _hand_over(self, ready: Iterable[Sent]) -> None:
        for message, sender in ready:
            self._broker.deliver(message.channel, message, sender)

    def watch(self, channels: Iterable[Channel]) -> None:
        """Somebody listens to these channels now: note how far they have come, if that is not known."""
        new = [each for each in channels if self._broker.length(each) and self._order.place(each) is None]
        if new:
            self._spawn(self._begin(new))

    async def _begin(self, channels: list[Channel]) -> None:
        try:
            places = await self._broker.store.places(channels)
        except Refused:
            return  # then they begin with the first message that is heard
        for channel in channels:
            self._order.begin(channel, places.get(channel, NOWHERE), self._seconds())

    def tick(self, is_up: bool) -> None:
        """Look for what does not come."""
        seconds = self._seconds()
        self._hand_over(self._order.settled(seconds))
        if self._is_busy:
            return
        if late := {*self._order.late(seconds, PATIENCE), *self._missed}:
            self._missed.clear()
            self._begin_work(self._fill(late), late)
        elif (self._is_due or not is_up) and seconds >= self._next_look:
            self._next_look = seconds + AWAY_SECONDS
            self._begin_work(self._look())

    def catch_up(self) -> None:
        """The bus was away, and is there again: others may have said anything."""
        self._is_due, self._next_look = True, 0.0
        hub = self._broker.hub
        self._tell_gaps(each for each in hub.channels() if not self._broker.length(each))

    def missed(self, channels: Iterable[Channel]) -> None:
        """In these channels something was said that was not heard here."""
        heard = [each for each in channels if self._broker.hub.count(each)]
        self._missed.update(each for each in heard if self._broker.length(each))
        self._tell_gaps(each for each in heard if not self._broker.length(each))

    def _begin_work(self, work: Any, channels: Iterable[Channel] = ()) -> None:
        async def done() -> None:
            try:
                await work
            except Refused:
                self._missed.update(channels)  # the store has logged it; the next tick tries again
            finally:
                self._is_busy = False

        self._is_busy = True
        self._spawn(done())

    async def _look(self) -> None:
        """Hand over what the channels that somebody listens to here have in the store."""
        broker = self._broker
        was_due, self._is_due = self._is_due, False
        try:
            await self._look_everywhere(broker)
        except Refused:
            self._is_due |= was_due
            raise

    async def _look_everywhere(self, broker: Broker) -> None:
        heard = [channel for channel in broker.hub.channels() if broker.length(channel)]
        for start in range(0, len(heard), PORTION):
            places = await broker.store.places(heard[start : start + PORTION])
            news = [each for each, place in places.items() if place != self._order.place(each)]
            await self._fill(news)

    async def _fill(self, channels: Iterable[Channel]) -> None:
        broker = self._broker
        most = Most(broker.limits.history + 1, broker.limits.resume_bytes)
        for channel in channels:
            asked = self._order.place(channel)
            stretch = await broker.store.since(channel, 0 if asked is None else asked.position, most)
            # More may have been let through meanwhile.
            before = self._order.place(channel)
            ready = self._order.fill(channel, stretch)
            self._hand_over(ready)
            after = self._order.place(channel)
            if after is not None and (before is None or not _is_all(before, ready, after)):
                for subscriber in broker.hub.subscribers(channel):
                    subscriber.note_gap({channel: after})

    def _tell_gaps(self, channels: Iterable[Channel]) -> None:
        """Tell those who listen to these channels, which keep nothing."""
        missed: dict[Subscriber, dict[Channel, Place]] = {}
        for channel in channels:
            for subscriber in self._broker.hub.subscribers(channel):
                missed.setdefault(subscriber, {})[channel] = NOWHERE
        for subscriber, places in missed.items():
            subscriber.note_gap(places)


def _is_all(before: Place, ready: list[Sent], after: Place) -> bool:
    """@return: whether C{ready} is all that was said between two places of a channel."""
    return before.epoch in ("", after.epoch) and len(ready) >= after.position - before.position
