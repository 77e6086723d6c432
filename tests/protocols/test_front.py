"""Tests for L{comet.protocols.front}, with L{comet.protocols.cors} and L{comet.protocols.refusing}."""

import json

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from zope.interface import directlyProvides

from comet.addresses import Proxies
from comet.gate import Gate
from comet.limits import Limits
from comet.protocols.cors import FINE, Shared
from comet.protocols.eventstream import EventStreams
from comet.protocols.front import Front, forwarding
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.longpoll import LongPolls
from comet.protocols.pages import Facts, Root
from comet.protocols.reception import Reception
from comet.protocols.wheel import Wheel
from comet.refusals import Reason
from comet.storage.records import TenantKey
from tests.protocols.browser import Browser, Socket
from tests.running import finish, make_broker

PROXY = "192.0.2.1"


class Told(Resource):
    """Says who asks, and what they sent."""

    isLeaf = True

    def render_GET(self, request):
        """The address of the visitor."""
        return request.getClientAddress().host.encode()

    def render_POST(self, request):
        """What came."""
        return request.content.read()


class FrontCase(SynchronousTestCase):
    """Requests to the HTTP side."""

    def setUp(self):
        self.clock = Clock()
        self.serve()

    def serve(self, hsts=0, longest=1000, trusted=(), origins=(), **limits):
        broker = make_broker()
        tenant = TenantKey(5, "key", "https://five.example")
        finish(broker.commit([broker.accounts.setting_tenant(tenant)]))
        self.reception = Reception(
            broker, Wheel(self.clock), server="comet test", origins=origins, proxies=Proxies(trusted)
        )
        self.gate = Gate(Limits(**limits), self.clock.seconds, Proxies(trusted), broker.refusals)
        root = Root(Facts("node", dict, list))
        root.putChild(b"told", Told())
        inner = Resource()
        inner.putChild(b"told", Told())
        root.putChild(b"shared", Shared(inner, self.reception, self.dev_id))
        self.front = Front(root, self.gate, longest, hsts, reactor=self.clock)

    def dev_id(self, request):
        return int(request.args[b"dev_id"][0]) if b"dev_id" in request.args else None

    def send(self, data, secure=False):
        """@return: the whole answer to these bytes."""
        protocol = self.front.buildProtocol(IPv4Address("TCP", PROXY, 1))
        socket = Socket(protocol)
        if secure:
            directlyProvides(socket, ISSLTransport)
        protocol.makeConnection(socket)
        protocol.dataReceived(data)
        self.ended = socket.ended
        protocol.connectionLost(Failure(ConnectionDone()))
        return socket.value()

    def ask(self, path, method="GET", body=b"", secure=False, **headers):
        """@return: status, headers in lower case, body."""
        fields = {"Host": "x", "Connection": "close", **headers}
        if body:
            fields["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k.replace('_', '-')}: {v}" for k, v in fields.items())]
        answer = self.send("\r\n".join([*lines, "", ""]).encode() + body, secure)
        head, _, rest = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        found = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(status.split()[1]), found, rest


