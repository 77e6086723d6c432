"""Several real servers over a real Redis and a real MariaDB."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pymysql
from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater

from tests import mariadb
from tests.e2e.support import Listening, Server, ServerCase, in_thread
from tests.redisserver import Redis

#: How long a server may be silent, in seconds, and how long Redis, and the database.
EXPIRY, TIMEOUT, DB_TIMEOUT = 3, 1, 2
#: How long a user who has left may come back, in seconds.
GRACE = 1
PASSWORD = "secret"

_numbers = itertools.count()


class Cluster:
    """
    Servers that are one, with a Redis and a database of their own.

    @ivar redis: the Redis.
    @ivar maria: the MariaDB, which tests share.
    @ivar servers: those that were started.
    """

    def __init__(self, folder):
        """@param folder: where all files go."""
        self._folder = Path(folder)
        self._database = f"cluster_{next(_numbers)}"
        self.redis = self.maria = None
        self.servers = []

    async def start(self):
        """Start Redis and MariaDB. @return: self."""
        self.redis = await in_thread(Redis, self._folder / "redis")
        self.maria = await in_thread(mariadb.shared)
        await in_thread(self.maria.renew, self._database)
        return self

    async def nodes(self, names, **config):
        """@return: running servers of these names, the first of which was there first."""
        first = await self.node(names[0], **config)
        others = [Deferred.fromCoroutine(self.node(name, **config)) for name in names[1:]]
        return [first, *await gatherResults(others)]

    async def node(self, name, **config):
        """
        @param config: sections of the configuration that differ from what all servers here have.
        @return: one more server.
        """
        sections = {
            "main": {"node_name": name, "password": PASSWORD},
            "cluster": {
                "redis": f"redis://127.0.0.1:{self.redis.port}",
                "expiry": EXPIRY,
                "timeout": TIMEOUT,
            },
            "db": {
                "host": "127.0.0.1",
                "port": self.maria.port,
                "user": "root",
                "password": mariadb.PASSWORD,
                "name": self._database,
                "timeout": DB_TIMEOUT,
            },
            "presence": {"grace": GRACE},
        }
        for section, keys in config.items():
            sections[section] = sections.get(section, {}) | keys
        server = Server(self._folder / f"{len(self.servers)}{name}", sections)
        self.servers.append(server)
        return await server.start()

    async def stop(self):
        """End everything at once."""
        await gatherResults([Deferred.fromCoroutine(server.stop(9)) for server in self.servers])
        if self.redis is not None:
            await in_thread(self.redis.kill)
        if self.maria is not None:
            await in_thread(self.maria.mend)
            await in_thread(self.maria.run, f"DROP DATABASE IF EXISTS {self._database}")


class ClusterCase(ServerCase):
    """Servers C{a}, C{b} ..., with clients and a site."""

    timeout = 240

    async def cluster(self, names="ab", **config):
        """@return: running servers; with none, there is what they need."""
        self.servers = Cluster(self.mktemp())
        self.addCleanup(lambda: Deferred.fromCoroutine(self.servers.stop()))
        await self.servers.start()
        self.redis, self.maria, self.node = self.servers.redis, self.servers.maria, self.servers.node
        return await self.servers.nodes(names, **config) if names else []

    def sql(self, server, *statements):
        """@return: in a Deferred, the rows of the last of C{statements}."""

        def run():
            with (
                closing(
                    pymysql.connect(
                        host="127.0.0.1",
                        port=server.cometql_port,
                        user="root",
                        password=PASSWORD,
                        read_timeout=20,
                        autocommit=True,
                    )
                ) as connection,
                connection.cursor() as cursor,
            ):
                for statement in statements:
                    cursor.execute(*(statement if isinstance(statement, tuple) else (statement,)))
                return list(cursor.fetchall())

        return in_thread(run)

    async def sees(self, server, statement, rows):
        """Wait until C{statement} gives C{rows} there."""
        for _ in range(200):
            found = await self.sql(server, statement)
            if found == rows:
                return
            await deferLater(reactor, 0.1)
        self.fail(f"{statement} gives {found}, not {rows}")

    async def listener(self, server, channels=(), user_id=0, key="", protocol=Listening):
        """@return: a client in JSON that is signed in, and listens."""
        factory = WebSocketClientFactory(f"ws://127.0.0.1:{server.ws_port}/comet/ws", reactor=reactor)
        factory.protocol, factory.log = protocol, Listening.log
        client = await TCP4ClientEndpoint(reactor, "127.0.0.1", server.ws_port).connect(factory)

        async def leave():
            client.transport.abortConnection()
            await client.closed

        self.addCleanup(lambda: None if client.closed.called else Deferred.fromCoroutine(leave()))
        await client.opened
        hello = {"cmd": "hello", "user_id": user_id, "key": key, "channels": dict(channels)}
        client.say(json.dumps(hello))
        client.welcome = await client.next()
        self.assertEqual(client.welcome["authorized"], bool(user_id))
        before = []
        # What was queued for the user may come first.
        while channels and (frame := await client.next())["type"] != "subscribed":
            before.append(frame)
        client.frames.extendleft(reversed(before))
        return client

    async def heard(self, client, count, kind="message"):
        """@return: the data of the next frames of that kind; others stay. Private ones are acknowledged."""
        found, others = [], []
        while len(found) < count:
            frame = await client.next()
            if frame["type"] == kind:
                found.append(frame["data"])
                if frame.get("number"):
                    client.say(json.dumps({"cmd": "ack", "number": frame["number"]}))
            else:
                others.append(frame)
        client.frames.extendleft(reversed(others))
        return found

    def ready(self, server):
        """@return: in a Deferred, the status and the text of C{/health/ready}."""

        def ask():
            try:
                with urlopen(f"http://127.0.0.1:{server.ws_port}/health/ready", timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as error:
                return error.code, error.read().decode()

        return in_thread(ask)

    async def becomes(self, server, status):
        """Wait until C{/health/ready} answers so. @return: what it says."""
        for _ in range(200):
            found, said = await self.ready(server)
            if found == status:
                return said
            await deferLater(reactor, 0.1)
        self.fail(f"{found}: {said}")


def insert(name, *texts):
    rows = ", ".join(f"('{name}', 'say', '{text}')" for text in texts)
    return f"INSERT INTO pipes_messages (name, event, message) VALUES {rows}"


def private(user_id, text):
    return f"INSERT INTO users_messages (id, event, message) VALUES ({user_id}, 'note', '{text}')"
