"""
The statements of tools, against a real comet and against a real MariaDB with the same tables.

The tables of MariaDB are made by what comet shows as their CREATE TABLE. Where both answer, columns and types
agree; where not, the difference stands in C{differences.toml} with its reason.
"""

from __future__ import annotations

import re
import signal

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred

from tests import mariadb
from tests.e2e.support import Server, ServerCase, in_thread
from tests.replay.answers import Talk
from tests.replay.differences import differences, known_differences
from tests.replay.script import scripts

DATABASE = "CometQL_v1"
SCRIPTS = scripts()
#: What is in the tables of both.
ROWS = (
    "INSERT INTO users_auth (id, hash) VALUES (1, 'key_1'), (2, 'key_2'), (3, 'key_2')",
    "INSERT INTO users_data (id, data) VALUES (1, 'Ann'), (2, 'Ben'), (3, 'it''s \\\\ 🦦')",
    "INSERT INTO pipes_settings (name, length) VALUES ('chat', 10), ('news', 50)",
)
#: Statements that comet has to refuse, and the error.
REFUSED = {
    r"mysql`?\.`?user": 1142,
    r"FROM `phpmyadmin`": 1049,
    r"FROM `migrations`|nothing_of_that_name": 1146,
}


class Pair:
    """
    Both servers, with the same tables and rows in them.

    @ivar comet: how to log in to one.
    @ivar mariadb: how to log in to the other.
    """

    def __init__(self, server, other):
        common = {"host": "127.0.0.1", "user": "root"}
        self.comet = {**common, "port": server.cometql_port, "password": server.password}
        self.mariadb = {**common, "port": other.port, "password": mariadb.PASSWORD}
        other.run(f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE} COLLATE utf8mb4_bin")
        ours, theirs = self.talk(self.comet), self.talk(self.mariadb)
        self._does(theirs, "SET sql_mode = 'STRICT_TRANS_TABLES'")
        for (table,) in self._does(ours, "SHOW TABLES").rows:
            ((_, text),) = self._does(ours, f"SHOW CREATE TABLE {table}").rows
            # A MariaDB passes this over, as it passes over all that is for a newer MySQL.
            self._does(theirs, re.sub(r"/\*!80023 (INVISIBLE) \*/", r"\1", text))
        for statement in ROWS:
            self._does(ours, statement)
            self._does(theirs, statement)

    def talk(self, login, prepared=False):
        """@return: a connection."""
        return Talk(prepared, database=DATABASE, **login)

    def _does(self, talk, statement):
        answer = talk.ask(statement)
        assert not answer.error, (statement, answer)
        return answer

    def replay(self, script):
        """@return: each step of C{script}, with the answers of comet and of MariaDB."""
        talks = [self.talk(login, script.prepared) for login in (self.comet, self.mariadb)]
        try:
            return [(step, *[talk.ask(step) for talk in talks]) for step in script.steps]
        finally:
            for talk in talks:
                talk.close()


class ReplayTests(ServerCase):
    """Each script in order; its connection lives to the end of it."""

    _pair = None
    _replayed = {}

    async def pair(self):
        """@return: both servers; they end with the run of the tests."""
        if ReplayTests._pair is None:
            other = mariadb.shared()
            server = await Server("replay", {}).start()
            reactor.addSystemEventTrigger(
                "before", "shutdown", lambda: ensureDeferred(server.stop(signal.SIGKILL))
            )
            ReplayTests._pair = await in_thread(Pair, server, other)
        return ReplayTests._pair

    async def replayed(self, name):
        """@return: what became of a script."""
        pair = await self.pair()
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
