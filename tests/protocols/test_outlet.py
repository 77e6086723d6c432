"""Tests for L{comet.protocols.outlet}."""

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.outlet import Outlet


class OutletTests(SynchronousTestCase):
    """Writing while the transport is willing."""

    def setUp(self):
        self.waiting = []
        self.transport = StringTransport()
        self.outlet = Outlet(self.transport, self.take)

    def take(self):
        frames, self.waiting = self.waiting, []
        return frames

    def say(self, *frames):
        self.waiting += frames
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
        self.assertEqual((self.transport.value(), self.waiting), (b"", [b"a", b"b"]))
        self.transport.producer.resumeProducing()
        self.assertEqual(self.transport.value(), b"ab")

    def test_finishing_writes_the_rest_and_nothing_after_it(self):
        """Also to a transport that is full; the transport is free of its producer."""
        self.transport.producer.pauseProducing()
        self.waiting = [b"last"]
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
