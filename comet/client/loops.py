"""What the client needs of an event loop; L{comet.client.twisted} and L{comet.client.asyncio} have it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol


class Promise(Protocol):
    """Something to wait for, once. Keeping it twice, or after nobody waits any more, is harmless."""

    def __await__(self) -> Generator[Any, Any, Any]:
        """@return: the value, once there is one."""

    def resolve(self, value: Any = None) -> None:
        """There is a value."""

    def reject(self, error: Exception) -> None:
        """There is none, because of C{error}."""


class Listener(Protocol):
    """What a WebSocket tells, in this order: C{opened} at most once, C{closed} exactly once and last."""

    def opened(self) -> None:
        """The handshake is done."""

    def heard(self) -> None:
        """There was a sign of life."""

    def received(self, text: str) -> None:
        """A message has come."""

    def closed(self, code: int | None, reason: str) -> None:
        """It has ended, or could not be opened; C{code} is the code of the Close frame, if there was one."""


class Socket(Protocol):
    """A WebSocket, open or on its way."""

    def say(self, text: str) -> None:
        """Send a message."""

    def drop(self) -> None:
        """End it, in good manner if the other side is there."""


class Loop(Protocol):
    """An event loop."""

    def now(self) -> float:
        """@return: seconds that only grow."""

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call something later. @return: what makes that undone."""

    def promise(self) -> Promise:
        """@return: a new one."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run it with nobody waiting for it."""

    def report(self, what: str, error: Exception) -> None:
        """Log the fault of a program."""

    def open(self, url: str, listener: Listener) -> Socket:
        """@return: a WebSocket that is about to be opened; never calls the listener at once."""
