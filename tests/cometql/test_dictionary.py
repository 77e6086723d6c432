"""Tests for L{comet.cometql.dictionary}: information_schema, and what SHOW tells of it."""

from comet.cometql.dictionary.lookup import VIEWS
from comet.cometql.results import Kind
from comet.cometql.tables.catalogue import TABLES
from comet.errors import DatabaseDenied, NotAllowed, UnknownColumn, UnknownView
from tests.cometql.talk import TalkTests, at_once


class DictionaryTests(TalkTests):
    """information_schema."""

    def test_any_letter_case(self):
        """Names and texts of the dictionary go in any letter case."""
        self.assertEqual(
            self.rows(
                "SELECT Table_Name, column_name, DATA_TYPE FROM Information_Schema.Columns"
                " WHERE table_schema = 'cometql_V1' AND table_name LIKE 'PIPES' ORDER BY ordinal_position"
            ),
            [
                ("pipes", "name", "varchar"),
                ("pipes", "users", "int"),
                ("pipes", "position", "bigint"),
                ("pipes", "epoch", "varchar"),
            ],
        )

    def test_views(self):
        """Every view answers with all its columns."""
        for name, view in VIEWS.items():
            result = self.run_(f"SELECT * FROM information_schema.{name}")
            self.assertEqual(
                [(c.name, c.kind, c.length) for c in result.columns],
                [(c.name, c.kind, c.length) for c in view.columns],
                name,
            )
            for row in result.rows:
                self.assertEqual(len(row), len(result.columns), name)

    def test_collations(self):
        """They are those of SHOW COLLATION, with the number that drivers know them by."""
        wanted = [(name, number) for name, _, number, *_ in self.rows("SHOW COLLATION")]
        text = "SELECT collation_name, id FROM information_schema.COLLATIONS"
        self.assertEqual(self.rows(text), wanted)

    def test_keys(self):
        """What tells rows apart is a primary key, and what they are looked up by an index."""
        keyed = self.rows("SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE 1=1")
        self.assertIn(("users_auth", "id"), keyed)
        self.assertEqual(dict(keyed)["pipes_messages"], "id")
        self.assertNotIn("users_in_pipes", dict(keyed))
        self.assertEqual(
            [row[1:3] + row[4:5] for row in self.rows("SHOW INDEX FROM pipes_messages")],
            [(0, "PRIMARY", "id"), (1, "name", "name")],
        )
        self.assertEqual(
            [row[3] for row in self.rows("SHOW COLUMNS FROM pipes_messages")][:3], ["PRI", "", "MUL"]
        )
        text = self.rows("SHOW CREATE TABLE pipes_messages")[0][1]
        self.assertIn("  PRIMARY KEY (`id`),\n  KEY `name` (`name`)\n", text)
        # MySQL has no longer texts than these in a key.
        self.assertIn("PRIMARY KEY (`token`(768))", self.rows("SHOW CREATE TABLE revoked_tokens")[0][1])
        self.assertIn(
            ("pipes_messages", 1),
            self.rows(
                "SELECT TABLE_NAME, NON_UNIQUE FROM information_schema.statistics WHERE column_name = 'name'"
            ),
        )

    def test_databases(self):
        """The selected one is among them."""
        self.talk.use("db_5")
        names = {name for (name,) in self.rows("SELECT schema_name FROM information_schema.schemata")}
        self.assertEqual(names, {"information_schema", "CometQL_v1", "db_5"})
        self.assertGreater(
            self.value("SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()"), 6
        )

    def test_what_tools_send(self):
        """Queries as tools write them."""
        for text in (
            "SELECT SQL_CALC_FOUND_ROWS TABLE_NAME, IF(TABLE_TYPE = 'BASE TABLE', 'TABLE', TABLE_TYPE) t"
            " FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = schema()"
            " AND (TABLE_TYPE IN ('BASE TABLE', 'VIEW'))",
            "SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA`, (SELECT DB_first_level FROM"
            " ( SELECT DISTINCT SUBSTRING_INDEX(SCHEMA_NAME, '_', 1) DB_first_level"
            " FROM INFORMATION_SCHEMA.SCHEMATA WHERE TRUE ) t"
            " ORDER BY DB_first_level ASC LIMIT 0, 100) t2"
            " WHERE TRUE AND 1 = LOCATE(CONCAT(DB_first_level, '_'), CONCAT(SCHEMA_NAME, '_'))"
            " ORDER BY SCHEMA_NAME ASC",
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'CometQL_v1'"
            " AND table_name = 'pipes' ORDER BY column_name",
            "SELECT kc.constraint_name, kc.column_name, c.constraint_type"
            " FROM information_schema.key_column_usage kc JOIN information_schema.table_constraints c"
            " ON kc.table_name = c.table_name WHERE kc.table_schema = DATABASE()"
            " ORDER BY kc.ordinal_position",
        ):
            self.assertTrue(self.rows(text), text)

    def test_unknown(self):
        """A view that there is not."""
        self.refuses(UnknownView, "SELECT * FROM information_schema.nope", "nope")

    def test_described_by_itself(self):
        """The views are among the tables, and their columns among the columns."""
        text = "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
        where = (
            "WHERE table_schema = 'information_schema' AND table_name = 'engines' ORDER BY ordinal_position"
        )
        self.assertEqual(
            self.rows(f"{text} {where} LIMIT 4"),
            [
                ("ENGINE", "varchar", "NO"),
                ("SUPPORT", "varchar", "NO"),
                ("COMMENT", "varchar", "NO"),
                ("TRANSACTIONS", "varchar", "YES"),
            ],
        )
        text = "SELECT table_name FROM information_schema.tables WHERE table_type = 'SYSTEM VIEW'"
        self.assertEqual([name for (name,) in self.rows(text)], list(VIEWS))

    def test_every_table_of_ours(self):
        """TABLES and COLUMNS name what is declared, in its order."""
        names = [name for (name,) in self.rows("SHOW TABLES")]
        self.assertEqual(names, [table.name for table in TABLES])
        for table in TABLES:
            text = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table.name}'"
            self.assertEqual([name for (name,) in self.rows(text)], [each.name for each in table.declared])

    def test_keywords(self):
        """Reserved words are told from others."""
        text = "SELECT WORD FROM information_schema.KEYWORDS WHERE RESERVED = 1 ORDER BY WORD"
        words = [word for (word,) in self.rows(text)]
        self.assertEqual(words[:3], ["ACCESSIBLE", "ADD", "ALL"])
        self.assertIn("INDEX", words)
        self.assertNotIn("EVENT", words)

    def test_rights(self):
        """Root has its rights everywhere, a tenant in its database, as SHOW GRANTS has it."""
        everywhere = "SELECT grantee, privilege_type FROM information_schema.user_privileges"
        there = "SELECT table_schema, privilege_type FROM information_schema.schema_privileges"
        words = ("SELECT", "INSERT", "UPDATE", "DELETE")
        self.assertEqual(self.rows(everywhere), [("'root'@'127.0.0.1'", word) for word in words])
        self.assertEqual(self.rows(there), [])
        tenant = self.open("3", 3)
        self.assertEqual(self.rows(everywhere, tenant), [("'3'@'127.0.0.1'", "USAGE")])
        self.assertEqual(self.rows(there, tenant), [("CometQL_v1", word) for word in words])


