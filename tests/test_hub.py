"""Tests for L{comet.hub}."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from comet.hub import Hub
from comet.model import Channel, Message
from tests.running import Ear, Plain

CHAT, NEWS = Channel(0, "chat"), Channel(0, "news")


def said(text):
    return Message(CHAT, "say", text, 1)


class HubTests(SynchronousTestCase):
    """The hub hands what is published to those who listen."""

    def setUp(self):
        self.hub = Hub()

    def test_only_subscribers_hear(self):
        """A message goes to the subscribers of its channel, of the same tenant."""
        near, far, other = Ear(), Ear(), Ear()
        self.hub.subscribe(CHAT, near)
        self.hub.subscribe(Channel(1, "chat"), far)
        self.hub.subscribe(NEWS, other)
        self.assertEqual(self.hub.publish(CHAT, said("a")), 1)
        self.assertEqual([near.heard, far.heard, other.heard], [[said("a")], [], []])

    def test_a_message_is_encoded_once_for_each_form(self):
        """However many subscribers share a form."""
        encoded = []

        class Counting(Plain):
            def encode(self, event):
                encoded.append(self)
                return event

        first, second = Counting(), Counting()
        for form in (first, second, first, first):
            self.hub.subscribe(CHAT, Ear(form))
        self.hub.publish(CHAT, said("a"))
        self.assertEqual(encoded, [first, second])

    def test_the_sender_is_left_out_and_not_counted(self):
        """Whether or not the sender listens."""
        sender, other, stranger = Ear(), Ear(), Ear()
        self.hub.subscribe(CHAT, sender)
        self.hub.subscribe(CHAT, other)
        self.assertEqual(self.hub.publish(CHAT, said("a"), besides=sender), 1)
        self.assertEqual(self.hub.publish(CHAT, said("b"), besides=stranger), 2)
        self.assertEqual([sender.heard, other.heard], [[said("b")], [said("a"), said("b")]])

    def test_leaving_during_a_broadcast_harms_nobody(self):
        """A subscriber that leaves when it is delivered to does not make others miss the message."""
        ears = [Ear() for _ in range(3)]
        for ear in ears:
            self.hub.subscribe(CHAT, ear)
            ear.deliver = lambda frame, event, ear=ear: (
                ear.heard.append(frame),
                self.hub.unsubscribe(CHAT, ear),
            )
        self.assertEqual(self.hub.publish(CHAT, said("a")), 3)
        self.assertEqual([ear.heard for ear in ears], [[said("a")]] * 3)
        self.assertEqual(self.hub.count(CHAT), 0)

    def test_subscribers_are_listed_newest_first(self):
        """Across forms; subscribing again does not renew."""
        one, two, three = Ear(), Ear(Plain()), Ear()
        for ear in (one, two, three, one):
            self.hub.subscribe(CHAT, ear)
        self.assertEqual(self.hub.subscribers(CHAT), [three, two, one])


class HubMachine(RuleBasedStateMachine):
    """The hub against a set of pairs."""

    channels = st.sampled_from([CHAT, NEWS, Channel(1, "chat")])

    def __init__(self):
        super().__init__()
        forms = [Plain(), Plain()]
        self.ears = [Ear(forms[number % 2]) for number in range(5)]
        self.hub, self.pairs = Hub(), set()

    @rule(channel=channels, ear=st.integers(0, 4))
    def subscribe(self, channel, ear):
        self.hub.subscribe(channel, self.ears[ear])
        self.pairs.add((channel, ear))

    @rule(channel=channels, ear=st.integers(0, 4))
    def unsubscribe(self, channel, ear):
        self.hub.unsubscribe(channel, self.ears[ear])
        self.pairs.discard((channel, ear))

    @rule(channel=channels)
    def publish(self, channel):
        for ear in self.ears:
            ear.heard.clear()
        reached = self.hub.publish(channel, said("x"))
        listening = {ear for where, ear in self.pairs if where == channel}
        assert reached == len(listening)
        assert {number for number, ear in enumerate(self.ears) if ear.heard} == listening

    @invariant()
    def empty_channels_are_forgotten(self):
        assert set(self.hub.channels()) == {channel for channel, _ in self.pairs}
        assert all(self.hub.count(channel) for channel in self.hub.channels())


class HubMachineTests(SynchronousTestCase):
    """Whatever is done to the hub, it equals its model."""

    def test_the_hub_is_a_set_of_pairs(self):
        """Subscribing, leaving and publishing in any order."""
        run_state_machine_as_test(
            HubMachine, settings=settings(max_examples=50, stateful_step_count=30, deadline=None)
        )
