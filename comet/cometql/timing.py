"""How long statements take: counted for all, and told of those that are slow."""

from __future__ import annotations

import re
from collections.abc import Callable

from comet.durations import Durations

#: The first words of statements that are counted each by itself; all others together are C{other}.
VERBS = ("select", "insert", "replace", "update", "delete", "show", "set", "commit", "other")
#: As much of a slow statement is logged, in characters.
SHOWN = 1000

_FIRST = re.compile(r"\W*(\w+)")
_BLANKS = re.compile(r"\s+")


def verb_of(shape: str) -> str:
    """@return: that of L{VERBS} which a statement begins with."""
    found = _FIRST.match(shape)
    word = found[1].lower() if found else ""
    return word if word in VERBS else "other"


#: Told how many seconds a statement took, who has said it, over which connection, and what it says.
Tell = Callable[[float, str, int, str], object]


class Timing:
    """
    The durations of all statements since the start, by their first word.

    What is told of a slow one has marks in place of its values: those may be secrets.
    """

    def __init__(self, seconds: Callable[[], float], slow: float = 0.0, tell: Tell | None = None) -> None:
        """
        @param seconds: a clock that nobody sets, in seconds, and fractions of a millisecond.
        @param slow: from how many seconds on a statement counts as slow; 0 for never.
        @param tell: tells of those.
        """
        self.seconds = seconds
        self.durations = {verb: Durations() for verb in VERBS}
        self.slow = 0
        self._limit, self._tell = slow or float("inf"), tell

    def note(self, verb: str, shape: str, started: float, user: str, number: int) -> None:
        """
        A statement is over.

        @param verb: its first word, see L{verb_of}.
        @param shape: its text, without values.
        @param started: when it has begun, by L{seconds}.
        @param user: who has said it.
        @param number: over which connection.
        """
        took = self.seconds() - started
        self.durations[verb].add(took)
        if took >= self._limit:
            self.slow += 1
            if self._tell is not None:
                self._tell(took, user, number, _BLANKS.sub(" ", shape.strip())[:SHOWN])
