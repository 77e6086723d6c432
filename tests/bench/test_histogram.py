"""Tests for L{comet.bench.histogram}."""

from hypothesis import given
from hypothesis.strategies import integers, lists
from twisted.trial.unittest import SynchronousTestCase

from comet.bench.histogram import LONGEST, Histogram

DURATIONS = lists(integers(0, LONGEST), min_size=1)


def noted(durations):
    """@return: a histogram of microseconds."""
    histogram = Histogram()
    for each in durations:
        histogram.note(each)
    return histogram


class HistogramTests(SynchronousTestCase):
    """Many durations in little memory."""

    @given(DURATIONS)
    def test_quantiles_are_right_within_a_few_per_cent(self, durations):
        """The middle and the longest are no shorter than they were, and at most 4 % longer."""
        histogram, ordered = noted(durations), sorted(durations)
        for share, right in ((1.0, ordered[-1]), (0.5, ordered[max(0, -(-len(ordered) // 2) - 1)])):
            found = histogram.quantile(share) * 1000
            self.assertGreaterEqual(round(found, 3), right)
            self.assertLessEqual(found, right * 1.04 + 0.001)

    @given(DURATIONS, DURATIONS)
    def test_two_are_one(self, some, others):
        """What two processes have noted is what one would have, also after a way through JSON."""
        whole = Histogram(noted(some).buckets)
        whole.add(noted(others))
        self.assertEqual(whole.buckets, noted(some + others).buckets)
        self.assertEqual(whole.count, len(some) + len(others))

    def test_edges(self):
        """Without anything the quantile is 0; what is out of bounds counts as what is just within."""
        self.assertEqual(Histogram().quantile(0.5), 0)
        self.assertEqual(noted([-5]).buckets, noted([0]).buckets)
        self.assertEqual(noted([LONGEST * 9]).buckets, noted([LONGEST]).buckets)
