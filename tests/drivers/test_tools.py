"""The programs that come with MariaDB: the prompt with its completion, mariadb-admin and mariadb-check."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time

from comet.cometql.tables.catalogue import TABLES
from tests.drivers.matrix import the_server
from tests.e2e.support import ServerCase, in_thread

#: What ends each answer at the prompt.
PROMPT = b"MySQL [CometQL_v1]> "


def login(server):
    """@return: the options that all these programs take."""
    return ["--no-defaults", "-h127.0.0.1", f"-P{server.cometql_port}", "-uroot", f"-p{server.password}"]


class Terminal:
    """A program that believes a person is typing."""

    def __init__(self, command):
        self._end, its_end = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(its_end)
        self._heard = b""

    def read_to(self, mark, seconds=20):
        """@return: what it says up to C{mark}."""
        end = time.monotonic() + seconds
        while mark not in self._heard:
            ready, _, _ = select.select([self._end], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"waited for {mark!r}, heard {self._heard!r}")
            self._heard += os.read(self._end, 65536)
        said, mark, self._heard = self._heard.partition(mark)
        return said + mark

    def type(self, keys):
        """Press keys."""
        os.write(self._end, keys)

    def leave(self):
        """@return: the exit status."""
        try:
            return self._process.wait(10)
        finally:
            os.close(self._end)


class PromptTests(ServerCase):
    """The command line of MariaDB with a person before it."""

    program = shutil.which("mariadb") or shutil.which("mysql")
    skip = None if program else "there is no mariadb command line"

    async def test_names_are_completed(self):
        """The tabulator key completes tables and their columns, and the prompt goes on after an error."""
        server = await the_server()

        def work():
            terminal = Terminal([self.program, *login(server), "CometQL_v1"])
            welcome = terminal.read_to(PROMPT)
            terminal.type(b"select id from users_ti\t where id = 7;\n")
            row = terminal.read_to(b"row in set")
            terminal.read_to(PROMPT)
            terminal.type(b"selec;\n")
            error = terminal.read_to(b"ERROR 1064 (42000)")
            terminal.read_to(PROMPT)
            terminal.type(b"pipes_m\t\t")
            names = terminal.read_to(b"pipes_messages.user_id")
            terminal.read_to(PROMPT)
            terminal.type(b"\x15exit\n")
            terminal.read_to(b"Bye")
            return welcome, row, error, names, terminal.leave()

        welcome, row, _, names, status = await in_thread(work)
        self.assertIn(b"comet", welcome)
        self.assertIn(b"users_time where", row)
        self.assertRegex(row, rb"\|\s+7 \|")
        self.assertIn(b"pipes_messages.event", names)
        self.assertEqual(status, 0)


class AdminTests(ServerCase):
    """mariadb-admin, or mysqladmin."""

    program = shutil.which("mariadb-admin") or shutil.which("mysqladmin")
    skip = None if program else "there is no mariadb-admin"

    async def admin(self, *commands):
        """@return: what it says."""
        server = await the_server()
        command = [self.program, *login(server), *commands]
        done = await in_thread(subprocess.run, command, capture_output=True, timeout=30, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    async def test_ping(self):
        """The server is alive."""
        self.assertIn("is alive", await self.admin("ping"))

    async def test_status_and_version(self):
        """How long it runs, and which version it is."""
        self.assertRegex(await self.admin("status"), r"^Uptime: \d+")
        self.assertRegex(await self.admin("version"), r"Server version\s+8\.0\.\d+-comet")

    async def test_processlist(self):
        """It lists itself."""
        self.assertIn("root", await self.admin("processlist"))


class CheckTests(ServerCase):
    """mariadb-check, or mysqlcheck."""

    program = shutil.which("mariadb-check") or shutil.which("mysqlcheck")
    skip = None if program else "there is no mariadb-check"

    async def test_all_tables(self):
        """It goes through all tables, and finds nothing to do."""
        server = await the_server()
        for option in ("--check", "--analyze", "--optimize", "--repair"):
            command = [self.program, *login(server), option, "CometQL_v1"]
            done = await in_thread(subprocess.run, command, capture_output=True, timeout=30, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            said = f"The storage engine for the table doesn't support {option.strip('-')}"
            self.assertEqual(done.stdout.count(said), len(TABLES), done.stdout)
