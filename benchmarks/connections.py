"""
How fast do browsers connect, and what does one that only listens cost?

N browsers open a WebSocket, shake hands, listen to one channel, and stay. Each run has a fresh server, so
that no memory of the last one is used again. The baseline is a bare Twisted protocol, which answers a request
with a ready 101 and keeps the connection. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import mmap
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from rig import crowd, figures, machine
from rig.baseline import Baseline, bare_protocol
from rig.command import plain_parser, positive, run
from rig.crowd import Crowd
from rig.figures import Run
from rig.process import Process
from rig.server import Server

from comet.bench.wires import Manner

DIALECTS = {"cppcomet": crowd.LINES, "json": crowd.JSON}
#: So many come and go before anything is measured.
FIRST = 50
#: What is left to do when all are there has been done after so many seconds.
SETTLED = 1.5
#: What is aimed at: connections per second on one core, and kilobytes of memory for each.
AIM_RATE, AIM_KILOBYTES = 2000.0, 12.0
#: What makes it quick, and says nothing about speed.
SMOKE = ("--connections", "200", "--repeats", "1")
#: As by default: an idle connection waits for its next ping.
PING_SECONDS = 30


class Stay(NamedTuple):
    """
    What was measured of one crowd.

    @ivar kilobytes: the memory that each took.
    """

    run: Run
    kilobytes: float


def stay(process: Process, program: Path, port: int, manner: Manner, count: int) -> Stay:
    """Let a crowd come, look at the memory, and let it go."""
    with Crowd(program, port, manner, min(count, FIRST)):
        pass
    time.sleep(SETTLED)
    memory, cpu = process.resident_bytes(), process.cpu_seconds()
    with Crowd(program, port, manner, count) as there:
        cpu = process.cpu_seconds() - cpu
        time.sleep(SETTLED)
        # A few fit into memory that was there already; a page is as little as can be told.
        grown = max(process.resident_bytes() - memory, mmap.PAGESIZE)
    return Stay(Run(count, there.seconds, cpu, there.cpu_seconds), grown / count / 1024)


def results(stays: list[Stay]) -> dict[str, Any]:
    """@return: what C{stays} have in common."""
    rates = figures.rates([each.run for each in stays])
    return {**rates, "kilobytes": figures.spread([each.kilobytes for each in stays])}


def ratios(stays: list[Stay], baselines: list[Stay]) -> dict[str, Any]:
    """@return: C{stays} as shares of the baselines beside them."""
    pairs = zip(stays, baselines, strict=True)
    memory = figures.spread([one.kilobytes / other.kilobytes for one, other in pairs])
    rates = figures.ratios([each.run for each in stays], [each.run for each in baselines])
    return {**rates, "kilobytes": memory}


def rows(case: str, stays: list[Stay], name: str, baselines: list[Stay]) -> list[dict[str, Any]]:
    """@return: the rows of the table on one dialect."""
    rates, memory = [each.run.per_second for each in stays], [each.kilobytes for each in stays]
    goals = ([AIM_RATE] * len(stays), [AIM_KILOBYTES] * len(stays))
    bare = [each.kilobytes for each in baselines]
    in_rate, in_memory = "connections per second", "kilobytes for each"
    return [
        figures.row(case, in_rate, rates, f"the aim, {AIM_RATE:g}", goals[0], 1.0),
        figures.rate_row(
            case, "connections", [each.run for each in stays], name, [each.run for each in baselines]
        ),
        figures.row(
            case, in_memory, memory, f"the aim, {AIM_KILOBYTES:g}", goals[1], 1.0, less_is_better=True
        ),
        figures.row(case, in_memory, memory, name, bare, less_is_better=True),
    ]


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.connections)
    program, count, baseline = crowd.build(folder), options.connections, bare_protocol()
    found: dict[str, list[Stay]] = {name: [] for name in options.dialects}
    bare: list[Stay] = []
    for _ in range(options.repeats):
        for name, stays in found.items():
            with (
                tempfile.TemporaryDirectory(dir=folder) as place,
                Server(Path(place), core, options.profile, PING_SECONDS) as server,
            ):
                stays.append(stay(server, program, server.ports["ws"], DIALECTS[name], count))
        with Baseline(baseline, core) as other:
            bare.append(stay(other, program, other.port, crowd.BARE, count))
    return {
        "connections": count,
        "repeats": options.repeats,
        "baseline": {"name": baseline.name, **results(bare)},
        "cases": [
            {"dialect": name, **results(stays), "ratio": ratios(stays, bare)} for name, stays in found.items()
        ],
        "rows": [
            row
            for dialect, stays in found.items()
            for row in rows(f"{count:,} browsers, {dialect}", stays, baseline.name, bare)
        ],
    }


def main() -> None:
    """Run this benchmark."""
    options = plain_parser("How fast do browsers connect, and what does each cost?", repeats=3)
    options.add_argument("--connections", type=positive, default=15000, help="browsers that connect")
    options.add_argument(
        "--dialects", nargs="+", choices=DIALECTS, default=list(DIALECTS), help="what they speak"
    )
    run("connections", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
