"""Tests for L{comet.protocols.janus.lane}."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import TooFast
from comet.protocols.janus.lane import LANE_LIMIT, Lane
from comet.protocols.janus.wire import JanusAway
from tests.running import spawn


class LaneTests(SynchronousTestCase):
    """One after the other."""

    def setUp(self):
        self.lane, self.done, self.waiting = Lane(spawn), [], []

    def work(self, name):
        async def work():
            self.waiting.append(Deferred())
            await self.waiting[-1]
            self.done.append(name)

        return work

    def test_in_order(self):
        """Work begins when that before it is done; what is urgent goes before what waits."""
        for name in "ab":
            self.lane.put(self.work(name))
        self.lane.put_first(self.work("urgent"))
        for number in range(3):
            self.assertEqual(len(self.waiting), number + 1)
            self.waiting[number].callback(None)
        self.assertEqual(self.done, ["a", "urgent", "b"])
        self.lane.put(self.work("c"))
        self.waiting[3].callback(None)
        self.assertEqual(self.done[3:], ["c"])

    def test_limit(self):
        """So much may wait, and no more; what is urgent always may."""
        for _ in range(LANE_LIMIT + 1):
            self.lane.put(self.work("x"))
        with self.assertRaises(TooFast):
            self.lane.put(self.work("y"))
        self.lane.put_first(self.work("z"))
        self.waiting[0].callback(None)
        self.assertEqual(len(self.waiting), 2)

    def test_close(self):
        """What waits is not done any more, nor what comes later."""
        for name in "ab":
            self.lane.put(self.work(name))
        self.lane.close()
        self.waiting[0].callback(None)
        self.lane.put(self.work("c"))
        self.assertEqual((self.done, len(self.waiting)), (["a"], 1))

    def test_janus_is_away(self):
        """If Janus goes, nothing more is done."""
        for name in "ab":
            self.lane.put(self.work(name))
        self.waiting[0].errback(JanusAway("gone"))
        self.assertEqual((self.done, len(self.waiting)), ([], 1))
