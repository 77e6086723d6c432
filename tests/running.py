"""Running coroutines in tests, and the plainest form of events."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.broker import Broker
from comet.limits import Limits
from comet.storage.memory import MemoryStore


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """@return: what C{coroutine} returns; it must not wait for anything."""
    return SynchronousTestCase().successResultOf(Deferred.fromCoroutine(coroutine))


def spawn(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run C{coroutine} with nobody waiting for it."""
    Deferred.fromCoroutine(coroutine)


class Plain:
    """A form whose bytes are the event itself, so that tests compare events."""

    name, transport, acknowledges, has_rooms = "plain", "memory", False, True

    def encode(self, event):
        return event

    @property
    def dialect(self):
        return self


PLAIN = Plain()


class Frame(bytes):
    """Bytes that remember their event."""

    def __new__(cls, event, size=10):
        frame = super().__new__(cls, size)
        frame.event = event
        return frame


class Framing(Plain):
    """A form whose frames are ten bytes each."""

    def __init__(self, acknowledges=False):
        self.acknowledges = acknowledges

    def encode(self, event):
        return Frame(event)


FRAMING = Framing()


class Ear:
    """A subscriber, and device, that remembers what it heard."""

    def __init__(self, form=PLAIN, takes=True):
        self.form, self.heard, self.goodbyes = form, [], []
        self.takes, self.handed, self.lane, self.number = takes, 0, None, 0
        self.gaps = []

    def send(self, data):
        return 0

    def deliver(self, frame, event):
        self.heard.append(frame)

    def give(self, message):
        self.deliver(message.encoded(self.form), message)
        return self.takes

    def lose(self, goodbye):
        self.goodbyes.append(goodbye)

    def note_gap(self, channels):
        self.gaps += channels


class SlowStore(MemoryStore):
    """A memory store that answers only when it is told to, in the order it was asked."""

    def __init__(self):
        super().__init__()
        self.waiting = []

    def _slow(name):
        async def method(self, *arguments):
            turn = Deferred()
            self.waiting.append(turn)
            await turn
            return await getattr(super(), name)(*arguments)

        return method

    enqueue, queue, dequeue, append, apply, since, places, acknowledge = map(
        _slow,
        ("enqueue", "queue", "dequeue", "append", "apply", "since", "places", "acknowledge"),
    )

    def step(self):
        """Answer the oldest question."""
        self.waiting.pop(0).callback(None)

    def settle(self):
        """Answer until nothing is asked any more."""
        while self.waiting:
            self.step()


def make_broker(store=None, time=1000, rules=None, turn=None, **limits):
    """@return: a started broker whose clock stands still."""
    broker = Broker(store or MemoryStore(), Limits(**limits), lambda: time, spawn, rules, turn=turn)
    finish(broker.start())
    return broker
