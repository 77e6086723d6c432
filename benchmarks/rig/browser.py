"""A real Chromium with devices that are none, driven by the DevTools protocol, as the tests drive theirs."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from rig.server import ROOT

# The driver is with the tests, and those are found from the top of the checkout.
sys.path.append(str(ROOT))
from tests.browser.chromium import FAKE_DEVICES, Chromium, Page, find_chromium

#: What pages are given to run.
CALLER = Path(__file__).parent / "loads" / "caller.js"

__all__ = ["Browser", "Page", "drive", "find_chromium"]


class Browser:
    """The pages of one Chromium."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium

    async def page(self, url: str, user_id: int) -> Page:
        """@return: a tab of a user, in which C{bench} is there."""
        page = await self._chromium.open(url)
        await page.evaluate(CALLER.read_text())
        await page.evaluate(f"bench.sign({user_id})")
        return page


class _Cleanups(list[Callable[[], Awaitable[None]]]):
    """What is to be done at the end, as a test case has it."""

    addCleanup = list.append


def drive(work: Callable[[Browser], Coroutine[Any, Any, Any]]) -> Any:
    """
    Run the reactor for as long as C{work} has something to do with a browser; once in a process.

    @return: what C{work} gives.
    """
    found: list[Any] = []

    async def run() -> Any:
        cleanups = _Cleanups()
        try:
            return await work(Browser(await Chromium.start(cleanups, *FAKE_DEVICES)))
        finally:
            for clean in cleanups:
                await clean()

    def end(result: Any) -> None:
        found.append(result)
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(run()).addBoth(end))
    reactor.run()
    if not found:
        sys.exit(130)
    if isinstance(found[0], Failure):
        found[0].raiseException()
    return found[0]
