"""Tests for what a conversation knows and tells: variables, functions, SHOW, USE, SET."""

import re
from collections import Counter
from decimal import Decimal

from comet.cometql.interface import Login
from comet.cometql.results import Done, Kind
from comet.cometql.status import (
    Gauges,
    LoadStatus,
    PortStatus,
    PresenceStatus,
    ServerStatus,
    TenantStatus,
    TrafficStatus,
)
from comet.cometql.tables.catalogue import TABLES
from comet.errors import (
    BadValue,
    NotSupported,
    OutOfRange,
    ReadOnlyVariable,
    Refused,
    SyntaxRefused,
    TooLong,
    UnknownCharacterSet,
    UnknownColumn,
    UnknownDatabase,
    UnknownFunction,
    UnknownTable,
    UnknownVariable,
)
from comet.mail import Counters
from comet.model import Goodbye
from comet.refusals import Reason, Refusals
from comet.video.model import Reason as Ending
from comet.video.model import Topology
from comet.video.tally import Purpose, Tally, VideoStatus
from tests.cometql.talk import TalkTests, at_once


class ValuesTests(TalkTests):
    """SELECT without a table."""

    def test_functions(self):
        """What clients ask on connect."""
        for text, value in (
            ("DATABASE()", "CometQL_v1"),
            ("schema()", "CometQL_v1"),
            ("VERSION()", self.engine.version),
            ("version()", self.engine.version),
            ("USER()", "root@127.0.0.1"),
            ("CURRENT_USER", "root@127.0.0.1"),
            ("CURRENT_USER()", "root@127.0.0.1"),
            ("CONNECTION_ID()", 7),
            ("NOW()", "2023-11-14 22:13:20"),
            ("CURDATE()", "2023-11-14"),
            ("CURTIME()", "22:13:20"),
            ("UNIX_TIMESTAMP()", 1_700_000_000),
            ("LAST_INSERT_ID()", 0),
            ("CONCAT('a', 1, NULL)", None),
            ("CONCAT('a', 1, 2.50)", "a12.50"),
            ("left(version(),6)", "8.0.40"),
            ("LEFT('abc', -1)", ""),
            ("CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL", 0),
            ("1+1", 2),
            ("1 - 2 * 3", -5),
            ("1 + 0.50", Decimal("1.50")),
            ("'2' + 1", 3),
            ("1 + 1e0", 2.0),
            ("1 + NULL", None),
            ("-5", -5),
            ("'x'", "x"),
            ("''", ""),
            ("x'ff'", b"\xff"),
            ("NULL", None),
            ("TRUE", 1),
            ("NULL IS NULL", 1),
            ("5 IS NULL", 0),
            ("@nothing", None),
        ):
            found = self.value(f"SELECT {text}")
            self.assertEqual(found, value, text)
            self.assertIs(type(found), type(value), text)

    def test_several(self):
        """Several values, titled as they are written or by their aliases."""
        text = "SELECT VERSION() as `version`, @@sql_mode AS m, @@lower_case_table_names,  1 + 1, 'it''s'"
        self.assertEqual(self.titles(text), ["version", "m", "@@lower_case_table_names", "1 + 1", "it's"])
        self.assertEqual(self.rows(text)[0][2:], (0, 2, "it's"))

    def test_types(self):
        """Each value has the type that it is of."""
        columns = self.run_("SELECT 1, 'a', 1.5, 1e0, NULL").columns
        kinds = [Kind.BIGINT, Kind.VARCHAR, Kind.DECIMAL, Kind.DOUBLE, Kind.NULL]
        self.assertEqual([column.kind for column in columns], kinds)
        self.assertGreaterEqual(self.run_(f"SELECT '{'x' * 5000}'").columns[0].length, 5000)

    def test_limit(self):
        """One row or none."""
        self.assertEqual(len(self.rows("SELECT @@version_comment LIMIT 1")), 1)
        self.assertEqual(len(self.rows("SELECT 1 LIMIT 0")), 0)
        self.assertEqual(len(self.rows("SELECT 1 LIMIT 1, 5")), 0)

    def test_row_count(self):
        """ROW_COUNT() is about the statement before."""
        self.run_("INSERT INTO users_auth VALUES (5, 'a'), (6, 'b')")
        self.assertEqual(self.rows("SELECT ROW_COUNT(), LAST_INSERT_ID()"), [(2, 5)])
        self.assertEqual(self.value("SELECT ROW_COUNT()"), -1)

    def test_refusals(self):
        """What does not exist, and what cannot be computed."""
        self.refuses(UnknownFunction, "SELECT foo(1)", "FOO")
        self.refuses(UnknownFunction, "SELECT VERSION(1)", "VERSION")
        self.refuses(UnknownFunction, "SELECT CONCAT()", "CONCAT")
        self.refuses(UnknownColumn, "SELECT foo", "'foo'")
        self.refuses(UnknownColumn, "SELECT a.b", "'a.b'")
        self.refuses(UnknownVariable, "SELECT @@foo", "'foo'")
        self.refuses(NotSupported, "SELECT *")
        self.refuses(NotSupported, "SELECT DEFAULT")
        self.refuses(BadValue, "SELECT 1 + 'x'", "'x'")
        self.refuses(BadValue, "SELECT CONCAT(x'ff', 'a')")
        half = "x" * (1 << 23)
        self.refuses(TooLong, f"SELECT CONCAT('{half}', '{half}', 'x')")
        self.refuses(OutOfRange, "SELECT 1" + " * 9999999999" * 20)


