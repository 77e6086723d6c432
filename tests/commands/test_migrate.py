"""Tests of C{comet migrate}, between real databases."""

import io
import sqlite3
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from comet.__main__ import main
from comet.model import Channel, Message, PrivateMessage, User
from comet.rights import Rule, Who
from comet.storage.moving import COLUMNS
from comet.storage.presences import Keeping, PresenceEvent, What
from comet.storage.records import Invitation, TenantKey
from comet.storage.sql import SQLStore, sqlite_pool
from tests import mariadb
from tests.e2e.support import in_thread
from tests.storage.contract import NASTY

ANN, CHAT = User(3, 7), Channel(3, "web_chat")
#: The tables of CppComet 4.09 (its names, types and keys as specified).
CPPCOMET = (
    "CREATE TABLE users_auth (dev_id INT, user_id INT, hash CHAR(32) CHARACTER SET ascii,"
    " PRIMARY KEY (dev_id, user_id))",
    "CREATE TABLE users_data (dev_id INT, user_id INT, data TEXT CHARACTER SET utf8,"
    " PRIMARY KEY (dev_id, user_id))",
    "CREATE TABLE users_time (dev_id INT, user_id INT, time INT, PRIMARY KEY (dev_id, user_id))",
    "CREATE TABLE users_messages (id CHAR(36) CHARACTER SET ascii PRIMARY KEY, time INT, dev_id INT,"
    " user_id INT, event CHAR(64) CHARACTER SET ascii, message TEXT CHARACTER SET utf8)",
    "CREATE TABLE pipe_messages (id CHAR(36) CHARACTER SET ascii PRIMARY KEY, time INT, dev_id INT,"
    " pipe_name CHAR(64) CHARACTER SET ascii COLLATE ascii_bin, event CHAR(64) CHARACTER SET ascii,"
    " message TEXT CHARACTER SET utf8, user_id INT)",
    "CREATE TABLE pipes_settings (dev_id INT, name CHAR(128) CHARACTER SET ascii COLLATE ascii_bin,"
    " type CHAR(1) DEFAULT '0', length INT, PRIMARY KEY (dev_id, name))",
    "CREATE TABLE revoked_tokens (dev_id INT, token VARBINARY(600), time INT, PRIMARY KEY (dev_id, token))",
    "CREATE TABLE conference (dev_id INT, name VARCHAR(32), user_id INT, caller_id INT,"
    " message TEXT CHARACTER SET utf8mb4, profile VARCHAR(32), stream VARCHAR(255), node VARCHAR(64),"
    " time INT, PRIMARY KEY (dev_id, name, user_id))",
    "CREATE TABLE dev_config (id INT PRIMARY KEY, `key` CHAR(64), url CHAR(255) DEFAULT '*',"
    " active_time INT)",
    "INSERT INTO users_auth VALUES (3, 7, 'key-of-ann')",
    "INSERT INTO users_data VALUES (3, 7, 'это')",
    "INSERT INTO users_time VALUES (3, 7, 1000), (3, 8, 0)",
    "INSERT INTO users_messages VALUES ('b', 20, 3, 7, 'e', 'second'),"
    " ('a', 10, 3, 7, '', 'it''s \"first\"')",
    "INSERT INTO pipe_messages VALUES ('y', 6, 3, 'web_chat', 'e', 'two', 7),"
    " ('x', 5, 3, 'web_chat', '', 'один', 0),"
    " ('z', 5, 3, 'Web_chat', '', 'other', 0)",
    "INSERT INTO pipes_settings (dev_id, name, length) VALUES (3, 'web_chat', 9), (3, 'no name', 5)",
    "INSERT INTO revoked_tokens VALUES (3, 'a.b.c', 0)",
    "INSERT INTO conference VALUES (3, 'room', 7, 8, 'come', 'video', '12', 'n', 1)",
    "INSERT INTO dev_config (id, `key`) VALUES (3, 'never looked at')",
)


