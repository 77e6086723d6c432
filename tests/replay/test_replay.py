"""
The statements of tools, against a real comet and against a real MariaDB with the same tables.

Where both answer, columns and types agree; where not, the difference stands in C{differences.toml} with its
reason.
"""

from __future__ import annotations

import re

from tests.e2e.support import ServerCase, in_thread
from tests.replay.differences import differences, known_differences
from tests.replay.pair import the_pair
from tests.replay.script import scripts

SCRIPTS = scripts()
#: Statements that comet has to refuse, and the error.
REFUSED = {
    r"mysql`?\.`?user": 1142,
    r"FROM `phpmyadmin`": 1049,
    r"SHOW CREATE VIEW": 1347,
    r"REGEXP '\('": 1139,
    r"FROM `migrations`|nothing_of_that_name": 1146,
}


class ReplayTests(ServerCase):
    """Each script in order; its connection lives to the end of it."""

    _replayed = {}

    async def replayed(self, name):
        """@return: what became of a script."""
        pair = await the_pair()
        if name not in self._replayed:
            self._replayed[name] = await in_thread(pair.replay, SCRIPTS[name])
        return self._replayed[name]

    async def agrees(self, name):
        """Assert that comet answers every statement, and as MariaDB does but for what is known."""
        known = known_differences()
        for step, ours, theirs in await self.replayed(name):
            refused = next((error for what, error in REFUSED.items() if re.search(what, step, re.I)), 0)
            self.assertEqual(ours.error, refused, f"{step}\n{ours.message}")
            allowed = {line for each in known if each.statements.search(step) for line in each.found}
            self.assertEqual(set(differences(step, ours, theirs)) - allowed, set(), step)

    async def test_known_differences(self):
        """Each difference that is listed is there; a reason is given for it."""
        found = []
        for name in SCRIPTS:
            found += [(step, differences(step, *answers)) for step, *answers in await self.replayed(name)]
        for known in known_differences():
            said = {line for step, lines in found if known.statements.search(step) for line in lines}
            self.assertEqual(set(known.found) - said, set(), known.statements.pattern)
            self.assertGreater(len(known.reason), 20, known.statements.pattern)


def _add(name):
    async def test(self):
        await self.agrees(name)

    test.__name__ = f"test_{name}"
    test.__doc__ = SCRIPTS[name].about
    setattr(ReplayTests, test.__name__, test)


for _name in SCRIPTS:
    _add(_name)
