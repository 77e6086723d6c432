"""
The browser port with an echo behind it instead of sessions, for test suites that want one.

Doorway, handshake, limits, timers, frames and outlet are those of the server; only what a message means is
replaced: text and binary messages come back as they were. At C{/comet/ws} connections end as those of JSON
clients, with Close frames; below C{/ws/} they are dropped, as old clients need it::

    python compliance/echo.py --port 9002 --compress
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.web.resource import Resource
from twisted.web.server import Site

from comet.broker import Broker
from comet.limits import Limits
from comet.protocols.deflate import deflated_frame
from comet.protocols.frames import text_frame
from comet.protocols.jsonsocket import JsonFactory, JsonProtocol
from comet.protocols.outlet import Outlet
from comet.protocols.reception import Reception
from comet.protocols.site import BrowserPort, Sockets
from comet.protocols.sockets import SocketProtocol
from comet.protocols.websocket import BrowserFactory, BrowserProtocol
from comet.protocols.wheel import Wheel
from comet.storage.memory import MemoryStore

#: As much as the largest messages of the suites need.
LONGEST = 17 << 20


class Echo:
    """What is in the place of a session: messages that go back. It is the source of the outlet, too."""

    def onOpen(self):
        """The handshake is done: no session, but an outlet."""
        SocketProtocol.onOpen(self)
        self.outbox = []
        self._outlet = Outlet(self.transport, self)

    def take(self):
        """See L{comet.protocols.outlet.Source.take}."""
        frames = self.outbox[:]
        self.outbox.clear()
        return frames

    def speed(self, express):
        """See L{comet.protocols.outlet.Source.speed}."""

    def check_outbox(self):
        """See L{comet.protocols.outlet.Source.check_outbox}."""

    def onMessage(self, payload, isBinary):
        """A whole message is here: send it back."""
        frame = deflated_frame(payload) if self.is_compressed else text_frame(payload)
        self.outbox.append(bytes((frame[0] + isBinary,)) + frame[1:])
        self._outlet.ready()


class Dropping(Echo, BrowserProtocol):
    """A connection that ends as those of the line protocol."""


class Closing(Echo, JsonProtocol):
    """The same, but it ends as those of the JSON protocol."""


def main():
    """Listen until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9002)
    parser.add_argument("--compress", action="store_true", help="agree to permessage-deflate")
    options = parser.parse_args()
    limits = Limits(message=LONGEST)
    broker = Broker(MemoryStore(), limits, lambda: 0, lambda coroutine: coroutine.close())
    reception = Reception(broker, Wheel(reactor), server="echo", compress=options.compress)
    lines, jsons = BrowserFactory(reception, reactor), JsonFactory(reception, reactor)
    lines.protocol, jsons.protocol = Dropping, Closing
    port = BrowserPort(Sockets(lines, jsons), Site(Resource()), limits, reactor)
    listening = TCP4ServerEndpoint(reactor, options.port, interface="127.0.0.1").listen(port)
    listening.addCallback(lambda port: print(f"listening to {port.getHost().port}", flush=True))
    listening.addErrback(lambda failure: (failure.printTraceback(), reactor.stop()))
    reactor.run()


if __name__ == "__main__":
    main()
