"""A client of the HTTP API on an in-memory transport: the real site, the real broker, a memory store."""

from __future__ import annotations

import json

import jwt
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet.broker import Broker
from comet.gate import Gate
from comet.limits import Limits
from comet.protocols.api.resource import Api, shared_api
from comet.protocols.front import Front
from comet.protocols.pages import Facts, Root
from comet.protocols.reception import Reception
from comet.protocols.wheel import Wheel
from comet.storage.memory import MemoryStore
from comet.storage.records import TenantKey
from tests.protocols.browser import Socket
from tests.running import Ear, finish, spawn

PASSWORD, TENANT_PASSWORD = "main-password", "password-of-tenant-5"
#: What the clock of the broker shows.
NOW = 1_000_000
ADDRESS = "192.0.2.1"


class Connection:
    """One connection to the site."""

    def __init__(self, site, address=ADDRESS):
        self.protocol = site.buildProtocol(IPv4Address("TCP", address, 1))
        self.socket = Socket(self.protocol)
        self.socket.peerAddr = IPv4Address("TCP", address, 1)
        self.protocol.makeConnection(self.socket)

    def send(self, data):
        self.protocol.dataReceived(data)

    def leave(self):
        self.protocol.connectionLost(Failure(ConnectionDone()))


class Answer:
    """What came back. @ivar headers: names in lower case."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


class ApiCase(SynchronousTestCase):
    """Requests to the API."""

    prefix = "/comet/api"

    def setUp(self):
        self.serve()

    def serve(self, store=None, origins=(), **limits):
        self.clock, self.reasons = Clock(), []
        store, time = store or MemoryStore(), lambda: NOW + self.clock.seconds()
        self.broker = Broker(store, Limits(**limits), time, spawn, None, PASSWORD)
        finish(self.broker.start())
        tenant = TenantKey(5, TENANT_PASSWORD, "")
        finish(self.broker.commit([self.broker.accounts.setting_tenant(tenant)]))
        self.reception = Reception(self.broker, Wheel(self.clock), server="comet test", origins=origins)
        api = Api(self.broker, self.clock.seconds, 1000, lambda: self.reasons)
        gate = Gate(Limits(), self.clock.seconds)
        ways = {"api": shared_api(api, self.reception)}
        root = Root(Facts("node", None, list), ways, console=self.console(api))
        longest = self.broker.limits.api_body
        self.site = Front(root, gate, longest_api=longest, judge=api.judge, reactor=self.clock)

    def console(self, api):
        """@return: the console beside the API; here there is none."""

    def raw(self, method, path, body=None, key=PASSWORD, **headers):
        """@return: the bytes of a request."""
        fields = {"Host": "x"}
        if key is not None:
            fields["Authorization"] = f"Bearer {key}"
        if body is not None:
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            fields |= {"Content-Type": "application/json", "Content-Length": len(body)}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {self.prefix}{path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def ask(self, method, path, body=None, key=PASSWORD, address=ADDRESS, **headers):
        """@return: the answer to a request of a connection of its own."""
        connection = Connection(self.site, address)
        connection.send(self.raw(method, path, body, key, **headers))
        connection.leave()
        return Answer(connection.socket.value())

    def refused(self, status, answer):
        """@return: the error, once it is seen that this is its status."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["content-type"], "application/json; charset=utf-8")
        return answer.error

    def hear(self, channel):
        """@return: a subscriber of a channel."""
        ear = Ear()
        self.broker.hub.subscribe(channel, ear)
        return ear


def token(user_id, dev_id=0, secret=PASSWORD, expires=NOW + 100, **claims):
    """@return: a JWT of a user."""
    payload = {"user_id": user_id, "exp": expires, **claims}
    return jwt.encode(payload, f"{secret}{dev_id}", "HS256")
