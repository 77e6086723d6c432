"""What administrators find out of a running server: its dictionary, its limits, and what it does not know."""

from __future__ import annotations

import time

import pymysql

from tests.e2e.support import ServerCase, in_thread

#: Some hundred thousand million rows, for want of a condition.
HEAVY = "SELECT COUNT(*) FROM {0} a, {0} b, {0} c, {0} d WHERE a.column_name < b.column_name".format(
    "information_schema.COLUMNS"
)


class DictionaryTests(ServerCase):
    """Over the wire, by PyMySQL."""

    async def connected(self):
        """@return: a server, and two connections of root."""
        server = await self.server()

        def connect():
            found = pymysql.connect(
                host="127.0.0.1", port=server.cometql_port, user="root", password=server.password
            )
            self.addCleanup(found.close)
            return found

        return server, await in_thread(connect), await in_thread(connect)

    async def test_facts(self):
        """The server tells its name and the port that it is reached by."""
        server, connection, _ = await self.connected()

        def work():
            cursor = connection.cursor()
            cursor.execute("SELECT @@port, @@hostname")
            return cursor.fetchone()

        port, name = await in_thread(work)
        self.assertEqual(port, server.cometql_port)
        self.assertTrue(name)

    async def test_too_heavy(self):
        """A query of the dictionary that takes too long is cut off, and holds nobody up meanwhile."""
        _, connection, other = await self.connected()

        def ask():
            start = time.monotonic()
            with self.assertRaises(pymysql.MySQLError) as caught:
                connection.cursor().execute(HEAVY)
            return caught.exception.args[0], time.monotonic() - start

        def count():
            cursor, end, answered = other.cursor(), time.monotonic() + 1.5, 0
            while time.monotonic() < end:
                cursor.execute("SELECT id FROM users_auth WHERE id = 1")
                answered += 1
            return answered

        heavy = in_thread(ask)
        answered = await in_thread(count)
        number, seconds = await heavy
        self.assertEqual(number, 3024)
        self.assertGreater(seconds, 1.5)
        self.assertLess(seconds, 15)
        self.assertGreater(answered, 20)

    async def test_what_is_not_known(self):
        """It is listed without its values, and told in the log once."""
        server, connection, _ = await self.connected()

        def work():
            cursor = connection.cursor()
            for name in ("one", "two"):
                with self.assertRaises(pymysql.MySQLError) as caught:
                    cursor.execute(f"CALL something('{name}')")
                self.assertEqual(caught.exception.args[0], 1235)
            cursor.execute("SHOW STATUS LIKE 'comet_unknown%'")
            return cursor.fetchall()

        rows = await in_thread(work)
        self.assertEqual(
            rows,
            (
                ("comet_unknown_statements", "2"),
                ("comet_unknown_01", "tenant 0, error 1235, 2 times: CALL something(?)"),
            ),
        )
        await server.stop()
        told = [line for line in server.log.read_text().splitlines() if "what is not known" in line]
        self.assertEqual(len(told), 1)
        self.assertIn("tenant 0 sent what is not known, error 1235: CALL something(?)", told[0])
