"""Tests for L{comet.gate}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.addresses import Proxies
from comet.gate import RETRY_SECONDS, Gate
from comet.limits import Limits
from comet.refusals import Reason


class GateTests(SynchronousTestCase):
    """Limits on addresses."""

    def gate(self, **limits):
        self.time = 100.0
        return Gate(Limits(**limits), lambda: self.time, Proxies(["10.0.0.1/32"]))

    def test_open_connections(self):
        """Of one address, or one /64; others are not touched, and who leaves makes room."""
        gate = self.gate(address_connections=2)
        self.assertEqual([gate.enter("2001:db8::1"), gate.enter("2001:db8::2")], [None, None])
        self.assertIs(gate.enter("2001:db8::3"), Reason.ADDRESS_CONNECTIONS)
        self.assertEqual(gate.retry_after(Reason.ADDRESS_CONNECTIONS, "2001:db8::3"), RETRY_SECONDS)
        self.assertIsNone(gate.enter("2001:db8:1::1"))
        gate.leave("2001:db8::1")
        self.assertIsNone(gate.enter("2001:db8::3"))
        self.assertEqual(gate.refusals, {Reason.ADDRESS_CONNECTIONS: 1})

    def test_nothing_is_kept_of_who_has_left(self):
        """However many there were."""
        gate = self.gate()
        for number in range(256):
            gate.enter(f"192.0.2.{number}")
        for number in range(256):
            gate.leave(f"192.0.2.{number}")
        self.assertEqual(gate._open, {})

    def test_opening(self):
        """So many at once, then as they come back."""
        gate = self.gate(address_connects=2, address_connects_burst=3)
        self.assertEqual([gate.enter("192.0.2.1") for _ in range(3)], [None] * 3)
        self.assertIs(gate.enter("192.0.2.1"), Reason.ADDRESS_CONNECTS)
        self.assertEqual(gate.retry_after(Reason.ADDRESS_CONNECTS, "192.0.2.1"), 1)
        self.time += 0.5
        self.assertIsNone(gate.enter("192.0.2.1"))

    def test_asking(self):
        """Requests have a limit of their own."""
        gate = self.gate(address_requests=1, address_requests_burst=1)
        self.assertIsNone(gate.ask("192.0.2.1"))
        self.assertIs(gate.ask("192.0.2.1"), Reason.ADDRESS_REQUESTS)
        self.assertIsNone(gate.enter("192.0.2.1"))

    def test_this_machine_and_proxies_are_not_counted(self):
        """For everybody comes from there."""
        gate = self.gate(address_connections=1, address_connects=1, address_connects_burst=1)
        for address in ("127.0.0.1", "::1", "unix", "10.0.0.1"):
            self.assertEqual([gate.enter(address) for _ in range(9)], [None] * 9)
            gate.leave(address)
        self.assertIsNone(gate.enter("10.0.0.2"))
        self.assertIsNotNone(gate.enter("10.0.0.2"))

    def test_no_limits(self):
        """0 is none."""
        gate = self.gate(address_connections=0, address_connects=0, address_requests=0)
        self.assertEqual({gate.enter("192.0.2.1") or gate.ask("192.0.2.1") for _ in range(20_000)}, {None})
