"""
Stock MySQL clients insert, and a WebSocket client hears exactly what they inserted.

Each client is the real one, installed by the set-up of the tests, and is used as its users use it.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
from pathlib import Path

import mysql.connector
import pymysql
from mysql.connector.errorcode import ER_ACCESS_DENIED_ERROR

from tests.e2e.support import ServerCase, in_thread, until

NODE = Path(__file__).resolve().parents[1] / "node"
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"
#: What is easily lost on the way, and must arrive as it was sent.
TEXTS = [
    'it\'s "quoted" `so`',
    "back\\slash \\' \\\" \\n \\",
    "lines\nand\r\nreturns\tand tabs",
    "".join(map(chr, range(1, 32))) + "\x7f",
    "🦦 emoji, кириллица, 漢字, \u2028 \ufeff \u0301",
    '{"json": "it\'s \\"here\\"", "path": "C:\\\\dir"}',
    "percent % %s {} -- /* # ;",
    "",
    "x" * 200_000 + "'ё\\",
]


def c_escape(text):
    """@return: C{text} as mysql_real_escape_string writes it between quotes."""
    table = {"\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", '"': '\\"', "\x1a": "\\Z"}
    return text.translate(str.maketrans(table))


class PyMySQLClient:
    """PyMySQL."""

    @staticmethod
    def login(server, password, **more):
        return pymysql.connect(
            host="127.0.0.1", port=server.cometql_port, user="root", password=password, **more
        )

    @classmethod
    def insert(cls, server, rows):
        with cls.login(server, server.password, database="CometQL_v1") as connection:
            cursor = connection.cursor()
            for row in rows:
                cursor.execute(INSERT, row)
            connection.commit()

    @classmethod
    def refused(cls, server):
        """@return: the number of the error that a wrong password gets."""
        try:
            cls.login(server, "wrong")
        except pymysql.err.OperationalError as error:
            return error.args[0]


class MySQLClientClient:
    """mysqlclient, on libmariadb."""

    @staticmethod
    def login(server, password):
        import MySQLdb

        return MySQLdb.connect(
            host="127.0.0.1", port=server.cometql_port, user="root", password=password, charset="utf8mb4"
        )

    @classmethod
    def insert(cls, server, rows):
        connection = cls.login(server, server.password)
        connection.cursor().executemany(INSERT, rows)
        connection.commit()
        connection.close()

    @classmethod
    def refused(cls, server):
        import MySQLdb

        try:
            cls.login(server, "wrong")
        except MySQLdb.OperationalError as error:
            return error.args[0]


class ConnectorClient:
    """mysql-connector-python, in one of its implementations."""

    pure = True
    plugin = None

    @classmethod
    def login(cls, server, password):
        more = {"auth_plugin": cls.plugin} if cls.plugin else {}
        return mysql.connector.connect(
            host="127.0.0.1",
            port=server.cometql_port,
            user="root",
            password=password,
            database="CometQL_v1",
            use_pure=cls.pure,
            **more,
        )

    @classmethod
    def insert(cls, server, rows):
        connection = cls.login(server, server.password)
        cursor = connection.cursor()
        for row in rows:
            cursor.execute(INSERT, row)
        connection.commit()
        connection.close()

    @classmethod
    def refused(cls, server):
        try:
            cls.login(server, "wrong")
        except mysql.connector.Error as error:
            return error.errno


class ConnectorCClient(ConnectorClient):
    """mysql-connector-python on libmysqlclient."""

    pure = False


class ConnectorSHA2Client(ConnectorClient):
    """mysql-connector-python with the authentication of MySQL 8."""

    plugin = "caching_sha2_password"


class CommandLine:
    """The command line of MariaDB, which takes TLS where it is offered."""

    options = ()

    @classmethod
    def run(cls, server, password, sql):
        program = shutil.which("mariadb") or shutil.which("mysql")
        command = [
            program,
            "--no-defaults",
            "--host=127.0.0.1",
            f"--port={server.cometql_port}",
            "--user=root",
            f"--password={password}",
            "--default-character-set=utf8mb4",
            "--batch",
            *cls.options,
            "CometQL_v1",
        ]
        return subprocess.run(command, input=sql.encode(), capture_output=True, timeout=60, check=False)

    @classmethod
    def insert(cls, server, rows):
        sql = "".join(INSERT % tuple(f"'{c_escape(value)}'" for value in row) + ";\n" for row in rows)
        done = cls.run(server, server.password, sql)
        if done.returncode:
            raise AssertionError(done.stderr.decode())

    @classmethod
    def refused(cls, server):
        error = cls.run(server, "wrong", "SELECT 1").stderr.decode()
        return int(error.split("ERROR ")[1].split()[0])


class PlainCommandLine(CommandLine):
    """The same without TLS."""

    options = ("--skip-ssl",)


class NodeClient:
    """mysql2 of Node.js."""

    @staticmethod
    def run(server, password, rows):
        job = {"port": server.cometql_port, "password": password, "rows": rows}
        done = subprocess.run(
            ["node", "insert.mjs"],
            cwd=NODE,
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return json.loads(done.stdout)

    @classmethod
    def insert(cls, server, rows):
        result = cls.run(server, server.password, rows)
        if result.get("affected") != [1] * len(rows):
            raise AssertionError(result)

    @classmethod
    def refused(cls, server):
        return cls.run(server, "wrong", [])["errno"]


class ClientCase:
    """What every client shows; the subclasses name it."""

    client = None

    async def test_every_text_arrives_as_it_was_inserted(self):
        """Byte for byte, in order, in the browser and in the history."""
        server = await self.server()
        browser = await self.browser(server)
        await browser.next()
        await browser.listen("chat")
        await in_thread(PyMySQLClient.insert, server, [("chat", "first", "listening")])
        self.assertEqual((await browser.next())["data"], "listening")
        await in_thread(self.client.insert, server, [("chat", "say", text) for text in TEXTS])
        for text in TEXTS:
            frame = await browser.next()
            self.assertEqual((frame["data"], frame["event"], frame["pipe"]), (text, "say", "chat"))

    async def test_a_wrong_password_is_access_denied(self):
        """1045, and the server goes on."""
        server = await self.server()
        self.assertEqual(await in_thread(self.client.refused, server), ER_ACCESS_DENIED_ERROR)
        await in_thread(self.client.insert, server, [("chat", "say", "x")])


class PyMySQLTests(ClientCase, ServerCase):
    """PyMySQL."""

    client = PyMySQLClient

    async def test_answers_are_typed_and_truthful(self):
        """Integers come back as integers, rows are counted, and text as it was stored."""
        server = await self.server()

        def work():
            with PyMySQLClient.login(
                server, server.password, database="CometQL_v1", autocommit=True
            ) as connection:
                cursor = connection.cursor()
                steps = [
                    ("INSERT INTO pipes_settings (name, length) VALUES ('log', 10)", ()),
                    ("INSERT INTO users_auth (id, hash) VALUES (%s, %s)", (5, "k5")),
                    *((INSERT, ("log", "say", text)) for text in TEXTS),
                    ("SELECT * FROM pipes_messages WHERE name = 'log'", ()),
                    ("SELECT id, time FROM users_time WHERE id IN (5, 6)", ()),
                    ("DELETE FROM pipes_messages WHERE name = 'log'", ()),
                ]
                return [(cursor.execute(*step), cursor.fetchall()) for step in steps]

        results = await in_thread(work)
        self.assertEqual(
            [count for count, _ in results], [1, 1, *[1] * len(TEXTS), len(TEXTS), 2, len(TEXTS)]
        )
        rows = results[-3][1]
        self.assertEqual([row[5] for row in rows], TEXTS)
        self.assertEqual([row[3] for row in rows], list(range(len(TEXTS))))
        self.assertEqual(results[-2][1], ((5, -1), (6, -1)))

    async def test_errors_leave_the_connection_usable(self):
        """Each with MySQL's number, and the text says what was wrong."""
        server = await self.server(limits={"message": 1000})

        def work():
            found = []
            with PyMySQLClient.login(server, server.password, database="CometQL_v1") as connection:
                for statement, values in (
                    ("SELEC 1", ()),
                    ("SELECT * FROM nowhere WHERE id = 1", ()),
                    ("SELECT nothing FROM users_time WHERE id = 1", ()),
                    ("INSERT INTO users_auth (id, hash) VALUES (1, 'not-a-hash')", ()),
                    (INSERT, ("chat", "say", "x" * 1001)),
                    ("INSERT INTO users_time (id, time) VALUES (1, 1)", ()),
                ):
                    try:
                        connection.cursor().execute(statement, values)
                    except pymysql.err.MySQLError as error:
                        found.append((error.args[0], error.args[1]))
                cursor = connection.cursor()
                cursor.execute("SELECT id, time FROM users_time WHERE id = 1")
                return found, cursor.fetchall()

        found, rows = await in_thread(work)
        self.assertEqual([number for number, _ in found], [1064, 1146, 1054, 1366, 1406, 1142])
        for (_, text), part in zip(
            found, ("SELEC", "nowhere", "nothing", "hash", "message", "users_time"), strict=True
        ):
            self.assertIn(part, text)
        self.assertIn("1000", found[4][1])
        self.assertEqual(rows, ((1, -1),))

    async def test_an_oversized_statement_is_refused_and_the_connection_goes_on(self):
        """1153, without the server having kept it; a statement of more than 16 MiB is joined."""
        server = await self.server(cometql={"max_allowed_packet": "32M"}, limits={"message": "20M"})
        browser = await self.browser(server)
        await browser.next()
        await browser.listen("chat")

        def work():
            with PyMySQLClient.login(
                server, server.password, max_allowed_packet=1 << 30, autocommit=True
            ) as connection:
                cursor = connection.cursor()
                try:
                    cursor.execute(INSERT, ("chat", "say", "x" * (33 << 20)))
                except pymysql.err.MySQLError as error:
                    number = error.args[0]
                cursor.execute(INSERT, ("chat", "say", "y" * (18 << 20)))
                return number

        self.assertEqual(await in_thread(work), 1153)
        frame = await browser.next()
        self.assertEqual(len(frame["data"]), 18 << 20)


