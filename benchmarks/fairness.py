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

from rig import crowd, figures, machine, stages
from rig.baseline import python
from rig.command import parser, positive, run
from rig.figures import Budget, quantile
from rig.joining import CppComet, WebSocket, Wire
from rig.pings import PACE, Pings
from rig.server import Server
from rig.stages import Stage

#: With which options this is a part of the whole.
SUITE = ((), ("--subscribers", "50000", "--workers", "4"))
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


Times = dict[str, list[list[float]]]


def in_turn(stage: Stage, options: argparse.Namespace, times: Times) -> None:
    """Ping our server, while nobody publishes and while somebody does."""
    for _ in range(options.repeats):
        times[IDLE].append(ping(stage, CppComet(), False, Budget(None, options.seconds)))
        times[COMET].append(ping(stage, CppComet(), True, Budget(options.messages, options.seconds)))


def one_process(options: argparse.Namespace, folder: Path, core: int | None) -> Times:
    """@return: the milliseconds of each run, with a server that is one process."""
    machine.allow_files(options.subscribers)
    program, browsers = python("autobahnloop", AUTOBAHN), (options.subscribers, 1)
    times: Times = {COMET: [], IDLE: [], AUTOBAHN: []}
    # Not in turns with the other server: so many would have to connect anew each time.
    with (
        Server(folder, core, options.profile) as server,
        stages.comet(server, *browsers, options.size) as stage,
    ):
        server.settle()
        in_turn(stage, options, times)
        message = stages.payload(stage.listeners.frame)
    with stages.sends(program, core, WebSocket("/"), *browsers, message) as stage:
        for _ in range(options.repeats):
            budget = Budget(options.messages, options.seconds)
            times[AUTOBAHN].append(ping(stage, WebSocket("/{channel}"), True, budget))
    return times


def workers(options: argparse.Namespace, folder: Path, core: int | None) -> Times:
    """@return: the milliseconds of each run, with a server of several processes, as the load then is."""
    count = options.workers
    machine.allow_files(machine.share(options.subscribers, count))
    program, times = crowd.build(folder), Times({COMET: [], IDLE: []})
    with (
        Server(folder, core, options.profile, settings={"ws": {"workers": count}}) as server,
        stages.crowded(server, program, options.subscribers, count, options.size) as stage,
    ):
        server.settle()
        in_turn(stage, options, times)
    return times


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    many = options.workers > 1
    times = (workers if many else one_process)(options, folder, core)
    over = f" over {options.workers} workers" if many else ""
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "repeats": options.repeats,
        "pings": {name: sum(map(len, each)) for name, each in times.items()},
        "rows": rows(f"ping during a broadcast to {options.subscribers:,}{over}", times),
    }


def rows(case: str, times: Times) -> list[dict[str, Any]]:
    """@return: the rows of the table."""

    def of(name: str, share: float) -> list[float]:
        return [quantile(each, share) for each in times[name]]

    row: Callable[..., dict[str, Any]] = figures.row
    slowest = of(COMET, 1.0)
    aim = (f"the aim, {AIM:g} ms", [AIM] * len(slowest), 1.0)
    found = [row(case, "milliseconds, the slowest", slowest, *aim, less_is_better=True)]
    for beside in sorted({AUTOBAHN, IDLE} & set(times)):
        for name, share in QUANTILES.items():
            compared = (of(COMET, share), beside, of(beside, share))
            found.append(row(case, f"milliseconds, {name}", *compared, less_is_better=True))
    return found


def main() -> None:
    """Run this benchmark."""
    options = parser("How long do others wait during a broadcast?", 3, 3)
    options.add_argument("--subscribers", type=positive, default=15_000, help="browsers that listen")
    options.add_argument(
        "--workers",
        type=positive,
        default=1,
        help="processes of the server, and of the load; if there are several, all have all cores",
    )
    parsed = options.parse_args()
    run("fairness", benchmark, parsed, pinned=parsed.workers == 1)


if __name__ == "__main__":
    main()
