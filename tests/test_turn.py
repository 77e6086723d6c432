"""Tests for L{comet.turn}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.turn import SLICE_SECONDS, STRIDE, Turn


class Pen:
    """Remembers that it wrote, which takes its time, and may make others write."""

    def __init__(self, case, name, more=()):
        self.case, self.name, self.more = case, name, list(more)

    def flush(self):
        self.case.written.append(self.name)
        self.case.now += self.case.cost
        self.case.turn.waiting.extend(self.more)
        self.case.turn.begin()


class TurnTests(SynchronousTestCase):
    """Writing when the turn is over."""

    def setUp(self):
        self.calls, self.written, self.now, self.cost = [], [], 0.0, 0.0
        self.turn = Turn(self.calls.append, lambda: self.now)

    def add(self, *names, more=()):
        self.turn.waiting.extend(Pen(self, name, more) for name in names)
        self.turn.begin()

    def test_nothing_is_written_before_the_turn_is_over(self):
        """However many are added, the end of the turn is asked for once."""
        self.add("a", "b")
        self.add("c")
        self.assertEqual((self.written, len(self.calls)), ([], 1))
        self.calls.pop()()
        self.assertEqual((self.written, list(self.turn.waiting)), (["a", "b", "c"], []))
        self.add("d")
        self.assertEqual(len(self.calls), 1)

    def test_nothing_is_asked_for_nobody(self):
        """A turn in which nothing is said costs nothing."""
        self.turn.begin()
        self.assertEqual(self.calls, [])

    def test_without_a_turn_it_is_over_at_once(self):
        """Also for those who are added in the middle of it."""
        self.turn = Turn()
        self.add("a", more=[Pen(self, "b")])
        self.assertEqual((self.written, list(self.turn.waiting)), (["a", "b"], []))

    def test_a_long_broadcast_is_cut(self):
        """Others get their turn after each slice; nobody is left out, or written to twice."""
        self.cost = SLICE_SECONDS / STRIDE
        names = list(range(STRIDE * 5 + 3))
        self.add(*names)
        slices = []
        while self.calls:
            before = len(self.written)
            self.calls.pop()()
            slices.append(len(self.written) - before)
        self.assertEqual((self.written, slices), (names, [STRIDE] * 5 + [3]))

    @given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=5), st.floats(0, 0.01))
    def test_everybody_writes_once(self, groups, cost):
        """Whoever is added before, while, or between the slices, and however long writing takes."""
        self.setUp()
        self.cost = cost
        expected = []
        for number, (many, more) in enumerate(groups):
            inner = [Pen(self, f"{number}.{each}.more") for each in range(more)]
            outer = [Pen(self, f"{number}.{each}") for each in range(many)]
            if outer:
                outer[0].more = inner
                expected += [pen.name for pen in inner]
            expected += [pen.name for pen in outer]
            self.turn.waiting.extend(outer)
            self.turn.begin()
            if self.calls:
                self.calls.pop(0)()
        while self.calls:
            self.calls.pop(0)()
        self.assertEqual(sorted(self.written), sorted(expected))
