"""Handles: what one has of a plug-in of Janus, each with its own events, and its own connection for media."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from comet.model import Json
from comet.protocols.janus.wire import Answer, Happened, Object


class Gateway(Protocol):
    """
    A Janus that is connected, or not: see L{comet.protocols.janus.link.Link}.

    All methods but C{detach} raise C{JanusError} if Janus refuses, and C{JanusAway} if it is not there.
    """

    async def attach(self) -> int:
        """@return: the number of a new handle."""

    async def tell(self, handle: int, body: Object, description: Object | None = None) -> Answer:
        """@return: what the plug-in answers."""

    async def trickle(self, handle: int, candidate: Object) -> None:
        """Hand over a candidate."""

    async def detach(self, handle: int) -> None:
        """Be done with a handle."""


class Handle:
    """One handle of the plug-in."""

    def __init__(self, number: int, handles: Handles) -> None:
        self.number, self._handles = number, handles

    async def tell(self, body: Object, description: Object | None = None) -> Answer:
        """See L{Gateway.tell}."""
        return await self._handles.gateway.tell(self.number, body, description)

    async def trickle(self, candidate: Object) -> None:
        """See L{Gateway.trickle}."""
        await self._handles.gateway.trickle(self.number, candidate)

    def close(self) -> None:
        """Be done with it; nobody waits for that, and nothing more is heard of it."""
        self._handles.close(self.number)


class Handles:
    """The handles of one session."""

    def __init__(self, gateway: Gateway, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """@param spawn: runs a coroutine that nobody waits for."""
        self.gateway, self._spawn = gateway, spawn
        self._heard: dict[int, Callable[[Happened], None]] = {}

    async def attach(self, heard: Callable[[Happened], None]) -> Handle:
        """
        @param heard: is called with what happens to it.
        @return: a new handle.
        """
        number = await self.gateway.attach()
        self._heard[number] = heard
        return Handle(number, self)

    def happened(self, event: Happened) -> None:
        """Something has happened to a handle; it may be one that is closed."""
        heard = self._heard.get(event.handle)
        if heard is not None:
            heard(event)

    def close(self, number: int) -> None:
        """See L{Handle.close}."""
        if self._heard.pop(number, None) is not None:
            self._spawn(self.gateway.detach(number))

    def forget(self) -> None:
        """The session is gone, and they with it."""
        self._heard.clear()


def told_candidate(event: Happened) -> Json:
    """@return: the candidate that an event called C{trickle} brings."""
    return event.data.get("candidate")