class MigrateTests(TestCase):
    """All rows arrive, whichever the databases are."""

    timeout = 120

    async def migrate(self, *words):
        """@return: the exit status, and what was printed on both streams."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), patch.dict("os.environ", {"PATH": mariadb.PATH}):
            status = await in_thread(main, ["migrate", *words])
        return status, out.getvalue(), err.getvalue()

    def mysql(self, name, *statements):
        """@return: the URL of a new database."""
        maria = mariadb.shared()
        maria.run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        if statements:
            maria.run(*statements, database=name)
        return f"mysql://root:{quote(mariadb.PASSWORD, safe='')}@127.0.0.1:{maria.port}/{name}"

    def sqlite(self):
        """@return: the URL of an SQLite file that is not there."""
        self.path = Path(self.mktemp()).absolute()
        return f"sqlite:///{self.path}"

    async def open(self, path):
        store = SQLStore(sqlite_pool(path, reactor))
        await store.start()
        return store

    async def filled(self):
        """@return: the URL of a store with rows in all tables, more than fit into a batch."""
        url = self.sqlite()
        store = await self.open(self.path)
        await store.set_key(ANN, NASTY[:20])
        await store.set_data(ANN, NASTY)
        await store.set_length(CHAT, 2000)
        for number in range(1100):
            await store.append(
                Message(CHAT, "e", f"{number} {NASTY}", 5, number or None, f"id{number}"), 2000
            )
        for number in range(3):
            await store.enqueue(PrivateMessage(ANN, "", NASTY, 5, expires=number), 9)
        for token in ("a", "a ", "A", NASTY):
            await store.revoke(3, token)
        await store.invite(Invitation(CHAT, 7, 8, NASTY, "video", 5))
        await store.set_tenant(TenantKey(3, NASTY, "u"))
        await store.set_rule(3, Rule("web_", publish=Who.NONE))
        await store.note_presence([PresenceEvent(3, 5, 7, What.ONLINE)], 5, Keeping("n", 9))
        await store.take_outbox("outbox", "n", 5, 6)
        await store.stop()
        return url

    def rows_of_file(self):
        with sqlite3.connect(self.path) as connection:
            return self.rows(lambda statement: connection.execute(statement).fetchall())

    def rows(self, ask):
        return {
            table: sorted(map(repr, ask(f"SELECT {columns} FROM {table}")))
            for table, columns in COLUMNS.items()
        }

    async def test_there_and_back(self):
        """From SQLite to MariaDB and from there to another file: all tables are equal, numbers go on."""
        first, maria = await self.filled(), self.mysql("moved")
        before = self.rows_of_file()
        self.assertTrue(all(before.values()))
        status, out, err = await self.migrate("--from", first, "--to", maria)
        self.assertEqual((status, "moved 1" in out), (0, True), err)
        self.assertIn("pipe_messages    [##############################] 1100/1100", err)
        self.assertNotIn(mariadb.PASSWORD, out + err)
        self.assertEqual(
            self.rows(lambda statement: mariadb.shared().run(statement, database="moved")), before
        )
        status, _, err = await self.migrate("--from", maria, "--to", self.sqlite())
        self.assertEqual((status, self.rows_of_file()), (0, before), err)
        store = await self.open(self.path)
        last = (await store.queue(ANN))[-1].number
        self.assertGreater((await store.enqueue(PrivateMessage(ANN, "", "x", 1), 9)).number, last)
        self.assertEqual((await store.append(Message(CHAT, "", "x", 1, id="new"), 9)).position, 1101)
        await store.stop()

    async def test_a_cppcomet(self):
        """Its tables are read, messages are numbered, and what comet does not take is counted."""
        url = self.mysql("old", *CPPCOMET)
        status, out, err = await self.migrate("--from", url, "--to", self.sqlite())
        self.assertEqual(status, 0, err)
        self.assertIn("left out 1 rows", out)
        store = await self.open(self.path)
        self.assertEqual(await store.keys([ANN]), {ANN: "key-of-ann"})
        self.assertEqual(await store.data([ANN]), {ANN: "это"})
        self.assertEqual(await store.last_seen([ANN, User(3, 8)]), {ANN: 1000})
        self.assertEqual([m.text for m in await store.queue(ANN)], ['it\'s "first"', "second"])
        history = await store.history(CHAT, 9)
        told = [(m.text, m.user_id, m.id, m.place.position) for m in history]
        self.assertEqual(told, [("один", None, "x", 1), ("two", 7, "y", 2)])
        self.assertEqual((await store.append(Message(CHAT, "", "x", 9, id="new"), 9)).position, 3)
        self.assertEqual(len(await store.history(Channel(3, "Web_chat"), 9)), 1)
        self.assertEqual(await store.lengths(), {CHAT: 9})
        self.assertEqual(await store.revoked(3), ["a.b.c"])
        (invitation,) = await store.invitations([Channel(3, "room")])
        self.assertEqual((invitation.stream, invitation.profile), (12, "video"))
        self.assertEqual(await store.tenants(), [])
        await store.stop()

    async def test_dry_run(self):
        """Everything is counted and nothing is written."""
        url = self.mysql("old", *CPPCOMET)
        status, out, err = await self.migrate("--from", url, "--to", self.sqlite(), "--dry-run")
        self.assertEqual((status, self.path.exists()), (0, False), err)
        self.assertIn("would move 13 rows", out)

    async def test_the_configuration_names_the_target(self):
        """As it does for the server."""
        source, target = await self.filled(), self.mysql("moved")
        file = Path(self.mktemp())
        file.write_text(f"[db]\nurl = {target}\n")
        status, _, err = await self.migrate("--from", source, "--config", str(file))
        self.assertEqual(status, 0, err)
        self.assertEqual(
            mariadb.shared().run("SELECT count(*) FROM pipe_messages", database="moved"), [(1100,)]
        )

    async def test_what_is_refused(self):
        """In a sentence, and nothing is written."""
        source = await self.filled()
        for words, wanted in (
            (("--from", source, "--to", source), "the target is not empty"),
            (("--from", "sqlite:////nowhere/x", "--to", source), "--from: there is no file /nowhere/x"),
            (("--from", source), "--to URL"),
            (("--from", source, "--to", "nonsense"), "--to: this is no address of a store"),
            (("--from", "mysql://me:no@127.0.0.1:1/x", "--to", source), "see [db] host"),
        ):
            status, _, err = await self.migrate(*words)
            self.assertEqual((status, wanted in err), (1, True), err)
