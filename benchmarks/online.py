"""
What do 64,000 browsers cost that are online at the same time?

They connect over WebSocket to a server of several workers, listen to one channel, and stay; then messages are
published to all of them. The baseline is a server that is one process, with as many of them as one worker
has. The memory is also beside that which CppComet publishes for itself. Each run has a fresh server. Prints
one line of JSON.
"""

from __future__ import annotations

import argparse
import mmap
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig import crowd, figures, machine, stages
from rig.audience import Audience
from rig.command import plain_parser, positive, run
from rig.crowd import Crowd
from rig.figures import Budget, Run
from rig.loop import Loop
from rig.server import Server

from comet.bench import wires

#: What makes it quick, and says nothing about speed.
SMOKE = ("--connections", "40", "--workers", "2", "--messages", "2", "--repeats", "1")
#: So many come and go in each worker before anything is measured.
FIRST = 50
#: What is left to do when all are there has been done after so many seconds.
SETTLED = 1.5
#: The bytes that CppComet says it takes, and for how many browsers.
CPPCOMET, CPPCOMET_BYTES, CPPCOMET_BROWSERS = "CppComet, as published", 5e9, 64_000
#: Less than that is aimed at.
AIM = 1.0
#: An idle connection waits for its next ping, as by default, but that does not come, as it would be counted.
PING_SECONDS = 3600
ONE = "one process"


@dataclass(frozen=True)
class Evening:
    """
    What was measured of one server with all its browsers.

    @ivar coming: counted in connections.
    @ivar broadcast: counted in deliveries.
    @ivar grown: by how many bytes the processes have grown, with what they share counted once.
    @ivar total: how many they have in the end.
    @ivar resident: the same, with what they share counted for each.
    """

    coming: Run
    broadcast: Run
    grown: int
    total: int
    resident: int


def evening(options: argparse.Namespace, folder: Path, program: Path, workers: int, count: int) -> Evening:
    """@return: what was measured of so many workers, and C{count} browsers in as many processes."""
    channel, loop, size = stages.channel_names(1)[0], Loop(), options.size
    with Server(folder, None, ping=PING_SECONDS, settings={"ws": {"workers": workers}}) as server:
        with Crowd(program, server.ports["ws"], wires.lines(channel), min(count, FIRST * workers)):
            pass
        time.sleep(SETTLED)
        before = server.proportional_bytes()
        with Audience(loop, program, server, channel, count, workers) as audience:
            time.sleep(SETTLED)
            total, resident = server.proportional_bytes(), server.resident_bytes()
            with stages.inserted(server, loop, audience, 1, size) as stage:
                broadcast = stage.run(1, lambda: Budget(options.messages, 0))
    # A few fit into memory that was there already; a page is as little as can be told.
    grown = max(total - before, mmap.PAGESIZE)
    return Evening(audience.coming, broadcast, grown, total, resident)


def rows(case: str, evenings: list[Evening], ones: list[Evening]) -> list[dict[str, Any]]:
    """
    @param ones: what was measured of one process.
    @return: the rows of the table.
    """

    def memory(measured: str, beside: str, values: list[float], others: list[float]) -> dict[str, Any]:
        aim = AIM if beside == CPPCOMET else None
        return figures.row(case, measured, values, beside, others, aim, less_is_better=True)

    def each(runs: list[Evening]) -> list[float]:
        return [one.grown / one.coming.count / 1024 for one in runs]

    published = [CPPCOMET_BYTES * one.coming.count / CPPCOMET_BROWSERS / 1e6 for one in evenings]
    found = [
        memory("MB in all", CPPCOMET, [one.total / 1e6 for one in evenings], published),
        memory("MB in all, RSS", CPPCOMET, [one.resident / 1e6 for one in evenings], published),
        memory("kilobytes for each", ONE, each(evenings), each(ones)),
    ]
    for things, runs, others in (
        ("connections", [one.coming for one in evenings], [one.coming for one in ones]),
        ("deliveries", [one.broadcast for one in evenings], [one.broadcast for one in ones]),
    ):
        for rate in ("per_second", "per_cpu_second"):
            found.append(figures.rate_row(case, things, runs, ONE, others, rate=rate))
    return found


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    workers, count = options.workers, options.connections
    machine.allow_files(machine.share(count, workers))
    program = crowd.build(folder)
    evenings: list[Evening] = []
    ones: list[Evening] = []
    for _ in range(options.repeats):
        for number, runs in ((workers, evenings), (1, ones)):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                many = count * number // workers
                runs.append(evening(options, Path(place), program, number, many))
    return {
        "connections": count,
        "workers": workers,
        "size": options.size,
        "repeats": options.repeats,
        "seconds_to_connect": figures.spread([one.coming.seconds for one in evenings]),
        "seconds_of_a_broadcast": figures.spread(
            [one.broadcast.seconds / options.messages for one in evenings]
        ),
        "delivered": sum(one.broadcast.count for one in evenings),
        "rows": rows(f"{count:,} online, {workers} workers", evenings, ones),
    }


def main() -> None:
    """Run this benchmark."""
    options = plain_parser("What do very many browsers cost that are online?", repeats=3, profile=False)
    options.add_argument("--connections", type=positive, default=64_000, help="browsers that are online")
    options.add_argument(
        "--workers", type=positive, default=4, help="processes of the server, and of the load"
    )
    options.add_argument("--size", type=positive, default=100, help="bytes of text in a message")
    options.add_argument("--messages", type=positive, default=5, help="messages that are published to all")
    # All processes have all cores: with one for the server, its workers would wait for each other.
    run("online", benchmark, options.parse_args(), pinned=False)


if __name__ == "__main__":
    main()
