"""Tests for L{comet.presence}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.model import User
from comet.presence import Presence

ANN = User(0, 1)


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
        for user, device in ((ANN, "phone"), (ANN, "desk"), (User(7, 1), "phone"), (User(0, 2), "phone")):
            presence.arrive(user, device)
        self.assertEqual(presence.users(0), [ANN, User(0, 2)])
        self.assertEqual(presence.users(8), [])

    def test_departing_twice_is_departing_once(self):
        """A device that is not there takes nobody offline."""
        presence = Presence()
        presence.arrive(ANN, "phone")
        self.assertFalse(presence.depart(ANN, "desk"))
        self.assertTrue(presence.depart(ANN, "phone"))
        self.assertFalse(presence.depart(ANN, "phone"))
