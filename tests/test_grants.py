"""Tests for L{comet.grants}: rights set through the broker."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import NotAllowed, TableFull
from comet.identity import ANONYMOUS, Right
from comet.model import Channel
from comet.rights import Rule, Who
from comet.storage.memory import MemoryStore
from tests.running import Ear, finish, make_broker

SHUT = Rule("web_", publish=Who.NONE)


class Listener(Ear):
    """A subscriber that notes how often it looked again."""

    looks = 0

    def recheck(self):
        self.looks += 1


class GrantsTests(SynchronousTestCase):
    """Rules in the store and in force."""

    def setUp(self):
        self.broker = make_broker(MemoryStore(), channel_rights=3)
        self.grants = self.broker.grants

    def commit(self, *actions):
        return finish(self.broker.commit(actions))

    def may_publish(self, name="web_x", dev_id=0):
        try:
            self.broker.rights.check(Right.PUBLISH, Channel(dev_id, name), ANONYMOUS)
        except NotAllowed:
            return False
        return True

    def test_in_force_once_committed(self):
        """Not when it is asked for; and so until it is removed."""
        action = self.grants.setting(0, SHUT)
        self.assertTrue(self.may_publish())
        self.commit(action)
        self.assertFalse(self.may_publish())
        self.assertTrue(self.may_publish(dev_id=1))
        self.assertEqual(self.commit(self.grants.removing(0, ["web_", "none"])), [1])
        self.assertTrue(self.may_publish())

    def test_the_next_process_knows_them(self):
        """They are kept."""
        self.commit(self.grants.setting(0, SHUT))
        self.broker = make_broker(self.broker.store)
        self.assertFalse(self.may_publish())
        self.assertEqual(self.broker.rights.own(0), {"web_": SHUT})

    def test_a_tenant_sets_so_many(self):
        """One more is refused, and with it all that was to take effect together; changing one is no more."""
        rules = [Rule(name) for name in ("a", "b", "c", "d")]
        refused = Deferred.fromCoroutine(self.broker.commit([self.grants.setting(0, rule) for rule in rules]))
        self.assertIn("[limits] channel_rights", str(self.failureResultOf(refused, TableFull).value))
        self.assertEqual(dict(self.broker.rights.own(0)), {})
        self.commit(*(self.grants.setting(0, rule) for rule in (*rules[:3], Rule("a", Who.NONE))))
        self.commit(self.grants.setting(1, SHUT))
        self.assertRaises(TableFull, self.grants.check_room, 0)
        self.commit(self.grants.removing(0, ["a", "x"]), self.grants.setting(0, rules[3]))
        self.assertEqual(sorted(self.broker.rights.own(0)), ["b", "c", "d"])

    def test_those_who_listen_look_again(self):
        """Once, however many rules have changed, and only where one has."""
        ears = {name: Listener() for name in ("news", "newsroom", "chat")}
        abroad, both = Listener(), Listener()
        for name, ear in ears.items():
            self.broker.hub.subscribe(Channel(0, name), ear)
            self.broker.hub.subscribe(Channel(0, name), both)
        self.broker.hub.subscribe(Channel(1, "news"), abroad)
        self.commit(self.grants.setting(0, Rule("news")), self.grants.setting(0, Rule("newsr")))
        self.broker.tick()
        self.broker.tick()
        self.assertEqual([ear.looks for ear in (*ears.values(), abroad, both)], [1, 1, 0, 0, 1])
