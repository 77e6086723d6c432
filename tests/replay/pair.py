"""
A real comet and a real MariaDB that have the same tables, with the same rows.

The tables of MariaDB are made by what comet shows as their CREATE TABLE.
"""

from __future__ import annotations

import re
import signal

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred

from tests import mariadb
from tests.e2e.support import Server, in_thread
from tests.replay.answers import Talk

DATABASE = "CometQL_v1"
#: What is in the tables of both.
ROWS = (
    "INSERT INTO users_auth (id, hash) VALUES (1, 'key_1'), (2, 'key_2'), (3, 'key_2')",
    "INSERT INTO users_data (id, data) VALUES (1, 'Ann'), (2, 'Ben'), (3, 'it''s \\\\ 🦦')",
    "INSERT INTO pipes_settings (name, length) VALUES ('chat', 10), ('news', 50)",
)

_pair = None


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


async def the_pair():
    """@return: the L{Pair} that all tests share; its comet ends with the run of the tests."""
    global _pair
    if _pair is None:
        other = mariadb.shared()
        server = await Server("replay", {}).start()
        reactor.addSystemEventTrigger(
            "before", "shutdown", lambda: ensureDeferred(server.stop(signal.SIGKILL))
        )
        _pair = await in_thread(Pair, server, other)
    return _pair
