"""Tests for L{comet.presence}."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.model import User
from comet.presence import Gone, Presence

ANN, BOB = User(0, 1), User(0, 2)
GRACE = 3


class PresenceTests(SynchronousTestCase):
    """A user is online from the first device to the last."""

    def test_first_and_last_device(self):
        """Only they change whether the user is online."""
        presence = Presence()
        self.assertEqual([presence.arrive(ANN, "phone"), presence.arrive(ANN, "desk")], [True, False])
        self.assertIn(ANN, presence)
        self.assertEqual(presence.devices(ANN), ("phone", "desk"))
        self.assertEqual([presence.depart(ANN, "phone"), presence.depart(ANN, "desk")], [False, True])
        self.assertNotIn(ANN, presence)
        self.assertEqual(len(presence), 0)

    def test_users_of_a_tenant(self):
        """Each is told once, and none of another tenant."""
        presence = Presence()
        for user, device in ((ANN, "phone"), (ANN, "desk"), (User(7, 1), "phone"), (BOB, "phone")):
            presence.arrive(user, device)
        self.assertEqual(presence.users(0), [ANN, BOB])
        self.assertEqual(presence.users(8), [])

    def test_departing_twice_is_departing_once(self):
        """A device that is not there takes nobody offline."""
        presence = Presence()
        presence.arrive(ANN, "phone")
        self.assertFalse(presence.depart(ANN, "desk"))
        self.assertTrue(presence.depart(ANN, "phone"))
        self.assertFalse(presence.depart(ANN, "phone"))


class GraceTests(SynchronousTestCase):
    """Somebody without a device is online for a while."""

    def setUp(self):
        self.presence = Presence(GRACE)
        self.presence.arrive(ANN, "tab")

    def leave(self, now):
        self.assertFalse(self.presence.depart(ANN, "tab", now))

    def test_two_notions(self):
        """In the time of grace a user is online, and has no device."""
        self.leave(10)
        self.assertTrue(self.presence.is_online(ANN))
        self.assertNotIn(ANN, self.presence)
        self.assertEqual((self.presence.devices(ANN), self.presence.users(0)), ((), [ANN]))
        self.assertEqual((self.presence.online(), self.presence.online(0), len(self.presence)), (1, 1, 0))

    def test_the_time_is_over(self):
        """Exactly then the user is gone, since the moment the device left, and that is told once."""
        self.leave(10)
        self.assertEqual(self.presence.due(12.9, 9), [])
        self.assertEqual(self.presence.due(13, 9), [Gone(ANN, 10)])
        self.assertFalse(self.presence.is_online(ANN))
        self.assertEqual((self.presence.due(99, 9), self.presence.online(0)), ([], 0))
        self.assertTrue(self.presence.arrive(ANN, "tab"))

    def test_a_reload_is_no_event(self):
        """Nothing is told of who comes back in time, and the time begins anew when he leaves again."""
        self.leave(10)
        self.assertFalse(self.presence.arrive(ANN, "tab"))
        self.assertEqual(self.presence.due(99, 9), [])
        self.leave(100)
        self.assertEqual(self.presence.due(102, 9), [])
        self.assertEqual(self.presence.due(103, 9), [Gone(ANN, 100)])

    def test_a_few_at_a_time(self):
        """So that a storm can be taken in slices; the first to leave goes first."""
        self.presence.arrive(BOB, "tab")
        self.presence.depart(BOB, "tab", 9)
        self.leave(10)
        self.assertEqual(self.presence.due(50, 1), [Gone(BOB, 9)])
        self.assertEqual(self.presence.due(50, 1), [Gone(ANN, 10)])

    def test_a_clock_that_is_set_back(self):
        """Nobody stays online for the hour that is had again."""
        self.leave(3600)
        self.assertEqual(self.presence.due(10, 9), [Gone(ANN, 3600)])

    def test_everybody_leaves(self):
        """Who is here leaves now; who had left, when he did."""
        self.presence.arrive(BOB, "tab")
        self.leave(10)
        self.assertEqual(self.presence.leave_all(12), [Gone(ANN, 10), Gone(BOB, 12)])
        self.assertEqual((self.presence.online(), self.presence.online(0)), (0, 0))
        self.assertEqual(self.presence.due(99, 9), [])


DEVICES = st.sampled_from(["a", "b", "c"])
USERS = st.sampled_from([ANN, BOB, User(7, 1)])
STEPS = st.one_of(
    st.tuples(st.just("arrive"), USERS, DEVICES),
    st.tuples(st.just("depart"), USERS, DEVICES),
    st.tuples(st.just("wait"), st.integers(1, 5), st.none()),
)


class ModelTests(SynchronousTestCase):
    """Presence beside the plainest model of it."""

    @settings(max_examples=300, deadline=None)
    @given(st.lists(STEPS, max_size=60), st.sampled_from([0, 2, 4]))
    def test_like_the_model(self, steps, grace):
        """
        The model keeps all that has happened, and looks back: a user is online who has a device, or had one
        less than the grace ago. What is told of each user alternates, and fits.
        """
        presence, now = Presence(grace), 0
        devices, left, told = {}, {}, {}

        def tell(user, online):
            self.assertNotEqual(told.get(user, False), online, "told twice")
            told[user] = online

        for what, which, device in steps:
            if what == "wait":
                now += which
                for user, time in presence.due(now, 99):
                    self.assertEqual(time, left[user])
                    tell(user, False)
            elif what == "arrive":
                devices.setdefault(which, set()).add(device)
                if presence.arrive(which, device):
                    tell(which, True)
            elif device in devices.get(which, ()):
                devices[which].remove(device)
                if not devices[which]:
                    left[which] = now
                if presence.depart(which, device, now):
                    tell(which, False)
            else:
                self.assertFalse(presence.depart(which, device, now))
            for user in (ANN, BOB, User(7, 1)):
                here = bool(devices.get(user))
                online = here or (user in left and now < left[user] + grace)
                self.assertEqual(user in presence, here)
                self.assertEqual(set(presence.devices(user)), devices.get(user, set()))
                self.assertEqual((presence.is_online(user), told.get(user, False)), (online, online))
                self.assertEqual(user in presence.users(user.dev_id), online)
            for dev_id in (0, 7):
                self.assertEqual(presence.online(dev_id), len(presence.users(dev_id)))
            self.assertEqual(presence.online(), sum(told.values()))
