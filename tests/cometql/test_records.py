"""Tests for the tables of records: C{users_data}, C{revoked_tokens}, C{conference}, C{dev_config}."""

import jwt

from comet.errors import (
    BadValue,
    KeyRequired,
    MissingValue,
    NotAllowed,
    NullValue,
    OutOfRange,
    ReadOnly,
    TooLong,
    TooShort,
)
from comet.model import User
from tests.cometql.talk import TalkTests, at_once


class UsersDataTests(TalkTests):
    """C{users_data}."""

    def test_one_for_each_user(self):
        """INSERT replaces, SELECT shows, DELETE removes; the insert id is the user's."""
        self.does('INSERT INTO users_data (id, data) VALUES ("7", \'{"a": "it\'\'s"}\')', 1, 7)
        self.assertEqual(self.rows("SELECT * FROM users_data WHERE id IN (8, 7)"), [(7, '{"a": "it\'s"}')])
        self.does("INSERT INTO users_data (id, data) VALUES (7, '')", 1, 7)
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [("",)])
        self.does("DELETE FROM users_data WHERE id IN (7, 8)", 1)
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [])

    def test_refusals(self):
        """Both columns are needed, the id is that of a user, and the text has a limit."""
        self.refuses(MissingValue, "INSERT INTO users_data (id) VALUES (7)", "data")
        self.refuses(OutOfRange, "INSERT INTO users_data (id, data) VALUES (0, 'x')")
        self.refuses(KeyRequired, "DELETE FROM users_data")
        longest = "é" * 32767 + "x"
        self.does(f"INSERT INTO users_data (id, data) VALUES (1, '{longest}')", 1, 1)
        self.refuses(TooLong, f"INSERT INTO users_data (id, data) VALUES (1, '{longest}x')")

    def test_tenants(self):
        """Each has its own."""
        other = self.open("2", 2)
        self.does("INSERT INTO users_data (id, data) VALUES (7, 'mine')", 1, 7)
        self.does("INSERT INTO users_data (id, data) VALUES (7, 'other')", 1, 7, other)
        self.does("DELETE FROM users_data WHERE id = 7", 1, talk=other)
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7", other), [])
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [("mine",)])

    def test_rolled_back(self):
        """It is part of a transaction."""
        self.does("BEGIN")
        self.does("INSERT INTO users_data (id, data) VALUES (7, 'x')", 1, 7)
        self.does("ROLLBACK")
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [])


class RevokedTokensTests(TalkTests):
    """C{revoked_tokens}."""

    def test_tokens(self):
        """Any text is taken; it is shown with and without WHERE, and told apart by every letter."""
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens"), [])
        for token in ("0.123", "0.123", "B", ""):
            self.does(f"INSERT INTO revoked_tokens (token) VALUES ('{token}')", 1, 1)
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens"), [("",), ("0.123",), ("B",)])
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens LIMIT 1"), [("",)])
        self.assertEqual(self.rows('SELECT token FROM revoked_tokens WHERE token = "0.123"'), [("0.123",)])
        self.assertEqual(self.rows("SELECT token FROM revoked_tokens WHERE token IN ('b', 'x')"), [])
        self.does('DELETE FROM revoked_tokens WHERE token = "0.123"', 1)
        self.does("DELETE FROM revoked_tokens WHERE token = 'none'", 0)
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens"), [("",), ("B",)])

    def test_refusals(self):
        """All of them are never removed at once, and a token has a limit."""
        self.refuses(KeyRequired, "DELETE FROM revoked_tokens", "token")
        self.refuses(TooLong, f"INSERT INTO revoked_tokens (token) VALUES ('{'x' * 4097}')")
        self.refuses(NullValue, "INSERT INTO revoked_tokens (token) VALUES (NULL)")

    def test_tenants(self):
        """Each has its own."""
        other = self.open("2", 2)
        self.does("INSERT INTO revoked_tokens (token) VALUES ('x')", 1, 1)
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens", other), [])
        self.does("DELETE FROM revoked_tokens WHERE token = 'x'", 0, talk=other)
        self.assertEqual(self.rows("SELECT * FROM revoked_tokens"), [("x",)])


