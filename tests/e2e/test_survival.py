"""What was answered survives C{kill -9}."""

from __future__ import annotations

import signal
import threading

import pymysql
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.support import Server, ServerCase, in_thread

#: Connections that insert at the same time, so that groups of writes are in the middle of a commit.
WRITERS = 6


class Writer(threading.Thread):
    """Inserts numbered messages until the connection is lost, and remembers what was answered."""

    def __init__(self, server, number):
        super().__init__()
        self.number, self.answered = number, []
        self.connection = pymysql.connect(
            host="127.0.0.1", port=server.cometql_port, user="root", password=server.password
        )

    def run(self):
        cursor, turn = self.connection.cursor(), 0
        while True:
            try:
                if self.number % 2:
                    sql = "INSERT INTO users_messages (id, event, message) VALUES (%s, 'n', %s)"
                    cursor.execute(sql, (self.number, str(turn)))
                else:
                    sql = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, 'n', %s)"
                    cursor.execute(sql, (f"log{self.number}", str(turn)))
            except pymysql.err.MySQLError:
                return
            self.answered.append(turn)
            turn += 1


class KillTests(ServerCase):
    """A server that dies in the middle of its work."""

    async def test_nothing_that_was_answered_is_lost(self):
        """What was answered is in queue or history after the restart, once and in order."""
        limits = {"queue": 100_000, "history": 100_000}
        server = await self.server(limits=limits)

        def sql(server, *statements):
            login = {
                "host": "127.0.0.1",
                "port": server.cometql_port,
                "user": "root",
                "password": server.password,
            }
            with pymysql.connect(**login) as connection:
                cursor = connection.cursor()
                for statement in statements:
                    cursor.execute(statement)
                return [row[0] for row in cursor.fetchall()]

        names = [f"log{number}" for number in range(0, WRITERS, 2)]
        await in_thread(
            sql,
            server,
            *(f"INSERT INTO pipes_settings (name, length) VALUES ('{name}', 100000)" for name in names),
        )
        writers = [Writer(server, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        await deferLater(reactor, 2)
        await server.stop(signal.SIGKILL)
        for writer in writers:
            await in_thread(writer.join, 10)
        again = Server(server.folder, {"limits": limits})
        (server.data / "ports.json").unlink()
        self.addCleanup(lambda: again.process.kill())
        await again.start()
        for writer in writers:
            self.assertGreater(len(writer.answered), 10)
            table = (
                f"users_messages WHERE id = {writer.number}"
                if writer.number % 2
                else f"pipes_messages WHERE name = 'log{writer.number}'"
            )
            found = [int(text) for text in await in_thread(sql, again, f"SELECT message FROM {table}")]
            # One more may have been committed whose answer was lost with the connection.
            self.assertIn(found, (writer.answered, [*writer.answered, len(writer.answered)]))
