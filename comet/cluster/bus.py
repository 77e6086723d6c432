"""
What nodes need of the way between them.

A bus carries frames from each node to all nodes, the sender included, and all of them see all frames in one
and the same order. That order is what everything else is built on: whoever applies what it hears in that
order knows what all others know. A bus may lose its connection; it keeps nothing for those who are not there.
"""

from __future__ import annotations

from typing import Protocol

#: Nodes have slots 0, 1, 2 ... below this one: the upper twelve bits of the numbers of their connections.
SLOT_LIMIT = 1 << 12
#: The longest frame that a bus carries, in bytes: the longest message, and what it is wrapped in.
FRAME_LIMIT = 64 << 20


class Receiver(Protocol):
    """One node, as its bus sees it. No method raises or waits."""

    def up(self, slot: int) -> None:
        """
        From now on, all that is sent by anybody is received here.

        @param slot: the number of this node, which no other node has that is in use; the same name is given
            the same slot again.
        """

    def down(self, reason: str) -> None:
        """
        From now on, nothing is received. Of what was sent and has not come back it is not known whether
        others have received it; it will not come back later.

        @param reason: why, for people.
        """

    def refused(self, reason: str) -> None:
        """
        Another node has the name of this one. As long as it has, this one does not come up; it is tried again
        and again.

        @param reason: that, for people.
        """

    def received(self, frame: bytes) -> None:
        """Somebody, perhaps this node, has sent C{frame} to all, or to this node."""


class Bus(Protocol):
    """
    The way between the nodes. Once started it connects, and after each loss it connects again, waiting
    longer each time and with chance, until it is stopped.

    @ivar problem: why nothing can be sent now, for people; empty while the bus is up.
    """

    problem: str

    def start(self, node: str, receiver: Receiver) -> None:
        """
        Begin to connect.

        @param node: the name of this node, which no other node has.
        """

    def send(self, frame: bytes, to: int | None = None) -> None:
        """
        Send C{frame} to all nodes, or to the one in slot C{to}. Only while up. Never raises, never waits:
        should more bytes wait for the bus than are allowed, it loses its connection, and so does a bus that
        has not carried anything for too long.

        What a node sends is received in the order in which it was sent, whatever its destinations.
        """

    async def stop(self) -> None:
        """Let what was sent go out, within a bounded time, then disconnect. The receiver hears no more."""
