"""Tests for REPLACE, L{comet.cometql.update}: UPDATE and ON DUPLICATE KEY UPDATE."""

from comet.cometql.interface import Login
from comet.errors import BadValue, ColumnTwice, KeyRequired, NotSupported, ReadOnly, UnknownColumn
from tests.cometql.talk import TalkTests


class UpdateTests(TalkTests):
    """Rows that are there get other values."""

    def setUp(self):
        super().setUp()
        self.run_("INSERT INTO users_auth VALUES (1, 'a'), (2, 'b'), (3, 'c')")

    def keys(self):
        return dict(self.rows("SELECT * FROM users_auth WHERE id IN (1, 2, 3)"))

    def test_update(self):
        """By keys, with conditions, order and limit; only rows that change are counted."""
        self.does("UPDATE users_auth SET hash = 'x' WHERE id = 1", 1)
        self.does("UPDATE users_auth SET hash = 'x' WHERE id IN (1, 2)", 1)
        self.does("update `users_auth` u set u.hash = 'y' where u.id in (1, 2, 3) and hash = 'x' limit 1", 1)
        self.assertEqual(self.keys(), {1: "y", 2: "x", 3: "c"})
        self.does("UPDATE users_auth SET hash = 'z' WHERE id = 1 OR id = 3 ORDER BY id DESC LIMIT 1", 1)
        self.does("UPDATE users_auth SET hash = 'z' WHERE id = 9", 0)
        self.does("UPDATE users_auth SET id = '3', hash = 'z' WHERE id = 3 LIMIT 1", 0)
        self.assertEqual(self.keys(), {1: "y", 2: "x", 3: "z"})
        info = self.run_("UPDATE users_auth SET hash = 'z' WHERE id IN (2, 3)").info
        self.assertEqual(info, "Rows matched: 2  Changed: 1  Warnings: 0")

    def test_values_of_the_row(self):
        """A column stands for its value, as it was before."""
        self.does("UPDATE users_auth SET hash = CONCAT(hash, id + 1) WHERE id IN (1, 2)", 2)
        self.assertEqual(self.keys(), {1: "a2", 2: "b3", 3: "c"})
        self.run_("INSERT INTO pipes_settings VALUES ('chat', 5)")
        self.does("UPDATE pipes_settings SET length = length * 2 WHERE name = 'chat'", 1)
        self.assertEqual(self.value("SELECT length FROM pipes_settings WHERE name = 'chat'"), 10)

    def test_found_rows(self):
        """A client that wants to know how many rows it has found is told that, changed or not."""
        login = Login("root", 0, 8, "127.0.0.1:5001", "CometQL_v1", found_rows=True)
        self.does("UPDATE users_auth SET hash = 'b' WHERE id IN (1, 2, 9)", 2, talk=self.engine.open(login))
        self.assertEqual(self.keys(), {1: "b", 2: "b", 3: "c"})

    def test_refused(self):
        """Tables whose rows do not change, the key, wrong values; and then nothing has changed."""
        for table in ("pipes_messages", "users_messages", "pipes", "users_time"):
            self.refuses(ReadOnly, f"UPDATE {table} SET event = 'x' WHERE name = 'chat'", table)
        self.refuses(ReadOnly, "UPDATE users_auth SET id = 5 WHERE id = 1", "'id'")
        self.refuses(ReadOnly, "UPDATE users_auth SET id = '2', hash = 'x' WHERE id = 1", "'id'")
        self.refuses(ReadOnly, "UPDATE users_auth SET id = 1, hash = 'x' WHERE id IN (1, 2)", "'id'")
        self.refuses(ReadOnly, "UPDATE users_auth SET id = id WHERE id = 1", "'id'")
        self.refuses(ColumnTwice, "UPDATE users_auth SET hash = 'x', hash = 'y' WHERE id = 1", "'hash'")
        self.refuses(UnknownColumn, "UPDATE users_auth SET nope = 'x' WHERE id = 1", "'nope'")
        self.refuses(KeyRequired, "UPDATE users_auth SET hash = 'x'", "UPDATE", "id")
        self.refuses(KeyRequired, "UPDATE users_auth SET hash = 'x' WHERE hash = 'a'")
        self.refuses(
            BadValue, "UPDATE users_auth SET hash = CONCAT(hash, LEFT('!', id - 1)) WHERE id IN (1, 2)"
        )
        self.assertEqual(self.keys(), {1: "a", 2: "b", 3: "c"})


class ReplaceTests(TalkTests):
    """REPLACE and ON DUPLICATE KEY UPDATE say what an INSERT does anyway."""

    def test_replace(self):
        """As an INSERT, in all its forms."""
        self.does("REPLACE INTO users_auth (id, hash) VALUES (1, 'a')", 1, 1)
        self.does("REPLACE users_auth SET id = 1, hash = 'b'", 1, 1)
        self.assertEqual(self.value("SELECT hash FROM users_auth WHERE id = 1"), "b")
        self.does("REPLACE LOW_PRIORITY INTO pipes_messages (name, message) VALUES ('chat', 'x')", 1)

    def test_on_duplicate(self):
        """With the values that are given, by either of their names."""
        self.does(
            "INSERT INTO users_auth (id, hash) VALUES (1, 'a') ON DUPLICATE KEY UPDATE hash = VALUES(hash)",
            1,
            1,
        )
        self.does(
            "INSERT INTO users_auth VALUES (1, 'b') AS new ON DUPLICATE KEY UPDATE hash = new.hash", 1, 1
        )
        self.assertEqual(self.value("SELECT hash FROM users_auth WHERE id = 1"), "b")

    def test_on_duplicate_refused(self):
        """Anything else would not be what happens."""
        self.refuses(
            NotSupported, "INSERT INTO users_auth VALUES (1, 'a') ON DUPLICATE KEY UPDATE hash = 'x'"
        )
        self.refuses(
            NotSupported, "INSERT INTO users_auth VALUES (1, 'a') ON DUPLICATE KEY UPDATE id = VALUES(id)"
        )
        self.refuses(
            NotSupported, "INSERT INTO users_auth VALUES (1, 'a') ON DUPLICATE KEY UPDATE hash = VALUES(id)"
        )
        self.refuses(
            NotSupported,
            "INSERT INTO pipes_messages (name, message) VALUES ('a', 'b') ON DUPLICATE KEY UPDATE event = 1",
        )
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 1"), [])
