"""Tests for L{comet.broker}."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.attendance import StatusRules
from comet.broker import Broker
from comet.errors import TableFull, Unavailable
from comet.identity import Proof
from comet.limits import Limits
from comet.model import Channel, Goodbye, Message, Place, PrivateMessage, StatusChanged, User
from comet.storage.memory import MemoryStore
from tests.running import Ear, SlowStore, finish, make_broker

CHAT = Channel(0, "chat")
ANN, BOB = User(0, 1), User(0, 2)


def said(text, channel=CHAT):
    return Message(channel, "say", text, 1)


def note(text, user=ANN):
    return PrivateMessage(user, "note", text, 1)


def texts(events):
    return [event.text for event in events if isinstance(event, PrivateMessage | Message)]


class PublishTests(SynchronousTestCase):
    """Channel messages."""

    def test_a_message_is_stored_before_it_is_heard(self):
        """Nobody sees what a crash could still undo."""
        store = SlowStore()
        broker, ear = make_broker(store), Ear()
        broker.hub.subscribe(CHAT, ear)
        Deferred.fromCoroutine(broker.set_length(CHAT, 5))
        store.settle()
        answer = Deferred.fromCoroutine(broker.publish(said("a")))
        self.assertEqual(ear.heard, [])
        self.assertNoResult(answer)
        store.step()
        self.assertEqual(self.successResultOf(answer), (1, Place("m1", 1)))
        self.assertEqual(texts(ear.heard), ["a"])
        self.assertEqual(len(ear.heard[0].id), 36)

    def test_a_message_that_cannot_be_stored_is_not_heard(self):
        """The publisher gets the error, the subscribers nothing."""

        class Broken(MemoryStore):
            async def append(self, message, keep):
                raise Unavailable("the disk is full")

        broker, ear = make_broker(Broken()), Ear()
        broker.hub.subscribe(CHAT, ear)
        finish(broker.set_length(CHAT, 5))
        self.failureResultOf(Deferred.fromCoroutine(broker.publish(said("a"))), Unavailable)
        self.assertEqual(ear.heard, [])

    def test_a_channel_without_a_length_keeps_nothing(self):
        """And with a length of 0 neither; trust_ channels always keep some."""
        broker = make_broker(history=2)
        finish(broker.publish(said("a")))
        finish(broker.set_length(CHAT, 0))
        finish(broker.publish(said("b")))
        self.assertEqual(finish(broker.history(CHAT)), [])
        trust = Channel(0, "trust_x")
        for text in "abc":
            finish(broker.publish(said(text, trust)))
        self.assertEqual(texts(finish(broker.history(trust))), ["b", "c"])

    def test_lengths_are_brought_into_range(self):
        """Neither below 0 nor above the limit."""
        broker = make_broker(history=50)
        for asked, kept in ((-5, 0), (7, 7), (1000, 50)):
            finish(broker.set_length(CHAT, asked))
            self.assertEqual(broker.setting(CHAT), kept)

    def test_lengths_survive_a_restart_of_the_broker(self):
        """They are read from the store at the start."""
        store = MemoryStore()
        finish(make_broker(store).set_length(CHAT, 3))
        self.assertEqual(make_broker(store).length(CHAT), 3)

    def test_the_number_of_channels_with_a_length_is_limited(self):
        """One more is refused, those that are there may be changed."""
        broker = make_broker(history_channels=1)
        finish(broker.set_length(CHAT, 3))
        finish(broker.set_length(CHAT, 4))
        other = Deferred.fromCoroutine(broker.set_length(Channel(1, "chat"), 3))
        self.failureResultOf(other, TableFull)
        finish(broker.remove_channels([CHAT]))
        finish(broker.set_length(Channel(1, "chat"), 3))


class PrivateMessageTests(SynchronousTestCase):
    """Messages to a user."""

    def test_all_devices_of_a_user_hear(self):
        """And nobody else; nothing is queued."""
        broker, phone, desk, other = make_broker(), Ear(), Ear(), Ear()
        for user, ear in ((ANN, phone), (ANN, desk), (BOB, other)):
            finish(broker.arrive(user, ear))
        self.assertTrue(finish(broker.send_private(note("a"))))
        self.assertEqual([texts(ear.heard) for ear in (phone, desk, other)], [["a"], ["a"], []])
        self.assertEqual(finish(broker.store.queue(ANN)), [])

    def test_the_absent_get_their_queue_on_arrival_once_and_in_order(self):
        """What was handed over has left the queue."""
        broker = make_broker(queue=3)
        for text in "abcd":
            self.assertFalse(finish(broker.send_private(note(text))))
        ear = Ear()
        finish(broker.arrive(ANN, ear))
        self.assertEqual(texts(ear.heard), ["b", "c", "d"])
        self.assertTrue(all(event.queued for event in ear.heard))
        broker.depart(ANN, ear)
        again = Ear()
        finish(broker.arrive(ANN, again))
        self.assertEqual(again.heard, [])
        self.assertEqual(broker.counters.queue_dropped, 1)

    def test_a_new_message_does_not_overtake_the_queue(self):
        """What is sent while the queue is on its way lines up behind it."""
        store = SlowStore()
        broker, ear = make_broker(store), Ear()
        sent = Deferred.fromCoroutine(broker.send_private(note("first")))
        store.settle()
        arriving = Deferred.fromCoroutine(broker.arrive(ANN, ear))
        late = Deferred.fromCoroutine(broker.send_private(note("second")))
        store.settle()
        self.assertEqual(texts(ear.heard), ["first", "second"])
        self.successResultOf(arriving)
        self.assertFalse(self.successResultOf(sent))
        self.assertTrue(self.successResultOf(late))

    def test_a_message_that_a_reader_has_just_missed_is_read_again(self):
        """The queue may be read before a message is in it, and the answer come after."""

        class Hasty(SlowStore):
            async def queue(self, user):
                found = await MemoryStore.queue(self, user)
                turn = Deferred()
                self.waiting.append(turn)
                await turn
                return found

        store = Hasty()
        broker, ear = make_broker(store), Ear()
        Deferred.fromCoroutine(broker.arrive(ANN, ear))
        sent = Deferred.fromCoroutine(broker.send_private(note("a")))
        reading, queueing = store.waiting
        store.waiting.clear()
        queueing.callback(None)
        self.assertTrue(self.successResultOf(sent))
        reading.callback(None)
        store.settle()
        self.assertEqual(texts(ear.heard), ["a"])

    def test_nothing_is_taken_from_the_queue_for_somebody_who_has_left(self):
        """A device that goes while the queue is read leaves it as it was."""
        store = SlowStore()
        broker, ear = make_broker(store), Ear()
        Deferred.fromCoroutine(broker.send_private(note("a")))
        store.settle()
        Deferred.fromCoroutine(broker.arrive(ANN, ear))
        broker.depart(ANN, ear)
        store.settle()
        self.assertEqual(ear.heard, [])
        later = Ear()
        Deferred.fromCoroutine(broker.arrive(ANN, later))
        store.settle()
        self.assertEqual(texts(later.heard), ["a"])

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.sampled_from(["send", "arrive", "depart", "step", "step", "step"]), max_size=40))
    def test_every_message_arrives_once_and_in_order(self, steps):
        """However sending, arriving, leaving and the store interleave."""
        store = SlowStore()
        broker, here, heard, sent = make_broker(store), [], [], 0
        for step in steps:
            if step == "send":
                sent += 1
                Deferred.fromCoroutine(broker.send_private(note(str(sent))))
            elif step == "arrive" and not here:
                here.append(Ear())
                here[0].heard = heard
                Deferred.fromCoroutine(broker.arrive(ANN, here[0]))
            elif step == "depart" and here:
                broker.depart(ANN, here.pop())
            elif step == "step" and store.waiting:
                store.step()
        store.settle()
        if not here:
            ear = Ear()
            ear.heard = heard
            Deferred.fromCoroutine(broker.arrive(ANN, ear))
            store.settle()
        self.assertEqual(texts(heard), [str(number) for number in range(1, sent + 1)])
        self.assertEqual(len(broker._mail), 0)


class CommitTests(SynchronousTestCase):
    """Several actions as one."""

    def commit(self, broker, *actions):
        return Deferred.fromCoroutine(broker.commit(actions))

    def test_a_message_for_somebody_who_leaves_meanwhile_waits_in_the_queue(self):
        """It was stored with the rest, so that nothing of it can be lost."""
        store = SlowStore()
        broker, phone = make_broker(store), Ear()
        Deferred.fromCoroutine(broker.arrive(ANN, phone))
        store.settle()
        trust = Channel(0, "trust_x")
        done = self.commit(broker, broker.publishing(said("kept", trust)), broker.sending(note("a")))
        broker.depart(ANN, phone)
        store.settle()
        self.successResultOf(done)
        self.assertEqual(phone.heard, [])
        self.assertEqual(texts(finish(MemoryStore.queue(store, ANN))), ["a"])

    def test_what_was_handed_over_leaves_the_queue(self):
        """And more messages than a queue keeps reach somebody who is here."""
        broker, phone = make_broker(queue=2), Ear()
        finish(broker.arrive(ANN, phone))
        actions = [broker.sending(note(str(number))) for number in range(5)]
        trust = broker.publishing(said("kept", Channel(0, "trust_x")))
        finish(broker.commit([*actions, trust]))
        self.assertEqual(texts(phone.heard), list("01234"))
        self.assertEqual(finish(broker.store.queue(ANN)), [])

    def test_a_new_device_does_not_hear_twice(self):
        """It comes while a batch is stored, and reads the queue by itself."""
        store = SlowStore()
        broker, phone, desk = make_broker(store), Ear(), Ear()
        Deferred.fromCoroutine(broker.arrive(ANN, phone))
        store.settle()
        kept = broker.publishing(said("kept", Channel(0, "trust_x")))
        done = self.commit(broker, kept, broker.sending(note("a")))
        broker.depart(ANN, phone)
        Deferred.fromCoroutine(broker.arrive(ANN, desk))
        store.settle()
        self.successResultOf(done)
        self.assertEqual((texts(phone.heard), texts(desk.heard)), ([], ["a"]))

    def test_a_failure_lets_go_of_the_mailboxes(self):
        """The next message goes its usual way."""

        class Broken(MemoryStore):
            async def apply(self, writes):
                raise Unavailable("the disk is full")

        broker, phone = make_broker(Broken()), Ear()
        finish(broker.arrive(ANN, phone))
        for user in (ANN, BOB):
            kept = broker.publishing(said("kept", Channel(0, "trust_x")))
            self.failureResultOf(self.commit(broker, broker.sending(note("a", user)), kept), Unavailable)
        self.assertEqual((phone.heard, len(broker._mail)), ([], 0))
        self.assertTrue(finish(broker.send_private(note("b"))))

    def test_a_queue_that_cannot_be_emptied_does_not_fail_the_commit(self):
        """What was stored and shown is done; the messages are handed over again when the user comes again."""

        class Forgetful(MemoryStore):
            broken = False

            async def acknowledge(self, user, number):
                if self.broken:
                    raise Unavailable("the disk is full")
                return await super().acknowledge(user, number)

        store = Forgetful()
        failures = []

        def spawn(coroutine):
            Deferred.fromCoroutine(coroutine).addErrback(failures.append)

        broker, phone = Broker(store, Limits(), lambda: 1, spawn), Ear()
        finish(broker.arrive(ANN, phone))
        store.broken = True
        kept = broker.publishing(said("kept", Channel(0, "trust_x")))
        finish(broker.commit([kept, broker.sending(note("a"))]))
        self.assertEqual(texts(phone.heard), ["a"])
        self.assertEqual([failure.type for failure in failures], [Unavailable])
        self.assertEqual(len(broker._mail), 0)

    @settings(max_examples=400, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                ["send", "commit", "commit live", "commit both", "fail", "ann", "bob", "phone"] + ["step"] * 5
            ),
            max_size=40,
        )
    )
    def test_every_message_arrives_once_and_in_order(self, steps):
        """
        However transactions, single messages, arrivals, departures and the store interleave: each user hears
        everything in the order it was sent, those who stay hear a transaction in one piece, and of one that
        fails nobody hears anything.
        """

        class Store(SlowStore):
            failing = False

            async def apply(self, writes):
                failing, self.failing = self.failing, False
                results = await super().apply(() if failing else writes)
                if failing:
                    raise Unavailable("the disk is full")
                return results

        store = Store()
        broker = make_broker(store)
        people = {ANN: [], BOB: []}
        heard, sent, number = {ANN: [], BOB: []}, {ANN: [], BOB: []}, 0
        channel, expected = Ear(), 0
        broker.hub.subscribe(CHAT, channel)

        def arrive(user):
            ear = Ear()
            ear.heard = heard[user]
            people[user].append(ear)
            Deferred.fromCoroutine(broker.arrive(user, ear))

        for step in steps:
            match step:
                case "send":
                    number += 1
                    sent[ANN].append(str(number))
                    Deferred.fromCoroutine(broker.send_private(note(str(number))))
                case "commit" | "commit live" | "commit both" | "fail":
                    store.failing = step == "fail"
                    actions = []
                    for user in (ANN, BOB, ANN) if step == "commit both" else (ANN, ANN):
                        number += 1
                        actions.append(broker.sending(note(str(number), user)))
                        actions.append(broker.publishing(said(str(number))))
                        if step != "fail":
                            sent[user].append(str(number))
                            expected += 1
                    if step != "commit live":
                        actions.append(broker.publishing(said("kept", Channel(0, "trust_x"))))
                    committed = Deferred.fromCoroutine(broker.commit(actions))
                    committed.addErrback(lambda failure: failure.trap(Unavailable))
                    if step == "fail" and committed.called:
                        raise AssertionError("it needs the store")
                    store.failing = False
                case "ann" | "bob":
                    user = ANN if step == "ann" else BOB
                    if people[user]:
                        broker.depart(user, people[user].pop())
                    else:
                        arrive(user)
                case "phone":
                    # A second device hears from its arrival on, into nobody's list.
                    if people[ANN]:
                        phone = Ear()
                        Deferred.fromCoroutine(broker.arrive(ANN, phone))
                        store.settle()
                        broker.depart(ANN, phone)
                case "step":
                    if store.waiting:
                        store.step()
        store.settle()
        for user, devices in people.items():
            if not devices:
                arrive(user)
        store.settle()
        self.assertEqual({user: texts(events) for user, events in heard.items()}, sent)
        self.assertEqual(len(channel.heard), expected)
        self.assertEqual(len(broker._mail), 0)
        self.assertEqual([finish(MemoryStore.queue(store, user)) for user in people], [[], []])


class UserTests(SynchronousTestCase):
    """Keys, devices and times."""

    def test_the_right_key_opens(self):
        """A wrong key, no key and an empty key do not."""
        broker = make_broker()
        finish(broker.store.set_key(ANN, "k1"))
        finish(broker.store.set_key(BOB, ""))
        self.assertEqual(finish(broker.authenticate(ANN, "k1")), Proof("k1"))
        for user, key in ((ANN, "k2"), (ANN, ""), (BOB, ""), (User(1, 1), "k1"), (ANN, "k1\u0435")):
            self.assertIsNone(finish(broker.authenticate(user, key)))

    def test_removing_a_key_closes_the_devices_of_its_user(self):
        """Of nobody else; the answer is how many keys there were."""
        broker, phone, other = make_broker(), Ear(), Ear()
        finish(broker.store.set_key(ANN, "k1"))
        finish(broker.arrive(ANN, phone))
        finish(broker.arrive(BOB, other))
        self.assertEqual(finish(broker.remove_keys([ANN, BOB])), 1)
        self.assertEqual(phone.goodbyes, [Goodbye.KEY_REMOVED])

    def test_one_device_too_many_closes_the_oldest(self):
        """With a goodbye that tells why."""
        broker, ears = make_broker(devices=2), [Ear() for _ in range(3)]
        for ear in ears:
            finish(broker.arrive(ANN, ear))
        self.assertEqual([ear.goodbyes for ear in ears], [[Goodbye.REPLACED], [], []])

    def test_status_is_told_and_kept(self):
        """Online with the first device, offline with the last; the time of leaving is kept."""
        broker, watcher, phone, desk = make_broker(time=70), Ear(), Ear(), Ear()
        broker.hub.subscribe(Channel(0, "user_status_1"), watcher)
        self.assertEqual(finish(broker.last_seen([ANN])), {ANN: -1})
        finish(broker.arrive(ANN, phone))
        finish(broker.arrive(ANN, desk))
        self.assertEqual(finish(broker.last_seen([ANN, BOB])), {ANN: 0, BOB: -1})
        broker.depart(ANN, phone)
        broker.depart(ANN, desk)
        self.assertEqual(finish(broker.last_seen([ANN])), {ANN: 70})
        self.assertEqual(watcher.heard, [StatusChanged(ANN, True), StatusChanged(ANN, False)])

    def test_status_can_be_kept_quiet(self):
        """Each of the three switches does its own."""
        broker, watcher, phone = make_broker(rules=StatusRules(False, True, False)), Ear(), Ear()
        broker.hub.subscribe(Channel(0, "user_status_1"), watcher)
        finish(broker.arrive(ANN, phone))
        broker.depart(ANN, phone)
        self.assertEqual(watcher.heard, [StatusChanged(ANN, False)])
        self.assertEqual(finish(broker.last_seen([ANN])), {ANN: -1})


class Reader(Ear):
    """A device that tells what has arrived, and only if it reads."""

    def __init__(self):
        super().__init__(takes=False)
        self.numbers = []

    def give(self, message):
        self.numbers.append(message.number)
        return super().give(message)


class AcknowledgeTests(SynchronousTestCase):
    """Devices that say which private messages have arrived."""

    def test_a_message_stays_queued_until_it_has_arrived(self):
        """It is stored before it is handed over, and goes with its number."""
        store = SlowStore()
        broker, page = make_broker(store), Reader()
        Deferred.fromCoroutine(broker.arrive(ANN, page))
        store.settle()
        Deferred.fromCoroutine(broker.send_private(note("a")))
        self.assertEqual(page.heard, [])
        store.settle()
        self.assertEqual((texts(page.heard), page.heard[0].queued), (["a"], False))
        self.assertEqual(texts(finish(MemoryStore.queue(store, ANN))), ["a"])
        broker.acknowledge(ANN, page.numbers[0])
        store.settle()
        self.assertEqual(finish(MemoryStore.queue(store, ANN)), [])

    def test_what_has_not_arrived_comes_again(self):
        """With the next connection, before anything newer; nothing comes twice to the same one."""
        broker, page = make_broker(), Reader()
        finish(broker.arrive(ANN, page))
        for text in "abc":
            finish(broker.send_private(note(text)))
        broker.acknowledge(ANN, page.numbers[0])
        broker.depart(ANN, page)
        again = Reader()
        finish(broker.arrive(ANN, again))
        finish(broker.send_private(note("d")))
        self.assertEqual((texts(page.heard), texts(again.heard)), (list("abc"), list("bcd")))
        self.assertEqual(again.numbers[:2], page.numbers[1:])

    def test_a_second_device_gets_what_waits(self):
        """The first one does not get it again."""
        broker, phone, desk = make_broker(), Reader(), Reader()
        finish(broker.arrive(ANN, phone))
        finish(broker.send_private(note("a")))
        finish(broker.arrive(ANN, desk))
        finish(broker.send_private(note("b")))
        self.assertEqual((texts(phone.heard), texts(desk.heard)), (["a", "b"], ["a", "b"]))

    def test_an_old_device_beside_it_takes_all(self):
        """Its socket is as good as a word, and nothing waits in the queue any more."""
        broker, page, old = make_broker(), Reader(), Ear()
        finish(broker.arrive(ANN, page))
        finish(broker.send_private(note("a")))
        finish(broker.arrive(ANN, old))
        finish(broker.send_private(note("b")))
        self.assertEqual((texts(page.heard), texts(old.heard)), (["a", "b"], ["a", "b"]))
        self.assertEqual(finish(broker.store.queue(ANN)), [])

    def test_the_oldest_make_room(self):
        """A device that never says a word keeps no more than the queue holds."""
        broker, page = make_broker(queue=2), Reader()
        finish(broker.arrive(ANN, page))
        for text in "abcd":
            finish(broker.send_private(note(text)))
        self.assertEqual(texts(page.heard), list("abcd"))
        self.assertEqual(texts(finish(broker.store.queue(ANN))), ["c", "d"])
        self.assertEqual(broker.counters.queue_dropped, 2)

    def test_stale_messages_are_not_handed_over(self):
        """They leave the queue, and are counted."""
        broker, page = make_broker(time=1000), Reader()
        for expires in (999, 1000, 1001, 0):
            message = PrivateMessage(ANN, "note", str(expires), 1, expires=expires)
            finish(broker.send_private(message))
        finish(broker.arrive(ANN, page))
        self.assertEqual(texts(page.heard), ["1001", "0"])
        self.assertEqual(len(finish(broker.store.queue(ANN))), 2)
        self.assertEqual(broker.counters.expired, 2)

    def test_a_store_that_fails_does_not_let_the_queue_be_overtaken(self):
        """What could not be read is handed over before what comes next."""

        class Broken(MemoryStore):
            broken = False

            async def queue(self, user):
                if self.broken:
                    raise Unavailable("the disk is gone")
                return await super().queue(user)

        broker, old = make_broker(Broken()), Ear()
        finish(broker.send_private(note("a")))
        broker.store.broken = True
        self.failureResultOf(Deferred.fromCoroutine(broker.arrive(ANN, old)), Unavailable)
        broker.store.broken = False
        finish(broker.send_private(note("b")))
        finish(broker.send_private(note("c")))
        self.assertEqual(texts(old.heard), ["a", "b", "c"])

    @settings(max_examples=400, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["send", "commit", "page", "other", "ack", "lag"] + ["step"] * 5), max_size=50
        )
    )
    def test_each_arrives_at_least_once_and_in_order(self, steps):
        """
        Two devices come and go, and tell now and then what has arrived; whoever is the last to come has, with
        all that was acknowledged before, every message; no device hears one twice, or in another order.
        """
        store = SlowStore()
        broker = make_broker(store)
        here, everyone, arrived, sent = {}, [], set(), 0
        kept = Channel(0, "trust_x")

        def toggle(name):
            if name in here:
                broker.depart(ANN, here.pop(name))
            else:
                here[name] = Reader()
                everyone.append(here[name])
                Deferred.fromCoroutine(broker.arrive(ANN, here[name]))

        def acknowledge(device, count):
            if device.numbers[:count]:
                arrived.update(texts(device.heard)[:count])
                broker.acknowledge(ANN, device.numbers[:count][-1])

        for step in steps:
            if step in ("send", "commit"):
                sent += 1
                work = broker.send_private(note(str(sent)))
                if step == "commit":
                    work.close()
                    work = broker.commit(
                        [broker.publishing(said("x", kept)), broker.sending(note(str(sent)))]
                    )
                Deferred.fromCoroutine(work)
            elif step in ("page", "other"):
                toggle(step)
            elif step == "ack" and "page" in here:
                acknowledge(here["page"], len(here["page"].numbers))
            elif step == "lag" and "other" in here:
                acknowledge(here["other"], len(here["other"].numbers) - 1)
            elif step == "step" and store.waiting:
                store.step()
        store.settle()
        for name in list(here):
            toggle(name)
        toggle("page")
        store.settle()
        last = set(texts(here["page"].heard))
        self.assertEqual(arrived | last, {str(number) for number in range(1, sent + 1)})
        for device in everyone:
            numbers = list(map(int, texts(device.heard)))
            self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len(broker._mail), 0)
