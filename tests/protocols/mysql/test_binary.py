"""Tests for L{comet.protocols.mysql.binary}."""

import struct
from decimal import Decimal

from hypothesis import given
from hypothesis.strategies import binary, data, floats, integers, lists, none, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.results import Column, Kind, Rows
from comet.protocols.mysql.binary import BinaryResultSet, CursorOpened, Fetched, PrepareOk, row_encoder
from comet.protocols.mysql.charsets import named
from comet.protocols.mysql.framing import PacketReader, PacketWriter
from comet.protocols.mysql.replies import Terms
from tests.protocols.mysql import client

VALUES = {
    Kind.INT: integers(-(1 << 31), (1 << 31) - 1),
    Kind.BIGINT: integers(-(1 << 63), (1 << 63) - 1),
    Kind.DOUBLE: floats(allow_nan=False),
    Kind.TEXT: text(max_size=20),
    Kind.VARCHAR: binary(max_size=20),
}


def read_row(payload, kinds):
    """@return: the values of a row in binary, read as the manual says."""
    assert payload[0] == 0
    at = 1 + (len(kinds) + 9) // 8
    nulls = int.from_bytes(payload[1:at], "little")
    values = []
    for place, kind in enumerate(kinds):
        if nulls >> place + 2 & 1:
            values.append(None)
        elif kind in (Kind.TEXT, Kind.VARCHAR):
            size = payload[at]
            value = payload[at + 1 : at + 1 + size]
            values.append(value.decode() if kind is Kind.TEXT else value)
            at += 1 + size
        else:
            code = {Kind.INT: "<i", Kind.BIGINT: "<q", Kind.DOUBLE: "<d"}[kind]
            values += struct.unpack_from(code, payload, at)
            at += struct.calcsize(code)
    assert at == len(payload)
    return values


class RowTests(SynchronousTestCase):
    """Rows in binary."""

    @given(data())
    def test_round_trip(self, given_data):
        """A client reads what was put in, by the types of the definitions."""
        kinds = given_data.draw(lists(sampled_from(list(VALUES)), max_size=20))
        row = [given_data.draw(none() | VALUES[kind]) for kind in kinds]
        encode = row_encoder([Column("c", kind) for kind in kinds], Terms())
        self.assertEqual(read_row(encode(row), kinds), row)

    def encoded(self, kind, value, terms=None, **more):
        return row_encoder([Column("c", kind, **more)], terms or Terms())([value])[2:]

    def test_decimal(self):
        """Exact numbers travel as text."""
        self.assertEqual(self.encoded(Kind.DECIMAL, Decimal("-1.50")), b"\x05-1.50")

    def test_moments(self):
        """Dates and times have a form of their own, which leaves out a fraction of zero."""
        for kind, moment, wanted in (
            (Kind.DATETIME, "2023-11-14 22:13:20", b"\x07\xe7\x07\x0b\x0e\x16\x0d\x14"),
            (Kind.DATETIME, "2023-11-14 22:13:20.5", b"\x0b\xe7\x07\x0b\x0e\x16\x0d\x14\x20\xa1\x07\0"),
            (Kind.DATE, "2023-11-14", b"\x04\xe7\x07\x0b\x0e"),
            (Kind.TIME, "22:13:20", b"\x08\0\0\0\0\0\x16\x0d\x14"),
            (Kind.TIME, "-49:00:01.000001", b"\x0c\1\2\0\0\0\1\0\1\1\0\0\0"),
        ):
            self.assertEqual(self.encoded(kind, moment), wanted, moment)

    def test_unsigned(self):
        """The greatest of numbers without a sign has all bits."""
        self.assertEqual(self.encoded(Kind.BIGINT, (1 << 64) - 1, unsigned=True), b"\xff" * 8)

    def test_text_column_with_numbers(self):
        """Numbers in a column of text are text."""
        self.assertEqual(self.encoded(Kind.VARCHAR, 15), b"\x0215")

    def test_charset(self):
        """Text is written in the character set of the client."""
        self.assertEqual(self.encoded(Kind.TEXT, "é", Terms(results=named("latin1"))), b"\x01\xe9")


class ReplyTests(SynchronousTestCase):
    """The packets around the rows."""

    columns = (Column("n", Kind.INT), Column("s", Kind.TEXT))

    def payloads(self, reply, **terms):
        return list(reply.payloads(Terms(**terms)))

    def test_result_set(self):
        """The columns and the rows each end in an EOF, or the rows in an OK for those who want no EOF."""
        reply = BinaryResultSet(Rows(self.columns, [(1, "x")]))
        count, _, _, eof, row, end = self.payloads(reply)
        self.assertEqual((count, eof, end), (b"\2", b"\xfe\0\0\2\0", b"\xfe\0\0\2\0"))
        self.assertEqual(read_row(row, [Kind.INT, Kind.TEXT]), [1, "x"])
        self.assertEqual(self.payloads(reply, deprecate_eof=True)[3:], [row, b"\xfe\0\0\2\0\0\0"])

    def test_prepared(self):
        """The answer to a PREPARE counts and describes parameters and columns, as far as there are any."""

        class Statement:
            parameters, columns = 2, self.columns

        head, *rest = self.payloads(PrepareOk(9, Statement))
        self.assertEqual(head, b"\0\x09\0\0\0\2\0\2\0\0\0\0")
        names = [client.read_column(rest[place]).name for place in (0, 1, 3, 4)]
        self.assertEqual(names, [b"?", b"?", b"n", b"s"])
        self.assertEqual([rest[2], rest[5]], [b"\xfe\0\0\2\0"] * 2)
        self.assertEqual(len(self.payloads(PrepareOk(9, Statement), deprecate_eof=True)), 5)
        Statement.parameters, Statement.columns = 0, ()
        self.assertEqual(self.payloads(PrepareOk(9, Statement)), [b"\0\x09\0\0\0\0\0\0\0\0\0\0"])

    def test_cursor(self):
        """The status tells whether rows wait, and which answer has the last of them."""
        self.assertEqual(self.payloads(CursorOpened(self.columns))[-1], b"\xfe\0\0\x42\0")
        more, last = Fetched(self.columns, [(1, "x")], False), Fetched(self.columns, [], True)
        self.assertEqual(self.payloads(more)[1:], [b"\xfe\0\0\x42\0"])
        self.assertEqual(self.payloads(last, deprecate_eof=True), [b"\xfe\0\0\x82\0\0\0"])

    def test_large_row(self):
        """A row over 16 MiB goes out in several frames, and comes in as one."""
        value = "é" * (9 << 20)
        stream = PacketWriter().pieces(BinaryResultSet(Rows(self.columns, [(1, value)])).payloads(Terms()))
        reader = PacketReader(1 << 25)
        found = []
        for piece in stream:
            reader.feed(piece)
            found += reader
        self.assertEqual([packet.sequence for packet in found], [0, 1, 2, 3, 4, 6])
        self.assertTrue(found[4].payload.endswith(value.encode()))
        self.assertEqual(len(found[4].payload), 2 + 4 + 9 + (18 << 20))
