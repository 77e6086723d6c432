"""Tests for L{comet.workers.logs}."""

import io

from twisted.logger import Logger, LogLevel
from twisted.trial.unittest import SynchronousTestCase

from comet.workers.logs import LINE_LIMIT, LineObserver, LogReader


class LogTests(SynchronousTestCase):
    """From the log of a worker into that of its parent."""

    def setUp(self):
        self.events = []
        self.reader = LogReader("worker 3", Logger(observer=self.events.append))

    def said(self):
        """@return: level, worker and text of each event."""
        return [(each["log_level"], each["worker"], each["said"]) for each in self.events]

    def test_an_event(self):
        """Keeps its level and its text, be it of several lines, however the bytes come."""
        file = io.StringIO()
        Logger(observer=LineObserver(file)).warn("{what}\nis hot", what="the {pan}")
        for byte in file.getvalue().encode():
            self.reader.feed(bytes([byte]))
        self.assertEqual(self.said(), [(LogLevel.warn, "worker 3", "the {pan}\nis hot")])

    def test_what_is_no_event(self):
        """Is what an interpreter says that fails: an error; the last line needs no end."""
        self.reader.feed(b"Fatal\n\n[1]\nend")
        self.reader.end()
        self.assertEqual([text for _, _, text in self.said()], ["Fatal", "[1]", "end"])
        self.assertEqual({level for level, _, _ in self.said()}, {LogLevel.error})

    def test_a_line_without_end(self):
        """Is not kept for ever."""
        self.reader.feed(b"x" * (LINE_LIMIT + 1))
        self.assertEqual(len(self.events), 1)
