"""Two servers behind one address, by nginx and HAProxy as the documents set them up; servers come and go."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pymysql
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest

from comet.certificates import self_signed
from tests.e2e.cluster import PASSWORD, ClusterCase
from tests.e2e.proxies import HAPROXY, NGINX, start_haproxy, start_nginx
from tests.e2e.support import PATIENCE, ROOT, in_thread, until
from tests.redisserver import free_port

CROWD = ROOT / "tests" / "node" / "crowd.js"
TRANSPORTS = ("websocket", "sse", "poll")
#: So many visitors with each transport, and in all.
EACH = 8
VISITORS = EACH * len(TRANSPORTS)
#: How long the servers take to send all away, and how long after it a user is still online, in seconds.
DRAIN, GRACE = 2, 10
#: How many messages the channel keeps.
LENGTH = 20_000
#: How long each proxy takes to notice that a server is gone, or back, in seconds.
INTERVAL = 2
#: How long to wait between two messages, and around what happens to a server, in seconds.
PACE, PAUSE = 0.02, 0.5
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES ('kept', 'say', %s)"


class Crowd:
    """
    Browser clients that run in Node, signed in as users 1, 2, 3 ...

    @ivar heard: what each has heard, in order.
    """

    def __init__(self, port, log):
        """@param port: of the proxy."""
        visitors = [
            {"transports": [transport], "from": f"127.0.{place + 1}.{number + 2}", "key": "key"}
            for place, transport in enumerate(TRANSPORTS)
            for number in range(EACH)
        ]
        for number, each in enumerate(visitors, 1):
            each["userId"] = number
        self.heard, self.lines = [[] for _ in visitors], []
        self.ready = set()
        scene = {"node": f"127.0.0.1:{port}", "channel": "kept", "visitors": visitors}
        with open(log, "wb") as file:
            self.process = subprocess.Popen(
                ["node", CROWD, json.dumps(scene)], stdout=subprocess.PIPE, stderr=file
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            if "data" in line:
                self.heard[line["visitor"]].append(line["data"])
            elif "ready" in line:
                self.ready.add(line["visitor"])
            else:
                self.lines.append(line)

    def end(self):
        self.process.kill()
        self.process.wait()


class Publisher(threading.Thread):
    """
    A backend that says 0, 1, 2 ... until it is told to stop.

    When it does not know whether a row was taken, it looks, and says it again if not.
    """

    def __init__(self, ports):
        """@param ports: of MySQL, to be tried in turn."""
        super().__init__(daemon=True)
        self.ports, self.count, self.is_over = list(ports), 0, False

    def connect(self):
        """@return: a connection to the next server that answers in time."""
        for _ in range(int(PATIENCE / 0.05)):
            self.ports.append(self.ports.pop(0))
            with contextlib.suppress(pymysql.err.MySQLError):
                return pymysql.connect(
                    host="127.0.0.1",
                    port=self.ports[0],
                    user="root",
                    password=PASSWORD,
                    autocommit=True,
                    connect_timeout=2,
                    read_timeout=PATIENCE,
                )
            time.sleep(0.05)
        raise AssertionError("no server lets the backend in")

    def run(self):
        link, doubt = self.connect(), False
        while not self.is_over:
            try:
                with link.cursor() as cursor:
                    if not (doubt and self.is_there(cursor, self.count)):
                        cursor.execute(INSERT, self.count)
            except pymysql.err.MySQLError:
                link, doubt = self.connect(), True
            else:
                doubt = False
                self.count += 1
                time.sleep(PACE)
        link.close()

    def is_there(self, cursor, number):
        cursor.execute("SELECT message FROM pipes_messages WHERE name = 'kept'")
        return (str(number),) in cursor.fetchall()


class Prober(threading.Thread):
    """
    A stranger who asks again and again, by new connections.

    @ivar failures: when what was answered that is no success.
    """

    def __init__(self, port):
        """@param port: of the proxy."""
        super().__init__(daemon=True)
        self.port, self.failures, self.is_over = port, [], False
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def run(self):
        body = json.dumps({"hello": {"version": 1}, "wait": 0})
        while not self.is_over:
            self.ask("GET", "/comet/comet.js")
            self.ask("POST", "/comet/poll", body)
            time.sleep(PACE)

    def node(self):
        """@return: the name of the server that answers."""
        return json.loads(self.ask("GET", "/info"))["node"].rstrip("_")

    def ask(self, method, path, body=None):
        """@return: what is answered."""
        said = b""
        client = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=self.tls)
        with contextlib.closing(client):
            try:
                client.request(method, path, body)
                answer = client.getresponse()
                status, said = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                status = repr(error)
        if status != 200:
            self.failures.append((time.monotonic(), method, path, status))
        return said


class ProxyCase(ClusterCase):
    """Servers C{a} and C{b} at ports that stay, behind a proxy."""

    timeout = 300

    async def two(self, browsers=10_000):
        """
        Start the servers; there is a channel that keeps all, and a user for each visitor.

        @param browsers: as many may be connected to the first one.
        """
        await self.cluster("")
        self.redis.say("ACL", "SETUSER", "b", "on", ">pw", "allkeys", "allchannels", "allcommands")
        here = f"redis://b:pw@127.0.0.1:{self.redis.port}"
        servers = [
            await self.node("a", **self.config(limits={"history": LENGTH, "browsers": browsers})),
            await self.node("b", **self.config(cluster={"redis": here})),
        ]
        await self.sql(
            servers[0],
            f"INSERT INTO pipes_settings VALUES ('kept', {LENGTH})",
            *(f"INSERT INTO users_auth (id, hash) VALUES ({n}, 'key')" for n in range(1, VISITORS + 1)),
        )
        for server in servers:
            await self.becomes(server, 200)
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.files = self.folder / "certificate.pem", self.folder / "key.pem"
        pair = self_signed("comet.example.com", datetime.now(UTC))
        for file, content in zip(self.files, pair, strict=True):
            file.write_bytes(content)
        return servers

    def config(self, **more):
        """@return: sections of a server whose ports are known beforehand."""
        return {
            "main": {"drain": DRAIN},
            "ws": {"port": free_port(), "trusted_proxies": "127.0.0.1"},
            "cometql": {"port": free_port()},
            "presence": {"grace": GRACE},
            "limits": {"history": LENGTH},
            **more,
        }

    async def nginx(self, servers):
        """@return: its port, and those of MySQL clients."""
        here = {f"10.0.0.1{n}:8087": f"127.0.0.1:{server.ws_port}" for n, server in enumerate(servers, 1)}
        port = await start_nginx(self, "nginx-cluster.conf", self.files, here)
        return port, [server.cometql_port for server in servers]

    async def haproxy(self, servers):
        """@return: likewise."""
        here = {
            f"10.0.0.1{number}:{port}": f"127.0.0.1:{server.ports[name]}"
            for number, server in enumerate(servers, 1)
            for name, port in (("ws", 8087), ("cometql", 3307))
        }
        port, backends = await start_haproxy(self, "haproxy.cfg", self.files, here)
        return port, [backends]

    async def visitors(self, port):
        """@return: browser clients, all connected by way of the proxy at this port."""
        crowd = Crowd(port, self.folder / "crowd.log")
        self.addCleanup(crowd.end)
        await until(lambda: len(crowd.ready) == VISITORS, "the visitors")
        return crowd


class RollingRestartTests(ProxyCase):
    """A backend goes on to publish, while servers are restarted one after the other, and one is killed."""

    if shutil.which("node") is None or not (CROWD.parent / "node_modules" / "ws").exists():
        skip = "there is no Node.js with the package ws"

    async def test_nginx(self):
        """Each visitor hears each message once, whatever the transport; nobody is refused, nor offline."""
        if NGINX is None:
            raise SkipTest("there is no nginx on this machine")
        await self.roll(self.nginx)

    async def test_haproxy(self):
        """Likewise, and the backend comes by way of the proxy, too."""
        if HAPROXY is None:
            raise SkipTest("there is no HAProxy on this machine")
        await self.roll(self.haproxy)

    async def roll(self, proxy):
        a, b = servers = await self.two()
        port, backends = await proxy(servers)
        crowd = await self.visitors(port)
        await self.assert_spread(a)
        publisher, prober = Publisher(backends), Prober(port)
        for thread in (publisher, prober):
            self.addCleanup(setattr, thread, "is_over", True)
            thread.start()
        for server, sign in ((a, signal.SIGTERM), (b, signal.SIGTERM), (a, signal.SIGKILL)):
            await deferLater(reactor, PAUSE)
            killed = time.monotonic()
            self.assertEqual(await server.stop(sign), -sign)
            await deferLater(reactor, PAUSE)
            await server.start()
            await self.becomes(server, 200)
            await deferLater(reactor, INTERVAL)
        publisher.is_over = prober.is_over = True
        await in_thread(publisher.join)
        await in_thread(prober.join)
        self.assertGreater(publisher.count, 100)
        said = list(range(publisher.count))
        for heard in crowd.heard:
            await until(lambda heard=heard: len(heard) >= len(said), "all messages")
        self.assertEqual([heard for heard in crowd.heard if heard != said], [])
        self.assertEqual([line for line in crowd.lines if "gap" in line], [])
        # Who is in the middle of a request when a server is killed may be told so, and for no longer.
        late = [each for each in prober.failures if not 0 <= each[0] - killed <= INTERVAL]
        self.assertEqual(late, [])
        events = "SELECT event FROM presence_events WHERE seq > 0"
        self.assertEqual(set(await self.sql(b, events)), {("online",)})

    async def assert_spread(self, server):
        """Visitors by WebSocket are on both servers, and so are others."""
        rows = await self.sql(server, "SELECT transport, node FROM connections WHERE user_id > 0")
        for kinds in (("websocket",), ("sse", "longpoll")):
            self.assertEqual({node for transport, node in rows if transport in kinds}, {"a", "b"}, rows)


class HealthTests(ProxyCase):
    """Where new visitors come to."""

    async def nodes(self, port):
        """@return: the servers that new visitors come to."""
        prober = Prober(port)
        found = {await in_thread(prober.node) for _ in range(8)}
        self.assertEqual(prober.failures, [])
        return found

    async def test_a_server_that_is_not_ready(self):
        """Gets nobody new from HAProxy, and keeps those it has; if none is ready, all are served still."""
        if HAPROXY is None:
            raise SkipTest("there is no HAProxy on this machine")
        a, b = await self.two()
        port, _ = await self.haproxy([a, b])
        self.assertEqual(await self.nodes(port), {"a", "b"})
        before = await self.listener(b, {"chat": None})
        self.redis.say("ACL", "SETUSER", "b", "off")
        self.redis.say("CLIENT", "KILL", "USER", "b")
        await self.becomes(b, 503)
        await deferLater(reactor, INTERVAL)
        self.assertEqual(await self.nodes(port), {"a"})
        await in_thread(self.redis.kill)
        await self.becomes(a, 503)
        await deferLater(reactor, INTERVAL)
        self.assertEqual(len(await self.nodes(port)), 1)  # that of this address
        self.assertFalse(before.closed.called)

    async def test_a_server_that_is_full(self):
        """Is passed over by both."""
        a, b = await self.two(browsers=2)
        here = [await in_thread(socket.create_connection, ("127.0.0.1", a.ws_port)) for _ in range(2)]
        for each in here:
            self.addCleanup(each.close)
        for program, start in ((NGINX, self.nginx), (HAPROXY, self.haproxy)):
            if program is not None:
                port, _ = await start([a, b])
                self.assertEqual(await self.nodes(port), {"b"})
