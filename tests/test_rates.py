"""Tests for L{comet.rates}, most of them against a model that counts tokens one by one."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.rates import FULL, TOLERANCE, Buckets, Rate

#: Times and rates that floating point holds exactly, so that the model and the bucket agree to the token.
STEPS = st.integers(-40, 400).map(lambda number: number / 8)
RATES = st.builds(Rate, st.sampled_from([0.5, 1, 2, 4]), st.sampled_from([0.5, 1, 2, 4, 8, 16]))


class TokenBucket:
    """One bucket, as those have it who keep the moment at which it is full."""

    def __init__(self, rate):
        self.rate, self.full_at = rate, FULL

    def take(self, now):
        taken, self.full_at = self.rate.take(self.full_at, now)
        return taken

    def wait(self, now):
        return self.rate.wait(self.full_at, now)


class Model:
    """A bucket as one would explain it."""

    def __init__(self, rate):
        self.rate, self.tokens, self.time = rate, Fraction(rate.burst), None

    def take(self, now):
        if self.time is not None:
            passed = Fraction(now) - self.time
            back = max(passed, 0) * Fraction(self.rate.per_second)
            self.tokens = min(Fraction(self.rate.burst), self.tokens + back)
        self.time = Fraction(now)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class TokenBucketTests(SynchronousTestCase):
    """One bucket."""

    @given(RATES, st.lists(STEPS.map(abs), max_size=60))
    def test_as_the_model_says(self, rate, steps):
        """It gives and refuses as a bucket does whose tokens are counted."""
        bucket, model, now = TokenBucket(rate), Model(rate), 1000.0
        for step in steps:
            now += step / 8
            self.assertEqual(bucket.take(now), model.take(now))

    @given(RATES, st.lists(STEPS, max_size=60))
    def test_never_more_than_burst_and_rate(self, rate, steps):
        """Whatever the clock does, no more is given than the burst and what its seconds bring."""
        bucket, now, forward, given_out = TokenBucket(rate), 1000.0, 0.0, 0
        for step in steps:
            now += step
            forward += max(step, 0)
            given_out += bucket.take(now)
        self.assertLessEqual(given_out, rate.burst + forward * rate.per_second + TOLERANCE)

    @given(RATES, st.lists(STEPS, max_size=60))
    def test_waiting_helps(self, rate, steps):
        """After the wait that it asks for there is a token; and that is never longer than one token takes."""
        bucket, now = TokenBucket(rate), 1000.0
        for step in steps:
            now += step
            if not bucket.take(now) and rate.burst >= 1:
                wait = bucket.wait(now)
                self.assertLessEqual(wait, 1 / rate.per_second)
                now += wait
                self.assertTrue(bucket.take(now))

    def test_a_clock_that_is_put_back_closes_nothing(self):
        """A bucket that was emptied an hour later than now is only empty."""
        bucket = TokenBucket(Rate(1, 5))
        for _ in range(5):
            self.assertTrue(bucket.take(5000.0))
        self.assertFalse(bucket.take(1400.0))
        self.assertTrue(bucket.take(1401.0))

    def test_a_rate_of_nothing_limits_nothing(self):
        """As 0 in the configuration says."""
        bucket = TokenBucket(Rate(0, 1))
        self.assertTrue(all(bucket.take(1.0) for _ in range(1000)))
        self.assertEqual(bucket.wait(1.0), 0.0)

    def test_a_burst_is_no_less_than_a_second(self):
        """Or who keeps to the rate could be refused."""
        bucket = TokenBucket(Rate(10, 1))
        self.assertEqual([bucket.take(1.0) for _ in range(11)], [True] * 10 + [False])


class BucketsTests(SynchronousTestCase):
    """Many buckets."""

    @given(RATES, st.lists(st.tuples(st.integers(0, 3), STEPS.map(abs)), max_size=80))
    def test_each_has_its_own(self, rate, uses):
        """The bucket of each key is as if there were no others, though the full ones are forgotten."""
        buckets, models, now = Buckets(rate, 10), {}, 1000.0
        for key, step in uses:
            now += step / 8
            model = models.setdefault(key, Model(rate))
            self.assertEqual(buckets.take(key, now), model.take(now))
            self.assertLessEqual(len(buckets), 4)

    def test_full_ones_are_forgotten(self):
        """Thousands of keys leave nothing behind once their time is over."""
        buckets = Buckets(Rate(1, 10), 100_000)
        for key in range(10_000):
            buckets.take(key, 1000.0 + key / 100)
        self.assertLess(len(buckets), 1100)
        for key in range(20_000, 21_200):
            buckets.take(key, 5000.0)
        self.assertEqual(len(buckets), 1200)

    def test_no_more_than_so_many(self):
        """The one that was not used for longest makes room."""
        buckets = Buckets(Rate(1, 1), 3)
        for key in "abca":
            buckets.take(key, 1000.0)
        buckets.take("d", 1000.0)
        self.assertEqual(len(buckets), 3)
        self.assertFalse(buckets.take("a", 1000.0))
        self.assertTrue(buckets.take("b", 1000.0))

    def test_wait(self):
        """Each key has its own to wait."""
        buckets = Buckets(Rate(2, 2), 10)
        self.assertEqual([buckets.take("a", 50.0) for _ in range(3)], [True, True, False])
        self.assertEqual((buckets.wait("a", 50.0), buckets.wait("b", 50.0)), (0.5, 0.0))
