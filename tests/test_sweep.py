"""Tests for L{comet.sweep}, and for how L{comet.turn} and L{comet.hub} use it."""

from errno import ECONNRESET
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.trial.unittest import SynchronousTestCase

from comet import hub as hubs
from comet import turn as turns
from comet.hub import Hub
from comet.limits import Limits
from comet.model import Channel
from comet.outbox import Outbox
from comet.protocols.immediate import idleness
from comet.protocols.outlet import Outlet
from comet.sweep import JOINED, RUNS_LIMIT, Crowd, Sweep
from comet.turn import STRIDE, Turn
from tests.running import PLAIN
from tests.sockets import Socket, Writers

CHAT, NEWS = Channel(0, "chat"), Channel(0, "news")


class SweepTests(SynchronousTestCase):
    """A crowd and what it has still to get."""

    def setUp(self):
        self.numbers = {name: 2 * place for place, name in enumerate("abcdefgh")}
        self.crowd = Crowd(self.numbers)
        self.sweep = Sweep(self.crowd)

    def rest(self, most=3):
        """@return: what each of those who are left is written, in the order of writing."""
        written = []
        while not self.sweep.is_over:
            members, batch = self.sweep.stride(most)
            written += [(member, batch.data) for member in members]
        return written

    def test_one_message(self):
        """Everybody gets it once, the oldest first."""
        self.sweep.add(b"1", None)
        self.assertEqual(self.rest(), [(name, b"1") for name in "abcdefgh"])

    def test_messages_are_joined(self):
        """For those whose turn is still to come; the others get the later ones."""
        self.sweep.add(b"1", None)
        self.assertEqual(self.sweep.stride(3)[0], tuple("abc"))
        self.sweep.add(b"2", None)
        self.assertEqual(self.rest(), [(name, b"12") for name in "defgh"] + [(name, b"2") for name in "abc"])

    def test_one_is_taken_out(self):
        """With what it waits for; the others are not disturbed."""
        self.sweep.add(b"1", None)
        self.sweep.stride(2)
        self.sweep.add(b"2", None)
        self.assertEqual([self.sweep.take(name).data for name in "ad"], [b"2", b"12"])
        self.assertIsNone(self.sweep.take("d"))
        self.assertEqual(self.rest(), [("c", b"12"), *[(name, b"12") for name in "efgh"], ("b", b"2")])

    def test_who_was_not_there(self):
        """Whoever came later, or left and came again, waits for nothing."""
        self.sweep.add(b"1", None)
        self.numbers["x"] = 99
        del self.numbers["b"]
        self.numbers["b"] = 100
        self.assertEqual([self.sweep.take(name) for name in "xby"], [None] * 3)

    def test_it_is_bounded(self):
        """In frames that are joined, and in stretches."""
        while self.sweep.takes_more:
            self.sweep.add(b"1", None)
        self.assertEqual({data for _, data in self.rest()}, {b"1" * JOINED})
        crowd = {number: number for number in range(RUNS_LIMIT * 2)}
        self.sweep = Sweep(Crowd(crowd))
        self.sweep.add(b"1", None)
        taken = 0
        while self.sweep.takes_more:
            self.sweep.take(taken)
            taken += 2
        self.assertTrue(0 < taken < RUNS_LIMIT * 2)


class Wire:
    """A subscriber that remembers what was written to it, and in how many pieces."""

    form = PLAIN

    def __init__(self):
        self.lane, self.written, self.pieces = [], b"", 0

    def write(self, data):
        self.written += data
        self.pieces += 1

    def send(self, data):
        if self.lane:
            raise AssertionError("out of order")
        self.write(data)
        return len(data)

    def flush(self):
        data = b"".join(self.lane)
        self.lane.clear()
        self.write(data)


class Text:
    """An event of a few bytes."""

    def __init__(self, data):
        self.data = data

    def encoded(self, form):
        return self.data


class CrowdTests(SynchronousTestCase):
    """A hub with a crowd in it."""

    def setUp(self):
        self.calls, self.now = [], 0.0
        self.is_idle = True
        self.hub = Hub(Turn(self.calls.append, lambda: self.now, lambda: self.is_idle))
        self.wires = [Wire() for _ in range(STRIDE * 3)]
        for wire in self.wires:
            self.hub.subscribe(CHAT, wire)

    def say(self, text, **more):
        return self.hub.publish(CHAT, Text(text), **more)

    def turn_over(self):
        while self.calls:
            self.calls.pop(0)()

    def test_what_is_said_in_one_turn_is_one_piece(self):
        """For everybody, also for those who are told something else in between."""
        self.assertEqual(self.say(b"1"), len(self.wires))
        self.hub.turn.hand([self.wires[5]], b"x", None)
        self.say(b"2")
        self.assertEqual({wire.written for wire in self.wires}, {b""})
        self.turn_over()
        self.assertEqual({wire.pieces for wire in self.wires}, {1})
        self.assertEqual(self.wires[5].written, b"1x2")
        self.assertEqual({wire.written for wire in self.wires if wire is not self.wires[5]}, {b"12"})

    def test_the_sender_is_left_out(self):
        """And gets what others say, before and after, as everybody does."""
        for text, sender in ((b"1", None), (b"2", self.wires[3]), (b"3", self.wires[9]), (b"4", None)):
            self.say(text, besides=sender)
        self.turn_over()
        self.assertEqual([self.wires[place].written for place in (3, 9, 0)], [b"134", b"124", b"1234"])

    def test_who_leaves_has_heard_what_was_said_before(self):
        """And nothing that is said afterwards."""
        self.say(b"1")
        self.hub.unsubscribe(CHAT, self.wires[7])
        self.say(b"2")
        self.turn_over()
        self.assertEqual([self.wires[place].written for place in (7, 8)], [b"1", b"12"])

    def test_who_comes_has_not(self):
        """Not even if they were there before."""
        new = Wire()
        self.say(b"1")
        self.hub.unsubscribe(CHAT, self.wires[7])
        for wire in (new, self.wires[7]):
            self.hub.subscribe(CHAT, wire)
        self.say(b"2")
        self.turn_over()
        self.assertEqual([wire.written for wire in (new, self.wires[7])], [b"2", b"12"])

    def test_who_is_lost_is_told_of_after_what_was_said_before(self):
        """When somebody is lost in the middle of a broadcast, and the same crowd hears of it."""

        class Slow(Wire):
            def __init__(self):
                super().__init__()
                self.lane = None

            def send(self, data):
                return 0

            def deliver(self, frame, event):
                self.write(frame)

        first, second = Slow(), Slow()
        for wire in (first, second):
            self.hub.subscribe(CHAT, wire)
        first.deliver = lambda frame, event: (self.hub.unsubscribe(CHAT, first), self.say(b"left"))
        self.say(b"1")
        self.turn_over()
        self.assertEqual((second.written, self.wires[0].written), (b"1left", b"1left"))


