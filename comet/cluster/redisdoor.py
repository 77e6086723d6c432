"""The way to Redis: where it is now, and connections to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from OpenSSL.crypto import Error as CryptoError
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from comet.cluster.redislink import Link, Refusal
from comet.config import CannotStart
from comet.redis_url import RedisUrl

SomeLink = TypeVar("SomeLink", bound=Link)


class Door:
    """Opens connections to one Redis."""

    def __init__(self, reactor: Any, url: RedisUrl, timeout: float, tls_ca: Path | None = None) -> None:
        """
        @param timeout: how long a connection may take, in seconds.
        @param tls_ca: a file of who signs the certificate of Redis; else those of the system.
        @raise CannotStart: if that file is no good.
        """
        self.url = url
        self._reactor = reactor
        self._timeout = timeout
        self._trust = None if tls_ca is None else _trust(tls_ca)

    async def find(self) -> tuple[str, int]:
        """@return: host and port of the Redis that takes what is written."""
        if not self.url.service:
            return self.url.hosts[0]
        asked = [Deferred.fromCoroutine(self._ask_sentinel(*place)) for place in self.url.hosts]
        everybody = DeferredList(asked, fireOnOneCallback=True, consumeErrors=True)
        try:
            answer: Any = await everybody
        finally:
            for each in asked:
                each.cancel()
        # The first answer and its place among those that were asked, or else the failures of all.
        if isinstance(answer, tuple):
            place: tuple[str, int] = answer[0]
            return place
        raise Refusal("no Sentinel helps: " + answer[0][1].getErrorMessage())

    async def _ask_sentinel(self, host: str, port: int) -> tuple[str, int]:
        link = await self.connect(host, port, lambda: Link(lambda reason: None))
        question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.url.service)
        try:
            try:
                answer = await link.ask(*question)
            except Refusal as refusal:
                if "NOAUTH" not in str(refusal):
                    raise
                await link.log_in(self.url)
                answer = await link.ask(*question)
        finally:
            link.cut()
        if answer is None:
            raise Refusal(f"it knows no Redis named {self.url.service}")
        return answer[0].decode(), int(answer[1])

    async def connect(self, host: str, port: int, make: Callable[[], SomeLink]) -> SomeLink:
        """@return: a connection, on which nothing has been said."""
        endpoint: Any = HostnameEndpoint(self._reactor, host, port, self._timeout)
        if self.url.tls:
            endpoint = wrapClientTLS(optionsForClientTLS(host, trustRoot=self._trust), endpoint)
        link: SomeLink = await endpoint.connect(Factory.forProtocol(make))
        return link


def _trust(file: Path) -> Any:
    begin = "-----BEGIN CERTIFICATE-----"
    try:
        blocks = file.read_text("ascii").split(begin)[1:]
        if not blocks:
            raise ValueError
        return trustRootFromCertificates([Certificate.loadPEM((begin + block).encode()) for block in blocks])
    except OSError as error:
        raise CannotStart(f"[cluster] tls_ca: {file} cannot be used: {error.strerror}") from None
    except (ValueError, CryptoError):
        raise CannotStart(
            f"[cluster] tls_ca: {file} cannot be used: it is no PEM file of certificates"
        ) from None
