"""Which server a command means, and how it is found: by its data folder, its configuration, or an address."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path

from comet.config import FILE_VARIABLE, Config


class CannotDo(Exception):
    """The command cannot do its work; C{str(error)} says why, and what to change."""


def add_config(parser: argparse._ActionsContainer, what: str, otherwise: str = "if set") -> None:
    """
    Declare the configuration file.

    @param what: what it is for.
    @param otherwise: what counts where the variable is not set.
    """
    parser.add_argument(
        "--config",
        metavar="FILE",
        default=os.environ.get(FILE_VARIABLE),
        help=f"{what} [default: ${FILE_VARIABLE}, {otherwise}]",
    )


def add_server_options(parser: argparse._ActionsContainer) -> None:
    """Declare how a server of this machine is found."""
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="the data folder of the server on this machine [default: that of --config, else comet-data]",
    )
    add_config(parser, "the configuration file of the server on this machine")


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this machine that is running, as its data folder tells."""

    folder: Path
    config: Config
    ports: dict[str, int]

    @classmethod
    def find(cls, arguments: argparse.Namespace, instead: str) -> LocalServer:
        """
        @param instead: the option that names a server without its data folder.
        @raise CannotDo: if it is not running.
        @raise CannotStart: if the configuration is wrong.
        """
        config = Config.load(arguments.config, os.environ)
        folder = (arguments.data or config.main.data).absolute()
        try:
            ports = json.loads((folder / "ports.json").read_text("utf-8"))
        except FileNotFoundError:
            raise CannotDo(
                f"no server is running with the data folder {folder}: start one, or name its folder by "
                f"--data, its configuration by --config, or the server itself by {instead}"
            ) from None
        except (OSError, ValueError) as error:
            raise CannotDo(f"{folder / 'ports.json'} cannot be read: {error}") from None
        return cls(folder, config, ports)

    @property
    def ws_url(self) -> str:
        """Where clients connect to."""
        return f"ws://{_reachable(self.config.ws.ip)}:{self.ports['ws']}"

    @property
    def cometql(self) -> tuple[str, int]:
        """Where backends connect to."""
        return _reachable(self.config.cometql.ip).strip("[]"), self.ports["cometql"]

    @property
    def password(self) -> str:
        """
        The password of root.

        @raise CannotDo: if it is not for this user to read.
        """
        if self.config.main.password:
            return self.config.main.password
        return read_secret(self.folder / "password", "--password-file")


def read_secret(file: Path, option: str) -> str:
    """
    @param option: how another file is named.
    @return: what stands in a file, without white space around it.
    @raise CannotDo: if it cannot be read.
    """
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CannotDo(f"{file} cannot be read: {why}; {option} names another file") from None
    if not secret:
        raise CannotDo(f"{file} is empty; {option} names another file")
    return secret


def _reachable(ip: str) -> str:
    """@return: the host to connect to if a server listens on C{ip}, as in an address."""
    address = ipaddress.ip_address(ip)
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return ip if address.version == 4 else f"[{ip}]"
