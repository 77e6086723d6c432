"""Tests for SELECTs beyond CometQL: L{comet.cometql.query}, and what it translates with and asks."""

import contextlib
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from comet.cometql import scratch
from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.cometql.results import Kind
from comet.errors import (
    AmbiguousColumn,
    BadPattern,
    DatabaseDenied,
    NotAllowed,
    NotSupported,
    Refused,
    SyntaxRefused,
    TooLong,
    TooManyRows,
    TooSlow,
    UnknownColumn,
    UnknownDatabase,
    UnknownFunction,
    UnknownTable,
    UnknownVariable,
)
from comet.model import User
from tests.cometql.talk import TalkTests, at_once

#: What such statements are made of.
WORDS = (
    *("SELECT", "FROM", "WHERE", "name", "pipes_settings", "(", ")", ",", "*", "=", "'x'", "5", "count(*)"),
    *("AND", "OR", "NOT", "IN", "LIKE", "ORDER", "BY", "GROUP", "UNION", "JOIN", "ON", "AS", "CASE", "WHEN"),
    *("END", "LIMIT", "@@version", "@x", ".", "`a`", "-", "/", "NULL", "IS", "EXISTS", "USING", "LEFT"),
)
KEYS = "WHERE id IN (1, 2, 3)"


class QueryTests(TalkTests):
    """What the tests below share: three keys, two channels, two messages."""

    def setUp(self):
        super().setUp()
        self.run_("INSERT INTO users_auth VALUES (1, 'a'), (2, 'b'), (3, 'b')")
        self.run_("INSERT INTO pipes_settings VALUES ('chat', 5), ('news', 7)")
        self.run_(
            "INSERT INTO pipes_messages (name, event, message)"
            " VALUES ('chat', 'e', 'it''s \\\\ 😀'), ('chat', '', 'x')"
        )

    def kinds(self, text):
        """@return: the types of the columns."""
        return [column.kind for column in self.run_(text).columns]