class SelectedTests(TalkTests):
    """After USE information_schema."""

    def setUp(self):
        super().setUp()
        self.does("USE Information_Schema")

    def test_without_its_name(self):
        """Tables are those of the dictionary, in statements of all kinds, and ours need their database."""
        self.assertEqual(self.value("SELECT DATABASE()"), "information_schema")
        self.assertEqual(self.value("SELECT engine FROM engines WHERE support = 'default'"), "comet")
        self.assertEqual(
            self.value("SELECT count(*) FROM TABLES WHERE table_type = 'BASE TABLE'"), len(TABLES)
        )
        self.assertEqual(at_once(self.talk.prepare("SELECT 1 FROM views").execute([])).rows, [])
        self.run_("INSERT INTO CometQL_v1.users_auth VALUES (1, 'a')")
        self.assertEqual(self.value("SELECT hash FROM CometQL_v1.users_auth WHERE id = 1"), "a")
        self.refuses(UnknownView, "SELECT * FROM users_auth WHERE id = 1", "users_auth")
        self.does("USE CometQL_v1")
        self.assertEqual(self.value("SELECT hash FROM users_auth WHERE id = 1"), "a")

    def test_show(self):
        """Its tables are shown as any."""
        self.assertEqual([name for (name,) in self.rows("SHOW TABLES")], list(VIEWS))
        self.assertEqual(self.titles("SHOW TABLES"), ["Tables_in_information_schema"])
        self.assertEqual(self.rows("SHOW FULL TABLES LIKE 'eng%'"), [("ENGINES", "SYSTEM VIEW")])
        self.assertEqual(
            self.rows("SHOW COLUMNS FROM engines LIKE 'xa'"), [("XA", "varchar(3)", "YES", "", None, "")]
        )
        self.assertEqual(self.rows("DESCRIBE engines xa"), self.rows("SHOW COLUMNS FROM engines LIKE 'xa'"))
        self.assertEqual(self.rows("SHOW INDEX FROM engines"), [])
        self.assertIn("`RESERVED` int", self.rows("SHOW CREATE TABLE keywords")[0][1])
        self.assertIn("`information_schema`", self.rows("SHOW CREATE DATABASE information_schema")[0][1])
        self.assertEqual(
            [column.name for column in self.talk.fields("engines", "s%")], ["SUPPORT", "SAVEPOINTS"]
        )

    def test_from_elsewhere(self):
        """SHOW names the database, or is answered for another."""
        self.does("USE CometQL_v1")
        for text in ("SHOW TABLES FROM information_schema", "SHOW TABLES FROM INFORMATION_SCHEMA"):
            self.assertEqual([name for (name,) in self.rows(text)], list(VIEWS))
        self.assertEqual(len(self.rows("SHOW COLUMNS FROM information_schema.tables")), 21)
        self.assertEqual(len(self.rows("SHOW COLUMNS FROM tables FROM information_schema")), 21)
        self.assertEqual(self.rows("SHOW TABLES FROM CometQL_v1 LIKE 'pipes'"), [("pipes",)])

    def test_nobody_writes(self):
        """It is read only."""
        for text in (
            "INSERT INTO engines VALUES (1)",
            "DELETE FROM information_schema.engines WHERE engine = 'comet'",
            "UPDATE engines SET support = 'NO'",
        ):
            self.refuses(DatabaseDenied, text, "information_schema", "read only")


