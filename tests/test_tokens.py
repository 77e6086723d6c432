"""Tests for L{comet.tokens}."""

import base64
import hmac
import json

import jwt
from twisted.trial.unittest import SynchronousTestCase

from comet.identity import Claims, Right
from comet.keyring import ASYMMETRIC, KeyRing, PublicKey, algorithms_of
from comet.sections import Jwt
from comet.tokens import TOKEN_LIMIT, Bearer, Tokens, is_token
from tests.signing import ALGORITHM_KEYS, pem_of

SECRET, NOW = "CometQLPassword1", 1000
#: Signed with C{SECRET} by somebody else than us, for user 5.
FOREIGN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjo1LCJleHAiOjk5ODMzMTEyMDB9"
    ".jXeCiNOA1eKLiLwcA2bkyaFZOhewvt81FCIfF278aO8"
)


def sign(secret=SECRET, algorithm="HS256", **claims):
    # PyJWT would not write some of what others do.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), secret, algorithm=algorithm)


def part(value):
    return base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()


def bearer(token, secrets, now, **rules):
    """@return: the id of the user whom C{token} lets in."""
    found = Tokens(Jwt(**rules)).bearer(token, 1, secrets, now)
    return None if found is None else found.user_id


class BearerTests(SynchronousTestCase):
    """Whom a token lets in."""

    def test_good(self):
        """Its signature is right and it has not run out."""
        self.assertEqual(bearer(FOREIGN, [SECRET], NOW), 5)
        self.assertEqual(bearer(sign(user_id=7, exp=NOW), [SECRET], NOW), 7)
        self.assertEqual(bearer(sign(user_id=7.0, exp=NOW + 0.5), [SECRET], NOW), 7)
        self.assertEqual(bearer(sign(user_id=7, exp=NOW), ["other", SECRET], NOW), 7)

    def test_other_claims_do_not_matter(self):
        """Whatever else the token says is not our business."""
        token = sign(user_id=7, exp=NOW, nbf=NOW + 99, iat=NOW + 99, aud="x", iss="y", sub=7, jti=3)
        self.assertEqual(bearer(token, [SECRET], NOW), 7)

    def test_claims_that_are_needed(self):
        """C{exp} and C{user_id} are numbers, and are there."""
        for claims in (
            {"user_id": 7},
            {"exp": NOW},
            {"user_id": "7", "exp": NOW},
            {"user_id": 7, "exp": str(NOW)},
            {"user_id": 7.5, "exp": NOW},
            {"user_id": True, "exp": NOW},
            {"user_id": 7, "exp": None},
            {"user_id": 7, "exp": float("inf")},
            {"user_id": float("nan"), "exp": NOW},
        ):
            self.assertIsNone(bearer(sign(**claims), [SECRET], NOW), claims)

    def test_run_out(self):
        """There is no leeway."""
        self.assertIsNone(bearer(sign(user_id=7, exp=NOW - 1), [SECRET], NOW))
        self.assertIsNone(bearer(sign(user_id=7, exp=NOW), [SECRET], NOW + 0.1))

    def test_signatures(self):
        """Another secret, another algorithm, none, or a change to the text: it opens nothing."""
        good = sign(user_id=7, exp=NOW)
        header, claims, signature = good.split(".")
        unsigned = part('{"alg":"none"}') + "." + claims + "."
        changed = part(json.dumps({"user_id": 8, "exp": NOW}))
        for token in (
            sign("other", user_id=7, exp=NOW),
            sign(algorithm="HS384", user_id=7, exp=NOW),
            unsigned,
            f"{header}.{changed}.{signature}",
            f"{header}.{claims}.{signature[:-4]}AAAA",
            f"{header}.{claims}.",
            "..",
            "a.b.c",
            part("[" * 2500) + ".e30.AA",
            part("7") + ".e30.AA",
            "é.é.é",
        ):
            self.assertIsNone(bearer(token, [SECRET], NOW), token[:60])
        self.assertIsNone(bearer(good, [], NOW))

    def test_looks(self):
        """A token has two dots and a bounded length; no key of a user has a dot."""
        self.assertTrue(is_token(FOREIGN))
        self.assertFalse(is_token("abc"))
        self.assertFalse(is_token("a.b.c.d"))
        self.assertFalse(is_token("." * 2 + "x" * TOKEN_LIMIT))


