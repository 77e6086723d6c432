"""Run a server for this machine alone, with throw-away data, and print how to try it."""

from __future__ import annotations

import argparse
import shlex
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python.failure import Failure

from comet import garbage
from comet.config import CannotStart, Config
from comet.data import DataFolder
from comet.kinds import PORT
from comet.rights import Rule, Who
from comet.sections import LOOPBACK, CometQL, Console, Main, Tls, Ws
from comet.service import CometService, make_service

#: A statement whose text appears on the demo page.
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES ('web_demo', 'message', 'Hello from SQL')"

#: Into which rooms visitors may go, who here are nobody that is known.
ROOMS = Rule("call_room_demo", subscribe=Who.ALL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two ports."""
    for option, what, default in (
        ("--port", "browsers", Ws().port),
        ("--cometql-port", "MySQL clients", CometQL().port),
    ):
        parser.add_argument(
            option,
            metavar="PORT",
            type=_port,
            help=f"port of {what}, 0 for a free one [default: {default}, or a free one if that is in use]",
        )


def _port(text: str) -> int:
    try:
        return PORT.read(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is wrong; expected {PORT.right}") from None


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from twisted.internet import reactor

    start_log(sys.stderr)
    with TemporaryDirectory(prefix="comet-demo-", ignore_cleanup_errors=True) as folder:
        ws = choose_port("--port", arguments.port, Ws().port)
        cometql = choose_port("--cometql-port", arguments.cometql_port, CometQL().port)
        return Demo(demo_config(Path(folder), ws, cometql), reactor).run()


def start_log(file: TextIO) -> None:
    """Log to C{file} what went wrong, and nothing else."""
    observer = FilteringLogObserver(textFileLogObserver(file), [LogLevelFilterPredicate(LogLevel.warn)])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)


def demo_config(folder: Path, ws: int, cometql: int) -> Config:
    """@return: the configuration of a server on these ports of this machine."""
    return Config(
        main=Main(data=folder, node_name="demo"),
        ws=Ws(ip=LOOPBACK, port=ws, demo=True),
        cometql=CometQL(ip=LOOPBACK, port=cometql),
        tls=Tls(port=0),
        console=Console(enabled=True),
    )


def choose_port(option: str, wanted: int | None, default: int) -> int:
    """@return: the port to listen on: what is wanted, else the default one if it is free, else a free one."""
    if wanted is not None:
        return wanted
    with socket.socket() as probe:
        # As the server itself does, so that a port of a server that has just ended counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, default))
        except OSError:
            print(
                f"Port {default} is in use; a free one is taken, or the one that {option} names.",
                file=sys.stderr,
            )
            return 0
    return default


def instructions(ports: Mapping[str, int], password: str) -> list[str]:
    """@return: what to open and what to paste."""
    login = f"-h {LOOPBACK} -P {ports['cometql']} -u root -p{shlex.quote(password)} CometQL_v1"
    page = f"http://{LOOPBACK}:{ports['ws']}/"
    console = f"{page}console  (tenant root, key {password})"
    return [page, f'mysql {login} -e "{INSERT}"', f"{page}video", console]


class Demo:
    """One server from its start to its end."""

    _log = Logger()

    def __init__(self, config: Config, reactor: Any) -> None:
        """@param reactor: what to run, and stop, the server in."""
        self._config = config
        self._reactor = reactor
        self._status = 0

    def run(self) -> int:
        """@return: the exit status, after the end."""
        data = DataFolder.open(self._config)
        service = make_service(self._config, data, self._reactor)
        service.listening.addCallback(self._open, service)
        service.listening.addCallbacks(self._show, self._fail, callbackArgs=(data.password,))
        self._reactor.callWhenRunning(service.privilegedStartService)
        self._reactor.callWhenRunning(service.startService)
        self._reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
        self._reactor.run()
        data.close()
        return self._status

    def _open(self, ports: Mapping[str, int], service: CometService) -> Deferred[Mapping[str, int]]:
        return service.allow(ROOMS).addCallback(lambda _: ports)

    def _show(self, ports: Mapping[str, int], password: str) -> None:
        print(*instructions(ports, password), sep="\n", flush=True)
        garbage.settle()

    def _fail(self, failure: Failure) -> None:
        if failure.check(CannotStart):
            print("comet cannot start:", failure.value, file=sys.stderr)
        else:
            self._log.failure("the server did not start", failure)
        self._status = 1
        self._reactor.stop()
