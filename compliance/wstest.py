"""
Run Autobahn's test suite against the browser port, with an echo behind it.

The suite needs Python 2.7. Where that is to be had, an environment for it is made with::

    pip install 'virtualenv<20.22'
    virtualenv -p python2.7 py27
    py27/bin/pip install autobahntestsuite==0.8.2

and then::

    python compliance/wstest.py py27/bin/wstest           what is not as recorded
    python compliance/wstest.py py27/bin/wstest --write   record it, and write the page about it

With compression this takes half an hour, and can be done in pieces::

    python compliance/wstest.py py27/bin/wstest --write --target json-deflate --cases '12.1.*' '12.2.*'
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from suite.page import RECORDED, record, write_page
from suite.targets import TARGETS, Target

HERE = Path(__file__).resolve().parent
#: The cases that offer compression; to all others it is no matter whether the server could.
OFFERING = ["12.*", "13.*"]


def _place(item: tuple[str, Any]) -> list[int]:
    return [int(part) for part in item[0].split(".")]


def _tried(wstest: str, port: int, path: str, cases: list[str]) -> dict[str, list[str]]:
    """@return: by case what the suite says of the behaviour and of the end."""
    with tempfile.TemporaryDirectory() as folder:
        server = {"agent": "comet", "url": f"ws://127.0.0.1:{port}{path}"}
        plan = {"outdir": "reports", "servers": [server], "cases": cases, "exclude-cases": []}
        Path(folder, "plan.json").write_text(json.dumps({**plan, "exclude-agent-cases": {}}))
        program = [os.path.abspath(wstest), "-m", "fuzzingclient", "-s", "plan.json"]
        subprocess.run(program, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(Path(folder, "reports", "index.json").read_text())["comet"]
    return {number: [each["behavior"], each["behaviorClose"]] for number, each in found.items()}


def run(wstest: str, target: Target, cases: list[str]) -> dict[str, list[str]]:
    """@return: the results of the suite by case."""
    command = [sys.executable, str(HERE / "echo.py"), "--port", "0"]
    if target.deflate:
        command.append("--compress")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as echo:
        try:
            assert echo.stdout is not None
            port = int(echo.stdout.readline().split()[-1])
            return _tried(wstest, port, target.path, cases)
        finally:
            echo.terminate()


def main() -> int:
    """@return: the exit status: 0 if all is as recorded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wstest", help="the program of the suite")
    parser.add_argument("--cases", nargs="*", metavar="NUMBER", help="such as 12.1.*")
    parser.add_argument("--target", choices=TARGETS, action="append", help="one protocol")
    parser.add_argument("--write", action="store_true", help="record the results and write the page")
    options = parser.parse_args()
    known = json.loads((HERE / RECORDED).read_text())
    differing = []
    for name in options.target or TARGETS:
        before = known.get(name, {})
        target = TARGETS[name]
        cases = options.cases or (OFFERING if target.deflate else ["*"])
        found = dict(sorted(run(options.wstest, target, cases).items(), key=_place))
        differing += [
            f"{name} {number}: {results}, was {before.get(number)}"
            for number, results in found.items()
            if before.get(number) != results
        ]
        known[name] = dict(sorted({**before, **found}.items(), key=_place))
    print("\n".join(differing) or "all as recorded")
    if options.write:
        record(HERE / RECORDED, {name: known[name] for name in TARGETS if name in known})
        write_page(HERE)
        return 0
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