class MySQLClientTests(ClientCase, ServerCase):
    """mysqlclient."""

    client = MySQLClientClient
    skip = None if importlib.util.find_spec("MySQLdb") else "mysqlclient is not installed"


class ConnectorTests(ClientCase, ServerCase):
    """mysql-connector-python, pure."""

    client = ConnectorClient


class ConnectorCTests(ClientCase, ServerCase):
    """mysql-connector-python, with its C extension."""

    client = ConnectorCClient
    skip = None if mysql.connector.HAVE_CEXT else "the C extension of mysql-connector-python is not here"


class ConnectorSHA2Tests(ClientCase, ServerCase):
    """mysql-connector-python, with caching_sha2_password."""

    client = ConnectorSHA2Client


class CommandLineTests(ClientCase, ServerCase):
    """The mariadb command line, over TLS."""

    client = CommandLine
    skip = None if shutil.which("mariadb") or shutil.which("mysql") else "there is no mariadb command line"

    async def test_the_connection_is_encrypted(self):
        """The client takes the TLS that is offered, with the certificate made at first start."""
        server = await self.server()
        done = await in_thread(CommandLine.run, server, server.password, "\\s\nSHOW TABLES;")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), r"SSL:\s+Cipher in use is TLS")
        self.assertIn("pipes_messages", done.stdout.decode())
        self.assertTrue((server.data / "certificate.pem").exists())


