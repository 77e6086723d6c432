"""A client for each way of connecting, all with the same words, on in-memory transports."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from comet.gate import Gate
from comet.protocols.cors import Shared
from comet.protocols.eventstream import EventStreams
from comet.protocols.front import Front
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.longpoll import LongPolls
from comet.protocols.pages import Facts, Root
from comet.protocols.reception import Reception
from comet.protocols.site import BrowserPort, Sockets
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from tests.protocols.browser import Browser


class Port:
    """A browser port around a broker."""

    def __init__(self, broker, clock=None, **more):
        self.broker, self.clock = broker, clock or Clock()
        self.reception = Reception(broker, Wheel(self.clock), server="comet test", **more)
        self.polls = LongPolls(self.reception, self.clock)
        ways = {"poll": self.polls, "sse": EventStreams(self.reception)}
        shared = {name: Shared(way, self.reception) for name, way in ways.items()}
        pages = Root(Facts("node", None, list), shared)
        gate = Gate(broker.limits, self.clock.seconds)
        sockets = Sockets(BrowserFactory(self.reception, self.clock), JsonFactory(self.reception, self.clock))
        site = Front(pages, gate, reactor=self.clock)
        self.factory = BrowserPort(sockets, site, broker.limits, self.clock, gate)

    def connect(self):
        return Browser(self.factory)

    def request(self, method, path, body=None, **headers):
        """@return: a connection on which this request was sent."""
        browser = self.connect()
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Host": "x", "Content-Length": str(len(content)), **headers}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
        browser.send("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + content)
        return browser


def answer(browser):
    """@return: status, headers and body of the answer that has come on a connection, or C{None}."""
    head, mark, body = browser.socket.value().partition(b"\r\n\r\n")
    if not mark:
        return None
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return int(status.split()[1]), headers, body


def unchunked(data):
    """@return: what is in the chunks that are here (RFC 9112, 7.1)."""
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        body += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]
    return body


class Client:
    """What all clients can do; frames are in the words of JSON."""

    transport: str

    def __init__(self, port, **hello):
        self.port, self.hello = port, {"version": 1, **hello}

    def ask(self, **command):
        """@return: the frames that come because of a command."""
        self.frames()
        self.say(**command)
        return self.frames()

    def frames(self):
        """@return: the frames that have come since the last time, once the turn is over."""
        self.port.clock.advance(0)
        return self.come()

    def messages(self):
        """@return: channel, event and text of the messages that have come."""
        return [
            (frame.get("channel"), frame["event"], frame["data"])
            for frame in self.frames()
            if frame["type"] in ("message", "private")
        ]


class SocketClient(Client):
    """JSON over WebSocket."""

    transport = "websocket"

    def __init__(self, port, **hello):
        super().__init__(port, **hello)
        self.browser = port.connect().open("/comet/ws")
        self.say(cmd="hello", **self.hello)

    def say(self, **command):
        self.browser.say(json.dumps(command))

    def come(self):
        return [frame for frame in self.browser.heard() if isinstance(frame, dict)]

    def vanish(self):
        self.browser.vanish(Failure(ConnectionLost()))

    def stop_reading(self):
        self.browser.protocol._inner._outlet.pauseProducing()


class StreamClient(Client):
    """JSON over server-sent events, and requests of its own."""

    transport = "sse"

    def __init__(self, port, cursor="", **hello):
        super().__init__(port, **hello)
        query = dict(self.hello)
        channels = query.pop("channels", {})
        query["channels"] = ",".join(channels)
        query["cursor"] = cursor or ",".join(f"{name}:{since}" for name, since in channels.items() if since)
        self.browser = port.request("GET", f"/comet/sse?{urlencode(query)}")
        self.seen = 0
        self.last_id = cursor
        self.session, self.kept = None, []

    def say(self, **command):
        if self.session is None:
            self.kept = self.frames()
        body = {"session": self.session, "commands": [command]}
        status, _, _ = answer(self.port.request("POST", "/comet/sse", body))
        if status != 202:
            raise AssertionError(status)

    def come(self):
        kept, self.kept = self.kept, []
        status, _, body = answer(self.browser)
        if status != 200:
            raise AssertionError(body)
        events = body.decode().split("\n\n")[self.seen : -1]
        self.seen += len(events)
        found = []
        for event in events:
            for line in event.split("\n"):
                if line.startswith("id: "):
                    self.last_id = line[4:]
                if line.startswith("data: "):
                    found.append(json.loads(line[6:]))
        for frame in found:
            self.session = frame.get("session", self.session)
        return kept + found

    def vanish(self):
        self.browser.vanish(Failure(ConnectionLost()))

    def stop_reading(self):
        next(iter(self.port.reception.sessions))._wire._outlet.pauseProducing()


class PollClient(Client):
    """JSON by long-poll: each look is a request."""

    transport = "longpoll"

    def __init__(self, port, **hello):
        super().__init__(port, **hello)
        self.channels = self.hello.pop("channels", None)
        self.session, self.batch, self.kept = "", 0, []
        self.kept += self.poll()

    def poll(self, *commands, wait=0):
        """@return: the frames of one request."""
        body = {
            "hello": self.hello,
            "session": self.session,
            "batch": self.batch,
            "commands": commands,
            "wait": wait,
            "channels": self.channels,
        }
        self.channels = None
        self.browser = self.port.request("POST", "/comet/poll", body)
        self.port.clock.advance(0)
        return self.read()

    def read(self):
        """@return: the frames of the answer to the last request, if it has come."""
        found = answer(self.browser)
        if found is None:
            return None
        status, _, body = found
        if status != 200:
            raise AssertionError(body)
        said = json.loads(body)
        self.session, self.batch = said["session"], said["batch"]
        return said["messages"]

    def say(self, **command):
        self.kept += self.poll(command)

    def come(self):
        kept, self.kept = self.kept, []
        return kept + self.poll()

    def vanish(self):
        """For long-poll that is not to be seen before its time is over."""
        self.port.clock.advance(self.port.broker.limits.poll_seconds + 1)

    def stop_reading(self):
        """It reads only when it asks."""


class LineClient(Client):
    """The line protocol of CppComet over WebSocket, for those words that it has, too."""

    transport = "websocket"

    def __init__(self, port, **hello):
        super().__init__(port, **hello)
        key, user_id, uuid = (self.hello.get(name, "") for name in ("key", "user_id", "uuid"))
        dev_id = self.hello.get("dev_id", 0)
        self.browser = port.connect().open(
            f"/ws/sesion={key}&myid={user_id or 0}&devid={dev_id}&v=4.08&uuid={uuid}&api=js"
        )
        self.names = []
        if "channels" in hello:
            self.say(cmd="subscribe", channels=hello["channels"])

    def say(self, cmd, channel="", channels=(), event="", data="", hide=False, id="", user_id=0):
        if cmd in ("subscribe", "unsubscribe"):
            named = [*channels, channel] if channel else [*channels]
            kept = [name for name in self.names if name not in named]
            self.names = kept + named if cmd == "subscribe" else kept
        words = {
            "subscribe": ["subscription", *self.names],
            "unsubscribe": ["subscription", *self.names],
            "publish": ["web_pipe2", "@" * hide + channel, event, "*", data],
            "count": ["pipe_count", channel, str(id), ""],
            "members": ["track_pipe_users", channel, str(id)],
        }
        self.browser.say("\n".join(words[cmd]))

    def come(self):
        found = [frame for frame in self.browser.heard() if isinstance(frame, dict)]
        return [self._translated(frame) for frame in found]

    def _translated(self, frame):
        """@return: C{frame} as JSON clients are told the same."""
        pipe, event, data = frame["pipe"], frame["event"], frame["data"]
        if pipe == "sys" and event == "serverInfo":
            user_id = self.hello.get("user_id", 0) if frame["authorized"] else 0
            return {"type": "welcome", "authorized": frame["authorized"], "user_id": user_id}
        if pipe == "sys" and "error_code" in data:
            return {"type": "bye", "code": data["error_code"], "final": "error" in frame}
        if pipe == "sys":
            return {"type": "error", "reason": data["error"]}
        if pipe == "msg":
            return {"type": "private", "event": event, "data": data}
        if pipe.startswith("_answer_to_"):
            return {"type": "ok", "receivers": data["number_messages"]}
        if pipe == "_answer_pipe_count":
            return {"type": "ok", "count": data["user_in_pipe"]}
        if pipe == "_answer":
            return {"type": "ok", "members": data}
        if event in ("subscription", "unsubscription"):
            return {"type": "joined" if event == "subscription" else "left", "channel": pipe, **data}
        if pipe.startswith("user_status_"):
            return {"type": "status", "channel": pipe, "online": data == "online"}
        sender = {"user_id": frame["user_id"]} if "user_id" in frame else {}
        return {"type": "message", "channel": pipe, "event": event, "data": data, **sender}

    def vanish(self):
        self.browser.vanish(Failure(ConnectionLost()))

    def stop_reading(self):
        self.browser.protocol._inner._outlet.pauseProducing()
