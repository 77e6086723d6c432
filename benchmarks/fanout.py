"""
How fast does one message reach many?

N browsers listen to one channel, or are shared out to many, and a MySQL client inserts messages, one after
the other, as long as no more than a window of them is on its way. The baselines send frames of the same
length to as many sockets, which the same load reads: a loop of sends, a server made with Autobahn, and nchan.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rig import figures, machine, stages
from rig.baseline import build, python
from rig.command import parser, positive, run
from rig.figures import Budget, Run
from rig.joining import Bare, WebSocket
from rig.nchan import NAME as NCHAN
from rig.nchan import Nchan
from rig.server import Server
from rig.stages import Stage

#: With which options this is a part of the whole.
SUITE = (
    ("--subscribers", "1000"),
    ("--subscribers", "10000"),
    ("--subscribers", "10000", "--channels", "1000", "--window", "16"),
    ("--subscribers", "10000", "--channels", "1000", "--window", "20", "--rows", "20", "--beside", "nchan"),
)
#: What makes it quick, and says nothing about speed.
SMOKE = ("--subscribers", "6", "--channels", "3", "--messages", "4", "--repeats", "1", "--size", "300")

COMET, LOOP, AUTOBAHN = "comet", "send loop", "autobahn"
BESIDE = (LOOP, AUTOBAHN, NCHAN)
#: What a message by itself is to reach, of each baseline; on many channels that is asked of nchan alone.
AIMS = {LOOP: 0.75, AUTOBAHN: 3.0, NCHAN: 1.0}
#: And what many at a time are to reach, of one at a time.
AIM_JOINED = 3.0
THINGS = "deliveries"


class FanOut:
    """The runs of this benchmark."""

    def __init__(self, options: argparse.Namespace, folder: Path, core: int | None) -> None:
        self.frame = b""
        self.messages = self.delivered = 0
        self.names = {COMET: COMET, NCHAN: NCHAN}
        self.runs: dict[tuple[str, int], list[Run]] = {}
        self._options, self._core = options, core
        self._programs = {
            LOOP: build("sendloop", "send()", folder),
            AUTOBAHN: python("autobahnloop", "Autobahn's broadcast"),
        }
        self.names |= {name: program.name for name, program in self._programs.items()}

    def stage(self, name: str, server: Server, nchan: Nchan) -> AbstractContextManager[Stage]:
        """@return: what C{name} is measured on."""
        crowd = (self._options.subscribers, self._options.channels)
        if name == COMET:
            return stages.comet(server, *crowd, self._options.size, batch=self._options.rows)
        if name == LOOP:
            wire = Bare(len(self.frame))
            return stages.sends(self._programs[LOOP], self._core, wire, *crowd, self.frame)
        message = stages.payload(self.frame)
        if name == NCHAN:
            return stages.nchan(nchan, *crowd, message)
        return stages.sends(self._programs[AUTOBAHN], self._core, WebSocket("/"), *crowd, message)

    def measure(self, name: str, stage: Stage) -> None:
        """Run each window once."""
        options = self._options
        for window in options.window:
            result = stage.run(window, lambda: Budget(options.messages, options.seconds))
            self.runs.setdefault((name, window), []).append(result)
        if name == COMET:
            self.frame = stage.listeners.frame
            self.messages += stage.messages
            self.delivered += stage.listeners.delivered

    def rows(self, beside: list[str], missing: dict[str, str]) -> list[dict[str, Any]]:
        """
        @param missing: the baselines that are not there, and why.
        @return: the figures.
        """
        rows = []
        many = self._options.channels > 1
        for window in self._options.window:
            case, runs = self._case(window), self.runs[COMET, window]
            for name in beside:
                if name in missing:
                    unit = f"{THINGS} per CPU second"
                    rows.append(figures.missing_row(case, unit, self.names[name], missing[name]))
                    continue
                asked = name == NCHAN if many else window == 1
                aim = AIMS[name] if asked else None
                beside_runs = self.runs[name, window]
                rows.append(figures.rate_row(case, THINGS, runs, self.names[name], beside_runs, aim))
            if window > 1 and (COMET, 1) in self.runs:
                alone, aim = self.runs[COMET, 1], None if many else AIM_JOINED
                rows.append(figures.rate_row(case, THINGS, runs, "comet, one at a time", alone, aim))
        return rows

    def _case(self, window: int) -> str:
        options = self._options
        channels = f" on {options.channels:,} channels" if options.channels > 1 else ""
        rows = f", INSERTs of {options.rows} rows" if options.rows > 1 else ""
        at_a_time = "one" if window == 1 else window
        return f"{options.subscribers:,} subscribers{channels}, {at_a_time} at a time{rows}"


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(options.subscribers)
    fan = FanOut(options, folder, core)
    with (
        Server(folder, core, options.profile) as server,
        Nchan(folder, core, options.subscribers, NCHAN in options.beside) as nchan,
    ):
        missing = {NCHAN: nchan.missing} if nchan.missing else {}
        names = [COMET, *(name for name in options.beside if name not in missing)]
        # In turns, so that what disturbs the machine for a while disturbs all.
        for _ in range(options.repeats):
            for name in names:
                with fan.stage(name, server, nchan) as stage:
                    fan.measure(name, stage)
    return {
        "subscribers": options.subscribers,
        "channels": options.channels,
        "size": options.size,
        "frame_bytes": len(fan.frame),
        "repeats": options.repeats,
        "messages": fan.messages,
        "delivered": fan.delivered,
        "rows": fan.rows(options.beside, missing),
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How fast does one message reach many?", seconds=1.5, repeats=3)
    options.add_argument("--subscribers", type=positive, default=1000, help="browsers that listen")
    options.add_argument("--channels", type=positive, default=1, help="channels they are shared out to")
    options.add_argument("--rows", type=positive, default=1, help="messages in an INSERT")
    options.add_argument(
        "--window", type=positive, nargs="+", default=[1, 16], help="the most messages on their way"
    )
    options.add_argument("--beside", choices=BESIDE, nargs="*", default=BESIDE, help="the baselines")
    run("fanout", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
