"""The way out to one socket: the only place that writes the frames of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from comet.protocols.immediate import ImmediateWriter


@implementer(IPushProducer)
class Outlet:
    """
    Writes what a session has to say while the transport is willing; the rest waits in the session.

    Frames are whole byte strings and go out in the order they are taken, so whatever else writes to the same
    transport between two calls (a pong, say) finds it between two frames.
    """

    __slots__ = ("_open", "_paused", "_take", "_transport", "_waiting", "_writer")

    def __init__(self, transport: Any, take: Callable[[], list[bytes]]) -> None:
        """
        @param transport: a transport, or a request that is answered.
        @param take: gives the frames that wait, and forgets them.
        """
        self._transport = transport
        self._writer = ImmediateWriter(transport)
        self._take = take
        self._paused = False
        self._open = True
        self._waiting: list[Deferred[None]] = []
        transport.registerProducer(self, True)

    def ready(self) -> None:
        """There may be something to take."""
        if self._open and not self._paused:
            self._write()

    def _write(self) -> None:
        if frames := self._take():
            self._writer.write(b"".join(frames))

    def drained(self) -> Deferred[None]:
        """@return: what fires once nothing waits to be taken, or never will be."""
        done: Deferred[None] = Deferred()
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
            self._transport.unregisterProducer()
            self._release()

    def pauseProducing(self) -> None:
        """The transport has enough for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The transport wants more."""
        self._paused = False
        self.ready()
        if not self._paused:
            self._release()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self._open = False
        self._release()
