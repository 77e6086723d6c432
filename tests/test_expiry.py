"""Tests for L{comet.expiry}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.expiry import Expiries

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), st.integers(0, 4), st.one_of(st.none(), st.integers(0, 40))),
        st.tuples(st.just("forget"), st.integers(0, 4), st.none()),
        st.tuples(st.just("tick"), st.integers(0, 40), st.none()),
    )
)


class Watched:
    """Notes that it was told, in a list of all that were."""

    def __init__(self, told, name):
        self.told, self.name = told, name

    def expire(self):
        self.told.append(self.name)


class ExpiryTests(SynchronousTestCase):
    """Telling whose time is over."""

    def setUp(self):
        self.told, self.expiries = [], Expiries()
        self.subjects = [Watched(self.told, number) for number in range(5)]

    def test_each_is_told_once_in_order(self):
        """When the time is past, not when it has come."""
        for subject, time in zip(self.subjects, (5, 3, 4, 9.5, None), strict=True):
            self.expiries.watch(subject, time)
        self.expiries.tick(5)
        self.assertEqual(self.told, [1, 2])
        self.expiries.tick(9.6)
        self.expiries.tick(1e9)
        self.assertEqual(self.told, [1, 2, 0, 3])
        self.assertEqual(len(self.expiries), 0)

    def test_only_the_last_time_counts(self):
        """Later or sooner; and to be forgotten is never to be told."""
        one, two, three = self.subjects[:3]
        self.expiries.watch(one, 5)
        self.expiries.watch(one, 20)
        self.expiries.watch(two, 20)
        self.expiries.watch(two, 5)
        self.expiries.watch(three, 5)
        self.expiries.forget(three)
        self.expiries.forget(self.subjects[4])
        self.expiries.tick(10)
        self.assertEqual(self.told, [1])
        self.expiries.tick(30)
        self.assertEqual(self.told, [1, 0])

    def test_a_thousand_refreshes_are_no_thousand_entries(self):
        """What does not count any more is cleared away."""
        for number in range(1000):
            self.expiries.watch(self.subjects[0], 1e6 + number)
        self.assertLess(len(self.expiries._heap), 50)

    @given(STEPS)
    def test_as_a_plain_model(self, steps):
        """Whatever is watched and forgotten, a tick tells exactly those whose last time is over."""
        told, expiries, times = [], Expiries(), {}
        subjects = [Watched(told, number) for number in range(5)]
        for step, number, time in steps:
            if step == "watch":
                expiries.watch(subjects[number], time)
                times[number] = time
            elif step == "forget":
                expiries.forget(subjects[number])
                times[number] = None
            else:
                told.clear()
                expiries.tick(number)
                due = {each for each, until in times.items() if until is not None and until < number}
                self.assertEqual((set(told), len(told)), (due, len(due)))
                times |= dict.fromkeys(due)
        self.assertEqual(len(expiries), sum(time is not None for time in times.values()))
