"""
How fast does one message reach many, within TLS?

N browsers listen to one channel over TLS, and a MySQL client inserts messages, each when the last has come
to all. The baseline is a loop that does nothing but write the same frame to as many connections of pyOpenSSL.
The load counts the records of TLS and does not decrypt them. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from rig import figures, machine, stages
from rig.baseline import python
from rig.certificate import certify
from rig.command import parser, positive, run
from rig.figures import Budget, Run
from rig.joining import CppComet, Tls
from rig.server import Server

#: What makes it quick, and says nothing about speed.
SMOKE = ("--subscribers", "4", "--messages", "5", "--repeats", "1")
AIM = 0.8


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    certificate, key = certify(folder)
    os.environ |= {"BENCH_CERTIFICATE": str(certificate), "BENCH_KEY": str(key)}
    program = python("tlsloop", "pyOpenSSL loop of send()")
    runs: list[Run] = []
    plain: list[Run] = []
    baselines: list[Run] = []

    def budget() -> Budget:
        return Budget(options.messages, options.seconds)

    crowd, within = (options.subscribers, 1), Tls(CppComet())
    settings = {"tls": {"port": 0, "certificate": certificate, "key": key}}
    with Server(folder, core, options.profile, settings=settings) as server:
        # In turns, so that what disturbs the machine for a while disturbs all.
        for _ in range(options.repeats):
            with stages.comet(server, *crowd, options.size) as stage:
                plain.append(stage.run(1, budget))
                frame = stage.listeners.frame
            with stages.comet(server, *crowd, options.size, within, "wss") as stage:
                runs.append(stage.run(1, budget))
            with stages.sends(program, core, Tls(None), *crowd, frame) as stage:
                baselines.append(stage.run(1, budget))
    case = f"{options.subscribers:,} subscribers, one at a time"
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "repeats": options.repeats,
        "delivered": sum(run.count for run in runs),
        "rows": [
            figures.rate_row(case, "deliveries", runs, program.name, baselines, AIM),
            figures.rate_row(case, "deliveries", runs, "comet, without TLS", plain),
        ],
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How fast does one message reach many, within TLS?", 1.5, 3)
    options.add_argument("--subscribers", type=positive, default=1000, help="browsers that listen")
    run("tls", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