class VariableTests(TalkTests):
    """System variables, variables of one's own, SET."""

    def test_defaults(self):
        """What drivers rely on."""
        for name, value in (
            ("lower_case_table_names", 0),
            ("max_allowed_packet", 16 << 20),
            ("autocommit", 1),
            ("transaction_isolation", "REPEATABLE-READ"),
            ("tx_isolation", "REPEATABLE-READ"),
            ("character_set_client", "utf8mb4"),
            ("time_zone", "+00:00"),
            ("auto_increment_increment", 1),
            ("sql_auto_is_null", 0),
            ("socket", ""),
            ("version", self.engine.version),
        ):
            for text in (f"@@{name}", f"@@session.{name}", f"@@GLOBAL.{name.upper()}"):
                self.assertEqual(self.value(f"SELECT {text}"), value, text)
        self.assertIn("comet", self.value("SELECT @@version_comment"))

    def test_set(self):
        """What is set is read back, by this session and from its own scope only."""
        self.does("SET SESSION sql_mode = 'ANSI', wait_timeout = 5")
        self.assertEqual(self.rows("SELECT @@sql_mode, @@session.wait_timeout"), [("ANSI", 5)])
        self.assertNotEqual(self.value("SELECT @@global.sql_mode"), "ANSI")
        self.assertNotEqual(self.value("SELECT @@sql_mode", self.open()), "ANSI")
        self.does("SET sql_mode = DEFAULT")
        self.assertNotEqual(self.value("SELECT @@sql_mode"), "ANSI")

    def test_set_in_terms_of_itself(self):
        """A value may be computed from the old one."""
        self.does("SET sql_mode = 'A'")
        self.does("set autocommit=1, sql_mode = concat(@@sql_mode,',B')")
        self.assertEqual(self.value("SELECT @@sql_mode"), "A,B")

    def test_autocommit(self):
        """Every spelling, and the status flags follow."""
        for spelling, state in (
            ("0", False),
            ("1", True),
            ("OFF", False),
            ("on", True),
            ("'OFF'", False),
            ("TRUE", True),
            ("'0'", False),
            ("DEFAULT", True),
        ):
            self.does(f"SET AUTOCOMMIT = {spelling}")
            self.assertIs(self.talk.autocommit, state, spelling)
        for spelling in ("2", "maybe", "NULL", "1.5"):
            self.refuses(BadValue, f"SET autocommit = {spelling}", "autocommit")
        self.assertTrue(self.talk.autocommit)

    def test_names(self):
        """SET NAMES sets three character sets and the collation."""
        asked = (
            "SELECT @@character_set_client, @@character_set_connection, @@character_set_results,"
            " @@collation_connection"
        )
        for text, values in (
            ("SET NAMES utf8mb4", ("utf8mb4",) * 3 + ("utf8mb4_0900_ai_ci",)),
            ("SET NAMES 'latin1'", ("latin1",) * 3 + ("latin1_swedish_ci",)),
            ("SET NAMES 'UTF8MB4' COLLATE 'utf8mb4_unicode_ci'", ("utf8mb4",) * 3 + ("utf8mb4_unicode_ci",)),
        ):
            self.does(text)
            self.assertEqual(self.rows(asked), [values], text)
        self.does("SET character_set_results = NULL")
        self.assertIsNone(self.value("SELECT @@character_set_results"))
        self.refuses(UnknownCharacterSet, "SET NAMES klingon", "klingon")

    def test_what_drivers_send(self):
        """Every SET that drivers send without being asked."""
        for text in (
            "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'",
            "SET @@session.autocommit = ON",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            'set time_zone="+00:00"',
            "set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES'",
            "SET character_set_server = 'utf8mb4'",
            "SET collation_connection = 'utf8mb4_unicode_ci'",
            "SET @@wait_timeout = 2147483",
            "SET SQL_AUTO_IS_NULL=0",
            "SET NAMES utf8mb4,  @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',X'),"
            "  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483",
            "SET session_track_schema= ON",
            "SET session_track_system_variables='autocommit,transaction_isolation'",
            "SET NAMES utf8mb4, SESSION sql_mode='TRADITIONAL'",
            "SET lc_messages = 'en_US'",
            "SET sql_quote_show_create = 1, autocommit = 1",
            "/*!40100 SET @@SQL_MODE='' */",
            "/*!40103 SET TIME_ZONE='+00:00' */",
            "SET @OLD = @@sql_mode, @x := 5",
            "SET SESSION TRANSACTION READ ONLY",
        ):
            result = self.run_(text)
            self.assertEqual(result, Done(), text)
        self.assertEqual(self.rows("SELECT @x, @@transaction_read_only, @@sql_mode, @old"), [(5, 1, "", "")])

    def test_unknown(self):
        """An unknown variable, or a global one, is passed over with a warning that can be read once."""
        self.assertEqual(self.run_("SET foo = 1, sql_notes = 0, GLOBAL max_connections = 5").warnings, 2)
        warnings = self.rows("SHOW WARNINGS")
        self.assertEqual([warning[:2] for warning in warnings], [("Warning", 1193), ("Warning", 1142)])
        self.assertIn("foo", warnings[0][2])
        self.assertEqual(self.rows("SELECT @@sql_notes, @@max_connections"), [(0, 1000)])
        self.assertEqual(self.rows("SHOW WARNINGS"), [])
        self.assertEqual(self.rows("SHOW ERRORS"), [])

    def test_errors_can_be_asked_for(self):
        """Why a statement was refused is told again and counted until the next one; a SHOW is no next one."""
        self.run_("SET foo = 1")
        for text, number in (
            ("SELCT 1", 1064),
            ("SELECT * FROM nope WHERE id = 1", 1146),
            ("USE nope", 1049),
        ):
            with self.assertRaises(Refused) as caught:
                self.run_(text)
            row = ("Error", number, caught.exception.wire_text())
            self.assertEqual(self.rows("SELECT @@warning_count, @@session.error_count"), [(1, 1)])
            self.assertEqual(self.rows("SHOW WARNINGS"), [row])
            self.assertEqual(self.rows("SHOW ERRORS LIMIT 5"), [row])
            self.assertEqual(self.rows("SHOW COUNT(*) ERRORS"), [(1,)])
        with self.assertRaises(Refused):
            self.talk.prepare("SELCT ?")
        self.assertEqual(self.rows("SHOW COUNT(*) WARNINGS"), [(1,)])
        self.assertEqual(self.titles("SHOW COUNT(*) WARNINGS"), ["@@session.warning_count"])
        self.run_("SET foo = 1")
        self.assertEqual(self.rows("SELECT @@warning_count, @@error_count"), [(1, 0)])
        self.run_("SELECT 1")
        self.assertEqual(self.rows("SHOW WARNINGS"), [])

    def test_wait_timeout(self):
        """What a session sets is what its connection goes by, within a second and a year."""
        self.assertIsNone(self.talk.wait_timeout)
        for given, kept in (("600", 600), ("0", 1), ("-5", 1), ("2147483647", 31_536_000)):
            self.run_(f"SET SESSION wait_timeout = {given}")
            self.assertEqual((self.talk.wait_timeout, self.value("SELECT @@wait_timeout")), (kept, kept))
        self.run_("SET wait_timeout = DEFAULT")
        self.assertIsNone(self.talk.wait_timeout)

    def test_insert_id(self):
        """The last insert id is a variable, too."""
        self.run_("INSERT INTO users_auth (id, hash) VALUES (7, 'a')")
        self.assertEqual(self.rows("SELECT @@last_insert_id, @@identity"), [(7, 7)])
        self.assertEqual(self.rows("SELECT @@identity AS i, count(*) AS n FROM users_auth"), [(7, 1)])

    def test_ansi_quotes(self):
        """With ANSI_QUOTES in sql_mode names stand in double quotes, in that session and until then."""
        self.run_("INSERT INTO users_auth (id, hash) VALUES (1, 'a')")
        text = 'SELECT "hash" FROM "users_auth" "u" WHERE "u"."id" = 1'
        for mode in ("ANSI_QUOTES", "STRICT_ALL_TABLES,ansi_quotes", "ANSI"):
            self.does(f"SET sql_mode = '{mode}'")
            self.assertEqual(self.rows(text), [("a",)])
            self.assertEqual(
                self.rows("""SELECT max("hash"), 'it''s "x"' FROM "users_auth" """), [("a", 'it\'s "x"')]
            )
            self.assertEqual(at_once(self.talk.prepare(f"{text} AND 1 = ?").execute([1])).rows, [("a",)])
            self.refuses(UnknownColumn, 'SELECT "nope" FROM users_auth WHERE id = 1', "'nope'")
        self.assertEqual(self.value('SELECT "x" "y"', self.open()), "xy")
        self.does("SET sql_mode = ''")
        self.assertEqual(self.value('SELECT "x"'), "x")

    def test_refusals(self):
        """Facts, wrong types and endless texts."""
        self.refuses(ReadOnlyVariable, "SET version = 'x'", "version")
        self.refuses(BadValue, "SET wait_timeout = 'soon'", "wait_timeout", "'soon'")
        self.refuses(BadValue, "SET time_zone = NULL", "time_zone")
        self.refuses(BadValue, "SET time_zone = x'ff'", "time_zone")
        self.refuses(TooLong, f"SET sql_mode = '{'x' * 5000}'", "sql_mode")
        self.refuses(TooLong, f"SET @x = '{'x' * 5000}'", "@x")
        for number in range(200):
            self.does(f"SET @v{number} = 1")
        self.refuses(TooLong, "SET @more = 1")


