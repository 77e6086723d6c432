"""Tests of the command line as a whole: the help of each subcommand, and with what status it ends."""

import argparse
import io
from contextlib import redirect_stderr, redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from comet import __main__ as command
from comet.client.errors import ClientError
from comet.commands.where import CannotDo
from comet.config import CannotStart, ConfigError


def subparsers():
    """@return: the parsers of all subcommands, by name."""
    for action in command.make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    raise AssertionError("there are none")


class HelpTests(SynchronousTestCase):
    """What C{--help} says."""

    def test_everything_is_explained(self):
        """Each subcommand says in a sentence what it does, and each of its options what it is for."""
        for name, parser in subparsers().items():
            self.assertRegex(parser.description, r"^[A-Z].*\.$", name)
            for action in parser._actions:
                self.assertTrue(action.help, f"{name} {action.dest}")

    def test_statuses(self):
        """How it ends is told by each, for scripts."""
        for parser in subparsers().values():
            said = " ".join(parser.format_help().split())
            self.assertTrue(said.endswith(command.STATUSES))


class StatusTests(SynchronousTestCase):
    """With what status it ends."""

    def end(self, error):
        """@return: the status, and what is said, when C{comet version} raises an error."""

        class Failing:
            __doc__ = "Fail."

            def add_arguments(self, parser):
                pass

            def run(self, arguments):
                raise error

        self.patch(command, "SUBCOMMANDS", {"version": Failing()})
        with redirect_stderr(io.StringIO()) as said:
            return command.main(["version"]), said.getvalue()

    def test_what_goes_wrong(self):
        """Each kind of trouble has its status, and a line without a traceback."""
        self.assertEqual(self.end(CannotDo("why")), (1, "comet: why\n"))
        self.assertEqual(self.end(ClientError("why")), (1, "comet: why\n"))
        self.assertEqual(self.end(CannotStart("why")), (1, "comet cannot start: why\n"))
        self.assertEqual(self.end(ConfigError("a.ini", [], ()))[0], 78)
        self.assertEqual(self.end(KeyboardInterrupt()), (130, ""))

    def test_a_wrong_command_line(self):
        """An option that is none, or a subcommand that is none, ends with 2 and the usage."""
        for words in (["version", "--colour"], ["vresion"], ["tail"]):
            with redirect_stderr(io.StringIO()) as said:
                error = self.assertRaises(SystemExit, command.main, words)
            self.assertEqual(error.code, 2)
            self.assertIn("usage: comet", said.getvalue())

    def test_well(self):
        """All else ends with 0."""
        with redirect_stdout(io.StringIO()):
            self.assertEqual(command.main(["version"]), 0)
