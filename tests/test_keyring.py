"""Tests for L{comet.keyring}."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.certificates import self_signed
from comet.errors import BadValue
from comet.keyring import ASYMMETRIC, KEYS_LIMIT, KeyRing, PublicKey, algorithms_of, read_pem, read_set
from tests.signing import ALGORITHM_KEYS, ED_KEY, P256_KEY, RSA_KEY, jwk_of, pem_of, private_pem_of, set_of


class AlgorithmTests(SynchronousTestCase):
    """What a key is good for."""

    def test_each_kind_of_key(self):
        """Its own algorithms, and no symmetric one."""
        self.assertEqual(
            algorithms_of(RSA_KEY.public_key()),
            {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
        )
        for name in ("ES256", "ES384", "ES512", "ES256K", "EdDSA"):
            self.assertEqual(algorithms_of(ALGORITHM_KEYS[name].public_key()), {name})

    def test_keys_that_are_good_for_nothing(self):
        """Short ones, those of other curves and kinds, and private ones."""
        for key in (
            rsa.generate_private_key(65537, 1024).public_key(),
            ec.generate_private_key(ec.SECP224R1()).public_key(),
            x25519.X25519PrivateKey.generate().public_key(),
            RSA_KEY,
            b"secret",
        ):
            self.assertRaises(BadValue, algorithms_of, key)


class FileTests(SynchronousTestCase):
    """Public keys in a PEM file."""

    def file(self, content):
        path = Path(self.mktemp())
        path.write_bytes(content)
        return path

    def refusal(self, content):
        return str(self.assertRaises(BadValue, read_pem, self.file(content)))

    def test_keys_and_certificates(self):
        """One behind the other, with anything between them."""
        certificate, _ = self_signed("x", datetime.now(UTC))
        keys = [pem_of(key.public_key()) for key in (RSA_KEY, ED_KEY)]
        found = read_pem(self.file(b"our keys\n" + b"\n".join(keys) + certificate))
        self.assertEqual([len(key.algorithms) for key in found], [6, 1, 1])
        self.assertEqual([key.kid for key in found], [None] * 3)

    def test_refused(self):
        """The file, and what would be right."""
        self.assertIn("private key; expected public keys", self.refusal(private_pem_of(P256_KEY)))
        self.assertIn("0 PEM blocks", self.refusal(b"secret"))
        self.assertIn("33 PEM blocks", self.refusal(pem_of(ED_KEY.public_key()) * (KEYS_LIMIT + 1)))
        self.assertIn("1024 bits", self.refusal(pem_of(rsa.generate_private_key(65537, 1024).public_key())))
        self.assertIn("signs no tokens", self.refusal(pem_of(dsa.generate_private_key(1024).public_key())))
        broken = pem_of(ED_KEY.public_key()).replace(b"M", b"N")
        self.assertIn("expected public keys", self.refusal(broken))
        missing = self.assertRaises(BadValue, read_pem, Path(self.mktemp()))
        self.assertIn("No such file", str(missing))


class SetTests(SynchronousTestCase):
    """Public keys in a JSON Web Key Set."""

    def test_every_kind(self):
        """With its name."""
        names = ("RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA")
        found = read_set(set_of(*(jwk_of(name, kid=name) for name in names)))
        self.assertEqual([key.kid for key in found], list(names))
        self.assertTrue(all(key.kid in key.algorithms for key in found))

    def test_a_key_may_be_for_one_algorithm_alone(self):
        """As its C{alg} says, if the key can do that."""
        (found,) = read_set(set_of(jwk_of("RS256", alg="PS256"), jwk_of("ES256", alg="RS256")))
        self.assertEqual(found.algorithms, {"PS256"})

    def test_what_is_passed_over(self):
        """Secrets above all; keys to encrypt with, and what nobody knows."""
        good = jwk_of("EdDSA", kid="good", use="sig")
        found = read_set(
            set_of(
                {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
                {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
                jwk_of("RS256", alg="HS256"),
                jwk_of("RS256", use="enc"),
                jwk_of("RS256", kid=7),
                {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
                {"kty": "new"},
                {},
                None,
                "x",
                good,
            )
        )
        self.assertEqual([key.kid for key in found], ["good"])

    def test_a_private_key_counts_as_its_public_one(self):
        """Nobody should publish one; it signs nothing here."""
        entry = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(P256_KEY))
        (found,) = read_set(set_of(entry))
        self.assertFalse(hasattr(found.key, "private_bytes"))
        self.assertEqual(pem_of(found.key), pem_of(P256_KEY.public_key()))

    def test_refused(self):
        """What is no set, or has no key for us."""
        for text in (b"", b"{}", b"[]", b"7", b'{"keys": {}}', b'{"keys": []}', b"\xff", b"[" * 100_000):
            self.assertRaises(BadValue, read_set, text)

    def test_at_most_so_many(self):
        """The first count."""
        found = read_set(set_of(*(jwk_of("EdDSA", kid=str(number)) for number in range(40))))
        self.assertEqual([key.kid for key in found], [str(number) for number in range(KEYS_LIMIT)])

    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["keys", "kty", "kid", "crv", "x", "n", "e", "y"]), inner),
            ),
            max_leaves=12,
        )
    )
    def test_whatever_comes(self, value):
        """It is keys, or refused."""
        inside = {"keys": [value, {"kty": "OKP", "crv": "Ed25519", "x": value}]}
        for text in map(json.dumps, (value, inside)):
            with contextlib.suppress(BadValue):
                read_set(text.encode())


class RingTests(SynchronousTestCase):
    """The keys that count now."""

    def setUp(self):
        public = ED_KEY.public_key()
        self.ring = KeyRing([PublicKey(None, frozenset({"EdDSA"}), public)])

    def kids(self, kid, algorithm="RS256"):
        known = {id(key.key): key.kid for key in self.ring._learned + self.ring._own}
        return [known[id(key)] for key in self.ring.fitting(kid, algorithm)]

    def test_keys_that_fit(self):
        """By algorithm and, if the token says so, by name; a key without a name may be any."""
        self.ring.learn(read_set(set_of(jwk_of("RS256", kid="a"), jwk_of("PS256", kid="b"), jwk_of("ES256"))))
        self.assertEqual(self.kids("a"), ["a"])
        self.assertEqual(self.kids("c"), [])
        self.assertEqual(self.kids(None), ["a", "b"])
        self.assertEqual(self.kids("c", "ES256"), [None])
        self.assertEqual(self.kids("c", "EdDSA"), [None])
        for algorithm in set(ASYMMETRIC) - {"EdDSA"}:
            self.ring.learn([])
            self.assertEqual(self.kids(None, algorithm), [])

    def test_a_set_replaces_the_one_before(self):
        """A key that is not in it any more checks nothing."""
        self.ring.learn(read_set(set_of(jwk_of("RS256", kid="a"))))
        self.ring.learn(read_set(set_of(jwk_of("RS256", kid="b"))))
        self.assertEqual((self.kids("a"), self.kids("b")), ([], ["b"]))

    def test_lacking(self):
        """What is not in the set, or everything before it is there; nothing if there is none to fetch."""
        self.assertFalse(self.ring.lacks("a"))
        self.ring.fetch = lambda: None
        self.assertTrue(self.ring.lacks(None))
        self.ring.learn(read_set(set_of(jwk_of("RS256", kid="a"))))
        self.assertEqual([self.ring.lacks(kid) for kid in ("a", "b", None)], [False, True, False])
