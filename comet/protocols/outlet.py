"""The way out to one socket: the only place that writes the frames of a session."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from comet.outbox import Express
from comet.protocols.immediate import sender, writer
from comet.sweep import JOINED


class Source(Protocol):
    """What is written, as a session has it."""

    @property
    def outbox(self) -> list[bytes]:
        """The frames that wait; always the same list."""

    def take(self) -> list[bytes]:
        """@return: the frames that wait, which are forgotten."""

    def speed(self, express: Express | None) -> None:
        """
        @param express: how to write; C{None} while the socket does not take it.
        """

    def check_outbox(self) -> None:
        """More may wait than is allowed."""


def _write_nowhere(data: bytes) -> None:
    pass


@implementer(IPushProducer)
class Outlet:
    """
    Writes what a session has to say while the transport is willing; the rest waits in the session.

    Frames are whole byte strings and go out in the order they are taken, so whatever else writes to the same
    transport between two calls (a pong, say) finds it between two frames.
    """

    __slots__ = ("_express", "_open", "_outbox", "_paused", "_source", "_transport", "_waiting", "_write_now")

    def __init__(self, transport: Any, source: Source) -> None:
        """@param transport: a transport, or a request that is answered."""
        self._transport = transport
        self._write_now = writer(transport)
        self._express: Express | None = Express(self._flush, sender(transport, self._write_now))
        self._source, self._outbox = source, source.outbox
        self._paused = False
        self._open = True
        self._waiting: list[Deferred[None]] = []
        transport.registerProducer(self, True)
        if not self._paused:
            source.speed(self._express)

    def _flush(self) -> None:
        """Write what is in the outbox: one frame, most of the time."""
        outbox = self._outbox
        if len(outbox) == 1:
            self._write_now(outbox.pop())
        elif outbox and self._open:
            self._write_joined(outbox)

    def _write_joined(self, outbox: list[bytes]) -> None:
        while outbox and not self._paused:
            piece = outbox[:JOINED]
            del outbox[:JOINED]
            self._write_now(b"".join(piece))
        if outbox:
            self._source.check_outbox()

    def ready(self) -> None:
        """There may be something to take."""
        if self._open and not self._paused:
            self._write()

    def _write(self) -> None:
        if frames := self._source.take():
            self._write_now(b"".join(frames))

    def drained(self) -> Deferred[None]:
        """@return: what fires once nothing waits to be taken, or never will be."""
        done: Deferred[None] = Deferred()
        self.ready()
        if self._open and self._paused:
            self._waiting.append(done)
        else:
            done.callback(None)
        return done

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)

    def finish(self) -> None:
        """Write what waits, whether or not the transport is willing, and never write again."""
        if self._open:
            self._open = False
            self._write()
            self._source.speed(None)
            self._transport.unregisterProducer()
            self._release()

    def pauseProducing(self) -> None:
        """The transport has enough for now."""
        self._paused = True
        self._source.speed(None)

    def resumeProducing(self) -> None:
        """The transport wants more."""
        self._paused = False
        self.ready()
        if not self._paused and self._open:
            self._source.speed(self._express)
            self._release()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self._open = False
        # It knows us, and we know it: apart, both are gone at once.
        self._express = self._transport = None
        self._write_now = _write_nowhere
        self._source.speed(None)
        self._release()
