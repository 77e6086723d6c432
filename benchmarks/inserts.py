"""
How many INSERTs a second?

MySQL clients send statements, each the next one when the last was answered: pings, which ask for nothing, and
INSERTs into a channel to which nobody listens, into one to which one browser listens, and into one that keeps
a history, whose messages are answered when they are on the disk. The baseline is a loop that answers the
packets of the first of these INSERTs and does nothing else. Where a MariaDB is installed, it runs the same
INSERT into a table in memory, from the same client and on the same core. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rig import figures, machine, mysql
from rig.baseline import Baseline, build
from rig.command import parser, positive, run
from rig.figures import Budget, Run, measure
from rig.joining import CppComet
from rig.listeners import Listeners
from rig.loop import Loop
from rig.mariadb import MariaDB
from rig.process import Process
from rig.server import Server

from comet.bench.mysql import query

#: What a channel keeps by default at most.
HISTORY = 99
PING, NOBODY, ONE, KEPT = CASES = ("ping", "nobody listens", "one listens", "history is kept")
#: The channels of the last three.
CHANNELS = {NOBODY: "nobody", ONE: "one", KEPT: "kept"}
#: The second baseline, where there is one.
MARIADB = "mariadb_memory"
#: What makes it quick, and says nothing about speed.
SMOKE = ("--connections", "3", "--messages", "12", "--repeats", "1")
#: What an INSERT to one who listens is to reach, of MariaDB.
AIM = 1.0
THINGS = "statements"


class Series:
    """The runs over a number of connections."""

    def __init__(
        self,
        options: argparse.Namespace,
        server: Server,
        baseline: Baseline,
        mariadb: MariaDB | None,
        count: int,
    ) -> None:
        """@param count: how many connections."""
        self.delivered = 0
        self.affected = dict.fromkeys(CASES, 0)
        self._options = options
        self._server = server
        self._baseline = baseline
        self._mariadb = mariadb
        self._count = count
        self._runs: dict[str, list[Run]] = {name: [] for name in CASES}
        self._baselines: list[Run] = []
        self._mariadbs: list[Run] = []

    def run(self) -> None:
        """Measure each case, and the baselines, once."""
        size, server = self._options.size, self._server
        packets = {name: mysql.insert(size, channel) for name, channel in CHANNELS.items()}
        packets[PING] = mysql.PING
        loop = Loop()
        clients = [mysql.Client(self._baseline.port, None) for _ in range(self._count)]
        self._baselines.append(self._measure(self._baseline, clients, loop, packets[NOBODY]))
        if self._mariadb is not None:
            self._mariadbs.append(self._beside(self._mariadb, packets[ONE]))
        for name in CASES:
            loop = Loop()
            with ExitStack() as stack:
                clients = [
                    stack.enter_context(mysql.Client(server.ports["cometql"], server.password))
                    for _ in range(self._count)
                ]
                if name == ONE:
                    wire = CppComet()
                    socket = wire.join(server.ports["ws"], CHANNELS[ONE], 0)
                    listeners = stack.enter_context(Listeners(loop, wire, [socket]))
                    clients[0].ask(packets[ONE])
                    listeners.start()
                result = self._measure(server, clients, loop, packets[name])
                self._runs[name].append(result)
                self.affected[name] += sum(client.affected for client in clients)
                if name == ONE:
                    self._hear_out(loop, listeners, result.count)

    def _measure(self, process: Process, clients: Sequence[mysql.Client], loop: Loop, packet: bytes) -> Run:
        for client in clients:
            client.join(loop)
        budget = Budget(self._options.messages, self._options.seconds)
        return measure(process, loop, lambda: mysql.ask_all(loop, clients, packet, budget.allows))

    def _beside(self, mariadb: MariaDB, packet: bytes) -> Run:
        """@return: what the same INSERTs take in MariaDB, where each has to write a row."""
        mariadb.empty()
        loop = Loop()
        with ExitStack() as stack:
            clients = [stack.enter_context(mariadb.client()) for _ in range(self._count)]
            result = self._measure(mariadb, clients, loop, packet)
        if sum(client.affected for client in clients) != result.count:
            sys.exit(f"MariaDB did not carry out all of {result.count} INSERTs")
        return result

    def _hear_out(self, loop: Loop, listeners: Listeners, messages: int) -> None:
        """Wait for the last of C{messages}."""
        while listeners.delivered < messages:
            loop.turn()
        listeners.check(messages)
        self.delivered += messages

    def baseline_row(self) -> dict[str, Any]:
        """@return: the figures of the baseline."""
        return {"connections": self._count, **figures.rates(self._baselines)}

    def mariadb_row(self) -> dict[str, Any]:
        """@return: the figures of MariaDB."""
        return {"connections": self._count, **figures.rates(self._mariadbs)}

    def _ratios(self, name: str, runs: Sequence[Run]) -> dict[str, Any]:
        """@return: C{runs} of a case as shares of the baselines; a ping is nothing that MariaDB was asked."""
        ratios = {"ratio": figures.ratios(runs, self._baselines)}
        if self._mariadbs and name != PING:
            ratios[f"ratio_{MARIADB}"] = figures.ratios(runs, self._mariadbs)
        return ratios

    def table(self) -> list[dict[str, Any]]:
        """@return: the rows of the table."""
        rows = []
        for name, runs in self._runs.items():
            case = f"{name}, {self._count} {'client' if self._count == 1 else 'clients'}"
            rows.append(figures.rate_row(case, THINGS, runs, self._baseline.name, self._baselines))
            if self._mariadb is not None and name != PING:
                beside = ("MariaDB, a MEMORY table", self._mariadbs)
                aim = AIM if name == ONE else None
                rows.append(figures.rate_row(case, THINGS, runs, *beside, aim, "per_second"))
                rows.append(figures.rate_row(case, THINGS, runs, *beside))
        return rows

    def rows(self) -> list[dict[str, Any]]:
        """@return: the figures of each case."""
        return [
            {
                "case": name,
                "connections": self._count,
                "statements": sum(run.count for run in runs),
                "affected": self.affected[name],
                **figures.rates(runs),
                **self._ratios(name, runs),
            }
            for name, runs in self._runs.items()
        ]


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    counts = list(dict.fromkeys((1, options.connections)))
    machine.allow_files(max(counts))
    program = build("answerloop", "recv() and send()", folder)
    kept = CHANNELS[KEPT]
    with (
        ExitStack() as stack,
        Server(folder, core, options.profile) as server,
        Baseline(program, core) as baseline,
        mysql.Client(server.ports["cometql"], server.password) as client,
    ):
        client.ask(query(f"INSERT INTO pipes_settings (name, length) VALUES ('{kept}', {HISTORY})"))
        mariadb = MariaDB.start(folder, core, options.size)
        if mariadb is not None:
            stack.enter_context(mariadb)
        series = [Series(options, server, baseline, mariadb, count) for count in counts]
        # In turns, so that what disturbs the machine for a while disturbs all.
        for _ in range(options.repeats):
            for each in series:
                each.run()
        stored = sum(each.affected[KEPT] for each in series)
        found = client.count(f"SELECT id FROM pipes_messages WHERE name = '{kept}'")
    if found != min(stored, HISTORY):
        sys.exit(f"{stored} messages were stored in a channel that keeps {HISTORY}, and {found} are there")
    return {
        "size": options.size,
        "repeats": options.repeats,
        "baseline": {"name": program.name, "rates": [each.baseline_row() for each in series]},
        MARIADB: mariadb and {"name": mariadb.name, "rates": [each.mariadb_row() for each in series]},
        "delivered": sum(each.delivered for each in series),
        "kept": found,
        "cases": [row for each in series for row in each.rows()],
        "rows": [row for each in series for row in each.table()],
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How many INSERTs a second?", seconds=0.8, repeats=3)
    options.add_argument("--connections", type=positive, default=8, help="clients, besides one alone")
    run("inserts", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
