"""Tests for L{comet.cometql.search}, L{comet.cometql.filters} and the plans of SELECT, INSERT and DELETE."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.filters import like
from comet.cometql.results import Kind
from comet.errors import (
    BadValue,
    ColumnTwice,
    DatabaseDenied,
    KeyRequired,
    NotAllowed,
    NotSupported,
    TooLong,
    TooManyRows,
    UnknownColumn,
    UnknownDatabase,
    UnknownFunction,
    UnknownTable,
    ValueCount,
)
from tests.cometql.talk import TalkTests


class SelectTests(TalkTests):
    """What a SELECT finds, and in which order."""

    def setUp(self):
        super().setUp()
        for user_id, key in ((1, "b"), (2, "a"), (3, "B"), (4, "a")):
            self.does(f"INSERT INTO users_auth VALUES ({user_id}, '{key}')", 1, user_id)

    def found(self, clauses, keys="1, 2, 3, 4"):
        return [user for (user,) in self.rows(f"SELECT id FROM users_auth WHERE id IN ({keys}) {clauses}")]

    def test_keys_give_the_order(self):
        """Rows come in the order of the keys, each once."""
        self.assertEqual(self.found("", "3, 1, 9, 3"), [3, 1])

    def test_keys_of_all_kinds(self):
        """A number may be quoted, have a point, come from a sum or be negative."""
        self.assertEqual(self.found("", "'1', 2.0, 1+2, 4e0, ' 1 ', '2.0', x'31'"), [1, 2, 3, 4])
        self.assertEqual(self.found("", "-1, '1a', 'one', 1.5, NULL, 1e10, '1_0', '١'"), [])
        self.assertEqual(self.rows("SELECT id FROM users_auth WHERE id = -1"), [])

    def test_conditions(self):
        """Other columns, and the key a second time, are conditions on what was found."""
        for clauses, ids in (
            ("AND hash = 'a'", [2, 4]),
            ("AND hash = a", [2, 4]),
            ("AND hash != 'a'", [1, 3]),
            ("AND hash <> 'a' AND id > 1", [3]),
            ("AND hash NOT IN ('a', 'b')", [3]),
            ("AND hash LIKE 'b%'", [1]),
            ("AND hash NOT LIKE 'a'", [1, 3]),
            ("AND id BETWEEN 2 AND 3", [2, 3]),
            ("AND id NOT BETWEEN 2 AND 3", [1, 4]),
            ("AND id BETWEEN 3 AND 2", []),
            ("AND id >= '3'", [3, 4]),
            ("AND id < 2", [1]),
            ("AND id <= 2.5", [1, 2]),
            ("AND id = 'x'", []),
            ("AND id < 'x'", []),
            ("AND id != 'x'", [1, 2, 3, 4]),
            ("AND hash = NULL", []),
            ("AND hash != NULL", []),
            ("AND hash IN (NULL, 'b')", [1]),
            ("AND hash NOT IN (NULL, 'b')", []),
            ("AND hash <=> NULL", []),
            ("AND hash <=> 'b'", [1]),
            ("AND hash IS NULL", []),
            ("AND hash IS NOT NULL", [1, 2, 3, 4]),
            ("AND id BETWEEN NULL AND 3", []),
        ):
            self.assertEqual(self.found(clauses), ids, clauses)

    def test_order(self):
        """By any columns, titles and places; upper and lower case differ."""
        for clauses, ids in (
            ("ORDER BY id DESC", [4, 3, 2, 1]),
            ("ORDER BY 1 DESC", [4, 3, 2, 1]),
            ("ORDER BY hash, id DESC", [3, 4, 2, 1]),
            ("ORDER BY users_auth.hash DESC, ID", [1, 2, 4, 3]),
        ):
            self.assertEqual(self.found(clauses), ids, clauses)
        rows = self.rows(
            "SELECT hash AS id, id AS x FROM users_auth WHERE users_auth.id IN (1, 2) ORDER BY x DESC"
        )
        self.assertEqual(rows, [("a", 2), ("b", 1)])
        self.assertEqual(
            self.rows("SELECT hash AS id FROM users_auth WHERE id IN (1, 2) ORDER BY id"), [("a",), ("b",)]
        )

    def test_limit(self):
        """All three forms count rows of the answer; quoted numbers count too."""
        for clauses, ids in (
            ("LIMIT 2", [1, 2]),
            ("LIMIT 0", []),
            ("LIMIT 1, 2", [2, 3]),
            ("LIMIT 2 OFFSET 3", [4]),
            ("LIMIT 10, 5", []),
            ("LIMIT '1'", [1]),
            ("LIMIT 18446744073709551615 OFFSET 2", [3, 4]),
            ("ORDER BY id DESC LIMIT 1", [4]),
        ):
            self.assertEqual(self.found(clauses), ids, clauses)
        self.refuses(BadValue, "SELECT id FROM users_auth WHERE id = 1 LIMIT 'x'", "LIMIT")
        self.refuses(BadValue, "SELECT id FROM users_auth WHERE id = 1 LIMIT 1.5", "LIMIT")

    def test_no_rows_need_no_key(self):
        """LIMIT 0 asks for the columns."""
        self.assertEqual(self.titles("SELECT `id`, `time` FROM `users_time` LIMIT 0"), ["id", "time"])
        self.assertEqual(self.rows("SELECT * FROM users_time LIMIT 0"), [])

    def test_titles(self):
        """Columns are called as they are written, with * as they are declared."""
        self.assertEqual(
            self.titles("SELECT ID, `hash` h, id 'x y' FROM users_auth WHERE id = 1"), ["ID", "h", "x y"]
        )
        self.assertEqual(self.titles("SELECT *, id FROM USERS_AUTH WHERE Id = 1"), ["id", "hash", "id"])
        self.assertEqual(self.titles("SELECT text FROM users_messages WHERE id = 1"), ["text"])
        self.assertEqual(self.titles("SELECT 'id' FROM users_auth WHERE \"id\" = 1"), ["id"])

    def test_types(self):
        """Numeric columns are numbers, with their declared lengths and tables."""
        columns = self.run_("SELECT * FROM users_auth WHERE id = 1").columns
        self.assertEqual([column.kind for column in columns], [Kind.INT, Kind.VARCHAR])
        self.assertEqual([column.length for column in columns], [11, 32])
        self.assertEqual([column.key for column in columns], [True, False])
        self.assertEqual({column.table for column in columns}, {"users_auth"})

    def test_qualified(self):
        """Names may be qualified by the table, its alias or the database, and by nothing else."""
        for text in (
            "SELECT `users_auth`.`id` AS `id` FROM `users_auth` WHERE `users_auth`.`id` IN (1, 12)",
            "SELECT t.id FROM users_auth t WHERE t.id in (1, 12)",
            "SELECT t.* FROM users_auth AS t WHERE (`t`.`id` IN (1, 12)) ORDER BY t.hash LIMIT 5",
            "SELECT CometQL_v1.users_auth.id FROM users_auth WHERE id = 1",
            "SELECT db_0.users_auth.id FROM db_0.users_auth WHERE id = 1",
            "SELECT id FROM cometql_V1.users_auth WHERE USERS_AUTH.ID = 1",
        ):
            self.assertEqual([row[0] for row in self.rows(text)], [1], text)
        for text in (
            "SELECT users_time.id FROM users_auth WHERE id = 1",
            "SELECT users_auth.id FROM users_auth t WHERE t.id = 1",
            "SELECT x.* FROM users_auth WHERE id = 1",
            "SELECT db_1.users_auth.id FROM users_auth WHERE id = 1",
        ):
            self.refuses(UnknownColumn, text, "'field list'")
        self.refuses(UnknownDatabase, "SELECT id FROM other.users_auth WHERE id = 1", "'other'")
        self.refuses(NotAllowed, "SELECT id FROM mysql.users_auth WHERE id = 1", "'mysql'")
        self.refuses(DatabaseDenied, "SELECT id FROM db_4.users_auth WHERE id = 1", talk=self.open("3", 3))

    def test_unknown(self):
        """Tables and columns that do not exist, and where they were named."""
        self.refuses(UnknownTable, "SELECT * FROM nope", "'CometQL_v1.nope'")
        self.refuses(UnknownTable, "INSERT INTO nope VALUES (1)", "'CometQL_v1.nope'")
        self.refuses(UnknownTable, "DELETE FROM d.nope", "'d.nope'")
        self.refuses(UnknownColumn, "SELECT nope FROM users_auth WHERE id = 1", "'nope'", "'field list'")
        self.refuses(UnknownColumn, "SELECT id FROM users_auth WHERE nope = 1", "'nope'", "'where clause'")
        self.refuses(UnknownColumn, "SELECT id FROM users_auth WHERE id = 1 ORDER BY nope", "'order clause'")
        self.refuses(UnknownColumn, "SELECT id FROM users_auth WHERE id = 1 ORDER BY 2", "'order clause'")
        self.refuses(UnknownColumn, "SELECT id FROM users_auth WHERE id = 1 ORDER BY 0", "'order clause'")
        self.refuses(UnknownColumn, "INSERT INTO users_auth (id, uuid) VALUES (1, 'x')", "'uuid'")
        self.refuses(UnknownColumn, "INSERT INTO users_auth (t.id, hash) VALUES (1, 'x')", "'t.id'")

    def test_without_a_key(self):
        """A SELECT that names no key looks at all rows, by pages if it likes, at no more than it needs."""
        self.run_("INSERT INTO users_auth VALUES " + ", ".join(f"({n}, 'k{n % 2}')" for n in range(1, 8)))
        for clause, wanted in (
            ("", [1, 2, 3, 4, 5, 6, 7]),
            ("LIMIT 0, 3", [1, 2, 3]),
            ("LIMIT 3 OFFSET 6", [7]),
            ("ORDER BY id DESC LIMIT 2", [7, 6]),
            ("WHERE hash = 'k0'", [2, 4, 6]),
            ("WHERE id > 5", [6, 7]),
            ("WHERE id NOT IN (1, 2, 3) AND hash = 'k1' LIMIT 1", [5]),
        ):
            self.assertEqual([user for (user,) in self.rows(f"SELECT id FROM users_auth {clause}")], wanted)
        with mock.patch("comet.cometql.search.MOST_ROWS", 6):
            self.assertEqual(len(self.rows("SELECT * FROM users_auth LIMIT 5")), 5)
            for clause in ("", "LIMIT 7", "WHERE hash = 'k0' LIMIT 1", "ORDER BY hash LIMIT 1"):
                self.refuses(TooManyRows, f"SELECT * FROM users_auth {clause}", "6 rows")
        with mock.patch("comet.cometql.search.MOST_BYTES", 5):
            self.refuses(TooManyRows, "SELECT * FROM users_auth", "5 bytes")

    def test_keys_are_needed(self):
        """A DELETE without a key, or with one that is compared in another way, is refused."""
        for clause in (
            "",
            "WHERE hash = 'a'",
            "WHERE id > 1",
            "WHERE id != 1",
            "WHERE id NOT IN (1)",
            "WHERE id LIKE 1",
        ):
            self.refuses(KeyRequired, f"DELETE FROM users_auth {clause}", "DELETE", "users_auth", "id")
        self.refuses(NotSupported, "SELECT * FROM users_auth WHERE id = 1 AND hash = id")


class InsertTests(TalkTests):
    """Columns and values of an INSERT, whatever the table."""

    def test_columns(self):
        """Each column once, and a value for each."""
        self.refuses(ColumnTwice, "INSERT INTO users_auth (id, ID) VALUES (1, 2)", "'id'")
        self.refuses(
            ColumnTwice,
            "INSERT INTO pipes_messages (name, text, message) VALUES ('chat', 'x', 'y')",
            "'message'",
        )
        self.refuses(ValueCount, "INSERT INTO users_auth (id, hash) VALUES (1)", "row 1")
        self.refuses(ValueCount, "INSERT INTO users_auth VALUES (1, 'x'), (1, 'x', 2)", "row 2")

    def test_computed_values(self):
        """Functions and sums give values; columns in any order."""
        self.does("INSERT INTO users_auth (hash, id) VALUES (CONCAT('a', 1 + 1), 2 * 3)", 1, 6)
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 6"), [(6, "a2")])
        self.refuses(UnknownFunction, "INSERT INTO users_auth VALUES (1, SLEEP('x'))", "SLEEP")

    def test_insert_id_is_that_of_the_first_row(self):
        """As with AUTO_INCREMENT."""
        result = self.run_("INSERT INTO users_auth VALUES (7, 'a'), (8, 'b')")
        self.assertEqual((result.affected, result.insert_id), (2, 7))
        self.assertIn("Records: 2", result.info)

    def test_many_rows(self):
        """Thousands of rows in one statement."""
        rows = ", ".join(f"({user_id}, 'k{user_id}')" for user_id in range(1, 2001))
        self.does(f"INSERT INTO users_auth (id, hash) VALUES {rows}", 2000, 1)
        self.assertEqual(self.rows("SELECT hash FROM users_auth WHERE id = 2000"), [("k2000",)])


class LikeTests(SynchronousTestCase):
    """Patterns."""

    def test_signs(self):
        """Any characters, one character, and the signs themselves."""
        for pattern, text, expected in (
            ("a%", "abc", True),
            ("a%", "ba", False),
            ("%c", "abc", True),
            ("%b%", "abc", True),
            ("a_c", "abc", True),
            ("a_c", "ac", False),
            ("%", "", True),
            ("", "", True),
            ("", "a", False),
            ("a.c", "abc", False),
            (r"a\_c", "abc", False),
            (r"a\_c", "a_c", True),
            (r"100\%", "100%", True),
            ("%a%b%a%", "xaxxbxa", True),
            ("%a%b%a%", "xaxxbx", False),
            ("%ab", "abab", True),
            ("a%a", "a", False),
            ("A%", "abc", False),
            ("a%", "a\nb", True),
        ):
            self.assertEqual(like(pattern, caseless=False)(text), expected, (pattern, text))
        self.assertTrue(like("LOWER%", caseless=True)("lower_case"))

    @given(st.text("a_%", max_size=6), st.text("ab", max_size=8))
    def test_as_the_definition_says(self, pattern, text):
        """The same as trying every way in which the signs can be filled."""

        def plainly(pattern, text):
            if not pattern:
                return not text
            if pattern[0] == "%":
                return any(plainly(pattern[1:], text[start:]) for start in range(len(text) + 1))
            return bool(text) and pattern[0] in ("_", text[0]) and plainly(pattern[1:], text[1:])

        self.assertEqual(like(pattern, caseless=False)(text), plainly(pattern, text))

    def test_hostile_patterns(self):
        """Many signs over a long text that almost matches do not take long, and patterns are bounded."""
        self.assertFalse(like("%a" * 400 + "b", caseless=False)("a" * 20_000))
        self.assertRaises(TooLong, like, "%" * 1001, False)
