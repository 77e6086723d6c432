"""Several nodes in one process: brokers over one store, joined by a bus in memory, with a clock for all."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from comet.attendance import StatusRules
from comet.broker import Broker
from comet.cluster.node import SETTLE_SECONDS, Node
from comet.limits import Limits
from comet.model import Message, PrivateMessage
from comet.storage.memory import MemoryStore
from tests.cluster.memorybus import Exchange
from tests.running import Ear, spawn

EXPIRY = 10


class Scene:
    """Nodes, and what connects them."""

    def __init__(self, names="ab", store=None, rules=None, video=None, make_media=None, **limits):
        self.now = 1000.0
        self.exchange = Exchange()
        self.store = store or MemoryStore()
        self.rules = rules or StatusRules(grace=3)
        self.limits, self.video, self.make_media = limits, video, make_media
        self.turn, self.timers = [], []
        self.lives = 0
        self.numbers = {}
        self.brokers = []
        for name in names:
            self.add(name)
        self.wait(SETTLE_SECONDS)

    def add(self, name, held=False):
        """@return: the broker of another node."""
        self.lives += 1
        life = f"life{self.lives}"
        bus = self.exchange.bus()
        bus.held = held
        broker = Broker(
            self.store,
            Limits(**self.limits),
            lambda: self.now,
            spawn,
            self.rules,
            node=name,
            make_engine=lambda broker: Node(broker, bus, life, self.later, spawn, lambda: self.now, EXPIRY),
            video=self.video,
            media=self.make_media and self.make_media(name),
        )
        broker.bus = bus
        self.brokers.append(broker)
        broker.started = Deferred.fromCoroutine(broker.start())
        self.settle()
        return broker

    def later(self, seconds, call):
        """See L{comet.cluster.node.Node}."""
        if seconds:
            self.timers.append((self.now + seconds, call))
        else:
            self.turn.append(call)

    def settle(self):
        """Let everything that was said be heard."""
        while self.turn or self.exchange.waiting:
            turn, self.turn[:] = list(self.turn), []
            for call in turn:
                call()
            self.exchange.step()

    def wait(self, seconds, step=0.25):
        """Let time go by."""
        until = self.now + seconds
        while self.now < until:
            self.now += min(step, until - self.now)
            due = [call for time, call in self.timers if time <= self.now]
            self.timers = [each for each in self.timers if each[0] > self.now]
            for call in due:
                call()
            for broker in self.brokers:
                broker.tick()
            self.settle()

    def kill(self, broker):
        """The process is gone, without a word."""
        self.brokers.remove(broker)
        self.exchange.buses.remove(broker.bus)

    def freeze(self, broker):
        """The process stands still, and hears nothing."""
        self.brokers.remove(broker)
        broker.bus.is_up = False
        broker.frozen = True

    def listen(self, broker, channel):
        """@return: who listens there now."""
        ear = Ear()
        broker.hub.subscribe(channel, ear)
        return ear

    def arrive(self, broker, user):
        """@return: a device of C{user} that has come there."""
        ear = Ear()
        ear.number = next(broker.connections.numbers)
        self.run(broker.arrive(user, ear))
        return ear

    def run(self, coroutine):
        """@return: what it gives, once all that was said has been heard."""
        result = Deferred.fromCoroutine(coroutine)
        self.settle()
        return result.result if hasattr(result, "result") else result


def texts(ear):
    """@return: the texts of the messages that were heard."""
    return [event.text for event in ear.heard if isinstance(event, Message | PrivateMessage)]
