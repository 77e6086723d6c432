"""Tests of how the outcomes of the test runners are counted."""

import importlib.util
import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

FILE = Path(__file__).resolve().parent.parent / "tools" / "run_tests.py"
spec = importlib.util.spec_from_file_location("run_tests", FILE)
run_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_tests)
Outcome = run_tests.Outcome


class ReaderTests(SynchronousTestCase):
    """What the closing lines of a runner say."""

    def test_trial(self):
        """Errors and unexpected successes are failures; expected failures prove nothing, as if skipped."""
        for status, closing, outcome in (
            (0, "PASSED (successes=5)", (5, 0, 0)),
            (0, "PASSED (skips=2, successes=5)", (5, 0, 2)),
            (1, "FAILED (skips=2, failures=1, errors=3, successes=5)", (5, 4, 2)),
            (1, "FAILED (unexpectedSuccesses=1, successes=1)", (1, 1, 0)),
            (0, "PASSED (expectedFailures=1)", (0, 0, 1)),
        ):
            self.assertEqual(run_tests.read_trial(status, f"noise\nRan 9 tests\n\n{closing}\n"), outcome)

    def test_node(self):
        """Node says the same with a hash sign or with an i in a circle."""
        for mark in "#\u2139":
            lines = [
                f"{mark} {name} {n}"
                for n, name in enumerate(("pass", "fail", "cancelled", "skipped", "todo"), 1)
            ]
            self.assertEqual(run_tests.read_node(1, "\n".join(lines)), (1, 5, 9))

    def test_check(self):
        """A check is one that passed or failed."""
        self.assertEqual(run_tests.read_check(0, ""), (1, 0, 0))
        self.assertEqual(run_tests.read_check(2, ""), (0, 1, 0))

    def test_no_success_without_proof(self):
        """A runner that died, that found no tests, or whose exit status denies its words, has failed."""
        for read in (run_tests.read_trial, run_tests.read_node):
            self.assertEqual(read(0, "").failed, 1)
            self.assertEqual(read(-9, "half a li").failed, 1)
        self.assertEqual(run_tests.read_trial(0, "PASSED\n"), (0, 1, 0))
        self.assertEqual(run_tests.read_trial(1, "PASSED (successes=5)\n"), (5, 1, 0))
        self.assertEqual(run_tests.read_node(1, "# pass 3\n# fail 0"), (3, 1, 0))


class StepTests(SynchronousTestCase):
    """Running a command."""

    def run_step(self, *command, minutes=1.0):
        """@return: its outcome, and what was shown."""
        with redirect_stdout(io.StringIO()) as shown:
            outcome = run_tests.Step("a step", command, minutes=minutes).run()
        return outcome, shown.getvalue()

    def test_output_is_shown(self):
        """What the command prints is shown, then the outcome."""
        outcome, shown = self.run_step(sys.executable, "-c", "print('hello')")
        self.assertEqual(outcome, Outcome(passed=1))
        self.assertIn("\nhello\n== a step: 1 passed, 0 failed, 0 skipped", shown)

    def test_failure(self):
        """A command that ends with another status than 0 has failed."""
        self.assertEqual(self.run_step(sys.executable, "-c", "raise SystemExit(3)")[0], Outcome(failed=1))

    def test_not_installed(self):
        """A command that is not there is skipped, and that is said."""
        outcome, shown = self.run_step("no-such-command-of-ours")
        self.assertEqual(outcome, Outcome(skipped=1))
        self.assertIn("not installed", shown)

    def test_endless(self):
        """A command that does not end is ended, with what it started, and has failed."""
        outcome, shown = self.run_step("sh", "-c", "sleep 60 & sleep 60", minutes=0.002)
        self.assertEqual(outcome, Outcome(failed=1))
        self.assertIn("no end after", shown)


class SelectionTests(SynchronousTestCase):
    """What is run when."""

    def names(self, *arguments):
        """@return: the modules that trial is given."""
        (trial,) = [step for step in run_tests.steps(list(arguments)) if step.name == "trial"]
        return [word for word in trial.command if str(word).startswith("tests.")]

    def test_all_run_once(self):
        """Each module is run by C{make test} or left to C{make test-all}, and none by both or by neither."""
        light, heavy = self.names(), self.names("--heavy")
        self.assertIn(__name__, light)
        self.assertEqual(sorted([*light, *heavy]), sorted(run_tests.modules()))
        self.assertEqual(heavy, list(run_tests.HEAVY))
