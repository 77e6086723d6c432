"""
How long is a message on its way, while the server is half busy?

N browsers listen to one channel. It is measured how many messages a second come through one by one; then they
are published at half of that rate, and each delivery is timed, from when its message was due to when it was
read. The baseline is a loop of sends at the same rate. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rig import figures, machine, stages
from rig.baseline import build
from rig.command import parser, positive, run
from rig.figures import Budget, quantile
from rig.joining import Bare
from rig.server import Server
from rig.stages import Stage

#: What makes it quick, and says nothing about speed.
SMOKE = ("--subscribers", "4", "--messages", "5", "--repeats", "1")
#: The share of deliveries, and what its ratio is to be: p99 at most twice that of the loop.
QUANTILES = {"p50": (0.5, None), "p99": (0.99, 0.5)}
#: The share of what the server can do.
LOAD = 0.5


def paced(stage: Stage, rate: float, options: argparse.Namespace) -> list[float]:
    """@return: the milliseconds of all deliveries."""
    return stage.pace(rate, options.messages or max(int(rate * options.seconds), 20))


def quantiles(times: Sequence[Sequence[float]], share: float) -> list[float]:
    """@return: one for each run."""
    return [quantile(each, share) for each in times]


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    program = build("sendloop", "send()", folder)
    rates, times, baselines = [], [], []
    with Server(folder, core, options.profile) as server:
        # In turns, so that what disturbs the machine for a while disturbs both.
        for _ in range(options.repeats):
            with stages.comet(server, options.subscribers, 1, options.size) as stage:
                full = stage.run(1, lambda: Budget(options.messages, options.seconds))
                rates.append(full.per_second / options.subscribers * LOAD)
                times.append(paced(stage, rates[-1], options))
                frame = stage.listeners.frame
            with stages.sends(program, core, Bare(len(frame)), options.subscribers, 1, frame) as stage:
                baselines.append(paced(stage, rates[-1], options))
    case = f"{options.subscribers:,} subscribers, half of saturation"
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "repeats": options.repeats,
        "messages_per_second": figures.spread(rates),
        "delivered": sum(map(len, times)),
        "rows": [
            figures.row(
                case,
                f"milliseconds, {name}",
                quantiles(times, share),
                f"{program.name}, same rate",
                quantiles(baselines, share),
                aim,
                less_is_better=True,
            )
            for name, (share, aim) in QUANTILES.items()
        ],
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How long is a message on its way, while the server is half busy?", 3, 3)
    options.add_argument("--subscribers", type=positive, default=1000, help="browsers that listen")
    run("latency", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
