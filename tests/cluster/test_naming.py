"""Tests for L{comet.cluster.naming}: nodes that speak in one channel, in one order."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.naming import Claim, State


class Talk:
    """A channel, and who listens there; each hears the rest when it is told to."""

    def __init__(self, *lives):
        self.claims = {life: Claim(life) for life in lives}
        self.unheard = {life: deque() for life in lives}

    def say(self, message):
        if message:
            for waiting in self.unheard.values():
                waiting.append(message)

    def hear(self, life):
        """@return: whether there was something."""
        if not self.unheard[life]:
            return False
        self.say(self.claims[life].hear(self.unheard[life].popleft()))
        return True

    def settle(self, *lives):
        while any([self.hear(life) for life in lives or self.claims]):
            pass

    def states(self):
        return [claim.state for claim in self.claims.values()]


class NamingTests(SynchronousTestCase):
    """Two of one name."""

    def setUp(self):
        self.talk = Talk(b"a", b"b")
        self.a, self.b = self.talk.claims.values()

    def test_who_has_it_keeps_it(self):
        """Who asks later hears that it is taken, whose life is lower or not."""
        for first, second in ((self.a, self.b), (self.b, self.a)):
            self.talk.say(first.ask())
            self.talk.settle()
            self.talk.say(first.take())
            self.talk.settle()
            self.talk.say(second.ask())
            self.talk.settle()
            self.assertEqual((first.state, second.state), (State.HELD, State.TAKEN))

    def test_both_ask_at_once(self):
        """One of them, the lower life, may take it."""
        for claim in (self.a, self.b):
            self.talk.say(claim.ask())
        self.talk.settle()
        self.assertEqual(self.talk.states(), [State.ASKING, State.TAKEN])

    def test_who_was_frozen(self):
        """It hears that another has its name now; its answer, which comes too late, harms nobody."""
        self.talk.say(self.a.take())
        self.talk.settle()
        self.talk.say(self.b.ask())
        self.talk.settle(b"b")
        self.talk.say(self.b.take())
        self.talk.settle(b"b")
        self.talk.settle()
        self.assertEqual(self.talk.states(), [State.TAKEN, State.HELD])

    @given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.sampled_from(["ask", "take", "hear"]))))
    def test_no_two_have_it(self, steps):
        """Whatever is heard late: once all has been heard, one has the name at the most."""
        talk = Talk(b"a", b"b", b"c")
        for life, step in steps:
            claim = talk.claims[life]
            if step == "ask" and claim.state is not State.HELD:
                talk.say(claim.ask())
            elif step == "take" and claim.state is State.ASKING:
                talk.say(claim.take())
            elif step == "hear":
                talk.hear(life)
        talk.settle()
        self.assertLessEqual(talk.states().count(State.HELD), 1)
