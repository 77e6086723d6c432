"""Tests for L{comet.cometql.parser} and the grammar below it."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.parser import parse
from comet.cometql.shape import cut, cut_raw
from comet.cometql.statements import (
    Arithmetic,
    Assignment,
    Call,
    Condition,
    Constant,
    Default,
    Delete,
    Insert,
    Item,
    Limit,
    Name,
    Nothing,
    NullTest,
    Order,
    Query,
    Select,
    SelectValues,
    Set,
    Show,
    Slot,
    Star,
    TableName,
    Transaction,
    Upkeep,
    Use,
    UserVariable,
    Variable,
)
from comet.cometql.translate import Source, translate
from comet.errors import NotSupported, ReadOnly, SyntaxRefused, ValueCount

T = TableName("t")


def read(text):
    """@return: the statement and its pins."""
    return parse(*cut(text), cut_raw(text)[1])


class ParserTests(SynchronousTestCase):
    """What the tests below share."""

    def same(self, statement, *texts):
        for text in texts:
            self.assertEqual(read(text)[0], statement, text)

    def wrong(self, *texts):
        for text in texts:
            with self.assertRaises(SyntaxRefused):
                statement = read(text)[0]
                # What is not CometQL may be a SELECT of another kind.
                if isinstance(statement, Query):
                    translate(statement, lambda scratch, name, database: Source(scratch, name, database, ()))

    def absent(self, *texts):
        for text in texts:
            self.assertRaises(NotSupported, read, text)


class InsertTests(ParserTests):
    """INSERT."""

    def test_forms(self):
        """With and without INTO, VALUE for VALUES, SET for both."""
        self.same(
            Insert(T, (Name("a"), Name("b")), ((Slot(0), Slot(1)),)),
            "INSERT INTO t (a, b) VALUES ('x', 2)",
            "insert t(a,b)values('x',2);",
            "INSERT INTO `t` (`a`, `b`)  VALUES ('x',  2) ;; ",
            "\n  INSERT INTO t (a, b) VALUE ('x', 2)",
            "INSERT INTO t SET a = 'x', b = 2",
            "/* app */ INSERT INTO t (a, b) -- columns\n VALUES ('x', 2) # done",
            "INSERT INTO t (a, b) VALUES ('x', 2);'",
        )

    def test_names_in_quotes(self):
        """Names may stand in quotes of any kind, and then the statement depends on what they say."""
        statement, pins = read("INSERT INTO \"t\" (\"a\", 'b') VALUES ('x', 2)")
        self.assertEqual(statement, Insert(T, (Name("a"), Name("b")), ((Slot(3), Slot(4)),)))
        self.assertEqual(pins, {0, 1, 2})
        self.assertEqual(read("INSERT INTO t (a, b) VALUES ('x', 2)")[1], set())

    def test_without_columns(self):
        """Without a list of columns all are meant."""
        self.same(Insert(T, None, ((Slot(0), Slot(1)),)), "INSERT INTO t VALUES (1, 2)")

    def test_rows(self):
        """Several rows."""
        self.same(Insert(T, None, ((Slot(0),), (Slot(1),))), "INSERT INTO t VALUES (1), (2)")

    def test_values(self):
        """Words, signs, constants, character sets, functions and bind marks are values."""
        minus_two = Arithmetic(Constant(0), "-", Slot(1))
        self.same(
            Insert(T, None, ((Name("p10"), Slot(0), minus_two, Constant(None), Constant(1)),)),
            "INSERT INTO t VALUES (p10, _utf8mb4'x', -2, NULL, TRUE)",
            "INSERT INTO t VALUES (p10, N'x', -+2, null, true)",
        )
        self.same(
            Insert(T, None, ((Slot(0), Slot(1), Slot(2)),)),
            "INSERT INTO t VALUES (DATE '2020-02-29', time '-23:59:05.5', TIMESTAMP'2020-02-29T23:59:05')",
        )
        self.same(Insert(T, None, ((Default(), Call("NOW")),)), "INSERT INTO t VALUES (DEFAULT, NOW())")
        self.same(Insert(T, None, ((Slot(0), Slot(1)),)), "INSERT INTO t VALUES (?, ?)")

    def test_qualified_names(self):
        """Tables and columns may be qualified."""
        self.same(
            Insert(TableName("t", "CometQL_v1"), (Name("a", ("t",)), Name("b")), ((Slot(0), Slot(1)),)),
            "INSERT INTO CometQL_v1.t (t.a, b) VALUES (1, 2)",
            "INSERT INTO `CometQL_v1`.`t` (`t`.`a`, `b`) VALUES (1, 2)",
        )

    def test_counts(self):
        """A row has a value for each column, and the error says which has not."""
        with self.assertRaises(ValueCount) as caught:
            read("INSERT INTO t (a, b) VALUES (1, 2), (3)")
        self.assertIn("row 2", str(caught.exception))

    def test_wrong(self):
        """What is no INSERT."""
        self.wrong(
            "INSERT",
            "INSERT INTO t",
            "INSERT INTO t (a)",
            "INSERT INTO t () VALUES ()",
            "INSERT INTO t (a) VALUES (1",
            "INSERT INTO t (a) VALUES (1) 2",
            "INSERT INTO t (a) VALUES (1);; SELECT 1",
            "INSERT INTO t (a) VALUES (1 2)",
            "INSERT INTO t (5) VALUES (1)",
            "INSERT INTO t (?) VALUES (1)",
            "INSERT INTO t VALUES ('it's')",
            "INSERT INTO t VALUES (a ! b)",
            "INSERT INTO t VALUES (1); 'x",
        )

    def test_absent(self):
        """What MySQL has and comet has not."""
        self.absent(
            "INSERT IGNORE INTO t VALUES (1)",
            "INSERT INTO t SELECT * FROM u",
            "REPLACE INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "CALL t()",
            "ANALYZE SELECT 1",
        )

    def test_structure(self):
        """The tables are what they are; it is no syntax error to want others."""
        for text in ("TRUNCATE t", "CREATE TABLE t (a int)", "ALTER TABLE t ADD a int", "DROP DATABASE d"):
            with self.assertRaises(ReadOnly) as caught:
                read(text)
            self.assertIn(text.split()[0], str(caught.exception))


class SelectTests(ParserTests):
    """SELECT from a table."""

    def test_columns(self):
        """Columns with and without aliases, in any quoting; titles as they are written."""
        items = (Item(Name("Id"), "Id"), Item(Name("time"), "when"))
        self.same(
            Select(T, items),
            "SELECT Id, time AS `when` FROM t",
            "select Id, time 'when' from t",
            'select `Id`, time as "when" from `t`;',
            "SELECT SQL_NO_CACHE \"Id\", 'time' when FROM t",
        )

    def test_stars(self):
        """All columns, of one table too."""
        self.same(Select(T, (Item(Star(), ""),)), "SELECT * FROM t")
        self.same(Select(T, (Item(Star(("t",)), ""), Item(Name("a"), "a"))), "SELECT `t`.*, a FROM t")

    def test_aliases_of_tables(self):
        """A table may have another name."""
        self.same(
            Select(TableName("t", "", "u"), (Item(Name("a", ("u",)), "a"),)),
            "SELECT u.a FROM t u",
            "SELECT `u`.`a` FROM `t` AS `u`",
        )

    def test_conditions(self):
        """Every condition, with AND and brackets."""
        a = Name("a")
        for text, condition in (
            ("a = 1", Condition(a, "=", (Slot(0),))),
            ("a <=> 1", Condition(a, "<=>", (Slot(0),))),
            ("a != 1", Condition(a, "<>", (Slot(0),))),
            ("a <> 1", Condition(a, "<>", (Slot(0),))),
            ("a<1", Condition(a, "<", (Slot(0),))),
            ("a>=1", Condition(a, ">=", (Slot(0),))),
            ("a = -1", Condition(a, "=", (Arithmetic(Constant(0), "-", Slot(0)),))),
            ("`a` IN( 1,'x' )", Condition(a, "IN", (Slot(0), Slot(1)))),
            ("a NOT IN (1)", Condition(a, "IN", (Slot(0),), True)),
            ("a like 'x%'", Condition(a, "LIKE", (Slot(0),))),
            ("a BETWEEN 1 AND 2", Condition(a, "BETWEEN", (Slot(0), Slot(1)))),
            ("a IS NULL", Condition(a, "IS NULL")),
            ("a IS NOT NULL", Condition(a, "IS NULL", (), True)),
            ("a = word", Condition(a, "=", (Name("word"),))),
            ("((a = 1))", Condition(a, "=", (Slot(0),))),
        ):
            self.same(Select(T, (Item(Star(), ""),), (condition,)), f"SELECT * FROM t WHERE {text}")
        both = (Condition(a, "=", (Slot(0),)), Condition(Name("b", ("t",)), ">", (Slot(1),)))
        self.same(
            Select(T, (Item(Star(), ""),), both),
            "SELECT * FROM t WHERE a = 1 AND t.b > 2",
            "SELECT * FROM t WHERE (a = 1 and (t.b > 2))",
            "SELECT * FROM t WHERE a = 1 && t.b > 2",
        )

    def test_order_and_limit(self):
        """ORDER BY names and places, LIMIT in all three forms."""
        every = (Item(Star(), ""),)
        order = (Order(Name("a"), True), Order(2), Order(Name("b")))
        self.same(Select(T, every, (), order), "SELECT * FROM t ORDER BY a DESC, 2, b ASC")
        self.assertEqual(read("SELECT * FROM t ORDER BY a DESC, 2")[1], {0})
        self.same(Select(T, every, limit=Limit(Slot(0))), "SELECT * FROM t LIMIT 5")
        self.same(Select(T, every, limit=Limit(Slot(1), Slot(0))), "SELECT * FROM t LIMIT 5, 10")
        self.same(Select(T, every, limit=Limit(Slot(0), Slot(1))), "SELECT * FROM t LIMIT 10 OFFSET 5")

    def test_wrong(self):
        """What is no SELECT."""
        self.wrong(
            "SELECT",
            "SELECT FROM t",
            "SELECT a, FROM t",
            "SELECT a FROM",
            "SELECT a FROM t WHERE",
            "SELECT a FROM t WHERE a ! 1",
            "SELECT a FROM t WHERE a IN ()",
            "SELECT a FROM t WHERE a IN (1",
            "SELECT a FROM t ORDER a",
            "SELECT a FROM t ORDER BY 'x' 5",
            "SELECT a FROM t LIMIT x",
            "SELECT a FROM t LIMIT -1",
            "SELECT a b c FROM t",
            "SELECT x.a.b.c.d FROM t",
        )

    def test_or(self):
        """OR between values of the same column is a list of values."""
        either = (Condition(Name("a"), "IN", (Slot(0), Slot(1), Slot(2))),)
        self.same(
            Select(T, (Item(Name("a"), "a"),), either),
            "SELECT a FROM t WHERE a = 1 OR a = 2 OR a = 3",
            "SELECT a FROM t WHERE a = 1 || a IN (2, 3)",
            "SELECT a FROM t WHERE (a = 1 OR (a = 2 OR a = 3))",
        )
        self.absent(
            "DELETE FROM t WHERE a = 1 OR b = 2",
            "DELETE FROM t WHERE a = 1 OR a > 2",
            "DELETE FROM t WHERE a = 1 OR a NOT IN (2)",
            "DELETE FROM t WHERE a = 1 XOR a = 2",
            "DELETE FROM t WHERE a = 1 OR a = 2 AND b = 3",
            "DELETE FROM t WHERE b = 3 AND a = 1 OR a = 2",
        )

    def test_beyond(self):
        """Whatever else MySQL selects is left to another parser as a whole."""
        for text in (
            "SELECT count(*) FROM t",
            "SELECT 1 FROM t",
            "SELECT DISTINCT a FROM t",
            "SELECT a FROM t WHERE a = 1 OR b = 2",
            "SELECT a FROM information_schema.t",
            "(SELECT 1)",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "SELECT a FROM t WHERE NOT a = 1",
            "SELECT a FROM t WHERE lower(a) = 'x'",
            "SELECT a FROM t WHERE a IN (SELECT 1)",
            "SELECT a FROM t, u",
            "SELECT a FROM t JOIN u",
            "SELECT a FROM t LEFT JOIN u ON 1",
            "SELECT a FROM (SELECT 1) x",
            "SELECT a FROM t GROUP BY a",
            "SELECT a FROM t UNION SELECT 1",
            "SELECT a FROM t FOR UPDATE",
        ):
            self.assertIsInstance(read(text)[0], Query, text)

    def test_beyond_text(self):
        """Values become parameters; what is no value stays where it is, and is pinned."""
        for text, other, pins in (
            (
                "SELECT max(a) x FROM t WHERE b = 'c' LIMIT 3",
                "SELECT max(a) x FROM t WHERE b =  :s0  LIMIT  :s1",
                0,
            ),
            ("SELECT max(a) AS 'x y' FROM \"t\"", "SELECT max(a) AS `x y` FROM `t`", 2),
            (
                "SELECT max(a) FROM t GROUP BY 1, b, 2 HAVING a IN (1)",
                "SELECT max(a) FROM t GROUP BY 1, b, 2 HAVING a IN ( :s2 )",
                2,
            ),
            ("SELECT SQL_NO_CACHE DISTINCT `a``b` FROM t;", "SELECT DISTINCT `a``b` FROM t", 0),
            ("SELECT max(_utf8'x') FROM t", "SELECT max(  :s0 ) FROM t", 1),
        ):
            statement, found = read(text)
            self.assertEqual(" ".join(statement.text.split()), " ".join(other.split()), text)
            self.assertEqual(len(found), pins, text)

    def test_beyond_titles(self):
        """Titles are as they are written, as long as there is no alias."""
        query = read("SELECT DISTINCT max( a ), 'it', b AS c, (SELECT 1, 2), x.* FROM t")[0]
        self.assertEqual(query.titles, ("max( a )", "it", "", "(SELECT 1, 2)", "x.*"))


class DeleteTests(ParserTests):
    """DELETE."""

    def test_forms(self):
        """WHERE, ORDER BY and LIMIT, any letter case and quoting."""
        condition = Condition(Name("name"), "=", (Slot(0),))
        self.same(
            Delete(T, (condition,)), "DELETE FROM t WHERE name = 'x'", 'delete from `t` where name="x";'
        )
        self.same(
            Delete(T, (condition,), (Order(Name("a")),), Limit(Slot(1))),
            "DELETE FROM t WHERE name = 'x' ORDER BY a LIMIT 1",
        )
        self.wrong("DELETE t", "DELETE FROM t WHERE")


class ValuesTests(ParserTests):
    """SELECT without a table."""

    def test_expressions(self):
        """Variables, functions, sums, NULL tests."""
        for text, expression in (
            ("@@version", Variable("version")),
            ("@@session.sql_mode", Variable("sql_mode", "SESSION")),
            ("@@GLOBAL.`Sql_Mode`", Variable("sql_mode", "GLOBAL")),
            ("@x", UserVariable("x")),
            ("VERSION()", Call("VERSION")),
            ("current_user", Call("CURRENT_USER")),
            ("concat('a', @@x)", Call("CONCAT", (Slot(0), Variable("x")))),
            ("1+2*3", Arithmetic(Slot(0), "+", Arithmetic(Slot(1), "*", Slot(2)))),
            ("(1 - 2)", Arithmetic(Slot(0), "-", Slot(1))),
            ("f(1) IS NOT NULL", NullTest(Call("F", (Slot(0),)), True)),
            ("NULL", Constant(None)),
            ("word", Name("word")),
        ):
            self.same(SelectValues((Item(expression, text),)), f"SELECT {text}", f"SELECT {text} FROM DUAL")

    def test_titles(self):
        """A column is called as it is written, which pins it, or by its alias."""
        statement, pins = read("SELECT 1+1, 'it''s', @@x  AS y, 5 z, ?")
        self.assertEqual([item.title for item in statement.items], ["1+1", "it's", "y", "z", "?"])
        self.assertEqual(pins, {0, 1, 2, 4})

    def test_limit(self):
        """LIMIT may follow."""
        self.same(
            SelectValues((Item(Variable("version_comment"), "@@version_comment"),), Limit(Slot(0))),
            "select @@version_comment limit 1",
        )

    def test_depth(self):
        """Brackets nest so deep and no deeper."""
        read("SELECT " + "(" * 50 + "1" + ")" * 50)
        self.wrong("SELECT " + "(" * 51 + "1" + ")" * 51, "SELECT " + "(" * 100_000, "SELECT " + "f(" * 1000)
        self.wrong("SELECT a FROM t WHERE " + "(" * 1000)

    def test_many_signs(self):
        """Any number of signs is one sign."""
        self.same(
            SelectValues((Item(Arithmetic(Constant(0), "-", Slot(0)), "a"),)),
            "SELECT " + "- " * 10_001 + "1 AS a",
        )


class OtherTests(ParserTests):
    """USE, SET, SHOW, transactions, nothing."""

    def test_nothing(self):
        """A text without a statement is one that does nothing."""
        self.same(Nothing(), "", " ", ";", ";;\n", "/* x */", "-- x", "# x\n;")

    def test_use(self):
        """Names of databases in any quoting."""
        self.same(Use("CometQL_v1"), "USE CometQL_v1", "use `CometQL_v1`;", "use 'CometQL_v1'")
        self.wrong("USE", "USE 5", "USE a b")

    def test_transactions(self):
        """What drivers send."""
        self.same(Transaction("BEGIN"), "BEGIN", "begin work;", "START TRANSACTION")
        self.same(Transaction("BEGIN", read_only=True), "START TRANSACTION READ ONLY")
        self.same(Transaction("BEGIN"), "START TRANSACTION WITH CONSISTENT SNAPSHOT")
        self.same(Transaction("COMMIT"), "COMMIT", "commit work")
        both = "START TRANSACTION READ WRITE, WITH CONSISTENT SNAPSHOT"
        self.same(Transaction("BEGIN", read_only=False), both)
        self.same(Transaction("COMMIT"), "COMMIT AND NO CHAIN", "COMMIT WORK NO RELEASE")
        self.same(Transaction("COMMIT", chain=True), "COMMIT AND CHAIN")
        self.same(Transaction("ROLLBACK"), "ROLLBACK;", "rollback work")
        self.same(Transaction("ROLLBACK", chain=True), "ROLLBACK WORK AND CHAIN NO RELEASE")
        self.same(Transaction("SAVEPOINT", "x"), "SAVEPOINT x", "savepoint `x`")
        self.same(Transaction("ROLLBACK TO", "x"), "ROLLBACK TO x", "ROLLBACK WORK TO SAVEPOINT `x`")
        self.same(Transaction("RELEASE", "x"), "RELEASE SAVEPOINT x")
        self.same(Transaction("COMMIT", release=True), "COMMIT RELEASE", "COMMIT WORK AND NO CHAIN RELEASE")
        self.same(Transaction("ROLLBACK", release=True), "ROLLBACK RELEASE")
        self.wrong(
            "COMMIT AND CHAIN RELEASE",
            "START TRANSACTION READ",
            "ROLLBACK TO",
            "SAVEPOINT",
            "RELEASE x",
            "COMMIT AND",
        )

    def test_set(self):
        """Assignments in every form."""
        autocommit = Set((Assignment(Variable("autocommit"), Slot(0)),))
        self.same(autocommit, "SET autocommit=1", "SET AUTOCOMMIT = 0", "set `autocommit` := 1")
        session = Set((Assignment(Variable("autocommit", "SESSION"), Name("ON")),))
        self.same(session, "SET @@session.autocommit = ON", "SET SESSION autocommit=ON")
        self.same(
            Set((Assignment(UserVariable("a"), Slot(0)), Assignment(Variable("b", "GLOBAL"), Default()))),
            "SET @a = 1, GLOBAL b = DEFAULT",
            "SET @a := 1, @@global.b = DEFAULT",
        )
        self.same(
            Set(
                (
                    Assignment(Variable("autocommit"), Slot(0)),
                    Assignment(Variable("sql_mode"), Call("CONCAT", (Variable("sql_mode"), Slot(1)))),
                )
            ),
            "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
        )
        self.wrong("SET", "SET x", "SET x = ", "SET x 1", "SET 5 = 5", "SET @@ = 1")
        self.absent("SET PASSWORD = 'x'")
        self.same(read("SELECT @@x")[0], "SET STATEMENT max_statement_time=2, x=1 FOR SELECT @@x")
        self.wrong("SET STATEMENT x=1", "SET STATEMENT x=1 FOR", "SET STATEMENT FOR SELECT 1")

    def test_names(self):
        """SET NAMES and SET CHARACTER SET set what they stand for."""
        client = [Variable(f"character_set_{name}") for name in ("client", "connection", "results")]
        for text, charset, collation in (
            ("SET NAMES utf8mb4", Name("utf8mb4"), Default()),
            ("set names 'utf8mb4' collate 'utf8mb4_bin'", Slot(0), Slot(1)),
            ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", Name("utf8mb4"), Name("utf8mb4_bin")),
            ("SET NAMES DEFAULT", Default(), Default()),
        ):
            wanted = [Assignment(variable, charset) for variable in client]
            wanted.append(Assignment(Variable("collation_connection"), collation))
            self.same(Set(tuple(wanted)), text)
        wanted = tuple(Assignment(client[place], Name("utf8")) for place in (0, 2))
        self.same(Set(wanted), "SET CHARACTER SET utf8", "SET CHARSET utf8")

    def test_isolation(self):
        """SET TRANSACTION is an assignment too."""
        level = Set((Assignment(Variable("transaction_isolation"), Constant("READ-COMMITTED")),))
        self.same(
            level,
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )
        self.same(
            Set((Assignment(Variable("transaction_read_only"), Constant(1)),)),
            "SET SESSION TRANSACTION READ ONLY",
            "SET LOCAL TRANSACTION READ ONLY",
        )
        for scope, text in (("NEXT TRANSACTION", "SET TRANSACTION"), ("GLOBAL", "SET GLOBAL TRANSACTION")):
            variable = Variable("transaction_read_only", scope)
            self.same(Set((Assignment(variable, Constant(0)),)), f"{text} READ WRITE")
        self.wrong("SET TRANSACTION ISOLATION LEVEL MUCH", "SET TRANSACTION")

    def test_show(self):
        """SHOW in its forms."""
        for text, show in (
            ("SHOW TABLES", Show("TABLES")),
            ("show full tables from `db` like 'x%'", Show("TABLES", True, database="db", like=Slot(0))),
            ("SHOW DATABASES LIKE '%'", Show("DATABASES", like=Slot(0))),
            ("SHOW SCHEMAS", Show("DATABASES")),
            ("SHOW STATUS", Show("STATUS")),
            ("SHOW SESSION STATUS", Show("STATUS")),
            ("SHOW GLOBAL STATUS LIKE 'up%'", Show("STATUS", scope="GLOBAL", like=Slot(0))),
            ("SHOW VARIABLES", Show("VARIABLES")),
            ("SHOW COLUMNS FROM t", Show("COLUMNS", table=T)),
            ('SHOW COLUMNS FROM "t"', Show("COLUMNS", table=T)),
            ("SHOW FULL FIELDS FROM `t`", Show("COLUMNS", True, table=T)),
            ("SHOW COLUMNS IN t IN d", Show("COLUMNS", table=TableName("t", "d"))),
            ("DESCRIBE t", Show("COLUMNS", table=T)),
            ("DESC `t`", Show("COLUMNS", table=T)),
            ("EXPLAIN t", Show("COLUMNS", table=T)),
            ("DESC t a", Show("COLUMNS", table=T, like=Constant("a"))),
            ("show index from `t`;", Show("INDEX", table=T)),
            ("SHOW KEYS FROM t", Show("INDEX", table=T)),
            ("SHOW CREATE TABLE d.t", Show("CREATE TABLE", table=TableName("t", "d"))),
            ("SHOW TABLE STATUS LIKE 't'", Show("TABLE STATUS", like=Slot(0))),
            ("SHOW WARNINGS LIMIT 10", Show("WARNINGS")),
            ("SHOW CHARACTER SET", Show("CHARACTER SET")),
            ("SHOW CHARSET", Show("CHARACTER SET")),
            ("SHOW STORAGE ENGINES", Show("ENGINES")),
        ):
            self.same(show, text)
        where = Query("SELECT * FROM shown WHERE Variable_name in ( :s0 ,  :s1 )")
        self.same(Show("VARIABLES", where=where), "SHOW VARIABLES WHERE Variable_name in ('a', 'b');")
        self.wrong("SHOW", "SHOW COLUMNS t", "SHOW TABLES LIKE", "SHOW 5")
        self.absent("SHOW CONTRIBUTORS", "SHOW CREATE TRIGGER t")

    def test_upkeep(self):
        """Tables are looked after; how thoroughly is read over."""
        table, other = TableName("t"), TableName("u", "db")
        both = Upkeep("CHECK", (table, other))
        self.same(both, "CHECK TABLE t, db.u FOR UPGRADE", "check tables t, `db`.`u` quick")
        self.same(Upkeep("ANALYZE", (table,)), "ANALYZE TABLE t", "ANALYZE NO_WRITE_TO_BINLOG TABLE t")
        self.same(Upkeep("REPAIR", (table,)), "REPAIR LOCAL TABLE t QUICK EXTENDED USE_FRM")
        self.same(Upkeep("OPTIMIZE", (table,)), "OPTIMIZE TABLE t;")
        self.same(Upkeep("CHECKSUM", (table,)), "CHECKSUM TABLE t EXTENDED")
        self.wrong("CHECK", "CHECK TABLE", "CHECK TABLE t FOR", "CHECK TABLE t ALL", "OPTIMIZE t")

    def test_no_statement(self):
        """A text that begins with no known word is an error that names it, 80 characters of it at most."""
        for text, near in (
            ("selec 1", "near 'selec 1'"),
            ("5", "near '5'"),
            ("SELECT a FROM t WHERE a ! 'x'", "near '! 'x''"),
            ("SELECT a FROM t WHERE a = 'x' 5 and `z`", "near '5 and `z`'"),
            ("nonsense " * 50, "..."),
            ("SELECT a FROM t LIMIT", "near ''"),
        ):
            with self.assertRaises(SyntaxRefused) as caught:
                translate(read(text)[0], lambda scratch, name, database: Source(scratch, name, database, ()))
            self.assertIn(near, str(caught.exception))
            self.assertLess(len(str(caught.exception)), 130)
