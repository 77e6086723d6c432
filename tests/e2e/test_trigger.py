"""A table of a real MariaDB that publishes by a trigger, through FederatedX."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pymysql
from twisted.trial.unittest import SkipTest

from tests.e2e.support import ServerCase, in_thread

INSTALLED = "usr/lib/mysql/plugin"
#: Where plug-ins of MariaDB may be: where the variable says, or Debian's mariadb-server has them, and where
#: the set-up of the tests has unpacked that.
FOLDERS = (
    Path(os.environ.get("MARIADB_PLUGIN_DIR", f"/{INSTALLED}")),
    Path(sys.prefix) / "mariadb" / INSTALLED,
)
PLUGIN = "ha_federatedx.so"
PLUGINS = next((folder for folder in FOLDERS if (folder / PLUGIN).exists()), None)
PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin"))
RECIPE = Path(__file__).resolve().parents[2] / "docs" / "topics" / "transactions.rst"
PASSWORD = "trigger"
#: How long MariaDB may take to listen, in seconds.
PATIENCE = 30.0


def recipe(port, password):
    """@return: the two statements that the documents give, for a server on that port."""
    text = RECIPE.read_text()
    found = [
        re.search(rf"^ +{start} .*?;$", text, re.M | re.S) for start in ("CREATE TABLE", "CREATE TRIGGER")
    ]
    table, trigger = (match.group() for match in found)
    address = f"root:{password}@127.0.0.1:{port}/"
    assert "root:PASSWORD@127.0.0.1:3307/" in table
    return table.replace("root:PASSWORD@127.0.0.1:3307/", address), trigger


class MariaDB:
    """A MariaDB with FederatedX and a database C{shop}, private to a test."""

    def __init__(self, folder):
        server, install = (shutil.which(name, path=PATH) for name in ("mariadbd", "mariadb-install-db"))
        if server is None or install is None or PLUGINS is None:
            raise SkipTest(f"there is no mariadbd with {PLUGIN}")
        folder.mkdir(parents=True)
        self._log = folder / "log"
        init = folder / "init.sql"
        init.write_text(
            "CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED VIA mysql_native_password"
            f" USING PASSWORD('{PASSWORD}');\n"
            "GRANT ALL ON *.* TO root@'127.0.0.1';\nCREATE DATABASE shop;\n"
        )
        common = ["--no-defaults", f"--datadir={folder / 'data'}"]
        if os.geteuid() == 0:
            common.append("--user=root")
        subprocess.run(
            [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = [
            *(
                "--bind-address=127.0.0.1",
                f"--port={self.port}",
                "--socket=s",
                f"--pid-file={folder / 'pid'}",
            ),
            *("--skip-name-resolve", "--skip-log-bin", f"--init-file={init}"),
            *(f"--plugin-dir={PLUGINS}", f"--plugin-load-add=federated={PLUGIN}"),
        ]
        with open(self._log, "wb") as log:
            self._child = subprocess.Popen([server, *common, *options], stdout=log, stderr=log)

    def connect(self):
        """@return: a connection with autocommit off, when the server listens."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return pymysql.connect(
                    host="127.0.0.1", port=self.port, user="root", password=PASSWORD, database="shop"
                )
            except pymysql.err.OperationalError:
                if self._child.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self._log.read_text()) from None
                time.sleep(0.05)

    def stop(self):
        """End it, whatever it does."""
        self._child.kill()
        self._child.wait()


class TriggerTests(ServerCase):
    """The recipe of the documents, against a real MariaDB."""

    timeout = 90

    async def test_trigger_publishes_at_commit(self):
        """What a trigger sends is heard when the order is committed, and never if it is rolled back."""
        mariadb = await in_thread(MariaDB, Path(self.mktemp()).absolute())
        self.addCleanup(mariadb.stop)
        here = await self.server()
        browser = await self.browser(here)
        await browser.next()
        await browser.listen("orders", "end")
        shop = await in_thread(mariadb.connect)
        self.addCleanup(shop.close)
        cursor = shop.cursor()

        async def run(*statements):
            for statement in statements:
                await in_thread(cursor.execute, statement)

        async def heard():
            """@return: what has come to the browser by now."""
            await in_thread(say_end)
            texts = []
            while (frame := await browser.next()).get("pipe") != "end":
                if frame.get("pipe") == "orders":
                    texts.append(frame["data"])
            return texts

        def say_end():
            with pymysql.connect(
                host="127.0.0.1",
                port=here.cometql_port,
                user="root",
                password=here.password,
                autocommit=True,
            ) as connection:
                connection.cursor().execute(
                    "INSERT INTO pipes_messages (name, event, message) VALUES ('end', '', 'end')"
                )

        await run(
            "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(99)) ENGINE=InnoDB",
            *recipe(here.cometql_port, here.password),
        )
        await run("INSERT INTO orders (title) VALUES ('tea'), ('it''s \\\\ 5 €')")
        self.assertEqual(await heard(), [])
        await in_thread(shop.commit)
        self.assertEqual(await heard(), ["tea", "it's \\ 5 €"])
        await run("INSERT INTO orders (title) VALUES ('never')")
        await in_thread(shop.rollback)
        await run("INSERT INTO orders (title) VALUES ('last')")
        await in_thread(shop.commit)
        self.assertEqual(await heard(), ["last"])
        await run("SELECT title FROM orders ORDER BY id")
        self.assertEqual([title for (title,) in cursor.fetchall()], ["tea", "it's \\ 5 €", "last"])
