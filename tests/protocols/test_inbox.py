"""Tests for L{comet.protocols.inbox}."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.inbox import Inbox


class InboxTests(SynchronousTestCase):
    """One after the other."""

    def setUp(self):
        self.events, self.turns = [], {}
        self.inbox = Inbox(self, 2)

    def pause(self):
        self.events.append("pause")

    def resume(self):
        self.events.append("resume")

    async def serve(self, item):
        self.events.append(item)
        if item == "bad":
            raise ValueError(item)
        if item in self.turns:
            await self.turns[item]

    def test_items_wait_for_those_before_them(self):
        """An item that takes time holds up the next."""
        self.turns["a"] = Deferred()
        for item in "abc":
            self.inbox.put(item)
        self.assertEqual(self.events, ["a"])
        self.turns["a"].callback(None)
        self.assertEqual(self.events, ["a", "b", "c"])

    def test_reading_pauses_when_too_many_wait(self):
        """Once, and goes on when all are served."""
        self.turns["a"] = Deferred()
        for item in "abcde":
            self.inbox.put(item)
        self.assertEqual(self.events, ["a", "pause"])
        self.turns["a"].callback(None)
        self.assertEqual(self.events, ["a", "pause", *"bcde", "resume"])

    def test_a_failure_is_logged_and_the_next_item_is_served(self):
        """One bad item does not end the connection."""
        for item in ("bad", "good"):
            self.inbox.put(item)
        self.assertEqual(self.events, ["bad", "good"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_closing_forgets_what_waits(self):
        """And resumes nothing."""
        self.turns["a"] = Deferred()
        for item in "abcde":
            self.inbox.put(item)
        self.inbox.close()
        self.turns["a"].callback(None)
        self.assertEqual(self.events, ["a", "pause"])
