"""Who listens where: the hub routes, and knows no sockets, no clock, no storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from comet.model import Channel, Event, Form, Place
from comet.sweep import Crowd
from comet.turn import Turn, Waiting

#: From so many on, those who listen to a channel are a crowd.
CROWD = 16


class Subscriber(Waiting, Protocol):
    """Something that takes events already encoded in its form."""

    @property
    def form(self) -> Form:
        """How this subscriber wants its events."""

    def recheck(self) -> None:
        """Leave the channels that it may not listen to any more."""

    def note_gap(self, places: Mapping[Channel, Place]) -> None:
        """Something that was said in these channels may be missing for good; they go on from these places."""


class Group:
    """
    Those who listen to one channel in one form.

    @ivar numbers: who, the oldest first, with their places in the order of subscriptions of the whole hub.
    """

    __slots__ = ("_crowd", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[Subscriber, int] = {}
        self._crowd: Crowd[Subscriber] | None = None

    def add(self, subscriber: Subscriber, number: int) -> None:
        """Somebody begins to listen."""
        self.numbers[subscriber] = number
        self._crowd = None

    def remove(self, subscriber: Subscriber) -> None:
        """Somebody does not listen any more."""
        del self.numbers[subscriber]
        self._crowd = None

    @property
    def crowd(self) -> Crowd[Subscriber]:
        """Them all; the same object as long as they are the same."""
        if self._crowd is None:
            self._crowd = Crowd(self.numbers)
        return self._crowd


class Hub:
    """
    The subscriptions of all channels.

    A channel keeps its subscribers grouped by form, so that a message is encoded once for each group.
    """

    def __init__(self, turn: Turn[Subscriber] | None = None) -> None:
        """@param turn: those to whom something is to be written at its end."""
        self.turn: Turn[Subscriber] = turn or Turn()
        self._channels: dict[Channel, dict[Form, Group]] = {}
        self._counter = 0
        #: The channels whose number of subscribers has changed, if somebody wants to know.
        self.changed: set[Channel] | None = None

    def __len__(self) -> int:
        """@return: how many channels have a subscriber."""
        return len(self._channels)

    def subscribe(self, channel: Channel, subscriber: Subscriber) -> None:
        """Let C{subscriber} hear what is published to C{channel}; doing so twice is doing so once."""
        groups = self._channels.setdefault(channel, {})
        group = groups.get(subscriber.form) or groups.setdefault(subscriber.form, Group())
        if subscriber not in group.numbers:
            self._counter += 1
            group.add(subscriber, self._counter)
            if self.changed is not None:
                self.changed.add(channel)

    def unsubscribe(self, channel: Channel, subscriber: Subscriber) -> None:
        """The opposite of L{subscribe}; harmless if there was no subscription."""
        groups = self._channels.get(channel, {})
        group = groups.get(subscriber.form)
        if group is None or subscriber not in group.numbers:
            return
        # What was published before is still heard.
        self.turn.pull(subscriber)
        group.remove(subscriber)
        if self.changed is not None:
            self.changed.add(channel)
        if not group.numbers:
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
        reached, turn = 0, self.turn
        # Copies: a subscriber that overflows unsubscribes itself in the middle of the loop.
        for form, group in tuple(groups.items()):
            frame = event.encoded(form)
            one = besides if besides in group.numbers else None
            reached += len(group.numbers) - (one is not None)
            if len(group.numbers) < CROWD:
                turn.hand([each for each in group.numbers if each is not one], frame, event)
            else:
                turn.broadcast(group.crowd, frame, event, one)
        turn.begin()
        return reached

    def count(self, channel: Channel) -> int:
        """@return: how many subscribers C{channel} has."""
        return sum(len(group.numbers) for group in self._channels.get(channel, {}).values())

    def total(self) -> int:
        """@return: how many subscriptions all channels have."""
        return sum(len(group.numbers) for groups in self._channels.values() for group in groups.values())

    def hears(self, channel: Channel, subscriber: Subscriber) -> bool:
        """@return: whether C{subscriber} listens to C{channel}."""
        group = self._channels.get(channel, {}).get(subscriber.form)
        return group is not None and subscriber in group.numbers

    def subscribers(self, channel: Channel) -> list[Subscriber]:
        """@return: the subscribers of C{channel}, the newest subscription first."""
        groups = self._channels.get(channel, {}).values()
        numbered = [(number, subscriber) for group in groups for subscriber, number in group.numbers.items()]
        return [subscriber for _, subscriber in sorted(numbered, key=lambda pair: -pair[0])]

    def channels(self) -> Iterator[Channel]:
        """@return: the channels that have a subscriber, in no particular order."""
        return iter(tuple(self._channels))
