"""
Packets in a stream of bytes.

A frame is a length of three bytes, a sequence number and the payload. A payload of the greatest length is
continued in the next frame, so a packet is one frame or many.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html}
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from comet.errors import OutOfOrder, PacketTooLarge
from comet.protocols.mysql.constants import MAX_FRAME, MAX_PACKET

#: Three bytes of length and the sequence number.
HEADER = 4

#: How many bytes of a packet over the limit are kept, to know what it was.
HEAD = 7

#: What is written comes in pieces of about this many bytes.
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Packet:
    """
    One payload.

    @ivar sequence: the number of its first frame.
    """

    sequence: int
    payload: bytes

    def next_sequence(self, frame: int = MAX_FRAME) -> int:
        """@return: the number of the frame that comes after this packet."""
        return (self.sequence + len(self.payload) // frame + 1) & 0xFF

    def to_bytes(self, frame: int = MAX_FRAME) -> bytes:
        """
        @param frame: the greatest length of a frame.
        @return: this packet for the wire, in as many frames as it takes.
        """
        payload, sequence = self.payload, self.sequence
        if len(payload) < frame:
            return b"%b%c%b" % (len(payload).to_bytes(3, "little"), sequence, payload)
        parts: list[bytes] = []
        # A payload that fills its last frame is followed by an empty one, which says that it has ended.
        for number, start in enumerate(range(0, len(payload) + 1, frame), sequence):
            part = payload[start : start + frame]
            parts += (len(part).to_bytes(3, "little"), bytes((number & 0xFF,)), part)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Oversized:
    """
    A packet over the limit has come to its end; only its first bytes were kept.

    @ivar sequence: the number of its first frame.
    """

    sequence: int
    size: int
    head: bytes = b""

    def next_sequence(self, frame: int = MAX_FRAME) -> int:
        """@return: the number of the frame that comes after this packet."""
        return (self.sequence + self.size // frame + 1) & 0xFF


class PacketReader:
    """
    Bytes in, whole packets out.

    The limit is checked when a header is seen, before the bytes that it announces are waited for.

    @ivar limit: the longest payload that is kept.
    @ivar forgiving: whether a longer one is dropped as it arrives, and told of, rather than an error.
    @ivar sequence: the number of the latest frame.
    @ivar fresh: what came last, as long as nothing was waiting then; empty if there is nothing for L{quick}.
    """

    def __init__(self, limit: int, forgiving: bool = False, frame: int = MAX_FRAME) -> None:
        """@param frame: the greatest length of a frame."""
        self.limit = limit
        self.forgiving = forgiving
        self._frame = frame
        # Up to C{_at} what is fresh has been taken as packets.
        self.fresh, self._at = b"", 0
        # All else that has not been looked at.
        self._buffer = bytearray()
        # Of the packet that has begun: the number of its first frame, its length so far, its complete
        # frames, and whether it is over the limit.
        self._first = 0
        self._size = 0
        self._parts: list[bytes] = []
        self._dropping = False
        self._head = b""
        # Of the latest frame: its number, whether its header alone has been taken, how much of it is to
        # come, and whether it ends the packet.
        self.sequence = 0
        self._in_frame = False
        self._missing = 0
        self._last = True

    def feed(self, data: bytes) -> None:
        """Take bytes from the network."""
        if self._buffer or len(self.fresh) != self._at:
            self._pour()
            self._buffer += data
        else:
            self.fresh, self._at = data, 0

    def _pour(self) -> None:
        """Put what is fresh behind what is there."""
        if self.fresh:
            self._buffer += self.fresh[self._at :]
            self.fresh, self._at = b"", 0

    @property
    def waiting(self) -> int:
        """How many bytes have come in and have not been looked at."""
        return len(self._buffer) + len(self.fresh) - self._at

    def quick(self, commands: Container[int]) -> bytes | None:
        """
        The short way of nearly every packet, which came whole and in one piece of the network.

        @return: the payload of the next packet, if it is there, has one frame with the number 0 and begins
            with one of C{commands}; C{None} if not, and nothing has been taken.
        """
        fresh, at = self.fresh, self._at
        start, here = at + HEADER, len(fresh)
        if here <= start or fresh[start] not in commands or self._in_frame or not self._last:
            return None
        size = fresh[at] | fresh[at + 1] << 8 | fresh[at + 2] << 16
        end = start + size
        # The frame may have no bytes: what looks like a command is the head of the next one then.
        if not size or end > here or fresh[at + 3] or size > self.limit or size >= self._frame:
            return None
        self.sequence = 0
        if end == here:
            self.fresh, self._at = b"", 0
        else:
            self._at = end
        return fresh[start:end]

    def take(self) -> bytes:
        """@return: the bytes that have not been looked at, which are gone from here."""
        self._pour()
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def __iter__(self) -> Iterator[Packet | Oversized]:
        while self._in_frame or self._header_taken():
            if not self._body_taken():
                return
            self._in_frame = False
            if self._last:
                yield self._packet()

    def _header_taken(self) -> bool:
        self._pour()
        buffer = self._buffer
        if len(buffer) < HEADER:
            return False
        length, sequence = buffer[0] | buffer[1] << 8 | buffer[2] << 16, buffer[3]
        del buffer[:HEADER]
        before, self.sequence = self.sequence, sequence
        if self._last:
            self._first, self._size = sequence, 0
        elif sequence != (before + 1) & 0xFF:
            raise OutOfOrder(f"Got packets out of order: number {sequence} after {before}")
        self._in_frame, self._missing, self._last = True, length, length < self._frame
        self._size += length
        if self._size > self.limit:
            self._drop()
        return True

    def _drop(self) -> None:
        if not self.forgiving or self._size > MAX_PACKET:
            raise PacketTooLarge(
                f"Got a packet of {self._size} bytes or more, at most {self.limit} are allowed"
            )
        if not self._dropping:
            self._dropping, self._head = True, b"".join(self._parts)[:HEAD]
        self._parts.clear()

    def _body_taken(self) -> bool:
        self._pour()
        buffer, missing = self._buffer, self._missing
        if self._dropping:
            gone = min(missing, len(buffer))
            self._head += buffer[: min(gone, HEAD - len(self._head))]
            del buffer[:gone]
            self._missing -= gone
            return not self._missing
        if len(buffer) < missing:
            return False
        with memoryview(buffer) as view:
            self._parts.append(bytes(view[:missing]))
        del buffer[:missing]
        return True

    def _packet(self) -> Packet | Oversized:
        parts, self._parts = self._parts, []
        if self._dropping:
            self._dropping = False
            return Oversized(self._first, self._size, self._head)
        return Packet(self._first, parts[0] if len(parts) == 1 else b"".join(parts))


class PacketWriter:
    """
    Payloads in, bytes out.

    @ivar sequence: the number of the next frame.
    """

    def __init__(self) -> None:
        self.sequence = 0

    def pack(self, payload: bytes) -> bytes:
        """@return: the next packet for the wire."""
        packet = Packet(self.sequence, payload)
        self.sequence = packet.next_sequence()
        return packet.to_bytes()

    def pieces(self, payloads: Iterable[bytes]) -> Iterator[bytes]:
        """
        @return: the next packets for the wire, joined and cut into pieces, each of whole packets. What
            C{payloads} raises comes after the bytes before it, and a packet may still follow.
        """
        piece = bytearray()
        try:
            for payload in payloads:
                piece += self.pack(payload)
                if len(piece) >= PIECE:
                    yield bytes(piece)
                    piece.clear()
        except Exception:
            yield bytes(piece)
            raise
        yield bytes(piece)
