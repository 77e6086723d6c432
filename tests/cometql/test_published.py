"""Statements of published programs and of the MySQL clients around, word for word."""

from hypothesis import given
from hypothesis import strategies as st

from comet.cometql.results import Done, Rows
from comet.errors import Refused
from comet.model import Channel, PrivateMessage, User
from tests.cometql.talk import NOW, TalkTests
from tests.running import Ear, finish

#: Without an expected outcome: these are answered, and that is all their senders need.
ANSWERED = (
    "SET NAMES utf8mb4",
    "SET AUTOCOMMIT = 0",
    "\n                SELECT VERSION(),\n                       @@sql_mode,\n                       "
    "@@default_storage_engine,\n                       @@sql_auto_is_null,\n                       "
    "@@lower_case_table_names,\n                       "
    "CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL\n            ",
    "/* mysql-connector-j-9.1.0 (Revision: abc) */SELECT  @@session.auto_increment_increment AS"
    " auto_increment_increment, @@character_set_client AS character_set_client,"
    " @@character_set_connection AS character_set_connection, @@character_set_results AS"
    " character_set_results, @@character_set_server AS character_set_server, @@collation_server AS"
    " collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect,"
    " @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS"
    " lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS"
    " net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode,"
    " @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@transaction_isolation AS"
    " transaction_isolation, @@wait_timeout AS wait_timeout",
    "SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment",
    "SELECT @@session.transaction_read_only",
    "SELECT @@transaction_isolation",
    "SELECT @@socket",
    "select left(version(),6)",
    "SELECT 1+1 AS result",
    "SELECT NULL",
    "select @@version_comment limit 1",
    "select DATABASE(), USER() limit 1",
    "select @@character_set_client, @@character_set_connection, @@character_set_server,"
    " @@character_set_database limit 1",
    "show databases",
    "show tables",
    "SHOW SESSION VARIABLES LIKE 'lower_case_table_names'",
    "show variables like 'character_set_client'",
    "show index from `users_auth`;",
    'SHOW COLUMNS FROM "users_auth"',
    "use `CometQL_v1`;",
    "BEGIN WORK",
    "START TRANSACTION READ ONLY",
    "SET SESSION sql_mode='ANSI'",
    "/*M!100100 SET WAIT_TIMEOUT=DEFAULT */",
    "SELECT @@GLOBAL.character_set_server,@@GLOBAL.collation_server",
    "SELECT CONNECTION_ID(), VERSION()",
    "SELECT /*!40001 SQL_NO_CACHE */ `id`, `time` FROM `users_time` WHERE id = 1",
    "SELECT * FROM users_time LIMIT 0, 0",
)