class ConferenceTests(TalkTests):
    """C{conference} and C{conference_members}."""

    def invite(self, user_id, name="room", talk=None):
        self.does(
            "INSERT INTO conference (name, user_id, caller_id, message, profile)"
            f"VALUES('{name}', '{user_id}', '5', '{{}}', 'video' );",
            1,
            talk=talk,
        )

    def test_invitations(self):
        """There is one for each name and user, and DELETE takes both."""
        for user_id in (6, 5, 6):
            self.invite(user_id)
        self.assertEqual(
            self.rows("SELECT * FROM conference WHERE name = 'room'"),
            [("room", user_id, 5, "{}", "video", 0, "") for user_id in (5, 6)],
        )
        self.refuses(KeyRequired, "DELETE FROM conference WHERE name = 'room'", "user_id")
        self.does('delete from `conference` where name = "room" and user_id = 6', 1)
        self.assertEqual(self.rows("SELECT user_id FROM conference WHERE name = 'room'"), [(5,)])

    def test_defaults_and_refusals(self):
        """Only name, user and message are needed."""
        self.does("INSERT INTO conference (name, user_id, message) VALUES ('9', 0, '')", 1)
        self.assertEqual(
            self.rows("SELECT * FROM conference WHERE name = 9"), [("9", 0, 0, "", "default", 0, "")]
        )
        self.refuses(MissingValue, "INSERT INTO conference (name, user_id) VALUES ('9', 1)", "message")
        self.refuses(BadValue, "INSERT INTO conference (name, user_id, message) VALUES ('a b', 1, '')")
        self.refuses(OutOfRange, "INSERT INTO conference (name, user_id, message) VALUES ('a', -1, '')")
        self.refuses(KeyRequired, "DELETE FROM conference")

    def test_tenants(self):
        """Each has its own."""
        other = self.open("2", 2)
        self.invite(5)
        self.invite(5, talk=other)
        self.does("DELETE FROM conference WHERE name = 'room' AND user_id = 5", 1, talk=other)
        self.assertEqual(self.rows("SELECT user_id FROM conference WHERE name = 'room'", other), [])
        self.assertEqual(self.rows("SELECT user_id FROM conference WHERE name = 'room'"), [(5,)])

    def test_members(self):
        """Nobody takes part, and nobody is put there."""
        self.assertEqual(self.rows("SELECT * FROM conference_members"), [])
        self.assertEqual(self.rows("SELECT * FROM conference_members WHERE name = 'room'"), [])
        self.refuses(ReadOnly, "INSERT INTO conference_members (name) VALUES ('room')")


class DevConfigTests(TalkTests):
    """C{dev_config}."""

    def identify(self, user):
        return at_once(self.engine.identify(user))

    def test_keys(self):
        """A key opens its tenant beside the main password, from the INSERT to the DELETE."""
        self.does("INSERT INTO dev_config (id, `key`, url) VALUES (15, 'its own key', 'http://x')", 1, 15)
        self.assertEqual(self.identify("15"), (15, ["secret", "its own key"]))
        self.assertEqual(self.identify("16"), (16, ["secret"]))
        self.assertEqual(self.rows("SELECT * FROM dev_config"), [(15, "its own key", "http://x")])
        self.does("REPLACE INTO dev_config (id, `key`) VALUES (15, 'the next one')", 1, 15)
        self.assertEqual(self.rows("SELECT * FROM dev_config WHERE id = 15"), [(15, "the next one", "")])
        self.does("DELETE FROM dev_config WHERE id = 15", 1)
        self.assertEqual(self.identify("15"), (15, ["secret"]))

    def test_for_root_alone(self):
        """A tenant does not see it, be it its own row, and does not reach it by another way."""
        self.does("INSERT INTO dev_config (id, `key`) VALUES (15, 'its own key')", 1, 15)
        tenant = self.open("15", 15)
        for text in (
            "SELECT * FROM dev_config",
            "SELECT * FROM dev_config WHERE id = 15",
            "SELECT count(*) FROM dev_config",
            "SELECT * FROM db_0.dev_config",
            "INSERT INTO dev_config (id, `key`) VALUES (15, 'another one')",
            "UPDATE dev_config SET `key` = 'another one' WHERE id = 15",
            "DELETE FROM dev_config WHERE id = 15",
            "DELETE FROM dev_config WHERE url = ''",
        ):
            with self.assertRaises(NotAllowed, msg=text):
                self.run_(text, tenant)
        self.assertEqual(self.identify("15"), (15, ["secret", "its own key"]))

    def test_refusals(self):
        """Root has no row, and a key has a length."""
        self.refuses(OutOfRange, "INSERT INTO dev_config (id, `key`) VALUES (0, 'its own key')")
        self.refuses(TooShort, "INSERT INTO dev_config (id, `key`) VALUES (1, 'short')")
        self.refuses(TooLong, f"INSERT INTO dev_config (id, `key`) VALUES (1, '{'x' * 256}')")
        self.refuses(MissingValue, "INSERT INTO dev_config (id) VALUES (1)")
        self.refuses(KeyRequired, "DELETE FROM dev_config")


class KeyOfAUserTests(TalkTests):
    """What a token leaves behind."""

    def test_revoked(self):
        """A token that was good takes the key of its user with it, and only that."""
        broker = self.broker
        broker.accounts._password = "secret"
        for user_id in (5, 6):
            at_once(broker.store.set_key(User(0, user_id), "k"))
        token = jwt.encode({"user_id": 5, "exp": 9_999_999_999}, "secret0", algorithm="HS256")
        self.does(f"INSERT INTO revoked_tokens (token) VALUES ('{token}')", 1, 1)
        self.assertEqual(self.rows("SELECT id FROM users_auth WHERE id IN (5, 6)"), [(6,)])
