"""ActiveRecord of Ruby: what it sees of the tables, and models; in comet, and in a MariaDB beside it."""

from __future__ import annotations

import shutil
import subprocess

from twisted.trial.unittest import SkipTest

from comet.cometql.tables.catalogue import TABLES
from tests.e2e.support import ServerCase, in_thread
from tests.tools.running import PROGRAMS, run_in_both

#: What only one of the servers has, or what only comet refuses.
OWN = {"version", "refused"}


class ActiveRecordTests(ServerCase):
    """The program runs once in each server, for all tests."""

    ruby = shutil.which("ruby")
    skip = None if ruby else "there is no Ruby"
    _got = None

    async def got(self):
        """@return: what the program has found in comet, and what in MariaDB."""
        if ActiveRecordTests._got is None:
            probe = [self.ruby, "-ractive_record", "-rmysql2", "-e", "1"]
            if (await in_thread(subprocess.run, probe, capture_output=True)).returncode:
                raise SkipTest("ActiveRecord is not installed")
            ActiveRecordTests._got = await run_in_both([self.ruby, PROGRAMS / "with_activerecord.rb"])
        return ActiveRecordTests._got

    async def test_both_servers_give_the_same(self):
        """Tables, columns, keys and indexes, and every row in the types of the language."""
        ours, theirs = await self.got()
        self.assertEqual(
            {name: found for name, found in ours.items() if name not in OWN},
            {name: found for name, found in theirs.items() if name not in OWN},
        )

    async def test_introspection(self):
        """Every table, with types, keys, defaults and comments."""
        ours, _ = await self.got()
        self.assertEqual(ours["tables"], sorted(table.name for table in TABLES))
        self.assertEqual(ours["there"], [True, True, False])
        of_hash = ours["columns"]["users_auth"][1]
        self.assertEqual(of_hash[:6], ["hash", "string", "varchar(32)", 32, False, None])
        self.assertEqual(ours["keys"]["pipes_messages"], ["id"])
        self.assertEqual(ours["indexes"]["pipes_messages"], [["name", ["name"], False]])

    async def test_rows(self):
        """Models are created, changed, found, counted, paged, loaded along with others, and deleted."""
        ours, _ = await self.got()
        texts = ["Cy", "it's 🦦", "Benjamin", "Ann"]
        self.assertEqual([text for _, text in ours["rows"]], texts)
        self.assertEqual((ours["page"], ours["batches"]), ([941, 942], [[940, 941, 942], [943]]))
        self.assertEqual(ours["changed"], ["Anna", "Benjamin", "changed", "changed"])
        self.assertEqual(ours["deleted"], [True, 1, 2])

    async def test_messages(self):
        """A model of pipes_messages is published when it is committed; after a rollback it never is."""
        ours, _ = await self.got()
        self.assertEqual(ours["messages"], ["by a model", "in a transaction"])

    async def test_read_only(self):
        """A table that nobody writes says so."""
        ours, _ = await self.got()
        number, text = ours["refused"]
        self.assertEqual(number, 1142)
        self.assertIn("read only", text)
