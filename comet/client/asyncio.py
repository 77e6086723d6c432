"""The client on asyncio, with the library C{websockets}: C{pip install comet-server[asyncio]}."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from comet import __version__
from comet.client.base import BaseClient
from comet.client.events import Happening, Private
from comet.client.loops import Listener, Loop, Promise, Socket
from comet.client.settings import Settings

#: How long the other side may take to answer a Close frame, in seconds.
CLOSING = 1


class Client(BaseClient):
    """A client whose coroutines run on asyncio; made and used within a running loop. See L{BaseClient}."""

    def __init__(
        self,
        nodes: str | Sequence[str],
        *,
        tell: Callable[[Happening], Any] | None = None,
        on_private: Callable[[Private], Any] | None = None,
        **settings: Any,
    ) -> None:
        """@param settings: see L{Settings}; C{nodes}, C{tell} and C{on_private}: see L{BaseClient}."""
        super().__init__(nodes, AsyncioLoop, tell=tell, on_private=on_private, **settings)


class FuturePromise(Promise):
    """See L{Promise}."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[Any] = loop.create_future()

    def __await__(self) -> Generator[Any, Any, Any]:
        """@return: the value."""
        return self._future.__await__()

    def resolve(self, value: Any = None) -> None:
        """See L{Promise.resolve}."""
        if not self._future.done():
            self._future.set_result(value)

    def reject(self, error: Exception) -> None:
        """See L{Promise.reject}."""
        if not self._future.done():
            self._future.set_exception(error)


class AsyncioLoop(Loop):
    """See L{Loop}."""

    def __init__(self, settings: Settings) -> None:
        self._loop, self._settings = asyncio.get_running_loop(), settings
        self._tls = ssl.create_default_context(cafile=settings.ca_file)
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """See L{Loop.now}."""
        return self._loop.time()

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """See L{Loop.later}."""
        return self._loop.call_later(seconds, call).cancel

    def promise(self) -> Promise:
        """See L{Loop.promise}."""
        return FuturePromise(self._loop)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """See L{Loop.spawn}."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # or else it might be collected while it runs
        task.add_done_callback(self._tasks.discard)

    def report(self, what: str, error: Exception) -> None:
        """See L{Loop.report}."""
        self._loop.call_exception_handler({"message": what, "exception": error})

    def open(self, url: str, listener: Listener) -> Socket:
        """See L{Loop.open}."""
        connecting = connect(
            url,
            ssl=self._tls if urlsplit(url).scheme == "wss" else None,
            max_size=self._settings.message,
            open_timeout=self._settings.connect_timeout,
            close_timeout=CLOSING,
            ping_interval=None,  # the core looks after that
            compression=None,
            proxy=None,
            user_agent_header=f"comet/{__version__}",
        )
        return AsyncioSocket(self._loop, connecting, listener)


class AsyncioSocket(Socket):
    """See L{Socket}."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connecting: connect, listener: Listener) -> None:
        self._connecting, self._listener = connecting, listener
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._open = False
        self._task = loop.create_task(self._run())

    def say(self, text: str) -> None:
        """See L{Socket.say}."""
        self._outgoing.put_nowait(text)

    def drop(self) -> None:
        """See L{Socket.drop}."""
        if self._open:
            self._outgoing.put_nowait(None)
        else:
            self._task.cancel()

    async def _run(self) -> None:
        code, reason = None, ""
        try:
            async with self._connecting as connection:
                self._open = True
                self._listener.opened()
                writing = asyncio.create_task(self._write(connection))
                try:
                    async for message in connection:
                        if isinstance(message, str):
                            self._listener.received(message)
                finally:
                    writing.cancel()
                code, reason = connection.close_code, connection.close_reason or ""
        except ConnectionClosed as error:
            if error.rcvd is not None:
                code, reason = error.rcvd.code, error.rcvd.reason
        except (OSError, TimeoutError, WebSocketException) as error:
            reason = str(error) or type(error).__name__
        except asyncio.CancelledError:
            if not self._open:
                reason = "given up"
            else:
                raise
        finally:
            self._listener.closed(code, reason or "the connection was lost")

    async def _write(self, connection: ClientConnection) -> None:
        try:
            while (text := await self._outgoing.get()) is not None:
                await connection.send(text)
            await connection.close()
        except ConnectionClosed:
            pass  # the reader tells
