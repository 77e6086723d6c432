"""One case against one server: the bytes of its steps, the sockets they go through, and what came of it."""

from __future__ import annotations

import contextlib
import select
import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from suite import packing
from suite.targets import Target
from suite.vocabulary import BY_FRAME, NO_CODE, OPEN, PAUSE, Case, Outcome, Said
from suite.wire import (
    AGREED,
    CLOSE,
    CONTINUATION,
    EXTENSIONS,
    HEADERS,
    OFFER,
    PONG,
    RSV1,
    TEXT,
    Frame,
    FrameReader,
    request,
)

#: How long anything that must come may take, in seconds.
PATIENCE = 10.0
#: How long the server may take to notice what is wrong before the rest is there, in seconds.
NOTICE = 0.5
#: Texts of so many bytes are to come compressed where that is agreed on.
WORTH_IT = 256
#: The connection is gone without a Close frame; and: it should be, but it is not.
DROPPED, STUCK = -1, -2


# Steps to bytes -------------------------------------------------------------------------------------------


def _pieces(said: Said, target: Target, packed: bool) -> tuple[list[bytes], int]:
    """
    @param packed: whether the connection allows compression.
    @return: the payloads of the frames, or the pieces of that of a single one, and the reserved bits.
    """
    head, tail = target.command()
    texts = said.pieces
    if said.size is not None:
        texts = (b"*" * max(0, said.size - len(head) - len(tail)),)
    pieces = [target.text(text) for text in texts]
    pieces[0] = head + pieces[0]
    pieces[-1] += tail
    rsv = RSV1 if packed and said.packer is not None else 0
    if rsv and said.packer is not None:
        pieces = said.packer(pieces)
    if said.each:
        whole = b"".join(pieces)
        pieces = [whole[start : start + said.each] for start in range(0, len(whole), said.each)]
    return [b"", *pieces, b""] if said.padded else pieces, rsv


def _in_frames(said: Said, target: Target, packed: bool) -> Iterator[bytes | str]:
    pieces, rsv = _pieces(said, target, packed)
    for number, piece in enumerate(pieces):
        opcode = CONTINUATION if number else said.opcode
        last = number == len(pieces) - 1
        yield Frame(opcode, piece, fin=last, rsv=0 if number else rsv).to_bytes()
        for step in said.between.get(number, ()):
            yield step.to_bytes() if isinstance(step, Frame) else step


def _in_one_frame(said: Said, target: Target, packed: bool) -> Iterator[bytes | str]:
    pieces, rsv = _pieces(said, target, packed)
    data = Frame(said.opcode, b"".join(pieces), rsv=rsv).to_bytes()
    start = 0
    for number, piece in enumerate(pieces):
        end = len(piece) + (start or len(data) - sum(map(len, pieces)))
        yield data[start:end]
        start = end
        yield from (step for step in said.between.get(number, ()) if isinstance(step, str))


def _written(case: Case, target: Target, packed: bool) -> Iterator[bytes | str]:
    for step in case.steps:
        if isinstance(step, Said):
            make = _in_one_frame if step.single else _in_frames
            yield from make(step, target, packed)
        else:
            yield step.to_bytes() if isinstance(step, Frame) else step


def segments(case: Case, target: Target, packed: bool = False) -> Iterator[bytes | str]:
    """
    @param packed: whether the connection allows compression.
    @return: what is sent, segment by segment, with the pauses.
    """
    parts = _written(case, target, packed)
    if case.chop == BY_FRAME:
        yield from parts
        return
    # A pause only makes sense between frames.
    whole = b"".join(part for part in parts if isinstance(part, bytes))
    step = case.chop or len(whole) or 1
    for start in range(0, len(whole), step):
        yield whole[start : start + step]


def texts(case: Case) -> list[bytes | None]:
    """@return: the texts that the listener is to get; C{None} for one whose content does not matter."""
    return [
        None if said.size is not None else b"".join(said.pieces)
        for said in case.steps
        if isinstance(said, Said)
    ]


# What comes back ------------------------------------------------------------------------------------------


