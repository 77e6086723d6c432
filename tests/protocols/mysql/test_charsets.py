"""Tests for L{comet.protocols.mysql.charsets}."""

from hypothesis import given
from hypothesis.strategies import binary, text
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.variables import CHARACTER_SETS
from comet.errors import BadText
from comet.protocols.mysql.charsets import CHARSETS, UTF8, named, of_collation


class CharsetTests(SynchronousTestCase):
    """Text in and out."""

    def test_every_set(self):
        """There is a set behind every name that SET NAMES takes."""
        self.assertEqual(set(CHARSETS), set(CHARACTER_SETS))

    @given(binary())
    def test_latin1(self, data):
        """Every byte is a character of latin1, and comes back as the same byte."""
        latin1 = named("latin1")
        self.assertEqual(latin1.encode(latin1.decode(data)), data)

    def test_latin1_is_windows(self):
        """What MySQL calls latin1 has the euro sign, and nothing beyond its 256 characters."""
        self.assertEqual(named("latin1").decode(b"\x80\xe9\x81"), "€é\x81")
        self.assertEqual(named("latin1").encode("€Ж😀"), b"\x80??")

    @given(text())
    def test_utf8(self, written):
        """All that are called UTF-8, and binary, carry every text."""
        for name in ("utf8", "utf8mb3", "utf8mb4", "binary"):
            self.assertEqual(named(name).decode(named(name).encode(written)), written)

    def test_others(self):
        """A set says what it does not have."""
        self.assertEqual(named("cp1251").decode(b"\xc6"), "Ж")
        self.assertEqual(named("ascii").encode("é"), b"?")
        with self.assertRaises(BadText) as caught:
            named("ascii").decode(b"abc\xe9")
        self.assertEqual(str(caught.exception), "Invalid ascii character string at byte 3: 'E9'")

    def test_unnamed(self):
        """Without a name, text travels as it is."""
        self.assertIs(named(None), UTF8)

    def test_collations(self):
        """The number of a greeting tells the set; one that is not known stands for that of the server."""
        for number, name in (
            (8, "latin1"),
            (33, "utf8mb3"),
            (63, "binary"),
            (45, "utf8mb4"),
            (255, "utf8mb4"),
        ):
            self.assertEqual(of_collation(number), name)
        self.assertEqual(of_collation(0), "utf8mb4")
