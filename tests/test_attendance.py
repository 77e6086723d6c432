"""Tests for L{comet.attendance}, by way of a broker, with a clock that stands until it is moved."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.attendance import BEAT_SECONDS, GROUP_LIMIT, StatusRules
from comet.broker import Broker
from comet.errors import Unavailable
from comet.limits import Limits
from comet.model import Channel, Joined, Left, Member, PrivateMessage, StatusChanged, User
from comet.storage.listings import EVERYTHING
from comet.storage.memory import MemoryStore
from comet.storage.presences import Span
from tests.running import Ear, finish, spawn

ANN, BOB = User(0, 1), User(0, 2)
ROOM = Channel(0, "track_room")


class Flaky(MemoryStore):
    """A store that fails when it is told to, and counts the writes of presence."""

    broken = False
    writes = beats = 0

    async def note_presence(self, *arguments):
        self.writes += 1
        if self.broken:
            raise Unavailable("the disk is full")
        await super().note_presence(*arguments)

    async def beat(self, *arguments):
        self.beats += 1
        if self.broken:
            raise Unavailable("the disk is full")
        await super().beat(*arguments)


class Held(Flaky):
    """A store that writes no presence before it is let."""

    def __init__(self):
        super().__init__()
        self.gate = Deferred()

    async def note_presence(self, *arguments):
        await self.gate
        await super().note_presence(*arguments)


class AttendanceCase(SynchronousTestCase):
    """A broker with a grace of three seconds."""

    rules = StatusRules(grace=3)

    def setUp(self):
        self.now = 1000.0
        self.store = Flaky()
        self.broker = self.start()

    def start(self, **limits):
        """@return: another broker over the same store."""
        broker = Broker(self.store, Limits(**limits), lambda: self.now, spawn, self.rules, node="here")
        finish(broker.start())
        self.told = Ear()
        for user in (ANN, BOB):
            broker.hub.subscribe(Channel(0, f"user_status_{user.user_id}"), self.told)
        return broker

    def wait(self, seconds):
        self.now += seconds
        self.broker.tick()

    def arrive(self, user=ANN):
        ear = Ear()
        finish(self.broker.arrive(user, ear))
        return ear

    def log(self):
        """@return: the log in short."""
        rows = finish(self.store.presence_events(0, Span()))
        return [(row.event.value, row.user_id, row.time) for row in rows]

    def seen(self, user=ANN):
        return finish(self.broker.last_seen([user]))[user]


class GraceTests(AttendanceCase):
    """What is told and kept of those who come and go."""

    def test_offline_after_the_time_of_grace(self):
        """Browsers, log and store learn it then; the time is when the last device left."""
        tab = self.arrive()
        self.now += 10
        self.broker.depart(ANN, tab)
        self.wait(2.5)
        self.assertEqual((self.seen(), self.log()), (0, [("online", 1, 1000)]))
        self.assertEqual(finish(self.broker.all_last_seen(0, EVERYTHING)), {ANN: 0})
        self.wait(0.5)
        self.assertEqual(self.told.heard, [StatusChanged(ANN, True), StatusChanged(ANN, False)])
        self.assertEqual((self.seen(), self.log()[1:]), (1010, [("offline", 1, 1010)]))
        self.assertEqual(finish(self.store.last_seen([ANN])), {ANN: 1010})

    def test_a_reload_is_no_event(self):
        """Nor is the first of two tabs that is closed."""
        first = self.arrive()
        self.broker.depart(ANN, first)
        self.wait(1)
        second, third = self.arrive(), self.arrive()
        self.wait(60)
        self.broker.depart(ANN, second)
        self.wait(60)
        self.assertEqual(self.told.heard, [StatusChanged(ANN, True)])
        self.assertEqual(self.log(), [("online", 1, 1000)])
        self.broker.depart(ANN, third)
        self.wait(3)
        self.assertEqual(self.log()[1:], [("offline", 1, 1121)])

    def test_leave_come_back_leave(self):
        """The grace is counted from the last leaving."""
        for _ in range(3):
            tab = self.arrive()
            self.broker.depart(ANN, tab)
            self.wait(2)
        self.assertEqual(len(self.log()), 1)
        self.wait(1)
        self.assertEqual(self.log()[1:], [("offline", 1, 1004)])

    def test_private_messages_wait(self):
        """Nobody is there to take them in the time of grace; who comes back gets them."""
        self.broker.depart(ANN, self.arrive())
        self.assertFalse(finish(self.broker.send_private(PrivateMessage(ANN, "", "x", 1))))
        self.assertEqual(len(finish(self.store.queue(ANN))), 1)
        self.assertEqual([event.text for event in self.arrive().heard], ["x"])
        self.assertEqual(self.told.heard, [StatusChanged(ANN, True)])

    def test_a_clean_stop(self):
        """Everybody goes offline in the store without waiting."""
        gone = self.arrive()
        self.broker.depart(ANN, gone)
        self.arrive(BOB)
        self.now += 1
        finish(self.broker.stop())
        self.assertEqual(self.log()[2:], [("offline", 1, 1000), ("offline", 2, 1001)])
        self.now += 50
        self.broker = self.start()
        self.assertEqual((self.seen(ANN), self.seen(BOB), len(self.log())), (1000, 1001, 4))


class CrashTests(AttendanceCase):
    """A process that dies without a word."""

    def test_offline_since_the_last_sign_of_life(self):
        """Not online, and not since the arrival; the next process says so in the log before all else."""
        self.arrive()
        for _ in range(100):
            self.wait(0.5)
        self.broker = self.start()
        seen = self.seen()
        self.assertTrue(1050 - BEAT_SECONDS <= seen <= 1050, seen)
        self.assertEqual(self.log(), [("online", 1, 1000), ("offline", 1, seen)])

    def test_an_idle_server_is_silent(self):
        """It writes no signs of life for nobody, and only now and then for somebody."""
        for _ in range(100):
            self.wait(0.5)
        self.assertEqual((self.store.beats, self.store.writes), (0, 0))
        self.arrive()
        for _ in range(100):
            self.wait(0.5)
        self.assertEqual((self.store.beats, self.store.writes), (50 // BEAT_SECONDS, 1))

    def test_a_clock_that_is_set_back(self):
        """The next sign of life does not wait until the old time is reached."""
        self.arrive()
        self.wait(0)
        self.wait(-100_000)
        self.assertEqual(self.store.beats, 2)


class WritingTests(AttendanceCase):
    """Nobody waits for the store, and what it does not take waits for it."""

    rules = StatusRules()

    def test_a_storm_is_written_in_groups(self):
        """Ten thousand arrivals while the first is written are twenty writes."""
        self.store = Held()
        self.broker = self.start()
        for number in range(1, 10_001):
            self.broker.engine.arrive(User(0, number), object())
        self.assertEqual((self.store.writes, self.broker.presence.online(0)), (0, 10_000))
        self.store.gate.callback(None)
        self.assertEqual(self.store.writes, 1 + -(-9_999 // GROUP_LIMIT))
        self.assertEqual([row[1] for row in self.log()], list(range(1, 10_001)))

    def test_answers_do_not_wait_for_the_store(self):
        """Who has left is seen to have left before that is written."""
        self.store = Held()
        self.broker = self.start()
        self.broker.depart(ANN, self.arrive())
        self.assertEqual((self.seen(), self.log()), (1000, []))
        self.assertEqual(finish(self.broker.all_last_seen(0, EVERYTHING)), {ANN: 1000})
        self.store.gate.callback(None)
        self.assertEqual((self.seen(), len(self.log())), (1000, 2))
        self.assertEqual(self.broker.attendance._unsaved, {})

    def test_a_store_that_fails_is_tried_again(self):
        """With the next sign of life, not with every event, and nothing is lost or out of order."""
        self.wait(0)
        self.store.broken = True
        self.broker.depart(ANN, self.arrive())
        self.arrive(BOB)
        self.assertEqual((self.store.writes, self.log()), (1, []))
        self.wait(BEAT_SECONDS)
        self.assertEqual(self.store.writes, 2)
        self.store.broken = False
        self.wait(BEAT_SECONDS)
        self.assertEqual([row[:2] for row in self.log()], [("online", 1), ("offline", 1), ("online", 2)])

    def test_what_waits_is_bounded(self):
        """The oldest rows are given up, and counted."""
        self.broker = self.start(presence_events=3)
        self.store.broken = True
        for _ in range(4):
            self.broker.depart(ANN, self.arrive())
        self.assertEqual(self.broker.attendance.lost, 5)
        self.store.broken = False
        self.wait(0)
        self.assertEqual(len(self.log()), 3)
        self.assertEqual(self.broker.attendance._unsaved, {})

    def test_many_go_offline_in_slices(self):
        """A turn of the reactor takes so many and no more."""
        broker = Broker(self.store, Limits(), lambda: self.now, spawn, StatusRules(grace=3), node="here")
        devices = [(User(0, number), object()) for number in range(1, 4_001)]
        for user, device in devices:
            broker.engine.arrive(user, device)
        for user, device in devices:
            broker.engine.depart(user, device)
        self.now += 3
        left = []
        for _ in range(3):
            broker.tick()
            left.append(broker.presence.online())
        self.assertEqual(left, [2_000, 0, 0])


class ChannelTests(AttendanceCase):
    """Joining and leaving channels."""

    def move(self):
        for event in (Joined, Left):
            self.broker.announce(ROOM, event(ROOM, Member(5, "tab"), 7))

    def test_not_unless_asked_for(self):
        """The log is about users."""
        self.move()
        self.assertEqual(self.log(), [])

    def test_in_the_log(self):
        """With channel, user and what the browser calls itself."""
        self.rules = StatusRules(log_channels=True)
        self.broker = self.start()
        self.move()
        rows = finish(self.store.presence_events(0, Span()))
        self.assertEqual(
            [(row.event.value, row.user_id, row.name, row.uuid, row.time) for row in rows],
            [("subscription", 5, "track_room", "tab", 7), ("unsubscription", 5, "track_room", "tab", 7)],
        )
