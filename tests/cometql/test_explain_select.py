"""Tests for L{comet.cometql.explain_select}."""

from __future__ import annotations

from comet.errors import DatabaseDenied, NotSupported, SyntaxRefused, UnknownTable
from tests.cometql.talk import TalkTests

#: Statements, and of each table: name, type, key, what that is compared with, rows.
WAYS = (
    ("SELECT hash FROM users_auth WHERE id = 7", [("users_auth", "const", "PRIMARY", "const", 1)]),
    ("SELECT * FROM users_auth WHERE id IN (7, 8)", [("users_auth", "range", "PRIMARY", "const", 2)]),
    ("SELECT * FROM users_auth WHERE hash = 'a'", [("users_auth", "ALL", None, None, None)]),
    ("SELECT * FROM pipes_messages WHERE name = 'chat'", [("pipes_messages", "ref", "name", "const", None)]),
    ("SELECT * FROM presence_events WHERE seq > 120", [("presence_events", "range", "PRIMARY", None, None)]),
    (
        "SELECT a.id, t.time FROM users_auth AS a JOIN users_time t ON t.id = a.id WHERE a.id IN (7, 8)",
        [
            ("users_auth", "range", "PRIMARY", "const", 2),
            ("users_time", "eq_ref", "PRIMARY", "users_auth.id", 1),
        ],
    ),
    ("WITH x AS (SELECT name FROM pipes) SELECT * FROM x", [("pipes", "ALL", None, None, None)]),
    ("SELECT * FROM information_schema.TABLES", [("TABLES", "ALL", None, None, None)]),
    ("(SELECT COUNT(*) FROM users_data) LIMIT 1", [("users_data", "ALL", None, None, None)]),
    ("SELECT * FROM users_auth WHERE 1 = 0", [("users_auth", None, None, None, None)]),
    ("SELECT 1", [(None, None, None, None, None)]),
)


class ExplainSelectTests(TalkTests):
    """By which keys rows are looked up."""

    def test_ways(self):
        """Each table in its place, and all that C{EXPLAIN} may be called."""
        for text, ways in WAYS:
            for word in ("EXPLAIN", "DESC", "describe", "EXPLAIN EXTENDED"):
                if word.endswith("EXTENDED") and text.startswith("("):
                    continue
                rows = self.rows(f"{word} {text}")
                self.assertEqual([(row[2], row[4], row[6], row[8], row[9]) for row in rows], ways, text)

    def test_columns(self):
        """They are those of MySQL, and known before the statement is run."""
        names = self.titles("EXPLAIN SELECT 1")
        self.assertEqual(names[:5], ["id", "select_type", "table", "partitions", "type"])
        self.assertEqual(names[5:9], ["possible_keys", "key", "key_len", "ref"])
        self.assertEqual(names[9:], ["rows", "filtered", "Extra"])
        prepared = self.talk.prepare("EXPLAIN SELECT * FROM users_auth WHERE id = ?")
        self.assertEqual(([column.name for column in prepared.columns], prepared.parameters), (names, 1))

    def test_remarks(self):
        """What there is to say besides."""
        self.run_("INSERT INTO pipes_settings (name, length) VALUES ('chat', 10)")
        self.assertEqual(
            self.rows("EXPLAIN SELECT * FROM pipes_settings LIMIT 1")[0][11], "all rows are looked at"
        )
        self.assertEqual(self.rows("EXPLAIN SELECT 1")[0][11], "No tables used")
        self.assertEqual(self.rows("EXPLAIN SELECT * FROM pipes WHERE 1 = 0")[0][11], "Impossible WHERE")

    def test_refused(self):
        """As the statement itself would be; of others but SELECT and INSERT nothing is told."""
        self.refuses(UnknownTable, "EXPLAIN SELECT * FROM nothing")
        self.refuses(SyntaxRefused, "EXPLAIN SELECT FROM WHERE")
        self.refuses(DatabaseDenied, "EXPLAIN SELECT * FROM db_4.pipes", talk=self.open("3", 3))
        for text in ("EXPLAIN DELETE FROM users_auth WHERE id = 1", "EXPLAIN FORMAT=JSON SELECT 1"):
            self.refuses(NotSupported, text)
