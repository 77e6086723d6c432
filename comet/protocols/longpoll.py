"""The transport of long-poll: sessions that outlive their requests, found again by a secret."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from comet.errors import CometError, TooManyConnections, UnknownSession
from comet.model import Event, Goodbye, Hello
from comet.protocols.answers import (
    Exchange,
    address_of,
    answer_error,
    headers_of,
)
from comet.protocols.frames import DialectForm
from comet.protocols.passing import Neighbours
from comet.protocols.polling import Poll, read_poll
from comet.protocols.reception import Reception
from comet.protocols.wheel import Spoke
from comet.session import Session, Visitor


class LongPollForm(DialectForm):
    """JSON as the items of a list."""

    transport = "longpoll"

    def encode(self, event: Event) -> bytes:
        """See L{Form.encode}."""
        return self._dialect.encode(event).encode()


class Poller:
    """
    A session that outlives its requests.

    What was said in an answer is kept until the next request shows that it has arrived. One request at a time
    is held until there is something to say; while its own commands are carried out, their answers are
    collected.

    @ivar batch: the number of the last answer with something in it.
    @ivar turn: commands of several requests are carried out one after the other.
    """

    def __init__(self, visitor: Visitor, polls: LongPolls) -> None:
        reception = polls.reception
        self.secret = polls.mark + secrets.token_urlsafe(16)
        self.session = Session(
            *(visitor, polls.form, self, reception.broker, reception.server), secret=self.secret
        )
        self.batch = 0
        self.turn: DeferredLock = DeferredLock()
        self._polls = polls
        self._said: list[bytes] = []
        self._held: Exchange | None = None
        self._timer: IDelayedCall | None = None
        self._is_due = False
        self._end: Spoke | None = None
        self._drained: list[Deferred[None]] = []
        reception.opened(self.session)
        self._leave()

    def knows(self, batch: int) -> bool:
        """@return: whether a client whose last answer was C{batch} can go on here."""
        return batch in (self.batch, self.batch - 1)

    def hold(self, exchange: Exchange, batch: int) -> None:
        """
        Hold this request in place of any other.

        @param batch: the last answer that has arrived.
        """
        if self._held is not None:
            self._answer([])
        if exchange.gone:
            return
        self._stay()
        self._held = exchange
        exchange.lost = self._lost
        if batch != self.batch:
            self._answer(self._said)  # what was said got lost
        elif self._drained:
            self._flush()

    def settle(self, exchange: Exchange, wait: int) -> None:
        """The commands of this request have been carried out; it may wait so many seconds for news."""
        if exchange is not self._held:
            return
        if self.session.has_news or self.session.is_over or not wait:
            self._flush()
        else:
            self._timer = self._polls.clock.callLater(wait, self._flush)

    def _flush(self) -> None:
        """Answer with what there is."""
        if frames := self.session.take():
            self.batch += 1
        self._said = frames
        self._answer(frames)
        drained, self._drained = self._drained, []
        for each in drained:
            each.callback(None)

    def _answer(self, frames: list[bytes]) -> None:
        exchange, self._held = self._held, None
        self._stop_waiting()
        assert exchange is not None
        head = json.dumps({"batch": self.batch, "session": self.secret}, separators=(",", ":"))
        exchange.answer(b'%s,"messages":[%s]}' % (head.encode()[:-1], b",".join(frames)))
        if self.session.is_over and not self.session.has_news:
            self._over()
        else:
            self._leave()

    def _stop_waiting(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer, self._is_due = None, False

    def _lost(self, exchange: Exchange) -> None:
        """The client has gone away from a request."""
        if exchange is self._held:
            self._held = None
            self._stop_waiting()
            self._leave()

    # Coming back ------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """No request is here: wait for the next one, for a while."""
        self._stay()
        seconds = self._polls.reception.broker.limits.poll_seconds
        self._end = self._polls.reception.wheel.call_later(seconds, self._over)

    def _stay(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _over(self) -> None:
        self._stay()
        self._polls.forget(self)
        self._polls.reception.closed(self.session)
        self.session.fall_silent()
        drained, self._drained = self._drained, []
        for each in drained:
            each.callback(None)

    # Called by the session --------------------------------------------------------------------------------

    def ready(self) -> None:
        """See L{comet.outbox.Wire.ready}. What is said in one turn of the reactor makes one answer."""
        if self._timer is not None and not self._is_due:
            self._is_due = True
            self._timer.cancel()
            self._timer = self._polls.clock.callLater(0, self._flush)

    def lose(self, goodbye: Goodbye) -> None:
        """See L{comet.outbox.Wire.lose}: the next request is told, if none is here."""
        if self._held is not None:
            self._flush()

    def drained(self) -> Awaitable[None]:
        """See L{comet.outbox.Wire.drained}."""
        done: Deferred[None] = Deferred()
        self._drained.append(done)
        if self._held is not None:
            self._flush()
        return done


class Inner(Resource):
    """Where the other workers bring requests for sessions that are here."""

    isLeaf = True

    def __init__(self, polls: LongPolls) -> None:
        super().__init__()
        self.render_POST = polls.take_known


class LongPolls(Resource):
    """The path C{/comet/poll}."""

    isLeaf = True
    _log = Logger()

    def __init__(
        self, reception: Reception, clock: IReactorTime, neighbours: Neighbours | None = None
    ) -> None:
        """@param neighbours: who may have the sessions that are not here."""
        super().__init__()
        self.mark = "" if neighbours is None else neighbours.mark
        self._neighbours = neighbours
        self.reception, self.clock = reception, clock
        self.form = LongPollForm(reception.json)
        self._pollers: dict[str, Poller] = {}

    def forget(self, poller: Poller) -> None:
        """A session is over."""
        self._pollers.pop(poller.secret, None)

    def render_POST(self, request: Request) -> int:
        """Take what the client says; answer when there is something to say."""
        assert request.content is not None
        body = request.content.read()
        try:
            poll = read_poll(body)
        except CometError as error:
            answer_error(request, error)
            return NOT_DONE_YET
        port = None if self._neighbours is None else self._neighbours.port_of(poll.session)
        if self._neighbours is None or port is None:
            self._take(request, Exchange(request), poll)
        else:
            self._pass_on(request, Exchange(request), poll, self._neighbours.bring(body, port))
        return NOT_DONE_YET

    def _pass_on(
        self, request: Request, exchange: Exchange, poll: Poll, brought: Deferred[bytes | None]
    ) -> None:
        """Answer as the worker does that has the session; if none has it, as for any unknown one."""
        exchange.lost = lambda _: brought.cancel()

        def answer(found: bytes | None) -> None:
            if found is not None:
                exchange.answer(found)
            elif not exchange.gone:
                self._take(request, exchange, poll)

        brought.addCallback(answer)
        brought.addErrback(lambda failure: self._log.failure("a request could not be served", failure))

    def _take(self, request: Request, exchange: Exchange, poll: Poll) -> None:
        try:
            poller, is_new = self._poller(request, poll)
        except CometError as error:
            answer_error(request, error)
        else:
            self._begin(exchange, poll, poller, is_new)

    def take_known(self, request: Request) -> int:
        """Take what a neighbour has brought, if the session is here."""
        assert request.content is not None
        try:
            poll = read_poll(request.content.read())
            found = self._pollers.get(poll.session)
            if found is None or not found.knows(poll.batch):
                raise UnknownSession("no such session is here")
        except CometError as error:
            answer_error(request, error)
        else:
            self._begin(Exchange(request), poll, found, False)
        return NOT_DONE_YET

    def _begin(self, exchange: Exchange, poll: Poll, poller: Poller, is_new: bool) -> None:
        work = Deferred.fromCoroutine(self._serve(exchange, poll, poller, is_new))
        work.addErrback(lambda failure: self._log.failure("a request could not be served", failure))

    def _poller(self, request: Request, poll: Poll) -> tuple[Poller, bool]:
        """@return: the session that is meant, and whether it has been made for this request."""
        found = self._pollers.get(poll.session)
        if found is not None and found.knows(poll.batch):
            return found, False
        if poll.hello is None:
            raise UnknownSession("no such session is here: say hello, too")
        if len(self._pollers) >= self.reception.broker.limits.browsers:
            raise TooManyConnections("too many sessions are open")
        visitor = self.reception.visitor(poll.hello, address_of(request), headers_of(request))
        poller = Poller(visitor, self)
        self._pollers[poller.secret] = poller
        return poller, True

    async def _serve(self, exchange: Exchange, poll: Poll, poller: Poller, is_new: bool) -> None:
        session = poller.session
        # A new session has said nothing that could have got lost.
        poller.hold(exchange, 0 if is_new else poll.batch)
        await poller.turn.acquire()
        try:
            if is_new:
                await session.start(poll.hello or Hello())
            for command in (poll.channels, *poll.commands):
                if command is not None and not session.is_over:
                    self.reception.heard(session)
                    await session.receive(command)
        finally:
            poller.turn.release()
        poller.settle(exchange, poll.wait)
