"""Tests for L{comet.cometql.prepared}."""

from comet.cometql.results import Done, Kind
from comet.errors import MissingValue, SyntaxRefused, UnknownColumn, WrongArguments
from tests.cometql.talk import TalkTests, at_once


class PreparedTests(TalkTests):
    """Statements that are written once."""

    def columns(self, text):
        """@return: names and kinds of the columns that are known beforehand."""
        return [(column.name, column.kind) for column in self.talk.prepare(text).columns]

    def test_insert(self):
        """A row is inserted with values, and with what the text itself says."""
        prepared = self.talk.prepare("INSERT INTO users_auth (hash, id) VALUES (?, ?), ('b', ?)")
        self.assertEqual((prepared.parameters, list(prepared.columns)), (3, []))
        self.assertEqual(at_once(prepared.execute(["its", 5, 6.0])).affected, 2)
        self.assertEqual(
            self.rows("SELECT id, hash FROM users_auth WHERE id IN (5, 6)"), [(5, "its"), (6, "b")]
        )

    def test_select(self):
        """The columns of a table are known beforehand; keys, and LIMIT, are values like any other."""
        self.run_("INSERT INTO users_auth (id, hash) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        prepared = self.talk.prepare("SELECT id, hash AS h FROM users_auth WHERE id IN (?, ?, 3) LIMIT ?")
        names = [(column.name, column.kind) for column in prepared.columns]
        self.assertEqual(names, [("id", Kind.INT), ("h", Kind.VARCHAR)])
        for limit, found in ((5, [(1, "a"), (2, "b"), (3, "c")]), (1, [(1, "a")])):
            self.assertEqual(list(map(tuple, at_once(prepared.execute([1, 2, limit])).rows)), found)

    def test_computed(self):
        """Columns that are computed are counted, and as far as they do not depend on values, typed."""
        self.assertEqual(
            self.columns("SELECT ?, ? + 1, VERSION(), CONNECTION_ID() AS c, 1.5"),
            [
                ("?", Kind.VARCHAR),
                ("? + 1", Kind.VARCHAR),
                ("VERSION()", Kind.VARCHAR),
                ("c", Kind.BIGINT),
                ("1.5", Kind.DECIMAL),
            ],
        )
        prepared = self.talk.prepare("SELECT ? + 1, ?")
        self.assertEqual(list(at_once(prepared.execute([2, None])).rows), [[3, None]])

    def test_show(self):
        """A SHOW has its columns, with the name of the database."""
        self.assertEqual([name for name, _ in self.columns("SHOW TABLES")], ["Tables_in_CometQL_v1"])

    def test_session(self):
        """Statements about the session are prepared like others."""
        for text in ("SET NAMES ?", "SET @x = ?"):
            self.assertIsInstance(at_once(self.talk.prepare(text).execute(["utf8mb4"])), Done)
        for text in ("COMMIT", "USE db_3", "BEGIN", "ROLLBACK"):
            self.assertIsInstance(at_once(self.talk.prepare(text).execute([])), Done)
        self.assertEqual(self.value("SELECT @x"), "utf8mb4")
        self.assertEqual(self.talk.database, "db_3")

    def test_refused(self):
        """What cannot be run with any values is refused beforehand."""
        for error, text in (
            (SyntaxRefused, "SELEKT ?"),
            (SyntaxRefused, "SELECT 1; SELECT 2"),
            (UnknownColumn, "SELECT nope FROM users_auth WHERE id = ?"),
            (MissingValue, "INSERT INTO users_auth (id) VALUES (DEFAULT)"),
        ):
            self.assertRaises(error, self.talk.prepare, text)

    def test_count(self):
        """There have to be as many values as bind marks."""
        for text in ("SELECT ?", "SELECT ?, 1"):
            with self.assertRaises(WrongArguments):
                at_once(self.talk.prepare(text).execute([]))

    def test_plan_is_shared(self):
        """A text and a prepared statement of one shape have one plan."""
        self.run_("SELECT id FROM users_auth WHERE id = 5")
        misses = self.engine.cache.misses
        self.talk.prepare("SELECT id FROM users_auth WHERE id = ?")
        self.assertEqual(self.engine.cache.misses, misses)


class CharsetTests(TalkTests):
    """What the wire asks of the variables."""

    def test_names(self):
        """SET NAMES changes both directions, and the results may have none."""
        self.assertEqual(self.talk.charsets, ("utf8mb4", "utf8mb4"))
        self.run_("SET NAMES latin1")
        self.assertEqual(self.talk.charsets, ("latin1", "latin1"))
        self.run_("SET character_set_results = NULL")
        self.assertEqual(self.talk.charsets, ("latin1", None))

    def test_login(self):
        """A session begins in the character set that the client has named."""
        login = self.talk._context.login
        talk = self.engine.open(type(login)("root", 0, 8, "127.0.0.1:1", "", "latin1"))
        self.assertEqual(talk.charsets, ("latin1", "latin1"))
        self.assertEqual(self.value("SELECT @@collation_connection", talk), "latin1_swedish_ci")
