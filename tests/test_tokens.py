"""Tests for L{comet.tokens}."""

import base64
import json

import jwt
from twisted.trial.unittest import SynchronousTestCase

from comet.tokens import TOKEN_LIMIT, bearer, is_token

SECRET, NOW = "CometQLPassword1", 1000
#: Signed with C{SECRET} by somebody else than us, for user 5.
FOREIGN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjo1LCJleHAiOjk5ODMzMTEyMDB9"
    ".jXeCiNOA1eKLiLwcA2bkyaFZOhewvt81FCIfF278aO8"
)


def sign(secret=SECRET, algorithm="HS256", **claims):
    return jwt.encode(claims, secret, algorithm=algorithm)


def part(value):
    return base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()


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
