"""The client on Twisted's reactor, with Autobahn's WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.logger import Logger
from twisted.python.failure import Failure

from comet import __version__
from comet.client.base import BaseClient
from comet.client.events import Happening, Private
from comet.client.loops import Listener, Loop, Promise, Socket
from comet.client.settings import Settings

#: How long the other side may take to answer a Close frame, in seconds.
CLOSING = 1


class Client(BaseClient):
    """
    A client whose coroutines run on Twisted's reactor, see L{BaseClient}.

    In code without coroutines, L{Deferred.fromCoroutine} makes a Deferred of each.
    """

    def __init__(
        self,
        nodes: str | Sequence[str],
        *,
        tell: Callable[[Happening], Any] | None = None,
        on_private: Callable[[Private], Any] | None = None,
        reactor: Any = None,
        **settings: Any,
    ) -> None:
        """
        @param reactor: C{None} for the one of this process.
        @param settings: see L{Settings}; C{nodes}, C{tell} and C{on_private}: see L{BaseClient}.
        """
        if reactor is None:
            from twisted.internet import reactor
        super().__init__(
            nodes,
            lambda settings: ReactorLoop(reactor, settings),
            tell=tell,
            on_private=on_private,
            **settings,
        )


class ClientService(Service):
    """A client that is connected for as long as the service runs, for C{twistd} and C{MultiService}."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def startService(self) -> None:
        """Connect."""
        super().startService()
        self.client.start()

    def stopService(self) -> Deferred[None]:
        """Disconnect."""
        super().stopService()
        return Deferred.fromCoroutine(self.client.stop())


class DeferredPromise(Promise):
    """See L{Promise}."""

    def __init__(self) -> None:
        self._deferred: Deferred[Any] = Deferred()

    def __await__(self) -> Generator[Any, Any, Any]:
        """@return: the value."""
        return self._deferred.__await__()

    def resolve(self, value: Any = None) -> None:
        """See L{Promise.resolve}."""
        if not self._deferred.called:
            self._deferred.callback(value)

    def reject(self, error: Exception) -> None:
        """See L{Promise.reject}."""
        if not self._deferred.called:
            self._deferred.errback(error)


class ReactorLoop(Loop):
    """See L{Loop}."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: Settings) -> None:
        self._reactor, self._settings = reactor, settings
        self._trust = _trust(settings.ca_file)

    def now(self) -> float:
        """See L{Loop.now}."""
        seconds: float = self._reactor.seconds()
        return seconds

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """See L{Loop.later}."""
        delayed = self._reactor.callLater(seconds, call)

        def undo() -> None:
            if delayed.active():
                delayed.cancel()

        return undo

    def promise(self) -> Promise:
        """See L{Loop.promise}."""
        return DeferredPromise()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """See L{Loop.spawn}."""
        Deferred.fromCoroutine(coroutine).addErrback(
            lambda failure: self._log.failure("the client has failed", failure)
        )

    def report(self, what: str, error: Exception) -> None:
        """See L{Loop.report}."""
        self._log.failure("{what}", Failure(error), what=what)

    def open(self, url: str, listener: Listener) -> Socket:
        """See L{Loop.open}."""
        return ReactorSocket(self._reactor, self._endpoint(url), self._factory(url), listener)

    def _factory(self, url: str) -> WebSocketClientFactory:
        factory = WebSocketClientFactory(url, useragent=f"comet/{__version__}", reactor=self._reactor)
        factory.protocol, factory.log, factory.noisy = _Protocol, _Protocol.log, False
        factory.setProtocolOptions(
            maxMessagePayloadSize=self._settings.message,
            openHandshakeTimeout=self._settings.connect_timeout,
            closeHandshakeTimeout=CLOSING,
            serverConnectionDropTimeout=CLOSING,
            tcpNoDelay=True,
        )
        return factory

    def _endpoint(self, url: str) -> Any:
        parts = urlsplit(url)
        assert parts.hostname is not None
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        endpoint = HostnameEndpoint(
            self._reactor, parts.hostname, port, timeout=self._settings.connect_timeout
        )
        if not secure:
            return endpoint
        return wrapClientTLS(optionsForClientTLS(parts.hostname, trustRoot=self._trust), endpoint)


def _trust(ca_file: Path | str | None) -> Any:
    """@return: the authorities of a file; C{None} for those of the system."""
    if ca_file is None:
        return None
    begin = "-----BEGIN CERTIFICATE-----"
    blocks = Path(ca_file).read_text("ascii").split(begin)[1:]
    if not blocks:
        raise ValueError(f"{ca_file} holds no certificate in PEM form")
    return trustRootFromCertificates([Certificate.loadPEM((begin + block).encode()) for block in blocks])


class ReactorSocket(Socket):
    """See L{Socket}."""

    def __init__(
        self, reactor: Any, endpoint: Any, factory: WebSocketClientFactory, listener: Listener
    ) -> None:
        self._listener = listener
        self._protocol: _Protocol | None = None
        # Later, so that the listener is never called from within Loop.open.
        self._connecting: Deferred[Any] = Deferred(lambda _: start.cancel())
        start = reactor.callLater(0, self._connecting.callback, None)
        self._connecting.addCallback(lambda _: endpoint.connect(factory))
        self._connecting.addCallbacks(self._connected, self._failed)

    def _connected(self, protocol: _Protocol) -> None:
        self._protocol = protocol
        protocol.listener = self._listener

    def _failed(self, failure: Failure) -> None:
        given_up = failure.check(CancelledError) is not None
        self._listener.closed(None, "given up" if given_up else failure.getErrorMessage())

    def say(self, text: str) -> None:
        """See L{Socket.say}."""
        if self._protocol is not None:
            self._protocol.sendMessage(text.encode())

    def drop(self) -> None:
        """See L{Socket.drop}."""
        if self._protocol is None:
            self._connecting.cancel()
        elif self._protocol.state == _Protocol.STATE_OPEN:
            self._protocol.sendClose(1000)
        else:
            self._protocol.dropConnection(abort=True)


class _Protocol(WebSocketClientProtocol):
    """Tells a listener what Autobahn tells it."""

    listener: Listener

    def onOpen(self) -> None:
        self.listener.opened()

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        self.listener.heard()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not isBinary:
            self.listener.received(payload.decode())

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        came = self.remoteCloseCode
        self.listener.closed(came, self.remoteCloseReason or reason or "the connection was lost")
