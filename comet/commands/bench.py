"""Measure how fast a server is: how browsers come in, how messages reach them, how fast INSERTs are."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit
from uuid import uuid4

from comet.bench.files import TooFewFiles, allow_files
from comet.bench.hearing import LEAST
from comet.bench.plans import Place
from comet.bench.runs import Load, Runs
from comet.bench.speaking import TONGUES
from comet.bench.team import LoadError
from comet.bench.wires import MANNERS
from comet.commands.bars import bar
from comet.commands.clients import INTERRUPTED
from comet.commands.where import CannotDo, LocalServer, add_server_options, read_secret

#: What can be measured.
MEASUREMENTS = {"connections": Runs.connections, "fanout": Runs.fanout, "publish": Runs.publish}
#: Above this share of its time, a process of the load may be what holds things up.
BUSY = 0.85
_MOST = 1_000_000
_MOST_PROCESSES = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to measure, how, and the server."""
    parser.usage = "comet bench [OPTIONS] [connections] [fanout] [publish]"
    parser.add_argument(
        "what",
        metavar="WHAT",
        nargs="*",
        type=_measurement,
        help="connections: browsers come in; fanout: messages reach them; publish: messages to nobody "
        "[default: all three]",
    )
    _number_option(parser, "--browsers", 500, "browsers that connect, and listen")
    _number_option(parser, "--channels", 1, "channels that they share out among themselves")
    _number_option(parser, "--backends", 4, "connections that publish, each a message at a time")
    _number_option(parser, "--window", 16, "messages that may be on their way to browsers at the same time")
    _number_option(parser, "--size", 100, f"bytes of text in a message, at least {LEAST}")
    parser.add_argument(
        "--processes",
        metavar="N",
        type=_number(_MOST_PROCESSES),
        default=default_processes(),
        help="processes of the load [default: one for each core but one, at most 4]",
    )
    parser.add_argument(
        "--seconds", metavar="S", type=_positive, default=5.0, help="how long to publish [default: 5]"
    )
    parser.add_argument(
        "--rate", metavar="N", type=_positive, default=0.0, help="messages a second [default: all that go]"
    )
    parser.add_argument(
        "--dialect", choices=MANNERS, default="cppcomet", help="what browsers speak [default: cppcomet]"
    )
    parser.add_argument("--via", choices=TONGUES, default="sql", help="how backends publish [default: sql]")
    parser.add_argument("--json", action="store_true", help="print the results as an object of JSON")
    server = parser.add_argument_group("another server than that on this machine")
    server.add_argument(
        "--url", metavar="URL", help="where browsers connect to, ws://HOST:PORT or wss://HOST:PORT"
    )
    server.add_argument("--ca-file", metavar="FILE", type=Path, help="PEM file of the authorities to trust")
    server.add_argument("--origin", metavar="ORIGIN", default="", help="the page that browsers come from")
    server.add_argument("--sql", metavar="HOST:PORT", help="where backends connect to, for --via sql")
    server.add_argument("--user", metavar="NAME", default="root", help="who they are [default: root]")
    server.add_argument("--password", metavar="PASSWORD", help="their password, or the key of the HTTP API")
    server.add_argument(
        "--password-file",
        metavar="FILE",
        type=Path,
        help="the same in a file, where other users do not see it",
    )
    parser.add_argument("--dev-id", metavar="ID", type=int, default=0, help="the tenant [default: 0]")
    add_server_options(parser)


def _measurement(text: str) -> str:
    if text not in MEASUREMENTS:
        raise argparse.ArgumentTypeError(f"{text} cannot be measured; expected {', '.join(MEASUREMENTS)}")
    return text


def default_processes() -> int:
    """@return: a core is left for the server."""
    return max(1, min((os.cpu_count() or 1) - 1, 4))


def _number_option(parser: argparse.ArgumentParser, name: str, default: int, what: str) -> None:
    parser.add_argument(
        name, metavar="N", type=_number(_MOST), default=default, help=f"{what} [default: {default}]"
    )


