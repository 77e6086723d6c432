"""Tests for L{comet.identity}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue
from comet.identity import NO_CLAIMS, Claims, Proof, Right

NAMES = st.text("ab_", min_size=1, max_size=4)


class ClaimsTests(SynchronousTestCase):
    """The channels that a token names."""

    def test_names_and_prefixes(self):
        """A name stands for itself, one with a star for all that begin so; each right is by itself."""
        claims = Claims.read({"subscribe": ["news", "chat_*"], "publish": ["*"], "count": []}, 9)
        granted = [
            name
            for name in ("news", "newsroom", "chat_", "chat_1", "cha")
            if claims.grant(Right.SUBSCRIBE, name)
        ]
        self.assertEqual(granted, ["news", "chat_", "chat_1"])
        self.assertTrue(claims.grant(Right.PUBLISH, "anything"))
        for right in (Right.COUNT, Right.HISTORY, Right.MEMBERS):
            self.assertFalse(claims.grant(right, "news"))
        self.assertFalse(NO_CLAIMS.grant(Right.SUBSCRIBE, "news"))

    def test_malformed(self):
        """Whatever is no object of lists of patterns is refused as a whole."""
        for claim in (
            None,
            [],
            "news",
            7,
            {"subscribe": "news"},
            {"subscribe": {"news": 1}},
            {"subscribe": [7]},
            {"subscribe": [None]},
            {"subscribe": ["news", ["x"]]},
            {"subscribe": [""]},
            {"subscribe": ["a*b"]},
            {"subscribe": ["a**"]},
            {"subscribe": ["no space"]},
            {"subscribe": ["self_x@7"]},
            {"subscribe": ["x\n"]},
            {"subscribe": ["x" * 65]},
            {"write": ["news"]},
            {"SUBSCRIBE": ["news"]},
        ):
            self.assertRaises(BadValue, Claims.read, claim, 9)

    def test_at_most_so_many(self):
        """Patterns of all rights count together."""
        claim = {"subscribe": ["a", "b"], "publish": ["c"]}
        self.assertTrue(Claims.read(claim, 3).grant(Right.PUBLISH, "c"))
        self.assertRaises(BadValue, Claims.read, claim, 2)

    @given(st.lists(st.tuples(NAMES, st.booleans())), NAMES)
    def test_as_the_plainest_reading(self, patterns, name):
        """A name is granted if and only if one of the patterns says so."""
        written = [f"{text}*" if star else text for text, star in patterns]
        expected = any(name.startswith(text) if star else name == text for text, star in patterns)
        self.assertEqual(Claims.read({"history": written}, 99).grant(Right.HISTORY, name), expected)


class ProofTests(SynchronousTestCase):
    """What has proved who somebody is."""

    def test_the_key_is_not_shown(self):
        """So that no log repeats it."""
        self.assertNotIn("secret", repr(Proof("secret")))
