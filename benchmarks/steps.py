"""
How many steps do the hot loops take?

Times move with the machine, the number of byte-code instructions does not: it is the same each time, for one
version of Python. One INSERT is followed from its packet to its answer; then another one, to a hundred
subscribers on sockets, less the first; and a browser shakes hands and subscribes. What is counted includes
Twisted and Autobahn, but nothing that is written in C. The baseline is what C{steps.json} says, which
C{--record} writes, and with which a test compares. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rig import figures, mysql
from rig.command import parser, run
from rig.inside import Inside
from rig.steps import count

RECORD = Path(__file__).with_name("steps.json")
#: Counts differ between these.
PYTHON = "{}.{}".format(*sys.version_info)
LISTENING = 100
INSERT, FAN_OUT, VISIT = CASES = (
    "one INSERT, packet to answer",
    f"fan-out of one message to {LISTENING}",
    "handshake and subscription",
)
_SIZE = 100


def inserts() -> tuple[int, int]:
    """@return: the steps of an INSERT to nobody, and of one to a hundred subscribers."""
    inside = Inside()
    ask, packet = inside.log_in(), mysql.insert(_SIZE, "bench")

    def insert() -> None:
        if ask(packet)[4] != 0:
            raise RuntimeError("the INSERT has failed")

    insert()
    nobody = count(insert)
    sockets = [inside.listen("bench") for _ in range(LISTENING)]
    insert()
    before = [len(each.recv(1 << 16)) for each in sockets]
    many = count(insert)
    if not all(0 < len(each.recv(1 << 16)) < size for each, size in zip(sockets, before, strict=True)):
        raise RuntimeError("a message has not come")
    return nobody, many


def visit() -> int:
    """@return: the steps of a browser that comes to listen."""
    inside = Inside()
    for _ in range(2):
        if b"ready" not in inside.visit("bench"):
            raise RuntimeError("a browser does not listen")
    return count(lambda: inside.visit("bench"))


def counts() -> dict[str, int]:
    """@return: the steps of each case."""
    nobody, many = inserts()
    return {INSERT: nobody, FAN_OUT: many - nobody, VISIT: visit()}


def recorded() -> dict[str, Any]:
    """@return: what is recorded, by version of Python."""
    found: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return found


def record(found: dict[str, int]) -> None:
    """Record what was counted with this Python; the libraries are noted, as their steps are among it."""
    libraries = {name: version(name) for name in ("twisted", "autobahn")}
    all_of_them = {**recorded(), PYTHON: {"with": libraries, "steps": found}}
    RECORD.write_text(json.dumps(all_of_them, indent=2, sort_keys=True) + "\n")


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    found = counts()
    for _ in range(options.repeats - 1):
        if (again := counts()) != found:
            sys.exit(f"the steps are not the same each time: {found} and {again}")
    if options.record:
        record(found)
    old = recorded().get(PYTHON, {}).get("steps", {})
    name = f"recorded, Python {PYTHON}"
    rows = [
        figures.row(case, "steps", [steps], name, [old[case]], less_is_better=True)
        if case in old
        else figures.missing_row(case, "steps", name, "nothing is recorded (benchmarks/steps.py --record)")
        for case, steps in found.items()
    ]
    return {"python": PYTHON, "steps": found, "rows": rows}


def main() -> None:
    """Run this benchmark."""
    options = parser("How many steps do the hot loops take?", 0, 2)
    options.add_argument("--record", action="store_true", help="let steps.json say what was counted")
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of texts would come in another order each time.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    run("steps", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
