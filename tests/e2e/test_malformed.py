"""Thousands of malformed statements and packets to a real server, and clients that must not notice."""

from __future__ import annotations

import random
import socket
import sys
from pathlib import Path

import pymysql

from tests.e2e.support import ServerCase, in_thread
from tests.protocols.mysql.client import frame, login, native, read_greeting

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fuzz"))

from fuzz_cometql import statement

#: The same nonsense in every run.
SEED = 20
STATEMENT_COUNT, PACKET_COUNT = 8_000, 2_000


def say_nonsense(server):
    """Send malformed statements. @return: how many were refused, and what a last, right one gives."""
    chance, refused = random.Random(SEED), 0
    connection = pymysql.connect(
        host="127.0.0.1",
        port=server.cometql_port,
        user="7",
        password=server.password,
        autocommit=True,
        ssl_disabled=True,
    )
    with connection:
        cursor = connection.cursor()
        for _ in range(STATEMENT_COUNT):
            try:
                cursor.execute(statement(chance).encode("utf-8", "ignore"))
                while cursor.nextset():
                    pass
            except pymysql.err.MySQLError as error:
                # What ends the connection has no number of the server's.
                assert error.args[0] not in (2006, 2013), error
                refused += 1
        cursor.execute("SET autocommit = 1")
        cursor.execute("SELECT 1 + 1")
        return refused, cursor.fetchall()


def send_nonsense(server):
    """Send malformed packets, each on a connection of its own. @return: how many of these were closed."""
    chance, closed = random.Random(SEED), 0
    for number in range(PACKET_COUNT):
        with socket.create_connection(("127.0.0.1", server.cometql_port), timeout=20) as line:
            greeting = read_greeting(line.recv(4096)[4:])
            if number % 2:
                proof = native(server.password.encode(), greeting.salt)
                line.sendall(frame(login(response=proof), 1))
                assert line.recv(4096)[4] == 0
            line.sendall(chance.randbytes(chance.randint(1, 60)))
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
            closed += 1
    return closed


class MalformedTests(ServerCase):
    """Nonsense harms nobody but who says it."""

    async def test_others_never_notice(self):
        """Statements are refused one by one, packets end their own connection; a bystander goes on."""
        server = await self.server()
        browser = await self.browser(server)
        await browser.next()
        await browser.listen("bystander")
        bystander = await in_thread(
            pymysql.connect,
            host="127.0.0.1",
            port=server.cometql_port,
            user="root",
            password=server.password,
            autocommit=True,
        )
        self.addCleanup(bystander.close)

        async def works(text):
            sql = "INSERT INTO pipes_messages (name, message) VALUES ('bystander', %s)"
            await in_thread(bystander.cursor().execute, sql, (text,))
            self.assertEqual((await browser.next())["data"], text)

        await works("before")
        nonsense = in_thread(say_nonsense, server)
        packets = in_thread(send_nonsense, server)
        while not (nonsense.called and packets.called):
            await works("meanwhile")
        refused, last = await nonsense
        self.assertGreater(refused, STATEMENT_COUNT // 4)
        self.assertEqual(last, ((2,),))
        self.assertEqual(await packets, PACKET_COUNT)
        await works("after")
        self.assertNotIn("Traceback", server.log.read_text())
