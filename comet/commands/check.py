"""Tell everything that is wrong with a configuration, and what would be right."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping

from comet.certificates import check_pair
from comet.config import FILE_VARIABLE, CannotStart, Config, ConfigError
from comet.errors import BadValue
from comet.following.databases import server_of
from comet.keyring import read_pem
from comet.storage.mysql_server import Server


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, and whether the environment counts."""
    default = os.environ.get(FILE_VARIABLE)
    parser.add_argument(
        "--config",
        metavar="FILE",
        default=default,
        required=default is None,
        help=f"the configuration file [default: ${FILE_VARIABLE}]",
    )
    parser.add_argument(
        "--env", action="store_true", help="check the COMET_... variables of the environment, too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the problems and the warnings, one a line."""
    problems, warnings = examine(arguments.config, os.environ if arguments.env else {})
    for line in problems:
        print(line)
    for line in warnings:
        print("warning:", line)
    if not problems:
        print(f"{arguments.config} is fine")
    return 1 if problems else 0


def examine(file: str, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """@return: the problems and the warnings of a configuration."""
    try:
        config = Config.load(file, environment)
    except ConfigError as error:
        return str(error).splitlines(), [warning.located(file) for warning in error.warnings]
    return list(_files(file, config)), [warning.located(file) for warning in config.warnings]


def _files(file: str, config: Config) -> Iterator[str]:
    """What is wrong with the files that the configuration names."""
    if config.tls.certificate is not None and config.tls.key is not None:
        try:
            check_pair(config.tls.certificate, config.tls.key)
        except CannotStart as error:
            yield f"{file}: [tls] certificate: {error}"
    if config.mysql is not None:
        try:
            Server.of(config.db, config.mysql)
        except CannotStart as error:
            yield f"{file}: {error}"
    for section, outbox in config.followed.items():
        if outbox.database is not None and outbox.database.scheme == "mysql":
            try:
                server_of(section, outbox, outbox.database)
            except CannotStart as error:
                yield f"{file}: {error}"
    if config.jwt.public_key is not None:
        try:
            read_pem(config.jwt.public_key)
        except BadValue as error:
            yield f"{file}: [jwt] public_key: {error}"
