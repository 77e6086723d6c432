"""
The words in which cases are written.

A case is a list of steps and the outcome that the RFC wants. A step is a L{Frame} as it stands, bytes as they
are, a L{Said}, which is a text that is on its way to a listener, or L{PAUSE}.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.packing import Packer, in_blocks
from suite.wire import AGREED, CLOSE, EXTENSIONS, HEADERS, OFFER, TEXT, Frame

#: Wait here for the server to end the connection already.
PAUSE = "pause"
#: How a case is cut into segments: each frame one of its own.
BY_FRAME = -1
#: The connection stays.
OPEN = 0
#: A Close frame without a code.
NO_CODE = 1005
PROTOCOL, UNSUPPORTED, NOT_UTF8, TOO_BIG = 1002, 1003, 1007, 1009


@dataclass(frozen=True, slots=True)
class Said:
    """
    A text that the listener is to get.

    @ivar pieces: the text, in the pieces that travel in frames of their own.
    @ivar size: instead, the payload of all frames together, command and text.
    @ivar each: instead of pieces, the payload of each frame.
    @ivar single: the pieces do not make frames, they only are where the one frame may be cut.
    @ivar padded: an empty frame stands before and one behind.
    @ivar between: what comes after the piece of that number.
    @ivar packer: how it is compressed on a connection that allows it; C{None} for not at all.
    """

    pieces: tuple[bytes, ...] = (b"Hello",)
    opcode: int = TEXT
    size: int | None = None
    each: int = 0
    single: bool = False
    padded: bool = False
    between: dict[int, tuple[Frame | str, ...]] = field(default_factory=dict)
    packer: Packer | None = in_blocks


Step = Frame | Said | bytes | str


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What comes of a case.

    @ivar delivered: how many of the texts reach the listener, counted from the first.
    @ivar pongs: the payloads that come back.
    @ivar end: L{OPEN}, or the codes with which the connection may end.
    @ivar early: whether it ends at the pause.
    """

    delivered: int = 0
    pongs: tuple[bytes, ...] = ()
    end: tuple[int, ...] = (OPEN,)
    early: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """
    @ivar chop: the bytes of each segment; 0 for all at once.
    @ivar loose: outcomes that the RFC allows, too.
    @ivar headers: of the request.
    @ivar statuses: with what the request may be answered.
    @ivar heavy: takes long; not run in a test.
    @ivar agreed: what is agreed on of the extensions that the headers offer, if the server compresses.
    @ivar compressed: run where the server does not compress, where it does, or in both places.
    @ivar deflated: the outcome where it does, if it is another.
    """

    number: str
    title: str
    steps: tuple[Step, ...] = ()
    outcome: Outcome = Outcome()
    chop: int = 0
    loose: tuple[Outcome, ...] = ()
    headers: tuple[tuple[str, str], ...] = HEADERS
    start: str = "GET {} HTTP/1.1"
    statuses: tuple[int, ...] = (101,)
    heavy: bool = False
    agreed: str = ""
    compressed: tuple[bool, ...] = (False, True)
    deflated: Outcome | None = None

    def expected(self, compressed: bool) -> Outcome:
        """@return: the outcome where the server compresses, or where it does not."""
        return self.deflated if compressed and self.deflated is not None else self.outcome

    def offering(self, compressed: bool) -> tuple[tuple[tuple[str, str], ...], str]:
        """
        @return: the headers, with an offer of compression where the server compresses and unless they have
            offers of their own, and what is to be agreed on.
        """
        own = any(name.lower() == EXTENSIONS.lower() for name, _ in self.headers)
        if not compressed:
            return self.headers, ""
        return (self.headers, self.agreed) if own else ((*self.headers, (EXTENSIONS, OFFER)), AGREED)


def failed(code: int, delivered: int = 0, pongs: tuple[bytes, ...] = (), early: bool = False) -> Outcome:
    """@return: the connection ends with this code."""
    return Outcome(delivered, pongs, (code,), early)


def closed_with(code: int, reason: bytes = b"") -> Frame:
    """@return: a Close frame."""
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)


def headers_with(**changes: str | None) -> tuple[tuple[str, str], ...]:
    """@return: the usual headers with some changed, added, or, where C{None}, left out."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return tuple((name, value) for name, value in ({**dict(HEADERS), **named}).items() if value is not None)
