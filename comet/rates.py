"""
How often something may be done: token buckets, pure, with the time passed in.

A bucket is full at first. Each use takes a token; time puts tokens back, up to the burst. All that has to be
remembered of a bucket is the moment at which it will be full again, so a bucket is one number, and one that
lies in the past need not be kept.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

#: The moment at which a bucket that nobody has used yet is full.
FULL = float("-inf")
#: So much of a token may be missing, as times are rounded when they are added up.
TOLERANCE = 1 / 256


@dataclass(frozen=True, slots=True)
class Rate:
    """
    A rule for buckets.

    @ivar per_second: tokens that time puts back; 0 for a rule that limits nothing.
    @ivar burst: tokens in a full bucket; never less than what comes in a second.
    """

    per_second: float
    burst: float = 0

    def __post_init__(self) -> None:
        """A burst of less than a second would refuse who keeps to the rate."""
        object.__setattr__(self, "burst", max(self.burst, self.per_second))

    @property
    def seconds_to_fill(self) -> float:
        """How long an empty bucket takes to be full."""
        return self.burst / self.per_second if self.per_second else 0.0

    def take(self, full_at: float, now: float) -> tuple[bool, float]:
        """
        Take a token.

        @param full_at: the moment at which the bucket will be full.
        @return: whether there was a token to take, and that moment from now on.
        """
        if not self.per_second:
            return True, FULL
        full_at = self._bounded(full_at, now)
        later = full_at + 1 / self.per_second
        if later - now > self.seconds_to_fill + TOLERANCE / self.per_second:
            return False, full_at
        return True, later

    def wait(self, full_at: float, now: float) -> float:
        """@return: the seconds until there is a token to take, 0 if there is one."""
        if not self.per_second:
            return 0.0
        full_at = self._bounded(full_at, now)
        return max(0.0, full_at + 1 / self.per_second - now - self.seconds_to_fill)

    def _bounded(self, full_at: float, now: float) -> float:
        """A bucket is never fuller than full; nor, if the clock was put back, emptier than empty."""
        return min(max(full_at, now), now + self.seconds_to_fill)


class Buckets(Generic[Key]):
    """
    A bucket for each of many, made when one is first used and forgotten once it is full.

    There are never more than C{most}: the one that was not used for longest makes room.
    """

    def __init__(self, rate: Rate, most: int) -> None:
        self._rate, self._most = rate, most
        #: When each will be full, in the order in which they were used last.
        self._full_at: dict[Key, float] = {}

    def __len__(self) -> int:
        """@return: how many are kept."""
        return len(self._full_at)

    def take(self, key: Key, now: float) -> bool:
        """@return: whether there was a token in the bucket of C{key}, which is taken."""
        taken, full_at = self._rate.take(self._full_at.pop(key, FULL), now)
        self._forget(now)
        if full_at > now:
            self._full_at[key] = full_at
        return taken

    def wait(self, key: Key, now: float) -> float:
        """@return: the seconds until there is a token to take, 0 if there is one."""
        return self._rate.wait(self._full_at.get(key, FULL), now)

    def _forget(self, now: float) -> None:
        """
        Make room: of the two that were not used for longest, those that are full, which keeps up with one
        that is added at each use; and one more if that does not do.
        """
        for key in [key for key, _ in zip(self._full_at, range(2), strict=False)]:
            if self._full_at[key] > now:
                break
            del self._full_at[key]
        if len(self._full_at) >= self._most:
            del self._full_at[next(iter(self._full_at))]
