"""Tests for L{comet.protocols.outlet}."""

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.outlet import Outlet


class Transport(StringTransport):
    """One that may have enough after each write."""

    is_tight = False

    def write(self, data):
        super().write(data)
        if self.is_tight:
            self.producer.pauseProducing()


class OutletTests(SynchronousTestCase):
    """Writing while the transport is willing."""

    def setUp(self):
        self.outbox, self.express, self.checked = [], None, 0
        self.transport = Transport()
        self.outlet = Outlet(self.transport, self)

    # What the outlet takes from.

    def take(self):
        frames = self.outbox[:]
        self.outbox.clear()
        return frames

    def speed(self, express):
        self.express = express

    def check_outbox(self):
        self.checked += 1

    def say(self, *frames):
        self.outbox += frames
        if self.express:
            self.express.flush()
        else:
            self.outlet.ready()

    def test_what_waits_leaves_in_order(self):
        """In one write."""
        self.say(b"a", b"b")
        self.say(b"c")
        self.assertEqual(self.transport.value(), b"abc")

    def test_nothing_is_written_while_the_transport_is_full(self):
        """It stays where it waits; when there is room again it leaves."""
        self.transport.producer.pauseProducing()
        self.say(b"a")
        self.say(b"b")
        self.assertEqual((self.transport.value(), self.outbox), (b"", [b"a", b"b"]))
        self.transport.producer.resumeProducing()
        self.assertEqual(self.transport.value(), b"ab")

    def test_finishing_writes_the_rest_and_nothing_after_it(self):
        """Also to a transport that is full; the transport is free of its producer."""
        self.transport.producer.pauseProducing()
        self.outbox[:] = [b"last"]
        self.outlet.finish()
        self.say(b"late")
        self.outlet.finish()
        self.assertEqual(self.transport.value(), b"last")
        self.assertIsNone(self.transport.producer)

    def test_a_transport_that_is_gone_is_not_written_to(self):
        """Not even when it once asked for more."""
        self.transport.producer.stopProducing()
        self.say(b"a")
        self.assertEqual(self.transport.value(), b"")

    def test_many_frames_leave_in_few_writes(self):
        """In order; if the transport has enough in the middle, the rest waits, and may be too much."""
        frames = [b"%d," % number for number in range(200)]
        self.say(*frames)
        self.assertEqual(self.transport.value(), b"".join(frames))
        self.transport.clear()
        self.transport.is_tight = True
        self.say(*frames)
        left = b"".join(self.outbox)
        self.assertTrue(0 < len(left) < len(b"".join(frames)))
        self.assertEqual((self.transport.value() + left, self.checked), (b"".join(frames), 1))
        self.assertIsNone(self.express)
        self.transport.is_tight = False
        self.transport.producer.resumeProducing()
        self.assertEqual((self.transport.value(), self.outbox), (b"".join(frames), []))
        self.assertIsNotNone(self.express)