class ClaimTests(SynchronousTestCase):
    """What else a token says, where the configuration asks for it."""

    def test_everything_a_token_says(self):
        """The user, until when with the leeway, and channels."""
        token = sign(user_id=7, exp=NOW + 0.5, channels={"publish": ["news"]})
        found = Tokens(Jwt(leeway=2)).bearer(token, 1, [SECRET], NOW)
        self.assertEqual(found, Bearer(7, NOW + 2.5, Claims.read({"publish": ["news"]}, 9), True))
        self.assertTrue(found.claims.grant(Right.PUBLISH, "news"))
        far = Tokens().bearer(sign(user_id=7, exp=10**300), 1, [SECRET], NOW)
        self.assertEqual(far.expires, float(1 << 53))

    def test_malformed_channels(self):
        """Such a token opens nothing, nor does one with too many."""
        for channels in (None, "news", {"publish": "news"}, {"publish": ["a", "b", "c"]}):
            token = sign(user_id=7, exp=NOW, channels=channels)
            self.assertIsNone(bearer(token, [SECRET], NOW, patterns=2))

    def test_leeway(self):
        """So many seconds, and no more."""
        token = sign(user_id=7, exp=NOW - 5)
        self.assertEqual(bearer(token, [SECRET], NOW, leeway=5), 7)
        self.assertIsNone(bearer(token, [SECRET], NOW + 0.5, leeway=5))

    def test_issuer_and_audience(self):
        """If they are configured, they are what the token must say."""
        for rules, claims, good in (
            ({"issuer": "us"}, {"iss": "us"}, True),
            ({"issuer": "us"}, {"iss": "them"}, False),
            ({"issuer": "us"}, {"iss": ["us"]}, False),
            ({"issuer": "us"}, {}, False),
            ({"audience": "chat"}, {"aud": "chat"}, True),
            ({"audience": "chat"}, {"aud": ["mail", "chat"]}, True),
            ({"audience": "chat"}, {"aud": "chatter"}, False),
            ({"audience": "chat"}, {"aud": {"chat": 1}}, False),
            ({"audience": "chat"}, {}, False),
        ):
            found = bearer(sign(user_id=7, exp=NOW, **claims), [SECRET], NOW, **rules)
            self.assertEqual(found is not None, good, (rules, claims))

    def test_another_claim_for_the_user(self):
        """Whatever its name, it may be a text of digits; only C{user_id} may not."""
        for claim, value, expected in (
            ("sub", "7", 7),
            ("sub", 7, 7),
            ("sub", "7x", None),
            ("sub", "\u0667", None),
            ("sub", "9" * 11, None),
            ("sub", "", None),
            ("user_id", "7", None),
        ):
            token = sign(exp=NOW, **{"user_id": 1, claim: value})
            self.assertEqual(bearer(token, [SECRET], NOW, user_claim=claim), expected, (claim, value))


