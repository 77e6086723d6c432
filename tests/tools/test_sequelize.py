"""Sequelize of Node.js: what it sees of the tables, and models; in comet, and in a MariaDB beside it."""

from __future__ import annotations

import shutil

from comet.cometql.tables.catalogue import TABLES
from tests.e2e.support import ServerCase
from tests.tools.running import PROGRAMS, run_in_both

#: What only one of the servers has, or what only comet refuses.
OWN = {"version", "readOnly"}


class SequelizeTests(ServerCase):
    """The program runs once in each server, for all tests."""

    node = shutil.which("node")
    installed = (PROGRAMS / "node_modules" / "sequelize").exists()
    skip = None if node and installed else "Sequelize is not installed"
    _got = None

    async def got(self):
        """@return: what the program has found in comet, and what in MariaDB."""
        if SequelizeTests._got is None:
            SequelizeTests._got = await run_in_both([self.node, PROGRAMS / "with_sequelize.mjs"])
        return SequelizeTests._got

    async def test_both_servers_give_the_same(self):
        """Tables, columns and indexes, and every row in the types of the language."""
        ours, theirs = await self.got()
        self.assertEqual(
            {name: found for name, found in ours.items() if name not in OWN},
            {name: found for name, found in theirs.items() if name not in OWN},
        )

    async def test_introspection(self):
        """Every table, with types, keys, defaults and comments."""
        ours, _ = await self.got()
        self.assertEqual(ours["tables"], sorted(table.name for table in TABLES))
        self.assertEqual(ours["there"], [True, False])
        self.assertEqual(
            ours["columns"]["users_auth"]["id"],
            {
                **{"type": "INT", "allowNull": False, "defaultValue": None, "primaryKey": True},
                **{"autoIncrement": False, "comment": "the user"},
            },
        )
        self.assertEqual(
            ours["indexes"]["pipes_messages"],
            [["PRIMARY", True, True, ["id"]], ["name", False, False, ["name"]]],
        )

    async def test_rows(self):
        """Models are created, changed, found, joined, counted, paged and destroyed."""
        ours, _ = await self.got()
        texts = ["Cy", "it's 🦦", "Benjamin", "Ann"]
        self.assertEqual([row["data"] for row in ours["rows"]], texts)
        self.assertEqual(ours["page"], {"count": 4, "rows": [{"id": 921}, {"id": 922}]})
        self.assertEqual(ours["changed"], ["Anna", "Benjamin", "changed", "changed"])
        self.assertEqual((ours["destroyed"], ours["left"]), ([1, 1], 1))

    async def test_messages(self):
        """A model of pipes_messages is published when it is committed; after a rollback it never is."""
        ours, _ = await self.got()
        self.assertEqual(ours["messages"], ["by a model", "in a transaction"])

    async def test_read_only(self):
        """A table that nobody writes says so."""
        ours, _ = await self.got()
        number, text = ours["readOnly"]
        self.assertEqual(number, 1142)
        self.assertIn("read only", text)
