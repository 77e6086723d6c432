"""Tests for L{comet.access}."""

from twisted.trial.unittest import SynchronousTestCase

from comet import access
from comet.errors import BadValue, TooLong
from comet.model import Channel, User, is_name


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


class OwnChannelTests(SynchronousTestCase):
    """Channels that each user has alone."""

    def test_a_name_of_its_own_in_the_hub(self):
        """No two users share one, no client can spell it, and on the wire it is what the client said."""
        mine, yours = (access.own_channel(User(1, user_id), "self_x") for user_id in (7, 77))
        self.assertNotEqual(mine, yours)
        self.assertFalse(is_name(mine.name, 1))
        self.assertEqual(access.wire_name(mine), "self_x")
        self.assertEqual(access.wire_name(Channel(1, "web_x")), "web_x")


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
