"""Tests for L{comet.origins}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.origins import Origins, named_in

URLS = {1: "https://shop.example/chat.html, *.shop.example", 2: "the shop of Ann", 3: ""}


class NamedTests(SynchronousTestCase):
    """What a tenant says of its pages."""

    def test_addresses_and_hosts(self):
        """Of pages, in any number and form."""
        self.assertEqual(
            named_in("HTTPS://Shop.example/a/b?c, http://b.example:8080 c.example/x,*.d.example"),
            ("https://shop.example", "http://b.example:8080", "c.example", "*.d.example"),
        )

    def test_words_are_none(self):
        """Nor is what cannot be one."""
        for text in ("", "the shop of Ann", "ftp://a.example", "a..b/;", "https://"):
            self.assertEqual([each for each in named_in(text) if "example" in each or each == ""], [], text)


class OriginTests(SynchronousTestCase):
    """Whose pages may."""

    def test_without_lists_everybody_may(self):
        """From anywhere."""
        origins = Origins()
        self.assertTrue(origins.allow("https://any.example", 1))
        self.assertFalse(origins.restrict(1))

    def test_the_list_for_all(self):
        """Holds for every tenant, known or not."""
        origins = Origins(["www.example"])
        for dev_id in (None, 0, 9):
            self.assertTrue(origins.restrict(dev_id))
            self.assertTrue(origins.allow("https://www.example", dev_id))
            self.assertFalse(origins.allow("https://evil.example", dev_id))
            self.assertFalse(origins.allow("null", dev_id))
            self.assertTrue(origins.allow("", dev_id))

    def test_a_tenant_narrows_it(self):
        """For itself alone, and only if it names origins."""
        origins = Origins((), lambda dev_id: URLS.get(dev_id, ""))
        self.assertTrue(origins.allow("https://shop.example", 1))
        self.assertTrue(origins.allow("http://a.shop.example", 1))
        self.assertFalse(origins.allow("http://shop.example", 1))
        for dev_id in (2, 3, 4, None):
            self.assertTrue(origins.allow("https://other.example", dev_id))
            self.assertFalse(origins.restrict(dev_id))
        both = Origins(["www.example"], lambda dev_id: URLS.get(dev_id, ""))
        self.assertFalse(both.allow("https://shop.example", 1))
