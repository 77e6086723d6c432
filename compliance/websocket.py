"""
Try the browser port against the WebSocket standard, case by case (RFC 6455, RFC 7692).

A server is started, as users start it, and each case runs on a connection of its own::

    python compliance/websocket.py                 every case; a line for each that is not as recorded
    python compliance/websocket.py --cases 6.4 7   some of them
    python compliance/websocket.py --write         record the verdicts, and write the page about them
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from suite.cases import cases_for
from suite.conversation import DROPPED, STUCK, Facts, Listener, converse
from suite.page import AGREED, FAILED, LOOSE, OK, VERDICTS, Verdict, record, write_page
from suite.targets import TARGETS, Target
from suite.vocabulary import OPEN, Case

HERE = Path(__file__).resolve().parent
#: The largest message of the cases is 16 MiB, and a thousand texts come at once.
SETTINGS = {
    "limits": {
        "message": 17 << 20,
        "outbox_bytes": 64 << 20,
        "outbox_messages": 10_000,
        "login_seconds": 60,
        "address_connects": 0,
        "messages_per_second": 0,
    }
}
#: And for cases with compression.
COMPRESSING = {"ws": {"compress": "yes"}, **SETTINGS}


def settings(target: Target) -> dict[str, dict[str, Any]]:
    """@return: the configuration of a server for C{target}."""
    return COMPRESSING if target.deflate else SETTINGS


def _end(facts: Facts) -> str:
    if facts.status != 101:
        return f"HTTP {facts.status}"
    return {OPEN: "open", DROPPED: "dropped", STUCK: "stuck"}.get(facts.end, str(facts.end))


def judge(case: Case, target: Target, facts: Facts) -> Verdict:
    """@return: what is to be said about C{facts}."""
    agreed, note = target.agreed(case)
    if facts.status not in case.statuses:
        word, note = FAILED, ""
    elif facts.status != 101:
        word = OK
    elif facts.fits(agreed, target.strict):
        word = AGREED if note else OK
    elif any(facts.fits(outcome, target.strict) for outcome in case.loose):
        word, note = LOOSE, "early"
    else:
        word, note = FAILED, ""
    return word, _end(facts), note


def run(cases: Iterable[Case], target: Target, port: int) -> Iterator[tuple[Case, Verdict, Facts]]:
    """Run cases against a server, one after the other."""
    address = ("127.0.0.1", port)
    listener = Listener(target, address)
    with contextlib.closing(listener):
        for case in cases:
            facts = converse(case, target, address, listener)
            yield case, judge(case, target, facts), facts


def recorded() -> dict[str, dict[str, Verdict]]:
    """@return: the verdicts of the last recorded run, by target and number."""
    file = HERE / VERDICTS
    found = json.loads(file.read_text()) if file.exists() else {}
    return {name: {number: tuple(each) for number, each in cases.items()} for name, cases in found.items()}


@contextlib.contextmanager
def server(target: Target) -> Iterator[int]:
    """A server of its own. @return: the port."""
    with tempfile.TemporaryDirectory() as folder:
        sections = {"main": {"data": folder}, "cometql": {"port": 0}, **settings(target)}
        sections["ws"] = {**sections.get("ws", {}), "port": 0}
        overrides = {
            f"COMET_{section}_{key}".upper(): str(value)
            for section, keys in sections.items()
            for key, value in keys.items()
        }
        command = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "comet"]
        ports = Path(folder) / "ports.json"
        with open(Path(folder) / "server.log", "wb") as log:
            child = subprocess.Popen(
                command, cwd=HERE.parent, env={**os.environ, **overrides}, stdout=log, stderr=log
            )
        try:
            while not ports.exists():
                if child.poll() is not None:
                    sys.exit((Path(folder) / "server.log").read_text())
                time.sleep(0.05)
            yield json.loads(ports.read_text())["ws"]
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)


def _chosen(cases: list[Case], families: list[str], heavy: bool) -> list[Case]:
    return [
        case
        for case in cases
        if (heavy or not case.heavy)
        and (not families or any(f"{case.number}.".startswith(f"{family}.") for family in families))
    ]


def main() -> int:
    """@return: the exit status: 0 if all is as recorded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=[], metavar="NUMBER", help="cases or families")
    parser.add_argument("--target", choices=TARGETS, action="append", help="one dialect")
    parser.add_argument("--light", action="store_true", help="leave out what takes long")
    parser.add_argument("--write", action="store_true", help="record the verdicts and write the page")
    options = parser.parse_args()
    verdicts = recorded()
    differing = 0
    for name in options.target or TARGETS:
        target, known, count = TARGETS[name], verdicts.setdefault(name, {}), 0
        with server(target) as port:
            for case, verdict, facts in run(
                _chosen(cases_for(target), options.cases, not options.light), target, port
            ):
                count += 1
                if known.get(case.number) != verdict or verdict[0] == FAILED:
                    differing += 1
                    before = known.get(case.number)
                    print(f"{name} {case.number} {case.title}: {' '.join(verdict)}, was {before}")
                    print(f"    {facts}"[:300])
                known[case.number] = verdict
            print(f"{name}: {count} cases")
    if options.write:
        kept = {
            name: {case.number: found[case.number] for case in cases_for(target) if case.number in found}
            for name, target in TARGETS.items()
            if (found := verdicts.get(name))
        }
        record(HERE / VERDICTS, kept)
        write_page(HERE)
        return 0
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