class AnswerTests(QueryTests):
    """What such a SELECT answers."""

    def test_aggregates(self):
        """count(*), GROUP BY, HAVING, DISTINCT, GROUP_CONCAT."""
        self.assertEqual(self.value(f"SELECT count(*) FROM users_auth {KEYS}"), 3)
        self.assertEqual(
            self.rows(
                f"SELECT hash, COUNT(*) n FROM users_auth {KEYS} GROUP BY hash HAVING n > 1 ORDER BY 2"
            ),
            [("b", 2)],
        )
        self.assertEqual(
            self.rows(f"SELECT DISTINCT hash FROM users_auth {KEYS} ORDER BY 1 DESC"), [("b",), ("a",)]
        )
        self.assertEqual(
            self.value(f"SELECT GROUP_CONCAT(hash SEPARATOR '+') FROM users_auth {KEYS}"), "a+b+b"
        )
        self.assertEqual(self.value(f"SELECT count(DISTINCT hash) FROM users_auth {KEYS}"), 2)

    def test_digits(self):
        """A quotient of whole numbers has four behind the point, as in MySQL; what is rounded has its own."""
        query = f"SELECT AVG(id), 1 / 3, 7 / 2, SUM(id), ROUND(AVG(id)), AVG(id) + 1 FROM users_auth {KEYS}"
        result = self.run_(query)
        self.assertEqual([str(cell) for cell in result.rows[0][:4]], ["2.0000", "0.3333", "3.5000", "6"])
        self.assertEqual([float(cell) for cell in result.rows[0][4:]], [2, 3])
        self.assertEqual([column.scale for column in result.columns[:5]], [4, 4, 4, 0, 0])
        self.assertEqual(self.rows("SELECT AVG(id), 1 / 0 FROM users_auth WHERE id = 999"), [(None, None)])
        large = self.value("SELECT AVG(length * 9000000000000000) FROM pipes_settings WHERE name = 'news'")
        self.assertGreater(large, 10**15)

    def test_group_concat(self):
        """With an order, without what is there twice, of several texts; no longer than a variable says."""
        for call, value in (
            ("GROUP_CONCAT(hash ORDER BY id DESC)", "b,b,a"),
            ("GROUP_CONCAT(DISTINCT hash ORDER BY hash DESC SEPARATOR '+')", "b+a"),
            ("GROUP_CONCAT(hash, id ORDER BY hash DESC, id DESC SEPARATOR '')", "b3b2a1"),
            ("GROUP_CONCAT(NULLIF(hash, 'a'))", "b,b"),
            ("GROUP_CONCAT(NULL)", None),
            ("GROUP_CONCAT(hash ORDER BY NULLIF(id, 2))", "b,a,b"),
            ("LENGTH(GROUP_CONCAT(REPEAT(hash, 1000)))", 1024),
        ):
            self.assertEqual(self.value(f"SELECT {call} FROM users_auth {KEYS}"), value, call)
        self.run_("SET group_concat_max_len = 5000")
        self.assertEqual(self.value("SELECT LENGTH(GROUP_CONCAT(REPEAT(hash, 1000))) FROM users_auth"), 3002)
        self.run_("SET group_concat_max_len = 100000000")
        long = "SELECT GROUP_CONCAT(REPEAT('x', 9000000)) FROM users_auth"
        self.refuses(TooLong, long, "GROUP_CONCAT")

    def test_having(self):
        """Without groups it is a condition on the answer; with them, on the groups."""
        self.assertEqual(
            self.rows("SELECT id + 1 AS n FROM users_auth HAVING n > 2 ORDER BY n"), [(3,), (4,)]
        )
        self.assertEqual(
            self.rows(
                "SELECT id, IF(id = 1, 'x', hash) AS hash FROM users_auth HAVING hash = 'b' AND id > 2"
            ),
            [(3, "b")],
        )
        text = "SELECT id FROM users_auth WHERE id < 3 HAVING id > 1"
        self.assertEqual(self.rows(text), [(2,)])
        text = "SELECT hash, COUNT(*) FROM users_auth GROUP BY hash HAVING COUNT(*) = 2"
        self.assertEqual(self.rows(text), [("b", 2)])

    def test_what_is_written_in_a_way_of_its_own(self):
        """INTERVAL, XOR, ANY_VALUE, JSON_EXTRACT."""
        for expression, value in (
            ("NOW() - INTERVAL 1 DAY", "2023-11-13 22:13:20"),
            ("INTERVAL id HOUR + NOW()", "2023-11-14 23:13:20"),
            ("DATE_ADD('2024-01-31', INTERVAL 1 MONTH)", "2024-02-29"),
            ("DATE_SUB('2024-01-31', INTERVAL 90 MINUTE)", "2024-01-30 22:30:00"),
            ("ADDDATE('2024-12-15', INTERVAL 1 QUARTER)", "2025-03-15"),
            ("SUBDATE('nonsense', INTERVAL 1 YEAR)", None),
            ("NOW() + INTERVAL 99999999999 DAY", None),
            ("1 XOR 1", 0),
            ("id XOR 0", 1),
            ("NULL XOR 1", None),
            ("""JSON_EXTRACT('{"a": "b"}', '$.a')""", '"b"'),
            ("""JSON_UNQUOTE(JSON_EXTRACT('{"a": "b"}', '$.a'))""", "b"),
            ("ANY_VALUE(hash)", "a"),
        ):
            self.assertEqual(
                self.value(f"SELECT {expression} FROM users_auth WHERE id = 1"), value, expression
            )

    def test_regular_expressions(self):
        """REGEXP and RLIKE mind the letter case of our tables, not of the dictionary; a wrong one is told."""
        for condition, names in (
            ("name REGEXP '^n.*s$'", ["news"]),
            ("name RLIKE 'E'", []),
            ("name NOT REGEXP '^n'", ["chat"]),
            ("REGEXP_LIKE(name, 'h|w') AND name REGEXP BINARY 'c'", ["chat"]),
            ("NULL REGEXP name OR name REGEXP NULL", []),
        ):
            found = self.rows(f"SELECT name FROM pipes_settings WHERE {condition} ORDER BY name")
            self.assertEqual([name for (name,) in found], names, condition)
        text = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT REGEXP '^INFO'"
        self.assertEqual(self.value(text), 1)
        self.assertEqual(self.kinds("SELECT 'a' REGEXP 'A', REGEXP_LIKE('a', 'b')"), [Kind.BIGINT] * 2)
        self.refuses(BadPattern, "SELECT name FROM pipes_settings WHERE name REGEXP '('", "not closed")

    def test_from_within_brackets(self):
        """A text behind it is a value where nothing is selected, and a table where something is."""
        for text, found in (
            ("SELECT TRIM(BOTH 'x' FROM 'xax') FROM pipes_settings LIMIT 1", "a"),
            ("SELECT EXTRACT(DAY FROM '2024-02-29') + (SELECT COUNT(*) FROM 'pipes_settings')", 31),
        ):
            self.assertEqual(self.value(text), found)

    def test_extract(self):
        """Parts of a moment, by units of one name and of two."""
        moment = "'2024-02-29 23:59:05.000012'"
        for unit, found in (
            ("YEAR", 2024),
            ("quarter", 1),
            ("WEEK", 8),
            ("MICROSECOND", 12),
            ("YEAR_MONTH", 202402),
            ("DAY_HOUR", 2923),
            ("HOUR_SECOND", 235905),
        ):
            self.assertEqual(self.value(f"SELECT EXTRACT({unit} FROM {moment})"), found, unit)
        text = "SELECT EXTRACT(YEAR FROM FROM_UNIXTIME(length)) FROM pipes_settings LIMIT 1"
        self.assertEqual(self.value(text), 1970)
        self.assertEqual(self.kinds(text), [Kind.BIGINT])
        self.assertIsNone(self.value("SELECT EXTRACT(DAY FROM 'nonsense')"))
        self.refuses(NotSupported, "SELECT EXTRACT(FORTNIGHT FROM NOW())", "FORTNIGHT")

    def test_joined_columns_once(self):
        """Columns keep their types where a star stands for joined ones once."""
        for join in ("NATURAL JOIN users_time", "JOIN users_time USING (id)"):
            self.assertEqual(
                self.kinds(f"SELECT * FROM users_auth {join} WHERE id = 99"),
                [Kind.INT, Kind.VARCHAR, Kind.BIGINT],
            )

    def test_the_same_shape_with_other_values(self):
        """A translation serves all values, but for the places in ORDER BY."""
        for ids, count in (("1, 2, 9", 2), ("7, 8, 9", 0), ("1, 2, 3", 3)):
            self.assertEqual(self.value(f"SELECT count(*) FROM users_auth WHERE id IN ({ids})"), count)
        self.assertEqual(self.engine.cache.hits, 2)
        for place, first in ((1, 1), (2, 2)):
            rows = self.rows(f"SELECT id, 5 - id FROM users_auth WHERE id IN (1, 2) ORDER BY {place}")
            self.assertEqual(rows[0][0], first)

    def test_joins(self):
        """Keys of one table are those of rows of another."""
        joined = "users_auth a JOIN users_time t ON"
        self.assertEqual(
            self.rows(f"SELECT a.id, t.time, UPPER(a.hash) FROM {joined} t.id = a.id WHERE a.id IN (1, 9)"),
            [(1, -1, "A")],
        )
        self.assertEqual(
            self.rows(
                "SELECT t.id, a.hash FROM users_time t LEFT JOIN users_auth a USING (id) WHERE t.id IN (1, 9)"
            ),
            [(1, "a"), (9, None)],
        )
        self.assertEqual(
            self.rows(
                "SELECT s.name, users FROM pipes_settings s, pipes p WHERE p.name = s.name ORDER BY 1 DESC"
            ),
            [("news", 0), ("chat", 0)],
        )

    def test_outer_joins_keep_their_rows(self):
        """A key in the ON of a LEFT JOIN says nothing of the table on the left."""
        text = "SELECT s.name FROM pipes_settings s LEFT JOIN pipes p ON p.name = s.name AND s.name = 'chat'"
        self.assertEqual(sorted(self.rows(text)), [("chat",), ("news",)])
        text = "SELECT a.id, t.time FROM users_auth a LEFT JOIN users_time t ON t.id = a.id AND a.id = 1"
        self.assertEqual(self.rows(text), [(1, -1), (2, None), (3, None)])

    def test_subqueries(self):
        """In the list of columns, in conditions, in place of a table, and by name."""
        self.assertEqual(
            self.rows(
                "SELECT s.name, (SELECT count(*) FROM pipes_messages m WHERE m.name = s.name)"
                " FROM pipes_settings s"
            ),
            [("chat", 2), ("news", 0)],
        )
        inner = "SELECT 1 FROM users_time t WHERE t.id = a.id"
        self.assertEqual(self.rows(f"SELECT id FROM users_auth a WHERE id = 1 AND EXISTS ({inner})"), [(1,)])
        self.assertEqual(self.value(f"SELECT max(x.id) FROM (SELECT id FROM users_auth {KEYS}) x"), 3)
        self.assertEqual(self.value("WITH c AS (SELECT name FROM pipes_settings) SELECT count(*) FROM c"), 2)

    def test_unions(self):
        """With brackets or without."""
        self.assertEqual(self.rows("(SELECT 1) UNION (SELECT 2) ORDER BY 1 DESC"), [(2,), (1,)])
        self.assertEqual(self.rows("(SELECT 2 AS n LIMIT 1) UNION ALL SELECT 2"), [(2,), (2,)])

    def test_brackets(self):
        """Brackets around all of it change nothing, and what follows them is about the whole."""
        self.assertEqual(self.rows("((SELECT 1))"), [(1,)])
        self.assertEqual(self.titles("(SELECT 1, hash FROM users_auth WHERE id = 1)"), ["1", "hash"])
        ids = "SELECT id FROM users_auth WHERE id IN (1, 2, 3)"
        self.assertEqual(self.rows(f"({ids}) ORDER BY id DESC LIMIT 1, 1"), [(2,)])
        self.assertEqual(self.rows(f"({ids} ORDER BY id DESC LIMIT 2) ORDER BY id LIMIT 1"), [(2,)])
        self.assertEqual(self.rows(f"({ids} UNION SELECT 9) ORDER BY 1 DESC LIMIT 2"), [(9,), (3,)])

    def test_dates(self):
        """Dates and times are texts; the words for them are names where none follows."""
        self.assertEqual(
            self.rows(f"SELECT max(DATE '2020-02-29'), N'x' FROM users_auth {KEYS}"), [("2020-02-29", "x")]
        )
        self.assertEqual(self.titles("SELECT time 'when' FROM users_time WHERE id = 1"), ["when"])
        self.assertEqual(self.titles("SELECT max(time) 'when' FROM users_time WHERE id = 1"), ["when"])

    def test_conditions(self):
        """OR, ranges, LIKE, CASE, and 1=0, by which programs ask for the columns."""
        for condition, names in (
            ("length > 5 OR name LIKE 'ch%'", ["chat", "news"]),
            ("NOT length BETWEEN 1 AND 5", ["news"]),
            ("name LIKE 'CH%' OR 1 = 0", []),
            ("name = 'CHAT' OR 1 = 0", []),
            ("CASE name WHEN 'chat' THEN 1 ELSE 0 END", ["chat"]),
            ("length = '7' OR 1 = 0", ["news"]),
            ("length + 0 <=> 7", ["news"]),
            (r"name LIKE 'ch\_t' OR 1 = 0", []),
            ("length / 2 = 2.5", ["chat"]),
            ("length DIV 2 = 2", ["chat"]),
        ):
            found = self.rows(f"SELECT name FROM pipes_settings WHERE {condition} ORDER BY name")
            self.assertEqual([name for (name,) in found], names, condition)

    def test_columns_only(self):
        """1=0 asks for the columns of any table, and only 1=0."""
        result = self.run_("SELECT * FROM `pipes_messages` WHERE 1=0")
        self.assertEqual((len(result.columns), list(result.rows)), (7, []))
        self.assertEqual(result.columns[1].kind, Kind.BIGINT)
        for table in self.engine.catalogue:
            self.assertEqual(self.rows(f"SELECT * FROM {table.name} WHERE 1 = 0 AND 2 = 2"), [])
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE 1 = 1"), [(1, "a"), (2, "b"), (3, "b")])
        self.assertEqual(self.rows("SELECT hash FROM users_auth WHERE id = 1 AND 1 = 1"), [("a",)])

    def test_hidden_columns(self):
        """A star stands for the columns that are not hidden; these can be named."""
        for star in ("*", "m.*"):
            titles = self.titles(f"SELECT {star} FROM pipes_messages m WHERE 1 = 1")
            self.assertEqual(titles[-1], "user_id")
        for tables, titles in (
            ("pipes_messages m, (SELECT 1 AS x) d", ["user_id", "x"]),
            ("(SELECT 1 AS x) d, pipes_messages", ["message", "user_id"]),
            ("pipes_messages m JOIN pipes_settings s USING (name)", ["user_id", "length"]),
            ("pipes_messages m NATURAL JOIN pipes_settings s", ["user_id", "length"]),
            ("pipes_messages m JOIN pipes_settings s ON m.name = s.name", ["name", "length"]),
        ):
            self.assertEqual(self.titles(f"SELECT * FROM {tables}")[-2:], titles)
        (position,) = self.rows("SELECT max(position) FROM pipes_messages m")[0]
        self.assertGreater(position, 0)

    def test_texts(self):
        """Values come back byte for byte, whatever their escapes."""
        text = "it's \\ 😀"
        self.assertEqual(
            self.value("SELECT message FROM pipes_messages WHERE message LIKE 'it%' OR 1 = 0"), text
        )
        self.assertEqual(self.value("SELECT `text` FROM pipes_messages m WHERE length(event) = 1"), text)
        self.assertEqual(self.value("SELECT LEFT('it''s \\\\ 😀', 9) FROM pipes_settings LIMIT 1"), text)

    def test_titles_and_kinds(self):
        """Titles are as written; columns keep their declared types, others have MySQL's."""
        text = "SELECT id, count( * ), 1.5 + 1, 'x', hash AS h, NULL FROM users_auth WHERE id = 1"
        self.assertEqual(self.titles(text), ["id", "count( * )", "1.5 + 1", "x", "h", "NULL"])
        kinds = [Kind.INT, Kind.BIGINT, Kind.DECIMAL, Kind.VARCHAR, Kind.VARCHAR, Kind.NULL]
        self.assertEqual(self.kinds(text), kinds)
        self.assertEqual(self.kinds("SELECT * FROM pipes_settings WHERE 1 = 0"), [Kind.VARCHAR, Kind.INT])

    def test_moments(self):
        """FROM_UNIXTIME gives a moment, or a text if it is given a layout; with and without a table."""
        text = "SELECT FROM_UNIXTIME(0), FROM_UNIXTIME(0, '%Y')"
        for query in (text, f"{text} FROM pipes_settings LIMIT 1"):
            self.assertEqual(self.kinds(query), [Kind.DATETIME, Kind.VARCHAR])

    def test_described(self):
        """The columns are known before the values are."""
        prepared = self.talk.prepare("SELECT name, count(*) FROM pipes_settings WHERE length > ? OR name = ?")
        self.assertEqual([column.name for column in prepared.columns], ["name", "count(*)"])
        self.assertEqual(prepared.parameters, 2)

    def test_variables(self):
        """Those of the session and its own."""
        self.run_("SET @least = 6")
        self.assertEqual(self.rows("SELECT name FROM pipes_settings WHERE length + 0 >= @least"), [("news",)])
        self.assertEqual(self.value("SELECT @@session.autocommit + 1 > 1"), 1)
        self.refuses(UnknownVariable, "SELECT 1 = @@nonsense")

    def test_tenants(self):
        """A tenant's tables hold its own rows."""
        self.assertEqual(self.value("SELECT count(*) FROM db_3.pipes_settings"), 0)
        other = self.open("3", 3)
        self.assertEqual(self.value("SELECT count(*) FROM pipes_settings", other), 0)
        self.refuses(DatabaseDenied, "SELECT count(*) FROM db_4.pipes_settings", talk=other)
        self.refuses(UnknownDatabase, "SELECT count(*) FROM elsewhere.pipes_settings")

    def test_found_rows(self):
        """As many as the last SELECT had."""
        self.rows("SELECT 1 UNION SELECT 2")
        self.assertEqual(self.value("SELECT FOUND_ROWS()"), 2)

    def test_locking_reads(self):
        """FOR UPDATE and advice to MySQL's planner change nothing."""
        self.assertEqual(
            self.value("SELECT SQL_NO_CACHE count(*) FROM users_auth WHERE id = 1 FOR UPDATE"), 1
        )

    def test_elsewhere(self):
        """Translation and evaluation happen where the engine is told, not in between."""
        ran = []

        async def offload(function):
            ran.append(function)
            return function()

        engine = Engine(self.broker, "secret", offload=offload)
        talk = engine.open(Login("root", 0, 8, "127.0.0.1:1"))
        self.assertEqual(self.value("SELECT count(*) FROM pipes_settings", talk), 2)
        self.assertEqual(len(ran), 2)
        self.assertEqual(self.value("SELECT length FROM pipes_settings WHERE name = 'chat'", talk), 5)
        self.assertEqual(len(ran), 2)


