"""The command line of a benchmark, and its line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comet
from rig import drain, loop, machine

#: What a benchmark does: options, a folder for its files, the core of what is measured.
Benchmark = Callable[[argparse.Namespace, Path, "int | None"], "dict[str, Any]"]


def positive(text: str) -> int:
    """@return: a whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def plain_parser(question: str, repeats: int, profile: bool = True) -> argparse.ArgumentParser:
    """
    @param question: what the benchmark answers.
    @param repeats: how many runs there are by default.
    @param profile: whether there is one process to look into.
    @return: the options that all benchmarks have.
    """
    options = argparse.ArgumentParser(
        description=question, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument("--repeats", type=positive, default=repeats, help="runs of each kind")
    options.add_argument(
        "--wake", action="store_true", help="let the load sleep while there is nothing to read"
    )
    if profile:
        options.add_argument(
            "--profile", type=Path, metavar="FILE", help="run the server in cProfile, which makes it slower"
        )
    return options


def parser(question: str, seconds: float, repeats: int, profile: bool = True) -> argparse.ArgumentParser:
    """
    @param seconds: how long a run lasts by default.
    @return: the same as L{plain_parser}, and those of benchmarks that send messages.
    """
    options = plain_parser(question, repeats, profile)
    options.add_argument("--size", type=positive, default=100, help="bytes of text in a message")
    options.add_argument("--seconds", type=float, default=seconds, help="how long a run lasts")
    options.add_argument("--messages", type=positive, help="messages of a run, in place of --seconds")
    return options


def run(name: str, benchmark: Benchmark, options: argparse.Namespace, pinned: bool = True) -> None:
    """
    Run a benchmark, and print one line.

    @param pinned: give the load a core of its own, if there are two; else all share all of them, and the load
        sleeps while there is nothing to read.
    """
    pair = machine.cores() if pinned else None
    if pair is not None:
        os.sched_setaffinity(0, {pair[1]})
        if not options.wake:
            loop.stay_awake()
    with tempfile.TemporaryDirectory(prefix="comet-bench-") as folder:
        drain.compile_drains(Path(folder))
        result = benchmark(options, Path(folder), pair and pair[0])
    about = {
        "benchmark": name,
        "comet": comet.__version__,
        "command": shlex.join(["python", f"benchmarks/{name}.py", *sys.argv[1:]]),
        "machine": machine.facts(pinned=pair is not None),
    }
    print(json.dumps({**about, **result}))
