"""
What does it cost to understand a statement?

INSERTs of one row, each with another text, go from text to plan and to the values that the plan is called
with; once with plans kept, as programs find it, and once with none kept, so that each is parsed anew. Then
they go all the way, from the bytes of a packet to the call of the plan, through a connection that has logged
in and has no socket; that plan does nothing. The baseline is sqlglot, which parses the same texts as MySQL's.
Prints one line of JSON, times in microseconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlglot
from rig.command import parser, run
from rig.figures import Budget, row, spread

from comet.bench.mysql import Login, query
from comet.broker import Broker
from comet.cometql.cache import PlanCache
from comet.cometql.context import Context
from comet.cometql.engine import Engine
from comet.cometql.evaluate import Parameters
from comet.cometql.planner import Planner
from comet.cometql.plans import Plan
from comet.cometql.results import Done, Result
from comet.cometql.tables.catalogue import Catalogue
from comet.limits import Limits
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.conversation import Conversation
from comet.protocols.mysql.loginkey import LoginKey
from comet.protocols.mysql.statements import Statements
from comet.storage.memory import MemoryStore

#: What is done with each text.
KEPT, ANEW, PACKET, BASELINE = CASES = ("plan kept", "parsed anew", "packet to call", "baseline")
_ALONE = CASES[:-1]
#: What makes it quick, and says nothing about speed.
SMOKE = ("--messages", "20", "--repeats", "1")
_PASSWORD = "bench"


def texts(count: int, size: int) -> list[str]:
    """@return: so many INSERTs of a message, no two alike."""
    rest = "x" * size
    return [
        "INSERT INTO pipes_messages (name, event, message)"
        f" VALUES ('chat', 'new', '{f'{number} {rest}'[:size]}')"
        for number in range(count)
    ]


class Called(Plan):
    """
    The end of the way that is measured.

    @ivar calls: how often it was reached.
    @ivar parameters: what it was last called with.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.parameters: Parameters = ()

    def begin(self, context: Context, parameters: Parameters) -> Result:
        """Do nothing, and say that a row was inserted."""
        self.calls += 1
        self.parameters = parameters
        return Done(1)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """See L{begin}."""
        return self.begin(context, parameters)


class Wire:
    """
    A connection that has logged in, without its socket.

    @ivar plan: what each statement comes to.
    @ivar cache: where that is kept.
    """

    def __init__(self, broker: Broker) -> None:
        self.plan = Called()
        engine = Engine(broker, _PASSWORD)
        self.cache = engine.cache = PlanCache(lambda statement, slots: self.plan)
        self._connection = ServerConnection(engine.version, 1, os.urandom)
        greeting = self._connection.greet()
        key, statements = LoginKey(), Statements(1, 1 << 20)
        self._conversation = Conversation(
            engine, self._connection, 1, "localhost", "localhost:1", statements, key
        )
        answer = Login("root", _PASSWORD).answer(greeting[4:], 0)
        assert answer is not None
        self.receive(answer)

    def receive(self, packet: bytes) -> None:
        """Take a packet and what it asks for as far as the answer, which is not sent."""
        self._connection.receive(packet)
        while (payload := self._connection.statement()) is not None:
            if not isinstance(self._conversation.at_once(payload), bytes):
                raise RuntimeError("what was to be measured waits for something")
        for event in self._connection.events():
            try:
                self._conversation.answer(event).send(None)
            except StopIteration:
                continue
            raise RuntimeError("what was to be measured waits for something")


def microseconds(
    work: Callable[[Any], object], statements: Sequence[str | bytes], budget: Budget
) -> tuple[float, int]:
    """@return: how long C{work} takes for one statement, and how many there were."""
    done, started = 0, time.perf_counter()
    while budget.allows(done):
        work(statements[done % len(statements)])
        done += 1
    return (time.perf_counter() - started) / done * 1e6, done


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    broker = Broker(MemoryStore(), Limits(), lambda: 0.0, lambda coroutine: coroutine.close())
    planner = Planner(Catalogue(broker)).plan
    kept, none_kept = PlanCache(planner), PlanCache(planner, entries=1, longest=0)
    wire = Wire(broker)
    statements = texts(1000, options.size)
    packets = [query(statement) for statement in statements]
    work: dict[str, tuple[Callable[[Any], object], Sequence[str | bytes]]] = {
        KEPT: (kept.find, statements),
        ANEW: (none_kept.find, statements),
        PACKET: (wire.receive, packets),
        BASELINE: (lambda text: sqlglot.parse_one(text, read="mysql"), statements),
    }
    kept.find(statements[0])
    wire.receive(packets[0])
    wire.plan.calls = 0
    times: dict[str, list[float]] = {name: [] for name in CASES}
    counts = dict.fromkeys(CASES, 0)
    # In turns, so that what disturbs the machine for a while disturbs all.
    for _ in range(options.repeats):
        for name in CASES:
            taken, count = microseconds(*work[name], Budget(options.messages, options.seconds))
            times[name].append(taken)
            counts[name] += count
    if (wire.plan.calls, wire.cache.misses) != (counts[PACKET], 1):
        sys.exit(f"{counts[PACKET]} packets came to {wire.plan.calls} calls of {wire.cache.misses} plans")
    sqlglots = f"sqlglot {sqlglot.__version__}, parse_one()"
    pairs = {name: list(zip(times[name], times[BASELINE], strict=True)) for name in _ALONE}
    return {
        "size": options.size,
        "repeats": options.repeats,
        "baseline": {
            "name": sqlglots,
            "microseconds": spread(times[BASELINE]),
        },
        "cases": [
            {
                "case": name,
                "statements": counts[name],
                "microseconds": spread(times[name]),
                "ratio": spread([baseline / taken for taken, baseline in pairs[name]]),
            }
            for name in _ALONE
        ],
        "rows": [
            row(name, "microseconds", times[name], sqlglots, times[BASELINE], less_is_better=True)
            for name in _ALONE
        ],
        "hits": kept.hits,
        "misses": none_kept.misses,
        "calls": wire.plan.calls,
    }


def main() -> None:
    """Run this benchmark."""
    run("statements", benchmark, parser("What does it cost to understand a statement?", 0.3, 5).parse_args())


if __name__ == "__main__":
    main()