class PathTests(FrontCase):
    """Paths that no client may ask for."""

    def test_a_path_is_ascii(self):
        """Anything else is a bad request, whatever the method, and nothing that fails."""
        for method in (b"GET", b"POST", b"PUT"):
            answer = self.send(method + b" /info\x98 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertIn(b"percent-encode", answer)


class HeaderTests(FrontCase):
    """What every answer says."""

    def test_every_answer_is_secure(self):
        """Pages, scripts, JSON, what is not there, what is not allowed, and what fails."""
        self.front.resource.putChild(b"broken", Broken())
        for path, method, status in (
            ("/", "GET", 200),
            ("/comet/comet.js", "GET", 200),
            ("/health/live", "GET", 200),
            ("/info", "POST", 405),
            ("/none", "GET", 404),
            ("/none", "OPTIONS", 200),
            ("/shared/none", "GET", 404),
            ("/broken", "GET", 500),
        ):
            found, headers, _ = self.ask(path, method)
            self.assertEqual(found, status, path)
            self.assertEqual(headers["x-content-type-options"], "nosniff", path)
            self.assertEqual(headers["referrer-policy"], "no-referrer", path)
            self.assertEqual(headers["x-frame-options"], "SAMEORIGIN", path)
            self.assertIn("frame-ancestors", headers["content-security-policy"], path)
            self.assertEqual(headers["server"], "comet", path)
            self.assertNotIn("strict-transport-security", headers, path)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_only_pages_may_load_anything(self):
        """Whatever else a browser takes for a page is one that does nothing."""
        self.assertIn("default-src 'self'", self.ask("/")[1]["content-security-policy"])
        for path in ("/comet/comet.js", "/info", "/none"):
            self.assertIn("default-src 'none'", self.ask(path)[1]["content-security-policy"])

    def test_what_other_sites_may_load(self):
        """The script and facts, but nothing of the page."""
        for path in ("/comet/comet.js", "/info", "/health/live"):
            self.assertEqual(self.ask(path)[1]["cross-origin-resource-policy"], "cross-origin")
        self.assertEqual(self.ask("/")[1]["cross-origin-resource-policy"], "same-origin")

    def test_insisting_on_tls(self):
        """Over TLS, if that is configured."""
        self.serve(hsts=300)
        self.assertEqual(self.ask("/", secure=True)[1]["strict-transport-security"], "max-age=300")
        self.assertNotIn("strict-transport-security", self.ask("/")[1])
        self.serve()
        self.assertNotIn("strict-transport-security", self.ask("/", secure=True)[1])


class Broken(Resource):
    """Fails."""

    isLeaf = True

    def render_GET(self, request):
        """Always."""
        return 1 / 0


class OldTests(FrontCase):
    """What clients of CppComet ask by HTTP."""

    def test_options_anywhere(self):
        """Any page may ask anything that there is."""
        for path in ("/", "/info", "/comet-server/info", "/none", "*", "/sesion=x&myid=1"):
            status, headers, body = self.ask(path, "OPTIONS", Origin="https://a.example")
            self.assertEqual((status, body), (200, FINE), path)
            self.assertEqual(headers["access-control-allow-origin"], "*")
            self.assertIn("POST", headers["access-control-allow-methods"])
            self.assertIn("POST", headers["allow"])
            self.assertEqual(headers["server"], "comet")

    def test_long_polling_was_never_there(self):
        """404, which a page of any origin may read."""
        for path in ("/sesion=x&myid=1&devid=1&v=4.08&uuid=&api=js", "/comet-server/none"):
            status, headers, body = self.ask(path, "POST", b"web_chat")
            self.assertEqual((status, json.loads(body)["error"]["code"]), (404, 404))
            self.assertEqual(headers["access-control-allow-origin"], "*")


class OriginTests(FrontCase):
    """Whose pages may ask."""

    def test_without_a_list_everybody_may(self):
        """And no cookies come along."""
        status, headers, _ = self.ask("/shared/told", Origin="https://a.example")
        self.assertEqual((status, headers["access-control-allow-origin"]), (200, "*"))
        self.assertNotIn("access-control-allow-credentials", headers)

    def test_a_preflight(self):
        """Names the headers that are of use."""
        status, headers, _ = self.ask("/shared/told", "OPTIONS", Origin="https://a.example")
        self.assertEqual(status, 200)
        for name in ("Authorization", "Content-Type", "Last-Event-ID"):
            self.assertIn(name, headers["access-control-allow-headers"])
        self.assertEqual(headers["access-control-allow-methods"], "GET, POST")
        self.assertGreater(int(headers["access-control-max-age"]), 600)

    def test_a_page_on_the_list(self):
        """Gets its own origin back, which no cache shall give to another."""
        self.serve(origins=["good.example"])
        for method in ("GET", "OPTIONS"):
            status, headers, _ = self.ask("/shared/told", method, Origin="https://good.example")
            self.assertEqual(status, 200)
            self.assertEqual(headers["access-control-allow-origin"], "https://good.example")
            self.assertEqual(headers["vary"], "Origin")

    def test_a_page_that_is_not_on_the_list(self):
        """Is told so, is not let in, and is counted; a preflight of it, too."""
        self.serve(origins=["good.example"])
        for method in ("GET", "POST", "OPTIONS"):
            status, headers, body = self.ask("/shared/told", method, Origin="https://evil.example")
            self.assertEqual((status, json.loads(body)["error"]["code"]), (403, 4502))
            self.assertNotIn("access-control-allow-origin", headers)
            self.assertEqual(headers["vary"], "Origin")
        self.assertEqual(self.gate.refusals, {Reason.ORIGIN: 3})

    def test_programs_are_no_pages(self):
        """They say no origin."""
        self.serve(origins=["good.example"])
        status, headers, _ = self.ask("/shared/told")
        self.assertEqual(status, 200)
        self.assertNotIn("access-control-allow-origin", headers)

    def test_the_list_of_a_tenant(self):
        """Where the request says whose it is."""
        self.assertEqual(self.ask("/shared/told?dev_id=5", Origin="https://five.example")[0], 200)
        self.assertEqual(self.ask("/shared/told?dev_id=5", Origin="https://six.example")[0], 403)
        self.assertEqual(self.ask("/shared/told?dev_id=6", Origin="https://six.example")[0], 200)


class TransportTests(FrontCase):
    """The ways of connecting by HTTP."""

    def serve(self, **more):
        super().serve(**more)
        own = self.front.resource.children[b"comet"]
        own.putChild(b"poll", Shared(LongPolls(self.reception, self.clock), self.reception))
        own.putChild(b"sse", Shared(EventStreams(self.reception), self.reception))

    def test_preflights(self):
        """Are answered for those that may ask."""
        self.serve(origins=["good.example"])
        for path in ("/comet/poll", "/comet-server/comet/sse"):
            self.assertEqual(self.ask(path, "OPTIONS", Origin="https://good.example")[0], 200)
            self.assertEqual(self.ask(path, "OPTIONS", Origin="https://evil.example")[0], 403)

    def test_a_tenant_that_names_its_pages(self):
        """Is known once the client has said hello."""
        hello = json.dumps({"hello": {"version": 1, "dev_id": 5}, "wait": 0}).encode()
        status, _, body = self.ask("/comet/poll", "POST", hello, Origin="https://five.example")
        self.assertEqual((status, json.loads(body)["messages"][0]["type"]), (200, "welcome"))
        status, _, body = self.ask("/comet/poll", "POST", hello, Origin="https://six.example")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, 4502))
        status, _, body = self.ask("/comet/sse?dev_id=5", Origin="https://six.example")
        self.assertEqual((status, json.loads(body)["error"]["code"]), (403, 4502))
        self.assertEqual(self.gate.refusals, {Reason.ORIGIN: 2})

    def test_the_address_of_the_visitor(self):
        """Is that of the session, also behind a proxy."""
        self.serve(trusted=[PROXY])
        hello = json.dumps({"hello": {"version": 1}, "wait": 0}).encode()
        self.ask("/comet/poll", "POST", hello, X_Forwarded_For="198.51.100.1")
        (session,) = self.reception.sessions
        self.assertEqual(session.visitor.address, "198.51.100.1")


