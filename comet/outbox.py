"""What waits for one client: in lanes and out of them, in order, within limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from comet.limits import Limits
from comet.model import Channel, Event, Form, Goodbye, Message
from comet.resuming import Resumption
from comet.turn import Turn

#: Puts in front of the bytes of an event what differs from client to client.
Mark = Callable[[bytes, Event], bytes]


class Express(NamedTuple):
    """
    How a wire writes that takes everything.

    @ivar flush: writes all that is in L{Outbox.outbox}.
    @ivar send: see L{comet.turn.Waiting.send}.
    """

    flush: Callable[[], None]
    send: Callable[[bytes], int]


def _send_nothing(data: bytes) -> int:
    return 0


def _nothing() -> None:
    """Write nothing."""


class Wire(Protocol):
    """What a transport offers to the session on top of it."""

    def ready(self) -> None:
        """There is something to L{Outbox.take}, and the turn is over."""

    def lose(self, goodbye: Goodbye) -> None:
        """Write what can be written, then end the connection."""

    def drained(self) -> Awaitable[None]:
        """Wait until everything has been taken, or the connection is over."""


class _NoWire:
    """Where there was a wire."""

    def ready(self) -> None:
        """Nothing is written."""

    def lose(self, goodbye: Goodbye) -> None:
        """It is lost already."""

    async def drained(self) -> None:
        """There is nothing to wait for."""


_NO_WIRE = _NoWire()


class Outbox(ABC):
    """
    What waits for one client, in bytes ready to be written.

    It waits until the end of the turn, when the wire takes it. As long as the wire takes everything, others
    may put what they have straight into the L{lane}. When it does not, more and more waits; a client that
    reads more slowly than it is written to for too long is dropped.

    @ivar form: how the client wants its events.
    @ivar lane: see L{comet.turn.Waiting}.
    @ivar flush: likewise.
    @ivar send: likewise.
    """

    lane: list[bytes] | None
    flush: Callable[[], None]
    send: Callable[[bytes], int]

    def __init__(self, form: Form, wire: Wire, limits: Limits, turn: Turn[Any], mark: Mark | None) -> None:
        self.form = form
        self._wire: Wire = wire
        self._limits, self._turn, self._mark = limits, turn, mark
        self._outbox: list[bytes] = []
        #: The bytes in the outbox, as long as it is not a lane.
        self._outbox_bytes = 0
        #: Whether the outbox is looked at at the end of this turn, likewise.
        self._is_due = False
        #: The number of the last private message in the outbox, where taking is as good as receiving.
        self._arriving = 0
        #: The channels whose messages are held back, or some of them.
        self._resuming: dict[Channel, Resumption] = {}
        self._express: Express | None = None
        self._over = False
        self.lane, self.flush, self.send = None, self._flush, _send_nothing

    @abstractmethod
    def lose(self, goodbye: Goodbye, retry: int | None = None) -> None:
        """
        End this session from our side.

        @param retry: in how many milliseconds the client should come back.
        """

    @abstractmethod
    def arrived(self, number: int) -> None:
        """The private messages up to this number have been written, which is all that can be known."""

    @property
    def is_over(self) -> bool:
        """Whether this session has ended."""
        return self._over

    def speed(self, express: Express | None) -> None:
        """
        @param express: how to write while the wire takes everything; C{None} if it does not, for now or
            ever, or there is more to do for each event.
        """
        self._express = express
        self._settle()

    @property
    def outbox(self) -> list[bytes]:
        """What waits to be written; always the same list."""
        return self._outbox

    def _settle(self) -> None:
        """Let the outbox be a lane, or not any more."""
        if self._express is None or self._over or self._resuming or self._mark is not None:
            if self.lane is not None:
                self.lane, self.flush, self.send = None, self._flush, _send_nothing
                self._outbox_bytes = sum(map(len, self._outbox))
                self._is_due = bool(self._outbox)
        elif self.lane is None and (self._is_due or not self._outbox) and not self._arriving:
            self.lane = self._outbox
            self.flush, self.send = self._express

    def _flush(self) -> None:
        self._is_due = False
        self._wire.ready()

    def fall_silent(self) -> None:
        """Nothing can be written any more. What knows us and is known by us would keep us alive: let go."""
        self.lane, self.flush, self.send = None, _nothing, _send_nothing
        self._wire, self._mark = _NO_WIRE, None

    def deliver(self, frame: bytes, event: Event) -> None:
        """Take C{event}, which is C{frame} in this session's form, for the client."""
        if self._over:
            return
        if self._resuming and isinstance(event, Message):
            resumption = self._resuming.get(event.channel)
            if resumption is not None:
                if resumption.holds(frame, event):
                    if resumption.is_overfull:
                        self.lose(Goodbye.SLOW)
                    return
                # Past and present have met.
                del self._resuming[event.channel]
        self._put(frame, event)
        if not self._resuming:
            self._settle()
        self._turn.begin()

    def _put(self, frame: bytes, event: Event) -> None:
        waiting, outbox = self._turn.waiting, self._outbox
        if self.lane is not None:
            if not outbox:
                waiting.append(self)
            outbox.append(frame)
            return
        if self._mark is not None:
            frame = self._mark(frame, event)
        outbox.append(frame)
        self._outbox_bytes += len(frame)
        if not self._is_due:
            self._is_due = True
            waiting.append(self)
        self.check_outbox()

    def check_outbox(self) -> None:
        """Drop the client if too much waits for it."""
        limits = self._limits
        if len(self._outbox) > limits.outbox_messages or self._outbox_bytes > limits.outbox_bytes:
            self._outbox.clear()
            self._outbox_bytes = 0
            self.lose(Goodbye.SLOW)

    def take(self) -> list[bytes]:
        """@return: everything in the outbox, which is empty afterwards."""
        frames = self._outbox[:]
        self._outbox.clear()
        self._outbox_bytes = 0
        if self._arriving:
            self.arrived(self._arriving)
            self._arriving = 0
        return frames

    @property
    def has_news(self) -> bool:
        """Whether there is something in the outbox."""
        return bool(self._outbox)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are in the outbox."""
        return self._outbox_bytes if self.lane is None else sum(map(len, self._outbox))

    def tell(self, event: Event) -> None:
        """Tell this client, and nobody else."""
        self._turn.pull(self)
        self.deliver(event.encoded(self.form), event)
