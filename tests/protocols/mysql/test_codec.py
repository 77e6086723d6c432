"""Tests for L{comet.protocols.mysql.codec}."""

from hypothesis import given
from hypothesis.strategies import binary, integers
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import PeerError
from comet.protocols.mysql.codec import Fields, lenenc_bytes, lenenc_int


class LengthEncodingTests(SynchronousTestCase):
    """Numbers and strings of variable length."""

    def test_sizes(self):
        """A number takes one, three, four or nine bytes, with the change at the edges of the manual."""
        edges = {0: 1, 250: 1, 251: 3, 65535: 3, 65536: 4, (1 << 24) - 1: 4, 1 << 24: 9, (1 << 64) - 1: 9}
        self.assertEqual({number: len(lenenc_int(number)) for number in edges}, edges)

    def test_bytes(self):
        """The bytes are those of the manual's examples."""
        self.assertEqual(lenenc_int(250), b"\xfa")
        self.assertEqual(lenenc_int(251), b"\xfc\xfb\x00")
        self.assertEqual(lenenc_int(70_000), b"\xfd\x70\x11\x01")
        self.assertEqual(lenenc_int(1 << 24), b"\xfe\x00\x00\x00\x01\x00\x00\x00\x00")

    @given(integers(0, (1 << 64) - 1))
    def test_numbers_come_back(self, number):
        """Reading what was written gives the number, and nothing is left."""
        fields = Fields(lenenc_int(number))
        self.assertEqual(fields.lenenc_int(), number)
        self.assertEqual(fields.left, 0)

    @given(binary(max_size=70_000))
    def test_strings_come_back(self, data):
        """Reading what was written gives the string, and nothing is left."""
        fields = Fields(lenenc_bytes(data))
        self.assertEqual(fields.lenenc_bytes(), data)
        self.assertEqual(fields.left, 0)


class FieldsTests(SynchronousTestCase):
    """Reading what may not be there."""

    def test_short(self):
        """More bytes than there are is the peer's error."""
        for read in (Fields.lenenc_int, Fields.lenenc_bytes, lambda fields: fields.integer(1)):
            self.assertRaises(PeerError, read, Fields(b""))
        self.assertRaises(PeerError, Fields(b"\x05abcd").lenenc_bytes)
        self.assertRaises(PeerError, Fields(b"\xfe" + b"\xff" * 8).lenenc_bytes)
        self.assertRaises(PeerError, Fields(b"\xfd\x01\x02").lenenc_int)

    def test_no_number(self):
        """NULL and the mark of an error are no numbers."""
        for first in (b"\xfb", b"\xff"):
            self.assertRaises(PeerError, Fields(first + bytes(8)).lenenc_int)

    def test_until_nul(self):
        """A string ends at its NUL, which is skipped, or at the end of the packet."""
        fields = Fields(b"one\0\0two")
        self.assertEqual([fields.until_nul() for _ in range(4)], [b"one", b"", b"two", b""])