class PlainCommandLineTests(ClientCase, ServerCase):
    """The mariadb command line, without TLS."""

    client = PlainCommandLine
    skip = CommandLineTests.skip


class NodeTests(ClientCase, ServerCase):
    """mysql2 of Node.js."""

    client = NodeClient
    skip = (
        None
        if shutil.which("node") and (NODE / "node_modules" / "mysql2").exists()
        else "there is no Node.js with mysql2"
    )


class ManyConnectionsTests(ServerCase):
    """Several clients at once."""

    async def test_one_broken_client_harms_nobody(self):
        """Nonsense on a connection of its own ends that connection, and is logged once."""
        server = await self.server()

        def nonsense():
            with socket.create_connection(("127.0.0.1", server.cometql_port)) as connection:
                connection.recv(200)
                connection.sendall(b"\x05\x00\x00\x01\xff\xff\xff\xff\xff" * 100)
                while connection.recv(4096):
                    pass

        await in_thread(nonsense)
        await in_thread(PyMySQLClient.insert, server, [("chat", "say", "x")])
        log = await until(server.log.read_text, "the log")
        lines = [line for line in log.splitlines() if "warn" in line or "127.0.0.1:" in line]
        self.assertEqual(len([line for line in lines if "protocol" in line.lower()]), 1, log)
