"""
The link to Janus: a connection with a session on it, made anew whenever it is lost.

With the connection Janus loses the session, all its handles, and so all media of those. Therefore nothing is
kept for later: what is asked while Janus is away fails at once, and what it has not answered when it goes
fails then. An answer that takes too long counts as a lost connection, so nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from comet.protocols.janus.exchange import Exchange, Settled
from comet.protocols.janus.socket import JanusSocket, endpoint_of, socket_factory
from comet.protocols.janus.videoroom import PLUGIN
from comet.protocols.janus.wire import (
    Answer,
    Happened,
    JanusAway,
    JanusError,
    NotJanus,
    Object,
    SessionOver,
)

#: The first wait after a failure and the longest, in seconds. Rooms wait for it.
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
#: How often it is looked whether Janus answers, in seconds.
TICK_SECONDS = 1.0
#: After so many seconds without a request Janus is shown that we are there, and three times before it forgets
#: us, after its C{session_timeout}.
KEEPALIVE_SECONDS = 10.0
#: The first Janus with several streams in one subscription, as it numbers itself: 1.0.0.
OLDEST = 1000
#: How long Janus may take to hear that we leave, in seconds.
GOODBYE_SECONDS = 1.0


class Listener(Protocol):
    """Whom the link tells."""

    def session_opened(self) -> None:
        """There is a session now, and no handle in it."""

    def session_closed(self) -> None:
        """The session is gone, with all handles."""

    def happened(self, event: Happened) -> None:
        """Something has happened to a handle."""


class Link:
    """
    The link to one Janus.

    @ivar is_up: whether something can be asked.
    @ivar problem: why nothing can be asked, as a sentence; empty if something can.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        url: str,
        secret: str,
        endpoint: Any = None,
        chance: Callable[[], float] = random,
    ) -> None:
        """
        @param url: C{ws:} or C{wss:}.
        @param secret: C{api_secret} of Janus, empty for none.
        @param endpoint: how to connect, if not as C{url} says.
        @param chance: gives numbers from 0 to 1.
        """
        self.is_up, self.problem = False, f"Janus at {url} is not connected yet"
        self._reactor, self._url, self._secret, self._chance = reactor, url, secret, chance
        self._endpoint = endpoint or endpoint_of(reactor, url)
        self._factory = socket_factory(reactor, url)
        self._listener: Listener | None = None
        self._exchange: Exchange[Deferred[Answer]] = Exchange(secret)
        self._socket: JanusSocket | None = None
        self._timer: Any = None
        self._opening: Deferred[None] | None = None
        self._asked_at, self._keepalive = 0.0, KEEPALIVE_SECONDS
        self._attempt = self._failures = 0
        self._is_running = False

    @property
    def is_away(self) -> bool:
        """Whether connecting anew has failed, too."""
        return self._failures > 1

    # Life -------------------------------------------------------------------------------------------------

    def start(self, listener: Listener) -> None:
        """Begin to connect, and go on with it until L{stop}."""
        self._listener, self._is_running = listener, True
        self._open()

    async def stop(self) -> None:
        """Leave, and let Janus know."""
        self._is_running = False
        if self.is_up:
            goodbye = self._ask({"janus": "destroy"})
            goodbye.addErrback(lambda _: None)
            timer = self._reactor.callLater(GOODBYE_SECONDS, self._end, "the server stops")
            await goodbye
            if timer.active():
                timer.cancel()
        self._end("the server stops")
        if self._opening is not None:
            self._opening.cancel()

    def _open(self) -> None:
        self._timer = None
        attempt = self._attempt
        self._opening = Deferred.fromCoroutine(self._greet())
        self._opening.addErrback(self._not_opened, attempt)

    def _not_opened(self, failure: Failure, attempt: int) -> None:
        # If this attempt was given up, that is why it has failed.
        if attempt == self._attempt:
            self._lost(failure.getErrorMessage())

    async def _greet(self) -> None:
        """Connect, see who is there, and make a session."""
        socket: JanusSocket = await self._endpoint.connect(self._factory)
        if not self._is_running:
            return socket.cut()
        self._socket = socket
        socket.lost = self._lost
        await socket.opened
        # The handshake and the first answers share one connection, which may be lost in between.
        self._exchange, socket.heard = Exchange(self._secret), self._heard
        self._tick()
        info = (await self._ask({"janus": "info"})).data
        _check(info)
        self._keepalive = _keepalive(info)
        created = await self._ask({"janus": "create"})
        self._exchange.session = _id_of(created)
        self.is_up, self.problem, self._failures = True, "", 0
        self._log.info("Janus {version} at {url} is there", version=info.get("version_string"), url=self._url)
        if self._listener is not None:
            self._listener.session_opened()

    def _lost(self, reason: str) -> None:
        """There is no connection, or none that is of use."""
        self._attempt += 1
        was_up = self.is_up
        self._end(reason)
        if not self._is_running:
            return
        self._failures += 1
        wait = min(FIRST_WAIT * 2.0 ** min(self._failures - 1, 10), LONGEST_WAIT)
        self._timer = self._reactor.callLater(wait * (0.5 + self._chance() / 2), self._open)
        problem = f"Janus at {self._url} is away: {reason}"
        if problem != self.problem:
            self._log.warn("{problem}", problem=problem)
        self.problem = problem
        if was_up and self._listener is not None:
            self._listener.session_closed()

    def _end(self, reason: str) -> None:
        """Drop the connection, and let all know who wait for something."""
        self.is_up = False
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.cut()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        for waiter in self._exchange.close():
            waiter.errback(JanusAway(f"Janus is away: {reason}"))

    def _tick(self) -> None:
        self._timer = self._reactor.callLater(TICK_SECONDS, self._tick)
        now = self._reactor.seconds()
        if self._exchange.is_overdue(now):
            self._lost("it does not answer")
        elif self.is_up and now >= self._asked_at + self._keepalive:
            self._ask({"janus": "keepalive"}).addErrback(self._not_kept)

    def _not_kept(self, failure: Failure) -> None:
        if self.is_up and failure.check(JanusError):
            # It was asleep, or we were, and it has forgotten the session.
            self._lost(failure.getErrorMessage())

    # Requests ---------------------------------------------------------------------------------------------

    def _ask(self, request: Object) -> Deferred[Answer]:
        waiter: Deferred[Answer] = Deferred()
        if self._socket is None:
            waiter.errback(JanusAway(self.problem or "Janus is away"))
            return waiter
        now = self._asked_at = self._reactor.seconds()
        try:
            text = self._exchange.ask(request, waiter, now)
        except JanusError as error:
            waiter.errback(error)
        else:
            self._socket.send(text)
        return waiter

    async def attach(self) -> int:
        """
        @return: a new handle of the plug-in.
        @raise JanusError: if Janus refuses.
        @raise JanusAway: if it is not there.
        """
        self._check_up()
        return _id_of(await self._ask({"janus": "attach", "plugin": PLUGIN}))

    async def tell(self, handle: int, body: Object, description: Object | None = None) -> Answer:
        """
        Ask the plug-in for something.

        @param description: an SDP description that goes with it.
        @return: what it answers; raises as L{attach}.
        """
        self._check_up()
        described = {"jsep": description} if description is not None else {}
        return await self._ask({"janus": "message", "handle_id": handle, "body": body, **described})

    async def trickle(self, handle: int, candidate: Object) -> None:
        """Hand Janus a candidate; raises as L{attach}."""
        self._check_up()
        await self._ask({"janus": "trickle", "handle_id": handle, "candidate": candidate})

    async def detach(self, handle: int) -> None:
        """Be done with a handle. If it is gone already, or Janus is, that is fine."""
        try:
            self._check_up()
            await self._ask({"janus": "detach", "handle_id": handle})
        except (JanusError, JanusAway):
            pass

    def _check_up(self) -> None:
        if not self.is_up:
            raise JanusAway(self.problem)

    def _heard(self, text: str) -> None:
        try:
            arrival = self._exchange.receive(text)
        except NotJanus as error:
            return self._lost(str(error))
        match arrival:
            case Settled():
                _settle(arrival)
            case Happened():
                if self.is_up and self._listener is not None:
                    self._listener.happened(arrival)
            case SessionOver():
                self._lost("it has ended our session")


def _settle(settled: Settled[Deferred[Answer]]) -> None:
    if isinstance(settled.outcome, JanusError):
        settled.waiter.errback(settled.outcome)
    else:
        settled.waiter.callback(settled.outcome)


def _check(info: Object) -> None:
    """@raise NotJanus: if that is no Janus of use."""
    version, plugins = info.get("version"), info.get("plugins")
    if not isinstance(version, int) or version < OLDEST:
        raise NotJanus(f"it is version {info.get('version_string')}; 1.0 or later is needed")
    if not isinstance(plugins, dict) or PLUGIN not in plugins:
        raise NotJanus(f"it has no {PLUGIN}")


def _keepalive(info: Object) -> float:
    """@return: after how many silent seconds Janus is to hear of us."""
    timeout = info.get("session-timeout")
    return min(KEEPALIVE_SECONDS, timeout / 3) if isinstance(timeout, int) and timeout else KEEPALIVE_SECONDS


def _id_of(answer: Answer) -> int:
    number = answer.data.get("id")
    if not isinstance(number, int):
        raise NotJanus("it gives no number to what it has made")
    return number
