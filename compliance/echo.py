"""
The browser port with an echo behind it instead of sessions, for test suites that want one.

Doorway, handshake, limits, timers, frames and outlet are those of the server; only what a message means is
replaced: text and binary messages come back as they were. Connections end with Close frames; with C{--drop}
they are dropped without one, as clients of the line protocol need it::

    python compliance/echo.py --port 9002
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.web.resource import Resource
from twisted.web.server import Site

from comet.broker import Broker
from comet.limits import Limits
from comet.protocols.frames import text_frame
from comet.protocols.outlet import Outlet
from comet.protocols.site import BrowserPort
from comet.protocols.websocket import BrowserFactory, BrowserProtocol
from comet.storage.memory import MemoryStore

#: As much as the largest messages of the suites need.
LONGEST = 17 << 20


class EchoProtocol(BrowserProtocol):
    """A connection whose messages come back."""

    def onOpen(self):
        """The handshake is done: no session, but an outlet."""
        self._frames = []
        self._outlet = Outlet(self.transport, self._take)

    def _take(self):
        frames, self._frames = self._frames, []
        return frames

    def onMessage(self, payload, isBinary):
        """A whole message is here: send it back."""
        frame = text_frame(payload)
        self._frames.append(b"\x82" + frame[1:] if isBinary else frame)
        self._outlet.ready()


class ClosingProtocol(EchoProtocol):
    """The same, but it ends with Close frames, which say what was wrong."""

    def onConnect(self, request):
        """The request is here."""
        self.failByDrop = False
        return super().onConnect(request)

    def sendCloseFrame(self, *arguments, **more):
        """Close as Autobahn does."""
        WebSocketServerProtocol.sendCloseFrame(self, *arguments, **more)


def main():
    """Listen until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9002)
    parser.add_argument("--drop", action="store_true", help="never send a Close frame")
    options = parser.parse_args()
    limits = Limits(message=LONGEST)
    broker = Broker(MemoryStore(), limits, lambda: 0, lambda coroutine: coroutine.close())
    websockets = BrowserFactory(broker, reactor, server="echo")
    websockets.protocol = EchoProtocol if options.drop else ClosingProtocol
    port = BrowserPort(websockets, Site(Resource()), limits, reactor)
    listening = TCP4ServerEndpoint(reactor, options.port, interface="127.0.0.1").listen(port)
    listening.addCallback(lambda port: print(f"listening to {port.getHost().port}", flush=True))
    listening.addErrback(lambda failure: (failure.printTraceback(), reactor.stop()))
    reactor.run()


if __name__ == "__main__":
    main()
