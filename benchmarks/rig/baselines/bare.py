"""
The baseline of connecting: a bare Twisted protocol, which answers every request with a 101 and then stays.

It listens on a free port of 127.0.0.1 and prints its number. What is asked for it does not look at.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"
)


class Bare(Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.head = b""

    def dataReceived(self, data: bytes) -> None:
        """Answer when the whole head is here."""
        self.head += data
        if self.head.endswith(b"\r\n\r\n"):
            self.head = b""
            assert self.transport is not None
            self.transport.write(ANSWER)


def main() -> None:
    """Listen."""
    # What is known of the reactor depends on the machine.
    loop: Any = reactor
    port = loop.listenTCP(0, Factory.forProtocol(Bare), backlog=1024, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    loop.run()


if __name__ == "__main__":
    main()
