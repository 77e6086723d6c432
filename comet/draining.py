"""How a server that ends takes leave of many clients: so many at a time, each with a time to come back."""

from __future__ import annotations

import math
from collections.abc import Callable

#: How often some of the clients are sent away, in seconds.
STEP_SECONDS = 0.05
#: As many clients in a second are sent away as come back without being noticed.
UNNOTICED = 200
#: Clients come back within so many seconds even where there are few, as the server may be starting again.
SHORTEST = 1.0


class Drain:
    """
    The leave that is taken of a number of clients.

    Few are sent away at once; many are spread over all the time there is, and so is their coming back.

    @ivar portion: how many to send away in each step.
    """

    def __init__(self, clients: int, seconds: float, random: Callable[[], float]) -> None:
        """
        @param clients: how many there are.
        @param seconds: how long it may take; 0 to send all away at once, without a word of when to come back.
        @param random: gives numbers from 0 up to 1.
        """
        self._random = random
        self._spread = min(seconds, max(SHORTEST, clients / UNNOTICED))
        steps = max(1.0, seconds / STEP_SECONDS)
        self.portion = max(
            1, math.ceil(clients / steps), int(UNNOTICED * STEP_SECONDS) if seconds else clients
        )

    def retry(self) -> int | None:
        """@return: in how many milliseconds the next client should come back; C{None} if that is up to it."""
        return int(self._random() * self._spread * 1000) if self._spread else None