def _agreed(fields: bytes) -> str:
    """@return: what the head of an answer confirms of extensions."""
    _, found, rest = fields.partition(b"\r\nsec-websocket-extensions: ")
    return rest.partition(b"\r\n")[0].decode() if found else ""


class Unpacker:
    """Reads compressed frames as a client that has asked for nothing: messages may lean on each other."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=-15)

    def __call__(self, frame: Frame) -> Frame:
        """@return: the frame with what it says."""
        if frame.rsv != RSV1 or frame.opcode != TEXT:
            return frame
        return replace(frame, payload=self._stream.decompress(frame.payload + packing.TAIL))


# A connection ---------------------------------------------------------------------------------------------


class Line:
    """One connection, blocking, that reads whenever there is something to read."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader, self._head = FrameReader(), b""
        self.status = 0
        self.fields = b""
        #: What the server confirms of extensions.
        self.agreed = ""
        self._unpack = Unpacker()
        self.frames: list[Frame] = []
        self.gone = False

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def _take(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            self.gone = True
        elif self.status:
            self._feed(data)
        else:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if end:
                self.status, self.fields = int(head.split(None, 2)[1]), head.lower()
                self.agreed = _agreed(self.fields)
                self._feed(rest)

    def _feed(self, data: bytes) -> None:
        self._reader.feed(data)
        if self.status == 101:
            self.frames.extend(map(self._unpack, self._reader) if self.agreed else self._reader)

    def say(self, text: bytes) -> None:
        """Send a text message, compressed if that is agreed on."""
        frame = Frame(TEXT, packing.packed(text), rsv=RSV1) if self.agreed else Frame(TEXT, text)
        self.send(frame.to_bytes())

    def send(self, data: bytes) -> None:
        """Send, and read meanwhile, so that neither side has to wait for the other."""
        rest = memoryview(data)
        while rest and not self.gone:
            readable, writable, _ = select.select([self._socket], [self._socket], [], PATIENCE)
            if not readable and not writable:
                raise TimeoutError("the server does not read")
            if readable:
                self._take()
            elif writable:
                with contextlib.suppress(BlockingIOError):
                    try:
                        rest = rest[self._socket.send(rest[: 1 << 18]) :]
                    except ConnectionError:
                        # There may be last words to read.
                        self.until(lambda: False)

    def until(self, condition, seconds: float = PATIENCE) -> bool:
        """Read until C{condition()}, the end, or the time is over. @return: C{condition()}"""
        end = time.monotonic() + seconds
        while not (done := condition()) and not self.gone:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                break
            self._take()
        return done or condition()

    def open(self, request: bytes, chop: int = 0) -> bool:
        """Shake hands. @return: whether the server agrees."""
        step = chop if chop > 0 else len(request)
        for start in range(0, len(request), step):
            self.send(request[start : start + step])
        return self.until(lambda: self.status) and self.status == 101


# A case ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Facts:
    """
    What came of a case.

    @ivar delivered: how many of the texts reached the listener, all of them right and in order; -1 if not.
    @ivar end: L{OPEN}, L{DROPPED}, L{STUCK}, or the code of a Close frame.
    @ivar early: whether the connection ended at the pause.
    @ivar faults: what no server may send.
    """

    status: int = 0
    delivered: int = 0
    pongs: tuple[bytes, ...] = ()
    end: int = OPEN
    early: bool = False
    faults: list[str] = field(default_factory=list)

    def fits(self, outcome: Outcome, strict: bool) -> bool:
        """
        @param strict: whether codes count; else a connection must end without any.
        @return: whether this is what C{outcome} says.
        """
        if OPEN in outcome.end:
            ended = self.end == OPEN
        else:
            ended = self.end in outcome.end if strict else self.end == DROPPED
        return (
            ended
            and not self.faults
            and (self.early or not outcome.early)
            and (self.delivered, self.pongs) == (outcome.delivered, outcome.pongs)
        )


class Listener:
    """A client that hears what is published in the channel."""

    def __init__(self, target: Target, address: tuple[str, int]) -> None:
        self._target, self._line = target, Line(address)
        headers, agreed = (*HEADERS, (EXTENSIONS, OFFER)), AGREED if target.deflate else ""
        if not self._line.open(request(target.path, headers)) or self._line.agreed != agreed:
            raise AssertionError(f"{target.path} is answered by {self._line.status} {self._line.agreed}")
        for payload in (*target.greetings(), target.listen()):
            self._line.say(payload)
        self.heard()

    def heard(self) -> list[bytes]:
        """@return: the texts since the last time."""
        line, target = self._line, self._target
        line.say(target.question())
        found: list[bytes] = []

        def done() -> bool:
            while line.frames:
                frame = line.frames.pop(0)
                if frame.opcode != TEXT:
                    continue
                if target.deflate and not frame.rsv and len(frame.payload) >= WORTH_IT:
                    raise AssertionError(f"{len(frame.payload)} bytes came as they are")
                if target.answered(frame.payload):
                    return True
                text = target.heard(frame.payload)
                if text is not None:
                    found.append(text)
            return False

        if not line.until(done, 3 * PATIENCE):
            raise AssertionError("the listener is not answered any more")
        return found

    def close(self) -> None:
        """Leave."""
        self._line.close()


def _send_all(line: Line, case: Case, target: Target, facts: Facts) -> None:
    for segment in segments(case, target, bool(line.agreed)):
        if isinstance(segment, bytes):
            line.send(segment)
        elif segment == PAUSE:
            facts.early = line.until(lambda: _closed(line), NOTICE) or line.gone


def _closed(line: Line) -> bool:
    return any(frame.opcode == CLOSE for frame in line.frames)


def _end(line: Line, case: Case, target: Target) -> int:
    """Wait for the end if there must be one, else ask whether the connection works. @return: the end."""
    if OPEN in target.agreed(case)[0].end:
        line.say(target.question())
        if line.until(lambda: any(f.opcode == TEXT and target.answered(f.payload) for f in line.frames)):
            return OPEN
    elif line.until(lambda: _closed(line)):
        # As a browser does, so that the server need not wait to close the connection.
        line.send(Frame(CLOSE, b"\x03\xe8").to_bytes())
    line.until(lambda: False)
    closes = [frame.payload for frame in line.frames if frame.opcode == CLOSE]
    if not line.gone:
        return STUCK
    if not closes:
        return DROPPED
    return int.from_bytes(closes[0][:2], "big") if closes[0] else NO_CODE


def _faults(line: Line, agreed: str) -> Iterator[str]:
    """@return: what is wrong with what the server sent, if this is what is to be agreed on."""
    if line.agreed != agreed:
        yield f"confirmed: {line.agreed!r}, not {agreed!r}"
    if b"sec-websocket-protocol" in line.fields:
        yield "a subprotocol is confirmed"
    for frame in line.frames:
        packed = bool(agreed) and frame.rsv == RSV1 and frame.opcode == TEXT
        if (
            frame.masked
            or (frame.rsv and not packed)
            or not frame.fin
            or frame.opcode not in (TEXT, CLOSE, 9, PONG)
        ):
            yield f"an odd frame: {frame.opcode}, {frame.rsv}, {frame.fin}, {frame.masked}"


def converse(case: Case, target: Target, address: tuple[str, int], listener: Listener) -> Facts:
    """@return: what came of C{case}."""
    line, facts = Line(address), Facts()
    with contextlib.closing(line):
        headers, agreed = case.offering(target.deflate)
        opened = line.open(request(target.path, headers, case.start), case.chop)
        facts.status = line.status
        if not opened:
            return facts
        for payload in target.greetings():
            line.say(payload)
        _send_all(line, case, target, facts)
        facts.end = _end(line, case, target)
        facts.pongs = tuple(frame.payload for frame in line.frames if frame.opcode == PONG)
        facts.faults = list(_faults(line, agreed))
    heard, wanted = listener.heard(), texts(case)
    right = all(want is None or want == got for want, got in zip(wanted, heard, strict=False))
    facts.delivered = len(heard) if right and len(heard) <= len(wanted) else -1
    return facts
