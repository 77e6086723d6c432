"""
How long does it take from a call to the first picture?

Two pages of a real Chromium, each in a tab of its own, are signed in over comet. One calls, the other takes
the call at once; it is timed from C{call()} until the caller has decoded the first picture of the other: both
open camera and microphone, it rings, offer, answer and candidates are carried, a way is found, and a picture
comes over it. Then a page joins a room in which three others sit, and it is timed until it has a picture of
each.

The baseline is the least that this browser can do: connections of one page to itself, whose ends hand each
other what they say. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
from rig import figures
from rig.browser import Browser, Page, drive, find_chromium
from rig.command import plain_parser, positive, run
from rig.figures import quantile
from rig.server import Server

#: What makes it quick, and says nothing about speed.
SMOKE = ("--calls", "2", "--repeats", "1")
#: How many sit in the room before one more comes.
OTHERS = 3
ROOM = "bench"
ALONE = "one page, without a server"
QUANTILES = (("median", 0.5), ("95th percentile", 0.95))
_SETTINGS = {"ws": {"demo": "yes"}, "video": {"calls_per_minute": "0"}}

#: Takes both times of a L{Sample}.
Measure = Callable[[], Coroutine[Any, Any, list[float]]]


class Sample(NamedTuple):
    """
    Milliseconds.

    @ivar seated: until one sat in the call or room.
    @ivar seen: until all pictures were there.
    """

    seated: float
    seen: float


class Case(NamedTuple):
    """Runs of something and of its baseline, in turn."""

    name: str
    runs: list[list[Sample]]
    alone: list[list[Sample]]

    def rows(self) -> list[dict[str, Any]]:
        """@return: what it comes to."""
        return [
            figures.row(
                f"{self.name}, {word}",
                "milliseconds",
                [_quantile(samples, share) for samples in self.runs],
                ALONE,
                [_quantile(samples, share) for samples in self.alone],
                less_is_better=True,
            )
            for word, share in QUANTILES
        ]


def _quantile(samples: list[Sample], share: float) -> float:
    return quantile(sorted(sample.seen for sample in samples), share)


def cases() -> tuple[Case, Case]:
    """@return: what is measured, before it is."""
    return (
        Case("from call() to the first picture", [], []),
        Case(f"from join() to pictures of {OTHERS} others", [], []),
    )


async def times(
    pages: list[Page], count: int, once: Callable[[], Coroutine[Any, Any, list[float]]]
) -> list[Sample]:
    """@return: what C{once} has measured, that many times; the first one, which warms up, is left out."""
    # A page may not have more than 500 connections, and those count that are closed and not collected yet.
    for page in pages:
        await page.command("HeapProfiler.collectGarbage")
    return [Sample(*await once()) for _ in range(1 + count)][1:]


async def measure(pages: list[Page], options: argparse.Namespace) -> tuple[Case, Case]:
    """@param pages: those of the users 1, 2 and so on."""
    calling, joining = found = cases()
    caller, *others = pages

    async def call() -> Any:
        measured = await caller.evaluate("bench.call(2)")
        # Its end has to be heard, or the next call finds somebody who is busy.
        await others[0].wait_for("bench.room.isOver")
        return measured

    for _ in range(options.repeats):
        calling.runs.append(await times(pages, options.calls, call))
        calling.alone.append(await times(pages, options.calls, lambda: caller.evaluate("bench.alone(1)")))
        for page in others:
            await page.evaluate(f"bench.sit('{ROOM}')")
        joining.runs.append(
            await times(pages, options.calls, lambda: caller.evaluate(f"bench.join('{ROOM}', {OTHERS})"))
        )
        for page in others:
            await page.evaluate("bench.leave()")
        joining.alone.append(
            await times(pages, options.calls, lambda: caller.evaluate(f"bench.alone({OTHERS})"))
        )
    return found


def sign_in(server: Server, users: int) -> None:
    """Give keys to users."""
    login = {"host": "127.0.0.1", "port": server.ports["cometql"], "user": "root"}
    with (
        pymysql.connect(**login, password=server.password, autocommit=True) as backend,
        backend.cursor() as cursor,
    ):
        keys = ", ".join(f"({user_id}, 'key{user_id}')" for user_id in range(1, users + 1))
        cursor.execute(f"INSERT INTO users_auth (id, hash) VALUES {keys}")


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    about = {"calls": options.calls, "repeats": options.repeats}
    if find_chromium() is None:
        why = "there is no Chromium on this machine"
        return about | {
            "rows": [figures.missing_row(case.name, "milliseconds", ALONE, why) for case in cases()]
        }
    with Server(folder, core, options.profile, settings=_SETTINGS) as server:
        sign_in(server, 1 + OTHERS)

        async def work(browser: Browser) -> tuple[str, tuple[Case, Case]]:
            url = f"http://127.0.0.1:{server.ports['ws']}/video"
            pages = [await browser.page(url, user_id) for user_id in range(1, 2 + OTHERS)]
            name = await pages[0].evaluate(r"navigator.userAgent.match(/Chrome\/\S+/)[0]")
            return name, await measure(pages, options)

        name, found = drive(work)
    seated = [[sample.seated for sample in samples] for samples in found[0].runs]
    return about | {
        "browser": name,
        "measured": [sum(map(len, case.runs)) for case in found],
        "seated": figures.spread([quantile(sorted(each), 0.5) for each in seated]),
        "rows": [row for case in found for row in case.rows()],
    }


def main() -> None:
    """Run this benchmark."""
    options = plain_parser("How long does it take from a call to the first picture?", 3)
    options.add_argument("--calls", type=positive, default=40, help="calls of a run")
    # The browser needs all the cores that it can have.
    run("calling", benchmark, options.parse_args(), pinned=False)


if __name__ == "__main__":
    main()
