"""
What do several processes cost that are one server, and what do they gain?

Messages are inserted for browsers that listen to one channel, and INSERTs are sent by many clients, with one
process, with workers that share its ports, and with servers over a Redis. One process is the baseline. The
CPU time is that of all processes together, with the Redis. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rig import figures, machine, mysql, redis, stages
from rig.command import parser, positive, run
from rig.figures import Budget, Run, measure
from rig.joining import CppComet
from rig.listeners import Listeners
from rig.loop import Loop
from rig.nodes import Nodes
from rig.server import Server

#: What makes it quick, and says nothing about speed.
SMOKE = (
    *("--subscribers", "8", "--connections", "4", "--messages", "6", "--repeats", "1"),
    *("--workers", "2", "--window", "2"),
)

ONE, NODES, REDIS = "one process", "2 nodes over Redis", "Redis"
#: How many nodes there are.
NODE_COUNT = 2
CHANNEL = "bench"

Site = Server | Nodes


class Comparison:
    """The runs of all that are compared, by what was done."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.delivered = self.inserted = 0
        self._options = options
        self._runs: dict[tuple[str, str], dict[str, list[Run]]] = {}

    def measure(self, name: str, site: Site) -> None:
        """Do all of it once, on what is called C{name}."""
        options = self._options
        for subscribers in options.subscribers:
            with stages.comet(site, subscribers, 1, options.size) as stage:
                for window in options.window:
                    at_a_time = "one" if window == 1 else window
                    case = f"{subscribers:,} subscribers, {at_a_time} at a time"
                    run = stage.run(window, lambda: Budget(options.messages, options.seconds))
                    self._note(case, "deliveries", name, run)
                    self.delivered += run.count
        case = f"{options.connections} clients, one browser listens"
        run = insert(site, options)
        self._note(case, "INSERTs", name, run)
        self.inserted += run.count

    def _note(self, case: str, things: str, name: str, run: Run) -> None:
        self._runs.setdefault((case, things), {}).setdefault(name, []).append(run)

    def rows(self, missing: dict[str, str]) -> list[dict[str, Any]]:
        """
        @param missing: what could not be measured, and why.
        @return: the figures, each beside one process.
        """
        rows = []
        for (case, things), found in self._runs.items():
            # By the clock it says something only where each process may have a core.
            for rate in ("per_second", "per_cpu_second") if self._options.free else ("per_cpu_second",):
                for name, runs in found.items():
                    if name != ONE:
                        beside = (ONE, found[ONE])
                        rows.append(figures.rate_row(f"{case}, {name}", things, runs, *beside, rate=rate))
            for name, why in missing.items():
                rows.append(figures.missing_row(f"{case}, {name}", things, REDIS, why))
        return rows


def insert(site: Site, options: argparse.Namespace) -> Run:
    """
    Let clients insert messages to one who listens, and wait until all that is done.

    @return: what that took, counted in INSERTs.
    """
    servers, wire, loop = site.servers, CppComet(), Loop()
    packet = mysql.insert(options.size, CHANNEL)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(mysql.Client(server.ports["cometql"], server.password))
            for server in (servers[number % len(servers)] for number in range(options.connections))
        ]
        listener = wire.join(servers[0].ports["ws"], CHANNEL, 0)
        listeners = stack.enter_context(Listeners(loop, wire, [listener]))
        clients[0].ask(packet)
        listeners.start()
        for client in clients:
            client.join(loop)
        budget = Budget(options.messages, options.seconds)

        def work() -> int:
            sent = mysql.ask_all(loop, clients, packet, budget.allows)
            while listeners.delivered < sent:
                loop.turn()
            return sent

        result = measure(site, loop, work)
        listeners.check(result.count)
    return result


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    machine.allow_files(max(*options.subscribers, options.connections))
    comparison, program, missing = Comparison(options), redis.find(), {}
    sites: dict[str, Site] = {}
    with ExitStack() as stack:
        for count in (1, *options.workers):
            name = ONE if count == 1 else f"{count} workers"
            sites[name] = stack.enter_context(server(folder / f"workers{count}", core, count))
        if program is None:
            missing[NODES] = "there is no redis-server (tools/setup_bench.sh)"
        else:
            sites[NODES] = stack.enter_context(Nodes(program, NODE_COUNT, folder, core))
        # In turns, so that what disturbs the machine for a while disturbs all.
        for _ in range(options.repeats):
            for name, site in sites.items():
                comparison.measure(name, site)
    return {
        "subscribers": options.subscribers,
        "connections": options.connections,
        "size": options.size,
        "repeats": options.repeats,
        "delivered": comparison.delivered,
        "inserted": comparison.inserted,
        "rows": comparison.rows(missing),
    }


def server(folder: Path, core: int | None, workers: int) -> Server:
    """@return: a running server with so many workers."""
    folder.mkdir()
    return Server(folder, core, settings={"ws": {"workers": workers}})


def main() -> None:
    """Run this benchmark."""
    options = parser("What do several processes cost that are one server?", 1.5, repeats=3, profile=False)
    options.add_argument(
        "--subscribers", type=positive, nargs="+", default=[1000, 10_000], help="browsers that listen"
    )
    options.add_argument(
        "--window", type=positive, nargs="+", default=[1, 16], help="the most messages on their way"
    )
    options.add_argument("--connections", type=positive, default=32, help="clients that insert")
    options.add_argument("--workers", type=positive, nargs="+", default=[2, 4], help="of a server")
    options.add_argument(
        "--free", action="store_true", help="let all processes, those of the load too, have all cores"
    )
    parsed = options.parse_args()
    run("cluster", benchmark, parsed, pinned=not parsed.free)


if __name__ == "__main__":
    main()
