"""
How fast does one message reach many?

N browsers listen to one channel, and a MySQL client inserts messages into it, one after the other, as long
as no more than a window of them is on its way. The baseline is a loop that sends the same frame to as many
sockets, read by the same load. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from rig import figures, machine, mysql
from rig.baseline import Program, SendLoop, build
from rig.command import parser, positive, run
from rig.figures import Budget, Run, measure
from rig.listeners import Listeners, plain, subscribed
from rig.loop import Loop
from rig.process import Process
from rig.server import Server

CHANNEL = "bench"


class Source(Protocol):
    """Who publishes; C{idle} if it may do so again."""

    idle: bool


def fan_out(
    loop: Loop, listeners: Listeners, source: Source, publish: Callable[[], None], window: int, budget: Budget
) -> int:
    """
    Publish as long as C{budget} allows, with C{window} messages on their way at most.

    @return: how many messages were published, all of which have come.
    """
    all_of_one = len(listeners) * len(listeners.frame)
    published = 0
    while True:
        on_the_way = published * all_of_one - listeners.received
        if source.idle and on_the_way <= (window - 1) * all_of_one and budget.allows(published):
            publish()
            published += 1
        elif on_the_way or not source.idle:
            loop.turn()
        else:
            return published


class FanOut:
    """The runs of this benchmark."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.frame = b""
        self.messages = self.delivered = 0

    def _measure(
        self,
        process: Process,
        loop: Loop,
        listeners: Listeners,
        source: Source,
        publish: Callable[[], None],
    ) -> Run:
        options = self._options
        listeners.start()
        self.frame = listeners.frame

        def work() -> int:
            budget = Budget(options.messages, options.seconds)
            self.messages = fan_out(loop, listeners, source, publish, options.window, budget)
            return listeners.delivered

        result = measure(process, work)
        listeners.check(self.messages)
        return result

    def comet(self, server: Server) -> Run:
        """@return: what the server did."""
        loop = Loop()
        insert = mysql.insert(CHANNEL, self._options.size)
        sockets = [
            subscribed(server.ports["ws"], CHANNEL, number) for number in range(self._options.subscribers)
        ]
        with (
            Listeners(loop, sockets) as listeners,
            mysql.Client(server.ports["cometql"], server.password) as client,
        ):
            client.ask(insert)
            client.join(loop)
            return self._measure(server, loop, listeners, client, lambda: client.send(insert))

    def baseline(self, program: Program, core: int | None) -> Run:
        """@return: what the loop of sends did with the frame of the server."""
        loop, count = Loop(), self._options.subscribers
        with (
            SendLoop(program, core, count, self.frame) as sender,
            Listeners(loop, [plain(sender.port) for _ in range(count)]) as listeners,
        ):
            sender.join(loop)
            sender.publish()
            while not sender.idle:
                loop.turn()
            return self._measure(sender, loop, listeners, sender, sender.publish)


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    program, fan = build("sendloop", "send()", folder), FanOut(options)
    runs: list[Run] = []
    baselines: list[Run] = []
    messages = 0
    with Server(folder, core, options.profile) as server:
        # In turns, so that what disturbs the machine for a while disturbs both.
        for _ in range(options.repeats):
            runs.append(fan.comet(server))
            messages += fan.messages
            baselines.append(fan.baseline(program, core))
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "frame_bytes": len(fan.frame),
        "window": options.window,
        "repeats": options.repeats,
        "messages": messages,
        "delivered": sum(run.count for run in runs),
        "server": figures.rates(runs),
        "baseline": {"name": program.name, **figures.rates(baselines)},
        "ratio": figures.ratios(runs, baselines),
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How fast does one message reach many?", seconds=2, repeats=5)
    options.add_argument("--subscribers", type=positive, default=1000, help="browsers that listen")
    options.add_argument("--window", type=positive, default=16, help="the most messages on their way")
    run("fanout", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
