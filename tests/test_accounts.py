"""Tests for L{comet.accounts}, and for what the broker does with tokens."""

import jwt
from twisted.trial.unittest import SynchronousTestCase

from comet.access import KEY_LIMIT, check_key
from comet.accounts import new_key
from comet.broker import Broker
from comet.limits import Limits
from comet.model import Goodbye, User
from comet.storage.memory import MemoryStore
from comet.storage.records import TenantKey
from tests.running import Ear, finish, spawn

NOW = 1000
ANN = User(3, 7)


class AccountsTests(SynchronousTestCase):
    """Who is let in."""

    def setUp(self):
        self.broker = self.start(MemoryStore())
        self.accounts = self.broker.accounts

    def start(self, store, password="main"):
        broker = Broker(store, Limits(), lambda: NOW, spawn, password=password)
        finish(broker.start())
        return broker

    def token(self, user_id=7, secret="main3", exp=NOW + 9):
        return jwt.encode({"user_id": user_id, "exp": exp}, secret, algorithm="HS256")

    def enter(self, presented, user=ANN):
        return finish(self.broker.authenticate(user, presented))

    def set_tenant(self, key, dev_id=3):
        finish(self.broker.commit([self.accounts.setting_tenant(TenantKey(dev_id, key, ""))]))

    def test_a_token_gives_a_key(self):
        """Who comes with a token and has no key gets one, which is no part of the token, and keeps it."""
        key = self.enter(self.token())
        self.assertEqual(len(check_key(key)), KEY_LIMIT)
        self.assertNotIn(key, self.token())
        self.assertEqual(self.enter(self.token(exp=NOW + 1)), key)
        self.assertEqual(self.enter(key), key)
        self.assertNotEqual(new_key(), new_key())

    def test_a_token_gives_the_key_that_is_there(self):
        """A key that was set stays."""
        finish(self.broker.store.set_key(ANN, "abc"))
        self.assertEqual(self.enter(self.token()), "abc")

    def test_refused(self):
        """Tokens of somebody else, of another tenant, or that have run out open nothing, and make no key."""
        for token in (self.token(8), self.token(secret="main4"), self.token(exp=NOW - 1), "a.b.c"):
            self.assertIsNone(self.enter(token))
        self.assertIsNone(self.enter(self.token(), User(4, 7)))
        self.assertEqual(finish(self.broker.store.keys([ANN])), {})

    def test_without_a_password(self):
        """A server without a password takes no tokens, least of all those signed with nothing."""
        self.broker = self.start(MemoryStore(), password="")
        self.assertIsNone(self.enter(self.token(secret="3")))

    def test_revoking(self):
        """A revoked token opens nothing; it takes the key with it, and closes the connections."""
        device = Ear()
        key = self.enter(self.token())
        finish(self.broker.arrive(ANN, device))
        finish(self.broker.commit([self.broker.revoking(3, self.token())]))
        self.assertEqual(device.goodbyes, [Goodbye.KEY_REMOVED])
        self.assertIsNone(self.enter(self.token()))
        self.assertIsNone(self.enter(key))
        finish(self.broker.store.restore(3, [self.token()]))
        self.assertIsNotNone(self.enter(self.token()))

    def test_revoking_what_opens_nothing(self):
        """A token that has run out, or that belongs to another tenant, is only noted."""
        key, device = self.enter(self.token()), Ear()
        finish(self.broker.arrive(ANN, device))
        for token in (self.token(exp=NOW - 1), self.token(secret="main4"), "whatever"):
            finish(self.broker.commit([self.broker.revoking(3, token)]))
        self.assertEqual(device.goodbyes, [])
        self.assertEqual(self.enter(key), key)
        self.assertEqual(len(finish(self.broker.store.revoked(3))), 3)

    def test_passwords_of_tenants(self):
        """The main password and the own key open a tenant; the own key opens no other."""
        self.set_tenant("its own key")
        self.assertEqual(self.accounts.passwords(3), ["main", "its own key"])
        self.assertEqual(self.accounts.passwords(4), ["main"])
        self.set_tenant("another")
        self.assertEqual(self.accounts.passwords(3), ["main", "another"])
        self.assertEqual(finish(self.broker.commit([self.accounts.removing_tenants([3, 4])])), [1])
        self.assertEqual(self.accounts.passwords(3), ["main"])

    def test_keys_of_tenants_survive(self):
        """The next process knows them."""
        self.set_tenant("its own key")
        self.assertEqual(self.start(self.broker.store).accounts.passwords(3), ["main", "its own key"])

    def test_tenants_sign_with_their_own_key(self):
        """Tokens are good that are signed with the own key of the tenant, followed by its number."""
        self.assertIsNone(self.enter(self.token(secret="its own key3")))
        self.set_tenant("its own key")
        self.assertIsNotNone(self.enter(self.token(secret="its own key3")))
        self.assertIsNotNone(self.enter(self.token(secret="main3")))
