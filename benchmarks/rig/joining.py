"""How to become a subscriber, and what a message looks like there: one class for each kind of connection."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Protocol

from comet.bench import wires

#: For how long a connection may be silent while it is set up, in seconds.
PATIENCE = 30.0
_READ_SIZE = 1 << 16
_HERE = "127.0.0.1"


class Wire(Protocol):
    """A kind of connection."""

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """@return: a connection that listens to C{channel} and has read all that came before."""

    def message(self, connection: socket.socket) -> bytes:
        """@return: the next message as it travels, read from a connection that blocks."""


def plain(port: int, number: int = 0) -> socket.socket:
    """
    @param number: which of many connections it is; an address has so many ports and no more.
    @return: a connection to this machine.
    """
    near = wires.near_address(_HERE, number)
    connection = socket.create_connection((_HERE, port), PATIENCE, near)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def header_size(payload: int) -> int:
    """@return: how long the header of a frame from a server is."""
    return 2 if payload < 126 else 4 if payload < 1 << 16 else 10


def read_frame(read: Callable[[int], bytes]) -> bytes:
    """
    @param read: reads so many bytes.
    @return: a frame from a server.
    """
    start = read(2)
    more = {126: 2, 127: 8}.get(start[1], 0)
    length = read(more)
    return start + length + read(int.from_bytes(length, "big") if more else start[1])


def exactly(connection: socket.socket) -> Callable[[int], bytes]:
    """@return: reads so many bytes from C{connection}."""

    def read(size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += connection.recv(size - len(data)) or sys.exit("the server has dropped a subscriber")
        return data

    return read


def read_until(connection: socket.socket, mark: bytes, end: bytes) -> bytes:
    """@return: what comes as far as the C{end} behind C{mark}, which has to be the end of what comes."""
    data = b""
    while mark not in data or not data.endswith(end):
        got = connection.recv(_READ_SIZE)
        if not got:
            sys.exit(f"the server has closed a connection that was to listen, after {data!r}")
        data += got
    return data


class Bare:
    """
    Sockets of a baseline that sends to whoever connects, and shakes no hands.

    @ivar size: how long its messages are.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """See L{Wire.join}."""
        return plain(port, number)

    def message(self, connection: socket.socket) -> bytes:
        """See L{Wire.message}."""
        return exactly(connection)(self.size)


class WebSocket:
    """The WebSocket of servers that are told the channel in the path, and say nothing themselves."""

    #: Something that is in what the server says before the first message, and the end of that.
    last = b" 101 ", b"\r\n\r\n"

    def __init__(self, path: str) -> None:
        """@param path: with C{{channel}} in it."""
        self._path = path

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """See L{Wire.join}."""
        connection = plain(port, number)
        path = self._path.format(channel=channel)
        connection.sendall(wires.upgrade(f"{_HERE}:{port}", path).encode())
        read_until(connection, *self.last)
        return connection

    def message(self, connection: socket.socket) -> bytes:
        """See L{Wire.message}."""
        return read_frame(exactly(connection))


def cppcomet_request(port: int, number: int) -> bytes:
    """@return: the request of a script made for CppComet, anonymous and with a number of its own."""
    path = wires.lines("").path.replace(wires.NUMBER, f"{number:0{len(wires.NUMBER)}d}")
    return wires.upgrade(f"{_HERE}:{port}", path).encode()


def cppcomet_subscription(channel: str) -> bytes:
    """@return: the subscription of such a script, and a question behind it."""
    return b"".join(wires.frame(text.encode()) for text in wires.lines(channel).texts)


class CppComet(WebSocket):
    """The WebSocket of scripts made for CppComet."""

    def __init__(self) -> None:
        super().__init__(wires.lines("").path)

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """See L{Wire.join}."""
        return self.enter(plain(port, number), port, channel, number)

    def enter(self, connection: socket.socket, port: int, channel: str, number: int) -> socket.socket:
        """Shake hands on C{connection}, and listen. @return: it."""
        connection.sendall(cppcomet_request(port, number))
        read_until(connection, b'"authorized"', b"}")
        connection.sendall(cppcomet_subscription(channel))
        read_until(connection, wires.lines(channel).mark.encode(), b"}")
        return connection


class Tls:
    """
    A connection within TLS, whose records are counted without being decrypted.

    @ivar wire: what is within.
    """

    def __init__(self, wire: CppComet | None) -> None:
        """@param wire: C{None} for a baseline, which says a byte when the hands are shaken."""
        self._wire = wire
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """See L{Wire.join}."""
        within = self._context.wrap_socket(plain(port, number))
        if self._wire is None:
            # The tickets come before it: behind it there is nothing but messages.
            within.recv(1)
        else:
            self._wire.enter(within, port, channel, number)
        raw = socket.socket(fileno=within.detach())
        raw.settimeout(PATIENCE)
        return raw

    def message(self, connection: socket.socket) -> bytes:
        """See L{Wire.message}: a record."""
        read = exactly(connection)
        start = read(5)
        return start + read(int.from_bytes(start[3:], "big"))


class JsonSocket(WebSocket):
    """The WebSocket of the JSON protocol."""

    last = b'"subscribed"', b"}"

    def __init__(self) -> None:
        super().__init__("/comet/ws?channels={channel}")


class EventStream:
    """Server-sent events, each in a chunk of its own."""

    def join(self, port: int, channel: str, number: int) -> socket.socket:
        """See L{Wire.join}."""
        connection = plain(port, number)
        path = f"/comet/sse?channels={channel}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        read_until(connection, b'"subscribed"', b"\n\n\r\n")
        return connection

    def message(self, connection: socket.socket) -> bytes:
        """See L{Wire.message}: a chunk."""
        read, size = exactly(connection), b""
        while not size.endswith(b"\r\n"):
            size += read(1)
        return size + read(int(size, 16) + 2)


def poll_request(port: int, **poll: object) -> bytes:
    """@return: a request of long-poll."""
    body = json.dumps(poll)
    head = f"POST /comet/poll HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()
