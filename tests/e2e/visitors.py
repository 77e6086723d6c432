"""
Clients of every transport and both dialects, with the same few verbs.

Each has C{enter}, C{listen} (to exactly these channels, agreed by the server when it returns), C{say} and
C{leave}; C{private} gathers the texts of private messages, C{heard} counts those of channels.
"""

from __future__ import annotations

import json

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.web.client import Agent, FileBodyProducer, readBody

from comet.client.twisted import Client
from tests.e2e.support import PATIENCE


class Visitor:
    """One client."""

    def __init__(self, port, user_id, key):
        self.port, self.user_id, self.key = port, user_id, key
        self.private, self.heard = [], 0

    async def stay(self):
        """Show that one is still here, where that is needed."""

    async def give_up(self):
        """Forget a server that is no more."""


class JsonVisitor(Visitor):
    """The JSON protocol over WebSocket, by way of our own client."""

    async def enter(self):
        self.subscriptions = {}
        self.client = Client(
            f"ws://127.0.0.1:{self.port}",
            user_id=self.user_id,
            key=self.key,
            timeout=PATIENCE,
            on_private=lambda message: self.private.append(message.data),
        )
        self.client.start()
        return (await self.client.connected()).authorized

    async def listen(self, channels):
        for channel in set(self.subscriptions) - channels:
            self.subscriptions.pop(channel).cancel()
        for channel in channels - set(self.subscriptions):
            self.subscriptions[channel] = await self.client.subscribe(channel, self._hear)
        await self.client.ping()

    def _hear(self, message):
        self.heard += 1

    async def say(self, channel, text):
        await self.client.publish(channel, text)

    async def leave(self):
        await self.client.stop()

    async def give_up(self):
        await self.client.stop()


class _Line(WebSocketClientProtocol):
    """Tells its visitor of everything."""

    def onOpen(self):
        self.factory.visitor.opened.callback(None)

    def onMessage(self, payload, isBinary):
        self.factory.visitor.frame(json.loads(payload))

    def onClose(self, wasClean, code, reason):
        visitor = self.factory.visitor
        visitor.closed.callback(None)
        if not visitor.opened.called:
            visitor.opened.errback(ConnectionError(reason))


class LineVisitor(Visitor):
    """The line protocol of CppComet."""

    async def enter(self):
        self.opened, self.closed, self.waiting = Deferred(), Deferred(), {}
        welcome = self.waiting["welcome"] = Deferred()
        path = f"/ws/sesion={self.key}&myid={self.user_id}&devid=0&v=4.08&uuid=&api=js"
        factory = WebSocketClientFactory(f"ws://127.0.0.1:{self.port}{path}", reactor=reactor)
        factory.protocol, factory.log, factory.visitor = _Line, _Line.log, self
        factory.setProtocolOptions(openHandshakeTimeout=2 * PATIENCE)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        self.protocol = await endpoint.connect(factory)
        await self.opened
        return (await welcome.addTimeout(PATIENCE, reactor))["authorized"]

    def frame(self, frame):
        name = frame.get("marker") or frame.get("pipe", "welcome")
        if "authorized" in frame:
            name = "welcome"
        if name == "msg":
            self.private.append(frame["data"])
        elif name in self.waiting:
            self.waiting.pop(name).callback(frame)
        else:
            self.heard += 1

    async def _ask(self, text, name):
        waiting = self.waiting[name] = Deferred()
        self.protocol.sendMessage(text.encode())
        await waiting.addTimeout(PATIENCE, reactor)

    async def listen(self, channels):
        self.protocol.sendMessage("\n".join(["subscription", *sorted(channels)]).encode())
        await self._ask("pipe_count\nweb_0\ndone", "done")

    async def say(self, channel, text):
        self.protocol.sendMessage(f"web_pipe2\n{channel}\n\n*\n{text}".encode())
        await self._ask("pipe_count\nweb_0\ndone", "done")

    async def leave(self):
        self.protocol.transport.abortConnection()  # as browsers do whose network is gone
        await self.closed


