"""Tests for L{comet.cluster.roll}, L{comet.cluster.order} and the other pure parts of a cluster."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.frames import Frame, event_item, mail_item, read_event, read_mail
from comet.cluster.listeners import Listeners
from comet.cluster.numbers import BITS, Numbers
from comet.cluster.order import SETTLING, WAITING_LIMIT, Order
from comet.cluster.roll import Device, Roll
from comet.errors import BadValue
from comet.model import Channel, Joined, Left, Member, Message, Place, PrivateMessage, User
from comet.storage.interface import Stretch

CHAT = Channel(0, "chat")
ANN = User(0, 1)

#: Texts, those that no UTF-8 has included: a client may send half of a surrogate pair as JSON.
texts = st.text(st.characters(exclude_categories=()), max_size=20)


def kept(position, epoch="e", text="x"):
    return Message(CHAT, "say", text, 1, id=str(position), place=Place(epoch, position))


def positions(sent):
    return [message.place.position for message, _ in sent]


class FrameTests(SynchronousTestCase):
    """What is said between nodes, as bytes."""

    @given(texts, texts, st.none() | st.integers(0, 9), st.booleans())
    def test_messages_come_through(self, event, text, user_id, is_kept):
        """As they were, whatever is in them."""
        id, place = ("id", Place("e", 7)) if is_kept else ("", Place("", 0))
        message = Message(CHAT, event, text, 5, user_id, id, place)
        (item,) = Frame.decode(Frame(1, "x", 2, [list(event_item(message))]).encode()).items
        channel, read = read_event(item)
        self.assertEqual((channel, read, read.place), (CHAT, message, place))
        private = PrivateMessage(ANN, event, text, 5, 6, 7)
        (item,) = Frame.decode(Frame(1, "x", 2, [list(mail_item(private))]).encode()).items
        self.assertEqual(read_mail(item), private)
        self.assertFalse(read_mail(item).queued)
        self.assertFalse(read_mail(item).is_object)
        called = replace(private, text="{}", is_object=True)
        (item,) = Frame.decode(Frame(1, "x", 2, [list(mail_item(called))]).encode()).items
        self.assertEqual((read_mail(item), read_mail(item).is_object), (called, True))

    def test_comings_and_goings(self):
        """With who it is."""
        for event in (Joined(CHAT, Member(1, "u", 3), 5), Left(CHAT, Member(0, "", 9), 6)):
            (item,) = Frame.decode(Frame(1, "x", 2, [list(event_item(event))]).encode()).items
            self.assertEqual(read_event(item), (CHAT, event))

    @given(st.binary(max_size=40))
    def test_what_is_no_frame(self, data):
        """It is refused, and nothing else happens."""
        try:
            Frame.decode(data)
        except BadValue as error:
            self.assertIn("no frame", str(error))


class RollTests(SynchronousTestCase):
    """Who is online."""

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["arrive", "depart", "leave", "drop"]),
                st.integers(1, 3),
                st.integers(0, 2),
                st.integers(1, 3),
            ),
            max_size=40,
        )
    )
    def test_as_a_plain_model(self, steps):
        """Whatever happens, it is what a set of devices and a set of those who leave say."""
        roll, devices, leaving = Roll(), {}, {}
        for step, user_id, slot, number in steps:
            user, device = User(user_id % 2, user_id), Device(slot, slot * 10 + number)
            if step == "arrive" and device not in devices:
                comes = user not in devices.values() and user not in leaving
                self.assertEqual(roll.arrive(user, device), comes)
                devices[device] = user
                leaving.pop(user, None)
            elif step == "depart":
                roll.depart(device, 5)
                gone = devices.pop(device, None)
                if gone is not None and gone not in devices.values():
                    leaving[gone] = slot
            elif step == "leave":
                self.assertEqual(roll.leave(user), leaving.pop(user, None) is not None)
            elif step == "drop":
                heir = (slot + 1) % 3
                roll.drop(slot, 5, heir)
                for each in [each for each in devices if each.slot == slot]:
                    gone = devices.pop(each)
                    if gone not in devices.values():
                        leaving[gone] = heir
                leaving = {user: heir if at == slot else at for user, at in leaving.items()}
            online = {*devices.values(), *leaving}
            self.assertEqual(set(roll.users()), online)
            self.assertEqual(
                [roll.online(dev) for dev in (0, 1)],
                [sum(user.dev_id == dev for user in online) for dev in (0, 1)],
            )
            for at in range(3):
                measured = {user for user, slot in leaving.items() if slot == at}
                self.assertEqual({user for user, _ in roll.leaving(at)}, measured)
                for user in online:
                    there = sum(u == user and each.slot != at for each, u in devices.items())
                    self.assertEqual(roll.elsewhere(user, at), there)

    def test_a_node_tells_anew(self):
        """Who is not there any more is leaving, who is new comes, who stays does neither."""
        roll = Roll()
        for number in (1, 2):
            roll.arrive(User(0, number), Device(0, number))
        self.assertEqual(roll.replace(0, [(User(0, 2), 2), (User(0, 3), 3)], 5), [User(0, 3)])
        self.assertEqual(roll.leaving(0), [(User(0, 1), 5)])
        self.assertEqual(roll.users(), [User(0, 2), User(0, 3), User(0, 1)])

    def test_grace(self):
        """It is over after some seconds, or if the clock was set back; the node that measures says so."""
        roll = Roll()
        roll.arrive(ANN, Device(0, 1))
        roll.depart(Device(0, 1), 10)
        due = [list(roll.due(0, now, 3, 9)) for now in (10, 12.9, 13, 9)]
        self.assertEqual(due, [[], [], [(ANN, 10)], [(ANN, 10)]])
        self.assertEqual(list(roll.due(1, 13, 3, 9)), [])


class OrderTests(SynchronousTestCase):
    """Messages in the order of their positions."""

    @given(st.permutations(range(1, 8)), st.lists(st.integers(1, 7), max_size=5))
    def test_any_order_in_gives_one_order_out(self, arrivals, again):
        """Once each, though some come twice."""
        order = Order()
        order.begin(CHAT, Place("e", 0), 0)
        out = [each for at in (*arrivals, *again) for each in positions(order.take(kept(at), None, 0))]
        self.assertEqual(out, list(range(1, 8)))

    @given(
        st.lists(st.integers(1, 9), unique=True),
        st.lists(st.integers(1, 12), unique=True),
        st.integers(0, 3),
        st.integers(0, 9),
    )
    def test_the_store_fills_the_holes(self, before, meanwhile, more, first):
        """
        What came is let through with what the store has, in order, none twice. What comes while the store is
        read, and is behind that, waits until it is read again.
        """
        order = Order()
        order.begin(CHAT, Place("e", 0), 0)

        def take(arrivals):
            return [each for at in arrivals for each in positions(order.take(kept(at), None, 0))]

        out = take(before)
        last = max([*before, 0]) + more
        stored = [kept(at) for at in range(max(first, len(out)) + 1, last + 1)]
        out += take(meanwhile)
        out += positions(order.fill(CHAT, Stretch(Place("e", last), stored)))
        self.assertEqual(out, sorted(set(out)))
        self.assertLessEqual({*before, *(message.place.position for message in stored)}, {*out})
        # Nothing comes behind it that was let through, or is gone.
        self.assertEqual(take([at for at in out if at not in meanwhile]), [])
        # What is behind the place that was read comes without a hole, or not yet.
        behind = [at for at in out if at > last]
        self.assertEqual(behind, list(range(last + 1, last + 1 + len(behind))))
        last = max([last, *meanwhile])
        known = max([*out, 0])
        out += positions(
            order.fill(CHAT, Stretch(Place("e", last), [kept(at) for at in range(known + 1, last + 1)]))
        )
        self.assertEqual(out, sorted(set(out)))
        self.assertLessEqual({*meanwhile}, {*out})

    @given(st.integers(2, 9), st.permutations(range(5)), st.none() | st.integers(0, 5))
    def test_what_is_heard_first_is_held_back(self, first, arrivals, stored):
        """Until what may be in front of it must have come, though the store had it before."""
        order = Order()
        if stored is not None:
            order.begin(CHAT, Place("e", first + stored), 0)
        for at in arrivals:
            self.assertEqual(order.take(kept(first + at), None, SETTLING / 2), [])
        self.assertEqual(order.settled(SETTLING / 2), [])
        self.assertEqual(positions(order.settled(2 * SETTLING)), list(range(first, first + 5)))
        self.assertEqual(positions(order.take(kept(first + 5), None, 2 * SETTLING)), [first + 5])

    def test_the_first_of_all_is_not(self):
        """Nor is what is heard long after the store was asked, or in a channel to which nobody listened."""
        order = Order()
        self.assertEqual(positions(order.take(kept(1), None, 0)), [1])
        self.assertEqual(positions(order.take(kept(2), None, 0)), [2])
        order = Order()
        order.begin(CHAT, Place("e", 5), 0)
        self.assertEqual(positions(order.take(kept(6), None, SETTLING)), [6])
        order = Order()
        order.skip(kept(5))
        order.skip(kept(4))
        self.assertEqual(positions(order.take(kept(6), None, 0)), [6])

    def test_another_epoch(self):
        """Then the counting has begun anew."""
        order = Order()
        order.begin(CHAT, Place("e", 4), -9)
        self.assertEqual(positions(order.take(kept(5), None, 0)), [5])
        self.assertEqual(positions(order.take(kept(1, "f"), None, 0)), [1])

    def test_another_epoch_in_the_store(self):
        """What waits is let through, and the counting is that of the new epoch."""
        order = Order()
        order.begin(CHAT, Place("e", 5), -9)
        order.take(kept(9), None, 0)
        self.assertEqual(positions(order.fill(CHAT, Stretch(Place("f", 2), [kept(2, "f")]))), [9])
        self.assertEqual(order.place(CHAT), Place("f", 2))
        self.assertEqual(positions(order.take(kept(3, "f"), None, 0)), [3])

    def test_who_waits(self):
        """It is known for how long; too many do not wait."""
        order = Order()
        order.begin(CHAT, Place("e", 0), 0)
        order.take(kept(2), None, 10)
        self.assertEqual([order.late(now, 3) for now in (12, 13, 9)], [[], [CHAT], [CHAT]])
        for position in range(3, WAITING_LIMIT + 5):
            order.take(kept(position), None, 10)
        self.assertEqual(order.late(10, 3), [CHAT])


class OtherTests(SynchronousTestCase):
    """Counts and numbers."""

    def test_listeners(self):
        """The sum of what the nodes tell, without those that are gone."""
        listeners = Listeners()
        listeners.tell(1, CHAT, 3)
        listeners.tell(2, CHAT, 2)
        listeners.tell(1, CHAT, 1)
        self.assertEqual(listeners.count(CHAT), 3)
        listeners.replace(2, [(CHAT, 5)])
        listeners.drop(1)
        self.assertEqual((listeners.count(CHAT), list(listeners.channels())), (5, [CHAT]))
        listeners.tell(2, CHAT, 0)
        self.assertEqual(list(listeners.channels()), [])

    def test_numbers(self):
        """They hold the slot, fit into four bytes, begin anew at their end, and pass over those in use."""
        numbers = Numbers((1 << 12) - 1, {(1 << 32) - (1 << 20) + 2}.__contains__)
        found = [next(numbers) for _ in range(3)]
        self.assertEqual([number >> BITS for number in found], [(1 << 12) - 1] * 3)
        self.assertEqual([number & ((1 << BITS) - 1) for number in found], [1, 3, 4])
        numbers._last = (1 << BITS) - 2
        self.assertEqual([next(numbers) & ((1 << BITS) - 1) for _ in range(2)], [(1 << BITS) - 1, 1])
        self.assertLess(max(found), 1 << 32)
