"""A real MariaDB, private to the tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pymysql
from twisted.trial.unittest import SkipTest

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
#: Where plug-ins may be: where the variable says, or Debian's mariadb-server has them, and where the set-up
#: of the tests has unpacked that.
PLUGINS = (
    Path(os.environ.get("MARIADB_PLUGIN_DIR", "/usr/lib/mysql/plugin")),
    Path(sys.prefix) / "mariadb" / "usr" / "lib" / "mysql" / "plugin",
)
FEDERATED = "ha_federatedx.so"
PASSWORD = "p@ss:w/rd"
#: How long MariaDB may take to listen, in seconds.
PATIENCE = 30.0


def with_federated():
    """@return: the options by which a server mounts the tables of others; none if it cannot."""
    folder = next((each for each in PLUGINS if (each / FEDERATED).exists()), None)
    return () if folder is None else (f"--plugin-dir={folder}", f"--plugin-load-add=federated={FEDERATED}")


class MariaDB:
    """A MariaDB whose data lie in C{folder}; it can be killed and started again, on the same port."""

    def __init__(self, folder, *options):
        """@param options: more options of the server."""
        self._server, install = (shutil.which(name, path=PATH) for name in ("mariadbd", "mariadb-install-db"))
        if self._server is None or install is None:
            raise SkipTest("there is no mariadbd")
        folder = Path(folder).absolute()
        folder.mkdir(parents=True)
        self._log = folder / "log"
        init = folder / "init.sql"
        init.write_text(
            "CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED VIA mysql_native_password"
            f" USING PASSWORD('{PASSWORD}');\n"
            "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        self._common = ["--no-defaults", f"--datadir={folder / 'data'}"]
        if os.geteuid() == 0:
            self._common.append("--user=root")
        subprocess.run(
            [install, *self._common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._options = [
            *(
                "--bind-address=127.0.0.1",
                f"--port={self.port}",
                "--socket=s",
                f"--pid-file={folder / 'pid'}",
            ),
            *(
                "--skip-name-resolve",
                "--skip-log-bin",
                f"--init-file={init}",
                "--innodb-buffer-pool-size=32M",
            ),
            *options,
        ]
        self.start()

    def start(self):
        """Start it, and wait until it answers."""
        with open(self._log, "ab") as log:
            self._child = subprocess.Popen(
                [self._server, *self._common, *self._options], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.connect().close()
            except pymysql.err.OperationalError:
                if self._child.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self._log.read_text()) from None
                time.sleep(0.05)

    def connect(self, database=None, **more):
        """@return: a connection of root."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            password=PASSWORD,
            database=database,
            autocommit=True,
            charset="utf8mb4",
            **more,
        )

    def run(self, *statements, database=None):
        """@return: the rows of the last of C{statements}."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def freeze(self):
        """Let it stand still, with all its connections."""
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on, if it stands still."""
        self._child.send_signal(signal.SIGCONT)

    def kill(self):
        """End it, whatever it does."""
        self._child.kill()
        self._child.wait()

    def mend(self):
        """Let it run, whatever was done to it."""
        self.thaw()
        if self._child.poll() is not None:
            self.start()

    def renew(self, name):
        """Let there be a database of that name with nothing in it."""
        self.run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")


_shared = []


def shared():
    """@return: the server that tests share, who L{mend} what they do to it; it ends with this process."""
    if not _shared:
        folder = tempfile.mkdtemp(prefix="comet-mariadb-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        # What is committed survives the end of MariaDB. It need not survive that of the machine, so a commit
        # need not wait for the disk.
        options = ("--innodb-flush-log-at-trx-commit=2", *with_federated())
        server = MariaDB(Path(folder) / "files", *options)
        atexit.register(server.kill)
        _shared.append(server)
    return _shared[0]
