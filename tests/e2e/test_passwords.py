"""Stock MySQL clients log in to a port that wants the password itself, with TLS and without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import mysql.connector
import pymysql
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from comet.cometql.results import Done, Rows
from comet.limits import Limits
from comet.protocols.mysql.auth import CACHING_SHA2, NATIVE
from comet.protocols.mysql.server import MySQLFactory
from tests.e2e.support import in_thread
from tests.protocols.mysql.stub import NUMBER, StubServer, StubSession
from tests.protocols.mysql.test_tls import make_options

PASSWORD = "secret, and longer than the salt"
QUERY = "select 5"
ACCESS_DENIED = 1045
#: The library's own error.
NOT_SECURE = 2061
#: Says the number of the error, or the number in the first row.
SCRIPT = """
import sys, mysql.connector
port, password, tls = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
try:
    connection = mysql.connector.connect(
        host="127.0.0.1", port=port, user="root", password=password, use_pure=False, ssl_disabled=not tls
    )
except mysql.connector.Error as error:
    print(error.errno)
else:
    cursor = connection.cursor()
    cursor.execute("select 5")
    print(cursor.fetchall()[0][0])
"""


class ObligingServer(StubServer):
    """Answers whatever drivers want to set or to know before they come to the point."""

    def open(self, login):
        return ObligingSession(login)


class ObligingSession(StubSession):
    def begin(self, text):
        return Rows([NUMBER], [[5]]) if text.lower().startswith("select") else Done()


def with_pymysql(port, password, tls):
    """@return: what PyMySQL reads, or the number of its error."""
    more = {"ssl": {"check_hostname": False}} if tls else {"ssl_disabled": True}
    try:
        with pymysql.connect(
            host="127.0.0.1", port=port, user="root", password=password, **more
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(QUERY)
            return cursor.fetchall()[0][0]
    except pymysql.err.OperationalError as error:
        return error.args[0]


def with_connector(port, password, tls):
    """@return: what mysql-connector-python reads, or the number of its error."""
    try:
        with mysql.connector.connect(
            host="127.0.0.1",
            port=port,
            user="root",
            password=password,
            auth_plugin=CACHING_SHA2.name,
            use_pure=True,
            ssl_disabled=not tls,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(QUERY)
            return cursor.fetchall()[0][0]
    except mysql.connector.Error as error:
        return error.errno


def with_libmysqlclient(port, password, tls):
    """@return: what MySQL's own library reads, or the number of its error."""
    libraries = {"LD_LIBRARY_PATH": str(Path(find_spec("mysql").origin).with_name("vendor"))}
    command = [sys.executable, "-c", SCRIPT, str(port), password, str(tls)]
    done = subprocess.run(
        command, env={**os.environ, **libraries}, capture_output=True, check=True, timeout=60
    )
    return int(done.stdout)


def with_command_line(port, password, tls):
    """@return: what the command line of MariaDB reads, or the number of its error."""
    options = ["--ssl", "--skip-ssl-verify-server-cert"] if tls else ["--skip-ssl"]
    command = [shutil.which("mariadb"), "--no-defaults", "-h127.0.0.1", f"-P{port}", "-uroot", "-BN"]
    command += [f"--password={password}", "-e", QUERY, *options]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return int(done.stderr.split()[1]) if done.returncode else int(done.stdout)


class FullAuthenticationTests(TestCase):
    """The full exchange of caching_sha2_password, by real clients."""

    timeout = 60

    def listen(self, plugin):
        """@return: the port of a server that asks for the password itself."""
        factory = MySQLFactory(
            ObligingServer(PASSWORD),
            Limits(),
            reactor,
            tls=make_options(),
            plugin=plugin,
            full_authentication=True,
        )
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(factory.close_all)
        self.addCleanup(port.stopListening)
        return port.getHost().port

    async def check(self, client, tls):
        """The right password opens, a wrong one is refused, greeted with either plugin."""
        for plugin in (CACHING_SHA2, NATIVE):
            port = self.listen(plugin)
            self.assertEqual(await in_thread(client, port, PASSWORD, tls), 5)
            self.assertEqual(await in_thread(client, port, "wrong", tls), ACCESS_DENIED)

    async def test_pymysql(self):
        """PyMySQL, without TLS."""
        await self.check(with_pymysql, False)

    async def test_pymysql_within_tls(self):
        """PyMySQL, with TLS."""
        await self.check(with_pymysql, True)

    async def test_connector_within_tls(self):
        """mysql-connector-python in Python, with TLS."""
        await self.check(with_connector, True)

    async def test_connector(self):
        """mysql-connector-python has no RSA: its password in the clear, without TLS, is refused."""
        port = self.listen(CACHING_SHA2)
        self.assertEqual(await in_thread(with_connector, port, PASSWORD, False), ACCESS_DENIED)

    async def test_libmysqlclient(self):
        """MySQL's own library gives up without TLS, as Python cannot tell it to ask for the key."""
        port = self.listen(CACHING_SHA2)
        self.assertEqual(await in_thread(with_libmysqlclient, port, PASSWORD, False), NOT_SECURE)

    async def test_libmysqlclient_within_tls(self):
        """MySQL's own library, with TLS."""
        await self.check(with_libmysqlclient, True)

    async def test_command_line(self):
        """MariaDB's own library, without TLS."""
        await self.check(with_command_line, False)

    async def test_command_line_within_tls(self):
        """MariaDB's own library, with TLS."""
        await self.check(with_command_line, True)

    missing = None if find_spec("_mysql_connector") else "mysql-connector-python has no C extension here"
    test_libmysqlclient.skip = test_libmysqlclient_within_tls.skip = missing
    missing = None if shutil.which("mariadb") else "there is no mariadb command line"
    test_command_line.skip = test_command_line_within_tls.skip = missing
