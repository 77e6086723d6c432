"""The edge of a real server: certificates that are renewed while it runs, and a real nginx in front."""

from __future__ import annotations

import http.client
import json
import os
import pty
import signal
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pymysql
from cryptography import x509

from comet.certificates import self_signed
from tests.e2e.proxies import NGINX, start_nginx
from tests.e2e.support import PATIENCE, ROOT, TWISTD, Server, ServerCase, in_thread, until
from tests.protocols.browser import frame, frames, request

PING, PONG = 9, 10


def trusting_anybody():
    """@return: TLS of a client that looks at the certificate itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def subject(tls):
    """@return: to whom the certificate at the other end is issued."""
    return x509.load_der_x509_certificate(tls.getpeercert(True)).subject.rfc4514_string()


class WebSocket:
    """A blocking client, over TLS; C{head} is the head of the answer."""

    def __init__(self, port, source="127.0.0.1", **headers):
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
        self.tls = trusting_anybody().wrap_socket(plain)
        self.tls.sendall(request(**headers))
        self.head, self.rest = b"", b""
        while b"\r\n\r\n" not in self.head:
            received = self.tls.recv(65536)
            if not received:
                break
            self.head += received
        self.head, _, self.rest = self.head.partition(b"\r\n\r\n")

    def ping(self):
        """@return: whether the other end answers."""
        self.tls.sendall(frame(b"there?", PING))
        while (PONG, b"there?") not in frames(self.rest):
            self.rest += self.tls.recv(65536)
        return True

    def say(self, text):
        self.tls.sendall(frame(text))

    def close(self):
        self.tls.close()


class EdgeCase(ServerCase):
    """A server with a certificate of its own in two files."""

    async def start(self, **config):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.files = self.folder / "certificate.pem", self.folder / "key.pem"
        self.issue("first")
        tls = {"certificate": self.files[0], "key": self.files[1], "port": 0}
        return await self.server(**{"tls": tls, **config})

    def issue(self, name):
        for file, content in zip(self.files, self_signed(name, datetime.now(UTC)), strict=True):
            file.write_bytes(content)

    def mysql(self, server):
        """@return: a MySQL client, over TLS."""
        client = pymysql.connect(
            host="127.0.0.1",
            port=server.cometql_port,
            user="root",
            password=server.password,
            ssl=trusting_anybody(),
            connect_timeout=PATIENCE,
        )
        self.addCleanup(client.close)
        return client

    def query(self, client, text):
        with client.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def websocket(self, port, **more):
        client = WebSocket(port, **more)
        self.addCleanup(client.close)
        return client


class ConsolePortTests(EdgeCase):
    """The console on a port of its own."""

    def fetch(self, connection, path="/console"):
        """@return: the status of the answer, and its body."""
        with closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    async def test_plain(self):
        """It is there, and not on the browser port; workers share it."""
        server = await self.server(console={"port": 0}, ws={"workers": 2})
        ports = [http.client.HTTPConnection("127.0.0.1", server.ports[name]) for name in ("console", "ws")]
        status, body = await in_thread(self.fetch, ports[0])
        self.assertEqual((status, b"comet console" in body), (200, True))
        self.assertEqual((await in_thread(self.fetch, ports[1]))[0], 404)

    async def test_tls(self):
        """With a certificate, over TLS alone."""
        server = await self.start(console={"port": 0})
        port = server.ports["console"]
        secure = http.client.HTTPSConnection("127.0.0.1", port, context=trusting_anybody())
        self.assertEqual((await in_thread(self.fetch, secure))[0], 200)
        with self.assertRaises((http.client.HTTPException, OSError)):
            await in_thread(self.fetch, http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))

    async def test_off(self):
        """It is nowhere."""
        server = await self.server(console={"enabled": "no", "port": 0})
        self.assertNotIn("console", server.ports)
        browsers = http.client.HTTPConnection("127.0.0.1", server.ws_port)
        self.assertEqual((await in_thread(self.fetch, browsers))[0], 404)


class RenewalTests(EdgeCase):
    """SIGHUP to a server that people are connected to."""

    async def hang_up(self, server, said):
        """Send the signal, and wait for what the log says of it, as often as it has been said by now."""
        count = server.log.read_text().count(said)
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: server.log.read_text().count(said) > count, f"the log to say {said!r}")

    async def test_a_renewed_certificate(self):
        """Those who are connected notice nothing; whoever comes sees the new one, on both ports."""
        server = await self.start()
        wss = server.ports["wss"]
        browser = await in_thread(self.websocket, wss)
        backend = await in_thread(self.mysql, server)
        self.assertEqual((subject(browser.tls), subject(backend._sock)), ("CN=first", "CN=first"))
        self.issue("second")
        await self.hang_up(server, "the certificate was read again")
        newer = await in_thread(self.websocket, wss)
        self.assertIn(b" 101 ", newer.head)
        self.assertEqual(subject(newer.tls), "CN=second")
        self.assertEqual(subject((await in_thread(self.mysql, server))._sock), "CN=second")
        self.assertTrue(await in_thread(browser.ping))
        self.assertEqual(await in_thread(self.query, backend, "SELECT 1"), ((1,),))

    async def test_a_broken_pair(self):
        """Is refused with a line in the log; the old one stays, and a whole one is taken later."""
        server = await self.start()
        browser = await in_thread(self.websocket, server.ports["wss"])
        self.files[1].write_bytes(self_signed("other", datetime.now(UTC))[1])
        await self.hang_up(server, "the certificate stays as it was: the private key in")
        newer = await in_thread(self.websocket, server.ports["wss"])
        self.assertEqual(subject(newer.tls), "CN=first")
        self.assertTrue(await in_thread(browser.ping))
        self.issue("third")
        await self.hang_up(server, "the certificate was read again")
        self.assertEqual(subject((await in_thread(self.websocket, server.ports["wss"])).tls), "CN=third")
        self.assertNotIn("Traceback", server.log.read_text())

    async def test_the_level_of_the_log(self):
        """Is read again; another key that has changed is named as one that needs a restart."""
        server = await self.start()
        text = server.ini.read_text()
        server.ini.write_text(f"{text}[limits]\nqueue = 7\n[log]\nlevel = error\n")
        self.files[1].write_bytes(b"")
        await self.hang_up(server, "the certificate stays as it was")
        server.ini.write_text(f"{text}[limits]\nqueue = 7\n[log]\nlevel = warn\n")
        await self.hang_up(server, "only a restart makes it count: [limits] queue")
        # The first time the level was error already, and a warning too little.
        self.assertEqual(server.log.read_text().count("only a restart"), 1)

    async def test_a_terminal_that_is_closed(self):
        """Takes a server along that was started in it."""
        server = Server(self.mktemp(), {})
        command = [str(TWISTD), "-n", "--pidfile=", "comet", "--config", str(server.ini)]
        child, terminal = pty.fork()
        if child == 0:  # pragma: no cover
            os.chdir(ROOT)
            os.execv(command[0], command)
        ended = []
        self.addCleanup(lambda: ended or os.kill(child, signal.SIGKILL))
        os.set_blocking(terminal, False)
        await until(lambda: (drain(terminal), (server.data / "ports.json").exists())[1], "the server")
        os.close(terminal)
        await until(lambda: ended or ended.extend(filter(None, os.waitpid(child, os.WNOHANG)[:1])), "its end")


def drain(terminal):
    """Read what is there, so that nobody waits to write more."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass


