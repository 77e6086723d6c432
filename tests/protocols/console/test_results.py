"""Tests for L{comet.protocols.console.results}."""

from __future__ import annotations

import json
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.results import Column, Done, Kind, Rows
from comet.errors import UnknownTable
from comet.protocols.console.results import MOST_CELL, MOST_CHARACTERS, MOST_ROWS, Sheet, cell_of

COLUMNS = (Column("n", Kind.BIGINT), Column("text", Kind.TEXT))


class SheetTests(SynchronousTestCase):
    """What a page is told of results."""

    def test_rows(self):
        """Columns by name and type, rows in order, how long it took."""
        sheet = Sheet()
        sheet.add(Rows(COLUMNS, [(1, "a"), (2, None)]), 0.0012345678)
        columns = [{"name": "n", "type": "bigint"}, {"name": "text", "type": "mediumtext"}]
        told = {"columns": columns, "rows": [[1, "a"], [2, None]], "more": False, "seconds": 0.001235}
        self.assertEqual(sheet.content, {"results": [told], "error": None})

    def test_done(self):
        """What was affected; the id as text, as it may have 64 bits."""
        sheet = Sheet()
        sheet.add(Done(2, (1 << 63) + 1, 1, "Rows matched: 2"), 0.0)
        told = {
            "affected": 2,
            "insert_id": "9223372036854775809",
            "warnings": 1,
            "info": "Rows matched: 2",
            "seconds": 0.0,
        }
        self.assertEqual(sheet.results, [told])

    def test_error(self):
        """The numbers of MySQL and of CppComet, and which statement it was."""
        sheet = Sheet()
        sheet.add(Done(), 0.0)
        sheet.refuse(UnknownTable("Table 'x' doesn't exist"))
        told = {
            "number": 1146,
            "sqlstate": "42S02",
            "code": 15,
            "message": "Table 'x' doesn't exist",
            "statement": 1,
        }
        self.assertEqual(sheet.error, told)

    def test_many_rows(self):
        """So many are shown; that there are more is told, and they are not even made."""
        made = []

        def rows():
            for number in range(10 * MOST_ROWS):
                made.append(number)
                yield (number, "")

        for count, more in ((MOST_ROWS, False), (MOST_ROWS + 1, True)):
            sheet = Sheet()
            sheet.add(Rows(COLUMNS, [(n, "") for n in range(count)]), 0.0)
            (told,) = sheet.results
            self.assertEqual((len(told["rows"]), told["more"]), (MOST_ROWS, more))
        Sheet().add(Rows(COLUMNS, rows()), 0.0)
        self.assertEqual(len(made), MOST_ROWS + 1)

    def test_much_text(self):
        """All results of a text together have a bound, which no row goes far beyond."""
        sheet, text = Sheet(), "x" * MOST_CELL
        for _ in range(3):
            sheet.add(Rows(COLUMNS, [(1, text)] * 100), 0.0)
        self.assertEqual([len(each["rows"]) for each in sheet.results], [16, 0, 0])
        self.assertTrue(all(each["more"] for each in sheet.results))
        self.assertLess(len(json.dumps(sheet.content)), MOST_CHARACTERS + 2 * MOST_CELL)

    def test_cells(self):
        """Each kind of value, as JavaScript can read it without loss."""
        for value, told in (
            (None, None),
            (5, 5),
            (-(1 << 53) + 1, -(1 << 53) + 1),
            (1 << 53, "9007199254740992"),
            (0.5, 0.5),
            (float("inf"), "inf"),
            (Decimal("1.20"), "1.20"),
            ("<b>", "<b>"),
            ("é".encode(), "é"),
            (b"\xff\x00", "0xff00"),
            ("x" * (MOST_CELL + 1), "x" * MOST_CELL + "…"),
        ):
            self.assertEqual(cell_of(value), told)
