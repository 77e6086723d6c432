"""
The baseline of a server that is written with Autobahn as its examples are: a prepared message, sent to each.

It is called as C{sendloop.c}, and does the same, except that its subscribers come to a port of their own,
which is printed behind the other, and shake hands for a WebSocket. A ping is answered, as Autobahn does.
"""

from __future__ import annotations

import sys
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import protocol, reactor


class Subscriber(WebSocketServerProtocol):
    """A connection of a channel."""

    factory: Subscribers

    def onOpen(self) -> None:
        """The hands are shaken; who asks for another path only wants to be here."""
        if self.http_request_path == "/":
            self.factory.subscribers.append(self)


class Subscribers(WebSocketServerFactory):
    """Makes them, and knows those who are here."""

    protocol = Subscriber

    def __init__(self) -> None:
        super().__init__()
        self.subscribers: list[Subscriber] = []


class Control(protocol.Protocol):
    """Takes the message, then the orders."""

    transport: Any

    def __init__(self, factory: Subscribers, size: int, channels: int) -> None:
        self._factory, self._size, self._channels = factory, size, channels
        self._message, self._channel = b"", 0

    def dataReceived(self, data: bytes) -> None:
        """A part of the message, or orders."""
        missing = self._size - len(self._message)
        self._message += data[:missing]
        for _ in data[missing:]:
            self._broadcast()

    def _broadcast(self) -> None:
        prepared = self._factory.prepareMessage(self._message, isBinary=False)
        for subscriber in self._factory.subscribers[self._channel :: self._channels]:
            subscriber.sendPreparedMessage(prepared)
        self._channel = (self._channel + 1) % self._channels
        self.transport.write(b"+")


def main() -> None:
    """See C{sendloop.c}."""
    _, size, channels = map(int, sys.argv[1:])
    factory = Subscribers()
    factory.setProtocolOptions(tcpNoDelay=True)
    control = protocol.Factory.forProtocol(lambda: Control(factory, size, channels))
    ports = [reactor.listenTCP(0, each, 4096, "127.0.0.1") for each in (control, factory)]
    print(*(port.getHost().port for port in ports), flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