class PublishedTests(TalkTests):
    """Programs written for this language."""

    def test_private_messages(self):
        """One row after an INSERT, none after a DELETE within the same second."""
        delete = "DELETE FROM users_messages WHERE id = 99955"
        select = "SELECT * FROM users_messages WHERE id = 99955"
        text = '{"a": "it is", "b": [1, 2]}'
        self.does(delete)
        self.does(
            f"INSERT INTO users_messages (id, event, message) VALUES (99955, 'event', '{text}')", 1, 99955
        )
        self.assertEqual(self.rows(select), [(99955, 0, "event", text)])
        self.does(delete, 1)
        self.assertEqual(self.rows(select), [])

    def test_none_lost_none_twice(self):
        """Messages before and after somebody comes arrive once each, in order."""
        ear = Ear()
        for number in range(1, 61):
            if number == 20:
                finish(self.broker.arrive(User(0, 5), ear))
            self.does(
                f"INSERT INTO users_messages (id, event, message)VALUES(5, 'user', '{'7' * number}')", 1, 5
            )
        self.assertEqual([len(said.text) for said in ear.heard], list(range(1, 61)))

    def test_keys(self):
        """A key is replaced and read."""
        self.does("DELETE FROM users_auth WHERE id = 3")
        self.does("INSERT INTO users_auth (id, hash) VALUES (3, 'valid00000userHash')", 1, 3)
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 3"), [(3, "valid00000userHash")])
        self.assertEqual(self.rows("SELECT hash FROM users_auth WHERE id = 3"), [("valid00000userHash",)])
        self.does("INSERT INTO users_auth (id, hash)VALUES('5', 'key' );", 1, 5)
        self.does("DELETE FROM users_auth WHERE id = 5", 1)

    def test_times(self):
        """A row for each id, in the order asked."""
        finish(self.broker.arrive(User(0, 3), Ear()))
        self.assertEqual(
            self.rows("SELECT id, time FROM users_time WHERE id IN( 1,3,99996);"),
            [(1, -1), (3, 0), (99996, -1)],
        )
        self.assertEqual(self.rows("SELECT time FROM users_time WHERE id = 5"), [(-1,)])

    def test_history(self):
        """Column names in quotes; the two newest messages are kept, and all are gone with the setting."""
        self.does('INSERT INTO pipes_settings ("name", "length") VALUES ("test_pipelog", 2)', 1)
        for text in ("one", "two", "a text with blanks and a dot."):
            self.does(
                f'INSERT INTO pipes_messages (name, event, message)VALUES("test_pipelog", "", "{text}" );', 1
            )
        select = 'SELECT * FROM pipes_messages WHERE name = "test_pipelog"'
        self.assertEqual([row[5] for row in self.rows(select)], ["two", "a text with blanks and a dot."])
        self.does('DELETE FROM pipes_settings WHERE name = "test_pipelog"', 1)
        self.assertEqual(self.rows(select), [])

    def test_delete_and_keep(self):
        """A history that was emptied goes on."""
        self.does("INSERT INTO pipes_settings (name, LENGTH) VALUES ('p10', 10)", 1)
        self.assertEqual(self.rows("SELECT * FROM pipes_settings WHERE name = 'p10'"), [("p10", 10)])
        for _ in range(2):
            self.run_("DELETE FROM pipes_messages WHERE name = 'p10'")
            self.does("INSERT INTO pipes_messages (name, event, message) VALUES (p10, e, 15)", 1)
            ((_, time, name, index, event, message, user_id),) = self.rows(
                "SELECT * FROM pipes_messages WHERE name = 'p10'"
            )
            self.assertEqual((time, name, index, event, message, user_id), (NOW, "p10", 0, "e", "15", 0))

    def test_listeners(self):
        """A statement that ends with a semicolon and a blank."""
        ear = Ear()
        self.broker.hub.subscribe(Channel(0, "tttest_1"), ear)
        self.assertEqual(self.rows('SELECT * FROM users_in_pipes WHERE name = "tttest_1"; '), [])
        self.assertEqual(self.rows('SELECT * FROM pipes WHERE name = "tttest_1"'), [("tttest_1", 1)])
        text = '{"a":"' + "x" * 200 + '"}'
        for _ in range(20):
            self.does(
                f"INSERT INTO pipes_messages (name, event, message) VALUES ('tttest_1', 'e', '{text}')", 1
            )
        self.assertEqual([said.text for said in ear.heard], [text] * 20)

    def test_shapes_of_demos(self):
        """The statements of demos and chats, escaped as PHP escapes."""
        ear = Ear()
        finish(self.broker.arrive(User(0, 5), ear))
        self.does(
            r"INSERT INTO users_messages (id, event, message)VALUES (5, 'newMessage',"
            r" '{\"a\":\"b\\\\c\\n\"}')",
            1,
            5,
        )
        self.does("INSERT INTO users_messages (id, event, message)VALUES('5', 'iziMessages', 'text');'", 1, 5)
        self.assertEqual(
            ear.heard,
            [
                PrivateMessage(User(0, 5), "newMessage", r'{"a":"b\\c\n"}', NOW),
                PrivateMessage(User(0, 5), "iziMessages", "text", NOW),
            ],
        )
        self.does(
            "INSERT INTO pipes_messages (name, event, message)"
            'VALUES("web_MainPageChat", "", \'{ "text":"…" }\' );',
            1,
        )
        self.assertEqual(self.rows("show status")[0], ("flag", "session"))

    def test_federated_rows(self):
        """What a table of another server that forwards its rows sends."""
        ear = Ear()
        self.broker.hub.subscribe(Channel(0, "orders"), ear)
        self.does(
            "INSERT INTO `pipes_messages` (`id`, `time`, `name`, `index`, `event`, `message`, `user_id`) "
            " VALUES  (0, 0, 'orders', 0, 'new', '{\"id\":1}', 0)",
            1,
        )
        self.assertEqual(ear.heard[0].text, '{"id":1}')

    def test_what_clients_send(self):
        """What clients, frameworks and tools send of their own accord."""
        for text in ANSWERED:
            self.assertIsInstance(self.run_(text), (Done, Rows), text)