class SilenceTests(EdgeCase):
    """Those who come and say nothing."""

    async def test_a_handshake_that_does_not_go_on(self):
        """Is ended, whether it has begun or not."""
        server = await self.start(limits={"login_seconds": 1})
        for said in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
            self.assertEqual(await in_thread(self.wait_for_the_end, server.ports["wss"], said), b"")
        self.assertEqual(await in_thread(self.wait_for_the_end, server.ws_port, b"GET /"), b"")

    def wait_for_the_end(self, port, said):
        """@return: what comes until then."""
        with closing(socket.create_connection(("127.0.0.1", port), PATIENCE)) as client:
            client.sendall(said)
            try:
                return client.recv(65536)
            except ConnectionResetError:
                return b""


class NginxTests(EdgeCase):
    """The example for nginx, which is run as it stands but for its port and its files."""

    if NGINX is None:
        skip = "there is no nginx on this machine"

    async def nginx(self, server):
        """@return: the port on which an nginx stands in front of the server."""
        here = {"127.0.0.1:8087": f"127.0.0.1:{server.ws_port}"}
        return await start_nginx(self, "nginx.conf", self.files, here)

    async def test_the_visitor_is_known_by_its_own_address(self):
        """And not by one that it writes itself; without trust, all come from the proxy."""
        for trusted, address in (("127.0.0.1", "127.0.0.2"), ("", "127.0.0.1")):
            server = await self.start(ws={"trusted_proxies": trusted})
            port = await self.nginx(server)
            client = await in_thread(self.websocket, port, source="127.0.0.2", X_Forwarded_For="203.0.113.9")
            self.assertIn(b" 101 ", client.head)
            client.say("subscription\nweb_chat")
            self.assertTrue(await in_thread(client.ping))
            backend = await in_thread(self.mysql, server)
            rows = await in_thread(
                self.query, backend, "SELECT ip FROM users_in_pipes WHERE name = 'web_chat'"
            )
            self.assertEqual(rows, ((address,),))

    async def test_limits_hold_for_the_visitor(self):
        """One who has too many open is refused, with a number to come back at; others are not."""
        server = await self.start(
            ws={"trusted_proxies": "127.0.0.0/8"}, limits={"address_connections": 1, "address_requests": 0}
        )
        port = await self.nginx(server)
        first = await in_thread(self.websocket, port, X_Forwarded_For="203.0.113.9")
        second = await in_thread(self.websocket, port, X_Forwarded_For="203.0.113.9")
        other = await in_thread(self.websocket, port, X_Forwarded_For="203.0.113.10")
        self.assertIn(b" 101 ", first.head)
        self.assertIn(b" 429 ", second.head)
        self.assertIn(b"Retry-After: ", second.head)
        self.assertIn(b" 101 ", other.head)
        backend = await in_thread(self.mysql, server)
        text = "SHOW GLOBAL STATUS LIKE 'frontend_refused_address_connections'"
        self.assertEqual((await in_thread(self.query, backend, text))[0][1], "1")

    async def test_pages(self):
        """Come through, with their headers."""
        server = await self.start()
        status, headers, body = await in_thread(fetch, await self.nginx(server), "/info")
        self.assertEqual((status, json.loads(body)["status"]), (200, "ok"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")


def fetch(port, path):
    """@return: status, headers and body of a page over TLS."""
    client = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trusting_anybody())
    with closing(client):
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read()
