"""A real server in its own process, and a WebSocket client to listen with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase
from twisted.web.server import Site
from twisted.web.static import File

#: The checkout, where C{twistd} finds the plugin.
ROOT = Path(__file__).resolve().parents[2]
#: What the documents show, and tests run.
EXAMPLES = ROOT / "docs" / "examples"
TWISTD = Path(sys.executable).with_name("twistd")
#: The exit status of a twistd that ended in good order after SIGTERM: it then ends by that signal itself.
ENDED = -signal.SIGTERM
#: How long anything may take before a test gives it up, in seconds.
PATIENCE = 30


async def until(condition, what, seconds=PATIENCE):
    """Wait until C{condition()} is true. @return: what it gave."""
    for _ in range(int(seconds / 0.05)):
        if result := condition():
            return result
        await deferLater(reactor, 0.05)
    raise AssertionError(f"waited {seconds} seconds for {what}")


class Server:
    """
    A comet server as users start it, by C{twistd}, with the configuration in an ini file.

    @ivar ports: by name, as in C{ports.json}.
    """

    def __init__(self, folder, config):
        """@param config: sections of keys; ports are free ones unless they are given."""
        self.folder = Path(folder).absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        sections = {"main": {"data": self.data}, "ws": {"port": 0}, "cometql": {"port": 0}}
        for name, keys in config.items():
            sections.setdefault(name, {}).update(keys)
        lines = []
        for name, keys in sections.items():
            lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())]
        self.ini = self.folder / "comet.ini"
        self.ini.write_text("\n".join(lines) + "\n")
        self.log = self.folder / "server.log"
        self.process = None

    async def start(self):
        """Start, and wait until all ports are listened to. @return: self."""
        command = [str(TWISTD), "-n", "--pidfile=", "comet", "--config", str(self.ini)]
        # Of a server before this one, which did not remove it if it was killed.
        (self.data / "ports.json").unlink(missing_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COMET_")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        ports = self.data / "ports.json"
        await until(lambda: ports.exists() or self.process.poll() is not None, "the server to listen")
        if self.process.poll() is not None:
            raise AssertionError(f"the server has ended:\n{self.log.read_text()}")
        self.ports = json.loads(ports.read_text())
        return self

    @property
    def ws_port(self):
        return self.ports["ws"]

    @property
    def cometql_port(self):
        return self.ports["cometql"]

    @property
    def password(self):
        return (self.data / "password").read_text().strip()

    @property
    def page(self):
        """The address of the first page."""
        return f"http://127.0.0.1:{self.ws_port}/"

    def example(self, name):
        """@return: the text of an example, with the ports and the password of this server."""
        text = (EXAMPLES / name).read_text("utf-8")
        put = {"8087": self.ws_port, "3307": self.cometql_port, "PASSWORD": self.password}
        for word, value in put.items():
            text = text.replace(word, str(value))
        return text

    async def stop(self, sign=signal.SIGTERM):
        """Send a signal, and wait for the end. @return: the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
            await until(lambda: self.process.poll() is not None, "the server to end")
        return self.process.returncode


async def start_server(case, config):
    """@return: a running L{Server}, which is killed at the end of the test C{case}."""
    server = Server(case.mktemp(), config)
    case.addCleanup(lambda: ensureDeferred(server.stop(signal.SIGKILL)))
    return await server.start()


def serve_folder(case, folder):
    """
    Give out the files of C{folder}, as any web server does, until the test C{case} ends.

    @return: the address of the folder.
    """
    port = reactor.listenTCP(0, Site(File(str(folder))), interface="127.0.0.1")
    case.addCleanup(port.stopListening)
    return f"http://localhost:{port.getHost().port}/"


class Listening(WebSocketClientProtocol):
    """A client that keeps what it hears until it is asked for."""

    def __init__(self):
        super().__init__()
        self.frames, self._waiting = deque(), None
        self.opened, self.closed = Deferred(), Deferred()

    def onOpen(self):
        self.opened.callback(self)

    def onMessage(self, payload, isBinary):
        self.frames.append(json.loads(payload))
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(None)

    def onClose(self, wasClean, code, reason):
        self.closed.callback((wasClean, code, reason))

    async def next(self):
        """@return: the next frame, parsed."""
        while not self.frames:
            self._waiting = Deferred().addTimeout(PATIENCE, reactor)
            await self._waiting
        return self.frames.popleft()

    def say(self, text):
        self.sendMessage(text.encode())

    async def listen(self, *channels):
        """Subscribe, and wait until that is done."""
        self.say("\n".join(["subscription", *channels]))
        self.say("pipe_count\nweb_x\nlistening")
        while (await self.next()).get("marker") != "listening":
            pass


class ServerCase(TestCase):
    """Tests with real servers; all that was started ends with the test."""

    timeout = 120

    async def server(self, **config):
        """@param config: sections of the ini file."""
        return await start_server(self, config)

    async def browser(self, server, key="", user_id=0, dev_id=0, uuid="u" * 32):
        """@return: a client, connected; its welcome is still to be taken."""
        path = f"/ws/sesion={key}&myid={user_id}&devid={dev_id}&v=4.08&uuid={uuid}&api=js"
        factory = WebSocketClientFactory(f"ws://127.0.0.1:{server.ws_port}{path}", reactor=reactor)
        factory.protocol, factory.log = Listening, Listening.log
        factory.setProtocolOptions(maxMessagePayloadSize=0)
        client = await TCP4ClientEndpoint(reactor, "127.0.0.1", server.ws_port).connect(factory)

        async def leave():
            client.transport.abortConnection()
            await client.closed

        self.addCleanup(lambda: None if client.closed.called else ensureDeferred(leave()))
        await client.opened
        return client


def in_thread(function, *arguments, **more):
    """Run what blocks beside the reactor. @return: its result, in a Deferred."""
    return deferToThread(function, *arguments, **more)
