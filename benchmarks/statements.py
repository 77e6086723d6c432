"""
What does it cost to understand a statement?

INSERTs of one row, each with another text, go from text to plan and to the values that the plan is called
with; once with plans kept, as programs find it, and once with none kept, so that each is parsed anew. The
baseline is sqlglot, which parses the same texts as MySQL's. Prints one line of JSON, times in microseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlglot
from rig.command import parser, run
from rig.figures import Budget, spread

from comet.broker import Broker
from comet.cometql.cache import PlanCache
from comet.cometql.planner import Planner
from comet.cometql.tables.catalogue import Catalogue
from comet.hub import Hub
from comet.presence import Presence
from comet.storage.memory import MemoryStore

#: What is done with each text.
CASES = ("plan kept", "parsed anew", "baseline")


def texts(count: int, size: int) -> list[str]:
    """@return: so many INSERTs of a message, no two alike."""
    rest = "x" * size
    return [
        "INSERT INTO pipes_messages (name, event, message)"
        f" VALUES ('chat', 'new', '{f'{number} {rest}'[:size]}')"
        for number in range(count)
    ]


def microseconds(
    work: Callable[[str], object], statements: Sequence[str], budget: Budget
) -> tuple[float, int]:
    """@return: how long C{work} takes for one statement, and how many there were."""
    done, started = 0, time.perf_counter()
    while budget.allows(done):
        work(statements[done % len(statements)])
        done += 1
    return (time.perf_counter() - started) / done * 1e6, done


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    broker = Broker(Hub(), Presence(), MemoryStore(), lambda: 0.0, lambda coroutine: coroutine.close())
    planner = Planner(Catalogue(broker)).plan
    kept, none_kept = PlanCache(planner), PlanCache(planner, entries=1, longest=0)
    work = {
        CASES[0]: kept.find,
        CASES[1]: none_kept.find,
        CASES[2]: lambda text: sqlglot.parse_one(text, read="mysql"),
    }
    statements = texts(1000, options.size)
    kept.find(statements[0])
    times: dict[str, list[float]] = {name: [] for name in CASES}
    counts = dict.fromkeys(CASES, 0)
    # In turns, so that what disturbs the machine for a while disturbs all.
    for _ in range(options.repeats):
        for name in CASES:
            taken, count = microseconds(work[name], statements, Budget(options.messages, options.seconds))
            times[name].append(taken)
            counts[name] += count
    pairs = {name: list(zip(times[name], times[CASES[2]], strict=True)) for name in CASES[:2]}
    return {
        "size": options.size,
        "repeats": options.repeats,
        "baseline": {
            "name": f"sqlglot {sqlglot.__version__}, parse_one()",
            "microseconds": spread(times[CASES[2]]),
        },
        "cases": [
            {
                "case": name,
                "statements": counts[name],
                "microseconds": spread(times[name]),
                "ratio": spread([baseline / taken for taken, baseline in pairs[name]]),
            }
            for name in CASES[:2]
        ],
        "hits": kept.hits,
        "misses": none_kept.misses,
    }


def main() -> None:
    """Run this benchmark."""
    run("statements", benchmark, parser("What does it cost to understand a statement?", 0.3, 5).parse_args())


if __name__ == "__main__":
    main()
