"""Pages that talk to each other over WebSockets: what each says next depends on what it has heard."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from comet.bench.wires import frame, upgrade
from rig.joining import exactly, plain
from rig.loop import Loop

_READ_SIZE = 1 << 16
_TEXT = 0x81
#: The most that the header of a frame has, as long as its text is shorter than 64 KiB.
_HEADER = 4


def command(**words: Any) -> bytes:
    """@return: a command in JSON, as a frame."""
    return frame(json.dumps(words, separators=(",", ":")).encode())


def _sizes(header: bytes | bytearray) -> tuple[int, int]:
    """@return: how long the header of a frame of a server is, and its text; as much as is known of them."""
    return (4, int.from_bytes(header[2:4], "big")) if header[1] == 126 else (2, header[1])


class Page:
    """
    A page with one WebSocket.

    @ivar hear: is called with each text that comes.
    """

    def __init__(self, loop: Loop, port: int, path: str) -> None:
        """@param path: what is asked for, with who it is."""
        self.hear: Callable[[bytes], object] = lambda text: None
        self._loop, self._unread = loop, bytearray()
        self._socket = plain(port)
        self._exactly = exactly(self._socket)
        self._socket.sendall(upgrade(f"127.0.0.1:{port}", path).encode())
        head = b""
        # Byte by byte, for what the server says first may come with it.
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        if b" 101 " not in head:
            sys.exit(f"the server does not shake hands: {head!r}")

    def ask(self, **words: Any) -> dict[str, Any]:
        """@return: the answer to a command; only before L{listen}."""
        self.say(command(id=1, **words))
        while (found := self.next()).get("id") != 1:
            pass
        if found["type"] != "ok":
            sys.exit(f"the server refuses {words}: {found}")
        return found

    def next(self) -> dict[str, Any]:
        """@return: the next text, parsed; only before L{listen}."""
        header = self._exactly(2)
        start, size = _sizes(header)
        if start > len(header):
            _, size = _sizes(header + self._exactly(start - len(header)))
        text: dict[str, Any] = json.loads(self._exactly(size))
        return text

    def listen(self) -> None:
        """Be called by the loop from now on."""
        self._loop.add(self._socket, self._read)

    def say(self, data: bytes) -> None:
        """Say something, which is little."""
        if self._socket.send(data) != len(data):
            sys.exit("the server does not read what a page says")

    def _read(self) -> None:
        got = self._socket.recv(_READ_SIZE)
        if not got:
            sys.exit(f"the server has closed the connection of a page, after {bytes(self._unread)!r}")
        unread = self._unread
        unread += got
        while len(unread) >= 2:
            start, size = _sizes(unread)
            if len(unread) < start + size:
                break
            if unread[0] != _TEXT:
                sys.exit(f"the server has sent something else than a text: {bytes(unread)!r}")
            text = bytes(unread[start : start + size])
            del unread[: start + size]
            self.hear(text)

    def close(self) -> None:
        """Go away."""
        self._loop.remove(self._socket)
        self._socket.close()
