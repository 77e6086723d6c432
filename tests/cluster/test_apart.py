"""Tests for L{comet.cluster.apart}, and for nodes one of which alone does not reach the others."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.apart import LIMIT, Ending, Endings, Unheard
from comet.cluster.frames import CHUNK, event_item, mail_item
from comet.cluster.node import SWEEP_SECONDS
from comet.connections import About
from comet.errors import Unavailable
from comet.model import Channel, Goodbye, Message, PrivateMessage, User
from comet.rights import Rule, Who
from comet.storage.memory import MemoryStore
from comet.storage.presences import Span, What
from comet.storage.records import TenantKey
from tests.cluster.scene import EXPIRY, Scene, texts
from tests.cluster.test_node import ANN, BOB, CHAT, ROOM, NodeCase, note, said
from tests.running import SlowStore, finish


class UnheardTests(SynchronousTestCase):
    """What is remembered of what nobody has heard."""

    def test_what_is_told(self):
        """Channels, users and what is to be read again, each once; then nothing."""
        unheard = Unheard()
        for _ in range(2):
            unheard.note(event_item(Message(CHAT, "e", "text", 1)))
            unheard.note(mail_item(PrivateMessage(ANN, "e", "text", 1)))
            unheard.note(("changed", "length", CHAT, 7))
            unheard.note(("changed", "rules"))
            unheard.note(("arrive", *ANN, 1))
        told = [("changed", "lengths"), ("changed", "rules"), ("missed", [CHAT]), ("queued", [ANN])]
        self.assertEqual(unheard.tell(), told)
        for item in told:
            unheard.note(item)
        self.assertEqual(unheard.tell(), told)
        self.assertEqual(unheard.tell(), [])

    def test_too_much(self):
        """Then others have to look for everything, and no more is kept; a change is told all the same."""
        unheard = Unheard()
        for number in range(3 * LIMIT):
            unheard.note(("mail", 0, number))
        unheard.note(("changed", "tenants"))
        self.assertEqual(unheard.tell(), [("changed", "tenants"), ("much",)])
        unheard.note(("much",))
        self.assertEqual(unheard.tell(), [("much",)])

    def test_endings(self):
        """Of each user the last, in portions; the oldest are forgotten."""
        endings = Endings()
        first, second = Ending(Goodbye.KEY_REMOVED, 5), Ending(Goodbye.KEY_REMOVED, 6)
        users = [User(0, number) for number in range(LIMIT)]
        endings.note([ANN], first)
        endings.note(users, first)
        endings.note([ANN], second)
        told = endings.tell()
        self.assertEqual(len(told), LIMIT // CHUNK + 1)
        self.assertEqual(told[-1], ("ended", [ANN], "KEY_REMOVED", 6))
        endings.note([User(9, 9)], second)
        self.assertEqual(sum(len(users) for _, users, *_ in endings.tell()), LIMIT)


class ApartCase(NodeCase):
    """C{b} does not reach C{a}."""

    def part(self, seconds=0):
        self.b.bus.lose()
        self.scene.wait(seconds)

    def heal(self):
        self.b.bus.connect()
        self.scene.wait(5)


class SaidTests(ApartCase):
    """What was said on either side."""

    def test_a_channel_with_a_history(self):
        """The others have it in the end, though nothing is said there later; in the same order, once."""
        self.scene.run(self.a.set_length(CHAT, 9))
        ears = [self.scene.listen(broker, CHAT) for broker in (self.a, self.b)]
        self.scene.wait(1)
        self.part()
        for number in range(3):
            self.scene.run(self.b.publish(said(f"b{number}")))
            self.scene.run(self.a.publish(said(f"a{number}")))
        self.scene.wait(3 * EXPIRY)
        self.heal()
        self.assertEqual(texts(ears[0]), texts(ears[1]))
        self.assertEqual(sorted(texts(ears[0])), ["a0", "a1", "a2", "b0", "b1", "b2"])
        self.assertEqual([ear.gaps for ear in ears], [[], []])

    def test_a_channel_without(self):
        """Where something was said on the other side, those who listen are told; the rest is left alone."""
        ears = [self.scene.listen(broker, CHAT) for broker in (self.a, self.b)]
        quiet = self.scene.listen(self.a, ROOM)
        self.scene.wait(1)
        self.part()
        self.scene.run(self.b.publish(said("1")))
        self.heal()
        self.assertEqual([ear.gaps for ear in ears], [[CHAT], [CHAT]])
        self.assertEqual(quiet.gaps, [])

    def test_what_was_on_its_way(self):
        """Whether others have heard it is not known: they are told."""
        ear = self.scene.listen(self.a, CHAT)
        self.scene.wait(1)
        self.b.publish_now(said("1"))
        self.part()
        self.heal()
        self.assertEqual(ear.gaps, [CHAT])

    def test_more_than_is_remembered(self):
        """Then the others look for everything, as if they had been away."""
        self.scene.run(self.a.set_length(CHAT, 9))
        ears = [self.scene.listen(self.a, channel) for channel in (CHAT, ROOM)]
        self.scene.wait(1)
        self.part()
        self.scene.run(self.b.publish(said("1")))
        for number in range(LIMIT + 1):
            self.b.publish_now(said("x", Channel(0, str(number))))
        self.heal()
        self.assertEqual((texts(ears[0]), ears[1].gaps), (["1"], [ROOM]))

    def test_private_messages(self):
        """They are handed over where their user is, once."""
        ears = self.scene.arrive(self.a, ANN), self.scene.arrive(self.b, BOB)
        self.part(3 * EXPIRY)
        self.scene.run(self.b.send_private(note("1", ANN)))
        self.scene.run(self.a.send_private(note("2", BOB)))
        self.heal()
        self.assertEqual([texts(ear) for ear in ears], [["1"], ["2"]])
        self.assertEqual([finish(self.scene.store.queue(user)) for user in (ANN, BOB)], [[], []])

    def test_settings(self):
        """Lengths of channels, rights and keys of tenants count everywhere in the end."""
        self.part()
        self.scene.run(self.b.set_length(CHAT, 7))
        self.scene.run(self.b.commit([self.b.grants.setting(0, Rule("x_", publish=Who.ALL))]))
        self.scene.run(self.a.commit([self.a.accounts.setting_tenant(TenantKey(5, "key", ""))]))
        self.heal()
        self.assertEqual(self.a.length(CHAT), 7)
        self.assertEqual(list(self.a.rights.own(0)), ["x_"])
        self.assertEqual(list(self.b.accounts.passwords(5)), ["key"])

    def test_a_key_that_was_removed_on_either_side(self):
        """The connections of its user end on the other side, too."""
        here, there = self.scene.arrive(self.a, ANN), self.scene.arrive(self.b, BOB)
        self.part(3 * EXPIRY)
        self.scene.run(self.b.remove_keys([ANN]))
        self.scene.run(self.a.remove_keys([BOB]))
        self.heal()
        for ear in (here, there):
            self.assertEqual(ear.goodbyes, [Goodbye.KEY_REMOVED])

    def test_a_key_that_is_there_again(self):
        """Who came with it since then stays, also when the node was away once more."""
        self.scene.run(self.a.remove_keys([ANN]))
        self.scene.wait(100)
        ear = self.scene.arrive(self.b, ANN)
        ear.about = About("1", 1, 0, "json", "websocket", "", int(self.scene.now))
        self.b.connections.add(ear)
        self.part()
        self.heal()
        self.assertEqual(ear.goodbyes, [])


class PresenceTests(ApartCase):
    """Who is online, and the log of that."""

    def events(self):
        return [row[0] for row in self.log()]

    def test_who_stays(self):
        """Others take them for gone, and see them again."""
        heard = self.statuses(self.a)
        self.scene.arrive(self.b, ANN)
        self.part(3 * EXPIRY)
        self.assertFalse(self.a.engine.online.is_online(ANN))
        self.assertTrue(self.b.engine.online.is_online(ANN))
        self.heal()
        self.assertEqual(self.told(heard), [True, False, True])
        self.assertEqual(self.events(), ["online", "offline", "online"])

    def test_who_moves(self):
        """The node that was left does not let them go offline who are on the other side."""
        phone = self.scene.arrive(self.b, ANN)
        self.part(3 * EXPIRY)
        self.b.depart(ANN, phone)
        self.scene.arrive(self.a, ANN)
        self.scene.wait(3 * EXPIRY)
        self.heal()
        self.scene.wait(SWEEP_SECONDS)
        self.assertEqual(self.events(), ["online", "offline", "online"])

    def test_who_goes(self):
        """That is told once, whichever side was first."""
        phone = self.scene.arrive(self.b, ANN)
        self.part(3 * EXPIRY)
        self.b.depart(ANN, phone)
        self.scene.wait(3 * EXPIRY)
        self.heal()
        self.scene.wait(SWEEP_SECONDS)
        self.assertEqual(self.events(), ["online", "offline"])

    def test_who_goes_while_nobody_hears_it(self):
        """No node keeps somebody online who left another in the meantime, whichever that was."""
        self.scene = scene = Scene("abc")
        for who in scene.brokers:
            phone = scene.arrive(who, ANN)
            scene.exchange.lose()
            scene.wait(2)
            who.depart(ANN, phone)
            scene.wait(30)
            scene.exchange.connect()
            scene.wait(5)
            self.assertEqual([each.engine.online.users(0) for each in scene.brokers], [[]] * 3)
        self.assertEqual(self.events(), ["online", "offline"] * 3)

    def test_a_crash_of_all(self):
        """Who was online then went offline; who is there again right after the start comes online again."""
        for broker, user in ((self.a, ANN), (self.b, BOB)):
            self.scene.arrive(broker, user)
        died = self.scene.now
        for broker in (self.a, self.b):
            self.scene.kill(broker)
        self.scene.wait(100)
        a = self.scene.add("a")
        self.scene.arrive(a, ANN)
        self.scene.wait(5)
        online, offline = ("online", 1), ("offline", 1)
        found = [row[:2] for row in self.log() if row[1] == 1]
        self.assertEqual(found, [online, offline, online])
        self.assertLess(next(row[2] for row in self.log() if row[0] == "offline"), died + 10)
        self.assertEqual([row[0] for row in self.log() if row[1] == 2], ["online", "offline"])

    def test_words_that_overtake_each_other(self):
        """What is stored in the end follows who is there."""
        self.scene.arrive(self.a, ANN)
        keeping = self.b.attendance._keeping
        gone = finish(self.scene.store.presence_events(0, Span()))[0]
        finish(self.scene.store.note_presence([gone._replace(event=What.OFFLINE)], 1, keeping))
        self.scene.wait(SWEEP_SECONDS + 1)
        self.assertEqual(self.events(), ["online", "offline", "online"])


class Broken(MemoryStore):
    """A store that fails as long as it is told to."""

    is_broken = False

    def _maybe(name):
        async def method(self, *arguments):
            if self.is_broken:
                raise Unavailable("the disk is full")
            return await getattr(super(), name)(*arguments)

        return method

    lengths, places, since = map(_maybe, ("lengths", "places", "since"))


class StoreTests(SynchronousTestCase):
    """The store is away, or slow, when it is asked."""

    def test_it_is_asked_again(self):
        """What a node does not know when it is back, it reads as soon as it can."""
        scene = Scene("ab", Broken())
        a, b = scene.brokers
        scene.run(a.set_length(CHAT, 9))
        ear = scene.listen(b, CHAT)
        scene.wait(1)
        b.bus.lose()
        scene.run(a.set_length(ROOM, 9))
        scene.run(a.publish(said("1")))
        scene.store.is_broken = True
        b.bus.connect()
        scene.wait(10)
        self.assertEqual((b.length(ROOM), texts(ear)), (0, []))
        scene.store.is_broken = False
        scene.wait(5)
        self.assertEqual((b.length(ROOM), texts(ear)), (9, ["1"]))

    def test_private_messages_in_front(self):
        """One that was queued by a node apart comes first, though the queue was read just before."""

        class Late(MemoryStore):
            """Reads queues at once, and says later what it has read."""

            waiting = ()

            async def queue(self, user):
                found = await super().queue(user)
                if self.waiting != ():
                    self.waiting.append(Deferred())
                    await self.waiting[-1]
                return found

        scene = Scene("ab", Late())
        a, b = scene.brokers
        ear = scene.arrive(a, ANN)
        scene.store.waiting = []
        emptying = Deferred.fromCoroutine(a.empty_queue(ANN))
        finish(scene.store.enqueue(note("1"), 9))
        scene.run(b.send_private(note("2")))
        while scene.store.waiting:
            scene.store.waiting.pop(0).callback(None)
            scene.settle()
        self.successResultOf(emptying)
        self.assertEqual(texts(ear), ["1", "2"])
        self.assertEqual(finish(MemoryStore.queue(scene.store, ANN)), [])

    def test_what_is_stored_but_not_heard_yet(self):
        """It is handed over when it is heard, though the place that was read is behind it already."""
        scene = Scene("ab", SlowStore())
        a, b = scene.brokers
        scene.store.settle()
        scene.wait(1)
        setting = scene.run(a.set_length(CHAT, 9))
        scene.store.settle()
        scene.settle()
        self.assertIsNone(setting.result)
        publishing = scene.run(a.publish(said("1")))
        ear = scene.listen(b, CHAT)
        b.engine.tick(scene.now)
        scene.store.settle()  # the message is stored, its place is read, and the bus has carried nothing
        scene.settle()
        self.assertTrue(publishing.called)
        scene.wait(1)
        self.assertEqual((texts(ear), ear.gaps), (["1"], []))
