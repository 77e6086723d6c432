"""A browser at the other end of an in-memory transport: bytes of RFC 6455, written out for tests."""

from __future__ import annotations

import json

from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport

PATH = "/ws/sesion=&myid=0&devid=0&v=4.08&uuid=&api=js"
#: The key of the example in RFC 6455, 1.3, and what the server must answer to it.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def request(path=PATH, **headers):
    """@return: the bytes of an opening handshake."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def frame(payload, opcode=1, fin=True, masked=True):
    """@return: a frame as a client sends it."""
    payload = payload.encode() if isinstance(payload, str) else payload
    first = (0x80 if fin else 0) | opcode
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes((first, bit | len(payload)))
    elif len(payload) < 1 << 16:
        head = bytes((first, bit | 126)) + len(payload).to_bytes(2, "big")
    else:
        head = bytes((first, bit | 127)) + len(payload).to_bytes(8, "big")
    mask = b"\x01\x02\x03\x04"
    if masked:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        head += mask
    return head + payload


def frames(data):
    """@return: (opcode, payload) of each frame that a server sent."""
    found = []
    while data:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        found.append((data[0] & 0x0F, data[start : start + size]))
        data = data[start + size :]
    return found


class Socket(StringTransport):
    """A transport that ends the protocol when it is told to, as a real one does."""

    def __init__(self, protocol):
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 54321))
        self.protocol, self.ended = protocol, None

    def setTcpNoDelay(self, enabled):
        """Nothing to delay."""

    def unregisterProducer(self):
        """Harmless without a producer, as with real transports."""
        self.producer = None

    def loseConnection(self):
        self.end("lost")

    def abortConnection(self):
        self.end("aborted")

    def end(self, how):
        if self.ended is None:
            self.ended = how
            super().loseConnection()


class Browser:
    """One connection to a factory."""

    def __init__(self, factory):
        self.protocol = factory.buildProtocol(None)
        self.socket = Socket(self.protocol)
        self.protocol.makeConnection(self.socket)
        self.head = b""

    def send(self, data):
        self.protocol.dataReceived(data)

    def open(self, path=PATH, glued=b"", **headers):
        """Shake hands, with C{glued} right behind the request. @return: self."""
        self.send(request(path, **headers) + glued)
        self.head, _, rest = self.socket.value().partition(b"\r\n\r\n")
        self.socket.clear()
        self.socket.write(rest)
        return self

    def say(self, text):
        self.send(frame(text))

    def heard(self):
        """@return: what came since the last time, text frames parsed."""
        found = frames(self.socket.value())
        self.socket.clear()
        return [json.loads(payload) if opcode == 1 else (opcode, payload) for opcode, payload in found]

    def vanish(self, reason):
        """The network is gone."""
        # As a real transport does it.
        if self.socket.producer is not None:
            self.socket.producer.stopProducing()
            self.socket.producer = None
        self.protocol.connectionLost(reason)
