"""
The courier: brings the log of presence to the webhook, at least once and in order.

It has one batch in its hands at a time, reads the log anew for each attempt, and notes in the store how far
it has come. So a receiver that is slow or dead costs nothing but the wait, and nobody waits for it.

Of several servers over one store one delivers at a time: whoever has news takes its turn, which the store
knows of, and delivers the rows of all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from comet import __version__
from comet.storage.interface import Store
from comet.webhook import BATCH_LIMIT, READER, body_of, headers_of, lost_before, wait_after

T = TypeVar("T")

#: How long a receiver may take for one batch, in seconds.
REQUEST_SECONDS = 10.0
#: How long a turn lasts from each attempt on, besides the wait for the next one, in seconds: for so long
#: nothing is delivered if the server dies whose turn it is.
TURN_SECONDS = 30
#: How long to wait while it is the turn of another, in seconds.
OTHER_SECONDS = 2.0
#: How often to look for rows of which nobody has told here, in seconds.
LOOK_SECONDS = 10.0
#: The longest body of an answer that is read to its end; nobody looks at it.
ANSWER_LIMIT = 1 << 16


class NotTaken(Exception):
    """The receiver has answered, but not that it has taken the batch."""


@dataclass(slots=True)
class Counters:
    """
    What the courier has done since the start.

    @ivar deliveries: batches that were taken.
    @ivar failures: attempts that were not.
    @ivar lost: rows that were dropped before they could be delivered.
    """

    deliveries: int = 0
    failures: int = 0
    lost: int = 0


@implementer(IBodyProducer)
class _Body:
    """The body of a request, there as a whole."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Everything is written already."""

    def resumeProducing(self) -> None:
        """Everything is written already."""

    def stopProducing(self) -> None:
        """Everything is written already."""


class _Rest(Protocol):
    """
    Reads what comes behind the head of an answer, and forgets it.

    @ivar over: fires at the end of it.
    """

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred(lambda _: self._hang_up())
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > ANSWER_LIMIT:
            self._hang_up()

    def connectionLost(self, reason: Failure = Failure(CancelledError())) -> None:  # noqa: B008
        if not self.over.called:
            self.over.callback(None)

    def _hang_up(self) -> None:
        transport: Any = self.transport
        # Which of the two there is depends on how far the answer has come.
        hang_up = getattr(transport, "abortConnection", None) or transport.loseConnection
        hang_up()