class ShowTests(TalkTests):
    """SHOW and DESCRIBE."""

    TABLES = (
        "users_auth",
        "users_time",
        "users_messages",
        "pipes_messages",
        "users_in_pipes",
        "pipes",
        "pipes_settings",
        "channel_rights",
        "users_data",
        "revoked_tokens",
        "conference",
        "conference_members",
        "dev_config",
        "connections",
        "presence_events",
    )

    def test_tables(self):
        """All tables, in their order; FULL, FROM, LIKE and WHERE."""
        every = [(name,) for name in self.TABLES]
        self.assertEqual(self.rows("SHOW TABLES"), every)
        self.assertEqual(self.titles("SHOW TABLES"), ["Tables_in_CometQL_v1"])
        self.assertEqual(self.rows("SHOW TABLES FROM CometQL_v1"), every)
        self.assertEqual(self.titles("SHOW TABLES FROM db_3"), ["Tables_in_db_3"])
        self.assertEqual(self.rows("SHOW TABLES LIKE '%'"), every)
        self.assertEqual(
            self.rows("SHOW TABLES LIKE 'PIPES\\_%'"), [("pipes_messages",), ("pipes_settings",)]
        )
        self.assertEqual(self.rows("SHOW FULL TABLES LIKE 'pipes'"), [("pipes", "BASE TABLE")])
        self.assertEqual(len(self.rows("show full tables where table_type = 'BASE TABLE'")), len(every))
        self.assertEqual(self.rows("show full tables where Table_type = 'VIEW'"), [])
        self.refuses(UnknownDatabase, "SHOW TABLES FROM mysql", "'mysql'")
        self.refuses(UnknownColumn, "SHOW TABLES WHERE foo = 1", "'foo'")

    def test_databases(self):
        """The database, the tenant's if that is selected, and the one that describes them."""
        self.assertEqual(self.rows("SHOW DATABASES"), [("CometQL_v1",), ("information_schema",)])
        self.assertEqual(self.titles("SHOW SCHEMAS"), ["Database"])
        self.does("USE db_3")
        self.assertEqual(self.rows("SHOW DATABASES"), [("CometQL_v1",), ("db_3",), ("information_schema",)])

    def test_columns(self):
        """DESCRIBE and SHOW COLUMNS tell what is declared."""
        wanted = [("id", "int", "NO", "PRI", None, ""), ("hash", "varchar(32)", "NO", "", None, "")]
        for text in (
            "DESCRIBE users_auth",
            "desc `users_auth`",
            "EXPLAIN USERS_AUTH",
            "SHOW COLUMNS FROM users_auth",
        ):
            self.assertEqual(self.rows(text), wanted, text)
        self.assertEqual(self.titles("DESC users_auth"), ["Field", "Type", "Null", "Key", "Default", "Extra"])
        self.assertEqual(self.rows("DESC users_auth id"), wanted[:1])
        self.assertEqual(self.rows("SHOW COLUMNS FROM users_auth LIKE 'h%'"), wanted[1:])
        self.assertEqual(self.rows("SHOW COLUMNS FROM users_auth WHERE Field = 'id'"), wanted[:1])
        self.assertEqual(
            self.rows("DESC pipes_messages")[6:],
            [("user_id", "int", "NO", "", "0", ""), ("position", "bigint", "NO", "", "0", "INVISIBLE")],
        )
        full = self.rows("SHOW FULL FIELDS FROM `users_messages`")
        self.assertEqual([row[0] for row in full], ["id", "index", "event", "message", "expires"])
        self.assertEqual(full[3][2], "utf8mb4_bin")
        self.refuses(UnknownTable, "DESCRIBE nope", "nope")

    def test_create_table(self):
        """A statement that names every column and the key."""
        ((name, text),) = self.rows("SHOW CREATE TABLE users_in_pipes")
        self.assertEqual(name, "users_in_pipes")
        for part in (
            "CREATE TABLE `users_in_pipes`",
            "`user_uuid` varchar(64) NOT NULL",
            "KEY `name` (`name`)",
        ):
            self.assertIn(part, text)
        self.assertIn("PRIMARY KEY (`id`)", self.rows("SHOW CREATE TABLE users_time")[0][1])
        created = self.rows("SHOW CREATE TABLE pipes_messages")[0][1]
        self.assertEqual(re.findall(r"`(\w+)`.*/\*!80023 INVISIBLE \*/ COMMENT", created), ["position"])

    def test_create_table_for_another_server(self):
        """With NO_TABLE_OPTIONS, it has nothing that is not known elsewhere; the character set is."""
        self.does("SET SQL_MODE=NO_TABLE_OPTIONS")
        for table in TABLES:
            created = self.rows(f"SHOW CREATE TABLE {table.name}")[0][1]
            self.assertTrue(created.endswith("\n) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"), created)

    def test_of_every_table(self):
        """Every table can be described in every way, and each way names the same columns."""
        for table in TABLES:
            names = [column.name for column in table.declared]
            self.assertEqual([row[0] for row in self.rows(f"DESC {table.name}")], names)
            created = self.rows(f"SHOW CREATE TABLE {table.name}")[0][1]
            for column in names:
                self.assertIn(f"`{column}`", created)
            index = self.run_(f"SHOW INDEX FROM {table.name}")
            self.assertEqual({len(row) for row in index.rows}, {len(index.columns)})
            for column in table.declared:
                self.assertTrue(column.doc, (table.name, column.name))
        status = self.run_("SHOW TABLE STATUS")
        self.assertEqual({len(row) for row in status.rows}, {len(status.columns), 18})
        self.assertEqual(len(self.rows("SHOW TABLE STATUS LIKE 'pipes'")), 1)

    def test_variables(self):
        """Names and values, in alphabetical order, with switches as words."""
        rows = self.rows("SHOW VARIABLES")
        self.assertEqual(rows, sorted(rows))
        self.assertEqual(self.titles("SHOW VARIABLES"), ["Variable_name", "Value"])
        self.assertEqual(
            self.rows("SHOW SESSION VARIABLES LIKE 'lower_case_table_names'"),
            [("lower_case_table_names", "0")],
        )
        self.assertEqual(self.rows("show variables like 'AUTOCOMMIT'"), [("autocommit", "ON")])
        self.assertEqual(
            [
                name
                for name, _ in self.rows("SHOW VARIABLES WHERE Variable_name in ('time_zone', 'sql_mode')")
            ],
            ["sql_mode", "time_zone"],
        )
        self.does("SET sql_mode = 'X'")
        self.assertEqual(self.rows("SHOW VARIABLES LIKE 'sql_mode'"), [("sql_mode", "X")])
        self.assertNotEqual(self.rows("SHOW GLOBAL VARIABLES LIKE 'sql_mode'"), [("sql_mode", "X")])

    def test_lists(self):
        """Fixed lists, as wide as their titles."""
        for subject in ("COLLATION", "CHARACTER SET", "CHARSET", "ENGINES", "STORAGE ENGINES", "PLUGINS"):
            result = self.run_(f"SHOW {subject}")
            self.assertEqual({len(row) for row in result.rows}, {len(result.columns)}, subject)
        self.assertEqual(self.rows("SHOW COLLATION LIKE 'utf8mb4_bin'")[0][2], 46)
        self.assertEqual(self.rows("SHOW COLLATION WHERE Id = 45")[0][0], "utf8mb4_general_ci")

    def test_none_of_these(self):
        """What other servers have and comet has not: titles, and no rows."""
        for text, first in (
            ("SHOW FUNCTION STATUS WHERE Db = 'x'", "Db"),
            ("SHOW PROCEDURE STATUS LIKE 'x'", "Db"),
            ("SHOW EVENTS FROM CometQL_v1", "Db"),
            ("SHOW TRIGGERS", "Trigger"),
            ("SHOW MASTER STATUS", "File"),
            ("SHOW MASTER LOGS", "Log_name"),
            ("SHOW BINARY LOGS", "Log_name"),
            ("SHOW SLAVE STATUS", "Slave_IO_State"),
            ("SHOW REPLICAS", "Server_Id"),
            ("SHOW OPEN TABLES", "Database"),
        ):
            self.assertEqual((self.titles(text)[0], self.rows(text)), (first, []), text)

    def test_grants(self):
        """Everybody sees their own, however they ask."""
        for text in (
            "SHOW GRANTS",
            "SHOW GRANTS FOR CURRENT_USER",
            "SHOW GRANTS FOR CURRENT_USER()",
            "SHOW GRANTS FOR 'root'@'%'",
            "SHOW GRANTS FOR root",
        ):
            self.assertIn("ON *.* TO `root`@`127.0.0.1`", self.value(text))
        self.assertIn("ON `CometQL_v1`.* TO `3`@", self.value("SHOW GRANTS", self.open("3", 3)))

    def test_create_database(self):
        """By its name."""
        for text in ("SHOW CREATE DATABASE `CometQL_v1`", "SHOW CREATE SCHEMA IF NOT EXISTS CometQL_v1"):
            ((name, statement),) = self.rows(text)
            self.assertEqual(name, "CometQL_v1")
            self.assertIn("CREATE DATABASE `CometQL_v1`", statement)
        self.refuses(UnknownDatabase, "SHOW CREATE DATABASE nope", "nope")

    def test_locks(self):
        """LOCK TABLES is accepted in all forms and locks nothing."""
        self.does("LOCK TABLES `users_auth` READ /*!32311 LOCAL */, pipes AS p LOW_PRIORITY WRITE")
        self.does("LOCK TABLE pipes p WRITE")
        self.does("UNLOCK TABLES")
        self.refuses(SyntaxRefused, "LOCK TABLES pipes")
        self.refuses(SyntaxRefused, "UNLOCK pipes")

    def test_statement_settings(self):
        """SET STATEMENT ... FOR is the statement behind it."""
        self.assertEqual(self.value("SET STATEMENT max_statement_time=2, x=1 FOR SELECT 5"), 5)
        text = "SET STATEMENT max_statement_time=2 FOR SELECT count(*) FROM information_schema.SCHEMATA"
        self.assertEqual(self.value(text), 2)


