"""
The baseline of signals that are relayed by a server as one would write it with Autobahn.

Whoever connects to C{/?number=N} has that number. A text is a JSON object: it is handed to the number that it
has in C{to}, with the number of the sender in its place.
"""

from __future__ import annotations

import json
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import protocol, reactor


class Page(WebSocketServerProtocol):
    """A connection."""

    factory: Pages
    number: int

    def onConnect(self, request: Any) -> None:
        """It says who it is."""
        (self.number,) = map(int, request.params["number"])

    def onOpen(self) -> None:
        """The hands are shaken."""
        self.factory.pages[self.number] = self

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Hand it on."""
        signal = json.loads(payload)
        other = self.factory.pages[signal.pop("to")]
        other.sendMessage(json.dumps({**signal, "from": self.number}).encode())


class Pages(WebSocketServerFactory):
    """Makes them, and knows those who are here."""

    protocol = Page

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[int, Page] = {}


def main() -> None:
    """Listen, and print where."""
    pages = Pages()
    pages.setProtocolOptions(tcpNoDelay=True)
    # There is nothing to order: those who come do so themselves.
    ports = [reactor.listenTCP(0, each, 4096, "127.0.0.1") for each in (protocol.Factory(), pages)]
    print(*(port.getHost().port for port in ports), flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
