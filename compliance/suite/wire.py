"""A client's side of RFC 6455 without a socket: frames with any bit at will, and a reader of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
#: The reserved bit that says that a message is compressed (RFC 7692, 6).
RSV1 = 4

_MASK = b"\x37\xfa\x21\x3d"
#: The key of the example in RFC 6455, 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="

#: The header of extensions, the one that is offered, and what a server that compresses says to it.
EXTENSIONS, OFFER = "Sec-WebSocket-Extensions", "permessage-deflate"
AGREED = f"{OFFER}; client_no_context_takeover"

#: What a request says unless a case says otherwise.
HEADERS = (
    ("Host", "127.0.0.1"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
)


def request(
    path: str, headers: tuple[tuple[str, str], ...] = HEADERS, start: str = "GET {} HTTP/1.1"
) -> bytes:
    """@return: an opening handshake."""
    lines = [start.format(path), *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _masked(payload: bytes) -> bytes:
    size = len(payload)
    mask = int.from_bytes((_MASK * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, right or wrong; C{length} is in how many bytes its size is written, if not the fewest."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    masked: bool = True
    length: int | None = None

    def to_bytes(self) -> bytes:
        """@return: the frame as a client sends it."""
        size, bit = len(self.payload), 0x80 if self.masked else 0
        extra = self.length if self.length is not None else 0 if size < 126 else 2 if size < 1 << 16 else 8
        short = {0: size, 2: 126, 8: 127}[extra]
        head = bytes((0x80 * self.fin | self.rsv << 4 | self.opcode, bit | short))
        head += size.to_bytes(extra, "big") if extra else b""
        return head + (_MASK + _masked(self.payload) if self.masked else self.payload)


class FrameReader:
    """Bytes from a server in, its frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Bytes have come."""
        self._buffer += data

    @property
    def rest(self) -> bytes:
        """What is not a whole frame yet."""
        return bytes(self._buffer)

    def __iter__(self) -> Iterator[Frame]:
        while len(buffer := self._buffer) >= 2:
            extra = {126: 2, 127: 8}.get(buffer[1] & 0x7F, 0)
            start = 2 + extra
            if len(buffer) < start:
                return
            size = int.from_bytes(buffer[2:start], "big") if extra else buffer[1] & 0x7F
            if len(buffer) < start + size:
                return
            first, masked = buffer[0], buffer[1] >= 0x80
            payload = bytes(buffer[start : start + size])
            del buffer[: start + size]
            yield Frame(first & 0x0F, payload, first >= 0x80, first >> 4 & 7, masked)
