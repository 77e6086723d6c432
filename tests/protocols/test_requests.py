"""Tests for L{comet.protocols.requests}."""

import json

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from comet.gate import Gate
from comet.limits import Limits
from comet.protocols import requests
from comet.protocols.api.problems import wrong_key
from comet.protocols.front import Front
from comet.protocols.requests import LINGER_SECONDS, is_api
from comet.refusals import Reason
from tests.protocols.browser import Socket

API = b"/comet/api/publish"


class Echo(Resource):
    """Gives back what came."""

    isLeaf = True

    def render_POST(self, request):
        """As it came."""
        return b"%d" % len(request.content.read())


class BoundTests(SynchronousTestCase):
    """Bodies on their way in."""

    def setUp(self):
        self.clock = Clock()
        self.gate = Gate(Limits(), self.clock.seconds)
        front = Front(Echo(), self.gate, longest=10, longest_api=100, judge=self.judge, reactor=self.clock)
        self.protocol = front.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
        self.socket = Socket(self.protocol)
        self.protocol.makeConnection(self.socket)
        self.judged, self.verdict = [], None

    def judge(self, request, query, address):
        self.judged.append((query, address))
        return self.verdict

    def tearDown(self):
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def head(self, path=API, *lines):
        """Send the head of a request."""
        text = [b"POST " + path + b"?dev_id=0 HTTP/1.1", b"Host: x", *lines, b"", b""]
        self.protocol.dataReceived(b"\r\n".join(text))

    def post(self, path, size):
        """@return: the status of the answer to a whole request."""
        self.socket.clear()
        self.head(path, b"Content-Length: %d" % size)
        self.protocol.dataReceived(b"x" * size)
        return int(self.socket.value().split()[1])

    def test_the_path_tells_the_bound(self):
        """The API takes more than other paths, also below the old prefix."""
        for path in (API, b"/comet-server" + API):
            self.assertTrue(is_api(path))
            self.assertEqual(self.post(path, 100), 200)
        self.assertFalse(is_api(b"/comet/apiary"))
        self.assertEqual(self.post(b"/comet/poll", 10), 200)
        self.assertEqual(self.post(b"/comet/poll", 11), 413)

    def test_a_length_over_the_bound_is_refused_at_once(self):
        """Before a byte of the body is here; the answer has the form that its path has."""
        self.head(API, b"Content-Length: 101", b"Expect: 100-continue")
        head, _, body = self.socket.value().partition(b"\r\n\r\n")
        self.assertIn(b" 413 ", head)
        self.assertIn(b"Connection: close", head)
        self.assertEqual(json.loads(body)["error"]["number"], 1153)
        self.assertEqual(self.gate.refusals, {Reason.BODY: 1})

    def test_a_length_that_is_not_told_is_counted(self):
        """And the answer comes once, however much follows."""
        self.head(API, b"Transfer-Encoding: chunked")
        self.protocol.dataReceived(b"64\r\n" + b"x" * 100 + b"\r\n")
        self.assertEqual(self.socket.value(), b"")
        self.protocol.dataReceived(b"1\r\nx\r\n" * 5 + b"0\r\n\r\n")
        self.assertEqual(self.socket.value().count(b"HTTP/1.1 413 "), 1)
        self.assertEqual(self.gate.refusals, {Reason.BODY: 1})

    def test_who_was_refused_is_read_on_for_a_moment(self):
        """Or else the answer is lost to a reset; what comes is passed over, and then it is over."""
        self.head(API, b"Content-Length: 1000000")
        self.protocol.dataReceived(b"x" * 5000)
        self.assertIsNone(self.socket.ended)
        self.clock.advance(LINGER_SECONDS)
        self.assertEqual(self.socket.ended, "lost")

    def test_the_next_request_has_a_bound_of_its_own(self):
        """On a connection that stays."""
        for _ in range(3):
            self.assertEqual(self.post(API, 100), 200)
        self.assertEqual(self.post(API, 101), 413)


class StrangerTests(BoundTests):
    """Long bodies for the HTTP API, which not everybody may send."""

    def setUp(self):
        self.patch(requests, "STRANGERS_BODY", 50)
        super().setUp()

    def test_a_long_body_is_asked_about(self):
        """Once for each request that has one, and with what is known of it."""
        self.post(API, 50)
        self.assertEqual(self.judged, [])
        self.assertEqual(self.post(API, 51), 200)
        self.head(API, b"Transfer-Encoding: chunked")
        self.protocol.dataReceived(b"33\r\n" + b"x" * 51 + b"\r\n" + b"1\r\nx\r\n" * 5 + b"0\r\n\r\n")
        self.assertEqual(self.judged, [(b"dev_id=0", "192.0.2.1")] * 2)

    def test_it_is_refused_before_it_is_read(self):
        """As the resource would refuse it, with the headers of the refusal."""
        self.verdict = wrong_key()
        self.head(API, b"Content-Length: 51", b"Expect: 100-continue")
        head, _, body = self.socket.value().partition(b"\r\n\r\n")
        self.assertIn(b"HTTP/1.1 401 Unauthorized\r\n", head)
        self.assertIn(b"WWW-Authenticate: Bearer", head)
        self.assertEqual(json.loads(body), self.verdict.content)
