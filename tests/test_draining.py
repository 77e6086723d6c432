"""Tests for L{comet.draining}."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from comet.draining import STEP_SECONDS, Drain


class DrainTests(SynchronousTestCase):
    """How many are sent away at a time, and when they come back."""

    def test_few(self):
        """Are sent away in one step, and come back within a second."""
        drain = Drain(10, 5, lambda: 0.5)
        self.assertGreaterEqual(drain.portion, 10)
        self.assertEqual(drain.retry(), 500)

    def test_many(self):
        """Take all the time there is, and no more; they come back as spread as that."""
        drain = Drain(64_000, 5, Random(1).random)
        steps = -(-64_000 // drain.portion)
        self.assertTrue(4.5 < steps * STEP_SECONDS <= 5, steps)
        waits = [drain.retry() for _ in range(1_000)]
        self.assertTrue(0 <= min(waits) < 100 and 4_900 < max(waits) < 5_000)

    def test_no_time(self):
        """All are sent away at once, and nothing is said of when to come back."""
        drain = Drain(1_000, 0, lambda: 0.5)
        self.assertEqual((drain.portion, drain.retry()), (1_000, None))
