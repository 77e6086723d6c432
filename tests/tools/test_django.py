"""Django: models that inspectdb makes, which read and write."""

from __future__ import annotations

from importlib.util import find_spec

from comet.cometql.tables.catalogue import TABLES
from tests.e2e.support import ServerCase
from tests.tools.running import run_python


class DjangoTests(ServerCase):
    """The program runs once, for all tests."""

    skip = None if find_spec("django") and find_spec("MySQLdb") else "Django or mysqlclient is not installed"
    _got = None

    async def got(self):
        """@return: what the program has found."""
        if DjangoTests._got is None:
            DjangoTests._got = await run_python("with_django.py")
        return DjangoTests._got

    async def test_inspectdb(self):
        """There is a model of every table, with its primary key, its types and its comments."""
        got = await self.got()
        self.assertEqual(got["models"], sorted(table.name for table in TABLES))
        self.assertEqual(
            {name: got["keys"][name] for name in ("users_auth", "pipes", "pipes_messages", "revoked_tokens")},
            {"users_auth": "id", "pipes": "name", "pipes_messages": "id", "revoked_tokens": "token"},
        )
        for line in (
            "    id = models.IntegerField(primary_key=True, db_comment='the user')",
            "    id = models.CharField(primary_key=True, max_length=36,",
            "    time = models.BigIntegerField(",
            "    message = models.TextField(db_comment='the text')",
        ):
            self.assertIn(line, got["source"])
        self.assertNotIn("Unable to inspect", got["source"])

    async def test_it_believes_in_transactions(self):
        """Django asks first whether the engine has them."""
        self.assertEqual((await self.got())["features"], [True, True, False])

    async def test_rows(self):
        """Models are created, changed, found, counted, paged, summed up and deleted."""
        got = await self.got()
        self.assertEqual(got["rows"], [[9, "it's 🦦"], [8, "Benjamin"], [7, "Ann"]])
        self.assertEqual((got["page"], got["count"], got["exists"]), ([8, 9], 1, True))
        self.assertEqual(got["aggregate"], {"least": 7, "all": 24})
        self.assertEqual((got["deleted"], got["left"]), (2, 1))

    async def test_messages(self):
        """A model of pipes_messages publishes when it is saved, in a transaction when that is committed."""
        self.assertEqual((await self.got())["messages"], ["published by a model", "in a transaction"])

    async def test_read_only(self):
        """A table that nobody writes says so."""
        number, text = (await self.got())["read only"]
        self.assertEqual(number, 1142)
        self.assertIn("read only", text)
