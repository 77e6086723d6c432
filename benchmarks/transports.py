"""
What does it cost to reach browsers without WebSocket?

N browsers listen to one channel by WebSocket, by server-sent events and by long-poll, one kind at a time, all
in the JSON protocol; a MySQL client inserts messages, each when the last has come to all. A client of
long-poll asks for the next answer as soon as it has one. The baseline is WebSocket. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rig import figures, machine, stages
from rig.command import parser, positive, run
from rig.figures import Budget, Run
from rig.joining import EventStream, JsonSocket
from rig.server import Server
from rig.stages import Stage

#: What makes it quick, and says nothing about speed.
SMOKE = ("--subscribers", "4", "--messages", "5", "--repeats", "1")
WEBSOCKET, EVENTS, POLL = KINDS = ("WebSocket", "server-sent events", "long-poll")
#: What is aimed at, of WebSocket: a third.
AIMS = {EVENTS: 0.33, POLL: None}


def stage(kind: str, server: Server, options: argparse.Namespace) -> AbstractContextManager[Stage]:
    """@return: what a kind is measured on."""
    if kind == POLL:
        return stages.polled(server, options.subscribers, options.size)
    wire = JsonSocket() if kind == WEBSOCKET else EventStream()
    return stages.comet(server, options.subscribers, 1, options.size, wire)


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    runs: dict[str, list[Run]] = {kind: [] for kind in KINDS}
    with Server(folder, core, options.profile) as server:
        # In turns, so that what disturbs the machine for a while disturbs all.
        for _ in range(options.repeats):
            for kind in KINDS:
                with stage(kind, server, options) as measured:
                    found = measured.run(1, lambda: Budget(options.messages, options.seconds))
                    runs[kind].append(found)
    return {
        "subscribers": options.subscribers,
        "size": options.size,
        "repeats": options.repeats,
        "delivered": {kind: sum(run.count for run in runs[kind]) for kind in KINDS},
        "rows": [
            figures.rate_row(
                f"{kind}, {options.subscribers:,} subscribers, one at a time",
                "deliveries",
                runs[kind],
                "comet, WebSocket",
                runs[WEBSOCKET],
                aim,
            )
            for kind, aim in AIMS.items()
        ],
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("What does it cost to reach browsers without WebSocket?", 1.5, 3)
    options.add_argument("--subscribers", type=positive, default=1000, help="browsers that listen")
    run("transports", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
