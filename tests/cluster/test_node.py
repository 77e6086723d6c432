"""Tests for L{comet.cluster.node}: nodes in one process, on a bus in memory."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.node import SWEEP_SECONDS
from comet.engine import Listening
from comet.errors import NotAllowed
from comet.model import Channel, Goodbye, Joined, Member, Message, PrivateMessage, StatusChanged, User
from comet.rights import Rule, Who
from comet.storage.presences import Span
from comet.storage.records import TenantKey
from tests.cluster.scene import EXPIRY, Scene, texts
from tests.running import finish

CHAT = Channel(0, "chat")
ROOM = Channel(0, "track_room")
ANN, BOB = User(0, 1), User(0, 2)


def said(text, channel=CHAT):
    return Message(channel, "say", text, 1)


def note(text, user=ANN):
    return PrivateMessage(user, "note", text, 1)


class NodeCase(SynchronousTestCase):
    """Two nodes, C{a} and C{b}."""

    def setUp(self):
        self.scene = Scene("ab")
        self.a, self.b = self.scene.brokers

    def log(self):
        """@return: the log of presence in short."""
        rows = finish(self.scene.store.presence_events(0, Span()))
        return [(row.event.value, row.user_id, row.time) for row in rows]

    def statuses(self, broker, user=ANN):
        """@return: who hears on a node how C{user} comes and goes."""
        return self.scene.listen(broker, Channel(0, f"user_status_{user.user_id}"))

    def told(self, ear):
        """@return: what was heard of that."""
        return [event.online for event in ear.heard if isinstance(event, StatusChanged)]


class ChannelTests(NodeCase):
    """What is said in channels."""

    def test_all_hear_on_all_nodes(self):
        """Wherever it was said, once."""
        ears = [self.scene.listen(broker, CHAT) for broker in (self.a, self.b)]
        self.scene.wait(1)
        for broker, text in ((self.a, "1"), (self.b, "2")):
            self.assertEqual(self.scene.run(broker.publish(said(text))).reached, 2)
        self.assertEqual([texts(ear) for ear in ears], [["1", "2"]] * 2)

    def test_one_order(self):
        """What is said at once on two nodes is heard in the same order on both."""
        ears = [self.scene.listen(broker, CHAT) for broker in (self.a, self.b)]
        for number in range(3):
            self.a.publish_now(said(f"a{number}"))
            self.b.publish_now(said(f"b{number}"))
        self.scene.settle()
        self.assertEqual(texts(ears[0]), texts(ears[1]))
        self.assertEqual(sorted(texts(ears[0])), ["a0", "a1", "a2", "b0", "b1", "b2"])

    def test_who_says_it_does_not_hear_it(self):
        """On whatever node others are."""
        sender, other = self.scene.listen(self.a, CHAT), self.scene.listen(self.b, CHAT)
        self.scene.wait(1)
        self.assertEqual(self.scene.run(self.a.publish(said("x"), sender)).reached, 1)
        self.assertEqual((texts(sender), texts(other)), ([], ["x"]))

    def test_who_joins_is_told_on_all_nodes(self):
        """With the number of the connection, which no other node gives."""
        ear = self.scene.listen(self.b, ROOM)
        number = next(self.a.connections.numbers)
        event = Joined(ROOM, Member(1, "u", number), 5)
        self.a.announce(ROOM, event)
        self.scene.settle()
        self.assertEqual(ear.heard, [event])
        self.assertNotEqual(number, next(self.b.connections.numbers))

    def test_counts_are_those_of_all(self):
        """Of channels that only others have, too; and a node that goes takes its own with it."""
        self.scene.listen(self.a, CHAT)
        ear = self.scene.listen(self.b, CHAT)
        self.scene.listen(self.b, ROOM)
        self.scene.wait(1)
        self.assertEqual([broker.engine.count(CHAT) for broker in (self.a, self.b)], [2, 2])
        self.assertEqual(set(self.a.engine.channels()), {CHAT, ROOM})
        self.b.hub.unsubscribe(CHAT, ear)
        self.scene.wait(1)
        self.assertEqual(self.a.engine.count(CHAT), 1)
        finish(self.b.stop())
        self.scene.settle()
        self.assertEqual(set(self.a.engine.channels()), {CHAT})

    def test_who_comes_later_knows_the_same(self):
        """Counts, users and settings."""
        self.scene.listen(self.a, CHAT)
        self.scene.arrive(self.a, ANN)
        self.scene.run(self.a.set_length(CHAT, 5))
        self.scene.wait(1)
        c = self.scene.add("c")
        self.assertEqual((c.engine.count(CHAT), c.length(CHAT)), (1, 5))
        self.assertTrue(c.engine.elsewhere(ANN))
        self.assertEqual(finish(c.last_seen([ANN])), {ANN: 0})

    def test_who_comes_later_leaves_others_alone(self):
        """A server that starts does not take those for gone whom it has not heard of yet."""
        self.scene.arrive(self.a, ANN)
        self.scene.add("c")
        self.scene.wait(SWEEP_SECONDS + 5)
        self.assertEqual([row[:2] for row in self.log()], [("online", 1)])

    def test_history_is_one(self):
        """Positions go on from node to node, and are heard in their order."""
        self.scene.run(self.a.set_length(CHAT, 5))
        ear = self.scene.listen(self.b, CHAT)
        for broker, text in ((self.a, "1"), (self.b, "2"), (self.a, "3")):
            self.scene.run(broker.publish(said(text)))
        self.assertEqual([event.place.position for event in ear.heard], [1, 2, 3])
        self.assertEqual(texts(ear), ["1", "2", "3"])

    def test_what_overtakes_waits(self):
        """A message that is heard before the one in front of it is held back until that comes."""
        self.scene.run(self.a.set_length(CHAT, 5))
        ear = self.scene.listen(self.b, CHAT)
        self.scene.run(self.a.publish(said("1")))
        place = finish(self.scene.store.append(said("2"), 5))
        late = Message(*(CHAT, "say", "2", 1), id="2", place=place)
        self.scene.run(self.a.publish(said("3")))
        self.assertEqual(texts(ear), ["1"])
        self.a.announce(CHAT, late)
        self.scene.settle()
        self.assertEqual(texts(ear), ["1", "2", "3"])

    def test_what_overtakes_at_the_beginning(self):
        """Who is the first to listen on a node misses nothing that two others say at once."""
        self.scene.run(self.a.set_length(CHAT, 5))
        self.scene.run(self.a.publish(said("1")))
        c = self.scene.add("c")
        for waits in (0, 1):
            ear = self.scene.listen(c, CHAT)
            self.scene.wait(waits)
            late = []
            for text in (f"{waits}.2", f"{waits}.3"):
                place = finish(self.scene.store.append(said(text), 9))
                late.append(Message(CHAT, "say", text, 1, id=text, place=place))
            for message in reversed(late):
                self.a.announce(CHAT, message)
            self.scene.wait(1)
            self.assertEqual(texts(ear), [f"{waits}.2", f"{waits}.3"])

    def test_what_never_comes_is_in_the_store(self):
        """A node that died between storing a message and saying so costs a moment, not the message."""
        self.scene.run(self.a.set_length(CHAT, 5))
        ear = self.scene.listen(self.b, CHAT)
        self.scene.run(self.a.publish(said("1")))
        finish(self.scene.store.append(said("2"), 5))
        self.scene.run(self.a.publish(said("3")))
        self.scene.wait(1)
        self.assertEqual((texts(ear), ear.gaps), (["1", "2", "3"], []))

    def test_what_is_gone_from_the_store_is_a_gap(self):
        """Then those who listen are told, and hear what is there."""
        self.scene.run(self.a.set_length(CHAT, 1))
        ear = self.scene.listen(self.b, CHAT)
        self.scene.run(self.a.publish(said("1")))
        finish(self.scene.store.append(said("2"), 1))
        self.scene.run(self.a.publish(said("3")))
        self.scene.wait(1)
        self.assertEqual((texts(ear), ear.gaps), (["1", "3"], [CHAT]))


class UserTests(NodeCase):
    """Who is online, and what users are sent."""

    def test_online_is_told_once_everywhere(self):
        """However many devices there are, on whatever nodes; and kept once."""
        heard = [self.statuses(broker) for broker in (self.a, self.b)]
        phone, desk = self.scene.arrive(self.a, ANN), self.scene.arrive(self.b, ANN)
        self.a.depart(ANN, phone)
        self.scene.wait(10)
        self.assertEqual([self.told(ear) for ear in heard], [[True]] * 2)
        self.b.depart(ANN, desk)
        self.scene.wait(4)
        self.assertEqual([self.told(ear) for ear in heard], [[True, False]] * 2)
        self.assertEqual([row[:2] for row in self.log()], [("online", 1), ("offline", 1)])

    def test_who_comes_at_once_on_two_nodes_comes_once(self):
        """The first on the bus is the one."""
        heard = self.statuses(self.a)
        for broker in (self.a, self.b):
            ear = self.scene.listen(broker, ROOM)
            ear.number = next(broker.connections.numbers)
            broker.engine.arrive(ANN, ear)
        self.scene.settle()
        self.assertEqual(self.told(heard), [True])
        self.assertEqual([row[:2] for row in self.log()], [("online", 1)])

    def test_who_moves_in_time_stays_online(self):
        """The time of grace is one for all nodes."""
        heard = self.statuses(self.b)
        phone = self.scene.arrive(self.a, ANN)
        self.a.depart(ANN, phone)
        self.scene.wait(2)
        self.scene.arrive(self.b, ANN)
        self.scene.wait(10)
        self.assertEqual(self.told(heard), [True])
        self.assertEqual(finish(self.a.last_seen([ANN])), {ANN: 0})

    def test_the_seventeenth_device_closes_the_oldest(self):
        """On the node where that is, and no other."""
        scene = Scene("ab", devices=2)
        a, b = scene.brokers
        first, second, third = (scene.arrive(broker, ANN) for broker in (a, b, b))
        self.assertEqual(first.goodbyes, [Goodbye.REPLACED])
        a.depart(ANN, first)
        scene.settle()
        fourth = scene.arrive(a, ANN)
        self.assertEqual([each.goodbyes for each in (second, third, fourth)], [[Goodbye.REPLACED], [], []])

    def test_a_private_message_finds_its_user(self):
        """On another node, on several, in order, and it leaves the queue."""
        phone, desk = self.scene.arrive(self.a, ANN), self.scene.arrive(self.b, ANN)
        for text in "123":
            self.assertTrue(self.scene.run(self.a.send_private(note(text))))
        self.assertEqual([texts(ear) for ear in (phone, desk)], [["1", "2", "3"]] * 2)
        self.assertEqual(finish(self.scene.store.queue(ANN)), [])
        other = self.scene.arrive(self.b, BOB)
        self.assertTrue(self.scene.run(self.a.send_private(note("4", BOB))))
        self.assertEqual((texts(other), finish(self.scene.store.queue(BOB))), (["4"], []))

    def test_it_is_queued_exactly_for_those_who_are_nowhere(self):
        """And comes on whatever node its user comes to."""
        self.assertFalse(self.scene.run(self.a.send_private(note("1"))))
        self.assertEqual(texts_of(finish(self.scene.store.queue(ANN))), ["1"])
        self.assertEqual(texts(self.scene.arrive(self.b, ANN)), ["1"])
        self.assertEqual(finish(self.scene.store.queue(ANN)), [])

    def test_who_comes_meanwhile_gets_it(self):
        """A user who comes to a node while a message is stored by another, which does not know yet."""
        sending = self.a.send_private(note("1"))
        ear = self.scene.listen(self.b, CHAT)
        ear.number = next(self.b.connections.numbers)
        coming = self.b.arrive(ANN, ear)
        self.scene.run(coming)
        self.scene.run(sending)
        self.assertEqual(texts(ear), ["1"])
        self.assertEqual(finish(self.scene.store.queue(ANN)), [])

    def test_a_direct_one_does_not_overtake(self):
        """What is sent to a user who is here alone waits for what is on its way by the bus."""
        phone = self.scene.arrive(self.a, ANN)
        desk = self.scene.arrive(self.b, ANN)
        finish(self.a.send_private(note("1")))
        self.b.depart(ANN, desk)
        self.scene.exchange.step()
        self.a.engine.roll.replace(self.b.engine.slot, [], 0)
        self.scene.run(self.a.send_private(note("2")))
        self.assertEqual(texts(phone), ["1", "2"])

    def test_a_key_that_is_removed_closes_everywhere(self):
        """And so does what the API and KILL ask for."""
        phone, desk = self.scene.arrive(self.a, ANN), self.scene.arrive(self.b, ANN)
        self.scene.run(self.a.remove_keys([ANN]))
        self.assertEqual([ear.goodbyes for ear in (phone, desk)], [[Goodbye.KEY_REMOVED]] * 2)
        self.assertEqual(self.scene.run(self.b.engine.disconnect(ANN)), 2)
        self.assertEqual(phone.goodbyes[1:], [Goodbye.KILLED])


def texts_of(messages):
    return [message.text for message in messages]


class KnowledgeTests(NodeCase):
    """What all nodes know by heart."""

    def test_settings(self):
        """Lengths of channels, rights, and keys of tenants count on all nodes."""
        self.scene.run(self.a.set_length(CHAT, 7))
        self.scene.run(self.a.commit([self.a.grants.setting(0, Rule("x_", publish=Who.ALL))]))
        self.scene.run(self.a.commit([self.a.accounts.setting_tenant(TenantKey(5, "key", ""))]))
        self.assertEqual(self.b.length(CHAT), 7)
        self.assertEqual(list(self.b.rights.own(0)), ["x_"])
        self.assertEqual(list(self.b.accounts.passwords(5)), ["key"])
        self.scene.run(self.a.remove_channels([CHAT]))
        self.scene.run(self.a.commit([self.a.grants.removing(0, ["x_"])]))
        self.scene.run(self.a.commit([self.a.accounts.removing_tenants([5])]))
        self.assertEqual(self.b.setting(CHAT), None)
        self.assertEqual((list(self.b.rights.own(0)), list(self.b.accounts.passwords(5))), ([], []))

    def test_questions(self):
        """Who listens and who is connected, on whatever node; and the end of one of them."""

        class Browser:
            def __init__(self, broker, node):
                self.number = next(broker.connections.numbers)
                self.about = About("1", 1, 0, "json", "websocket", node, 5)
                self.killed = False

            def kill(self):
                self.killed = True

        from comet.connections import About

        here, there = Browser(self.a, "here"), Browser(self.b, "there")
        self.a.connections.add(here)
        self.b.connections.add(there)
        found = self.scene.run(self.a.engine.connections(0))
        self.assertEqual([(each.node, each.about.address) for each in found], [("a", "here"), ("b", "there")])
        self.assertFalse(self.scene.run(self.a.engine.kill(there.number, 7, False)))
        self.assertTrue(self.scene.run(self.a.engine.kill(there.number, 0, True)))
        self.assertFalse(there.killed)
        self.assertTrue(self.scene.run(self.a.engine.kill(there.number, 0, False)))
        self.assertEqual((there.killed, here.killed), (True, False))
        ear = self.scene.listen(self.b, CHAT)
        ear.listening = Listening(1, "uuid", "", "", "", "", 9)
        self.scene.wait(1)
        self.assertEqual(self.scene.run(self.a.engine.listening([CHAT])), [(CHAT, ear.listening)])

    def test_who_does_not_answer_is_left_out(self):
        """A question ends in bounded time."""
        self.scene.freeze(self.b)
        asking = self.scene.run(self.a.engine.connections(0))
        self.scene.wait(3)
        self.assertEqual(self.successResultOf(asking), [])

    def test_what_is_not_ours(self):
        """Bytes that are no frame, items that are wrong or of a newer version: no harm, and a log line."""
        ear = self.scene.listen(self.b, CHAT)
        for frame in (b"", b"{}", b"\xff", b'[1,"x",0,[["m"],["arrive",1],["newer",1],[[]],7,[]]]'):
            self.scene.exchange.waiting.append((frame, None))
        self.scene.settle()
        self.scene.run(self.a.publish(said("x")))
        self.assertEqual(texts(ear), ["x"])


class FailureTests(NodeCase):
    """Nodes that die, freeze and leave; a bus that goes away."""

    def test_a_dead_node(self):
        """Its users are offline when its time is over and theirs; kept once, as of when it was last alive."""
        heard = self.statuses(self.a)
        self.scene.arrive(self.b, ANN)
        self.scene.arrive(self.b, BOB)
        self.scene.arrive(self.a, BOB)
        self.scene.kill(self.b)
        self.scene.wait(EXPIRY)
        self.assertEqual(self.told(heard), [True])
        self.scene.wait(10)
        self.assertEqual(self.told(heard), [True, False])
        self.assertEqual(self.a.engine.online.users(0), [BOB])
        self.assertEqual([row[:2] for row in self.log()], [("online", 1), ("online", 2), ("offline", 1)])
        self.assertEqual(self.a.engine.connections.__self__.peers.known(), [])

    def test_a_node_that_leaves(self):
        """Its users have the time of grace to come to another."""
        heard = self.statuses(self.a)
        self.scene.arrive(self.b, ANN)
        self.scene.arrive(self.b, BOB)
        self.scene.brokers.remove(self.b)
        self.scene.run(self.b.stop())
        self.scene.arrive(self.a, ANN)
        self.scene.wait(SWEEP_SECONDS + 10)
        self.assertEqual(self.told(heard), [True])
        self.assertEqual([row[:2] for row in self.log()], [("online", 1), ("online", 2), ("offline", 2)])

    def test_a_frozen_node_comes_back(self):
        """It was taken for dead, and is there again with all its users."""
        self.scene.arrive(self.b, ANN)
        self.scene.freeze(self.b)
        self.scene.wait(60)
        self.assertFalse(self.a.engine.online.is_online(ANN))
        self.scene.brokers.append(self.b)
        self.b.bus.is_up = True
        self.b.bus.lose()
        self.b.bus.connect()
        self.scene.wait(5)
        self.assertTrue(self.a.engine.online.is_online(ANN))
        self.assertEqual(self.b.engine.online.users(0), [ANN])
        self.assertEqual(finish(self.a.last_seen([ANN])), {ANN: 0})

    def test_a_frozen_node_that_hears_it_all_later(self):
        """It hears that it is dead, and says that it is not."""
        self.scene.arrive(self.b, ANN)
        self.scene.brokers.remove(self.b)
        held, receiver = [], self.b.bus.receiver

        class Held:
            received = held.append

        self.b.bus.receiver = Held
        self.scene.wait(60)
        self.assertFalse(self.a.engine.online.is_online(ANN))
        self.b.bus.receiver = receiver
        self.scene.brokers.append(self.b)
        for frame in held:
            receiver.received(frame)
        self.scene.wait(5)
        self.assertTrue(self.a.engine.online.is_online(ANN))
        self.assertTrue(self.b.engine.peers.known() and self.a.engine.peers.known())

    def test_without_the_bus(self):
        """Each node goes on alone, and says so; afterwards all is as if it had been there."""
        self.scene.run(self.a.set_length(CHAT, 9))
        here, there = (self.scene.listen(broker, CHAT) for broker in (self.a, self.b))
        unkept = [self.scene.listen(broker, ROOM) for broker in (self.a, self.b)]
        self.scene.wait(1)
        self.scene.exchange.lose()
        self.assertIn("the cable is out", self.a.engine.problem)
        self.scene.run(self.a.publish(said("1")))
        self.scene.run(self.a.publish(said("lost", ROOM)))
        self.assertEqual((texts(here), texts(unkept[0])), (["1"], ["lost"]))
        self.scene.wait(5)
        # By way of the store.
        self.assertEqual(texts(there), ["1"])
        phone = self.scene.arrive(self.b, ANN)
        self.scene.run(self.b.send_private(note("2")))
        self.assertEqual(texts(phone), ["2"])
        self.scene.exchange.connect()
        self.scene.wait(5)
        self.assertEqual(self.a.engine.problem, "")
        self.assertEqual((texts(there), texts(unkept[1])), (["1"], []))
        self.assertEqual((unkept[1].gaps, there.gaps), ([ROOM], []))
        self.assertTrue(self.a.engine.elsewhere(ANN))
        self.scene.run(self.a.publish(said("3")))
        self.assertEqual((texts(here), texts(there)), (["1", "3"], ["1", "3"]))

    def test_what_was_on_its_way(self):
        """When the bus is lost it has its effect here; nothing has it twice."""
        ear = self.scene.listen(self.a, CHAT)
        self.a.publish_now(said("1"))
        self.scene.exchange.lose()
        self.assertEqual(texts(ear), ["1"])
        self.scene.exchange.connect()
        self.scene.wait(1)
        self.assertEqual(texts(ear), ["1"])

    def test_what_was_lost_on_the_way(self):
        """A frame that is missing is noticed, and the node asked for all it has."""
        self.a.engine.arrive(ANN, numbered(self.scene.listen(self.a, ROOM), self.a))
        self.scene.turn.pop()()
        self.scene.exchange.waiting.clear()
        self.scene.wait(5)
        self.assertTrue(self.b.engine.online.is_online(ANN))

    def test_a_start_without_the_bus(self):
        """It is waited for, but not for long; who has come before is known to the others afterwards."""
        c = self.scene.add("c", held=True)
        self.assertNoResult(c.started)
        self.scene.wait(4)
        self.successResultOf(c.started)
        self.scene.arrive(c, ANN)
        self.assertFalse(self.a.engine.online.is_online(ANN))
        c.bus.connect()
        self.scene.wait(1)
        self.assertTrue(self.a.engine.elsewhere(ANN))
        self.assertFalse(c.engine.elsewhere(ANN))

    def test_a_name_that_is_taken(self):
        """At the start that is an error; a server that runs already goes on alone, and says so."""
        c = self.scene.add("a", held=True)
        c.bus.receiver.refused("another server is named a")
        self.assertNoResult(c.started)
        self.scene.wait(4)
        self.assertIn("another server is named a", str(self.failureResultOf(c.started, NotAllowed).value))
        d = self.scene.add("d", held=True)
        self.scene.wait(4)
        self.successResultOf(d.started)
        d.bus.problem = "another server is named d"
        d.bus.receiver.refused(d.bus.problem)
        self.scene.wait(4)
        self.assertIn("another server is named d", d.engine.problem)
        d.bus.connect()
        self.scene.wait(1)
        self.assertEqual(d.engine.problem, "")


def numbered(ear, broker):
    ear.number = next(broker.connections.numbers)
    return ear