class Fixed(Gauges):
    """Counters that stand still."""

    def server(self):
        ws = PortStatus(60, 1, 2, 3, 4, 0.5, 0.25, 0.125)
        cometql = PortStatus(10, 5, 6, 7, 8, 1.0, 2.0, 3.0)
        refused, goodbyes = Refusals([Reason.HEAD] * 6), Counter([Goodbye.SLOW] * 2)
        counters, presence = Counters(queue_dropped=4), PresenceStatus(9, 8, 7, 6, 5)
        traffic = TrafficStatus(11, 12, 13, 14)
        begun, over = Counter([Purpose.CALL] * 6), Counter([(Purpose.CALL, Ending.BUSY)])
        tally = Tally(begun, over, Counter(["busy"] * 3), 4)
        video = VideoStatus(1, Counter([Topology.SFU] * 2), 16, 17, tally)
        load = LoadStatus(2, 16, 17, 18, 0.25, 19, 1.5)
        counted = refused, counters, goodbyes, presence, 15, traffic, video, load
        return ServerStatus(7200, ws, cometql, *counted)

    def tenant(self, dev_id):
        return TenantStatus(dev_id + 1, 2, 3, 1)


class StatusTests(TalkTests):
    """SHOW STATUS in its forms."""

    def setUp(self):
        super().setUp()
        self.engine.gauges = Fixed()
        self.talk = self.open("3", 3)

    def test_session(self):
        """The rows about the tenant, and those about the connection."""
        wanted = [
            ("flag", "session"),
            ("id", "3"),
            ("user_online", "4"),
            ("server_online", "2"),
            ("messages", "3"),
            ("online_users", "1"),
            ("Ssl_cipher", ""),
            ("Ssl_version", ""),
            ("comet_unknown_statements", "0"),
        ]
        self.assertEqual(self.rows("show status"), wanted)
        self.assertEqual(self.rows("SHOW SESSION STATUS"), wanted)
        self.assertEqual(self.rows("SHOW STATUS LIKE '%_online'"), wanted[2:4])
        self.assertEqual(self.titles("SHOW STATUS"), ["Variable_name", "Value"])

    def test_encryption(self):
        """A client looks there whether its connection is encrypted, and with what."""
        login = Login("root", 0, 1, "127.0.0.1:5", cipher="TLS_AES_256_GCM_SHA384", tls="TLSv1.3")
        talk = self.engine.open(login)
        wanted = [("Ssl_cipher", "TLS_AES_256_GCM_SHA384"), ("Ssl_version", "TLSv1.3")]
        self.assertEqual(self.rows("SHOW STATUS LIKE 'ssl_%'", talk), wanted)
        self.assertEqual(self.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'", talk), wanted[:1])
        self.assertEqual(self.rows("SHOW STATUS LIKE 'Ssl_cipher'"), [("Ssl_cipher", "")])

    def test_global(self):
        """The 23 rows about the server that there always were, in their order, and then ours."""
        rows = self.rows("SHOW GLOBAL STATUS")
        self.assertEqual(
            rows[:22],
            [
                ("flag", "global"),
                ("uptime", "7200"),
                ("uptime_in_hours", "2.00"),
                ("uptime_in_days", "0.08"),
                ("frontend_name", "ws"),
                ("backend_name", "cometql"),
                ("frontend_stat_interval", "60"),
                ("backend_stat_interval", "10"),
                ("frontend_online", "1"),
                ("backend_online", "5"),
                ("frontend_messages", "2"),
                ("backend_messages", "6"),
                ("frontend_add_client", "3"),
                ("backend_add_client", "7"),
                ("frontend_delete_client", "4"),
                ("backend_delete_client", "8"),
                ("frontend_messages_ps", "0.50"),
                ("backend_messages_ps", "1.00"),
                ("frontend_add_client_ps", "0.25"),
                ("backend_add_client_ps", "2.00"),
                ("frontend_delete_client_ps", "0.12"),
                ("backend_delete_client_ps", "3.00"),
            ],
        )
        self.assertEqual(rows[22][0], "network_events")
        refused = {f"frontend_refused_{reason.value}": "0" for reason in Reason}
        counted = dict(rows[23:])
        self.assertEqual(
            {name: value for name, value in counted.items() if name.startswith("frontend_refused_")},
            refused | {"frontend_refused_head": "6"},
        )
        self.assertEqual((counted["messages_queue_dropped"], counted["messages_expired"]), ("4", "0"))
        self.assertEqual((counted["goodbyes_slow"], counted["goodbyes_killed"]), ("2", "0"))
        presence = {
            "online_users": "9",
            "presence_rows_lost": "8",
            "webhook_deliveries": "7",
            "webhook_failures": "6",
            "webhook_rows_lost": "5",
        }
        self.assertEqual({name: counted[name] for name in presence}, presence)
        video = {
            "video_calls": "1",
            "video_rooms_mesh": "0",
            "video_rooms_sfu": "2",
            "video_seats": "16",
            "video_rings": "17",
            "video_calls_begun": "6",
            "video_calls_busy": "1",
            "video_invites_busy": "0",
            "video_signals": "4",
            "video_refused_busy": "3",
            "video_refused_other": "0",
        }
        self.assertEqual({name: counted[name] for name in video}, video)
        tools = {
            "Aborted_connects": "12",
            "Bytes_received": "13",
            "Bytes_sent": "14",
            "Connections": "7",
            "Max_used_connections": "11",
            "Questions": "6",
            "Slow_queries": "15",
            "Threads_connected": "5",
            "Uptime": "7200",
        }
        self.assertEqual({name: counted[name] for name in tools}, tools)
        load = {
            "nodes": "2",
            "channels": "16",
            "subscriptions": "17",
            "outbox_bytes": "18",
            "reactor_lag_seconds": "0.250000",
            "statements": "19",
            "statements_seconds": "1.500000",
        }
        self.assertEqual({name: counted[name] for name in load}, load)

    def test_statistics(self):
        """The line that mysqladmin shows."""
        self.assertTrue(self.talk.statistics().startswith("Uptime: 7200  Threads: 5  Questions: 6  "))

    def test_nobody_counts(self):
        """Without counters there are zeros."""
        self.engine.gauges = None
        talk = type(self.engine)(self.broker, "x").open(self.talk._context.login)
        found = self.rows("SHOW GLOBAL STATUS LIKE 'uptime'", talk)
        self.assertEqual(found, [("uptime", "0"), ("Uptime", "0")])
        self.assertEqual(self.rows("SHOW STATUS LIKE 'messages'", talk), [("messages", "0")])
