"""Tests for L{comet.cometql.explain}."""

from comet.errors import DatabaseDenied, MissingValue, NotSupported, UnknownTable
from comet.model import Channel, User
from tests.cometql.talk import TalkTests
from tests.running import Ear, finish


class ExplainTests(TalkTests):
    """C{EXPLAIN INSERT} tells, and does not send."""

    def setUp(self):
        super().setUp()
        self.ear = Ear()
        self.broker.hub.subscribe(Channel(0, "chat"), self.ear)
        finish(self.broker.arrive(User(0, 7), self.ear))

    def test_channels(self):
        """Who listens would receive it, by transport and dialect; a history would keep it."""
        finish(self.broker.set_length(Channel(0, "kept"), 5))
        self.broker.hub.subscribe(Channel(0, "chat"), Ear())
        self.assertEqual(
            self.rows(
                "EXPLAIN INSERT INTO pipes_messages (name, message) VALUES ('chat', 'x'), ('kept', 'y')"
            ),
            [(1, 2, "memory/plain: 2", 0, 0, None), (2, 0, "", 0, 1, None)],
        )
        self.assertEqual(self.ear.heard, [])
        self.assertEqual(self.rows("SELECT * FROM pipes_messages WHERE name = 'kept'"), [])

    def test_users(self):
        """A message is handed to the devices of who is here, and queued for who is away."""
        self.assertEqual(
            self.rows("EXPLAIN INSERT INTO users_messages (id, message) VALUES (7, 'x'), (8, 'y')"),
            [(1, 1, "memory/plain: 1", 0, 0, None), (2, 0, "", 1, 0, None)],
        )
        self.assertEqual(self.ear.heard, [])
        self.assertEqual(self.rows("SELECT * FROM users_messages WHERE id = 8"), [])

    def test_refused(self):
        """What would be refused says why; the other rows are looked at all the same."""
        rows = self.rows(
            "EXPLAIN INSERT INTO pipes_messages (name, message) VALUES ('a b', 'x'), ('chat', 'y')"
        )
        self.assertEqual([row[:5] for row in rows], [(1, 0, "", 0, 0), (2, 1, "memory/plain: 1", 0, 0)])
        self.assertIn("[12]", rows[0][5])
        self.assertIsNone(rows[1][5])

    def test_what_is_no_matter_of_rows(self):
        """A statement that is wrong as a whole is refused as a whole; so is a table that sends nothing."""
        self.refuses(MissingValue, "EXPLAIN INSERT INTO pipes_messages (name) VALUES ('chat')")
        self.refuses(NotSupported, "EXPLAIN INSERT INTO users_auth (id, hash) VALUES (1, 'x')", "users_auth")
        self.refuses(UnknownTable, "EXPLAIN INSERT INTO nothing (id) VALUES (1)")
        text = "EXPLAIN INSERT INTO db_4.pipes_messages (name, message) VALUES ('chat', 'x')"
        self.refuses(DatabaseDenied, text, talk=self.open("3", 3))
        self.assertEqual(self.rows("EXPLAIN users_auth"), self.rows("DESCRIBE users_auth"))
