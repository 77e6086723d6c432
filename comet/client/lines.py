"""One WebSocket of a client, from the attempt to its end."""

from __future__ import annotations

from typing import Protocol

from comet.client.loops import Listener, Socket


class Owner(Protocol):
    """Who hears of a line."""

    def line_opened(self, line: Line) -> None:
        """The WebSocket is open."""

    def line_heard(self, line: Line) -> None:
        """There was a sign of life."""

    def line_received(self, line: Line, text: str) -> None:
        """A message has come."""

    def line_closed(self, line: Line, code: int | None, reason: str) -> None:
        """The WebSocket is no more."""

    def home_found(self) -> None:
        """A L{Probing} has succeeded."""


class Line(Listener):
    """
    The listener of one WebSocket, who tells its owner which one it is.

    @ivar socket: the WebSocket; C{None} as long as there is none, because a key is being made.
    """

    def __init__(self, owner: Owner) -> None:
        self.socket: Socket | None = None
        self._owner = owner

    def say(self, text: str) -> None:
        """Send a message."""
        if self.socket is not None:
            self.socket.say(text)

    def drop(self) -> None:
        """End it."""
        if self.socket is not None:
            self.socket.drop()

    def opened(self) -> None:
        """See L{Listener.opened}."""
        self._owner.line_opened(self)

    def heard(self) -> None:
        """See L{Listener.heard}."""
        self._owner.line_heard(self)

    def received(self, text: str) -> None:
        """See L{Listener.received}."""
        self._owner.line_received(self, text)

    def closed(self, code: int | None, reason: str) -> None:
        """See L{Listener.closed}."""
        self._owner.line_closed(self, code, reason)


class Probing(Line):
    """A WebSocket that is closed as soon as it is open: the node is there."""

    def opened(self) -> None:
        """See L{Listener.opened}."""
        self.drop()
        self._owner.home_found()
