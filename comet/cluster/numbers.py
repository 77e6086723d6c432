"""The numbers of connections: each given once in the whole cluster, as long as the connection is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

#: The bits of a number that count the connections of one node; the slot of the node stands before them, and
#: both together are what MySQL has for a connection id (a thread id of four bytes in its handshake).
BITS = 20


class Numbers(Iterator[int]):
    """
    The numbers of the connections of one node.

    @ivar slot: the slot of the node.
    """

    def __init__(self, slot: int, in_use: Callable[[int], bool]) -> None:
        """@param in_use: whether a connection with that number is open."""
        self.slot = slot
        self._in_use = in_use
        self._last = 0

    def __next__(self) -> int:
        """@return: a number that no connection has."""
        while True:
            self._last = self._last % ((1 << BITS) - 1) + 1
            number = self.slot << BITS | self._last
            if not self._in_use(number):
                return number
