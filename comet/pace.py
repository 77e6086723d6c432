"""How fast clients may talk: each connection by itself, and all connections of a user together."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from comet.limits import Limits
from comet.model import User
from comet.rates import FULL, Buckets, Rate
from comet.refusals import Reason, Refusals

#: A client that is too fast is told so once in so many seconds.
TELL_SECONDS = 1.0
#: What is forgiven comes back so much more slowly than what is allowed.
PATIENCE = 10
#: Users whose pace is remembered; only those that are slowed down matter, for a moment each.
USERS = 100_000


class Verdict(Enum):
    """What to do with a command: carry it out, refuse it with or without a word, or end the connection."""

    CARRY_OUT = auto()
    TELL = auto()
    DROP = auto()
    PART = auto()


class Pace:
    """What all clients share."""

    def __init__(self, limits: Limits, clock: Callable[[], float], refusals: Refusals) -> None:
        """@param clock: seconds."""
        self.rate = Rate(limits.messages_per_second, limits.messages_burst)
        # As many as may come at once may be refused at once; who goes on like that is sent away.
        self.patience = Rate(self.rate.per_second / PATIENCE, self.rate.burst)
        self.users: Buckets[User] = Buckets(self.rate, USERS)
        self.clock, self.refusals = clock, refusals

    def client(self) -> Walker:
        """@return: the pace of a new connection."""
        return Walker(self)


class Walker:
    """The pace of one connection."""

    __slots__ = ("_full_at", "_pace", "_patient_at", "_tell_at")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        # When its two buckets are full again: there is one of these for each connection.
        self._full_at = self._patient_at = self._tell_at = FULL

    def judge(self, user: User | None) -> Verdict:
        """
        Somebody has said something.

        @param user: who, if known.
        """
        pace = self._pace
        if not pace.rate.per_second:
            return Verdict.CARRY_OUT
        now = pace.clock()
        taken, self._full_at = pace.rate.take(self._full_at, now)
        if taken and (user is None or pace.users.take(user, now)):
            return Verdict.CARRY_OUT
        pace.refusals[Reason.MESSAGES] += 1
        borne, self._patient_at = pace.patience.take(self._patient_at, now)
        if not borne:
            return Verdict.PART
        if self._tell_at <= now < self._tell_at + TELL_SECONDS:
            return Verdict.DROP
        self._tell_at = now
        return Verdict.TELL
