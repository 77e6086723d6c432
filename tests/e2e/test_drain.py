"""A real server that is told to end while people are connected."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from contextlib import closing

from tests.e2e.support import ENDED, PATIENCE, ServerCase, in_thread, until
from tests.protocols.browser import frame, frames, request

CLOSE = 8
HELLO = '{"cmd":"hello","version":1}'


def connect(port):
    """@return: the socket of a client of the JSON wire that has been welcomed."""
    client = socket.create_connection(("127.0.0.1", port), PATIENCE)
    client.sendall(request("/comet/ws") + frame(HELLO))
    received = b""
    while b"welcome" not in received:
        received += client.recv(65536)
    return client


def farewell(client):
    """@return: the goodbye that comes."""
    received = b""
    with closing(client):
        # The server waits for our Close frame; we wait for no more than its.
        while CLOSE not in dict(frames(received)):
            received += client.recv(65536)
    return next(json.loads(text) for _, text in frames(received) if text.startswith(b'{"type":"bye"'))


class DrainTests(ServerCase):
    """SIGTERM."""

    async def test_goodbyes_are_spread(self):
        """Each client is told a time of its own to come back; meanwhile the health fails."""
        server = await self.server(main={"drain": 2})
        clients = [await in_thread(connect, server.ws_port) for _ in range(60)]
        health = http.client.HTTPConnection("127.0.0.1", server.ws_port, timeout=PATIENCE)
        self.addCleanup(health.close)

        def ready():
            health.request("GET", "/health/ready")
            answer = health.getresponse()
            return answer.status, answer.read()

        self.assertEqual((await in_thread(ready))[0], 200)
        server.process.send_signal(signal.SIGTERM)
        goodbye = await in_thread(farewell, clients.pop(0))
        self.assertEqual((goodbye["code"], goodbye["final"]), (4000, False))
        status, body = await in_thread(ready)
        self.assertEqual((status, json.loads(body)["reasons"]), (503, ["stopping"]))
        waits = [(await in_thread(farewell, client))["retry"] for client in clients]
        self.assertTrue(all(0 <= wait < 1000 for wait in waits), waits)
        self.assertGreater(len(set(waits)), 30)
        await until(lambda: server.process.poll() is not None, "the end")
        self.assertEqual(server.process.returncode, ENDED)

    async def test_whoever_comes(self):
        """Is refused, so that a proxy tries another server; also by workers, whose parent has their ports."""
        for workers in (1, 2):
            config = {"main": {"drain": 60}, "limits": {"address_connections": 0}}
            server = await self.server(ws={"workers": workers}, **config)
            clients = [await in_thread(connect, server.ws_port) for _ in range(300)]
            server.process.send_signal(signal.SIGTERM)
            await in_thread(farewell, clients.pop(0))
            with self.assertRaises(ConnectionRefusedError):
                while True:  # one of the workers may not know yet
                    (await in_thread(connect, server.ws_port)).close()
            self.assertIsNone(server.process.poll())
            await server.stop(signal.SIGKILL)
            for client in clients:
                client.close()

    async def test_the_second_signal(self):
        """Ends the process there and then, in the middle of the goodbyes."""
        server = await self.server(main={"drain": 60}, limits={"address_connections": 0})
        clients = [await in_thread(connect, server.ws_port) for _ in range(300)]
        server.process.send_signal(signal.SIGTERM)
        await in_thread(farewell, clients.pop(0))
        self.assertEqual(await server.stop(signal.SIGINT), -signal.SIGINT)
        for client in clients:
            client.close()
