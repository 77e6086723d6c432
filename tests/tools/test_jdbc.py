"""
Both families of Connector/J: what DBeaver, Metabase and other tools in Java find, and how they edit rows.

MySQL's asks C{information_schema} or C{SHOW}, as its URL says; MariaDB's asks C{information_schema}.
"""

from __future__ import annotations

import subprocess

from twisted.trial.unittest import SkipTest

from tests.drivers.matrix import the_server
from tests.e2e.support import ROOT, ServerCase, in_thread
from tests.tools.running import PATIENCE, PROGRAMS

MARIADB = "/usr/share/java/mariadb-java-client.jar"
#: The URLs, and the file that the driver of each is in.
URLS = {
    "jdbc:mariadb://{}/CometQL_v1": MARIADB,
    "jdbc:mysql://{}/CometQL_v1": ".venv/java/mysql-connector-j-*.jar",
    "jdbc:mysql://{}/CometQL_v1?useInformationSchema=true": ".venv/java/mysql-connector-j-*.jar",
}
FOUND = {
    "product": "MySQL 8",
    "catalogs": "[[CometQL_v1], [information_schema]]",
    "tables": "[[users_auth, TABLE], [users_data, TABLE], [users_in_pipes, TABLE], [users_messages, TABLE],"
    " [users_time, TABLE]]",
    "columns": "[[id, 4, INT, 10, NO, 1, the user],"
    " [hash, 12, VARCHAR, 32, NO, 2, the key: at most 32 of the characters 0-9A-Za-z=+/_]]",
    "keys": "[[id, PRIMARY]]",
    "indexes": "[[PRIMARY, id, 0], [name, name, 1]]",
    "imported": "[]",
    "exported": "[]",
    "procedures": "[]",
    "functions": "[]",
    "types": "true",
    "rights": "[]",
    "rows known": "[[id]]",
    "words": "true",
    "views": "[[ENGINES]]",
    "inserted": "[[27, it's 27], [28, it's 28], [29, it's 29]]",
    "edited": "[[27, changed 🦦], [29, it's 29]]",
    "page": "[[29]]",
    "types of an answer": "[INTEGER Integer, BIGINT Long, DECIMAL BigDecimal, DATETIME Timestamp,"
    " TEXT String]",
    "committed": "[[27]]",
    "valid": "true",
    "refused": "1142 42000",
}


def driver(pattern):
    """@return: the file of a driver, C{None} if it is not there."""
    found = sorted(ROOT.glob(pattern)) if not pattern.startswith("/") else [ROOT / pattern]
    return next((path for path in found if path.exists()), None)


class JDBCTests(ServerCase):
    """The program runs once, for all drivers that are there."""

    _told = None

    async def told(self, url):
        """@return: what the program has found by C{url}; the test is skipped if there is no such driver."""
        if driver(URLS[url]) is None:
            raise SkipTest(f"there is no {URLS[url]}")
        if JDBCTests._told is None:
            JDBCTests._told = await self._run_program()
        return JDBCTests._told[url]

    async def _run_program(self):
        server = await the_server()
        drivers = {url: driver(pattern) for url, pattern in URLS.items()}
        urls = {url.format(f"127.0.0.1:{server.cometql_port}"): url for url in URLS if drivers[url]}
        path = ":".join({str(found) for found in drivers.values() if found})
        command = ["java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", path]
        command += [PROGRAMS / "WithJDBC.java", server.password, *urls]
        try:
            done = await in_thread(subprocess.run, command, capture_output=True, timeout=PATIENCE)
        except FileNotFoundError:
            raise SkipTest("there is no Java") from None
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        told, section = {}, {}
        for line in done.stdout.decode().splitlines():
            what, _, found = line.partition(": ")
            if what == "url":
                section = told[urls[found]] = {}
            else:
                section[what] = found
        return told

    async def test_mariadb(self):
        """MariaDB Connector/J, which Metabase and DBeaver use."""
        self.assertEqual(await self.told("jdbc:mariadb://{}/CometQL_v1"), FOUND)

    async def test_mysql(self):
        """MySQL Connector/J, by SHOW."""
        self.assertEqual(await self.told("jdbc:mysql://{}/CometQL_v1"), FOUND)

    async def test_mysql_by_the_dictionary(self):
        """MySQL Connector/J, by information_schema."""
        self.assertEqual(await self.told("jdbc:mysql://{}/CometQL_v1?useInformationSchema=true"), FOUND)
