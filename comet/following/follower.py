"""
The follower of an outbox: reads what is new, publishes it, and notes in the store how far it has come.

It publishes first, and notes its place afterwards: whatever dies in between, a row is published again rather
than not at all. Of several servers over one store one follows at a time, whose turn the store knows of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from comet.following.feed import Feed, Portion, Row
from comet.following.position import Position, WrongPosition
from comet.sections import Outbox
from comet.storage.outboxes import Outboxes
from comet.webhook import wait_after

#: How long a turn lasts, in seconds: for so long nothing is published if the server dies whose turn it is.
TURN_SECONDS = 30
#: How long to wait while it is the turn of another, in seconds.
OTHER_SECONDS = 5.0
#: The longest wait after a failure, in seconds.
LONGEST_WAIT = 10.0
#: How many rows that were refused are told of one by one, of each portion.
TOLD_LIMIT = 10


class Publishes(Protocol):
    """What rows are given to; see L{comet.following.publishing.Publisher}."""

    async def publish(self, rows: Sequence[Row]) -> list[tuple[int, str]]:
        """Publish rows. @return: the numbers of those that cannot be published, each with the reason."""


@dataclass(slots=True)
class Counters:
    """
    What a follower has done since the start.

    @ivar published: rows that were published.
    @ivar refused: rows that were set aside.
    @ivar failures: attempts that have failed.
    @ivar waiting: about how many rows wait.
    """

    published: int = 0
    refused: int = 0
    failures: int = 0
    waiting: int = 0


class Follower:
    """
    Follows one outbox.

    @ivar problem: why it does not work now; nothing if it does.
    """

    _log = Logger()

    def __init__(
        self,
        section: str,
        outbox: Outbox,
        feed: Feed,
        store: Outboxes,
        publisher: Publishes,
        node: str,
        reactor: Any,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        @param section: what the configuration calls it; the store does, too.
        @param node: the name of this process.
        @param clock: the time in seconds since 1970.
        @param chance: gives numbers from 0 to 1.
        """
        self.counters = Counters()
        self.problem = ""
        self._section, self._outbox, self._feed = section, outbox, feed
        self._store, self._publisher, self._node = store, publisher, node
        self._reactor, self._clock, self._chance = reactor, clock, chance
        #: Where it is, as long as it is the turn of this one, and what the store knows of that.
        self._position: Position | None = None
        self._noted: Position | None = None
        self._turn_ends = 0.0
        self._failures = 0
        #: What was published, and what was refused, and the site is not told of yet.
        self._unsettled: tuple[list[int], list[tuple[int, str]]] = [], []
        #: When there was nothing more to publish; C{None} while another follows.
        self._looked: float | None = None
        self._stopped = self._has_restarted = False
        self._wait: Deferred[Any] | None = None
        self._work: Deferred[None] = succeed(None)

    def start(self) -> None:
        """Begin where the last process has ended, or another one."""
        self._looked = self._reactor.seconds()
        self._work = Deferred.fromCoroutine(self._run())
        self._work.addErrback(
            lambda failure: self._log.failure("an outbox is not followed any more", failure)
        )

    def stop(self) -> Deferred[None]:
        """Finish what was begun, and let go. @return: fires when that is done."""
        self._stopped = True
        if self._wait is not None:
            self._wait.cancel()
        return self._work

    @property
    def behind(self) -> float:
        """How many seconds ago everything was published; 0 while another follows."""
        return 0.0 if self._looked is None else float(self._reactor.seconds() - self._looked)

    async def _run(self) -> None:
        while not self._stopped:
            try:
                wait = await self._step()
            except Exception as error:
                wait = self._failed(error)
            with suppress(CancelledError):
                await self._sleep(wait)
        if self._position is not None:
            now = int(self._clock())
            with suppress(Exception):  # then the turn ends by itself, soon
                await self._store.take_outbox(self._section, self._node, now, now)
        await self._feed.stop()

    async def _sleep(self, seconds: float) -> None:
        self._wait = deferLater(self._reactor, seconds)
        if self._stopped:
            self._wait.cancel()
        try:
            await self._wait
        finally:
            self._wait = None

    # One look at the table --------------------------------------------------------------------------------

    async def _step(self) -> float:
        """@return: how long to wait until the next one."""
        if await self._take_turn():
            await self._finish()
        position = self._position
        if position is None:
            self._works()
            self._looked, self.counters.waiting = None, 0
            return OTHER_SECONDS
        looked = self._clock()
        portion = await self._feed.read(position)
        refused = await self._publisher.publish(portion.rows) if portion.rows else []
        self._count(portion, refused)
        self._position = self._moved(position, portion, int(looked))
        self._unsettled = _published(portion.rows, refused), refused
        await self._finish()
        self._works()
        if portion.is_all or self._looked is None:
            self._looked = self._reactor.seconds()
        return self._outbox.interval / 1000 if portion.is_all else 0.0

    async def _take_turn(self) -> bool:
        """@return: whether it is the turn of this one."""
        now = self._clock()
        if self._position is not None and now < self._turn_ends - TURN_SECONDS / 2:
            return True
        self._turn_ends = now + TURN_SECONDS
        text = await self._store.take_outbox(self._section, self._node, int(now), int(self._turn_ends))
        if text is None:
            self._let_go()
            return False
        if self._position is None:
            self._noted = Position.read(text) if text else None
            self._position = self._noted or await self._beginning()
        await self._check_numbers(self._position)
        return True

    async def _check_numbers(self, position: Position) -> None:
        newest = await self._feed.newest()
        has_restarted = 0 < newest < position.last
        if has_restarted and not self._has_restarted:
            self._log.error(
                "{section}: the highest number in the table is {newest}, and {last} was published already, so"
                " nothing is published until it is passed. Was the table emptied by TRUNCATE? Let it count on"
                " from there: ALTER TABLE {table} AUTO_INCREMENT = {next}",
                section=self._section,
                newest=newest,
                last=position.last,
                table=self._outbox.table,
                next=position.last + 1,
            )
        self._has_restarted = has_restarted

    async def _finish(self) -> None:
        """
        Note how far it is, then let the site have its rows. Whichever has failed is tried again before
        anything else, so that it is not for that that rows are published twice.
        """
        position = self._position
        if position is not None and position != self._noted:
            if not await self._store.set_outbox(self._section, self._node, position.text):
                # This process stood still for so long that another one has gone on.
                self._let_go()
                return
            self._noted = position
        if any(self._unsettled):
            await self._feed.settle(*self._unsettled)
            self._unsettled = [], []

    def _let_go(self) -> None:
        """It is the turn of another."""
        self._position = self._noted = None
        self._unsettled = [], []

    async def _beginning(self) -> Position:
        # It is asked for in any case: it is the first to find out that the table has no numbers.
        newest = await self._feed.newest()
        return Position(newest) if self._outbox.begin == "next" else Position()

    def _moved(self, position: Position, portion: Portion, looked: int) -> Position:
        until = looked + self._outbox.patience
        moved = position.after((row.id for row in portion.rows), until)
        if portion.is_all:
            moved = moved.without_old(looked)
        left = moved.bounded()
        if dropped := len(moved.holes) - len(left.holes):
            self._log.warn(
                "{section}: more gaps between the numbers of rows than can be watched; what is committed"
                " late in {dropped} of them will be missed",
                section=self._section,
                dropped=dropped,
            )
        return left

    # What becomes of it -----------------------------------------------------------------------------------

    def _count(self, portion: Portion, refused: Sequence[tuple[int, str]]) -> None:
        counters = self.counters
        counters.published += len(portion.rows) - len(refused)
        counters.refused += len(refused)
        counters.waiting = portion.waiting
        for number, reason in refused[:TOLD_LIMIT]:
            self._log.warn(
                "{section}: row {number} is set aside: {reason}",
                section=self._section,
                number=number,
                reason=reason,
            )
        if len(refused) > TOLD_LIMIT:
            self._log.warn(
                "{section}: {more} more rows are set aside",
                section=self._section,
                more=len(refused) - TOLD_LIMIT,
            )

    def _works(self) -> None:
        if self.problem:
            self._log.info(
                "{section}: it is followed again, after {failures} failures",
                section=self._section,
                failures=self._failures,
            )
        self.problem, self._failures = "", 0

    def _failed(self, error: Exception) -> float:
        """@return: how long to wait."""
        self.counters.failures += 1
        self._failures += 1
        reason = self._reason(error)
        if reason != self.problem:
            self._log.warn(
                "[{section}] is not followed for now: {reason}", section=self._section, reason=reason
            )
        self.problem = reason
        return min(wait_after(self._failures, self._chance()), LONGEST_WAIT)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, WrongPosition):
            return f"what the store has noted for it is no position: {error}"
        return self._feed.explain(error)


def _published(rows: Sequence[Row], refused: Sequence[tuple[int, str]]) -> list[int]:
    aside = {number for number, _ in refused}
    return [row.id for row in rows if row.id not in aside]
