"""
Both families of Connector/J: what DBeaver, Metabase and other tools in Java find, and how they edit rows.

MySQL's asks C{information_schema} or C{SHOW}, as its URL says; MariaDB's asks C{information_schema}.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.drivers.matrix import the_server
from tests.e2e.support import ROOT, ServerCase, in_thread
from tests.tools.running import PATIENCE, PROGRAMS

#: The files of the drivers, each in a Java of its own: that of MariaDB would take the URLs of the other.
DRIVERS = {
    "mariadb": "/usr/share/java/mariadb-java-client.jar",
    "mysql": ".venv/java/mysql-connector-j-*.jar",
}
FOUND = {
    "product": "MySQL 8",
    "catalogs": "[[CometQL_v1], [information_schema]]",
    "tables": "[[users_auth, TABLE], [users_data, TABLE], [users_in_pipes, TABLE], [users_messages, TABLE],"
    " [users_time, TABLE]]",
    "columns": "[[id, 4, INT, 10, NO, 1, the user],"
    " [hash, 12, VARCHAR, 32, NO, 2, the key: at most 32 of the characters 0-9A-Za-z=+/_]]",
    "keys": "[[id, PRIMARY]]",
    "imported": "[]",
    "exported": "[]",
    "procedures": "[]",
    "functions": "[]",
    "types": "true",
    "rows known": "[[id]]",
    "words": "true",
    "views": "[[ENGINES]]",
    "inserted": "[[27, it's 27], [28, it's 28], [29, it's 29]]",
    "edited": "[[27, changed 🦦], [29, it's 29]]",
    "page": "[[29]]",
    "committed": "[[27]]",
    "valid": "true",
    "refused": "1142 42000",
}


#: What each driver makes of the same answers, or finds in a way of its own.
OWN = {
    "mariadb": {
        "driver": "MariaDB Connector/J",
        "indexes": "[[PRIMARY, id, 0], [name, name, 1]]",
        "rights": "[]",
        "types of an answer": "[INTEGER Integer, BIGINT Long, DECIMAL BigDecimal, DATETIME Timestamp,"
        " TEXT String]",
    },
    "mysql": {
        "driver": "MySQL Connector/J",
        "indexes": "[[PRIMARY, id, false], [name, name, true]]",
        # It looks for them in the database mysql.
        "rights": "1142",
        "types of an answer": "[INT Integer, BIGINT Long, DECIMAL BigDecimal, DATETIME LocalDateTime,"
        " MEDIUMTEXT String]",
    },
}


class JDBCTests(ServerCase):
    """The program runs once for each driver."""

    async def found(self, name, *options):
        """@return: what the program finds by C{jdbc:name:} with each of C{options} behind the URL."""
        files = sorted(Path("/").glob(str(ROOT / DRIVERS[name])[1:]))
        if not files:
            raise SkipTest(f"there is no {DRIVERS[name]}")
        server = await the_server()
        urls = [f"jdbc:{name}://127.0.0.1:{server.cometql_port}/CometQL_v1{more}" for more in options]
        command = ["java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", files[-1]]
        command += [PROGRAMS / "WithJDBC.java", server.password, *urls]
        try:
            done = await in_thread(subprocess.run, command, capture_output=True, timeout=PATIENCE)
        except FileNotFoundError:
            raise SkipTest("there is no Java") from None
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        sections = done.stdout.decode().split("url: ")[1:]
        return [dict(line.split(": ", 1) for line in section.splitlines()[1:]) for section in sections]

    async def test_mariadb(self):
        """MariaDB Connector/J, which Metabase and DBeaver use."""
        [found] = await self.found("mariadb", "")
        self.assertEqual(found, FOUND | OWN["mariadb"])

    async def test_mysql(self):
        """MySQL Connector/J, by SHOW and by information_schema."""
        for found in await self.found("mysql", "", "?useInformationSchema=true"):
            self.assertEqual(found, FOUND | OWN["mysql"])
