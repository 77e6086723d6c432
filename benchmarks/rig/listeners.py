"""
Those who receive: raw sockets that count bytes.

All messages of a run have frames of the same length, so bytes tell how many have come without a parser, and
the load stays cheaper than what it measures.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from types import TracebackType

from rig.loop import Loop

#: The longest that one read takes; many messages may wait in a socket.
READ_SIZE = 1 << 18
#: For how long a connection may be silent while it is set up, in seconds.
PATIENCE = 30.0

_REQUEST = (
    "GET /ws/sesion=&myid=0&devid=0&v=4.08&uuid={uuid:032d}&api=js HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: Asked after the subscription: when this is answered, that is done.
_MARKER = b"ready"
_ASK = b"pipe_count\nweb_bench\n" + _MARKER


def frame(text: bytes) -> bytes:
    """@return: a short text as a frame from a client, masked with zeros, which leave it as it is."""
    if len(text) > 125:
        raise ValueError("a longer text has a longer header")
    return bytes((0x81, 0x80 | len(text))) + bytes(4) + text


def frame_size(start: bytes) -> int | None:
    """@return: the length of the frame from a server that begins so; C{None} if more is needed to tell."""
    if len(start) < 10:
        return None
    length, header = start[1], 2
    if length == 126:
        length, header = int.from_bytes(start[2:4], "big"), 4
    elif length == 127:
        length, header = int.from_bytes(start[2:10], "big"), 10
    return header + length


def plain(port: int) -> socket.socket:
    """@return: a connection to this machine."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def subscribed(port: int, channel: str, number: int) -> socket.socket:
    """@return: a WebSocket that listens to C{channel} and has read all that came before."""
    connection = plain(port)
    connection.sendall(_REQUEST.format(uuid=number, port=port).encode())
    _read_until(connection, b'"authorized"')
    connection.sendall(frame(f"subscription\n{channel}".encode()) + frame(_ASK))
    _read_until(connection, _MARKER)
    return connection


def _read_until(connection: socket.socket, mark: bytes) -> None:
    """Read the frame, or the header and the frame, that ends soon after C{mark}."""
    data = b""
    while mark not in data or not data.endswith(b"}"):
        got = connection.recv(READ_SIZE)
        if not got:
            sys.exit(f"the server has closed a connection that was to listen, after {data!r}")
        data += got


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data)) or sys.exit("a connection was lost")
    return data


class Listeners:
    """
    A crowd of sockets that all receive the same.

    @ivar frame: a message as it travels.
    @ivar received: how many bytes have come to all of them together since L{start}.
    """

    def __init__(self, loop: Loop, sockets: list[socket.socket]) -> None:
        self.frame = b""
        self.received = 0
        self._loop = loop
        self._sockets = sockets
        self._counts = [0] * len(sockets)
        self._buffer = bytearray(READ_SIZE)

    def __len__(self) -> int:
        return len(self._sockets)

    @property
    def delivered(self) -> int:
        """How many messages have come to all of them together."""
        return self.received // len(self.frame)

    def start(self) -> None:
        """Take the message that was published to warm up, see that all got it, and count from now on."""
        first = self._sockets[0]
        start = _read(first, 10)
        self.frame = start + _read(first, (frame_size(start) or 0) - len(start))
        for connection in self._sockets[1:]:
            if (other := _read(connection, len(self.frame))) != self.frame:
                sys.exit(f"two subscribers got different bytes: {self.frame[:200]!r} and {other[:200]!r}")
        for place, connection in enumerate(self._sockets):
            self._loop.add(connection, self._reader(place, connection))

    def _reader(self, place: int, connection: socket.socket) -> Callable[[], None]:
        receive, buffer, counts = connection.recv_into, self._buffer, self._counts

        def read() -> None:
            got = receive(buffer)
            if not got:
                sys.exit("the server has dropped a subscriber")
            counts[place] += got
            self.received += got

        return read

    def check(self, messages: int) -> None:
        """End with a sentence unless each of them got exactly so many messages."""
        expected = messages * len(self.frame)
        for place, count in enumerate(self._counts):
            if count != expected:
                sys.exit(f"subscriber {place} got {count} bytes, not the {expected} of {messages} messages")

    def __enter__(self) -> Listeners:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._sockets:
            if self.frame:
                self._loop.remove(connection)
            connection.close()
