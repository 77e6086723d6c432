"""Tests for L{comet.protocols.site} and L{comet.protocols.pages}, on in-memory transports."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site
from zope.interface import directlyProvides

from comet.addresses import Proxies
from comet.certificates import self_signed
from comet.gate import Gate
from comet.limits import Limits
from comet.protocols.front import Front
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.pages import Facts, Root
from comet.protocols.reception import Reception
from comet.protocols.site import HEAD_LIMIT, REFUSED_SECONDS, BrowserPort, Sockets
from comet.protocols.tls import ServerTls
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from comet.refusals import Reason
from tests.protocols.browser import PATH, Browser, Socket, frame, request
from tests.running import make_broker


class PortCase(SynchronousTestCase):
    """The browser port as a whole."""

    limits = Limits(login_seconds=5, browsers=2)

    def setUp(self):
        self.clock, self.reasons, self.notes = Clock(), [], []
        self.port = self.make_port({"sql": "mysql ...", "channel": "web_demo"})

    def make_port(self, demo):
        facts = Facts("node-one-of-many", demo and (lambda: demo), lambda: self.reasons, lambda: self.notes)
        reception = Reception(make_broker(), Wheel(self.clock), server="comet test")
        sockets = Sockets(BrowserFactory(reception, self.clock), JsonFactory(reception, self.clock))
        return BrowserPort(sockets, Site(Root(facts), reactor=self.clock), self.limits, self.clock)

    def get(self, path, method="GET"):
        """@return: status, headers in lower case, body."""
        browser = Browser(self.port)
        browser.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = browser.socket.value().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        browser.vanish(Failure(ConnectionDone()))
        return int(status.split()[1]), headers, body


class DoorwayTests(PortCase):
    """For whom a connection is."""

    def test_websocket_and_http_share_the_port(self):
        """The first line decides."""
        browser = Browser(self.port).open()
        self.assertTrue(browser.head.startswith(b"HTTP/1.1 101 "))
        self.assertEqual(browser.heard()[0]["event"], "serverInfo")
        self.assertEqual(self.get("/health/live")[0], 200)

    def test_a_request_may_come_in_pieces(self):
        """Of any size."""
        browser = Browser(self.port)
        for byte in request():
            browser.send(bytes([byte]))
        self.assertTrue(browser.socket.value().startswith(b"HTTP/1.1 101 "))

    def test_small_pieces_leave_at_once(self):
        """From the first byte on, as a handshake of TLS is over before it is known what was wanted."""
        asked, transport = [], StringTransport()
        transport.setTcpNoDelay = asked.append
        directlyProvides(transport, ITCPTransport)
        self.port.buildProtocol(None).makeConnection(transport)
        self.assertEqual(asked, [True])

    def test_a_handshake_may_be_cut_anywhere(self):
        """With the frames glued to it: what is answered does not depend on it."""
        for path, said in ((PATH, "pipe_count\nweb_x\nM"), ("/comet/ws", '{"cmd":"hello","id":"M"}')):
            data = request(path) + frame(said) + frame(b"ping", opcode=9)
            whole = Browser(self.port)
            whole.send(data)
            answer = whole.socket.value()
            self.assertTrue(answer.startswith(b"HTTP/1.1 101 "))
            self.assertIn(b'"M"', answer)
            whole.vanish(Failure(ConnectionDone()))
            for cut in range(1, len(data)):
                browser = Browser(self.port)
                browser.send(data[:cut])
                browser.send(data[cut:])
                got = browser.socket.value()
                # What differs is the number of the connection.
                self.assertEqual(re.sub(rb'"connection":\d+', b"", got)[-40:], answer[-40:], cut)
                self.assertEqual(got.count(b'"M"'), 1, cut)
                browser.vanish(Failure(ConnectionDone()))
        self.assertEqual(self.port.open, 0)

    def test_a_handshake_may_break_off_anywhere(self):
        """Nothing is left of it: no connection that is counted, and no timer."""
        for data in (request(), request("/comet/ws"), request("/")):
            for cut in range(len(data) + 1):
                browser = Browser(self.port)
                browser.send(data[:cut])
                browser.vanish(Failure(ConnectionDone()))
        self.assertEqual(self.port.open, 0)
        self.clock.pump([1.0] * 90)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_request_by_drops_is_ended(self):
        """Saying something now and then wins no time."""
        browser = Browser(self.port)
        for byte in request()[:6]:
            browser.send(bytes([byte]))
            self.clock.advance(1)
        self.assertEqual(browser.socket.ended, "lost")

    def test_a_head_without_an_end_is_refused(self):
        """Before it grows."""
        browser = Browser(self.port)
        browser.send(b"GET /ws/ HTTP/1.1\r\n" + b"X: " + b"x" * HEAD_LIMIT)
        self.assertIn(b" 431 ", browser.socket.value())
        self.assertEqual(browser.socket.ended, "lost")
        browser.send(b"more")
        self.assertEqual(self.port.gate.refusals, {Reason.HEAD: 1})

    def test_a_long_head_is_refused_though_it_has_an_end(self):
        """However it is cut."""
        browser = Browser(self.port)
        browser.send(request(X="x" * HEAD_LIMIT))
        self.assertIn(b" 431 ", browser.socket.value())

    def test_who_does_not_go_is_cut_off(self):
        """As one that does not end TLS as it should."""
        browser = Browser(self.port)
        self.clock.pump([1.0] * 5)
        browser.socket.ended = None
        self.clock.advance(REFUSED_SECONDS)
        self.assertEqual(browser.socket.ended, "aborted")

    def test_silence_is_ended(self):
        """Whoever does not say what they want in time."""
        browser = Browser(self.port)
        self.clock.pump([1.0] * 7)
        self.assertEqual(browser.socket.ended, "lost")

    def test_a_connection_that_is_served_does_not_time_out_at_the_door(self):
        """Only the door has that haste."""
        browser = Browser(self.port).open()
        self.clock.pump([1.0] * 7)
        self.assertIsNone(browser.socket.ended)

    def test_too_many_connections_are_refused(self):
        """Until some are gone."""
        browsers = [Browser(self.port).open() for _ in range(3)]
        self.assertIn(b" 503 ", browsers[2].head)
        self.assertEqual(self.port.gate.refusals, {Reason.BROWSERS: 1})
        for browser in browsers[1:]:
            browser.vanish(Failure(ConnectionDone()))
        self.assertIn(b" 101 ", Browser(self.port).open().head)


class AddressCase(PortCase):
    """A port with limits on addresses."""

    limits = Limits(
        login_seconds=5, address_connections=2, address_connects=1, address_connects_burst=4, browsers=100
    )
    proxies = Proxies()

    def make_port(self, demo):
        self.gate = Gate(self.limits, self.clock.seconds, self.proxies)
        self.reception = Reception(
            make_broker(), Wheel(self.clock), server="comet test", proxies=self.proxies
        )
        sockets = Sockets(BrowserFactory(self.reception, self.clock), JsonFactory(self.reception, self.clock))
        pages = Front(Root(Facts("n", None, list)), self.gate, reactor=self.clock)
        return BrowserPort(sockets, pages, self.limits, self.clock, self.gate)

    def refused(self, browser):
        """@return: whether 429 was the answer, with all that belongs to it."""
        head, _, body = browser.socket.value().partition(b"\r\n\r\n")
        if b" 429 " not in head:
            return False
        self.assertIn(b"Retry-After: ", head)
        self.assertEqual(json.loads(body)["error"]["code"], 4021)
        self.assertEqual(browser.socket.ended, "lost")
        return True


class LimitTests(AddressCase):
    """What one address may do; here everybody comes from the same."""

    def test_too_many_open(self):
        """Are told so without being listened to; who leaves makes room."""
        browsers = [Browser(self.port).open() for _ in range(2)]
        third = Browser(self.port)
        self.assertIsNone(third.socket.ended)
        third.send(b"anything")
        self.assertTrue(self.refused(third))
        third.send(b"more")
        for browser in (third, browsers[0]):
            browser.vanish(Failure(ConnectionDone()))
        self.assertIn(b" 101 ", Browser(self.port).open().head)
        self.assertEqual(self.gate.refusals, {Reason.ADDRESS_CONNECTIONS: 1})

    def test_too_many_in_a_moment(self):
        """Though they go at once."""
        for _ in range(4):
            browser = Browser(self.port)
            self.assertFalse(self.refused(browser))
            browser.vanish(Failure(ConnectionDone()))
        browser = Browser(self.port)
        browser.send(b"G")
        self.assertTrue(self.refused(browser))
        self.clock.advance(1)
        self.assertIn(b" 101 ", Browser(self.port).open().head)

    def test_the_refused_do_not_stay(self):
        """Whether they say nothing, or do not go."""
        for _ in range(4):
            Browser(self.port).vanish(Failure(ConnectionDone()))
        browser = Browser(self.port)
        self.clock.advance(REFUSED_SECONDS)
        self.assertEqual(browser.socket.ended, "lost")
        browser.socket.ended = None
        self.clock.advance(REFUSED_SECONDS)
        self.assertEqual(browser.socket.ended, "aborted")

    def test_over_tls_there_is_no_answer(self):
        """As there would have to be a handshake first, and that is work."""
        folder = Path(self.mktemp())
        folder.mkdir()
        pair = folder / "certificate.pem", folder / "key.pem"
        for file, content in zip(pair, self_signed("comet", datetime.now(UTC)), strict=True):
            file.write_bytes(content)
        secure = TLSMemoryBIOFactory(ServerTls(lambda: pair).browsers, False, self.port, self.clock)
        for number in range(5):
            protocol = secure.buildProtocol(None)
            socket = Socket(protocol)
            protocol.makeConnection(socket)
            self.assertEqual((socket.ended, socket.value()), (None if number < 4 else "aborted", b""))
            protocol.connectionLost(Failure(ConnectionDone()))
        self.clock.advance(10)
        self.assertEqual((self.port.open, self.clock.getDelayedCalls()), (0, []))


class ProxyTests(AddressCase):
    """The same for those who come by way of a proxy."""

    proxies = Proxies(["192.0.2.1"])

    def open(self, address):
        return Browser(self.port).open(X_Forwarded_For=f"9.9.9.9, {address}")

    def test_too_many_open(self):
        """Of one visitor; another is let in, and each is known by its own address."""
        browsers = [self.open("198.51.100.1") for _ in range(2)]
        self.assertTrue(self.refused(self.raw("198.51.100.1")))
        other = self.open("198.51.100.2")
        self.assertIn(b" 101 ", other.head)
        self.assertEqual(
            [session.visitor.address for session in self.reception.sessions],
            ["198.51.100.1", "198.51.100.1", "198.51.100.2"],
        )
        browsers[0].vanish(Failure(ConnectionDone()))
        self.assertIn(b" 101 ", self.open("198.51.100.1").head)

    def raw(self, address):
        browser = Browser(self.port)
        browser.send(request(X_Forwarded_For=address))
        return browser

    def test_too_many_in_a_moment(self):
        """Of one visitor, though they go at once."""
        for _ in range(4):
            self.open("198.51.100.1").vanish(Failure(ConnectionDone()))
        self.assertTrue(self.refused(self.raw("198.51.100.1")))
        self.assertFalse(self.refused(self.raw("198.51.100.2")))


class PageTests(PortCase):
    """What is served."""

    def test_the_client_is_served_to_pages_of_any_origin(self):
        """As scripts, and as modules."""
        for name, within in (("comet", b"cometApi"), ("video", b"cometVideoApi")):
            for kind in ("js", "mjs"):
                status, headers, body = self.get(f"/comet/{name}.{kind}")
                self.assertEqual((status, headers["content-type"]), (200, "text/javascript; charset=utf-8"))
                self.assertEqual(headers["access-control-allow-origin"], "*")
                self.assertIn(within, body)

    def test_the_demo_is_a_page_with_a_strict_policy(self):
        """And brings along its parts."""
        for page in ("/", "/video", "/video/", "/video/check"):
            status, headers, body = self.get(page)
            self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
            self.assertIn("default-src 'self'", headers["content-security-policy"])
            parts = re.findall(r'(?:src|href)="(/comet/[^"]+)"', body.decode())
            self.assertGreater(len(parts), 3)
            for path in parts:
                self.assertEqual(self.get(path)[0], 200, path)
        self.assertEqual(json.loads(self.get("/demo.json")[2])["channel"], "web_demo")

    def test_without_the_demo_there_is_a_name(self):
        """And nothing of the demo."""
        self.port = self.make_port(None)
        self.assertTrue(self.get("/")[2].startswith(b"comet "))
        for path in ("/demo.json", "/comet/demo.js", "/video", "/video/check", "/comet/room.js"):
            self.assertEqual(self.get(path)[0], 404)

    def test_info_has_ten_characters_of_the_name(self):
        """Under both of its paths."""
        for path in ("/info", "/comet-server/info"):
            self.assertEqual(json.loads(self.get(path)[2]), {"status": "ok", "node": "node-one-o"})
        self.assertEqual(self.get("/comet-server/comet-server/info")[0], 404)

    def test_health(self):
        """Live always, ready when nothing is wrong, else with the reasons; what is no reason is a note."""
        self.assertEqual(self.get("/health/live")[0], 200)
        status, _, body = self.get("/health/ready")
        self.assertEqual((status, json.loads(body)), (200, {"status": "ok"}))
        self.notes.append("the media server is away")
        status, _, body = self.get("/health/ready")
        self.assertEqual((status, json.loads(body)), (200, {"status": "ok", "notes": self.notes}))
        self.reasons.append("the store does not answer")
        status, _, body = self.get("/health/ready")
        told = json.loads(body)
        self.assertEqual((status, told["reasons"], told["notes"]), (503, self.reasons, self.notes))

    def test_what_is_not_there_is_not_found(self):
        """And other methods are not allowed."""
        self.assertEqual(self.get("/none")[0], 404)
        self.assertEqual(self.get("/info", "POST")[0], 405)
