"""Tests for L{comet.protocols.jwks}, with a real web server on this machine and with one that is slow."""

import json
from datetime import UTC, datetime

from OpenSSL.crypto import FILETYPE_PEM, load_certificate, load_privatekey
from twisted.internet import reactor, ssl
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.resource import Resource
from twisted.web.server import Site

from comet.certificates import self_signed
from comet.keyring import KeyRing
from comet.protocols.jwks import ANSWER_LIMIT, FETCH_SECONDS, PAUSE_SECONDS, KeySet
from tests.running import finish
from tests.signing import jwk_of, set_of

FIRST, SECOND = (set_of(jwk_of("RS256", kid=kid)) for kid in ("first", "second"))


class Keys(Resource):
    """Answers with what it is told, and counts how often."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.status, self.body, self.asked = 200, FIRST, 0

    def render_GET(self, request):
        self.asked += 1
        request.setResponseCode(self.status)
        if self.status == 302:
            request.setHeader("Location", "/elsewhere")
        return self.body


class Warnings:
    """What is warned of while a test runs."""

    def __init__(self, case):
        self.texts = []
        globalLogPublisher.addObserver(self)
        case.addCleanup(globalLogPublisher.removeObserver, self)

    def __call__(self, event):
        if event.get("log_namespace") == "comet.protocols.jwks.KeySet":
            self.texts.append(event["error"])


def kids(ring):
    """@return: the names of the keys that were fetched."""
    return [key.kid for key in ring._learned]


class FetchTests(TestCase):
    """Real answers over real sockets."""

    def setUp(self):
        self.keys, self.ring, self.clock, self.warned = Keys(), KeyRing(), Clock(), Warnings(self)

    def listen(self, context=None):
        """@return: the port of a web server with the keys."""
        site = Site(self.keys)
        if context is None:
            port = reactor.listenTCP(0, site, interface="127.0.0.1")
        else:
            port = reactor.listenSSL(0, site, context, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return port.getHost().port

    def key_set(self, url, policy=None):
        pool = HTTPConnectionPool(reactor, persistent=False)
        agent = Agent(reactor, policy or BrowserLikePolicyForHTTPS(), pool=pool)
        return KeySet(url, self.ring, agent, self.clock, 600)

    async def look(self, keys):
        """Look again, once that is allowed."""
        self.clock.advance(PAUSE_SECONDS)
        await keys.look_again()

    async def test_the_set_is_learned(self):
        """And anew when it is looked for again, but not more than once a minute."""
        keys = self.key_set(f"http://127.0.0.1:{self.listen()}/jwks.json")
        await keys.look_again()
        self.assertEqual(kids(self.ring), ["first"])
        self.keys.body = SECOND
        self.clock.advance(PAUSE_SECONDS - 1)
        await keys.look_again()
        self.assertEqual((kids(self.ring), self.keys.asked), (["first"], 1))
        self.clock.advance(1)
        await keys.look_again()
        self.assertEqual((kids(self.ring), self.keys.asked), (["second"], 2))
        self.assertEqual(self.warned.texts, [])

    async def test_answers_that_are_no_set(self):
        """Leave the keys that were known, and are told in the log."""
        port = self.listen()
        keys = self.key_set(f"http://127.0.0.1:{port}/")
        await keys.look_again()
        for status, body, words in (
            (500, SECOND, "status 500"),
            (302, SECOND, "status 302"),
            (200, b"<html>", "no JSON Web Key Set"),
            (200, json.dumps({"keys": [{"kty": "oct", "k": "AA"}]}).encode(), "no public key"),
            (200, SECOND + b" " * ANSWER_LIMIT, "longer than"),
        ):
            self.keys.status, self.keys.body = status, body
            await self.look(keys)
            self.assertIn(words, self.warned.texts.pop())
            self.assertEqual(kids(self.ring), ["first"])
        self.keys.status, self.keys.body = 200, SECOND
        await self.look(keys)
        self.assertEqual(kids(self.ring), ["second"])

    async def test_nobody_there(self):
        """Is no more than a warning."""
        await self.key_set("http://127.0.0.1:1/").look_again()
        self.assertIn("ConnectionRefused", self.warned.texts.pop())

    async def test_a_certificate_is_checked(self):
        """A server with one that nobody vouches for, or for another name, gives no keys."""
        certificate, key = self_signed("localhost", datetime.now(UTC))
        pair = load_privatekey(FILETYPE_PEM, key), load_certificate(FILETYPE_PEM, certificate)
        port = self.listen(ssl.CertificateOptions(*pair))
        await self.key_set(f"https://localhost:{port}/").look_again()
        self.assertEqual((kids(self.ring), len(self.warned.texts)), ([], 1))
        trusting = BrowserLikePolicyForHTTPS(
            ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(certificate)])
        )
        await self.key_set(f"https://localhost:{port}/", trusting).look_again()
        self.assertEqual(kids(self.ring), ["first"])


class SlowGetter:
    """Answers when the test does."""

    def __init__(self):
        self.requests = []

    def request(self, method, uri, headers=None):
        self.requests.append(Deferred())
        return self.requests[-1]


class TimingTests(SynchronousTestCase):
    """When the set is asked for."""

    def setUp(self):
        self.getter, self.ring, self.clock, self.warned = SlowGetter(), KeyRing(), Clock(), Warnings(self)
        self.keys = KeySet("https://keys.example/", self.ring, self.getter, self.clock, 600)

    def test_again_and_again(self):
        """At the start and after each interval, until it is stopped."""
        self.keys.start()
        for number in (1, 2, 3):
            self.assertEqual(len(self.getter.requests), number)
            self.clock.advance(600)
        self.keys.stop()
        self.clock.advance(6000)
        self.assertEqual(len(self.getter.requests), 4)

    def test_all_wait_for_one_answer(self):
        """However many ask; and nobody waits for ever."""
        waiting = [Deferred.fromCoroutine(self.keys.look_again()) for _ in range(5)]
        self.assertEqual(len(self.getter.requests), 1)
        for each in waiting:
            self.assertNoResult(each)
        self.clock.advance(FETCH_SECONDS)
        for each in waiting:
            self.successResultOf(each)
        self.assertIn("Timeout", self.warned.texts.pop())
        finish(self.keys.look_again())
        self.assertEqual(len(self.getter.requests), 1)

    def test_stopping_lets_go_of_those_who_wait(self):
        """They go on with the keys that are known."""
        waiting = Deferred.fromCoroutine(self.keys.look_again())
        self.keys.stop()
        self.successResultOf(waiting)

    def test_the_ring_knows_whom_to_ask(self):
        """So that a login can wait for a key."""
        self.assertTrue(self.ring.lacks("any"))
        self.assertEqual(self.ring.fetch, self.keys.look_again)
