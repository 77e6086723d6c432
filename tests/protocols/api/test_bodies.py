"""Tests for L{comet.protocols.api.bodies} and L{comet.protocols.api.problems}."""

import contextlib

from hypothesis import given
from hypothesis.strategies import binary, dictionaries, integers, lists, none, recursive, text
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadText, BadValue, ColumnTwice, CometError, PeerError, SyntaxRefused, Unavailable
from comet.protocols.api.bodies import parse, read_body, write_body
from comet.protocols.api.problems import Problem


class ParseTests(SynchronousTestCase):
    """JSON, strictly."""

    values = recursive(
        none() | integers() | text(), lambda inner: lists(inner) | dictionaries(text(), inner), max_leaves=20
    )

    @given(values)
    def test_what_is_written_is_read(self, value):
        """Any value."""
        self.assertEqual(parse(write_body(value)), value)

    @given(binary(max_size=100))
    def test_any_bytes_are_read_or_refused(self, data):
        """By the errors that are documented, and no other."""
        with contextlib.suppress(BadText, SyntaxRefused, ColumnTwice):
            parse(data)

    def test_what_is_no_json_is_refused(self):
        """With the place where it begins."""
        for data in (
            b"",
            b"{",
            b"{'a': 1}",
            b"[1,]",
            b'{"a": 1} x',
            b"NaN",
            b"-Infinity",
            b'{"a": Infinity}',
        ):
            self.assertRaises(SyntaxRefused, parse, data)
        error = self.assertRaises(SyntaxRefused, parse, b'{"a": 1,\n 2}')
        self.assertIn("line 2, column 2", str(error))

    def test_what_is_no_utf8_is_refused(self):
        """Also UTF-16, and a text of Latin-1."""
        for data in (b'{"a": "\xe4"}', '{"a": 1}'.encode("utf-16"), b'"\xed\xa0\x80"'):
            self.assertRaises(BadText, parse, data)

    def test_no_bomb_goes_off(self):
        """Neither one of nested brackets nor one of digits."""
        for data in (b"[" * 1_000_000, b'{"a":' * 200_000, b"9" * 100_000):
            self.assertRaises(SyntaxRefused, parse, data)

    def test_a_key_stands_once(self):
        """Or else it is a matter of luck which of them counts."""
        error = self.assertRaises(ColumnTwice, parse, b'{"name": "a", "event": "b", "name": "c"}')
        self.assertIn("'name'", str(error))

    def test_half_a_character_is_told_in_escapes(self):
        """JSON can write it, UTF-8 cannot."""
        self.assertEqual(write_body("\ud800"), b'"\\ud800"')


class ReadTests(SynchronousTestCase):
    """The headers of a body."""

    def test_the_type_is_json(self):
        """Whatever its letter case, and with the charset that JSON has."""
        for kind in ("application/json", "Application/JSON", 'application/json; charset="UTF-8"'):
            self.assertEqual(read_body(b"1", kind), 1)
        for kind in (
            None,
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=x",
        ):
            self.assertEqual(self.assertRaises(Problem, read_body, b"1", kind).status, 415)

    def test_nothing_is_unpacked(self):
        """Only who sends it as it is, is understood."""
        self.assertEqual(read_body(b"1", "application/json", "identity"), 1)
        error = self.assertRaises(Problem, read_body, b"1", "application/json", "gzip")
        self.assertEqual((error.status, error.headers["Accept-Encoding"]), (415, "identity"))

    def test_errors_have_a_status(self):
        """400 for what cannot be read."""
        for data in (b"{", b"\xff", b'{"a":1,"a":2}'):
            self.assertEqual(self.assertRaises(Problem, read_body, data, "application/json").status, 400)


class ProblemTests(SynchronousTestCase):
    """Errors of the server in HTTP."""

    def test_an_error_is_told_as_in_sql(self):
        """The same code, number and text."""
        found = Problem.of(BadValue("Incorrect integer value: 'x' for column 'id'"), index=3)
        self.assertEqual(found.status, 422)
        self.assertEqual(
            found.content,
            {
                "error": {
                    "code": 12,
                    "name": "bad_value",
                    "number": 1366,
                    "message": "Incorrect integer value: 'x' for column 'id'",
                    "index": 3,
                }
            },
        )

    def test_every_error_has_a_status(self):
        """None is a failure of the server, but those of its own."""
        for error in descendants(CometError):
            if not issubclass(error, PeerError):
                self.assertLess(Problem.of(error("x")).status, 504, error)
                self.assertNotEqual(Problem.of(error("x")).status, 500, error)
        self.assertEqual(Problem.of(Unavailable("x")).headers, {"Retry-After": "1"})


def descendants(base):
    for error in base.__subclasses__():
        if error.__module__ == "comet.errors":
            yield error
            yield from descendants(error)