class Client(Outbox):
    """What waits for a client, with a real outlet to a real transport; only the socket is none."""

    def __init__(self, turn, reactor):
        super().__init__(PLAIN, self, Limits(), turn, None)
        self.socket = Socket(20)
        transport = Connection(self.socket, Protocol(), reactor)
        transport.connected, transport.bufferSize = 1, 8
        self.transport, self.outlet = transport, Outlet(transport, self)
        self.ready = self.outlet.ready

    @property
    def written(self):
        return self.socket.taken

    def lose(self, goodbye):
        raise AssertionError(goodbye)

    def arrived(self, number):
        raise AssertionError(number)


class CrowdMachine(RuleBasedStateMachine):
    """Subscribers of two channels against what each should have been written, in order."""

    places = st.integers(0, 11)
    channels = st.sampled_from([CHAT, NEWS])

    def __init__(self):
        super().__init__()
        self.calls, self.now, self.reactor = [], 0.0, Writers()
        self.hub = Hub(Turn(self.calls.append, self.clock, idleness(self.reactor)))
        self.wires = [Client(self.hub.turn, self.reactor) for _ in range(12)]
        self.expected = [b""] * 12
        self.members = {CHAT: set(), NEWS: set()}
        self.count = 0

    def clock(self):
        # Each look at the clock is most of a slice, so that a turn takes several.
        self.now += turns.SLICE_SECONDS * 0.6
        return self.now

    def next(self):
        self.count += 1
        return b"%d," % self.count

    @rule(channel=channels, places=st.sets(places))
    def subscribe(self, channel, places):
        for place in sorted(places):
            self.hub.subscribe(channel, self.wires[place])
            self.members[channel].add(place)

    @rule(channel=channels, place=places)
    def unsubscribe(self, channel, place):
        self.hub.unsubscribe(channel, self.wires[place])
        self.members[channel].discard(place)

    @rule(channel=channels, sender=st.none() | places)
    def publish(self, channel, sender):
        text = self.next()
        besides = None if sender is None else self.wires[sender]
        reached = self.hub.publish(channel, Text(text), besides=besides)
        heard = self.members[channel] - {sender}
        assert reached == len(heard)
        for place in heard:
            self.expected[place] += text

    @rule(place=places)
    def tell(self, place):
        text = self.next()
        self.wires[place].tell(Text(text))
        self.expected[place] += text

    @rule(place=places, room=st.sampled_from([0, 1, 5, 50]))
    def room(self, place, room):
        self.wires[place].socket.room = room

    @rule(place=places)
    def reset(self, place):
        self.wires[place].socket.error = ECONNRESET

    @rule(place=places)
    def pong(self, place):
        # What goes past the outbox comes between two frames.
        self.wires[place].transport.write(b"<pong>")

    @rule()
    def sockets_have_room(self):
        self.reactor.write()

    @rule()
    def slice(self):
        if self.calls:
            self.calls.pop(0)()

    @invariant()
    def nothing_is_lost_or_out_of_order(self):
        assert len(self.calls) <= 1
        for wire, expected in zip(self.wires, self.expected, strict=True):
            written = wire.written.replace(b"<pong>", b"")
            assert expected.startswith(written.partition(b"<")[0]), (expected, wire.written)
            if not self.calls and not self.reactor.writers and wire.lane is not None:
                assert written == expected or wire.socket.error, (expected, wire.written)

    def teardown(self):
        while self.calls or self.reactor.writers:
            for wire in self.wires:
                wire.socket.room = 1000
            self.slice()
            self.reactor.write()
        for wire, expected in zip(self.wires, self.expected, strict=True):
            assert wire.written.replace(b"<pong>", b"") == expected or wire.socket.error


class CrowdMachineTests(SynchronousTestCase):
    """Whatever happens to a crowd, each of it is written the same."""

    def test_everybody_gets_everything_in_order(self):
        """With crowds of two, strides of three, and turns that are cut into slices."""
        with (
            patch.object(hubs, "CROWD", 2),
            patch.object(turns, "STRIDE", 3),
            patch.object(turns, "APART", 1),
        ):
            run_state_machine_as_test(
                CrowdMachine, settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
            )
