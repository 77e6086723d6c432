"""Tests for L{comet.protocols.wheel}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.wheel import Wheel


class WheelTests(SynchronousTestCase):
    """Timeouts that share timers."""

    @given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 3), st.booleans()), max_size=20))
    def test_what_is_due_is_called_once_and_in_time(self, plans):
        """Not before, and less than a second late; what was cancelled never."""
        clock = Clock()
        wheel, called, due = Wheel(clock), {}, {}
        for number, (delay, pause, cancelled) in enumerate(plans):
            due[number] = clock.seconds() + delay
            spoke = wheel.call_later(delay, lambda number: called.setdefault(number, clock.seconds()), number)
            if cancelled:
                spoke.cancel()
                del due[number]
            clock.advance(pause)
        clock.pump([0.125] * 200)
        self.assertEqual(called.keys(), due.keys())
        for number, time in due.items():
            self.assertGreaterEqual(called[number], time - 1e-6)
            # The clock of the test itself moves in steps.
            self.assertLess(called[number] - time, 1 + 3.125)

    def test_one_timer_serves_a_second(self):
        """However many wait."""
        clock = Clock()
        wheel = Wheel(clock)
        for _ in range(1000):
            wheel.call_later(5.5, lambda: None)
        self.assertEqual(len(clock.getDelayedCalls()), 1)

    def test_cancelling_twice_or_late_is_harmless(self):
        """Also within the call itself."""
        clock, called = Clock(), []
        spoke = Wheel(clock).call_later(1, lambda: (called.append(1), spoke.cancel()))
        clock.advance(2)
        spoke.cancel()
        self.assertEqual(called, [1])