class _Stream(Protocol):
    """The body of an event stream."""

    def __init__(self, visitor):
        self.visitor, self.rest = visitor, b""

    def dataReceived(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                self.visitor.frame(json.loads(line[6:]))

    def connectionLost(self, reason):
        self.visitor.closed.callback(None)


class HttpVisitor(Visitor):
    """What both HTTP transports have in common."""

    agent = Agent(reactor)
    path = b""

    async def post(self, content):
        """@return: the status, and what was answered."""
        from io import BytesIO

        url = b"http://127.0.0.1:%d%s" % (self.port, self.path)
        body = FileBodyProducer(BytesIO(json.dumps(content).encode()))
        response = await self.agent.request(b"POST", url, bodyProducer=body)
        return response.code, await readBody(response)

    def frame(self, frame):
        self.last = frame
        waiting = self.waiting.pop(frame.get("id") or frame["type"], None)
        if frame["type"] == "private":
            self.private.append(frame["data"])
            self.number = frame.get("number", self.number)
        elif frame["type"] == "message":
            self.heard += 1
        elif frame["type"] == "welcome":
            self.welcome = frame
        if waiting is not None:
            waiting.callback(frame)


class StreamVisitor(HttpVisitor):
    """Server-sent events, with requests beside them."""

    path = b"/comet/sse"

    async def enter(self):
        self.waiting, self.closed, self.number, self.channels = {}, Deferred(), 0, set()
        welcome = self.waiting["welcome"] = Deferred()
        url = f"http://127.0.0.1:{self.port}/comet/sse?user_id={self.user_id}&key={self.key}"
        self.stream = _Stream(self)
        response = await self.agent.request(b"GET", url.encode())
        response.deliverBody(self.stream)
        return (await welcome.addTimeout(PATIENCE, reactor))["authorized"]

    async def _ask(self, *commands):
        waiting = self.waiting["done"] = Deferred()
        ack = [{"cmd": "ack", "number": self.number}] if self.number else []
        commands = [*ack, *commands, {"cmd": "ping", "id": "done"}]
        code, body = await self.post({"session": self.welcome["session"], "commands": commands})
        assert code == 202, body
        await waiting.addTimeout(PATIENCE, reactor)

    async def listen(self, channels):
        new, gone = channels - self.channels, self.channels - channels
        self.channels = set(channels)
        await self._ask(
            *([{"cmd": "subscribe", "channels": dict.fromkeys(new)}] if new else []),
            *([{"cmd": "unsubscribe", "channels": sorted(gone)}] if gone else []),
        )

    async def say(self, channel, text):
        await self._ask({"cmd": "publish", "channel": channel, "data": text})

    async def leave(self):
        self.stream.transport.loseConnection()
        await self.closed


class PollVisitor(HttpVisitor):
    """Long-poll: each verb is a request that does not wait."""

    path = b"/comet/poll"

    async def enter(self):
        self.waiting, self.number, self.session, self.batch = {}, 0, None, 0
        await self._poll({})
        return self.welcome["authorized"]

    async def _poll(self, channels, *commands):
        hello = {"version": 1, "user_id": self.user_id, "key": self.key}
        ack = [{"cmd": "ack", "number": self.number}] if self.number else []
        content = {"hello": hello, "commands": [*ack, *commands], "wait": 0}
        if self.session is not None:
            content |= {"session": self.session, "batch": self.batch}
        if channels is not None:
            content["channels"] = channels
        code, body = await self.post(content)
        assert code == 200, body
        answer = json.loads(body)
        assert self.session in (None, answer["session"]), f"the session was lost, after {self.last}"
        self.session = answer["session"]
        if answer["batch"] != self.batch:
            self.batch = answer["batch"]
            for frame in answer["messages"]:
                self.frame(frame)

    async def listen(self, channels):
        await self._poll(dict.fromkeys(sorted(channels)))

    async def say(self, channel, text):
        await self._poll(None, {"cmd": "publish", "channel": channel, "data": text})

    async def stay(self):
        await self._poll(None)

    async def leave(self):
        """There is nothing to do but to say no more."""


#: All of them.
VISITORS = (JsonVisitor, LineVisitor, StreamVisitor, PollVisitor)
