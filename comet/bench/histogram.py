"""Very many durations in little memory: exact to a few per cent, whatever their size."""

from __future__ import annotations

from collections.abc import Iterable

#: Each power of two is cut into so many buckets, so that one is 3 % wide.
_CUTS = 32
_BITS = _CUTS.bit_length()
#: Longer than a day is a day.
LONGEST = 86_400_000_000


class Histogram:
    """
    How often durations of about the same length were noted.

    @ivar buckets: the numbers of them.
    """

    __slots__ = ("buckets",)

    def __init__(self, buckets: Iterable[int] = ()) -> None:
        """@param buckets: those of one that went through JSON."""
        self.buckets = list(buckets) or [0] * (_place(LONGEST) + 1)

    def note(self, microseconds: int) -> None:
        """There was one of that length; one that ended before it began had none."""
        self.buckets[_place(min(max(microseconds, 0), LONGEST))] += 1

    def add(self, other: Histogram) -> None:
        """Note all that C{other} has noted."""
        self.buckets = [one + another for one, another in zip(self.buckets, other.buckets, strict=True)]

    @property
    def count(self) -> int:
        """How many were noted."""
        return sum(self.buckets)

    def quantile(self, share: float) -> float:
        """@return: the milliseconds that so large a share did not exceed, 0 if nothing was noted."""
        left = max(1.0, self.count * share)
        for place, number in enumerate(self.buckets):
            left -= number
            if left <= 0:
                return _end(place) / 1000
        return 0.0


def _place(value: int) -> int:
    """@return: the bucket of a number: itself if it is small, else its first bits and how many there are."""
    shift = max(value.bit_length() - _BITS, 0)
    return shift * _CUTS + (value >> shift)


def _end(place: int) -> int:
    """@return: the largest number in a bucket."""
    if place < 2 * _CUTS:
        return place
    shift = place // _CUTS - 1
    return ((place - shift * _CUTS + 1) << shift) - 1
