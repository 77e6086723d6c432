"""Tests for L{comet.protocols.courier}, with a real receiver on this machine."""

import json
from datetime import UTC, datetime

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from comet import certificates
from comet.protocols import courier as module
from comet.protocols.courier import Courier
from comet.storage.memory import MemoryStore
from comet.storage.presences import Keeping, PresenceEvent, What
from comet.webhook import BATCH_LIMIT, signature_of
from tests.e2e.support import until

SECRET = "s3cret"


class Receiver(Resource):
    """
    Answers as it is told to, and remembers what it was sent.

    @ivar answers: what to answer: a status, C{"never"}, C{"endless"} or C{"hang up"}; 200 once there is
        nothing left.
    """

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.answers, self.batches, self.refused, self.open, self.most = [], [], 0, 0, 0

    def render_POST(self, request):
        self.open += 1
        self.most = max(self.most, self.open)
        request.notifyFinish().addBoth(self.finished)
        body = request.content.read()
        timestamp = int(request.getHeader("Comet-Timestamp"))
        if request.getHeader("Comet-Signature") != signature_of(SECRET, timestamp, body):
            raise AssertionError("the signature is wrong")
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "hang up":
            request.transport.abortConnection()
        if answer in ("never", "hang up"):
            return NOT_DONE_YET
        if answer == "endless":
            self.batches.append(json.loads(body))
            request.write(b"x" * (1 << 18))
            return NOT_DONE_YET
        request.setResponseCode(answer)
        if 200 <= answer < 300:
            self.batches.append(json.loads(body))
        else:
            self.refused += 1
        return b"" if answer == 204 else b"ok"

    def finished(self, _):
        self.open -= 1

    @property
    def users(self):
        """Whom the rows that were taken are about, in their order."""
        return [row["user_id"] for batch in self.batches for row in batch["events"]]


