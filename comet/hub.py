"""Who listens where: the hub routes, and knows no sockets, no clock, no storage."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from comet.model import Channel, Event, Form
from comet.turn import Turn


class Subscriber(Protocol):
    """Something that takes events already encoded in its form."""

    @property
    def form(self) -> Form:
        """How this subscriber wants its events."""

    @property
    def lane(self) -> list[bytes] | None:
        """
        What is in here is written at the end of the turn, if it is one of L{Turn.waiting}, which it is unless
        the lane is empty. C{None} if the subscriber has to L{deliver} each event by itself.
        """

    def flush(self) -> None:
        """See L{comet.turn.Waiting.flush}."""

    def deliver(self, frame: bytes, event: Event) -> None:
        """Take C{event}, which in this subscriber's form is C{frame}. Never raises, never waits."""

    def recheck(self) -> None:
        """Leave the channels that it may not listen to any more."""


class Hub:
    """
    The subscriptions of all channels.

    A channel keeps its subscribers grouped by form, so that a message is encoded once for each group and
    fan-out is one loop with one call. The number kept with a subscriber is its place in the order of
    subscriptions of the whole hub.
    """

    def __init__(self, turn: Turn | None = None) -> None:
        """@param turn: those to whom something is to be written at its end."""
        self.turn = turn or Turn()
        self._channels: dict[Channel, dict[Form, dict[Subscriber, int]]] = {}
        self._counter = 0

    def __len__(self) -> int:
        """@return: how many channels have a subscriber."""
        return len(self._channels)

    def subscribe(self, channel: Channel, subscriber: Subscriber) -> None:
        """Let C{subscriber} hear what is published to C{channel}; doing so twice is doing so once."""
        group = self._channels.setdefault(channel, {}).setdefault(subscriber.form, {})
        if subscriber not in group:
            self._counter += 1
            group[subscriber] = self._counter

    def unsubscribe(self, channel: Channel, subscriber: Subscriber) -> None:
        """The opposite of L{subscribe}; harmless if there was no subscription."""
        groups = self._channels.get(channel, {})
        group = groups.get(subscriber.form, {})
        if group.pop(subscriber, None) is None or group:
            return
        del groups[subscriber.form]
        if not groups:
            del self._channels[channel]

    def publish(self, channel: Channel, event: Event, besides: Subscriber | None = None) -> int:
        """
        Hand C{event} to the subscribers of C{channel}.

        @param besides: a subscriber that is left out, because it is the sender.
        @return: how many subscribers it was handed to.
        """
        groups = self._channels.get(channel)
        if groups is None:
            return 0
        reached = 0
        waiting = self.turn.waiting
        # Copies: a subscriber that overflows unsubscribes itself in the middle of the loop.
        for form, group in tuple(groups.items()):
            frame = event.encoded(form)
            subscribers: Collection[Subscriber] = tuple(group)
            if besides in group:
                subscribers = [each for each in subscribers if each is not besides]
            for subscriber in subscribers:
                # The hot path: one branch, one append.
                lane = subscriber.lane
                if lane:
                    lane.append(frame)
                elif lane is None:
                    subscriber.deliver(frame, event)
                else:
                    lane.append(frame)
                    waiting.append(subscriber)
            reached += len(subscribers)
        self.turn.begin()
        return reached

    def count(self, channel: Channel) -> int:
        """@return: how many subscribers C{channel} has."""
        return sum(map(len, self._channels.get(channel, {}).values()))

    def subscribers(self, channel: Channel) -> list[Subscriber]:
        """@return: the subscribers of C{channel}, the newest subscription first."""
        groups = self._channels.get(channel, {}).values()
        numbered = [(number, subscriber) for group in groups for subscriber, number in group.items()]
        return [subscriber for _, subscriber in sorted(numbered, key=lambda pair: -pair[0])]

    def channels(self) -> Iterator[Channel]:
        """@return: the channels that have a subscriber, in no particular order."""
        return iter(tuple(self._channels))
