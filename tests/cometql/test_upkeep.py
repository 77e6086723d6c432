"""Tests for L{comet.cometql.upkeep}."""

from __future__ import annotations

from comet.errors import DatabaseDenied, NotAllowed
from tests.cometql.talk import TalkTests


class UpkeepTests(TalkTests):
    """CHECK TABLE and its like."""

    def test_nothing_to_do(self):
        """A note for each table, in the words of MySQL for such an engine."""
        note = "The storage engine for the table doesn't support {}"
        for verb in ("check", "analyze", "optimize", "repair"):
            text = note.format(verb)
            self.assertEqual(
                self.rows(f"{verb} TABLE users_auth, db_3.pipes"),
                [("CometQL_v1.users_auth", verb, "note", text), ("db_3.pipes", verb, "note", text)],
            )
        self.assertEqual(self.titles("CHECK TABLE pipes"), ["Table", "Op", "Msg_type", "Msg_text"])

    def test_no_such_table(self):
        """It is an error among the rows, and the other tables are told of."""
        rows = self.rows("CHECK TABLE nope, pipes")
        self.assertEqual([row[2] for row in rows], ["Error", "status", "note"])
        self.assertIn("nope", rows[0][3])
        self.assertEqual(rows[1][3], "Operation failed")

    def test_databases(self):
        """Those that describe others count, too; those of another tenant are refused."""
        self.assertEqual(self.rows("CHECK TABLE information_schema.TABLES")[0][2], "note")
        self.run_("USE information_schema")
        self.assertEqual(self.rows("CHECK TABLE TABLES")[0][0], "information_schema.TABLES")
        self.refuses(NotAllowed, "CHECK TABLE mysql.user")
        self.refuses(DatabaseDenied, "CHECK TABLE db_4.pipes", talk=self.open("3", 3))

    def test_checksum(self):
        """There is none."""
        self.assertEqual(self.rows("CHECKSUM TABLE pipes"), [("CometQL_v1.pipes", None)])
        self.assertEqual(self.titles("CHECKSUM TABLE pipes"), ["Table", "Checksum"])
