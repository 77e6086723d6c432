"""Tests for L{comet.protocols.mysql.auth}."""

import os

from hypothesis import given
from hypothesis.strategies import binary, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.mysql.auth import CACHING_SHA2, NATIVE, Proof, make_salt
from tests.protocols.mysql import client

PLUGINS = {NATIVE: client.native, CACHING_SHA2: client.sha2}


class ProofTests(SynchronousTestCase):
    """What shows a password, and what does not."""

    @given(sampled_from(list(PLUGINS)), text(min_size=1, max_size=40), binary(min_size=20, max_size=20))
    def test_right_password(self, plugin, password, salt):
        """The proof of a client that was written apart from the server shows the password, and no other."""
        proof = Proof(plugin, salt, PLUGINS[plugin](password.encode(), salt))
        self.assertTrue(proof.is_complete)
        self.assertTrue(proof.shows(password))
        self.assertFalse(proof.shows(password + "x"))

    @given(sampled_from(list(PLUGINS)), binary(max_size=64))
    def test_random_response(self, plugin, response):
        """A response of any length is looked at without harm, and shows nothing."""
        self.assertFalse(Proof(plugin, bytes(20), response).shows("secret"))

    def test_other_salt(self):
        """A proof is of no use with another salt."""
        for plugin, prove in PLUGINS.items():
            self.assertFalse(Proof(plugin, b"b" * 20, prove(b"secret", b"a" * 20)).shows("secret"))

    def test_empty_password(self):
        """An empty password opens nothing, with no proof and with its own."""
        for plugin, prove in PLUGINS.items():
            self.assertFalse(Proof(plugin, b"a" * 20, b"").shows(""))
            self.assertFalse(Proof(plugin, b"a" * 20, prove(b"", b"a" * 20)).shows(""))

    def test_no_password(self):
        """Clients without a password send nothing, or a lone NUL."""
        self.assertTrue(Proof(NATIVE, b"", b"").is_empty)
        self.assertTrue(Proof(CACHING_SHA2, b"", b"\0").is_empty)
        self.assertFalse(Proof(CACHING_SHA2, b"", b"\x02").is_empty)


class SaltTests(SynchronousTestCase):
    """Salts."""

    @given(binary(min_size=20, max_size=20))
    def test_range(self, chance):
        """A salt is 20 bytes between 1 and 127, whatever chance gives."""
        salt = make_salt(lambda size: chance[:size])
        self.assertEqual(len(salt), 20)
        self.assertTrue(all(1 <= byte <= 127 for byte in salt))

    def test_chance(self):
        """Two salts are not the same."""
        self.assertNotEqual(make_salt(os.urandom), make_salt(os.urandom))
