"""
The same conversation with a real server, by way of each driver.

The program for asyncio runs in a thread with a loop of its own, as it does without Twisted's reactor.
"""

from __future__ import annotations

import asyncio

import pymysql
from twisted.internet.defer import Deferred

from comet.client import asyncio as with_asyncio
from comet.client import twisted as with_twisted
from comet.client.errors import ClientError, Denied
from comet.client.events import Connected, Disconnected
from tests.e2e.support import ServerCase, in_thread

ANN = (7, "hash7")


class Conversation:
    """What a program says and hears; it knows nothing of the loop that it runs on."""

    def __init__(self, make, url, sql, sleep):
        """
        @param make: makes a client.
        @param sql: carries out statements.
        @param sleep: waits, in the manner of the loop.
        """
        self.make, self.url, self.sql, self.sleep = make, url, sql, sleep

    async def until(self, condition):
        for _ in range(400):
            if condition():
                return
            await self.sleep(0.05)
        raise AssertionError("waited in vain")

    async def channels(self):
        """@return: what was heard in a channel and what was answered."""
        async with self.make(self.url) as speaker, self.make(self.url) as hearer:
            subscription = await hearer.subscribe("web_room")
            receipt = await speaker.publish("web_room", {"a": "ё"}, "line")
            message = await anext(aiter(subscription))
            await hearer.ping()
            try:
                await speaker.publish("news", "no")
            except Denied as error:
                denied = error.code
            return (
                receipt.receivers,
                message.event,
                message.value(),
                message.user_id,
                await speaker.count("web_room"),
                denied,
            )

    async def private(self):
        """@return: the private messages that were heard, over two connections of the same user."""
        heard = []
        user_id, key = ANN
        for number in (1, 2):
            await self.sql(f"INSERT INTO users_messages (id, event, message) VALUES (7, 'e', 'm{number}')")
            client = self.make(self.url, user_id=user_id, key=key, on_private=lambda m: heard.append(m.data))
            async with client:
                assert (await client.connected()).authorized
                await self.until(lambda number=number: len(heard) == number)
                await client.ping()
        return heard

    async def resume(self, restart):
        """@return: what was heard over a restart of the server, and of the connection."""
        told, heard = [], []
        async with self.make(self.url, tell=lambda each: told.append(type(each))) as client:
            await self.sql("INSERT INTO pipes_settings (name, length) VALUES ('news', 9)")
            await self.sql("INSERT INTO pipes_messages (name, message) VALUES ('news', 'one')")
            await client.subscribe("news", lambda message: heard.append(message.data))
            past = await client.history("news", 5)
            await self.sql("INSERT INTO pipes_messages (name, message) VALUES ('news', 'two')")
            await self.until(lambda: heard)
            await restart()
            await self.sql("INSERT INTO pipes_messages (name, message) VALUES ('news', 'three')")
            await self.until(lambda: len(heard) > 1)
        lines = [each for each in told if each in (Connected, Disconnected)]
        return [each.data for each in past.messages], heard, lines[:2], lines[-1]

    async def nobody(self):
        """@return: what became of a wait for a connection, once the client was stopped."""
        attempts = []
        client = self.make("ws://127.0.0.1:1", tell=attempts.append)
        client.start()
        await self.until(lambda: len(attempts) > 1)
        await client.stop()
        try:
            await client.connected()
        except ClientError as error:
            return type(error).__name__


class DriverCase(ServerCase):
    """Tests of a driver, with a server to talk to."""

    async def setUp(self):
        self.comet = await self.server(main={"password": "p"})
        self.url = f"ws://127.0.0.1:{self.comet.ws_port}"
        user_id, key = ANN
        await in_thread(self.execute, f"INSERT INTO users_auth (id, hash) VALUES ({user_id}, '{key}')")

    def execute(self, statement):
        """Carry out a statement."""
        login = {"host": "127.0.0.1", "port": self.comet.cometql_port, "user": "root", "password": "p"}
        with pymysql.connect(**login, database="CometQL_v1", autocommit=True) as connection:
            connection.cursor().execute(statement)

    async def restart(self):
        """Another server takes the place of this one, on the same ports and with the same data."""
        await self.comet.stop()
        text = self.comet.ini.read_text()
        ports = f"[ws]\nport = {self.comet.ws_port}", f"[cometql]\nport = {self.comet.cometql_port}"
        text = text.replace("[ws]\nport = 0", ports[0]).replace("[cometql]\nport = 0", ports[1])
        self.comet.ini.write_text(text)
        (self.comet.data / "ports.json").unlink(missing_ok=True)
        await self.comet.start()


class Behaviour:
    """What holds for each driver; mix into a L{DriverCase} that has C{converse}."""

    async def test_channels(self):
        """A client publishes, another one hears it; answers and refusals come back."""
        self.assertEqual(await self.converse("channels"), (1, "line", {"a": "ё"}, 0, 1, 403))

    async def test_private(self):
        """Private messages come once, as what was acknowledged does not come again."""
        self.assertEqual(await self.converse("private"), ["m1", "m2"])

    async def test_resume(self):
        """A server that is restarted is come back to, and nothing is missed or heard twice."""
        past, heard, first, last = await self.converse("resume", self.restart)
        self.assertEqual((past, heard), (["one"], ["two", "three"]))
        self.assertEqual((first, last), ([Connected, Disconnected], Connected))

    async def test_nobody_there(self):
        """A client that finds no server goes on trying, and can be stopped."""
        self.assertEqual(await self.converse("nobody"), "Stopped")


class TwistedTests(Behaviour, DriverCase):
    """On the reactor, with Autobahn."""

    async def converse(self, name, *arguments):
        from twisted.internet import reactor
        from twisted.internet.task import deferLater

        async def sleep(seconds):
            await deferLater(reactor, seconds)

        async def sql(statement):
            await in_thread(self.execute, statement)

        conversation = Conversation(with_twisted.Client, self.url, sql, sleep)
        return await getattr(conversation, name)(*arguments)


class AsyncioTests(Behaviour, DriverCase):
    """On asyncio, with websockets."""

    async def converse(self, name, *arguments):
        from twisted.internet import reactor
        from twisted.internet.threads import blockingCallFromThread

        async def sql(statement):
            await asyncio.to_thread(self.execute, statement)

        def for_asyncio(function):
            def call():
                return blockingCallFromThread(reactor, lambda: Deferred.fromCoroutine(function()))

            return lambda: asyncio.to_thread(call)

        conversation = Conversation(with_asyncio.Client, self.url, sql, asyncio.sleep)
        method = getattr(conversation, name)
        return await in_thread(lambda: asyncio.run(method(*map(for_asyncio, arguments))))
