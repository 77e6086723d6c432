"""Print the configuration that counts, or one with every key and its default."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from comet.commands.where import add_config
from comet.config import Config
from comet.kinds import is_secret, kind_of
from comet.sections import SECTIONS

#: Stands for what is never shown.
HIDDEN = "(hidden)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to print."""
    add_config(parser, "the configuration file", "or none")
    parser.add_argument(
        "--defaults", action="store_true", help="print a file with every key, what it is for, and its default"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    lines = defaults() if arguments.defaults else effective(Config.load(arguments.config, os.environ))
    print("\n".join(lines))
    return 0


def defaults() -> Iterator[str]:
    """@return: the lines of a file in which every key stands in a comment, with its default."""
    for name, section in SECTIONS.items():
        yield f"[{name}]"
        default = section()
        for declared in fields(section):
            yield f"; {declared.metadata.get('doc', '')} ({kind_of(declared).right})"
            yield f";{declared.name} = {shown(getattr(default, declared.name))}"
            yield ""


def effective(config: Config) -> Iterator[str]:
    """@return: the lines of a file with all that counts, secrets left out."""
    for name, section in (*((name, getattr(config, name)) for name in SECTIONS), *config.outboxes):
        yield f"[{name}]"
        for declared in fields(section):
            value = getattr(section, declared.name)
            yield f"{declared.name} = {HIDDEN if is_secret(declared) and value else shown(value)}"
        yield ""


def shown(value: Any) -> str:
    """@return: a value as it is written in the file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return ", ".join(map(str, value))
    text = str(value)
    return f'"{text}"' if ";" in text or "#" in text else text
