"""Tests for L{comet.gauges}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.status import TenantStatus
from comet.gauges import Count, Meter, ServerGauges


class GaugeTests(SynchronousTestCase):
    """Counters now, rates over the last whole interval."""

    def setUp(self):
        self.time, self.count = 100.0, Count()
        self.ws, self.sql = Meter(lambda: self.count, 10), Meter(Count, 10)
        self.gauges = ServerGauges(lambda: self.time, self.ws, self.sql, lambda dev_id: TenantStatus(dev_id))

    def test_counters_are_those_of_now(self):
        """Without waiting for an interval to end."""
        self.count = Count(online=3, messages=50, added=4, deleted=1)
        status = self.gauges.server().ws
        self.assertEqual((status.online, status.messages, status.added, status.deleted), (3, 50, 4, 1))
        self.assertEqual(status.messages_per_second, 0.0)

    def test_rates_are_those_of_the_last_interval(self):
        """Not of all time, and not of the part that has begun."""
        for messages, rate in ((50, 5.0), (70, 2.0), (70, 0.0)):
            self.count = Count(messages=messages, added=messages, deleted=messages)
            self.gauges.tick()
            self.count = Count(messages=messages + 1000, added=messages, deleted=messages)
            status = self.gauges.server().ws
            rates = (status.messages_per_second, status.added_per_second, status.deleted_per_second)
            self.assertEqual(rates, (rate, rate, rate))
            self.count = Count(messages=messages, added=messages, deleted=messages)

    def test_uptime_counts_from_the_start(self):
        """In whole seconds."""
        self.time = 163.9
        self.assertEqual(self.gauges.server().uptime, 63)

    def test_tenants_are_asked_for_by_number(self):
        """The numbers come from whoever keeps them."""
        self.assertEqual(self.gauges.tenant(7).users, 7)
