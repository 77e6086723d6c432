"""What a dialect is: a pure codec between text and our commands and events."""

from __future__ import annotations

from typing import Protocol

from comet.model import Command, Event


class Dialect(Protocol):
    """The text side of a conversation. It keeps no state between calls, so that all clients share it."""

    #: The name that statistics and tables show.
    name: str
    #: Whether clients tell which private messages have arrived.
    acknowledges: bool
    #: Whether there are words for calls and rooms.
    has_rooms: bool

    def decode(self, text: str) -> Command:
        """
        @return: the command in C{text}, one message of a client; L{comet.model.Unreadable} if its
            arguments are wrong but the client may go on.
        @raise comet.errors.PeerError: if the connection is to be ended.
        """

    def encode(self, event: Event) -> str:
        """@return: C{event} as this dialect says it, one message to a client."""