class JsonSocketTests(FrontCase):
    """WebSockets in JSON know whose pages may connect, and for whom a proxy comes, as all others do."""

    def connect(self, dev_id, **headers):
        browser = Browser(JsonFactory(self.reception, self.clock)).open("/comet/ws", **headers)
        browser.say(json.dumps({"cmd": "hello", "version": 1, "dev_id": dev_id}))
        return browser

    def test_a_tenant_that_names_its_pages(self):
        """Is known once the client has said hello; others are told goodbye."""
        (welcome,) = self.connect(5, Origin="https://five.example").heard()
        self.assertEqual(welcome["type"], "welcome")
        goodbye, (opcode, payload) = self.connect(5, Origin="https://six.example").heard()
        self.assertEqual((goodbye["type"], goodbye["code"]), ("bye", 4502))
        self.assertEqual((opcode, int.from_bytes(payload[:2], "big")), (8, 4502))
        self.assertEqual(self.connect(6, Origin="https://six.example").heard()[0]["type"], "welcome")

    def test_the_address_of_the_visitor(self):
        """Behind a proxy."""
        self.serve(trusted=[PROXY])
        self.connect(0, X_Forwarded_For="198.51.100.1")
        (session,) = self.reception.sessions
        self.assertEqual(session.visitor.address, "198.51.100.1")


