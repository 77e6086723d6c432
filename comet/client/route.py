"""Which node to try next, and how long to wait before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: The longest wait before the first new attempt, and before any, in seconds.
BASE, CAP = 0.5, 30.0
#: The longest wait that a server may ask for, in seconds: none takes longer to send its clients away.
ASKED_CAP = 600.0
#: A connection that has lasted that long was a good one, in seconds.
STABLE = 10.0


class Route:
    """
    The way to one of several nodes.

    A signed-in user has a home, so that the devices of one user meet at one node; the anonymous begin with
    the first. An attempt that fails, or a connection that does not last, leads to the next node in the list;
    a good connection that ends leads home.

    Waits double with each round through the list. Each is a share, by chance, of what it could be, so that
    the clients of a node that ends do not come back at the same moment. A server that sends its clients away
    knows how many they are, and tells each how long to wait: then it is as long as that.
    """

    def __init__(self, nodes: Sequence[str], user_id: int, random: Callable[[], float]) -> None:
        """@param random: gives numbers from 0 up to 1."""
        self._nodes, self._random = nodes, random
        self._home = user_id % len(nodes) if user_id > 0 else 0
        self._steps = self._failures = 0

    @property
    def url(self) -> str:
        """The node to connect to."""
        return self._nodes[(self._home + self._steps) % len(self._nodes)]

    @property
    def home(self) -> str:
        """The node where this client belongs."""
        return self._nodes[self._home]

    @property
    def away(self) -> bool:
        """Whether L{url} is another node than L{home}."""
        return self.url != self.home

    def go_home(self) -> None:
        """The next attempt is at the home node, and at once."""
        self._steps = self._failures = 0

    def lost(self, lasted: float, retry: float | None = None) -> float:
        """
        A connection has ended, or an attempt has failed.

        @param lasted: how many seconds after the welcome; 0 if there was none.
        @param retry: how many seconds the server has asked to wait.
        @return: how many seconds to wait before the next attempt.
        """
        if lasted >= STABLE:
            self.go_home()
            self._failures = 1
        else:
            self._steps += 1
            self._failures += 1
        rounds = min((self._failures - 1) // len(self._nodes), 20)
        if retry is not None:
            return min(ASKED_CAP, retry)
        return self._random() * min(CAP, BASE * 2.0**rounds)
