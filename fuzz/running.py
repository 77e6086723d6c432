"""What all fuzzers do: go on for some seconds, and name the seed of what was found."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable


def fuzz(run: Callable[[str, Counter[str]], None], description: str | None, what: str) -> int:
    """
    @param run: one try, by its seed; counts what it has seen, raises what is not allowed.
    @param what: what the tries are, in the plural.
    @return: the exit code: 0 if nothing but what is allowed has happened.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="0", help="runs with the same seed do the same")
    parser.add_argument("--seconds", type=float, default=10, help="how long to go on")
    options = parser.parse_args()
    seen: Counter[str] = Counter()
    number, end = 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        try:
            run(f"{options.seed}/{number}", seen)
        except Exception:
            print(f"found with seed {options.seed}/{number}")
            raise
        number += 1
    print(f"{number} {what}, nothing found: {dict(seen.most_common())}")
    return 0
