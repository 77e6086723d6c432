"""Tests of the progress that C{comet bench} shows; what it measures is tested with real servers."""

import io

from twisted.trial.unittest import SynchronousTestCase

from comet.commands.bars import bar
from comet.commands.bench import Progress


class Terminal(io.StringIO):
    """A stream at which somebody looks."""

    def isatty(self):
        return True


class BarTests(SynchronousTestCase):
    """A bar."""

    def test_grows(self):
        """It is as full as the work is done, and never more than full."""
        for done, filled in ((0, 0), (250, 15), (500, 30), (600, 30)):
            self.assertEqual(bar("fanout", done, 500).count("#"), filled)
        self.assertEqual(bar("publish", 2, 5, width=8), f"publish  [{'#' * 12}{' ' * 18}] 2/5")

    def test_nothing_to_do(self):
        """Then it is full."""
        self.assertIn("#" * 30, bar("publish", 0, 0))


class ProgressTests(SynchronousTestCase):
    """A bar on standard error."""

    def test_at_a_terminal(self):
        """One line that is written over, and in the end taken away."""
        stream = Terminal()
        progress = Progress(stream)
        progress.show("fanout", 1, 2)
        progress.show("fanout", 2, 2)
        progress.end()
        progress.end()
        nothing, first, second, blank, end = stream.getvalue().split("\r")
        self.assertEqual((nothing, end), ("", ""))
        self.assertEqual((first, second), (bar("fanout", 1, 2), bar("fanout", 2, 2)))
        self.assertEqual(blank, " " * len(second))

    def test_in_a_file(self):
        """Nobody looks, so nothing is written."""
        stream = io.StringIO()
        progress = Progress(stream)
        progress.show("fanout", 1, 2)
        progress.end()
        self.assertEqual(stream.getvalue(), "")
