"""
Runs the checks and all tests, and ends with the outcome of them together.

The last line is C{N passed, N failed, N skipped}: each test of trial and of Node counts as one, and so does
each of the checks before them. A runner that died, hung or found no tests counts as a failure, one that is
not installed as skipped. The exit status is 0 only if nothing failed. Names of tests as arguments run those
alone, in trial; C{--heavy} runs those that are left to C{make test-all}.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LEFT_OUT = ROOT / ".venv" / "left-out"
#: What takes minutes, or several programs at once: left to C{make test-all}.
HEAVY = (
    "tests.e2e.test_bench",
    "tests.e2e.test_churn",
    "tests.e2e.test_container",
    "tests.e2e.test_debian",
    "tests.e2e.test_installed",
    "tests.e2e.test_janus",
    "tests.e2e.test_outbox_survival",
    "tests.e2e.test_partition",
    "tests.e2e.test_proxies",
    "tests.e2e.test_tutorials",
    "tests.e2e.test_video_cluster",
    "tests.e2e.test_video_ways",
    "tests.test_benchmarks",
    "tests.tools.test_adminer",
    "tests.tools.test_jdbc",
    "tests.tools.test_phpmyadmin",
)


class Outcome(NamedTuple):
    """How many tests went how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, other: Outcome) -> Outcome:
        """@return: both together."""
        return Outcome(*map(sum, zip(self, other, strict=True)))

    def __str__(self) -> str:
        """@return: the line that ends a run."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


#: Makes the outcome of the exit status and the output of a runner.
Reader = Callable[[int, str], Outcome]


def read_check(status: int, output: str) -> Outcome:
    """@return: one check that passed or failed."""
    return Outcome(failed=1) if status else Outcome(passed=1)


def read_trial(status: int, output: str) -> Outcome:
    """@return: what trial's closing line says, such as C{FAILED (skips=1, failures=2, successes=3)}."""
    closing = re.findall(r"^(?:PASSED|FAILED)(?: \((.*)\))?$", output, re.MULTILINE)
    counts = dict(re.findall(r"(\w+)=(\d+)", closing[-1] if closing else ""))
    number = {name: int(count) for name, count in counts.items()}
    passed = number.get("successes", 0)
    failed = sum(number.get(name, 0) for name in ("failures", "errors", "unexpectedSuccesses"))
    skipped = number.get("skips", 0) + number.get("expectedFailures", 0)
    return _honest(status, Outcome(passed, failed, skipped))


def read_node(status: int, output: str) -> Outcome:
    """@return: what Node's closing lines say, such as C{# pass 3}."""
    counts = re.findall(r"^(?:#|\u2139) (pass|fail|cancelled|skipped|todo) (\d+)$", output, re.MULTILINE)
    number = {name: int(count) for name, count in counts}
    failed = number.get("fail", 0) + number.get("cancelled", 0)
    skipped = number.get("skipped", 0) + number.get("todo", 0)
    return _honest(status, Outcome(number.get("pass", 0), failed, skipped))


def _honest(status: int, outcome: Outcome) -> Outcome:
    """Believe no success that the exit status denies, nor one of no tests at all."""
    if not outcome.failed and (status or not any(outcome)):
        return outcome._replace(failed=1)
    return outcome


class Step(NamedTuple):
    """A command to run, and how to read what became of it."""

    name: str
    command: Sequence[str | Path]
    read: Reader = read_check
    folder: Path = ROOT
    minutes: float = 5

    def run(self) -> Outcome:
        """Run it with its output shown as it comes."""
        words = [str(word) for word in self.command]
        shown = words if len(words) < 20 else [*words[:5], f"... and {len(words) - 5} more"]
        print(f"\n== {self.name}: {' '.join(shown)}", flush=True)
        if shutil.which(self.command[0]) is None:
            print(f"== {self.name}: not installed, skipped", flush=True)
            return Outcome(skipped=1)
        started = time.monotonic()
        status, output = self._watch()
        outcome = self.read(status, output)
        print(f"== {self.name}: {outcome}, in {time.monotonic() - started:.0f} s", flush=True)
        return outcome

    def _watch(self) -> tuple[int, str]:
        # A group of its own, so that what a hanging test has started ends with it.
        process = subprocess.Popen(
            list(map(str, self.command)),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        guard = threading.Timer(self.minutes * 60, self._end, [process])
        guard.start()
        lines = []
        try:
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                lines.append(line)
            return process.wait(), "".join(lines)
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        finally:
            guard.cancel()

    def _end(self, process: subprocess.Popen[str]) -> None:
        print(f"\n== {self.name}: no end after {self.minutes:g} minutes, stopped", flush=True)
        os.killpg(process.pid, signal.SIGKILL)


def modules() -> list[str]:
    """@return: the names of all modules with tests, in their order."""
    paths = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    return [".".join(path.with_suffix("").parts) for path in paths if "node_modules" not in path.parts]


def steps(names: Sequence[str]) -> list[Step]:
    """@return: what there is to run."""
    trial = [sys.executable, "-m", "twisted.trial", "--reporter=text" if names else "--reporter=bwverbose"]
    if names == ["--heavy"]:
        return [Step("trial", [*trial[:-1], "--reporter=bwverbose", *HEAVY], read_trial, minutes=40)]
    if names:
        return [Step("trial", [*trial, *names], read_trial, minutes=15)]
    light = [name for name in modules() if name not in HEAVY]
    return [
        Step("ruff check", [BIN / "ruff", "check", "."]),
        Step("ruff format", [BIN / "ruff", "format", "--check", "."]),
        Step("mypy", [BIN / "mypy"]),
        Step("trial", [*trial, *light], read_trial, minutes=40),
        Step("node", ["node", "--test"], read_node, ROOT / "tests" / "node"),
    ]


def main(names: Sequence[str]) -> int:
    """@return: the exit status."""
    outcomes = [(step.name, step.run()) for step in steps(names)]
    total = Outcome()
    print()
    for name, outcome in outcomes:
        total = total.plus(outcome)
        if outcome.failed:
            print(f"failed: {name}")
    if LEFT_OUT.exists() and not names:
        print(LEFT_OUT.read_text(), end="")
    if not names:
        print(f"left to make test-all: {', '.join(name.removeprefix('tests.') for name in HEAVY)}")
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
