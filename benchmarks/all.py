"""
All benchmarks, one after the other: a line of JSON for each row, then a table; and in a folder the lines,
the tables and a chart.

A benchmark is a file beside this one. Its C{SUITE}, if it has one, tells with which options it takes part,
its C{SMOKE} how to see quickly whether it works.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from rig import chart, table

HERE = Path(__file__).resolve().parent
#: What the documents show.
RECORDED = HERE.parent / "docs" / "topics" / "figures"


def benchmarks() -> list[str]:
    """@return: the names of all of them."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("all", "__main__"))


def commands(names: Sequence[str], smoke: bool, more: Sequence[str]) -> Iterator[list[str]]:
    """
    @param smoke: whether only to see whether they work; each is then run once.
    @param more: options for all.
    @return: how to run them.
    """
    for name in names:
        module = importlib.import_module(name)
        suite = getattr(module, "SUITE", ((),))
        tiny = getattr(module, "SMOKE", ()) if smoke else ()
        for options in suite[:1] if smoke else suite:
            yield [sys.executable, str(HERE / f"{name}.py"), *options, *tiny, *more]


def run(command: Sequence[str]) -> dict[str, Any] | None:
    """@return: the results of a benchmark; C{None} if it failed, which it has said itself."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] | None = None if done.returncode else json.loads(done.stdout)
    return result


def rows_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """@return: the rows of a result, each of which tells where it is from."""
    about = {name: result[name] for name in ("benchmark", "comet", "command", "machine")}
    return [{**about, **row} for row in result["rows"]]


def _lines(objects: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


def save(folder: Path, results: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> None:
    """Put all into a folder: results as they came, rows, a table for each benchmark, and the chart."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_text(_lines(results))
    (folder / "benchmarks.jsonl").write_text(_lines(rows))
    for name in dict.fromkeys(row["benchmark"] for row in rows):
        (folder / f"{name}.csv").write_text(table.as_csv(row for row in rows if row["benchmark"] == name))
    origins = dict.fromkeys(map(table.origin, rows))
    (folder / "machine.inc").write_text("".join(f"{each}.\n" for each in origins))
    if drawing := chart.draw(rows):
        (folder / "benchmarks.svg").write_text(drawing)


def saved(folder: Path, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """
    @param without: names of benchmarks.
    @return: the results in a folder, but for those.
    """
    file = folder / "results.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [result for result in found if result["benchmark"] not in without]


def parse() -> argparse.Namespace:
    """@return: the options."""
    options = argparse.ArgumentParser(description="All benchmarks, or some.")
    options.add_argument(
        "--only",
        nargs="+",
        choices=benchmarks(),
        help="these benchmarks; what the folder has of the others stays there",
    )
    options.add_argument("--folder", type=Path, default=Path("bench-results"), help="where the files go")
    options.add_argument("--record", action="store_true", help="put the files into the documents")
    options.add_argument(
        "--redraw",
        action="store_true",
        help="run nothing: make tables and chart of the results in the folder",
    )
    options.add_argument("--repeats", type=int, help="runs of each kind, in place of what each would do")
    options.add_argument("--smoke", action="store_true", help="only see whether they work")
    return options.parse_args()


def run_all(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[str]]:
    """@return: the results, whose rows have been printed, and the commands that failed."""
    results: list[dict[str, Any]] = []
    failed, started = [], time.monotonic()
    more = [] if options.repeats is None else ["--repeats", str(options.repeats)]
    for command in commands(options.only or benchmarks(), options.smoke, more):
        shown = " ".join(["python", f"benchmarks/{Path(command[1]).name}", *command[2:]])
        print(f"{time.monotonic() - started:5.0f} s: {shown}", file=sys.stderr)
        result = run(command)
        if result is None:
            failed.append(shown)
        else:
            results.append(result)
            print(_lines(rows_of(result)), end="", flush=True)
    return results, failed


def main() -> None:
    """Run them."""
    options = parse()
    folder = RECORDED if options.record else options.folder
    if options.redraw:
        results, failed = saved(folder), list[str]()
    else:
        results, failed = run_all(options)
        if options.only:
            others = saved(folder, without=[result["benchmark"] for result in results])
            results = sorted([*others, *results], key=itemgetter("benchmark"))
    rows = [row for result in results for row in rows_of(result)]
    save(folder, results, rows)
    print("", table.as_text(rows), sep="\n")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
