"""Coroutines that seldom wait, without the price of those that do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


def start(work: Coroutine[Any, Any, None], failed: Callable[[Failure], object]) -> None:
    """
    Run C{work} as far as it goes now; only if it has to wait, a L{Deferred} is made to run the rest.

    @param failed: is told if C{work} raises anything, now or later.
    """
    try:
        awaited = work.send(None)
    except StopIteration:
        return
    except Exception:
        failed(Failure())
    else:
        Deferred.fromCoroutine(_resumed(work, awaited)).addErrback(failed)


@coroutine
def _resumed(work: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Wait for C{awaited}, which C{work} waits for already, and for all that it waits for then."""
    while True:
        step: Callable[[Any], Any] = work.send
        try:
            value = yield awaited
        except Exception as error:
            step, value = work.throw, error
        try:
            awaited = step(value)
        except StopIteration:
            return