class LimitTests(FrontCase):
    """What is too much."""

    def test_too_many_requests(self):
        """429, when to come back, and why; others are served, and the time passes."""
        self.serve(address_requests=1, address_requests_burst=2)
        self.assertEqual([self.ask("/info")[0] for _ in range(3)], [200, 200, 429])
        status, headers, body = self.ask("/comet-server/info", "POST")
        self.assertEqual((status, headers["retry-after"]), (429, "1"))
        self.assertEqual(json.loads(body)["error"]["code"], 4021)
        self.assertEqual(headers["access-control-allow-origin"], "*")
        self.assertEqual(headers["content-type"], "application/json; charset=utf-8")
        self.clock.advance(1)
        self.assertEqual(self.ask("/info")[0], 200)
        self.assertEqual(self.gate.refusals, {Reason.ADDRESS_REQUESTS: 2})

    def test_a_connection_that_stays_is_counted_by_requests(self):
        """Each of them."""
        self.serve(address_requests=1, address_requests_burst=2)
        answers = self.send(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        self.assertEqual(answers.count(b" 200 OK"), 2)
        self.assertEqual(answers.count(b" 429 "), 1)

    def test_behind_a_proxy_the_visitor_counts(self):
        """Not the proxy, and not what the visitor writes itself."""
        self.serve(trusted=[PROXY], address_requests=1, address_requests_burst=1)
        for address, status in (("198.51.100.1", 200), ("198.51.100.2", 200), ("198.51.100.1", 429)):
            found, _, body = self.ask("/told", X_Forwarded_For=f"1.2.3.4, {address}")
            self.assertEqual(found, status)
            self.assertIn(body, (address.encode(), body if status == 429 else b""))
        self.assertEqual(self.ask("/told", Forwarded='for="[2001:db8::1]"')[2], b"2001:db8::1")
        self.assertEqual(self.ask("/told")[2], PROXY.encode())

    def test_a_stranger_is_not_believed(self):
        """Whoever it says it asks for."""
        self.assertEqual(self.ask("/told", X_Forwarded_For="198.51.100.1")[2], PROXY.encode())

    def test_a_body_that_is_too_long(self):
        """413 before it is here, be its length told or not; nothing of it is carried out."""
        self.assertEqual(self.ask("/told", "POST", b"x" * 1000)[2], b"x" * 1000)
        status, _, body = self.ask("/told", "POST", b"x" * 1001)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (413, 413))
        head = b"POST /told HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = self.send(head + b"258\r\n" + b"x" * 600 + b"\r\n258\r\n" + b"x" * 600 + b"\r\n0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "))
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertEqual(self.gate.refusals, {Reason.BODY: 2})


class ForwardingTests(SynchronousTestCase):
    """The headers of proxies in a head."""

    def test_by_any_letter_case_and_number(self):
        """Several of a name are one list."""
        head = b"GET / HTTP/1.1\r\nHost: x\r\nx-forwarded-FOR: 1\r\nX-Forwarded-For:2, 3\r\nForwarded: for=4"
        self.assertEqual(forwarding(head), {"x-forwarded-for": "1,2, 3", "forwarded": "for=4"})
        self.assertEqual(forwarding(b"GET /x-forwarded-for:1 HTTP/1.1"), {})