class RefusedTests(QueryTests):
    """What is refused, and how."""

    def test_names(self):
        """Tables, columns and functions that do not exist."""
        self.refuses(UnknownTable, "SELECT count(*) FROM users_author", "users_author")
        self.refuses(UnknownTable, "SELECT count(*) FROM sqlite_master")
        self.refuses(UnknownColumn, "SELECT max(nope) FROM pipes_settings", "'nope'")
        self.refuses(UnknownColumn, "SELECT max(`nope`) FROM pipes_settings", "'nope'")
        self.refuses(AmbiguousColumn, "SELECT name FROM pipes_settings a, pipes_settings b", "'name'")
        for function in (
            "NOPE",
            "LOAD_EXTENSION",
            "load_file",
            "readfile",
            "sqlite_version",
            "F_UPPER",
            "randomblob",
        ):
            self.refuses(UnknownFunction, f"SELECT {function}(name) FROM pipes_settings", function.upper())
        self.refuses(UnknownFunction, "SELECT UPPER(name, 1) FROM pipes_settings", "parameter count")
        self.refuses(UnknownFunction, "SELECT MAX(length, 1) FROM pipes_settings", "parameter count")
        self.refuses(NotAllowed, "SELECT 1 FROM mysql.user LIMIT 1", "'user'")

    def test_keys(self):
        """Without a key, all rows are meant."""
        self.assertEqual(self.rows("SELECT * FROM users_auth"), [(1, "a"), (2, "b"), (3, "b")])
        self.assertEqual(self.value("SELECT count(*) FROM users_auth"), 3)

    def test_too_many_to_look_at(self):
        """A table is not read to its end if it has more than a statement may look at."""
        self.run_("INSERT INTO users_data (id, data) VALUES (1, 'aaaa'), (2, 'bbbb'), (3, 'cccc')")
        text = "SELECT count(*) FROM users_data"
        with mock.patch("comet.cometql.query.MOST_ROWS", 2):
            self.refuses(TooManyRows, text)
            self.assertEqual(self.value(f"{text} WHERE id IN (1, 2)"), 2)
        with mock.patch("comet.cometql.query.MOST_BYTES", 11):
            self.refuses(TooManyRows, text)
        with mock.patch("comet.cometql.query.MOST_BYTES", 12):
            self.assertEqual(self.value(text), 3)

    def test_syntax(self):
        """What is no SELECT at all, with what is wrong."""
        for text, near in (
            ("SELECT count(*) FORM users_auth", "users_auth"),
            ("SELECT count(*) FROM users_auth WHERE id = 1 AND", ""),
            ("SELECT count(*), FROM users_auth", ""),
            ("SELECT count(*) FROM pipes; DROP TABLE pipes", "DROP"),
            ("SELECT max(:x) FROM pipes", ":"),
            ("SELECT max(`\udc80`) FROM pipes", ""),
            ("SELECT max('\udc80') FROM pipes", ""),
            ("SELECT @x := 5 FROM pipes", ":="),
            ("SELECT 1=1 FROM (((((" + "(" * 60, ""),
            ("SELECT " + "NOT " * 5000 + "1", ""),
        ):
            self.refuses(SyntaxRefused, text, near)

    def test_absent(self):
        """What MySQL has and comet has not."""
        for text in (
            "SELECT NOW() + INTERVAL '1:1' MINUTE_SECOND",
            "SELECT MATCH (name) AGAINST ('a') FROM pipes",
            "SELECT COUNT(DISTINCT name, length) FROM pipes_settings",
        ):
            self.refuses(NotSupported, text)

    def test_too_many_tables(self):
        """As many as MySQL joins."""
        tables = [f"pipes_settings t{number}" for number in range(62)]
        self.refuses(NotSupported, f"SELECT count(*) FROM {', '.join(tables)}", "61")
        self.rows(f"SELECT 1 FROM {', '.join(tables[:61])} WHERE 1 = 0")

    def test_table_functions(self):
        """Functions that give tables are none of ours."""
        for text in (
            "json_each('[1]')",
            "pragma_table_info('s0')",
            "generate_series(1, 5)",
            "(VALUES ROW(1)) x",
        ):
            with self.assertRaises(Refused):
                self.run_(f"SELECT * FROM {text}")

    def test_too_slow(self):
        """A statement that takes too long is stopped."""
        endless = "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
        some = "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 1000)"
        costly = f"{some} SELECT max(LENGTH(REPEAT('ab', 1000000 + n))) FROM c"
        with mock.patch.object(scratch, "SECONDS", 0.05):
            self.refuses(TooSlow, endless)
            self.refuses(TooSlow, costly)
        self.assertEqual(TooSlow.number, 3024)

    def test_too_many_rows(self):
        """Neither what it looks at nor what it answers may be more than so many rows and bytes."""
        four = "SELECT a.name FROM pipes_settings a, pipes_settings b WHERE 1 = 1"
        with mock.patch.object(scratch, "MOST_ROWS", 3):
            self.refuses(TooManyRows, four)
        with mock.patch.object(scratch, "MOST_BYTES", 15):
            self.refuses(TooManyRows, four)
        with mock.patch("comet.cometql.query.MOST_ROWS", 3):
            self.refuses(TooManyRows, four)
        self.assertEqual(len(self.rows(four)), 4)

    def test_too_long(self):
        """A text that a function would make too long."""
        self.refuses(TooLong, "SELECT REPEAT(name, 10000000) FROM pipes_settings")
        self.refuses(SyntaxRefused, "SELECT 1=1, " + "a " * 20_000)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.sampled_from(WORDS), max_size=14))
    def test_any_words(self, words):
        """Whatever words follow SELECT, there is an answer or a refusal."""
        with contextlib.suppress(Refused):
            self.run_("SELECT " + " ".join(words))