class CourierTests(TestCase):
    """A log, a courier, and a receiver that has its moods."""

    timeout = 60

    async def setUp(self):
        # Waits that are as short as the test is patient.
        self.patch(module, "wait_after", lambda failures, chance: 0.02)
        self.patch(module, "OTHER_SECONDS", 0.02)
        self.patch(module, "LOOK_SECONDS", 0.05)
        self.store, self.count, self.now = MemoryStore(), 0, 1000.5
        await self.store.start()
        self.receiver = Receiver()
        self.port = None
        self.listen()
        self.courier = self.begin()

    def listen(self, port=0):
        self.port = reactor.listenTCP(port, Site(self.receiver), interface="127.0.0.1")
        self.number = self.port.getHost().port
        self.addCleanup(self.close)

    async def close(self):
        if self.port is not None:
            port, self.port = self.port, None
            await port.stopListening()

    def begin(self, store=None, address=None, node="n", **more):
        address = address or f"http://127.0.0.1:{self.number}/hook?token=hidden"
        courier = Courier(store or self.store, address, SECRET, node, reactor, lambda: self.now, **more)
        courier.start()
        self.addCleanup(courier.stop)
        return courier

    async def happen(self, number, rows=10_000):
        """Let so many users come."""
        events = []
        for _ in range(number):
            self.count += 1
            events.append(PresenceEvent(0, 5, self.count, What.ONLINE))
        await self.store.note_presence(events, 5, Keeping("n", rows))
        self.courier.wake()

    async def delivered(self, number):
        """Wait until the receiver has so many rows, and check that they are all, once and in order."""
        await until(lambda: len(self.receiver.users) >= number, f"{number} rows")
        self.assertEqual(self.receiver.users, list(range(1, number + 1)))

    async def test_in_batches_and_in_order(self):
        """A batch holds so many rows and no more, there is one request at a time, and the place is kept."""
        await self.happen(2 * BATCH_LIMIT + 5)
        await self.delivered(2 * BATCH_LIMIT + 5)
        await self.happen(1)
        await self.delivered(2 * BATCH_LIMIT + 6)
        sizes = [len(batch["events"]) for batch in self.receiver.batches]
        self.assertEqual(sizes, [BATCH_LIMIT, BATCH_LIMIT, 5, 1])
        self.assertEqual((self.receiver.most, {batch["lost"] for batch in self.receiver.batches}), (1, {0}))
        await until(lambda: self.courier.counters.deliveries == 4, "the last answer")
        await self.courier.stop()
        self.assertEqual(await self.store.presence_place("webhook"), 2 * BATCH_LIMIT + 6)

    async def test_a_receiver_that_refuses(self):
        """Any status but 2xx means: again. A redirection is not followed. The log tells of it once."""
        self.receiver.answers = [500, 404, 302, 204]
        with capturedLogs() as events:
            await self.happen(1)
            await self.delivered(1)
            await until(lambda: self.courier.counters.deliveries == 1, "the answer")
        counters = self.courier.counters
        self.assertEqual((counters.failures, counters.deliveries, self.receiver.refused), (3, 1, 3))
        told = [
            (each["log_level"], each["log_format"]) for each in events if each["log_level"] >= LogLevel.info
        ]
        told = [text for level, text in told if "webhook" in text]
        self.assertEqual(len(told), 2)
        self.assertIn("does not take", told[0])
        self.assertIn("takes rows again", told[1])
        self.assertNotIn("hidden", str([each.get("receiver") for each in events]))

    async def test_a_receiver_that_dies_and_comes_back(self):
        """What has happened meanwhile waits in the log; nothing is missing."""
        await self.happen(1)
        await self.delivered(1)
        await self.close()
        await self.happen(3)
        await until(lambda: self.courier.counters.failures > 2, "failures")
        self.listen(self.number)
        await self.delivered(4)

    async def test_a_receiver_that_hangs_up_or_never_answers(self):
        """The one is noticed at once, the other after a while; then it is tried again."""
        self.patch(module, "REQUEST_SECONDS", 0.2)
        self.receiver.answers = ["hang up", "never", 200]
        await self.happen(2)
        await self.delivered(2)
        self.assertEqual(self.courier.counters.failures, 2)

    async def test_an_answer_without_an_end(self):
        """Is cut off; the batch was taken."""
        self.patch(module, "REQUEST_SECONDS", 5)
        self.receiver.answers = ["endless"]
        await self.happen(1)
        await self.happen(1)
        await self.delivered(2)
        self.assertEqual(self.courier.counters.failures, 0)

    async def test_rows_that_were_dropped(self):
        """A batch tells how many rows before its end are missing."""
        await self.happen(1)
        await self.delivered(1)
        await self.close()
        await self.happen(20, rows=4)
        await until(lambda: self.courier.counters.failures > 1, "failures")
        self.listen(self.number)
        await until(lambda: len(self.receiver.users) == 5, "the rest")
        self.assertEqual(self.receiver.users, [1, 18, 19, 20, 21])
        self.assertEqual([batch["lost"] for batch in self.receiver.batches], [0, 16])
        await until(lambda: self.courier.counters.lost == 16, "the count")

    async def test_the_next_process_goes_on(self):
        """Where this one has ended, not from the beginning; and one that is new begins with what is new."""
        await self.happen(2)
        await self.delivered(2)
        await until(lambda: self.courier.counters.deliveries == 1, "the answer")
        await self.courier.stop()
        await self.happen(2)
        self.courier = self.begin()
        await self.delivered(4)

    async def test_stopping_in_the_middle_of_a_request(self):
        """Does not wait for a receiver that does not answer, and the rows come again later."""
        self.receiver.answers = ["never"]
        await self.happen(1)
        await until(lambda: self.receiver.open, "the request")
        await self.courier.stop()
        self.courier = self.begin()
        await self.delivered(1)

    async def test_stopping_while_the_store_is_busy(self):
        """Waits for the store, and begins nothing more."""

        class Busy(MemoryStore):
            gate = None

            async def presence_feed(self, after, most):
                self.gate = Deferred()
                await self.gate
                return await super().presence_feed(after, most)

        store = Busy()
        courier = self.begin(store)
        await until(lambda: store.gate, "the question")
        stopped = courier.stop()
        self.assertNoResult(stopped)
        store.gate.callback(None)
        await stopped
        self.assertEqual((self.receiver.batches, self.receiver.open), ([], 0))

    async def test_a_store_that_fails(self):
        """Is asked again later."""

        class Broken(MemoryStore):
            failures = 2

            async def presence_feed(self, after, most):
                if self.failures:
                    self.failures -= 1
                    raise OSError("the disk is full")
                return await super().presence_feed(after, most)

        self.store = Broken()
        await self.courier.stop()
        self.courier = self.begin()
        await until(lambda: self.courier.counters.failures == 2, "failures")
        await self.happen(1)
        await self.delivered(1)

    async def test_two_servers(self):
        """One delivers at a time, the rows of both, once and in order; nothing is missing if it stops."""
        other = self.begin(node="other", is_alone=False)
        for _ in range(20):
            await self.happen(7)
            other.wake()
        await self.delivered(140)
        self.assertEqual(self.receiver.most, 1)
        await self.courier.stop()
        await self.happen(3)
        await self.delivered(143)

    async def test_rows_of_which_nobody_tells(self):
        """Another server that dies right after it has written some, or has no webhook: they are found."""
        await self.courier.stop()
        self.courier = self.begin(node="other", is_alone=False)
        self.courier.wake = lambda: None
        await self.happen(3)
        await self.delivered(3)

    async def test_a_server_that_dies_in_its_turn(self):
        """Another goes on when that is over."""
        self.receiver.answers = ["never"]
        await self.happen(1)
        await until(lambda: self.receiver.open, "the request")
        self.courier.stop()
        self.assertEqual(await self.store.take_turn("webhook", "dead", 1000, 1030), 0)
        self.courier = self.begin(node="other")
        await self.happen(1)
        await deferLater(reactor, 0.1)
        self.assertEqual(self.receiver.users, [])
        self.now += 30
        await self.delivered(2)

    async def test_certificates_are_checked(self):
        """A receiver that cannot prove its name gets nothing; one that can gets everything."""
        pem, key = certificates.self_signed("localhost", datetime.now(UTC))
        pair = PrivateCertificate.loadPEM(pem + key)
        port = reactor.listenSSL(0, Site(self.receiver), pair.options(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        await self.courier.stop()
        address = f"https://localhost:{port.getHost().port}/"
        self.courier = self.begin(address=address)
        await self.happen(1)
        await until(lambda: self.courier.counters.failures > 1, "failures")
        self.assertEqual(self.receiver.batches, [])
        await self.courier.stop()
        self.courier = self.begin(address=address, policy=BrowserLikePolicyForHTTPS(pair))
        await self.delivered(1)
