"""Fetches a JSON Web Key Set over HTTP, now and then and when a token names a key that nobody knows."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol as Receiver
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed
from twisted.web.http_headers import Headers

from comet import __version__
from comet.errors import BadValue
from comet.keyring import KeyRing, read_set

#: However many tokens name unknown keys, the set is not asked for more often than this, in seconds.
PAUSE_SECONDS = 60.0
#: How long an answer may take, in seconds.
FETCH_SECONDS = 10.0
#: The longest answer, in bytes.
ANSWER_LIMIT = 1 << 18

_HEADERS = Headers(
    {
        b"User-Agent": [f"comet/{__version__}".encode()],
        b"Accept": [b"application/jwk-set+json, application/json"],
    }
)


class Getter(Protocol):
    """What is needed of L{twisted.web.client.Agent}."""

    def request(self, method: bytes, uri: bytes, headers: Headers | None = None) -> Deferred[Any]:
        """@return: the response."""


class _Body(Receiver):
    """Gathers the body of a response, unless it is too long."""

    def __init__(self) -> None:
        self.whole: Deferred[bytes] = Deferred(lambda _: self._stop())
        self._read = bytearray()

    def _stop(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        self._read += data
        if len(self._read) > ANSWER_LIMIT and not self.whole.called:
            self.whole.errback(BadValue(f"the answer is longer than {ANSWER_LIMIT} bytes"))
            self._stop()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self.whole.called:
            return
        if reason.check(ResponseDone):
            self.whole.callback(bytes(self._read))
        else:
            self.whole.errback(reason)


class KeySet:
    """Keeps a L{KeyRing} up to date; what cannot be fetched leaves it as it was."""

    _log = Logger()

    def __init__(self, url: str, ring: KeyRing, getter: Getter, clock: IReactorTime, refresh: float) -> None:
        """
        @param url: where the set is.
        @param refresh: after how many seconds it is fetched anew.
        """
        self._url = url
        self._ring = ring
        self._getter = getter
        self._clock = clock
        self._refresh = refresh
        self._asked: float | None = None
        self._busy: Deferred[None] | None = None
        self._waiting: list[Deferred[None]] = []
        self._loop = LoopingCall(self._fetch)
        self._loop.clock = clock
        ring.fetch = self.look_again

    def start(self) -> None:
        """Fetch the set now, and then again and again."""
        self._loop.start(self._refresh)

    def stop(self) -> None:
        """Fetch it no more; nobody is left waiting."""
        if self._loop.running:
            self._loop.stop()
        if self._busy is not None:
            self._busy.cancel()

    async def look_again(self) -> None:
        """Wait for the set to be fetched, unless that was tried just now."""
        just_now = self._asked is not None and self._clock.seconds() - self._asked < PAUSE_SECONDS
        if self._busy is None and just_now:
            return
        self._fetch()
        if self._busy is not None:
            turn: Deferred[None] = Deferred()
            self._waiting.append(turn)
            await turn

    def _fetch(self) -> None:
        if self._busy is not None:
            return
        self._asked = self._clock.seconds()
        busy = self._busy = Deferred.fromCoroutine(self._learn())
        busy.addTimeout(FETCH_SECONDS, self._clock)
        busy.addErrback(self._failed)
        busy.addCallback(self._over)

    async def _learn(self) -> None:
        response = await self._getter.request(b"GET", self._url.encode(), _HEADERS)
        if response.code != 200:
            raise BadValue(f"the answer has status {response.code}")
        body = _Body()
        response.deliverBody(body)
        self._ring.learn(read_set(await body.whole))

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, ResponseFailed):
            error = error.reasons[0].value
        self._log.warn(
            "[jwt] jwks_url: the keys at {url} cannot be had, those known before count on: {error}",
            url=self._url,
            error=f"{type(error).__name__}: {error}",
        )

    def _over(self, _: None) -> None:
        self._busy = None
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            turn.callback(None)
