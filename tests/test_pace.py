"""Tests for L{comet.pace}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.limits import Limits
from comet.model import User
from comet.pace import Pace, Verdict
from comet.refusals import Reason, Refusals

ANN = User(1, 7)


class PaceTests(SynchronousTestCase):
    """Ten at once, then five in a second."""

    def setUp(self):
        self.time, self.refusals = 100.0, Refusals()
        limits = Limits(messages_per_second=5, messages_burst=10)
        self.pace = Pace(limits, lambda: self.time, self.refusals)

    def said(self, walker, count, user=None):
        """@return: the verdicts on so many commands at once."""
        return [walker.judge(user) for _ in range(count)]

    def test_who_keeps_the_pace_is_heard(self):
        """For ever."""
        walker = self.pace.client()
        for _ in range(200):
            self.time += 0.2
            self.assertEqual(self.said(walker, 1, ANN), [Verdict.CARRY_OUT])
        self.assertEqual(self.refusals, {})

    def test_too_many_are_refused_with_one_word_a_second(self):
        """And counted; the others are carried out."""
        walker = self.pace.client()
        verdicts = self.said(walker, 14)
        self.assertEqual(verdicts, [Verdict.CARRY_OUT] * 10 + [Verdict.TELL] + [Verdict.DROP] * 3)
        self.time += 1.0
        self.assertEqual(self.said(walker, 6), [Verdict.CARRY_OUT] * 5 + [Verdict.TELL])
        self.assertEqual(self.refusals, {Reason.MESSAGES: 5})

    def test_who_goes_on_is_sent_away(self):
        """Once as many were refused as may come at once."""
        verdicts = self.said(self.pace.client(), 21)
        self.assertEqual(verdicts[10:], [Verdict.TELL] + [Verdict.DROP] * 9 + [Verdict.PART])

    def test_who_stops_for_a_while_is_forgiven(self):
        """A burst now and then does not add up."""
        walker = self.pace.client()
        for _ in range(20):
            self.assertNotIn(Verdict.PART, self.said(walker, 19))
            self.time += 30.0

    def test_a_little_too_fast_is_too_fast_in_the_end(self):
        """Twice the pace is borne for a while, not for ever."""
        walker, verdicts = self.pace.client(), []
        while Verdict.PART not in verdicts:
            self.assertLess(len(verdicts), 200)
            self.time += 0.1
            verdicts += self.said(walker, 1)
        self.assertGreater(len(verdicts), 30)

    def test_the_devices_of_a_user_share_one_pace(self):
        """Others, and strangers, have their own."""
        first, second = self.pace.client(), self.pace.client()
        self.assertEqual(set(self.said(first, 6, ANN) + self.said(second, 4, ANN)), {Verdict.CARRY_OUT})
        self.assertEqual(self.said(second, 1, ANN), [Verdict.TELL])
        self.assertEqual(self.said(self.pace.client(), 1, User(2, 7)), [Verdict.CARRY_OUT])
        self.assertEqual(self.said(self.pace.client(), 1), [Verdict.CARRY_OUT])

    def test_no_limit(self):
        """0 is none."""
        pace = Pace(Limits(messages_per_second=0), lambda: self.time, self.refusals)
        self.assertEqual(set(self.said(pace.client(), 5000, ANN)), {Verdict.CARRY_OUT})
