"""
Long-poll among several workers: a request that has come to the wrong one is passed on.

A session of long-poll lives in one worker, and the kernel gives each new connection to any of them. So the
secret of a session begins with the number of its worker, and each worker has a port of its own, on the
loopback address alone, where the others bring requests for sessions that it has. Whoever brings there what
was made up learns no more than at the port of the browsers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, FileBodyProducer, readBody

from comet.protocols.polling import WAIT_LIMIT

#: How long a worker may take besides what the client waits for, in seconds.
PATIENCE_SECONDS = 10


class Neighbours:
    """The other workers of this machine."""

    def __init__(self, number: int, ports: Mapping[int, int], reactor: Any) -> None:
        """
        @param number: that of this worker.
        @param ports: the inner port of each worker.
        """
        self.mark = f"{number}."
        self._ports = {other: port for other, port in ports.items() if other != number}
        self._reactor = reactor
        self._agent = Agent(reactor, connectTimeout=PATIENCE_SECONDS)

    def port_of(self, secret: str) -> int | None:
        """@return: where to bring a request of the session with C{secret}; C{None} if to nobody."""
        found = re.match(r"(\d{1,4})\.", secret)
        return self._ports.get(int(found[1])) if found else None

    def bring(self, body: bytes, port: int) -> Deferred[bytes | None]:
        """
        @return: the answer to a request with C{body}, or C{None} if there is no such session, or nobody to
            ask. Cancelled, it goes away from the request.
        """
        work: Deferred[bytes | None] = Deferred.fromCoroutine(self._bring(body, port))
        work.addTimeout(WAIT_LIMIT + PATIENCE_SECONDS, self._reactor)
        return work.addErrback(lambda failure: None)

    async def _bring(self, body: bytes, port: int) -> bytes | None:
        url = f"http://127.0.0.1:{port}/".encode()
        answer = await self._agent.request(b"POST", url, None, FileBodyProducer(BytesIO(body)))
        found: bytes = await readBody(answer)
        return found if answer.code == 200 else None