class WholeTableTests(TalkTests):
    """A SELECT that says nothing of keys is about all rows of the tenant."""

    def test_keys_of_users(self):
        """Ranges, OR and NOT are no keys."""
        self.run_("INSERT INTO users_auth (id, hash) VALUES (1, 'a'), (2, 'b'), (3, 'b')")
        self.run_("INSERT INTO db_3.users_auth (id, hash) VALUES (9, 'b')")
        text = "SELECT count(*) FROM users_auth"
        self.assertEqual(self.value(text), 3)
        self.assertEqual(self.value(f"{text} WHERE id = 1 OR hash = 'b'"), 3)
        self.assertEqual(self.value(f"{text} WHERE NOT id = 1"), 2)
        self.assertEqual(self.value(f"{text} WHERE id BETWEEN 2 AND 9"), 2)
        self.assertEqual(self.value("SELECT count(*) FROM db_3.users_auth"), 1)

    def test_times(self):
        """Those who are here come along with those who were."""
        at_once(self.broker.store.set_last_seen(User(0, 4), 50))
        at_once(self.broker.store.set_last_seen(User(0, 5), 60))
        self.broker.presence.arrive(User(0, 5), object())
        self.broker.presence.arrive(User(0, 6), object())
        self.broker.presence.arrive(User(3, 7), object())
        text = "SELECT max(time), id FROM users_time GROUP BY id ORDER BY id"
        self.assertEqual(self.rows(text), [(50, 4), (0, 5), (0, 6)])

    def test_queues(self):
        """All queues, in one numbering."""
        for user in (2, 1, 2):
            self.run_(f"INSERT INTO users_messages (id, event, message) VALUES ({user}, 'e', 'm')")
        text = "SELECT id, count(*), max(`index`) FROM users_messages GROUP BY id"
        self.assertEqual(self.rows(text), [(1, 1, 0), (2, 2, 2)])

    def test_histories(self):
        """All channels, each oldest first."""
        self.run_("INSERT INTO pipes_settings (name, length) VALUES ('chat', 2), ('another', 2)")
        for name, text in (("chat", "a"), ("another", "b"), ("chat", "c"), ("chat", "d")):
            self.run_(f"INSERT INTO pipes_messages (name, event, message) VALUES ('{name}', 'e', '{text}')")
        text = "SELECT name, message, position FROM pipes_messages WHERE 1 = 1 ORDER BY `index`"
        self.assertEqual(self.rows(text), [("another", "b", 1), ("chat", "c", 2), ("chat", "d", 3)])
        self.assertEqual(self.value("SELECT count(*) FROM pipes_messages"), 3)

    def test_invitations(self):
        """All conferences, joined with what is noted of their users."""
        self.run_("INSERT INTO users_data (id, data) VALUES (1, 'Ann')")
        self.run_("INSERT INTO conference (name, user_id, message) VALUES ('room', 1, 'x'), ('hall', 2, 'y')")
        text = "SELECT c.name, d.data FROM conference c LEFT JOIN users_data d ON d.id = c.user_id"
        self.assertEqual(self.rows(text), [("hall", None), ("room", "Ann")])