def _number(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is wrong; expected a number from 1 to {most}")
        return number

    return read


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is wrong; expected a number greater than 0")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print what was found, also of a run that is interrupted."""
    names = list(dict.fromkeys(arguments.what)) or list(MEASUREMENTS)
    load = describe(arguments, names)
    progress = Progress(sys.stderr)
    runs = Runs(load, progress.show)
    results: dict[str, Any] = {}
    try:
        for name in names:
            results[name] = MEASUREMENTS[name](runs)
            progress.end()
            if not arguments.json:
                print(*lines(name, results[name]), sep="\n", flush=True)
            _fail_if_nobody_came(results[name])
            if runs.interrupted:
                break
    except LoadError as error:
        progress.end()
        raise CannotDo(str(error)) from None
    finally:
        progress.end()
        if arguments.json:
            print(json.dumps({**facts(load), "interrupted": runs.interrupted, **results}))
    return INTERRUPTED if runs.interrupted else 0


def _fail_if_nobody_came(result: Mapping[str, Any]) -> None:
    there = result.get("connected", result.get("subscribers", 1))
    if not there and result["failures"]:
        reason = next(iter(result["failures"]))
        raise CannotDo(f"no browser came in: {reason}{hint(reason)}")


# What to measure -------------------------------------------------------------------------------------------


def describe(arguments: argparse.Namespace, names: list[str]) -> Load:
    """
    @param names: what is measured.
    @return: the load that the options ask for.
    @raise CannotDo: if they make no sense, or ask for too much.
    """
    if arguments.channels > arguments.browsers:
        raise CannotDo(f"--channels {arguments.channels} needs as many --browsers, or more")
    if arguments.size < LEAST:
        raise CannotDo(f"--size {arguments.size} is too small: a message has at least {LEAST} bytes")
    processes = min(arguments.processes, max(arguments.browsers, arguments.backends))
    try:
        allow_files(math.ceil(max(arguments.browsers, arguments.backends) / processes))
    except TooFewFiles as error:
        raise CannotDo(f"{error}, or more --processes") from None
    server = Server(arguments)
    listens = names != ["publish"]
    speaks = names != ["connections"]
    backends, password = (server.backends(), server.password()) if speaks else (None, "")
    return Load(
        browsers=server.browsers() if listens else None,
        backends=backends,
        via=arguments.via,
        user=arguments.user,
        password=password,
        database=f"db_{arguments.dev_id}" if arguments.dev_id else "CometQL_v1",
        dev_id=arguments.dev_id,
        origin=_origin(arguments.origin),
        dialect=arguments.dialect,
        browser_count=arguments.browsers,
        backend_count=arguments.backends,
        channel_count=arguments.channels,
        processes=processes,
        size=arguments.size,
        seconds=arguments.seconds,
        rate=arguments.rate,
        window=arguments.window,
        run=uuid4().hex[:8],
    )


def _origin(text: str) -> str:
    if not re.fullmatch("[!-~]*", text):
        raise CannotDo(f"--origin {text!r} is no origin, such as https://example.com")
    return text


class Server:
    """Where it is: what the options say, else what runs on this machine."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments

    def _local(self, instead: str) -> LocalServer:
        return LocalServer.find(self._arguments, instead)

    def browsers(self) -> Place:
        """@return: the browser port."""
        url = self._arguments.url or self._local("--url").ws_url
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.scheme not in ("ws", "wss") or parts.path not in ("", "/") or parts.username:
            raise CannotDo(f"--url {url} is wrong: ws://HOST:PORT or wss://HOST:PORT is expected")
        tls = parts.scheme == "wss"
        ca_file = self._arguments.ca_file
        if ca_file is not None and not ca_file.is_file():
            raise CannotDo(f"--ca-file: there is no file {ca_file}")
        port = port or (443 if tls else 80)
        return Place(look_up(host, port), port, parts.netloc, tls, host, str(ca_file or ""))

    def backends(self) -> Place:
        """@return: the port to which backends publish."""
        if self._arguments.via == "http":
            place = self.browsers()
            if place.tls:
                raise CannotDo(
                    "--via http publishes without TLS: give the address of the plain port, ws://..."
                )
            return place
        if self._arguments.sql is None:
            if self._arguments.url is not None:
                raise CannotDo(
                    "--url names another server: --sql HOST:PORT says where its backends connect to"
                )
            host, port = self._local("--sql").cometql
        else:
            host, _, digits = self._arguments.sql.rpartition(":")
            host = host.strip("[]")
            if not host or not digits.isdecimal() or not 0 < int(digits) < 1 << 16:
                raise CannotDo(f"--sql {self._arguments.sql} is wrong: HOST:PORT is expected")
            port = int(digits)
        return Place(look_up(host, port), port, host)

    def password(self) -> str:
        """@return: what backends prove who they are with."""
        password: str | None = self._arguments.password
        file = self._arguments.password_file
        if password is not None and file is not None:
            raise CannotDo("--password and --password-file say the same: give one of them")
        if file is not None:
            password = read_secret(file, "--password-file")
        if password is None:
            if self._arguments.sql is not None or self._arguments.url is not None:
                raise CannotDo("publishing to another server needs --password-file or --password")
            password = self._local("--password-file").password
        return password


def look_up(host: str, port: int) -> str:
    """
    @return: the address of a host.
    @raise CannotDo: if it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CannotDo(f"{host} is not known: {error.strerror}") from None
    return str(found[0][4][0])


# What was found --------------------------------------------------------------------------------------------


def facts(load: Load) -> dict[str, Any]:
    """@return: what the results depend on."""
    return {
        "browsers": load.browser_count,
        "channels": load.channel_count,
        "backends": load.backend_count,
        "processes": load.processes,
        "size": load.size,
        "rate": load.rate or None,
        "window": load.window,
        "dialect": load.dialect,
        "via": load.via,
    }


_LABELS = {
    "connected": "connected",
    "subscribers": "subscribers",
    "published": "messages published",
    "delivered": "delivered to browsers",
    "missing": "of these missing",
    "seconds": "seconds",
    "published_per_second": "published a second",
}
_RATES = {
    "connections": "connections a second",
    "fanout": "delivered a second",
    "publish": "published a second",
}
_TIMES = {"connections": "until subscribed", "fanout": "until delivered", "publish": "until answered"}


def lines(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    """@return: a table for people."""
    yield f"{name}"
    for key, label in {**_LABELS, "per_second": _RATES[name]}.items():
        if key in result:
            value = result[key]
            yield _line(label, f"{value:,.2f}" if key == "seconds" else f"{value:,.0f}")
    for key, value in result.get("milliseconds", {}).items():
        yield _line(f"{_TIMES[name]}, {key}", f"{value:,.2f} ms")
    if result.get("load_busy", 0) > BUSY:
        busy = min(result["load_busy"], 1)
        yield f"  The load itself was busy for {busy:.0%} of the time: try more --processes."
    failures = result.get("failures", {})
    if failures:
        yield _line("failed", f"{sum(failures.values()):,}")
    for reason, count in failures.items():
        yield f"    {count:,} x {reason}{hint(reason)}"


def _line(label: str, value: str) -> str:
    return f"  {label:<28}{value:>14}"


#: What may be done about a failure, by what its reason has in it.
_HINTS = {
    "429": "address_connections, address_connects and address_connects_burst in [limits] bound what may come "
    "from one address",
    "503": "browsers in [limits] bounds how many there may be",
    "assign requested address": "this machine has no more ports for connections to that address",
    "refused": "does a server listen there?",
    "CERTIFICATE": "--ca-file names the authorities to trust",
}


def hint(reason: str) -> str:
    """@return: what may be done about a failure, in brackets."""
    return next((f" ({each})" for mark, each in _HINTS.items() if mark in reason), "")


class Progress:
    """A bar, if somebody looks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._shown = stream, ""

    def show(self, what: str, done: float, of: float) -> None:
        """So much is done."""
        if self._stream.isatty():
            self._shown = bar(what, done, of)
            self._stream.write("\r" + self._shown)
            self._stream.flush()

    def end(self) -> None:
        """Take it away."""
        if self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
            self._stream.flush()
            self._shown = ""
