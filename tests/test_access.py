"""Tests for L{comet.access}."""

from twisted.trial.unittest import SynchronousTestCase

from comet import access
from comet.errors import BadValue, NotAllowed, TooLong


class KeyTests(SynchronousTestCase):
    """Keys of users."""

    def test_what_a_key_may_be(self):
        """Up to 32 characters of the alphabet of hashes; the characters are looked at before the length."""
        for key in ("", "a", "A0z=+/_" + "x" * 25):
            self.assertEqual(access.check_key(key), key)
        for key in ("a-b", "a b", "ключ", "-" * 40, "a\n"):
            self.assertRaises(BadValue, access.check_key, key)
        error = self.assertRaises(TooLong, access.check_key, "x" * 33)
        self.assertIn("hash", str(error))
        self.assertIn("32", str(error))


class ChannelRuleTests(SynchronousTestCase):
    """What the name of a channel allows."""

    def refused(self, rule, *arguments):
        try:
            rule(*arguments)
        except NotAllowed:
            return True
        return False

    def test_reading(self):
        """Everybody reads everything but private_ channels."""
        self.assertFalse(self.refused(access.check_reading, "plain", 0))
        self.assertTrue(self.refused(access.check_reading, "private_x", 0))
        self.assertFalse(self.refused(access.check_reading, "private_x", 5))

    def test_writing(self):
        """Only web_ channels, and webauth_ for those who are signed in and show their name."""
        allowed = [("web_x", 0, False), ("web_x", 0, True), ("web_x", 5, True), ("webauth_x", 5, False)]
        refused = [
            ("plain", 5, False),
            ("webauth_x", 0, False),
            ("webauth_x", 5, True),
            ("track_x", 5, False),
        ]
        self.assertEqual([self.refused(access.check_writing, *case) for case in allowed], [False] * 4)
        self.assertEqual([self.refused(access.check_writing, *case) for case in refused], [True] * 4)

    def test_counting_and_listing(self):
        """web_ and track_ channels are counted, track_ channels listed."""
        names = ["web_x", "webauth_x", "track_x", "plain"]
        self.assertEqual(
            [self.refused(access.check_counting, name) for name in names], [False, False, False, True]
        )
        self.assertEqual(
            [self.refused(access.check_listing, name) for name in names], [True, True, False, True]
        )


class OriginTests(SynchronousTestCase):
    """Whose pages may connect."""

    def test_without_a_list_everybody_may(self):
        """And so may what is no page."""
        self.assertTrue(access.origin_allowed("https://evil.example", []))
        self.assertTrue(access.origin_allowed("", ["example.com"]))

    def test_a_list_names_hosts_or_origins(self):
        """With port or without, of any letter case."""
        for entry in ("example.com", "EXAMPLE.com:8443", "https://example.com:8443", "*"):
            self.assertTrue(access.origin_allowed("https://Example.com:8443", [entry]), entry)
        for entry in (
            "example.org",
            "example.com:80",
            "http://example.com:8443",
            "ample.com",
            "*.example.com",
        ):
            self.assertFalse(access.origin_allowed("https://example.com:8443", [entry]), entry)

    def test_a_star_stands_for_all_below_a_host(self):
        """But not for what only ends alike."""
        self.assertTrue(access.origin_allowed("https://a.b.example.com", ["*.example.com"]))
        self.assertFalse(access.origin_allowed("https://badexample.com", ["*.example.com"]))

    def test_no_origin_of_a_sandboxed_page(self):
        """The opaque origin C{null} is no host of a list."""
        self.assertFalse(access.origin_allowed("null", ["example.com"]))