class PublicKeyTests(SynchronousTestCase):
    """Tokens that are signed with a private key."""

    def tokens(self, *algorithms, **rules):
        """@return: a reader that knows the keys of these algorithms."""
        public = [ALGORITHM_KEYS[name].public_key() for name in algorithms if name in ASYMMETRIC]
        ring = KeyRing([PublicKey(None, algorithms_of(key), key) for key in public])
        return Tokens(Jwt(algorithms=algorithms, **rules), ring)

    def sign(self, algorithm, headers=None, **claims):
        claims = {"user_id": 7, "exp": NOW} | claims
        return jwt.encode(claims, ALGORITHM_KEYS[algorithm], algorithm=algorithm, headers=headers)

    def test_each_algorithm(self):
        """Is good with its own key if it is listed, and with no other."""
        for algorithm in ASYMMETRIC:
            token = self.sign(algorithm)
            found = self.tokens(algorithm).bearer(token, 3, [], NOW)
            self.assertEqual((found.user_id, found.by_secret), (7, False), algorithm)
            changed = token[:-10] + ("A" * 10 if token[-10:] != "A" * 10 else "B" * 10)
            self.assertIsNone(self.tokens(algorithm).bearer(changed, 3, [], NOW), algorithm)
            other = "ES256" if algorithm != "ES256" else "RS256"
            self.assertIsNone(self.tokens(other).bearer(token, 3, [], NOW), algorithm)
            self.assertIsNone(Tokens(Jwt(algorithms=(algorithm,))).bearer(token, 3, [SECRET], NOW), algorithm)

    def test_secrets_beside_keys(self):
        """Both kinds are good if both are listed."""
        reader = self.tokens("HS256", "HS512", "RS256")
        for token, by_secret in (
            (sign(user_id=7, exp=NOW), True),
            (sign(algorithm="HS512", user_id=7, exp=NOW), True),
            (self.sign("RS256"), False),
        ):
            self.assertEqual(reader.bearer(token, 1, [SECRET], NOW).by_secret, by_secret)
        self.assertIsNone(reader.bearer(sign(algorithm="HS384", user_id=7, exp=NOW), 1, [SECRET], NOW))

    def test_a_public_key_is_no_secret(self):
        """A token that is signed with HS256 and the text of the public key opens nothing."""
        pem = pem_of(ALGORITHM_KEYS["RS256"].public_key())
        claims = part(json.dumps({"user_id": 7, "exp": NOW}))
        for algorithm in ("HS256", "HS384", "HS512"):
            for key in (pem, pem.strip()):
                head = part(json.dumps({"alg": algorithm}))
                digest = hmac.new(key, f"{head}.{claims}".encode(), f"sha{algorithm[2:]}").digest()
                forged = f"{head}.{claims}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
                for listed in (("RS256",), ("HS256", "HS384", "HS512", "RS256")):
                    self.assertIsNone(self.tokens(*listed).bearer(forged, 1, [SECRET], NOW))

    def test_none_is_never_good(self):
        """Not even if somebody lists it."""
        claims = part(json.dumps({"user_id": 7, "exp": NOW}))
        for name in ("none", "None", "NONE", ""):
            token = f"{part(json.dumps({'alg': name}))}.{claims}."
            for reader in (self.tokens("RS256"), Tokens(Jwt(algorithms=(name,)))):
                self.assertIsNone(reader.bearer(token, 1, ["", SECRET], NOW), name)

    def test_a_token_brings_no_key(self):
        """Keys and addresses of keys in the header are not looked at."""
        key = ALGORITHM_KEYS["RS256"]
        own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        for more in ({"jwk": own}, {"jku": "http://127.0.0.1/"}, {"x5u": "http://127.0.0.1/"}):
            token = self.sign("RS256", headers=more)
            self.assertIsNone(self.tokens("ES256", "RS512").bearer(token, 3, [], NOW))
            self.assertIsNone(Tokens(Jwt(algorithms=("RS256",))).bearer(token, 3, [], NOW))

    def test_tenants(self):
        """Such a token is for all tenants, unless it names one."""
        reader = self.tokens("EdDSA")
        for dev_id in (0, 3):
            self.assertIsNotNone(reader.bearer(self.sign("EdDSA"), dev_id, [], NOW))
        for value, good in ((3, True), (4, False), ("3", False), (True, False), (None, False)):
            found = reader.bearer(self.sign("EdDSA", dev_id=value), 3, [], NOW)
            self.assertEqual(found is not None, good, value)
        self.assertIsNone(reader.bearer(self.sign("EdDSA", dev_id=True), 1, [], NOW))

    def test_not_yet(self):
        """C{nbf} counts, with the leeway."""
        reader = self.tokens("ES256", leeway=5)
        for start, good in ((NOW, True), (NOW + 5, True), (NOW + 6, False), ("soon", False)):
            found = reader.bearer(self.sign("ES256", nbf=start), 3, [], NOW)
            self.assertEqual(found is not None, good, start)

    def test_keys_that_are_lacking(self):
        """Only a set that can be fetched may hold an unknown key, and only for algorithms that are listed."""
        reader = self.tokens("RS256", "HS256")
        named = self.sign("RS256", headers={"kid": "new"})
        self.assertFalse(reader.lacks_key(named))
        reader.ring.fetch = lambda: None
        self.assertTrue(reader.lacks_key(named))
        for token in (sign(user_id=7, exp=NOW), self.sign("ES256"), "a.b.c"):
            self.assertFalse(reader.lacks_key(token))
