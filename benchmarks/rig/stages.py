"""What a fan-out is measured on: a server that runs, its subscribers, and somebody who publishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rig.audience import Audience
from rig.baseline import Program, SendLoop
from rig.drain import Delays
from rig.figures import Budget, Run, measure
from rig.joining import CppComet, WebSocket, Wire, header_size
from rig.listeners import Listeners
from rig.loop import Loop
from rig.mysql import Insertions
from rig.nchan import Nchan, Posts
from rig.nodes import Nodes
from rig.pollers import Pollers
from rig.process import Family
from rig.server import Server


class Source(Protocol):
    """Who publishes; C{idle} if it may do so again."""

    @property
    def batch(self) -> int:
        """How many messages it publishes at once."""

    @property
    def idle(self) -> bool:
        """Whether all that was published is answered."""

    def publish(self) -> None:
        """Send a message to the next channel, or to the next few."""


@dataclass
class Stage:
    """
    All that takes part.

    @ivar process: the server, or several.
    @ivar port: where subscribers connect.
    @ivar messages: how many have been published since the subscribers count.
    """

    process: Family
    loop: Loop
    listeners: Listeners | Pollers | Audience
    source: Source
    channels: int
    port: int
    messages: int = 0

    def warm_up(self) -> None:
        """Publish to each channel once; from then on it counts."""
        for _ in range(self.channels // self.source.batch):
            self.source.publish()
            while not self.source.idle:
                self.loop.turn()
        self.listeners.start()

    def fan_out(self, window: int, budget: Budget) -> None:
        """
        Publish as long as C{budget} allows, and hear all of it out.

        @param window: so many messages are on their way at most.
        """
        loop, listeners, source = self.loop, self.listeners, self.source
        all_of_one = listeners.reach * len(listeners.frame)
        start, published = listeners.received, 0
        while True:
            on_the_way = published * all_of_one - (listeners.received - start)
            room = max(window - source.batch, 0) * all_of_one
            if source.idle and on_the_way <= room and budget.allows(published):
                source.publish()
                published += source.batch
            elif on_the_way or not source.idle:
                loop.turn()
            else:
                break
        self.messages += published
        listeners.check(self.messages)

    def pace(self, rate: float, messages: int) -> list[float]:
        """
        Publish to the one channel at a fixed rate.

        @param rate: messages a second.
        @return: for how long each delivery was on its way, in milliseconds, the shortest first; counted from
            when the message was due, so that what was held up by others counts.
        """
        loop, listeners, first = self.loop, self.listeners, self.messages
        assert isinstance(listeners, Listeners)
        delays = Delays(first + messages, messages * len(listeners), len(listeners.frame))
        listeners.delays = delays
        end = listeners.delivered + messages * len(listeners)
        start = time.monotonic_ns() + 1_000_000
        for number in range(messages):
            delays.published[first + number] = due = start + int(number / rate * 1e9)
            while (left := due - time.monotonic_ns()) > 0 or not self.source.idle:
                loop.turn(max(left, 100_000) / 1e9)
            self.source.publish()
        while listeners.delivered < end or not self.source.idle:
            loop.turn()
        self.messages += messages
        listeners.check(self.messages)
        found, listeners.delays = listeners.delays, None
        return found.milliseconds()

    def run(self, window: int, budget: Callable[[], Budget]) -> Run:
        """@return: what L{fan_out} took, counted in deliveries."""
        before = self.listeners.delivered

        def work() -> int:
            self.fan_out(window, budget())
            return self.listeners.delivered - before

        return measure(self.process, self.loop, work)


def channel_names(count: int) -> list[str]:
    """@return: so many names, all of one length."""
    return [f"bench{number:05d}" for number in range(count)]


def listen(wire: Wire, ports: Sequence[int], subscribers: int, channels: int, loop: Loop) -> Listeners:
    """@return: so many, on channels in turn; those of each channel at each of C{ports} in turn."""
    names = channel_names(channels)
    sockets = [
        wire.join(ports[number // channels % len(ports)], names[number % channels], number)
        for number in range(subscribers)
    ]
    return Listeners(loop, wire, sockets, channels)


@contextmanager
def comet(
    server: Server | Nodes,
    subscribers: int,
    channels: int,
    size: int,
    wire: Wire | None = None,
    port: str = "ws",
    batch: int = 1,
) -> Iterator[Stage]:
    """
    Our server, or several that are one, to the first of which a MySQL client inserts.

    @param wire: how the subscribers are connected; like scripts made for CppComet if nothing is said.
    @param port: the name of the one they connect to.
    @param batch: how many messages each INSERT has.
    """
    loop, ports = Loop(), [each.ports[port] for each in server.servers]
    with (
        listen(wire or CppComet(), ports, subscribers, channels, loop) as listeners,
        inserted(server, loop, listeners, channels, size, port, batch) as stage,
    ):
        yield stage
    server.settle()


@contextmanager
def polled(server: Server, subscribers: int, size: int) -> Iterator[Stage]:
    """Our server, which is polled by clients of one channel."""
    loop = Loop()
    with (
        Pollers(loop, server.ports["ws"], channel_names(1)[0], subscribers) as pollers,
        inserted(server, loop, pollers, 1, size) as stage,
    ):
        yield stage
    server.settle()


@contextmanager
def crowded(server: Server, program: Path, subscribers: int, crowds: int, size: int) -> Iterator[Stage]:
    """
    Our server, with more subscribers than one process can have.

    @param program: of a crowd.
    @param crowds: how many of them.
    """
    loop = Loop()
    with (
        Audience(loop, program, server, channel_names(1)[0], subscribers, crowds) as audience,
        inserted(server, loop, audience, 1, size) as stage,
    ):
        yield stage
    server.settle()


@contextmanager
def inserted(
    server: Server | Nodes,
    loop: Loop,
    listeners: Listeners | Pollers | Audience,
    channels: int,
    size: int,
    port: str = "ws",
    batch: int = 1,
) -> Iterator[Stage]:
    """Our server with C{listeners}, to which a MySQL client inserts; see L{comet}."""
    names, first = channel_names(channels), server.servers[0]
    with closing(Insertions(first.ports["cometql"], first.password, names, size, batch)) as source:
        source.join(loop)
        stage = Stage(server, loop, listeners, source, channels, first.ports[port])
        stage.warm_up()
        yield stage


@contextmanager
def sends(
    program: Program, core: int | None, wire: Wire, subscribers: int, channels: int, message: bytes
) -> Iterator[Stage]:
    """A baseline that is ordered to send C{message}."""
    loop = Loop()
    with (
        SendLoop(program, core, subscribers, len(message), channels, message=message) as sender,
        listen(wire, [sender.port], subscribers, channels, loop) as listeners,
    ):
        sender.join(loop)
        stage = Stage(sender, loop, listeners, sender, channels, sender.port)
        stage.warm_up()
        yield stage


@contextmanager
def nchan(server: Nchan, subscribers: int, channels: int, message: bytes) -> Iterator[Stage]:
    """nchan, to which C{message} is posted."""
    loop, wire = Loop(), WebSocket("/sub/{channel}")
    with (
        listen(wire, [server.port], subscribers, channels, loop) as listeners,
        closing(Posts(server.port, channel_names(channels), message)) as source,
    ):
        source.join(loop)
        stage = Stage(server, loop, listeners, source, channels, server.port)
        stage.warm_up()
        yield stage
    server.settle()


def payload(frame: bytes) -> bytes:
    """@return: a text that is as long on its way as C{frame}."""
    return b"m" * next(len(frame) - size for size in (2, 4, 10) if header_size(len(frame) - size) == size)
