"""Tests for L{comet.protocols.mysql.replies}."""

from hypothesis import given
from hypothesis.strategies import text
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, LoginRefused
from comet.protocols.mysql.constants import Status
from comet.protocols.mysql.replies import Err, Ok, Statistics, Switch, Terms, end_payload
from tests.protocols.mysql import client

TERMS = Terms(greeted=True)


def only(reply, terms=TERMS):
    """@return: the one payload of C{reply}."""
    (payload,) = reply.payloads(terms)
    return payload


class ReplyTests(SynchronousTestCase):
    """Answers of one packet."""

    def test_ok(self):
        """An OK carries the counts as numbers of variable length, then status, warnings and text."""
        self.assertEqual(only(Ok()), b"\0\0\0\x02\0\0\0")
        self.assertEqual(only(Ok(1, 70_000, 2, "note")), b"\0\x01\xfd\x70\x11\x01\x02\0\x02\0\x04note")
        self.assertEqual(only(Ok(), Terms(status=Status.NONE)), b"\0\0\0\0\0\0\0")

    def test_end(self):
        """Rows end with an EOF, or with an OK that looks like one."""
        self.assertEqual(end_payload(TERMS), b"\xfe\0\0\x02\0")
        self.assertEqual(end_payload(Terms(deprecate_eof=True)), b"\xfe\0\0\x02\0\0\0")

    def test_error(self):
        """An error carries MySQL's number and SQLSTATE; the number of old is in the text."""
        self.assertEqual(client.read_error(only(Err.of(LoginRefused("no")))), (1045, "28000", "[16] no"))
        self.assertEqual(client.read_error(only(Err.of(BadValue("no")))), (1366, "HY000", "[12] no"))

    def test_error_before_the_greeting(self):
        """A client that has not seen the greeting does not look for an SQLSTATE."""
        self.assertEqual(only(Err(1040, "08004", "full"), Terms()), b"\xff\x10\x04full")

    @given(text(max_size=600))
    def test_error_text(self, told):
        """A text that is too long is cut between characters."""
        _, _, seen = client.read_error(only(Err(1, "HY000", told)))
        clean = told.encode("utf-8", "replace").decode()
        self.assertTrue(clean.startswith(seen))
        self.assertTrue(seen == clean or 508 <= len(seen.encode()) <= 511)

    def test_statistics(self):
        """Statistics are bare text."""
        self.assertEqual(only(Statistics("Uptime: 1")), b"Uptime: 1")

    def test_switch(self):
        """A request to switch names the plugin and ends the salt with a NUL."""
        self.assertEqual(only(Switch("p", b"salt")), b"\xfep\0salt\0")
