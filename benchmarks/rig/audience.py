"""Those who receive, too many for one process: several crowds that listen to one channel."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from comet.bench import wires
from rig.crowd import Crowd
from rig.figures import Run
from rig.joining import CppComet
from rig.loop import Loop
from rig.server import Server


class Audience:
    """
    Crowds in processes of their own, which count together.

    @ivar coming: what it took until all were there, counted in connections; the load is
        busy for its CPU time.
    @ivar frame: a message as it travels.
    @ivar received: how many bytes have come to all of them together since L{start}.
    @ivar reach: how many they are.
    """

    coming: Run

    def __init__(
        self, loop: Loop, program: Path, server: Server, channel: str, count: int, crowds: int
    ) -> None:
        """
        @param program: the load, see L{rig.crowd.build}.
        @param crowds: how many processes.
        """
        self.frame, self.received, self.reach = b"", 0, count
        self._loop, self._server, self._channel = loop, server, channel
        self._wire, port = CppComet(), server.ports["ws"]
        self._cpu, self._started = server.cpu_seconds(), time.perf_counter()
        ends = [count * place // crowds for place in range(crowds + 1)]
        self._crowds = [
            Crowd(program, port, wires.lines(channel), end - start, start) for start, end in pairwise(ends)
        ]

    def __len__(self) -> int:
        return self.reach

    @property
    def delivered(self) -> int:
        """How many messages have come to all of them together."""
        return self.received // len(self.frame)

    def start(self) -> None:
        """
        Take the message that was published to warm up, see that all got it, and count from now on.
        """
        # It is told apart from the others by nothing but that it can read.
        self.frame = self._wire.message(self._witness)
        self._witness.close()
        for crowd in self._crowds:
            crowd.expect(len(self.frame))
            crowd.read()
            self._loop.add(crowd, partial(self._read, crowd))

    def _read(self, crowd: Crowd) -> None:
        self.received += crowd.read() * crowd.count * len(self.frame)

    def check(self, messages: int) -> None:
        """
        End with a sentence unless each of them got so many since L{start}.

        That none got what is another's is seen when they leave.
        """
        for crowd in self._crowds:
            if crowd.messages != messages + 1:
                sys.exit(f"{crowd.messages - 1} messages have come to all of a crowd, not {messages}")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for crowd in self._crowds:
                stack.enter_context(crowd)
            seconds, cpu = time.perf_counter() - self._started, self._server.cpu_seconds() - self._cpu
            self.coming = Run(self.reach, seconds, cpu, sum(crowd.cpu_seconds for crowd in self._crowds))
            port = self._server.ports["ws"]
            self._witness = stack.enter_context(self._wire.join(port, self._channel, self.reach))
            self._there = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.frame:
            for crowd in self._crowds:
                self._loop.remove(crowd)
        self._there.__exit__(kind, error, trace)
