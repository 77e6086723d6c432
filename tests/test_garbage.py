"""Tests of L{comet.garbage}, in a process of its own: it is for the whole of one."""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from comet.garbage import THRESHOLDS

SCRIPT = """
import gc
from comet import garbage

class Circle:
    def __init__(self):
        self.me = self

Circle()
garbage.settle()
circles = [each for each in gc.get_objects() if type(each) is Circle]
print(gc.get_freeze_count() > 1000, circles, gc.get_threshold())
"""


class SettleTests(SynchronousTestCase):
    """After the start."""

    def test_what_is_there_is_not_looked_at_again(self):
        """What was garbage is gone first; and what comes is looked at more seldom than by default."""
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout, f"True [] {THRESHOLDS}\n")
