"""Transactions of stock clients: what they send leaves at COMMIT, or never."""

from __future__ import annotations

import contextlib

import mysql.connector
import pymysql
from pymysql.constants import SERVER_STATUS
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.support import ServerCase, in_thread

INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES ('orders', 'new', %s)"
#: What an AFTER INSERT trigger of MariaDB sends through a table of FederatedX, once for each row.
FEDERATED = (
    "INSERT INTO `pipes_messages` (`id`, `time`, `name`, `index`, `event`, `message`, `user_id`)"
    "  VALUES  (0, 0, 'orders', 0, 'new', '{}', 0)"
)


class TransactionTests(ServerCase):
    """A server, and a browser that listens to C{orders}."""

    async def begin(self):
        self.here = await self.server()
        self.browser_ = await self.browser(self.here)
        await self.browser_.next()
        await self.browser_.listen("orders", "end")

    def login(self, module=pymysql, **more):
        """@return: a connection as that driver makes it by itself, with autocommit off."""
        return module.connect(
            host="127.0.0.1",
            port=self.here.cometql_port,
            user="root",
            password=self.here.password,
            database="CometQL_v1",
            **more,
        )

    async def heard(self, *texts):
        """Assert that the browser has heard these messages, and no other."""

        def say_end():
            with self.login(autocommit=True) as connection:
                connection.cursor().execute(
                    "INSERT INTO pipes_messages (name, event, message) VALUES ('end', '', 'end')"
                )

        await in_thread(say_end)
        found = []
        while (frame := await self.browser_.next()).get("pipe") != "end":
            if frame.get("pipe") == "orders":
                found.append(frame["data"])
        self.assertEqual(found, list(texts))

    async def test_release(self):
        """COMMIT RELEASE is answered, and then the connection is closed; so is ROLLBACK RELEASE."""
        await self.begin()

        def work(ending):
            connection = self.login()
            cursor = connection.cursor()
            cursor.execute(INSERT, [ending])
            cursor.execute(f"{ending} RELEASE")
            with self.assertRaises(pymysql.err.OperationalError) as caught:
                cursor.execute("SELECT 1")
            return caught.exception.args[0]

        for ending in ("COMMIT", "ROLLBACK"):
            # The driver's own numbers for a connection that the server has closed.
            self.assertIn(await in_thread(work, ending), (2006, 2013))
        await self.heard("COMMIT")

    async def test_drivers_hold_until_commit(self):
        """Each driver as it comes: nothing before commit(), all of it after, nothing after rollback()."""
        await self.begin()
        makers = {
            "PyMySQL": lambda: self.login(),
            "mysql.connector": lambda: self.login(mysql.connector, use_pure=True),
        }
        if mysql.connector.HAVE_CEXT:
            makers["mysql.connector on C"] = lambda: self.login(mysql.connector, use_pure=False)
        with contextlib.suppress(ImportError):
            import MySQLdb

            makers["mysqlclient"] = lambda: self.login(MySQLdb, charset="utf8mb4")
        for name, make in makers.items():
            connection = await in_thread(make)
            cursor = connection.cursor()
            for text in ("a", "b"):
                await in_thread(cursor.execute, INSERT, (f"{name} {text}",))
                self.assertEqual(cursor.rowcount, 1)
            await self.heard()
            await in_thread(connection.commit)
            await self.heard(f"{name} a", f"{name} b")
            await in_thread(cursor.execute, INSERT, ("never",))
            await in_thread(connection.rollback)
            await in_thread(connection.commit)
            await in_thread(cursor.execute, INSERT, ("never",))
            await in_thread(connection.close)
            await self.heard()

    async def test_a_lost_connection_publishes_nothing(self):
        """Whether it says good-bye or is cut."""
        await self.begin()
        for end in ("close", "_force_close"):
            connection = await in_thread(self.login)
            await in_thread(connection.cursor().execute, INSERT, ("never",))
            await in_thread(getattr(connection, end))
        await deferLater(reactor, 0.1)
        await self.heard()

    async def test_a_prepared_statement_takes_part(self):
        """It is held like a text."""
        await self.begin()

        def run():
            connection = self.login(mysql.connector, use_pure=True)
            cursor = connection.cursor(prepared=True)
            for text in ("a", "b"):
                cursor.execute(INSERT, (text,))
            connection.rollback()
            cursor.execute(INSERT, ("c",))
            connection.commit()
            connection.close()

        await in_thread(run)
        await self.heard("c")

    async def test_a_reset_connection_forgets(self):
        """COM_RESET_CONNECTION and COM_CHANGE_USER end the transaction without a trace."""
        await self.begin()

        def run():
            connection = self.login(mysql.connector, use_pure=True, autocommit=True)
            for reset in (connection.cmd_reset_connection, self.change_user(connection)):
                connection.start_transaction()
                cursor = connection.cursor()
                cursor.execute(INSERT, ("never",))
                assert connection.in_transaction
                reset()
                connection.cursor().execute("COMMIT")
                assert not connection.in_transaction
            connection.close()

        await in_thread(run)
        await self.heard()

    def change_user(self, connection):
        return lambda: connection.cmd_change_user("root", self.here.password, "CometQL_v1")

    async def test_the_status_flags_tell(self):
        """In the answer to every statement."""
        await self.begin()

        def run():
            found = []
            with self.login(autocommit=True) as connection:
                cursor = connection.cursor()
                for text in ("SELECT 1", "BEGIN", "SELECT 1", "COMMIT", "SET autocommit = 0", "SELECT 1"):
                    cursor.execute(text)
                    found.append(connection.server_status & ~0xFFFC)
                cursor.execute(INSERT, ("x",))
                found.append(connection.server_status & ~0xFFFC)
                connection.rollback()
                found.append(connection.server_status & ~0xFFFC)
            return found

        off, on, both = 0, SERVER_STATUS.SERVER_STATUS_AUTOCOMMIT, 3
        open_ = SERVER_STATUS.SERVER_STATUS_IN_TRANS
        found = await in_thread(run)
        self.assertEqual(found, [on, both, both, on, off, off, open_, off])

    async def test_a_trigger_of_another_database_publishes(self):
        """The statements of FederatedX, as they were recorded: two orders, COMMIT or ROLLBACK."""
        await self.begin()

        def run(end):
            with self.login(autocommit=None, charset="utf8mb4") as connection:
                cursor = connection.cursor()
                cursor.execute("set time_zone='+00:00'")
                cursor.execute("SET AUTOCOMMIT=0")
                cursor.execute("SAVEPOINT save1")
                for number in (1, 2):
                    self.assertEqual(cursor.execute(FEDERATED.format(f"{end} {number}")), 1)
                cursor.execute(end)
                cursor.execute("SET AUTOCOMMIT=1")

        await in_thread(run, "ROLLBACK")
        await self.heard()
        await in_thread(run, "COMMIT")
        await self.heard("COMMIT 1", "COMMIT 2")

    async def test_sqlalchemy(self):
        """A block of begin() publishes at its end; an exception in it, or a nested one, takes back."""
        import sqlalchemy

        await self.begin()
        url = f"mysql+pymysql://root:{self.here.password}@127.0.0.1:{self.here.cometql_port}/CometQL_v1"
        insert = sqlalchemy.text(
            "INSERT INTO pipes_messages (name, event, message) VALUES ('orders', 'new', :text)"
        )

        def run():
            engine = sqlalchemy.create_engine(url)
            with engine.begin() as connection:
                connection.execute(insert, [{"text": "a"}, {"text": "b"}])
                with contextlib.suppress(ZeroDivisionError), connection.begin_nested():
                    connection.execute(insert, {"text": "never"})
                    raise ZeroDivisionError
                with connection.begin_nested():
                    connection.execute(insert, {"text": "c"})
            with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
                connection.execute(insert, {"text": "never"})
                raise ZeroDivisionError
            with engine.connect() as connection:
                connection.execute(insert, {"text": "never"})
            engine.dispose()

        await in_thread(run)
        await self.heard("a", "b", "c")

    async def test_a_batch_is_not_mixed_with_others(self):
        """Transactions of several connections to one channel each arrive in one piece."""
        await self.begin()

        def run(number):
            with self.login() as connection:
                cursor = connection.cursor()
                for turn in range(10):
                    for step in range(3):
                        cursor.execute(INSERT, (f"{number} {turn} {step}",))
                    connection.commit()

        with self.login(autocommit=True) as connection:
            connection.cursor().execute("INSERT INTO pipes_settings (name, length) VALUES ('orders', 50)")
        for work in [in_thread(run, number) for number in range(4)]:
            await work
        found = []
        while len(found) < 120:
            frame = await self.browser_.next()
            if frame.get("pipe") == "orders":
                found.append(frame["data"])
        pieces = [found[start : start + 3] for start in range(0, len(found), 3)]
        for piece in pieces:
            transaction = piece[0].rpartition(" ")[0]
            self.assertEqual(piece, [f"{transaction} {step}" for step in range(3)])
