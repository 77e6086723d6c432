"""
All benchmarks, one after the other: a line of JSON for each row, then a table; and in a folder the lines, the
table and a chart.

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
    """Put all into a folder: results as they came, rows, table and chart."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_text(_lines(results))
    (folder / "benchmarks.jsonl").write_text(_lines(rows))
    (folder / "benchmarks.csv").write_text(table.as_csv(rows))
    if drawing := chart.draw(rows):
        (folder / "benchmarks.svg").write_text(drawing)


def parse() -> argparse.Namespace:
    """@return: the options."""
    options = argparse.ArgumentParser(description="All benchmarks, or some.")
    options.add_argument("--only", nargs="+", choices=benchmarks(), help="these benchmarks")
    options.add_argument("--folder", type=Path, default=Path("bench-results"), help="where the files go")
    options.add_argument("--record", action="store_true", help="put the files into the documents")
    options.add_argument("--repeats", type=int, help="runs of each kind, in place of what each would do")
    options.add_argument("--smoke", action="store_true", help="only see whether they work")
    return options.parse_args()


def main() -> None:
    """Run them."""
    options = parse()
    more = [] if options.repeats is None else ["--repeats", str(options.repeats)]
    results: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    failed, started = [], time.monotonic()
    for command in commands(options.only or benchmarks(), options.smoke, more):
        shown = " ".join(["python", f"benchmarks/{Path(command[1]).name}", *command[2:]])
        print(f"{time.monotonic() - started:5.0f} s: {shown}", file=sys.stderr)
        result = run(command)
        if result is None:
            failed.append(shown)
            continue
        found = rows_of(result)
        print(_lines(found), end="", flush=True)
        results.append(result)
        rows += found
    save(RECORDED if options.record else options.folder, results, rows)
    print("", table.as_text(rows), sep="\n")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
