"""
How long do others wait during a broadcast?

N browsers listen to one channel, to which messages are published one after the other; on a connection of its
own comes a ping every two milliseconds, which is timed from when it is due to when its pong has come. The
baselines are a server made with Autobahn, and this one while nobody publishes. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import figures, machine, stages
from rig.baseline import python
from rig.command import parser, positive, run
from rig.figures import Budget, quantile
from rig.joining import CppComet, WebSocket, Wire
from rig.pings import PACE, Pings
from rig.server import Server
from rig.stages import Stage

#: What makes it quick, and says nothing about speed.
SMOKE = ("--subscribers", "20", "--messages", "3", "--repeats", "1", "--seconds", "0.05")
#: What part of all pings to look at.
QUANTILES = {"p50": 0.5, "p99": 0.99, "the slowest": 1.0}
#: The slowest ping is to take no longer than that, in milliseconds.
AIM = 20.0
COMET, IDLE, AUTOBAHN = "comet", "comet, nobody publishes", "Autobahn's broadcast"


def ping(stage: Stage, wire: Wire, busy: bool, budget: Budget) -> list[float]:
    """
    @param wire: that of the connection which pings.
    @param busy: whether messages are published in the meantime, one at a time.
    @return: the milliseconds that the pings took, the shortest first.
    """
    loop, listeners, source, published = stage.loop, stage.listeners, stage.source, 0
    connection = wire.join(stage.port, "elsewhere", len(listeners))
    pings = Pings(loop, connection)
    start, reach = listeners.delivered, len(listeners)
    pings.start()
    while budget.allows(published):
        if busy and source.idle and listeners.delivered == start + published * reach:
            source.publish()
            published += 1
        elif not busy:
            published = len(pings.milliseconds)
        pings.send()
        loop.turn(PACE / 4)
    found = pings.finish()
    while busy and (not source.idle or listeners.delivered < start + published * reach):
        loop.turn()
    loop.remove(connection)
    connection.close()
    return found


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    program = python("autobahnloop", AUTOBAHN)
    crowd = (options.subscribers, 1)
    times: dict[str, list[list[float]]] = {name: [] for name in (COMET, IDLE, AUTOBAHN)}

    def budget(messages: int | None = options.messages) -> Budget:
        return Budget(messages, options.seconds)

    with Server(folder, core, options.profile) as server:
        # Not in turns: so many would have to connect anew each time.
        with stages.comet(server, *crowd, options.size) as stage:
            server.settle()
            for _ in range(options.repeats):
                times[IDLE].append(ping(stage, CppComet(), False, budget(None)))
                times[COMET].append(ping(stage, CppComet(), True, budget()))
            message = stages.payload(stage.listeners.frame)
        with stages.sends(program, core, WebSocket("/"), *crowd, message) as stage:
            for _ in range(options.repeats):
                times[AUTOBAHN].append(ping(stage, WebSocket("/{channel}"), True, budget()))
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "repeats": options.repeats,
        "pings": {name: sum(map(len, each)) for name, each in times.items()},
        "rows": rows(f"ping during a broadcast to {options.subscribers:,}", times),
    }


def rows(case: str, times: dict[str, list[list[float]]]) -> list[dict[str, Any]]:
    """@return: the rows of the table."""

    def of(name: str, share: float) -> list[float]:
        return [quantile(each, share) for each in times[name]]

    row: Callable[..., dict[str, Any]] = figures.row
    slowest = of(COMET, 1.0)
    aim = (f"the aim, {AIM:g} ms", [AIM] * len(slowest), 1.0)
    found = [row(case, "milliseconds, the slowest", slowest, *aim, less_is_better=True)]
    for beside in (AUTOBAHN, IDLE):
        for name, share in QUANTILES.items():
            compared = (of(COMET, share), beside, of(beside, share))
            found.append(row(case, f"milliseconds, {name}", *compared, less_is_better=True))
    return found


def main() -> None:
    """Run this benchmark."""
    options = parser("How long do others wait during a broadcast?", 3, 3)
    options.add_argument("--subscribers", type=positive, default=15_000, help="browsers that listen")
    run("fairness", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
