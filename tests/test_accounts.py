"""Tests for L{comet.accounts}, and for what the broker does with tokens."""

import jwt
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.access import KEY_LIMIT, check_key
from comet.accounts import Accounts, new_key
from comet.broker import Broker
from comet.errors import NotAllowed
from comet.identity import NO_CLAIMS, Claims, Proof
from comet.keyring import KeyRing, PublicKey, read_set
from comet.limits import Limits
from comet.model import Goodbye, User
from comet.sections import Jwt
from comet.storage.memory import MemoryStore
from comet.storage.records import TenantKey
from comet.tokens import Tokens
from tests.running import Ear, finish, spawn
from tests.signing import ED_KEY, RSA_KEY, jwk_of, set_of

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
        """@return: the key to go on with, C{None} for who stays outside."""
        proof = finish(self.broker.authenticate(user, presented))
        return None if proof is None else proof.key

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


class ProofTests(SynchronousTestCase):
    """What is known of who has been let in."""

    def setUp(self):
        self.store, self.ring = MemoryStore(), KeyRing()
        self.ring.learn([PublicKey("ed", frozenset({"EdDSA"}), ED_KEY.public_key())])
        self.reader = Tokens(Jwt(algorithms=("HS256", "EdDSA", "RS256")), self.ring)
        self.accounts = Accounts(self.store, "main", lambda: NOW, lambda: "made", self.reader)
        finish(self.store.set_key(User(3, 8), "key8"))

    def sign(self, key="main3", algorithm="HS256", kid=None, **claims):
        headers = {"kid": kid} if kid else None
        return jwt.encode({"user_id": 7, "exp": NOW + 9} | claims, key, algorithm, headers)

    def enter(self, presented, user=ANN):
        return finish(self.accounts.authenticate(user, presented))

    def test_by_key(self):
        """Who has come with a key stays for as long as it is there."""
        self.assertEqual(self.enter("key8", User(3, 8)), Proof("key8", NO_CLAIMS, None))

    def test_by_secret(self):
        """A token tells until when, and which channels; it gives a key."""
        claims = {"publish": ["news"]}
        proof = self.enter(self.sign(channels=claims))
        self.assertEqual(proof, Proof("made", Claims.read(claims, 9), NOW + 9.0))

    def test_by_private_key(self):
        """Such a token gives no key, for that would outlive it; the key that is there stays untold."""
        token = self.sign(ED_KEY, "EdDSA", user_id=8)
        self.assertEqual(self.enter(token, User(3, 8)), Proof("", NO_CLAIMS, NOW + 9.0))
        self.assertEqual(self.enter(self.sign(ED_KEY, "EdDSA")).key, "")
        self.assertEqual(finish(self.store.keys([ANN])), {})

    def test_revoking_tokens_of_every_kind(self):
        """Each closes the connections of its user, and opens nothing any more."""
        broker = Broker(self.store, Limits(), lambda: NOW, spawn, password="main", reader=self.reader)
        for token in (self.sign(), self.sign(ED_KEY, "EdDSA")):
            device = Ear()
            finish(broker.arrive(ANN, device))
            finish(broker.commit([broker.revoking(3, token)]))
            self.assertEqual(device.goodbyes, [Goodbye.KEY_REMOVED])
            broker.depart(ANN, device)
            self.assertIsNone(finish(broker.authenticate(ANN, token)))

    def test_an_unknown_key_is_fetched(self):
        """Who names it waits for that; if it is there then, it counts."""
        fetched, asked = Deferred(), []

        async def fetch():
            asked.append(1)
            await fetched

        self.ring.fetch = fetch
        token = self.sign(RSA_KEY, "RS256", kid="new")
        entering = Deferred.fromCoroutine(self.accounts.authenticate(ANN, token))
        self.assertNoResult(entering)
        self.ring.learn(read_set(set_of(jwk_of("RS256", kid="new"))))
        fetched.callback(None)
        self.assertEqual(self.successResultOf(entering).expires, NOW + 9.0)
        self.assertIsNotNone(self.enter(token))
        self.assertIsNotNone(self.enter(self.sign()))
        self.assertEqual(asked, [1])

    def test_refreshing(self):
        """Only a good token of the same user will do, and only for who is signed in."""
        later = self.sign(exp=NOW + 99)
        self.assertEqual(finish(self.accounts.refresh(ANN, later)).expires, NOW + 99.0)
        for user, token in (
            (User(3, 0), later),
            (User(3, 8), later),
            (User(4, 7), later),
            (User(3, 8), "key8"),
            (ANN, self.sign(exp=NOW - 1)),
            (ANN, self.sign("other")),
            (ANN, ""),
        ):
            refused = Deferred.fromCoroutine(self.accounts.refresh(user, token))
            self.failureResultOf(refused, NotAllowed)
        finish(self.store.revoke(3, later))
        self.failureResultOf(Deferred.fromCoroutine(self.accounts.refresh(ANN, later)), NotAllowed)
