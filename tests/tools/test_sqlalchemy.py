"""SQLAlchemy: reflection, and the ORM on classes that it makes of what it has found."""

from __future__ import annotations

from comet.cometql.tables.catalogue import TABLES
from tests.e2e.support import ServerCase
from tests.tools.running import run_python


class SQLAlchemyTests(ServerCase):
    """The program runs once, for all tests."""

    _got = None

    async def got(self):
        """@return: what the program has found."""
        if SQLAlchemyTests._got is None:
            SQLAlchemyTests._got = await run_python("with_sqlalchemy.py")
        return SQLAlchemyTests._got

    async def test_reflection(self):
        """Every table with its columns, those included that a star does not show, and in their types."""
        got = await self.got()
        columns = {table.name: [column.name for column in table.declared] for table in TABLES}
        self.assertEqual(got["reflected"], columns)
        self.assertEqual(got["tables"], list(columns))
        self.assertEqual(
            got["columns"][:3],
            [
                ["id", "INTEGER", False, None, "the user"],
                ["index", "INTEGER", False, "'0'", "the place in the answer: 0, 1, 2 ..."],
                ["event", "VARCHAR(64)", False, "''", "a label, which may be empty"],
            ],
        )
        self.assertEqual(got["comment"], next(table.doc for table in TABLES if table.name == "pipes"))

    async def test_inspector(self):
        """Schemas, keys, indexes, and the things of which there are none."""
        got = await self.got()
        self.assertEqual(got["schemas"], ["CometQL_v1", "information_schema"])
        self.assertEqual((got["key"], got["indexes"]), (["id"], [["name", ["name"], False]]))
        self.assertEqual((got["views"], got["foreign"], got["checks"]), ([], [], []))
        self.assertEqual(got["there"], [True, False])

    async def test_rows(self):
        """Objects are added, changed, found, counted, paged and deleted."""
        got = await self.got()
        self.assertEqual(got["rows"], [[19, "it's 🦦"], [18, "Benjamin"], [17, "Ann"]])
        self.assertEqual((got["page"], got["count"], got["left"]), ([18, 19], 1, [18, 19]))

    async def test_messages(self):
        """An object of pipes_messages is published at COMMIT; after a rollback it never is."""
        self.assertEqual((await self.got())["messages"], ["by the ORM"])

    async def test_types(self):
        """NOW() is a moment, the level of isolation the one that was asked for."""
        got = await self.got()
        self.assertEqual(got["moment"], "datetime")
        self.assertEqual(got["level"][0], "READ COMMITTED")

    async def test_read_only(self):
        """A table that nobody writes says so."""
        number, text = (await self.got())["read only"]
        self.assertEqual(number, 1142)
        self.assertIn("read only", text)
