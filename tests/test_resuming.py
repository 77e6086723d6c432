"""Tests for L{comet.resuming}, by itself and in sessions that come back."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import Unavailable
from comet.model import NOWHERE, Channel, Follow, Followed, Joint, Message, Place
from comet.resuming import Missed, Resumption, joint, known_places, missed
from comet.session import Session, Visitor
from comet.storage.interface import Stretch
from comet.storage.listings import Most
from comet.storage.memory import MemoryStore
from tests.running import FRAMING, SlowStore, finish, make_broker

CHAT = Channel(0, "chat")
PLENTY = Most(99, 10_000)


def said(position, text="x"):
    return Message(CHAT, "say", text, 1, place=Place("e", position))


def stretch(last, *positions):
    return Stretch(Place("e", last), [said(position) for position in positions])


class JointTests(SynchronousTestCase):
    """What a client is told of what it has missed."""

    def test_everything_is_still_there(self):
        """No gap, and as many messages as the positions say."""
        found = joint(Place("e", 2), stretch(4, 3, 4), PLENTY)
        self.assertEqual(found, Missed(Joint(Place("e", 4), 2, gap=False), [said(3), said(4)]))

    def test_nothing_was_said(self):
        """No gap, and nothing to give."""
        self.assertEqual(joint(Place("e", 4), stretch(4), PLENTY), Missed(Joint(Place("e", 4)), []))

    def test_some_are_gone(self):
        """Whether they were at the beginning or in the middle: a gap, and what is left."""
        for left in ((4,), (3,)):
            found = joint(Place("e", 2), stretch(4, *left), PLENTY)
            self.assertEqual(found.joint, Joint(Place("e", 4), 1, gap=True))

    def test_another_epoch(self):
        """Nothing can be told of what was missed; nor from a place that has not been reached yet."""
        for since in (Place("f", 2), Place("e", 9)):
            found = joint(since, stretch(4, 3, 4), PLENTY)
            self.assertEqual(found, Missed(Joint(Place("e", 4), 0, gap=True), []))

    def test_more_than_is_given(self):
        """Too many messages, or too much text, is a gap as a whole."""
        for most in (Most(1, 10_000), Most(99, 1)):
            found = joint(Place("e", 2), stretch(4, 3, 4), most)
            self.assertEqual(found, Missed(Joint(Place("e", 4), 0, gap=True), []))

    def test_a_channel_without_history(self):
        """Whoever knows a place in it has missed what was said since."""
        found = finish(missed(MemoryStore(), CHAT, Place("e", 1), PLENTY, is_kept=False))
        self.assertEqual(found, Missed(Joint(NOWHERE, gap=True), []))

    def test_a_store_that_fails(self):
        """Is a gap, and no more than that."""

        class Broken(MemoryStore):
            async def since(self, channel, position, most):
                raise Unavailable("the disk is gone")

            async def places(self, channels):
                raise Unavailable("the disk is gone")

        found = finish(missed(Broken(), CHAT, Place("e", 1), PLENTY, is_kept=True))
        self.assertEqual(found, Missed(Joint(NOWHERE, gap=True), []))
        self.assertEqual(finish(known_places(Broken(), [CHAT])), {})


class ResumptionTests(SynchronousTestCase):
    """One channel until past and present meet."""

    def test_what_comes_meanwhile_is_held_back(self):
        """And given afterwards, without what the past had already."""
        resumption = Resumption(limit=9)
        for position in (3, 4, 5):
            self.assertTrue(resumption.holds(b"%d" % position, said(position)))
        self.assertEqual([frame for frame, _ in resumption.release(4)], [b"5"])
        self.assertTrue(resumption.holds(b"4", said(4)))
        self.assertFalse(resumption.holds(b"6", said(6)))

    def test_what_has_no_place_is_never_old(self):
        """A channel may cease to keep a history in the middle of it."""
        resumption = Resumption(limit=9)
        unkept = Message(CHAT, "say", "x", 1)
        resumption.holds(b"u", unkept)
        self.assertEqual(resumption.release(4), [(b"u", unkept)])

    def test_no_more_than_the_limit_is_held(self):
        """One more shows, and nothing is added."""
        resumption = Resumption(limit=2)
        for position in range(5):
            resumption.holds(b"", said(position))
            self.assertEqual(resumption.is_overfull, position >= 2)
        self.assertEqual(len(resumption.release(0)), 3)


class Page:
    """A client that comes and goes, and remembers how far it was."""

    def __init__(self, broker):
        self.broker, self.session = broker, None
        self.since, self.heard, self.gaps = None, [], 0

    def come(self):
        self.session = Session(Visitor(), FRAMING, self, self.broker, "comet test")
        Deferred.fromCoroutine(self._come())

    async def _come(self):
        session = self.session
        await session.start()
        await session.receive(Follow({"chat": self.since}))

    def go(self):
        self.session.end()
        self.session = None

    def ready(self):
        for event in (frame.event for frame in self.session.take()):
            if isinstance(event, Followed):
                self._joined(event.joints["chat"])
            elif isinstance(event, Message):
                self.heard.append(event.text)
                self.since = event.place if event.place.epoch else self.since

    def _joined(self, told):
        self.gaps += told.gap
        if not told.missed and told.place.epoch:
            self.since = told.place

    def lose(self, goodbye):
        raise AssertionError(goodbye)

    def drained(self):
        done = Deferred()
        done.callback(None)
        return done


STEPS = st.lists(st.sampled_from(["say", "come", "go", "step", "step", "step"]), max_size=50)


class ComingBackTests(SynchronousTestCase):
    """A client that is away now and then, with a store that takes its time."""

    def run_steps(self, steps, keep):
        """@return: the page, back and up to date, and how many messages there were since it first was."""
        store = SlowStore()
        broker = make_broker(store)
        Deferred.fromCoroutine(broker.set_length(CHAT, keep))
        store.settle()
        page, count = Page(broker), 0
        # One message, so that the channel counts, and one visit, so that the page knows a place.
        Deferred.fromCoroutine(broker.publish(Message(CHAT, "", "first", 1)))
        store.settle()
        page.come()
        store.settle()
        for step in steps:
            if step == "say":
                count += 1
                Deferred.fromCoroutine(broker.publish(Message(CHAT, "", str(count), 1)))
            elif step == "come" and page.session is None:
                page.come()
            elif step == "go" and page.session is not None:
                page.go()
            elif step == "step" and store.waiting:
                store.step()
        store.settle()
        if page.session is None:
            page.come()
            store.settle()
        return page, [str(number) for number in range(1, count + 1)]

    @settings(max_examples=400, deadline=None)
    @given(STEPS)
    def test_everything_once_and_in_order(self, steps):
        """As long as nothing has left the history, whatever the page, the store and the senders do."""
        page, sent = self.run_steps(steps, keep=99)
        self.assertEqual((page.heard, page.gaps), (sent, 0))

    @settings(max_examples=400, deadline=None)
    @given(STEPS)
    def test_what_is_gone_is_told(self, steps):
        """With a short history the page hears in order and once, and of a gap if it did not hear all."""
        page, sent = self.run_steps(steps, keep=2)
        numbers = list(map(int, page.heard))
        self.assertEqual(numbers, sorted(set(numbers)))
        if page.heard != sent:
            self.assertGreater(page.gaps, 0)
