"""The command C{comet}, also C{python -m comet}: finds the subcommand and runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

import shtab

from comet.client.errors import ClientError
from comet.commands import bench, check, config, demo, doctor, migrate, publish, tail, version
from comet.commands.where import CannotDo
from comet.config import CannotStart


class Subcommand(Protocol):
    """What each module in L{comet.commands} offers; the first line of its docstring is its help."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what may follow the name of the subcommand."""

    def run(self, arguments: argparse.Namespace) -> int:
        """@return: the exit status."""


#: How every subcommand ends.
STATUSES = (
    "Exit status: 0 if all went well; 1 if it cannot do its work, or has found a problem; 2 if the command "
    "line is wrong, 78 if the configuration is; 130 if it was interrupted."
)
#: What shells complete, by the name that the help has for a value.
COMPLETED = {"FILE": shtab.FILE, "FOLDER": shtab.DIRECTORY}

SUBCOMMANDS: dict[str, Subcommand] = {
    "demo": demo,
    "check": check,
    "config": config,
    "doctor": doctor,
    "migrate": migrate,
    "tail": tail,
    "publish": publish,
    "bench": bench,
    "version": version,
}


def make_parser() -> argparse.ArgumentParser:
    """@return: the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="comet",
        description="A real-time notification server that a site talks to in SQL.",
        epilog="The server itself is started by 'twistd -n comet [--config FILE]'.",
    )
    shtab.add_argument_to(parser, "--print-completion", help="print what makes a shell complete, and end")
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    for name, module in SUBCOMMANDS.items():
        summary = (module.__doc__ or "").strip().partition("\n")[0]
        subparser = subparsers.add_parser(name, help=summary, description=summary, epilog=STATUSES)
        module.add_arguments(subparser)
        for action in subparser._actions:
            if action.metavar in COMPLETED:
                # That is how shtab is told.
                action.complete = COMPLETED[action.metavar]  # type: ignore[attr-defined]
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """
    @param words: what follows C{comet} on the command line.
    @return: the exit status.
    """
    arguments = make_parser().parse_args(words)
    try:
        return SUBCOMMANDS[arguments.subcommand].run(arguments)
    except CannotStart as error:
        print("comet cannot start:", error, file=sys.stderr)
        return error.status
    except (CannotDo, ClientError) as error:
        print("comet:", error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
