"""Browsers over real sockets: signing in, the queue for the absent, history, and saying goodbye."""

from __future__ import annotations

import pymysql
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.support import ENDED, ServerCase, in_thread


def run(server, *statements):
    """Run statements, blocking. @return: the rows of the last one."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, database="CometQL_v1", autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


class BrowserTests(ServerCase):
    """What a site does, from its backend to its pages."""

    async def sql(self, server, *statements):
        return await in_thread(run, server, *statements)

    async def test_private_messages_wait_for_the_absent(self):
        """They come once, in order, at the first sign-in; later ones come live, to all devices."""
        server = await self.server()
        await self.sql(
            server,
            "INSERT INTO users_auth (id, hash) VALUES (7, 'key7')",
            *(f"INSERT INTO users_messages (id, event, message) VALUES (7, 'n', 'm{n}')" for n in range(20)),
        )
        phone = await self.browser(server, "key7", 7)
        self.assertTrue((await phone.next())["authorized"])
        frames = [await phone.next() for _ in range(20)]
        self.assertEqual([frame["data"] for frame in frames], [f"m{n}" for n in range(20)])
        self.assertEqual({frame["pipe"] for frame in frames}, {"msg"})
        desk = await self.browser(server, "key7", 7)
        self.assertTrue((await desk.next())["authorized"])
        await self.sql(server, "INSERT INTO users_messages (id, event, message) VALUES (7, 'n', 'live')")
        for browser in (phone, desk):
            frame = await browser.next()
            self.assertEqual((frame["data"], frame.get("fromQueue")), ("live", None))
        # What was queued leaves the queue behind what is told, and so does what comes meanwhile.
        for _ in range(200):
            rows = await self.sql(server, "SELECT message FROM users_messages WHERE id = 7")
            if rows == ():
                break
            await deferLater(reactor, 0.05)
        self.assertEqual(rows, ())

    async def test_who_is_here_in_sql(self):
        """Counts, subscribers and times tell what browsers do."""
        server = await self.server(presence={"grace": 0})
        await self.sql(server, "INSERT INTO users_auth (id, hash) VALUES (7, 'key7')")
        known, stranger = (
            await self.browser(server, "key7", 7, uuid="K"),
            await self.browser(server, uuid="S"),
        )
        for browser in (known, stranger):
            await browser.next()
            await browser.listen("chat")
        self.assertEqual(await self.sql(server, "SELECT * FROM pipes WHERE name = 'chat'"), (("chat", 2),))
        rows = await self.sql(server, "SELECT user_id, user_uuid, ip FROM users_in_pipes WHERE name = 'chat'")
        self.assertEqual(rows, ((0, "S", "127.0.0.1"), (7, "K", "127.0.0.1")))
        self.assertEqual(await self.sql(server, "SELECT time FROM users_time WHERE id = 7"), ((0,),))
        await self.sql(server, "DELETE FROM users_auth WHERE id = 7")
        clean, code, _ = await known.closed
        self.assertEqual((clean, code), (False, 1006))
        ((time,),) = await self.sql(server, "SELECT time FROM users_time WHERE id = 7")
        self.assertGreater(time, 1_700_000_000)

    async def test_history_on_request(self):
        """The newest messages, oldest first, for the asking client alone."""
        server = await self.server()
        await self.sql(
            server,
            "INSERT INTO pipes_settings (name, length) VALUES ('web_log', 2)",
            *(f"INSERT INTO pipes_messages (name, message) VALUES ('web_log', 'm{n}')" for n in range(3)),
        )
        asking, other = await self.browser(server), await self.browser(server)
        for browser in (asking, other):
            await browser.next()
            await browser.listen("web_log")
        asking.say("pipe_log\nweb_log\nM\n")
        frames = [await asking.next(), await asking.next()]
        self.assertEqual(
            [(frame["data"], frame["history"]) for frame in frames], [("m1", True), ("m2", True)]
        )
        other.say("pipe_count\nweb_log\nM")
        self.assertEqual((await other.next())["data"], {"user_in_pipe": 2})

    async def test_a_stopping_server_drops_browsers_without_a_close_frame(self):
        """So that old clients come back; the server ends as it was told."""
        server = await self.server()
        browser = await self.browser(server)
        await browser.next()
        status = await server.stop()
        self.assertEqual((await browser.next())["data"]["error_code"], 4000)
        clean, code, _ = await browser.closed
        self.assertEqual((status, clean, code), (ENDED, False, 1006))
        self.assertNotIn("Traceback", server.log.read_text())
