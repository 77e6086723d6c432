"""Tests for L{comet.cometql.engine}."""

from twisted.trial.unittest import SynchronousTestCase

from comet import __version__
from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.errors import DatabaseDenied, SyntaxRefused, UnknownDatabase, UnknownTable
from comet.model import Channel
from tests.cometql.talk import TalkTests, at_once
from tests.running import Ear, make_broker


class LoginTests(SynchronousTestCase):
    """Who may log in."""

    def setUp(self):
        self.engine = Engine(make_broker(), "secret", dev_index_size=1000)

    def test_names(self):
        """C{root}, nothing, and the numbers of tenants; nobody else."""
        for user, dev_id in (("root", 0), ("", 0), ("0", 0), ("15", 15), ("007", 7), ("999", 999)):
            self.assertEqual(at_once(self.engine.identify(user)), (dev_id, ["secret"]), user)
        for user in ("1000", "-1", "1x", "abc", "Root", " 1", "1 ", "١", "1" * 10, "0" * 12, "1\n"):
            self.assertIsNone(at_once(self.engine.identify(user)), user)

    def test_version(self):
        """The version begins as MySQL's does, and may be another."""
        self.assertEqual(self.engine.version, f"8.0.40-comet-{__version__}")
        other = Engine(make_broker(), "x", version="5.7.1-y", max_allowed_packet=99, wait_timeout=9)
        talk = other.open(Login("root", 0, 1, "127.0.0.1:1"))
        self.assertEqual(
            [
                tuple(row)
                for row in at_once(
                    talk.query("SELECT VERSION(), @@version, @@max_allowed_packet, @@wait_timeout")
                ).rows
            ],
            [("5.7.1-y", "5.7.1-y", 99, 9)],
        )


class DatabaseTests(TalkTests):
    """Databases: C{CometQL_v1} and one for each tenant."""

    def test_at_login(self):
        """A database may be named at login, or none."""
        self.assertEqual(self.value("SELECT DATABASE()", self.open(database="cometql_V1")), "CometQL_v1")
        self.assertIsNone(self.value("SELECT DATABASE()", self.open(database="")))
        self.assertEqual(self.open(database="db_3").dev_id, 3)
        for name in ("mysql", "db_", "db_abc", "db_-1", "db_100", "db_03", "DB_3", "db_3 ", "db_1 OR 1"):
            self.assertRaises(UnknownDatabase, self.open, database=name)

    def test_without(self):
        """Tables are there without a database selected."""
        talk = self.open(database="")
        self.assertEqual(self.rows("SELECT time FROM users_time WHERE id = 1", talk), [(-1,)])
        self.assertEqual(self.run_("SHOW TABLES", talk).columns[0].name, "Tables_in_CometQL_v1")

    def test_use(self):
        """The text and the command select alike."""
        self.does("USE db_3")
        self.assertEqual((self.value("SELECT DATABASE()"), self.talk.dev_id), ("db_3", 3))
        self.talk.use("CometQL_v1")
        self.assertEqual((self.value("SELECT DATABASE()"), self.talk.dev_id), ("CometQL_v1", 0))
        self.refuses(UnknownDatabase, "USE foo", "'foo'")
        self.refuses(UnknownDatabase, "USE ''")
        self.assertRaises(UnknownDatabase, self.talk.use, "db_x")
        self.assertRaises(UnknownDatabase, self.talk.use, "")
        self.assertEqual(self.talk.dev_id, 0)

    def test_tenants(self):
        """A tenant has its own database, C{root} all of them."""
        tenant = self.open("3", 3)
        self.does("USE db_3", talk=tenant)
        self.does("USE CometQL_v1", talk=tenant)
        self.assertEqual(tenant.dev_id, 3)
        for database in ("db_0", "db_4"):
            self.refuses(
                DatabaseDenied, f"USE {database}", "Access denied", "'3'@'127.0.0.1'", database, talk=tenant
            )
        self.refuses(UnknownDatabase, "USE db_100", talk=tenant)
        self.assertRaises(DatabaseDenied, self.open, "3", 3, "db_4")

    def test_whose_tables(self):
        """What is selected decides whose channels are meant; a qualified name does so for one statement."""
        ears = [Ear(), Ear(), Ear()]
        for dev_id, ear in enumerate(ears):
            self.broker.hub.subscribe(Channel(dev_id, "chat"), ear)
        insert = "INSERT INTO {}pipes_messages (name, message) VALUES ('chat', '{}')"
        self.does(insert.format("", "zero"), 1)
        self.does("USE db_1")
        self.does(insert.format("", "one"), 1)
        self.does(insert.format("db_2.", "two"), 1)
        self.assertEqual([[said.text for said in ear.heard] for ear in ears], [["zero"], ["one"], ["two"]])


class ConversationTests(TalkTests):
    """What the MySQL port asks beside statements."""

    def test_fields(self):
        """The columns of a table, by a pattern too."""
        names = [column.name for column in self.talk.fields("users_auth", "")]
        self.assertEqual(names, ["id", "hash"])
        self.assertEqual([column.name for column in self.talk.fields("USERS_AUTH", "h%")], ["hash"])
        self.assertRaises(UnknownTable, self.talk.fields, "nope", "")

    def test_errors_change_nothing(self):
        """After an error the conversation goes on."""
        self.refuses(SyntaxRefused, "nonsense")
        self.assertEqual(self.value("SELECT 1"), 1)

    def test_the_end_of_a_conversation_takes_back_what_it_holds(self):
        """Only COMMIT publishes."""
        ear = Ear()
        self.broker.hub.subscribe(Channel(0, "chat"), ear)
        self.does("SET autocommit = 0")
        self.does("INSERT INTO pipes_messages (name, message) VALUES ('chat', 'x')", 1)
        self.assertEqual((self.talk.autocommit, self.talk.in_transaction), (False, True))
        self.talk.close()
        self.assertFalse(self.talk.in_transaction)
        self.does("COMMIT")
        self.assertEqual(ear.heard, [])

    def test_open_conversations_are_counted(self):
        """Each counts for the tenant that it has selected, until it is closed; a refused one does not."""
        tenant, other = self.open("3", 3), self.open()
        other.use("db_3")
        self.assertRaises(UnknownDatabase, self.open, database="nope")
        self.assertEqual(self.engine.sessions, {0: 1, 3: 2})
        for _ in range(2):
            tenant.close()
        self.assertEqual(self.engine.sessions, {0: 1, 3: 1})

    def test_nothing(self):
        """An empty text is answered OK."""
        for text in ("", " ; ", "/* nothing */", "-- nothing"):
            self.does(text)

    def test_conversations_share_plans(self):
        """What one has planned another runs, each for its own tenant."""
        self.does("INSERT INTO users_auth VALUES (5, 'a')", 1, 5)
        misses = self.engine.cache.misses
        self.does("INSERT INTO users_auth VALUES (6, 'b')", 1, 6, self.open("3", 3))
        self.assertEqual(self.engine.cache.misses, misses)
        self.assertEqual(self.rows("SELECT id FROM users_auth WHERE id IN (5, 6)"), [(5,)])
