"""Tests for L{comet.following.follower}, with a table in memory and a clock that is moved by hand."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import Unavailable
from comet.following.feed import Feed, Portion, Row
from comet.following.follower import OTHER_SECONDS, TURN_SECONDS, Follower
from comet.following.position import HOLES_LIMIT, Position
from comet.following.publishing import Publisher
from comet.model import Channel, User
from comet.sections import Outbox
from comet.storage.memory import MemoryStore
from tests.running import Ear, finish, make_broker

CHAT = Channel(0, "chat")


class MemoryFeed(Feed):
    """A table in memory, of which two rows at most are read at once, and which may fail."""

    def __init__(self):
        self.rows, self.settled, self.error = {}, [], None
        self.asked, self.stopped, self.slow = 0, False, None

    def add(self, *numbers, name="chat", event="", user_id=None):
        """Commit rows with these numbers, which are their texts, too."""
        for number in numbers:
            self.rows[number] = Row(number, name, event, str(number), user_id)

    async def read(self, position):
        self.fail()
        ahead = [self.rows[number] for number in sorted(self.rows) if number > position.last]
        late = [
            self.rows[number]
            for number in sorted(self.rows)
            if any(hole.first <= number <= hole.last for hole in position.holes)
        ]
        portion = Portion([*late, *ahead[:2]], len(ahead) <= 2, len(ahead[2:]))
        if self.slow is not None:
            await self.slow
        return portion

    async def newest(self):
        self.fail()
        return max(self.rows, default=0)

    async def settle(self, published, refused):
        self.fail()
        self.settled.append((list(published), [number for number, _ in refused]))

    def fail(self):
        self.asked += 1
        if self.error is not None:
            raise self.error

    def explain(self, error):
        return str(error)

    async def stop(self):
        self.stopped = True


class FollowerCase(SynchronousTestCase):
    """A follower with everything around it."""

    def setUp(self):
        self.clock, self.store, self.feed = Clock(), MemoryStore(), MemoryFeed()
        self.broker = make_broker(self.store)
        self.ear = Ear()
        self.broker.hub.subscribe(CHAT, self.ear)
        self.outbox = Outbox(table="outbox", interval=500, patience=60)

    def follower(self, node="a", outbox=None, feed=None):
        """@return: a follower, started."""
        follower = Follower(
            *("outbox", outbox or self.outbox, feed or self.feed, self.store),
            *(Publisher(self.broker, 0), node, self.clock, lambda: 1000 + self.clock.seconds()),
            lambda: 1.0,
        )
        follower.start()
        return follower

    def pump(self, seconds):
        """Let time go by, in small steps."""
        self.clock.pump([0.25] * round(seconds * 4))

    def heard(self):
        """@return: the texts that were heard since the last time."""
        texts = [event.text for event in self.ear.heard]
        self.ear.heard.clear()
        return texts

    def position(self):
        """@return: what the store has noted."""
        return Position.read(finish(self.store.take_outbox("outbox", "a", 0, 0)))


class FollowingTests(FollowerCase):
    """What is published, and when."""

    def test_rows_are_published_in_order(self):
        """All that there are at first, portion by portion; then what comes, within the interval."""
        self.feed.add(1, 2, 3, 4, 5)
        follower = self.follower()
        self.pump(0.25)
        self.assertEqual(self.heard(), ["1", "2", "3", "4", "5"])
        self.feed.add(6)
        self.pump(0.5)
        self.assertEqual(self.heard(), ["6"])
        self.assertEqual(follower.counters.published, 6)
        self.assertEqual(self.position(), Position(6))

    def test_it_goes_on_where_it_was(self):
        """Another process publishes what has come meanwhile, and no more."""
        self.feed.add(1)
        self.successResultOf(self.follower().stop())
        self.assertEqual(self.heard(), ["1"])
        self.assertTrue(self.feed.stopped)
        self.feed.add(2)
        self.follower("b")
        self.assertEqual(self.heard(), ["2"])

    def test_it_may_begin_with_the_next_row(self):
        """What is there when it is first followed is left alone, also if nothing comes before it ends."""
        self.feed.add(1, 2)
        outbox = Outbox(table="outbox", begin="next")
        self.successResultOf(self.follower(outbox=outbox).stop())
        self.feed.add(3)
        self.follower(outbox=outbox)
        self.assertEqual(self.heard(), ["3"])

    def test_what_is_committed_late(self):
        """A number that was passed over is published when it appears, and holds nothing up before."""
        self.feed.add(1, 4)
        self.follower()
        self.assertEqual(self.heard(), ["1", "4"])
        self.pump(50)
        self.feed.add(3, 5)
        self.pump(0.5)
        self.assertEqual(self.heard(), ["3", "5"])
        self.pump(20)
        self.feed.add(2)
        self.pump(2)
        self.assertEqual(self.heard(), [])
        self.assertEqual(self.position(), Position(5))

    def test_a_late_row_is_not_given_up_unseen(self):
        """However long comet was away: it looks once more before it gives a number up."""
        self.feed.add(2)
        self.successResultOf(self.follower().stop())
        self.heard()
        self.feed.add(1)
        self.clock.advance(100_000)
        self.follower()
        self.assertEqual(self.heard(), ["1"])

    def test_too_many_gaps(self):
        """There is a limit, which is told."""
        self.feed.rows = {
            2 * number: Row(2 * number, "chat", "", "x", None) for number in range(1, HOLES_LIMIT + 20)
        }
        self.follower()
        self.pump(1)
        self.assertEqual(len(self.position().holes), HOLES_LIMIT)

    def test_private_messages(self):
        """A row with a user is for that user; NULL and 0 mean nobody."""
        self.feed.add(1, user_id=7, name=None)
        self.feed.add(2, user_id=0)
        self.feed.add(3, user_id=None, event=None)
        self.follower()
        self.pump(0.25)
        self.assertEqual(self.heard(), ["2", "3"])
        self.assertEqual([each.text for each in finish(self.store.queue(User(0, 7)))], ["1"])

    def test_rows_that_are_refused(self):
        """They are counted and set aside with the reason, and hold nothing up."""
        self.feed.add(1)
        self.feed.add(2, name="no such channel!")
        self.feed.add(3)
        self.feed.add(4, name=None)
        self.feed.add(5, user_id="nobody")
        follower = self.follower()
        self.pump(1)
        self.assertEqual(self.heard(), ["1", "3"])
        self.assertEqual((follower.counters.published, follower.counters.refused), (2, 3))
        self.assertEqual(self.feed.settled, [([1], [2]), ([3], [4]), ([], [5])])
        self.assertEqual(follower.problem, "")

    def test_it_stops_when_it_has_done_what_it_began(self):
        """What it has read is published and noted; then it lets go, and its turn is over."""
        self.feed.add(1)
        self.feed.slow = Deferred()
        follower = self.follower()
        stopped = follower.stop()
        self.assertNoResult(stopped)
        self.feed.slow.callback(None)
        self.successResultOf(stopped)
        self.assertEqual((self.heard(), self.position()), (["1"], Position(1)))
        self.assertIsNotNone(finish(self.store.take_outbox("outbox", "b", 1000, 1030)))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class FailureTests(FollowerCase):
    """What happens when something does not work."""

    def test_the_database_is_away(self):
        """It is said why, tried again ever more rarely, and all goes on when it is back."""
        self.feed.error = OSError("no such host")
        follower = self.follower()
        self.assertEqual(follower.problem, "no such host")
        self.pump(60)
        self.assertLess(self.feed.asked, 12)
        self.assertGreater(follower.behind, 59)
        self.assertEqual(follower.counters.failures, self.feed.asked)
        self.feed.add(1)
        self.feed.error = None
        self.pump(10)
        self.assertEqual((follower.problem, self.heard()), ("", ["1"]))
        self.assertLess(follower.behind, 1)

    def test_the_store_is_away(self):
        """Rows of channels without a history are heard, once, and no more until their place is noted."""
        self.feed.add(1)
        noting = self.store.set_outbox

        async def fails(*arguments):
            raise Unavailable("the store failed")

        follower = self.follower(outbox=Outbox(table="outbox"), feed=MemoryFeed())
        self.successResultOf(follower.stop())
        self.store.set_outbox = fails
        follower = self.follower()
        self.assertEqual((self.heard(), follower.problem), (["1"], "the store failed"))
        self.feed.add(2)
        self.pump(60)
        self.assertEqual((self.heard(), follower.problem), ([], "the store failed"))
        self.store.set_outbox = noting
        self.pump(10)
        self.assertEqual((self.heard(), follower.problem), (["2"], ""))

    def test_it_dies_before_it_has_noted(self):
        """What was published, and not noted, is published again."""
        self.successResultOf(self.follower(feed=MemoryFeed()).stop())
        noting = self.store.set_outbox

        async def fails(*arguments):
            raise Unavailable("the store failed")

        self.feed.add(1)
        self.store.set_outbox = fails
        self.successResultOf(self.follower().stop())
        self.assertEqual(self.heard(), ["1"])
        self.store.set_outbox = noting
        self.follower()
        self.assertEqual(self.heard(), ["1"])

    def test_numbers_that_begin_anew(self):
        """A table that was emptied by TRUNCATE is told of, once, with what helps."""
        self.feed.add(1, 9)
        self.follower()
        self.pump(1)
        with capturedLogs() as logs:
            self.feed.rows.clear()
            self.pump(40)
            self.assertEqual(logs, [])
            self.feed.add(1)
            self.pump(60)
            [told] = map(formatEvent, logs)
        self.assertIn("ALTER TABLE outbox AUTO_INCREMENT = 10", told)
        self.feed.add(10)
        self.pump(1)
        self.assertEqual(self.heard()[-1], "10")

    def test_rows_that_cannot_be_removed(self):
        """It says so, tries again, and publishes nothing twice."""
        settle = self.feed.settle

        async def refuses(*arguments):
            raise OSError("DELETE denied")

        self.feed.settle = refuses
        self.feed.add(1)
        follower = self.follower()
        self.pump(5)
        self.assertEqual((self.heard(), follower.problem), (["1"], "DELETE denied"))
        self.feed.settle = settle
        self.feed.add(2)
        self.pump(10)
        self.assertEqual((self.heard(), self.feed.settled), (["2"], [([1], []), ([2], [])]))

    def test_a_position_that_is_none(self):
        """It is not taken for the beginning."""
        finish(self.store.take_outbox("outbox", "a", 0, 0))
        finish(self.store.set_outbox("outbox", "a", "what?"))
        self.feed.add(1)
        follower = self.follower()
        self.assertIn("no position", follower.problem)
        self.assertEqual(self.heard(), [])


class TurnTests(FollowerCase):
    """Several nodes over one store."""

    def test_one_node_follows(self):
        """The other one waits, and goes on when the first has stopped."""
        first, second = self.follower("a"), self.follower("b")
        self.feed.add(1, 2)
        self.pump(100)
        self.assertEqual(self.heard(), ["1", "2"])
        self.assertEqual((second.counters.published, second.behind, second.problem), (0, 0, ""))
        self.successResultOf(first.stop())
        self.feed.add(3)
        self.pump(OTHER_SECONDS + 0.25)
        self.assertEqual((self.heard(), second.counters.published), (["3"], 1))

    def test_the_turn_of_who_has_died(self):
        """It ends by itself."""
        dead = MemoryFeed()
        dead.slow = Deferred()
        self.follower("a", feed=dead)
        self.feed.add(1)
        self.follower("b")
        self.pump(TURN_SECONDS - 1)
        self.assertEqual(self.heard(), [])
        self.pump(1 + OTHER_SECONDS)
        self.assertEqual(self.heard(), ["1"])

    def test_who_stood_still_notes_nothing(self):
        """Another has gone on meanwhile; its place is not put back."""
        frozen = MemoryFeed()
        frozen.add(1)
        frozen.slow = Deferred()
        first = self.follower("a", feed=frozen)
        self.feed.add(1, 2)
        self.follower("b")
        self.pump(TURN_SECONDS + OTHER_SECONDS)
        self.assertEqual(self.heard(), ["1", "2"])
        frozen.slow.callback(None)
        frozen.slow = None
        self.assertEqual(self.heard(), ["1"])
        self.pump(5)
        self.assertEqual((self.heard(), first.problem), ([], ""))
        text = finish(self.store.take_outbox("outbox", "b", 1040, 1060))
        self.assertEqual(Position.read(text), Position(2))