class InnerTests(TalkTests):
    """The databases that MySQL keeps for itself."""

    def test_refused(self):
        """Nobody looks at them, or writes there."""
        for text in (
            "SELECT 1 FROM mysql.user LIMIT 1",
            "SELECT count(*) FROM `mysql`.`user`",
            "SELECT * FROM performance_schema.threads",
            "DELETE FROM mysql.user WHERE user = 'root'",
            "SHOW COLUMNS FROM mysql.user",
        ):
            self.refuses(NotAllowed, text, "command denied", "information_schema")


class TypeTests(TalkTests):
    """The types of answers, which do not hang on their rows."""

    def kinds(self, text):
        """@return: the types of the columns."""
        return [column.kind for column in self.run_(text).columns]

    def test_without_rows(self):
        """What is computed has a type, though there is no row to tell it."""
        for expression, kind in (
            ("table_name", Kind.VARCHAR),
            ("create_time", Kind.DATETIME),
            ("table_rows", Kind.BIGINT),
            ("version", Kind.INT),
            ("table_comment", Kind.TEXT),
            ("version + 1", Kind.BIGINT),
            ("version / 2", Kind.DECIMAL),
            ("version * 1.5", Kind.DECIMAL),
            ("version * 1e0", Kind.DOUBLE),
            ("table_name + 1", Kind.DOUBLE),
            ("IF(table_type = 'VIEW', 'v', table_type)", Kind.VARCHAR),
            ("CASE WHEN version > 1 THEN 1 WHEN 2 THEN NULL ELSE 3 END", Kind.BIGINT),
            ("CASE WHEN 1 THEN version ELSE 'x' END", Kind.VARCHAR),
            ("IFNULL(version, 1.5)", Kind.DECIMAL),
            ("COALESCE(create_time, update_time)", Kind.DATETIME),
            ("COALESCE(version, 1e0)", Kind.DOUBLE),
            ("NULLIF(table_rows, 0)", Kind.BIGINT),
            ("CONCAT(table_name, 1)", Kind.VARCHAR),
            ("LOCATE('a', table_name)", Kind.BIGINT),
            ("table_name LIKE 'x'", Kind.BIGINT),
            ("NOT (version IS NULL)", Kind.BIGINT),
            ("CAST(table_name AS SIGNED)", Kind.BIGINT),
            ("CAST(version AS CHAR)", Kind.VARCHAR),
            ("TRIM(table_name)", Kind.VARCHAR),
            ("NOW()", Kind.DATETIME),
            ("CURRENT_DATE", Kind.DATE),
            ("-version", Kind.INT),
            ("(SELECT max(version) FROM information_schema.tables)", Kind.INT),
            ("EXISTS (SELECT 1 FROM information_schema.views)", Kind.BIGINT),
            ("NULL", Kind.NULL),
            ("@@version", Kind.VARCHAR),
            ("5", Kind.BIGINT),
        ):
            text = f"SELECT {expression} FROM information_schema.tables WHERE table_name = 'nope'"
            self.assertEqual(self.kinds(text), [kind], expression)

    def test_aggregates(self):
        """Sums of whole numbers are exact numbers."""
        text = "SELECT COUNT(*), SUM(version), AVG(version), MAX(table_name), GROUP_CONCAT(table_name)"
        kinds = [Kind.BIGINT, Kind.DECIMAL, Kind.DECIMAL, Kind.VARCHAR, Kind.TEXT]
        self.assertEqual(self.kinds(f"{text} FROM information_schema.tables"), kinds)

    def test_parts(self):
        """Columns keep their types through SELECTs within, UNION, WITH and stars."""
        inner = "SELECT table_name AS n, version FROM information_schema.tables WHERE 1 = 0"
        for text in (
            f"SELECT * FROM ({inner}) t",
            f"SELECT t.* FROM ({inner}) t",
            f"SELECT n, version FROM ({inner}) AS t",
            f"WITH t AS ({inner}) SELECT * FROM t",
            f"WITH t (a, b) AS ({inner}) SELECT a, b FROM t",
            f"{inner} UNION SELECT column_name, ordinal_position FROM information_schema.columns",
            f"({inner}) UNION ALL ({inner})",
        ):
            self.assertEqual(self.kinds(text), [Kind.VARCHAR, Kind.INT], text)
        self.assertEqual(self.kinds(f"SELECT 'x', 1 UNION {inner}"), [Kind.VARCHAR, Kind.BIGINT])
        recursive = (
            "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT n FROM c"
        )
        self.assertEqual(self.kinds(recursive), [Kind.BIGINT])
        outer = "SELECT (SELECT t.version) FROM information_schema.tables t WHERE 1 = 0"
        self.assertEqual(self.kinds(outer), [Kind.INT])

    def test_values_have_the_last_word(self):
        """What does not fit the type gets one that it fits."""
        text = "SELECT COALESCE(create_time, {}) FROM information_schema.tables LIMIT 1"
        for value, kind in (("'never'", Kind.VARCHAR), ("NOW()", Kind.DATETIME), ("5", Kind.VARCHAR)):
            self.assertEqual(self.kinds(text.format(value)), [kind], value)
        nothing = "SELECT create_time AS x FROM information_schema.tables"
        text = f"SELECT MAX(x) FROM ({nothing} UNION SELECT NOW()) t"
        self.assertEqual(self.kinds(text), [Kind.DATETIME])

    def test_unknown(self):
        """A column that there is not is an error still."""
        self.refuses(UnknownColumn, "SELECT max(nope) FROM information_schema.tables", "nope")
