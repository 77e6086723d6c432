"""Tests for L{comet.protocols.console.asking}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, MissingValue
from comet.protocols.api.problems import Problem
from comet.protocols.console.asking import check_page, is_here, text_of

HERE = "http://127.0.0.1:8087"


class PageTests(SynchronousTestCase):
    """Which pages may ask."""

    def test_own(self):
        """That of this server, by what the browser says of it, or by its origin."""
        check_page("same-origin", None, None)
        check_page("same-origin", "https://behind.a.proxy", "inner:8087")
        check_page(None, HERE, "127.0.0.1:8087")
        check_page(None, "https://Example.com", "example.COM")

    def test_others(self):
        """All others, and whoever says nothing of it."""
        for asked in (
            ("cross-site", HERE, "127.0.0.1:8087"),
            ("same-site", HERE, "127.0.0.1:8087"),
            ("none", None, "127.0.0.1:8087"),
            (None, "http://evil.example", "127.0.0.1:8087"),
            (None, "http://127.0.0.1:8088", "127.0.0.1:8087"),
            (None, "null", "null"),
            (None, None, "127.0.0.1:8087"),
            (None, HERE, None),
            (None, "", ""),
        ):
            error = self.assertRaises(Problem, check_page, *asked)
            self.assertEqual(error.status, 403, asked)


class HostTests(SynchronousTestCase):
    """Names of this machine."""

    def test_own(self):
        """With a port and without."""
        for host in (
            "localhost",
            "localhost:8087",
            "LOCALHOST",
            "127.0.0.1:80",
            "127.0.0.2",
            "[::1]:8087",
            "[::1]",
        ):
            self.assertTrue(is_here(host), host)

    def test_others(self):
        """Whatever they look like."""
        for host in (
            None,
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::1",
            "127.0.0.1.nip.io",
            "x:y",
        ):
            self.assertFalse(is_here(host), host)


class TextTests(SynchronousTestCase):
    """What may stand in a body."""

    def test_good(self):
        """One text, whatever it says."""
        self.assertEqual(text_of({"statement": ""}, "statement"), "")

    def test_bad(self):
        """Anything else is refused."""
        for body in (None, [], "x", {"statement": 1}, {"statement": None}, {"statement": "x", "more": 1}):
            self.assertRaises(BadValue, text_of, body, "statement")
        self.assertRaises(MissingValue, text_of, {}, "statement")
