"""Tests of how much is logged."""

from twisted.logger import Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from comet.logs import LogThreshold
from comet.sections import Log


class LogThresholdTests(SynchronousTestCase):
    """What reaches the log once the service runs."""

    def logged(self, level):
        """@return: the levels that pass."""
        events = []
        publisher = LogPublisher(events.append)
        LogThreshold(Log(level), publisher).startService()
        log = Logger("test", observer=publisher)
        for name in ("debug", "info", "warn", "error", "critical"):
            getattr(log, name)("{name}", name=name)
        return [event["log_level"].name for event in events]

    def test_levels(self):
        """The level itself passes, and all that is more important."""
        self.assertEqual(self.logged("debug"), ["debug", "info", "warn", "error", "critical"])
        self.assertEqual(self.logged("warn"), ["warn", "error", "critical"])
        self.assertEqual(self.logged("critical"), ["critical"])
