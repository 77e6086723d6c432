"""
How far tables of others have been followed.

The promises are those of L{comet.storage.interface.Store}, which this is a part of.
"""

from __future__ import annotations

from typing import Protocol


class Outboxes(Protocol):
    """The part of a store that knows the place of each outbox."""

    async def take_outbox(self, name: str, node: str, now: int, ends: int) -> str | None:
        """
        Let C{node} be the only one that follows this outbox. It may say so again and again, and gives its
        turn back by C{now}.

        @param now: the time, in seconds since 1970.
        @param ends: when the turn ends; at most L{comet.storage.presences.TURN_LIMIT} seconds later.
        @return: the place that was noted last, empty if there was none; C{None} if it is the turn of another.
        """

    async def set_outbox(self, name: str, node: str, place: str) -> bool:
        """
        Note how far an outbox has been followed.

        @return: whether it was; if not, another node has taken the turn of this one.
        """
