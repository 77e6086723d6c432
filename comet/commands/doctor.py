"""Look at a server and at what it needs, and say what is wrong and what to change."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from comet.commands.where import add_config
from comet.config import Config
from comet.doctor import machine, public, services
from comet.doctor.finding import Finding, Level


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the configuration and the public address."""
    add_config(parser, "the configuration of the server on this machine", "or none")
    parser.add_argument(
        "--url", metavar="URL", help="the address by which browsers reach the server, through all proxies"
    )
    parser.add_argument("--only-url", action="store_true", help="look at the address alone, from any machine")


def run(arguments: argparse.Namespace) -> int:
    """Print what is found, a line for each; 1 if there is a problem."""
    worst = Level.FINE
    for finding in _findings(arguments):
        print(finding, flush=True)
        if finding.level is Level.PROBLEM or worst is Level.FINE:
            worst = finding.level
    if worst is Level.PROBLEM:
        print("there are problems", file=sys.stderr)
    return 1 if worst is Level.PROBLEM else 0


def _findings(arguments: argparse.Namespace) -> Iterable[Finding]:
    if not arguments.only_url:
        config = Config.load(arguments.config, os.environ)
        for remark in config.warnings:
            yield Finding(Level.WARNING, "configuration", str(remark))
        yield from machine.look(config)
        yield from services.look(config)
    if arguments.url:
        yield from public.look(arguments.url)
