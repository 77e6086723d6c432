"""
MariaDB, for comparison: the same INSERT, from the same client, into a table that is kept in memory alone.

The server is private to the benchmark: its data are in a temporary folder, it writes no binary log, and it
listens on a free port of this machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from comet.bench.mysql import query
from rig import mysql
from rig.process import Process

#: How long the server may take to listen, in seconds.
PATIENCE = 30.0
#: Where servers are that are not for everybody's command line.
_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
_PASSWORD = "bench"
#: The longest message; a MEMORY table has rows of 64 KiB at most, and no TEXT.
_LONGEST = 60_000

#: Run before the server listens. Rows are of one length, so that the text is given no more than it needs.
_INIT = """\
CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('{password}');
GRANT ALL ON *.* TO 'root'@'127.0.0.1';
CREATE DATABASE bench;
CREATE TABLE bench.pipes_messages (name VARCHAR(64), event VARCHAR(64), message VARCHAR({size}))
  ENGINE=MEMORY;
"""
#: The table may grow for as long as a run lasts.
_OPTIONS = ("--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin", "--max-heap-table-size=4G")


def _find(*names: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FOLDERS))
    return next(filter(None, (shutil.which(name, path=path) for name in names)), None)


class MariaDB(Process):
    """
    A running server with one empty MEMORY table.

    @ivar name: its program, its version and what it writes to.
    """

    @classmethod
    def start(cls, folder: Path, core: int | None, size: int) -> Self | None:
        """
        @param folder: where it may put a folder of its own.
        @param core: the one to run on, C{None} for any.
        @param size: the longest message.
        @return: the server; C{None} where none is installed, or none that could hold such messages.
        """
        server, install = _find("mariadbd", "mysqld"), _find("mariadb-install-db")
        if server is None or install is None or size > _LONGEST:
            return None
        return cls(server, install, folder / "mariadb", core, size)

    def __init__(self, server: str, install: str, folder: Path, core: int | None, size: int) -> None:
        folder.mkdir()
        data, init, self._log = folder / "data", folder / "init.sql", folder / "server.log"
        init.write_text(_INIT.format(password=_PASSWORD, size=max(size, 255)))
        # It refuses to run as root unless it is told to; who else we are it would not change anyway.
        common = ["--no-defaults", f"--datadir={data}", *(["--user=root"] if os.geteuid() == 0 else [])]
        subprocess.run(
            [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        # The path of a UNIX socket has to be short, and that of a temporary folder may be long.
        paths = [f"--port={self._port}", "--socket=s", f"--pid-file={folder / 'pid'}", f"--init-file={init}"]
        with open(self._log, "wb") as log:
            super().__init__([server, *common, *_OPTIONS, *paths], core, stdout=log, stderr=log)
        try:
            self._await()
            version = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
        except BaseException:
            self.stop()
            raise
        self.name = f"{version.partition('Ver ')[2].split()[0]}, ENGINE=MEMORY"

    def _await(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except ConnectionRefusedError:
                if self.child.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"MariaDB does not listen:\n{self._log.read_text()}")
                time.sleep(0.02)

    def client(self) -> mysql.Client:
        """@return: a connection to the database with the table."""
        client = mysql.Client(self._port, _PASSWORD)
        client.ask(query("USE bench"))
        return client

    def empty(self) -> None:
        """Remove all rows."""
        with self.client() as client:
            client.ask(query("TRUNCATE TABLE pipes_messages"))
