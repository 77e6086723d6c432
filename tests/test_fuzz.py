"""The fuzzers find nothing, in as many seconds as a test may take, with seeds that stay."""

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"

#: How long each goes on, a minute together; C{COMET_FUZZ_SECONDS=3600} makes a night of it.
SECONDS = os.environ.get("COMET_FUZZ_SECONDS", "20")


class FuzzTests(SynchronousTestCase):
    """A run of each fuzzer."""

    timeout = 4000

    def finds_nothing(self, name):
        command = [sys.executable, str(FUZZ / name), "--seed", "1", "--seconds", SECONDS]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("nothing found", done.stdout)

    def test_packets(self):
        """Packets that no client would send give events, or an error that is allowed."""
        self.finds_nothing("fuzz_mysql.py")

    def test_statements(self):
        """Statements that no program would send give results, or an error that is allowed."""
        self.finds_nothing("fuzz_cometql.py")

    def test_browsers(self):
        """Requests and frames that no browser would send are answered by the rules, or end the connection."""
        self.finds_nothing("fuzz_browser.py")


FUZZERS = {"fuzz_mysql.py", "fuzz_cometql.py", "fuzz_browser.py"}


class CompleteTests(SynchronousTestCase):
    """Of the list above."""

    def test_every_fuzzer_runs(self):
        """Every fuzzer that there is has its test."""
        self.assertEqual({path.name for path in FUZZ.glob("fuzz_*.py")}, FUZZERS)
