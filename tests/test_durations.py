"""Tests of the histogram of durations."""

from twisted.trial.unittest import SynchronousTestCase

from comet.durations import STEPS, Durations


class DurationsTests(SynchronousTestCase):
    """What is kept of many durations."""

    def test_steps(self):
        """Each counts from the first step on whose end it does not pass; the last step has all."""
        durations = Durations()
        for seconds in (0.0, STEPS[0], STEPS[0] + 1e-9, 3600.0):
            durations.add(seconds)
        buckets = dict(durations.buckets())
        self.assertEqual([buckets[str(STEPS[0])], buckets[str(STEPS[1])]], [2, 3])
        self.assertEqual([buckets[str(STEPS[-1])], buckets["+Inf"], durations.count], [3, 4, 4])
        self.assertAlmostEqual(durations.total, 3600.0 + 2 * STEPS[0], 6)

    def test_none(self):
        """Nothing is all zeros."""
        self.assertEqual({count for _, count in Durations().buckets()}, {0})
