"""Tests for L{comet.protocols.lean}: what a connection keeps, and that Autobahn still does its work."""

import gc
import tracemalloc
import weakref

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.reception import Reception
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from tests.protocols.browser import PATH, Browser, frame, frames, request
from tests.running import make_broker

#: The most bytes that an idle client that listens may take, besides its socket and the transport of Twisted.
MOST = 3500
CLIENTS = 300
#: How clients of each dialect connect, and what they say to listen.
DIALECTS = (
    (BrowserFactory, PATH, "subscription\nweb_chat"),
    (JsonFactory, "/comet/ws", '{"cmd": "hello", "channels": {"web_chat": null}}'),
)
GONE = Failure(ConnectionLost())


class Nowhere:
    """A transport that keeps nothing, so that only what is ours is counted."""

    __slots__ = ()

    def getPeer(self):
        return IPv4Address("TCP", "192.0.2.1", 54321)

    def ignore(self, *arguments):
        """It does not matter here."""

    write = registerProducer = unregisterProducer = setTcpNoDelay = ignore


class LeanTests(SynchronousTestCase):
    """Connections that only listen."""

    def setUp(self):
        self.clock = Clock()
        self.reception = self.make_reception()

    def make_reception(self, **limits):
        return Reception(make_broker(**limits), Wheel(self.clock), server="comet test", ping_seconds=30)

    def listening(self, factory, path, text):
        """@return: the protocol of a client that listens."""
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(Nowhere())
        protocol.dataReceived(request(path, User_Agent="Mozilla/5.0 (X11; Linux x86_64)"))
        protocol.dataReceived(frame(text))
        self.clock.advance(0)
        return protocol

    def test_an_idle_client_takes_little(self):
        """A fifth of what it takes if all is kept that was ever known."""
        for make, path, text in DIALECTS:
            factory = make(self.reception, self.clock)
            # The first ones pay for what all share.
            kept = [self.listening(factory, path, text) for _ in range(CLIENTS)]
            gc.collect()
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            before, _ = tracemalloc.get_traced_memory()
            kept += [self.listening(factory, path, text) for _ in range(CLIENTS)]
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            self.assertLess((after - before) / CLIENTS, MOST)
            for client in kept:
                client.connectionLost(GONE)
        self.assertEqual(self.reception.traffic.added, 4 * CLIENTS)

    def test_who_is_gone_is_forgotten_at_once(self):
        """Nothing of a connection waits for the garbage collector: no circle keeps it."""
        for make, path, text in DIALECTS:
            client = self.listening(make(self.reception, self.clock), path, text)
            (session,) = self.reception.sessions
            left = [weakref.ref(each) for each in (client, session)]
            gc.disable()
            self.addCleanup(gc.enable)
            client.connectionLost(GONE)
            del client, session
            self.assertEqual([each() for each in left], [None, None])
            gc.enable()

    def test_the_handshake_is_forgotten(self):
        """As it is only of use once."""
        for make, path, text in DIALECTS:
            client = self.listening(make(self.reception, self.clock), path, text)
            for name in ("http_request_data", "http_headers", "http_request_uri", "http_response_data"):
                self.assertIsNone(getattr(client, name))

    def test_each_factory_has_its_settings(self):
        """Though they are in the class and not in the connection."""
        for longest in (1000, 5000):
            factory = BrowserFactory(self.make_reception(message=longest), self.clock)
            fits, too_long = Browser(factory).open(), Browser(factory).open()
            # No more than the header, which says how long it is.
            fits.send(frame("x" * (longest + 4096))[:8])
            too_long.send(frame("x" * (longest + 4097))[:8])
            self.assertEqual((fits.socket.ended, too_long.socket.ended), (None, "aborted"))

    def test_messages_in_pieces_do_not_mix(self):
        """Two clients each send a character whose bytes are in two frames, in turns."""
        factory = JsonFactory(self.reception, self.clock)
        first, second = (Browser(factory).open("/comet/ws") for _ in range(2))
        euro, heart = '{"cmd": "€"}'.encode(), '{"cmd": "♥"}'.encode()
        first.send(frame(euro[:10], fin=False))
        second.send(frame(heart[:11], fin=False))
        first.send(frame(euro[10:], opcode=0))
        second.send(frame(heart[11:], opcode=0))
        for browser in (first, second):
            ((opcode, _),) = frames(browser.socket.value())
            self.assertEqual((opcode, browser.socket.ended), (1, None))

    def test_what_is_no_text_is_refused_by_its_first_wrong_byte(self):
        """Before the message has come to its end."""
        browser = Browser(JsonFactory(self.reception, self.clock)).open("/comet/ws")
        browser.send(frame(b"\xff\xff", fin=False))
        self.clock.advance(0)
        ((opcode, payload),) = [each for each in frames(browser.socket.value()) if each[0] == 8]
        self.assertEqual((opcode, payload[:2]), (8, (1007).to_bytes(2, "big")))
