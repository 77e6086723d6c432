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


PRIVATE = "INSERT INTO users_messages (id, event, message) VALUES (%s, 'n', %s)"
PUBLIC = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, 'n', %s)"


def sql(server, *statements):
    """Run statements, blocking. @return: the first column of the answer to the last one."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return [row[0] for row in cursor.fetchall()]


def lengths(names):
    """@return: statements that let these channels keep all."""
    return [f"INSERT INTO pipes_settings (name, length) VALUES ('{name}', 100000)" for name in names]


class Writer(threading.Thread):
    """Inserts numbered messages until the connection is lost, and remembers what was answered."""

    autocommit = True

    def __init__(self, server, number):
        super().__init__()
        self.number, self.answered = number, []
        self.connection = pymysql.connect(
            host="127.0.0.1",
            port=server.cometql_port,
            user="root",
            password=server.password,
            autocommit=self.autocommit,
        )

    def run(self):
        cursor, turn = self.connection.cursor(), 0
        while True:
            try:
                self.write(cursor, turn)
            except pymysql.err.MySQLError:
                return
            self.answered.append(turn)
            turn += 1

    def write(self, cursor, turn):
        if self.number % 2:
            cursor.execute(PRIVATE, (self.number, str(turn)))
        else:
            cursor.execute(PUBLIC, (f"log{self.number}", str(turn)))


class TransactionWriter(Writer):
    """Commits numbered transactions: two private messages, a key, two to a channel; takes others back."""

    autocommit = False

    def write(self, cursor, turn):
        channel = f"log{self.number}"
        cursor.execute(PUBLIC, (channel, f"never {turn}"))
        cursor.execute("ROLLBACK")
        cursor.execute(PRIVATE, (self.number, str(turn)))
        cursor.execute(PUBLIC, (channel, str(turn)))
        cursor.execute(
            "INSERT INTO users_auth (id, hash) VALUES (%s, %s)",
            (100_000 * self.number + turn + 1, f"k{turn}"),
        )
        cursor.execute(PUBLIC, (channel, str(turn)))
        cursor.execute(PRIVATE, (self.number, str(turn)))
        cursor.execute("COMMIT")


class KillTests(ServerCase):
    """A server that dies in the middle of its work."""

    async def killed(self, kind, numbers):
        """@return: a server that was killed and started again, and the writers that were at work then."""
        limits = {"queue": 100_000, "history": 100_000}
        server = await self.server(limits=limits)
        await in_thread(sql, server, *lengths(f"log{number}" for number in numbers))
        writers = [kind(server, number) for number in numbers]
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
        return again, writers

    async def test_nothing_that_was_answered_is_lost(self):
        """What was answered is in queue or history after the restart, once and in order."""
        again, writers = await self.killed(Writer, range(WRITERS))
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

    async def test_a_transaction_is_there_whole_or_not_at_all(self):
        """Every one that was answered is whole, and at most the one that was not answered is not there."""
        again, writers = await self.killed(TransactionWriter, range(1, 4))
        for writer in writers:
            done = len(writer.answered)
            self.assertGreater(done, 10)
            queue = await in_thread(
                sql, again, f"SELECT message FROM users_messages WHERE id = {writer.number}"
            )
            log = await in_thread(
                sql, again, f"SELECT message FROM pipes_messages WHERE name = 'log{writer.number}'"
            )
            users = [100_000 * writer.number + turn + 1 for turn in range(done + 1)]
            keys = await in_thread(
                sql, again, f"SELECT hash FROM users_auth WHERE id IN ({', '.join(map(str, users))})"
            )
            self.assertIn(len(keys), (done, done + 1))
            twice = [str(turn) for turn in range(len(keys)) for _ in range(2)]
            self.assertEqual((queue, log), (twice, twice))
            self.assertEqual(keys, [f"k{turn}" for turn in range(len(keys))])
