"""
Requests of HTTP whose bodies are bounded.

Twisted reads a body as a whole, into memory or into a temporary file, before it asks any resource. Here the
path says beforehand how much that may be, and more is refused as soon as it shows: by C{Content-Length}, else
when the byte too many arrives.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from twisted.web.server import Request

from comet.gate import Gate
from comet.protocols.api import problems
from comet.protocols.api.bodies import write_body
from comet.protocols.api.problems import Problem
from comet.protocols.api.routes import PREFIX
from comet.protocols.refusing import unasked
from comet.refusals import Reason

#: A longer body for the HTTP API is read only from those whose key may open it.
STRANGERS_BODY = 64 << 10
#: For how many seconds we go on reading from who was refused: a connection that is closed while something is
#: on its way to us is reset, and the answer lost.
LINGER_SECONDS = 1.0

_API = (f"{PREFIX}/".encode(), f"/comet-server{PREFIX}/".encode())


#: A longer body for the console is read from nobody.
CONSOLE_BODY = 1 << 20

_CONSOLE = (b"/console", b"/comet-server/console")


def is_console(path: bytes) -> bool:
    """@return: whether C{path} is one of the console."""
    return path.startswith(_CONSOLE)


def is_api(path: bytes) -> bool:
    """@return: whether C{path} is one of the HTTP API."""
    return path.startswith(_API)


class Bounds(Protocol):
    """What the site of a L{BoundedRequest} has to know."""

    gate: Gate

    def bound(self, path: bytes) -> int:
        """@return: the most bytes that the body of a request for C{path} may have."""

    def judge(self, request: BoundedRequest, query: bytes) -> Problem | None:
        """@return: why a request to the HTTP API is refused, whatever its body has; C{None} if it is not."""


class BoundedRequest(Request):
    """A request whose body has a bound."""

    _received = 0
    _judged = False
    _lingering: IDelayedCall | None = None

    def gotLength(self, length: int | None) -> None:
        """The headers are here; so many bytes shall follow, C{None} for as many as it likes."""
        super().gotLength(length)
        self._count(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        """A piece of the body is here."""
        if self._lingering is None:
            self._received += len(data)
            self._count(self._received)
        if self._lingering is None:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole request is here; what was refused is answered already."""
        if self._lingering is None:
            super().requestReceived(command, path, version)

    def process(self) -> None:
        """Find what answers."""
        # "OPTIONS *" asks about no path; here it is one like others.
        self.path = b"/*" if self.path == b"*" else self.path
        super().process()

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone."""
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        super().connectionLost(reason)

    def _count(self, length: int) -> None:
        channel: Any = self.channel
        site: Bounds = channel.site
        # The request itself learns its path only with the whole of the body.
        path, _, query = channel._path.partition(b"?")
        most = site.bound(path)
        if length > most:
            site.gate.refusals[Reason.BODY] += 1
            if is_api(path):
                self._refuse_problem(problems.body_too_large(most))
            else:
                self._refuse(
                    unasked(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body of more than {most} bytes")
                )
        elif length > STRANGERS_BODY and is_api(path) and not self._judged:
            self._judged = True
            if problem := site.judge(self, query):
                self._refuse_problem(problem)

    def _refuse_problem(self, problem: Problem) -> None:
        body = write_body(problem.content)
        self._refuse(unasked(HTTPStatus(problem.status), body, headers=problem.headers))

    def _refuse(self, answer: bytes) -> None:
        """Answer at once, pass over what still comes, and close a little later."""
        channel: Any = self.channel
        # Or else the channel would say that we wait for the rest.
        self.requestHeaders.removeHeader(b"Expect")
        channel.persistent = False
        channel.transport.write(answer)
        self._lingering = channel.callLater(LINGER_SECONDS, channel.loseConnection)
