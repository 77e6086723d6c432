"""Laravel's query builder, Eloquent, schema and artisan; in comet, and in a MariaDB beside it."""

from __future__ import annotations

from comet.cometql.tables.catalogue import TABLES
from tests.e2e.support import ServerCase
from tests.tools import php
from tests.tools.running import PROGRAMS, run_in_both


class LaravelTests(ServerCase):
    """The program runs once in each server, for all tests."""

    skip = php.missing("php/Illuminate/Database") or php.missing("php/Doctrine/DBAL") or None
    _got = None

    async def got(self):
        """@return: what the program has found in comet, and what in MariaDB."""
        if LaravelTests._got is None:
            LaravelTests._got = await run_in_both(php.command(PROGRAMS / "with_laravel.php"))
        return LaravelTests._got

    async def test_both_servers_give_the_same(self):
        """Tables, columns and indexes, and every row in the types of the language."""
        ours, theirs = await self.got()
        self.assertEqual({**ours, "refused": {}}, {**theirs, "refused": {}})

    async def test_schema(self):
        """Every table, with types, keys, defaults and comments."""
        ours, _ = await self.got()
        self.assertEqual(ours["tables"], sorted(table.name for table in TABLES))
        of_id = ours["columns"]["users_auth"]["id"]
        self.assertEqual(of_id, ["integer", None, True, None, False, "the user"])
        self.assertEqual(
            ours["indexes"]["pipes_messages"],
            {"PRIMARY": [["id"], True, True], "name": [["name"], False, False]},
        )

    async def test_query_builder(self):
        """Rows are inserted, found, joined, counted, paged, changed and deleted."""
        ours, _ = await self.got()
        texts = ["Cy", "it's 🦦", "Benjamin", "Ann"]
        self.assertEqual([row["data"] for row in ours["rows"]], texts)
        self.assertEqual((ours["page"], ours["chunks"]), ({"933": "Cy"}, [[930, 931], [932, 933]]))
        self.assertEqual((ours["updated"], ours["deleted"]), (1, [1, 3]))

    async def test_eloquent(self):
        """Models are saved, found, loaded along with others, and deleted."""
        ours, _ = await self.got()
        self.assertEqual((ours["saved"], ours["destroyed"]), ([True, "changed", False], [True, 0]))
        self.assertEqual(ours["eager"], [[1, "Ann"], [2, "Ben"], [3, "it's \\ 🦦"]])

    async def test_messages(self):
        """What is inserted is published when it is committed; after a rollback it never is."""
        ours, _ = await self.got()
        self.assertEqual(ours["messages"], ["by the query builder", "in a transaction"])

    async def test_migrations(self):
        """Their status is that there are none; to install them is refused, and says why."""
        ours, _ = await self.got()
        self.assertEqual(ours["status"], [1, "Migration table not found."])
        number, text = ours["refused"]["install"]
        self.assertEqual(number, 1142)
        self.assertIn("stay as they are", text)

    async def test_read_only(self):
        """A table that nobody writes says so."""
        ours, _ = await self.got()
        number, text = ours["refused"]["read only"]
        self.assertEqual(number, 1142)
        self.assertIn("read only", text)
