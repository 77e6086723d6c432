"""Tests for L{comet.protocols.mysql.parameters}."""

import struct
from decimal import Decimal

from hypothesis import given
from hypothesis.strategies import binary, floats, integers
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadText, BadValue, PeerError, WrongArguments
from comet.protocols.mysql.charsets import UTF8
from comet.protocols.mysql.parameters import READERS, read_values
from tests.protocols.mysql import client


def execution(*parameters):
    """@return: the parameters, each a type, a flag and its bytes or C{None}, as an execution brings them."""
    nulls = sum(1 << place for place, (_, _, data) in enumerate(parameters) if data is None)
    types = b"".join(bytes(parameter[:2]) for parameter in parameters)
    values = b"".join(data or b"" for _, _, data in parameters)
    return nulls.to_bytes((len(parameters) + 7) // 8, "little") + b"\1" + types + values


def read(*parameters):
    """@return: the values that are read of an execution with these parameters."""
    return read_values(execution(*parameters), (), len(parameters), {}, UTF8.decode)[1]


class ValueTests(SynchronousTestCase):
    """What the types stand for."""

    def reads(self, kind, data, value, flag=0):
        (found,) = read((kind, flag, data))
        self.assertEqual((found, type(found)), (value, type(value)))

    def test_integers(self):
        """Whole numbers of every size, with and without a sign."""
        for kind, size in ((1, 1), (2, 2), (13, 2), (3, 4), (9, 4), (8, 8)):
            self.reads(kind, b"\xff" * size, -1)
            self.reads(kind, b"\xff" * size, 256**size - 1, flag=0x80)

    def test_floats(self):
        """Numbers of eight bytes come as they are, those of four with the digits they were written with."""
        self.reads(5, struct.pack("<d", 145.0), 145.0)
        self.reads(4, struct.pack("<f", 0.1), 0.1)
        self.reads(4, b"\xff\xff\x7f\x7f", struct.unpack("<f", b"\xff\xff\x7f\x7f")[0])

    @given(floats(width=32, allow_nan=False, allow_infinity=False))
    def test_every_float(self, number):
        """Whatever digits are chosen, they stand for the same four bytes."""
        (found,) = read((4, 0, struct.pack("<f", number)))
        self.assertEqual(struct.unpack("<f", struct.pack("<f", found))[0], number)

    def test_not_finite(self):
        """No column holds what is not a number, or infinite."""
        for kind, code, number in ((4, "<f", "inf"), (5, "<d", "nan"), (5, "<d", "-inf")):
            self.assertRaises(BadValue, read, (kind, 0, struct.pack(code, float(number))))

    def test_decimals(self):
        """Exact numbers are text."""
        self.reads(0xF6, client.short(b"-1.50"), Decimal("-1.50"))
        self.reads(0x00, client.short(b"7"), Decimal(7))
        for wrong in (b"", b"x", b"nan", b"1" * 101, b"\xe9"):
            self.assertRaises(BadValue, read, (0xF6, 0, client.short(wrong)))

    def test_text(self):
        """Text is decoded, and bytes are not."""
        for kind in (0x0F, 0xF5, 0xF7, 0xF8, 0xFD, 0xFE):
            self.reads(kind, client.short("é😀\\'".encode()), "é😀\\'")
            self.assertRaises(BadText, read, (kind, 0, client.short(b"\xff")))
        for kind in (0x10, 0xF9, 0xFA, 0xFB, 0xFC):
            self.reads(kind, client.short(b"\xff\0"), b"\xff\0")

    def test_dates(self):
        """Dates and times are text, with what a client left out."""
        day, time = struct.pack("<HBB", 2020, 2, 29), b"\x17\x3b\x05"
        self.reads(0x0A, client.short(day), "2020-02-29")
        for kind in (0x07, 0x0C):
            self.reads(kind, client.short(b""), "0000-00-00 00:00:00")
            self.reads(kind, client.short(day), "2020-02-29 00:00:00")
            self.reads(kind, client.short(day + time), "2020-02-29 23:59:05")
            self.reads(kind, client.short(day + time + struct.pack("<I", 7)), "2020-02-29 23:59:05.000007")
        self.assertRaises(PeerError, read, (0x0C, 0, client.short(b"12345")))

    def test_times(self):
        """Spans of time are text, in hours however many days they have."""
        self.reads(0x0B, client.short(b""), "00:00:00")
        self.reads(0x0B, client.short(b"\0\2\0\0\0\1\2\3"), "49:02:03")
        self.reads(0x0B, client.short(b"\1\0\0\0\0\1\2\3\5\0\0\0"), "-01:02:03.000005")
        self.assertRaises(PeerError, read, (0x0B, 0, client.short(b"1")))

    def test_null(self):
        """NULL is a bit, or a type; nothing is sent of it."""
        self.assertEqual(read((3, 0, None), (6, 0, b""), (1, 0, b"\5")), [None, None, 5])
        self.assertEqual(read(*[(1, 0, None if n % 3 else b"\1") for n in range(20)])[18:], [1, None])


class ExecutionTests(SynchronousTestCase):
    """The values as a whole."""

    def test_types_are_kept(self):
        """An execution that says nothing of types has those of the last one."""
        readers, _ = read_values(execution((1, 0, b"\1")), (), 1, {}, UTF8.decode)
        self.assertEqual(read_values(b"\0\0\7", readers, 1, {}, UTF8.decode)[1], [7])

    def test_no_types(self):
        """The first execution has to name the types."""
        self.assertRaises(WrongArguments, read_values, b"\0\0\7", (), 1, {}, UTF8.decode)

    def test_sent_beforehand(self):
        """A value that was sent beforehand is not in the execution; its type still counts."""
        data = execution((0xFE, 0, b""), (1, 0, b"\5"), (0xFC, 0, None))
        _, values = read_values(data, (), 3, {0: "é".encode(), 2: b"\xff"}, UTF8.decode)
        self.assertEqual(values, ["é", 5, b"\xff"])

    def test_unknown_type(self):
        """A type that no parameter has breaks the protocol."""
        self.assertRaises(PeerError, read, (0xFF, 0, b"\0"))

    @given(binary(max_size=40), integers(1, 20))
    def test_anything(self, data, count):
        """Whatever comes gives as many values as there are parameters, or an error that is allowed."""
        try:
            _, values = read_values(data, (), count, {}, UTF8.decode)
        except (PeerError, WrongArguments, BadValue, BadText):
            return
        self.assertEqual(len(values), count)

    def test_cut_off(self):
        """What is cut off breaks the protocol, wherever."""
        whole = execution((8, 0, bytes(8)), (0xFE, 0, client.short(b"text")))
        for end in range(len(whole)):
            self.assertRaises(PeerError, read_values, whole[:end], (), 2, {}, UTF8.decode)

    def test_every_type_has_both_flags(self):
        """Each type is read with and without the flag for no sign."""
        kinds = {kind for kind, _ in READERS}
        self.assertEqual(set(READERS), {(kind, flag) for kind in kinds for flag in (0, 0x80)})