class Courier:
    """Delivers the log of presence to one address."""

    _log = Logger()

    def __init__(
        self,
        store: Store,
        address: str,
        secret: str,
        node: str,
        reactor: Any,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
        policy: IPolicyForHTTPS | None = None,
        is_alone: bool = True,
    ) -> None:
        """
        @param secret: what batches are signed with; empty: not at all.
        @param node: the name of this process, for the receiver.
        @param clock: the time in seconds since 1970.
        @param chance: gives numbers from 0 to 1.
        @param policy: whom to trust; left out, whom this machine trusts.
        @param is_alone: whether no other process writes rows.
        """
        self.counters = Counters()
        self._store, self._address, self._secret = store, address.encode(), secret
        self._node, self._is_alone = node, is_alone
        self._reactor, self._clock, self._chance = reactor, clock, chance
        self._agent = Agent(reactor, policy or BrowserLikePolicyForHTTPS(), connectTimeout=REQUEST_SECONDS)
        # Without the path, which may hold a secret of the receiver's.
        self._receiver = urlsplit(address).netloc
        self._place = 0
        self._failures = 0
        self._news = self._stopped = False
        self._asleep: Deferred[None] | None = None
        self._wait: Deferred[Any] | None = None
        self._work: Deferred[None] = succeed(None)

    def start(self) -> None:
        """Begin where the last process has ended, or another one."""
        self._work = Deferred.fromCoroutine(self._run())
        self._work.addErrback(lambda failure: self._log.failure("the webhook has ended", failure))

    def stop(self) -> Deferred[None]:
        """Let go, also in the middle of a request. @return: fires when that is done."""
        self._stopped = True
        if self._wait is not None:
            self._wait.cancel()
        return self._work

    def wake(self) -> None:
        """The log has grown."""
        self._news = True
        if self._asleep is not None:
            asleep, self._asleep = self._asleep, None
            asleep.callback(None)

    async def _run(self) -> None:
        while not self._stopped:
            try:
                self._news = False
                if not await self._deliver():
                    await self._sleep()
            except Exception as error:
                if not self._stopped:
                    await self._failed(error)
        with suppress(Exception):  # then it ends by itself, soon
            await self._take_turn(0)

    async def _take_turn(self, seconds: float) -> bool:
        """@return: whether it is the turn of this one, which lasts for so long."""
        now = int(self._clock())
        place = await self._store.take_turn(READER, self._node, now, now + int(seconds))
        if place is None:
            return False
        self._place = place
        return True

    async def _until(self, wait: Deferred[T]) -> T:
        """Wait for anything but the store, which is not left in the middle of its work."""
        self._wait = wait
        if self._stopped:
            wait.cancel()
        try:
            return await wait
        finally:
            self._wait = None

    async def _sleep(self) -> None:
        """Wait for news."""
        while not self._news:
            asleep: Deferred[None] = Deferred()
            self._asleep = asleep
            if not self._is_alone:
                asleep.addTimeout(LOOK_SECONDS, self._reactor)
            try:
                await self._until(asleep)
            except TimeoutError:
                self._asleep = None
                self._news |= bool(await self._store.presence_feed(self._place, 1))

    async def _failed(self, error: Exception) -> None:
        self.counters.failures += 1
        self._failures += 1
        if self._failures == 1:
            self._log.warn(
                "the webhook at {receiver} does not take rows, which wait for it in the log: {reason}",
                receiver=self._receiver,
                reason=_reason(error),
            )
        wait = wait_after(self._failures, self._chance())
        with suppress(Exception):  # the next attempt shows whose turn it is
            await self._take_turn(wait + TURN_SECONDS)
        with suppress(CancelledError):
            await self._until(deferLater(self._reactor, wait))

    async def _deliver(self) -> bool:
        """Deliver one batch. @return: whether there may be more."""
        if not await self._take_turn(TURN_SECONDS):
            # It may have looked for the last time before our rows were there.
            await self._until(deferLater(self._reactor, OTHER_SECONDS))
            return True
        events = await self._store.presence_feed(self._place, BATCH_LIMIT)
        if not events:
            await self._take_turn(0)
            return False
        lost = lost_before(self._place, events)
        await self._post(body_of(self._node, events, lost))
        self._taken(lost)
        self._place = events[-1].number
        await self._store.set_presence_place(READER, self._place)
        return True

    def _taken(self, lost: int) -> None:
        self.counters.deliveries += 1
        self.counters.lost += lost
        if self._failures:
            self._log.info(
                "the webhook at {receiver} takes rows again, after {failures} failures",
                receiver=self._receiver,
                failures=self._failures,
            )
            self._failures = 0

    async def _post(self, body: bytes) -> None:
        """@raise Exception: if the receiver has not taken it."""
        headers = headers_of(self._secret, int(self._clock()), body)
        headers["User-Agent"] = f"comet/{__version__}"
        request: Deferred[IResponse] = self._agent.request(
            b"POST", self._address, Headers({name: [value] for name, value in headers.items()}), _Body(body)
        )
        response = await self._until(request.addTimeout(REQUEST_SECONDS, self._reactor))
        rest = _Rest()
        response.deliverBody(rest)
        with suppress(TimeoutError):  # it has said already what it had to say
            await self._until(rest.over.addTimeout(REQUEST_SECONDS, self._reactor))
        if not 200 <= response.code < 300:
            raise NotTaken(f"it answers {response.code}")


def _reason(error: Exception) -> str:
    """@return: why a request has failed, in words."""
    reasons = getattr(error, "reasons", None)
    cause = reasons[0].value if reasons else error
    return str(cause) or type(cause).__name__
