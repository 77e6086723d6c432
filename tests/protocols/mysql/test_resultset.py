"""Tests for L{comet.protocols.mysql.resultset}."""

from decimal import Decimal

from hypothesis import given
from hypothesis.strategies import binary, decimals, floats, integers, lists, none, text
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.results import Column, Kind, Rows
from comet.protocols.mysql.framing import PacketWriter
from comet.protocols.mysql.replies import Terms
from comet.protocols.mysql.resultset import (
    WIRE_TYPES,
    FieldList,
    ResultSet,
    column_payload,
    row_payload,
)
from tests.protocols.mysql import client

NOT_NULL, PRI_KEY, BLOB, BINARY, NUM = 1, 2, 0x10, 0x80, 0x8000


def wire(reply, terms):
    """@return: C{reply} as a stream of frames."""
    return b"".join(PacketWriter().pieces(reply.payloads(terms)))


class ColumnTests(SynchronousTestCase):
    """Column definitions."""

    def seen(self, kind, **more):
        """@return: what a client sees of a column."""
        return client.read_column(column_payload(Column("name", kind, **more), Terms(schema="db")))

    def test_every_kind(self):
        """There is a wire type for every kind of column."""
        self.assertEqual(set(WIRE_TYPES), set(Kind))

    def test_numbers(self):
        """Numbers have numeric types, the binary collation and the flag that says so."""
        types = {Kind.INT: 3, Kind.BIGINT: 8, Kind.DOUBLE: 5, Kind.DECIMAL: 0xF6}
        for kind, number in types.items():
            seen = self.seen(kind, length=11)
            self.assertEqual((seen.kind, seen.charset, seen.length), (number, 63, 11))
            self.assertEqual(seen.flags, NOT_NULL | BINARY | NUM)

    def test_text(self):
        """Text is utf8mb4; a length counts four bytes a character, and is never over a MEDIUMTEXT's."""
        seen = self.seen(Kind.VARCHAR, length=64)
        self.assertEqual((seen.kind, seen.charset, seen.length, seen.flags), (0xFD, 45, 256, NOT_NULL))
        seen = self.seen(Kind.TEXT, length=1 << 24)
        self.assertEqual((seen.kind, seen.charset, seen.length), (0xFC, 45, (1 << 24) - 1))
        self.assertEqual(seen.flags, NOT_NULL | BLOB)

    def test_flags(self):
        """A column may be NULL, or the key."""
        self.assertEqual(self.seen(Kind.VARCHAR, nullable=True).flags, 0)
        self.assertEqual(self.seen(Kind.VARCHAR, key=True).flags, NOT_NULL | PRI_KEY)
        self.assertEqual(self.seen(Kind.NULL, nullable=True).flags, BINARY)

    def test_scale(self):
        """An exact number says how many decimals it has, as far as MySQL has them; a float that it varies."""
        self.assertEqual([self.seen(Kind.DECIMAL, scale=scale).decimals for scale in (0, 2, 40)], [0, 2, 30])
        self.assertEqual(self.seen(Kind.DOUBLE).decimals, 31)
        self.assertEqual(self.seen(Kind.INT).decimals, 0)

    def test_names(self):
        """A column of a table names it and its database, a computed one does not."""
        seen = self.seen(Kind.INT, table="t")
        self.assertEqual((seen.catalog, seen.schema, seen.table, seen.name), (b"def", b"db", b"t", b"name"))
        seen = self.seen(Kind.INT)
        self.assertEqual((seen.schema, seen.table), (b"", b""))


class RowTests(SynchronousTestCase):
    """Rows in the text protocol."""

    @given(
        lists(
            none()
            | text()
            | binary(max_size=300)
            | integers()
            | floats(allow_nan=False, allow_infinity=False)
        )
    )
    def test_values_come_back(self, values):
        """A client reads the text of every value; NULL is not the empty string."""

        def written(value):
            if value is None or isinstance(value, bytes):
                return value
            return value.encode() if isinstance(value, str) else repr(value).encode()

        self.assertEqual(client.read_strings(row_payload(values)), [written(value) for value in values])

    @given(decimals(allow_nan=False, allow_infinity=False, places=4))
    def test_decimals(self, value):
        """Decimals are written in full, without an exponent."""
        (seen,) = client.read_strings(row_payload([value]))
        self.assertEqual(Decimal(seen.decode()), value)
        self.assertNotIn(b"E", seen)

    def test_lone_surrogate(self):
        """A text that is not Unicode does not break the row."""
        self.assertEqual(row_payload(["a\ud800"]), b"\x02a?")


class ResultSetTests(SynchronousTestCase):
    """Whole results."""

    columns = (Column("n", Kind.INT, table="t"), Column("s"))

    def test_rows(self):
        """Columns and rows come one after the other, with the ends where the client wants them."""
        for deprecate in (False, True):
            reply = ResultSet(Rows(self.columns, iter([(1, "one"), (2, None)])))
            stream = wire(reply, Terms(deprecate_eof=deprecate))
            expected = [b"n", b"s"], [[b"1", b"one"], [b"2", None]]
            self.assertEqual(client.read_rows(stream, deprecate), expected)

    def test_no_rows(self):
        """A result may be empty."""
        stream = wire(ResultSet(Rows(self.columns, ())), Terms())
        self.assertEqual(client.read_rows(stream), ([b"n", b"s"], []))

    def test_fields(self):
        """A list of fields has no count, a default of NULL for each, and one end."""
        first, second, end = client.payloads(wire(FieldList(self.columns), Terms(schema="db")))
        self.assertEqual(client.read_column(first).schema, b"db")
        self.assertEqual((first[-1], second[-1]), (0xFB, 0xFB))
        self.assertEqual(end, b"\xfe\0\0\x02\0")