#: What statements are made of, among it what has no end.
WORDS = (
    *(
        "SELECT",
        "INSERT",
        "DELETE",
        "FROM",
        "INTO",
        "WHERE",
        "VALUES",
        "SET",
        "SHOW",
        "USE",
        "LIKE",
        "IN",
        "AND",
    ),
    *(
        "OR",
        "NOT",
        "NULL",
        "IS",
        "BETWEEN",
        "ORDER",
        "BY",
        "LIMIT",
        "OFFSET",
        "AS",
        "DESC",
        "DESCRIBE",
        "FULL",
    ),
    *(
        "TABLES",
        "COLUMNS",
        "STATUS",
        "VARIABLES",
        "GLOBAL",
        "SESSION",
        "NAMES",
        "COLLATE",
        "BEGIN",
        "DEFAULT",
    ),
    *(
        "TRUE",
        "CONCAT",
        "VERSION",
        "(",
        "(",
        ")",
        ")",
        ",",
        ",",
        ".",
        ";",
        "=",
        "<>",
        "<",
        ">=",
        "*",
        "+",
        "-",
    ),
    *(
        "@@",
        "@",
        "?",
        "!",
        "`",
        "'",
        '"',
        "/*",
        "*/",
        "/*!",
        "--",
        "#",
        "0",
        "1",
        "-1",
        "1.5",
        "1e5",
        "1e308",
    ),
    *("9" * 30, "0x4d", "'x'", "''", "'chat'", '"id"', "`name`", "x'ff'", "_utf8'x'", "'a%_'", "'\\\\'", "é"),
    *(
        "users_auth",
        "users_messages",
        "users_time",
        "pipes_messages",
        "pipes_settings",
        "pipes",
        "id",
        "hash",
    ),
    *("name", "event", "message", "text", "index", "time", "length", "chat", "db_1", "CometQL_v1", "version"),
    *("autocommit", "sql_mode", "\0", "\U0001f600"),
)

STARTS = (
    "",
    "SELECT ",
    "SELECT * FROM users_auth WHERE id = ",
    "SELECT id FROM users_auth WHERE id IN (1) AND ",
    "INSERT INTO pipes_messages (name, message) VALUES (",
    "INSERT INTO users_messages VALUES (1, 2, ",
    "DELETE FROM pipes_messages WHERE ",
    "SET ",
    "SHOW ",
)


class AnythingTests(TalkTests):
    """Whatever is sent, there is a result or a refusal."""

    def answered(self, text):
        try:
            result = self.run_(text)
        except Refused as refusal:
            refusal.wire_text().encode("utf-8", "surrogatepass")
            return
        if isinstance(result, Rows):
            width = len(result.columns)
            for row in result.rows:
                self.assertEqual(len(tuple(row)), width)

    @given(st.sampled_from(STARTS), st.lists(st.sampled_from(WORDS), max_size=12))
    def test_words(self, start, words):
        """Words of the language in any order."""
        self.answered(start + " ".join(words))

    @given(st.sampled_from(STARTS), st.text(max_size=40))
    def test_texts(self, start, text):
        """Any text."""
        self.answered(start + text)
