"""Long statements, long answers, and a client that does not read its own."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from pathlib import Path

import mysql.connector
import pymysql

from tests.e2e.support import PATIENCE, ServerCase, in_thread
from tests.protocols.mysql import client

#: Five of these are more than a frame of 16 MiB.
SIZE = 5_000_000
TEXT = ("ё'\\\n" * SIZE)[:SIZE]
LIMITS = {"limits": {"message": 2 * SIZE + 100}, "cometql": {"max_allowed_packet": 64 << 20}}
KEPT = "INSERT INTO pipes_settings (name, length) VALUES ('big', 10)"
READ = "SELECT message FROM pipes_messages WHERE name = 'big'"
#: How often the client that does not read asks for an answer.
ASKED = 30
#: What the server may grow by on its account, in bytes: far less than all the answers.
ROOM = 60_000_000


def with_pymysql(server):
    """@return: a connection by PyMySQL."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    return pymysql.connect(**login, autocommit=True, max_allowed_packet=64 << 20)


def with_connector(server):
    """@return: a connection by mysql-connector-python."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    return mysql.connector.connect(**login, autocommit=True, use_pure=True)


def insert_in_text(server, texts):
    """Send all in one statement of text."""
    with with_pymysql(server) as connection:
        cursor = connection.cursor()
        cursor.execute(KEPT)
        rows = ", ".join(["('big', 'e', %s)"] * len(texts))
        cursor.execute(f"INSERT INTO pipes_messages (name, event, message) VALUES {rows}", texts)
        return cursor.rowcount


def insert_prepared(server, texts):
    """Send all in one execution of a prepared statement."""
    with with_connector(server) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute(KEPT)
        rows = ", ".join(["('big', 'e', %s)"] * len(texts))
        cursor.execute(f"INSERT INTO pipes_messages (name, event, message) VALUES {rows}", tuple(texts))
        return cursor.rowcount


def read_in_text(server):
    """@return: what the channel keeps, by the text protocol."""
    with with_pymysql(server) as connection:
        cursor = connection.cursor()
        cursor.execute(READ)
        return sorted(row[0] for row in cursor.fetchall())


def read_prepared(server):
    """@return: what the channel keeps, by the binary protocol."""
    with with_connector(server) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute(READ)
        return sorted(row[0] for row in cursor.fetchall())


def resident(server):
    """@return: the memory of the server, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


class Reader:
    """A client that reads when it wants to, with a prepared statement."""

    def __init__(self, connection, password):
        self.stream = connection.makefile("rb")
        self._connection = connection
        greeting = client.read_greeting(self.take())
        self.send(client.login(b"root", client.native(password.encode(), greeting.salt)), 1)
        assert self.take()[0] == 0
        self.send(b"\x16" + READ.encode())
        prepared = self.take()
        self.number = prepared[1:5]
        # The one column, and the end of them.
        self.take(), self.take()

    def send(self, payload, sequence=0):
        self._connection.sendall(client.frame(payload, sequence))

    def take(self):
        """@return: the next payload."""
        head = self.stream.read(4)
        return self.stream.read(int.from_bytes(head[:3], "little"))

    def ask(self):
        """Ask for an answer."""
        self.send(b"\x17" + self.number + b"\0\x01\0\0\0")

    def read(self):
        """@return: the sizes of the rows of the next answer."""
        assert self.take() == b"\x01"
        self.take(), self.take()
        sizes = []
        while (row := self.take())[0] != 0xFE:
            sizes.append(len(row))
        return sizes


@contextmanager
def reader(server):
    """@return: a L{Reader}, for a while."""
    with socket.create_connection(("127.0.0.1", server.cometql_port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        yield Reader(connection, server.password)


class BigTests(ServerCase):
    """Nothing is cut, lost or mixed up for being long."""

    async def check(self, insert):
        """Five messages that make a statement of over 20 MB come back as they were, in both protocols."""
        server = await self.server(**LIMITS)
        texts = [f"{number}{TEXT}" for number in range(5)]
        self.assertGreater(sum(len(text.encode()) for text in texts), 20_000_000)
        self.assertEqual(await in_thread(insert, server, texts), 5)
        # A comparison that failed would print them all.
        self.assertTrue(await in_thread(read_in_text, server) == texts)
        self.assertTrue(await in_thread(read_prepared, server) == texts)

    async def test_in_text(self):
        """A statement of more than 20 MB is run, and so is an answer of that size read."""
        await self.check(insert_in_text)

    async def test_prepared(self):
        """A prepared statement takes values of more than 20 MB in all."""
        await self.check(insert_prepared)

    async def test_too_long(self):
        """A statement over the limit is refused; what is just below it is run on the same connection."""
        server = await self.server(cometql={"max_allowed_packet": 1 << 20})

        def errors():
            with with_pymysql(server) as connection:
                cursor = connection.cursor()
                with self.assertRaises(pymysql.err.MySQLError) as refused:
                    cursor.execute("SELECT '" + "x" * 20_000_000 + "'")
                cursor.execute("SELECT '" + "x" * 1_000_000 + "'")
                return refused.exception.args[0], len(cursor.fetchone()[0])

        self.assertEqual(await in_thread(errors), (1153, 1_000_000))


class SlowReaderTests(ServerCase):
    """A client that asks and does not read."""

    async def test_paused(self):
        """Its answers are made as it takes them; the server does not hold them, and answers others."""
        server = await self.server(**LIMITS)
        await in_thread(insert_in_text, server, ["x" * SIZE])

        def slow():
            with reader(server) as slow:
                slow.ask()
                self.assertEqual([size // SIZE for size in slow.read()], [1])
                before, most = resident(server), 0
                for _ in range(ASKED):
                    slow.ask()
                with with_pymysql(server) as other:
                    for _ in range(20):
                        cursor = other.cursor()
                        cursor.execute("SELECT 1")
                        self.assertEqual(cursor.fetchall(), ((1,),))
                        most = max(most, resident(server))
                        time.sleep(0.05)
                answers = [[size // SIZE for size in slow.read()] for _ in range(ASKED)]
                return most - before, answers

        grown, answers = await in_thread(slow)
        self.assertLess(grown, ROOM)
        self.assertEqual(answers, [[1]] * ASKED)
