"""mysqldump: what it writes of comet loads into a real MariaDB."""

from __future__ import annotations

import shutil
import subprocess

import pymysql

from comet.cometql.tables.catalogue import TABLES
from tests import mariadb
from tests.e2e.support import ServerCase, in_thread

DATABASE = "from_comet"
TEXT = 'It\'s a "test" of \\n, C:\\new and 100 %\nthe second line: 🦦 ё'


class DumpTests(ServerCase):
    """The program that comes with MariaDB."""

    program = shutil.which("mariadb-dump") or shutil.which("mysqldump")
    skip = None if program else "there is no mariadb-dump"

    async def dumped(self, server, *options):
        """@return: what the program writes."""
        login = ["-h127.0.0.1", f"-P{server.cometql_port}", "-uroot", f"-p{server.password}"]
        command = [self.program, "--no-defaults", *login, *options]
        done = await in_thread(subprocess.run, command, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""), done.stderr.decode())
        return done.stdout

    async def filled(self):
        """@return: a server with rows in its tables."""
        server = await self.server()

        def fill():
            with pymysql.connect(
                **{"host": "127.0.0.1", "port": server.cometql_port, "user": "root"},
                **{"password": server.password, "charset": "utf8mb4", "autocommit": True},
            ) as connection:
                cursor = connection.cursor()
                cursor.execute("INSERT INTO users_auth (id, hash) VALUES (1, 'one'), (2, 'two')")
                cursor.execute("INSERT INTO users_data (id, data) VALUES (1, %s)", TEXT)
                cursor.execute("INSERT INTO pipes_settings (name, length) VALUES ('chat', 10)")
                text = "INSERT INTO pipes_messages (name, message) VALUES ('chat', %s), ('chat', 'b')"
                cursor.execute(text, TEXT)
                cursor.execute("INSERT INTO users_messages (id, event, message) VALUES (7, 'e', %s)", TEXT)
                cursor.execute("INSERT INTO revoked_tokens (token) VALUES ('a.b.c')")

        await in_thread(fill)
        return server

    async def test_it_loads(self):
        """All tables are there with their rows, and every byte of their texts."""
        dump = await self.dumped(await self.filled(), "CometQL_v1")
        database = mariadb.shared()

        def load():
            database.run(f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}")
            login = ["-h127.0.0.1", f"-P{database.port}", "-uroot", f"-p{mariadb.PASSWORD}"]
            client = shutil.which("mariadb") or shutil.which("mysql")
            command = [client, "--no-defaults", "--default-character-set=utf8mb4", *login, DATABASE]
            return subprocess.run(command, input=dump, capture_output=True, timeout=60)

        done = await in_thread(load)
        self.assertEqual((done.returncode, done.stderr), (0, b""), done.stderr.decode())

        def rows(statement):
            return in_thread(database.run, statement, database=DATABASE)

        self.assertEqual({name for (name,) in await rows("SHOW TABLES")}, {table.name for table in TABLES})
        self.assertEqual(await rows("SELECT * FROM users_auth ORDER BY id"), [(1, "one"), (2, "two")])
        self.assertEqual(await rows("SELECT data FROM users_data"), [(TEXT,)])
        self.assertEqual(await rows("SELECT message FROM pipes_messages ORDER BY `index`"), [(TEXT,), ("b",)])
        self.assertEqual(await rows("SELECT id, message FROM users_messages"), [(7, TEXT)])
        self.assertEqual(await rows("SELECT token FROM revoked_tokens"), [("a.b.c",)])

    async def test_options(self):
        """In one transaction, with programs and the creation of the database; or the structure alone."""
        server = await self.filled()
        programs = ("--routines", "--events", "--triggers")
        everything = await self.dumped(server, "--single-transaction", *programs, "--databases", "CometQL_v1")
        self.assertIn(b"CREATE DATABASE", everything)
        self.assertIn(b"INSERT INTO `users_auth` VALUES", everything)
        structure = await self.dumped(server, "--no-data", "CometQL_v1", "pipes_messages")
        self.assertIn(b"CREATE TABLE `pipes_messages`", structure)
        self.assertNotIn(b"INSERT INTO", structure)
