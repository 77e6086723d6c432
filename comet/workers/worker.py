"""One worker as its parent sees it: a process, the link to it, and what it writes."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.protocol import Factory, ProcessProtocol
from twisted.python.failure import Failure

from comet.cluster.link import Link, opened
from comet.ports import Port
from comet.workers.logs import LogReader

#: What a worker says to its parent besides what is for the bus: it answers; it cannot start, with the exit
#: status for the parent and the reason.
READY, FAILED = b"r", b"x"
#: The descriptor of the link in a worker; those of the ports follow.
LINK = 3


def command(options: Sequence[str]) -> list[str]:
    """@return: what starts a worker."""
    # Nothing is looked for in the working directory that this process would not look for there.
    return [sys.executable, "-P", "-m", "comet.workers.child", *options]


def environment() -> dict[str, str]:
    """@return: that of a worker, which finds the same modules and the same configuration."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class Worker(ProcessProtocol):
    """
    A process that was started.

    @ivar is_ready: whether it has answered.
    @ivar since: when it was started.
    """

    def __init__(
        self,
        number: int,
        ended: Callable[[Worker, str], object],
        said: Callable[[Worker, bytes, int, bytes], object],
    ) -> None:
        """
        @param ended: is called once it has ended, with how.
        @param said: is called with kind, number and content of what it says.
        """
        self.number, self._ended, self._said = number, ended, said
        self.is_ready = False
        self.since = 0.0
        self.link: Link | None = None
        self._log = LogReader(f"worker {number}")

    def start(
        self, reactor: Any, name: str, inner: Sequence[int], options: Sequence[str], ports: Sequence[Port]
    ) -> None:
        """
        Start the process.

        @param name: that of its node.
        @param inner: the inner ports of all workers, in order.
        @param options: of the command line.
        @param ports: those that it listens to.
        """
        self.since = reactor.seconds()
        near, far = socket.socketpair()
        near.setblocking(False)
        described = [f"{port.name}={port.ip}" for port in ports]
        neighbours = ",".join(map(str, inner))
        words = command(
            [str(self.number), name, type(reactor).__module__, neighbours, *options, "--", *described]
        )
        descriptors: dict[int, Any] = {0: "w", 1: "r", 2: "r", LINK: far.fileno()}
        descriptors |= {LINK + 1 + place: port.socket.fileno() for place, port in enumerate(ports)}
        try:
            reactor.spawnProcess(self, words[0], words, env=environment(), childFDs=descriptors)
        finally:
            far.close()
        self.link = link = Link(reactor)
        link.heard = lambda string: self._said(self, *opened(string))
        link.lost = lambda reason: self.kill()
        factory = Factory.forProtocol(lambda: link)
        factory.noisy = False
        reactor.adoptStreamConnection(near.fileno(), near.family, factory)
        near.close()

    def signal(self, name: str) -> None:
        """Send the process a signal, if it is there."""
        if self.transport is not None and getattr(self.transport, "pid", None):
            self.transport.signalProcess(name)

    def kill(self) -> None:
        """End it at once."""
        self.signal("KILL")

    # Called by Twisted ------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """It has been started."""
        if self.transport is not None:
            self.transport.closeStdin()

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """It has written something."""
        self._log.feed(data)

    def processEnded(self, reason: Failure) -> None:
        """It has ended, and all it wrote was read."""
        self._log.end()
        if self.link is not None:
            self.link.lost = lambda reason: None
            self.link.cut("the worker has ended")
        error: Any = reason.value
        how = f"signal {error.signal}" if getattr(error, "signal", None) else f"status {error.exitCode}"
        self._ended(self, how)
