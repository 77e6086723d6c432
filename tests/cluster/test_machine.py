"""Nodes, users and a bus, and whatever may happen to them, in any order; then all must agree with a model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Message, PrivateMessage, User
from comet.storage.presences import Span, What
from tests.cluster.scene import EXPIRY, Scene, texts
from tests.cluster.turmoil import NODES, Turmoil
from tests.running import finish

KEPT, PLAIN = Channel(0, "kept"), Channel(0, "plain")
USERS = [User(0, number) for number in (1, 2)]


class ClusterMachine(Turmoil):
    """Three nodes over one store; what is said carries a number of its own."""

    settling = 5.0

    def __init__(self):
        super().__init__(Scene(NODES, history=99, queue=99))
        self.scene.run(self.nodes[0].set_length(KEPT, 99))
        self.said = 0
        #: Who listens to what, with what was said before.
        self.ears = []
        #: Devices: user, broker, ear, what was sent to the user before.
        self.devices = []
        self.published = []
        self.sent = {user: [] for user in USERS}
        #: All that was sent, and all devices that ever were.
        self.posted = {user: [] for user in USERS}
        self.ever = {user: [] for user in USERS}

    def text(self):
        self.said += 1
        return str(self.said)

    @precondition(lambda self: len(self.ears) < 9)
    @rule(node=st.integers(0, 2), kept=st.booleans())
    def listen(self, node, kept):
        broker, channel = self.node(node), KEPT if kept else PLAIN
        self.settle_bus()
        self.ears.append((broker, channel, self.scene.listen(broker, channel), len(self.published)))
        self.scene.wait(0.5)

    @rule(node=st.integers(0, 2), kept=st.booleans(), count=st.integers(1, 3))
    def publish(self, node, kept, count):
        for _ in range(count):
            text, channel = self.text(), KEPT if kept else PLAIN
            self.published.append((channel, text))
            self.scene.run(self.node(node).publish(Message(channel, "say", text, 1)))

    @rule(node=st.integers(0, 2), user=st.sampled_from(USERS))
    def arrive(self, node, user):
        if sum(each[0] == user for each in self.devices) < 4:
            broker = self.node(node)
            ear = self.scene.arrive(broker, user)
            self.devices.append((user, broker, ear, list(self.sent[user])))
            self.ever[user].append(ear)

    @precondition(lambda self: self.devices)
    @rule(number=st.integers(0, 9))
    def depart(self, number):
        user, broker, ear, _ = self.devices.pop(number % len(self.devices))
        broker.depart(user, ear)
        self.check_device(user, ear)
        self.scene.settle()

    @rule(node=st.integers(0, 2), user=st.sampled_from(USERS))
    def send(self, node, user):
        text = self.text()
        if not self.lost_bus:
            # Without the bus it may go to the devices of one node alone.
            self.sent[user].append(text)
        self.posted[user].append(text)
        self.scene.run(self.node(node).send_private(PrivateMessage(user, "note", text, 1)))

    def forget(self, broker):
        """See L{Turmoil.forget}."""
        self.ears = [each for each in self.ears if each[0] is not broker]
        self.devices = [each for each in self.devices if each[1] is not broker]

    @rule(seconds=st.sampled_from([0.3, 2, 20]))
    def wait(self, seconds):
        self.scene.wait(seconds)

    @invariant()
    def nothing_comes_twice(self):
        for *_, ear, _ in [*self.ears, *self.devices]:
            heard = texts(ear)
            assert len(heard) == len(set(heard)), heard

    def check_device(self, user, ear):
        # What was sent by another node while the bus was away comes when it is back.
        heard = [text for text in texts(ear) if text in self.sent[user]]
        assert heard == sorted(heard, key=int), heard

    def teardown(self):
        self.settle_bus()
        self.scene.wait(2 * EXPIRY + 10)
        online = {user for user, *_ in self.devices}
        for broker in self.nodes:
            assert set(broker.engine.online.users(0)) == online
            for channel in (KEPT, PLAIN):
                count = sum(each[1] == channel for each in self.ears)
                assert broker.engine.count(channel) == count
        for user, _, ear, before in self.devices:
            self.check_device(user, ear)
            # A device gets all that is sent while it is there; what was sent before it may get.
            assert set(self.sent[user]) - set(before) <= set(texts(ear)), (self.sent[user], before)
        for user in USERS:
            queued = [message.text for message in finish(self.scene.store.queue(user))]
            # Nothing that was sent is lost, whatever happens; who is here has it all.
            assert set(self.posted[user]) == {
                *queued,
                *(text for ear in self.ever[user] for text in texts(ear)),
            }
            assert not queued or user not in online
        self.check_log(online)
        for _, channel, ear, before in self.ears:
            said = [text for each, text in self.published[before:] if each == channel]
            heard = texts(ear)
            if channel == KEPT:
                # Where the bus was away, it may begin a little earlier.
                assert heard == sorted(heard, key=int), heard
                assert heard[len(heard) - len(said) :] == said, (heard, said)
            else:
                assert heard == [text for text in said if text in set(heard)]

    def check_log(self, online):
        """Everybody comes and goes by turns, and is there in the end if it is so."""
        rows = finish(self.scene.store.presence_events(0, Span()))
        for user in USERS:
            told = [row.event for row in rows if row.user_id == user.user_id]
            assert told == [(What.ONLINE, What.OFFLINE)[turn % 2] for turn in range(len(told))], told
            assert (told[-1:] == [What.ONLINE]) == (user in online), (told, online)


class MachineTests(SynchronousTestCase):
    """What all nodes know in the end, and what those who listen have heard."""

    def test_machine(self):
        """It is what the model says, whatever has happened."""
        run_state_machine_as_test(
            ClusterMachine,
            settings=settings(
                max_examples=100, stateful_step_count=25, deadline=None, derandomize=True, database=None
            ),
        )
