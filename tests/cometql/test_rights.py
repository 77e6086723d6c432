"""Tests for the table C{channel_rights}."""

from comet.cometql.engine import Engine
from comet.errors import BadValue, MissingValue, NotAllowed, NullValue, TableFull, TooLong
from comet.identity import ANONYMOUS, Right
from comet.model import Channel
from tests.cometql.talk import TalkTests
from tests.running import make_broker

BUILT_IN = [
    ("", "all", "token", "all", "token", "token", 1),
    ("call_room_", "users", "token", "all", "token", "token", 1),
    ("call_user_", "all", "users", "all", "token", "token", 1),
    ("private_", "users", "token", "users", "token", "token", 1),
    ("self_", "users", "users", "users", "users", "users", 1),
    ("track_", "all", "token", "all", "all", "all", 1),
    ("user_status_", "all", "none", "all", "token", "token", 1),
    ("web_", "all", "all", "all", "token", "all", 1),
    ("webauth_", "all", "users", "all", "token", "all", 1),
]


class ChannelRightsTests(TalkTests):
    """C{channel_rights}."""

    def row(self, prefix, talk=None):
        """@return: the row of a prefix, without it."""
        ((_, *cells),) = self.rows(f"SELECT * FROM channel_rights WHERE prefix = '{prefix}'", talk)
        return tuple(cells)

    def test_what_is_built_in_is_shown(self):
        """Without a setting, all of it, and nothing else."""
        self.assertEqual(self.rows("SELECT * FROM channel_rights"), BUILT_IN)
        self.assertEqual(self.rows("SELECT prefix FROM channel_rights WHERE prefix IN ('web', '')"), [("",)])

    def test_setting_and_removing(self):
        """An INSERT changes what it gives; DELETE gives back what is built in, and counts what was set."""
        self.does("INSERT INTO channel_rights (prefix, publish) VALUES ('web_', 'Users')", 1)
        self.assertEqual(self.row("web_"), ("all", "users", "all", "token", "all", 0))
        self.does("REPLACE INTO channel_rights (prefix, history) VALUES ('web_', 'none')", 1)
        self.assertEqual(self.row("web_"), ("all", "all", "none", "token", "all", 0))
        self.does("DELETE FROM channel_rights WHERE prefix IN ('web_', 'self_', 'x')", 1)
        self.assertEqual(self.rows("SELECT * FROM channel_rights"), BUILT_IN)

    def test_what_an_insert_leaves_out(self):
        """Is as for the next shorter prefix, also when that changes."""
        self.does("INSERT INTO channel_rights (prefix, members) VALUES ('web_news', 'all')", 1)
        self.assertEqual(self.row("web_news"), ("all", "all", "all", "all", "all", 0))
        self.does("INSERT INTO channel_rights (prefix, publish, count) VALUES ('web_', 'none', DEFAULT)", 1)
        self.assertEqual(self.row("web_news"), ("all", "none", "all", "all", "all", 0))

    def test_update(self):
        """Changes one right of a row; the others stay what was shown."""
        self.does("UPDATE channel_rights SET publish = 'users' WHERE prefix = 'web_'", 1)
        self.assertEqual(self.row("web_"), ("all", "users", "all", "token", "all", 0))
        self.does("UPDATE channel_rights SET history = 'users' WHERE history = 'all'", 7)
        self.assertEqual(self.rows("SELECT prefix FROM channel_rights WHERE history = 'all'"), [])

    def test_a_row_that_was_shown_can_be_inserted(self):
        """With what it says of itself."""
        self.does("INSERT INTO channel_rights VALUES ('web_', 'all', 'all', 'all', 'token', 'all', 1)", 1)
        self.assertEqual(self.row("web_"), (*BUILT_IN[7][1:-1], 0))

    def test_any_select(self):
        """The table can be joined, and its columns used in functions."""
        count = "SELECT COUNT(*), MAX(count) FROM channel_rights WHERE publish = 'users'"
        self.assertEqual(self.rows(count), [(3, "users")])

    def test_refusals(self):
        """Words that are none, prefixes that no name begins with."""
        insert = "INSERT INTO channel_rights (prefix, publish) VALUES "
        self.refuses(BadValue, insert + "('web_', 'nobody')", "publish", "all, users, token, none")
        self.refuses(BadValue, insert + "('web*', 'all')", "prefix")
        self.refuses(BadValue, insert + "('self_x@7', 'all')", "prefix")
        self.refuses(NullValue, insert + "('web_', NULL)", "publish")
        self.refuses(TooLong, insert + f"('{'x' * 65}', 'all')", "prefix")
        self.refuses(MissingValue, "INSERT INTO channel_rights (publish) VALUES ('all')", "prefix")
        self.assertEqual(self.rows("SELECT * FROM channel_rights"), BUILT_IN)

    def test_full(self):
        """A tenant has so many rows; it may change those it has, and other tenants set theirs."""
        self.engine = Engine(make_broker(channel_rights=2), "secret", dev_index_size=100)
        talk, other = self.open(), self.open("2", 2)
        insert = "INSERT INTO channel_rights (prefix, publish) VALUES "
        self.does(insert + "('a', 'all'), ('b', 'all')", 2, talk=talk)
        self.refuses(TableFull, insert + "('c', 'all')", "[limits] channel_rights", talk=talk)
        self.does(insert + "('b', 'none')", 1, talk=talk)
        self.does(insert + "('c', 'all')", 1, talk=other)

    def test_tenants(self):
        """Each has its own."""
        other = self.open("2", 2)
        self.does("INSERT INTO channel_rights (prefix, publish) VALUES ('web_', 'none')", 1, talk=other)
        self.assertEqual(self.row("web_")[-1], 1)
        self.assertEqual(self.row("web_", other)[-1], 0)
        self.does("DELETE FROM channel_rights WHERE prefix = 'web_'", 0)
        self.assertEqual(self.row("web_", other)[-1], 0)

    def test_in_force_at_commit(self):
        """And not at all after a ROLLBACK."""

        def publish():
            self.broker.rights.check(Right.PUBLISH, Channel(0, "web_x"), ANONYMOUS)

        for end, refused in (("ROLLBACK", False), ("COMMIT", True)):
            self.does("BEGIN")
            self.does("INSERT INTO channel_rights (prefix, publish) VALUES ('web_', 'none')", 1)
            publish()
            self.does(end)
            if refused:
                self.assertRaises(NotAllowed, publish)
            else:
                publish()
