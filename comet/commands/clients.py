"""What the commands that are clients have in common: who they are, and how they run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from comet.client.events import Connected, Disconnected, Happening, Trouble
from comet.client.twisted import Client
from comet.commands.where import CannotDo, LocalServer, read_secret

#: The exit status of a command that was interrupted, as shells have it.
INTERRUPTED = 130


def add_client_options(parser: argparse._ActionsContainer) -> None:
    """Declare which server to be a client of, and as whom."""
    parser.add_argument(
        "--url",
        metavar="URL",
        action="append",
        help="address of the server, ws://HOST:PORT or wss://HOST:PORT; several times for several nodes",
    )
    parser.add_argument("--ca-file", metavar="FILE", type=Path, help="PEM file of the authorities to trust")
    parser.add_argument("--user", metavar="ID", type=int, default=0, help="be this user")
    parser.add_argument("--key", metavar="KEY", help="what proves it: the hash of users_auth, or a JWT")
    parser.add_argument(
        "--key-file", metavar="FILE", type=Path, help="the same in a file, where other users do not see it"
    )


def make_client(arguments: argparse.Namespace, **more: Any) -> Client:
    """
    @return: the client that the options describe, not started.
    @raise CannotDo: if they make no sense.
    """
    key = arguments.key or ""
    if arguments.key_file is not None:
        key = read_secret(arguments.key_file, "--key-file")
    if bool(arguments.user) != bool(key):
        raise CannotDo("--user needs --key or --key-file, and these need --user")
    nodes = arguments.url or [LocalServer.find(arguments, "--url").ws_url]
    try:
        return Client(
            nodes,
            dev_id=arguments.dev_id,
            user_id=arguments.user,
            key=key,
            ca_file=arguments.ca_file,
            **more,
        )
    except (ValueError, OSError) as error:
        raise CannotDo(str(error)) from None


def say(*words: object) -> None:
    """Tell the person at the terminal something that is no result."""
    print("comet:", *words, file=sys.stderr, flush=True)


class Narrator:
    """Says when the connection is lost, and when it is back."""

    def __init__(self) -> None:
        self._lost = False

    def tell(self, happening: Happening) -> None:
        """What the client is told."""
        match happening:
            case Disconnected(url, reason, retry):
                again = "" if retry is None else f"; trying again in {retry:.1f} s"
                say(f"{'no' if not self._lost else 'still no'} connection to {url}: {reason}{again}")
                self._lost = True
            case Connected(url) if self._lost:
                say(f"connected to {url}")
                self._lost = False
            case Trouble(reason):
                say(reason)


def check_key(connected: Connected, arguments: argparse.Namespace) -> None:
    """@raise CannotDo: if the server does not believe who we are."""
    if arguments.user and not connected.authorized:
        raise CannotDo(
            f"the server does not accept the key of user {arguments.user}: is it right, is it still there, "
            f"and is --dev-id?"
        )


def run_client(reactor: Any, client: Client, main: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """
    Run C{main} with C{client} started, until it returns or somebody interrupts it.

    @return: the exit status.
    @raise Exception: what C{main} raises.
    """
    outcome: list[Failure | None] = []
    interrupted = False

    def begin() -> None:
        client.start()
        Deferred.fromCoroutine(main()).addBoth(done)

    def done(result: Failure | None) -> None:
        outcome.append(result)
        if not interrupted:
            reactor.stop()

    def leave() -> Deferred[None]:
        nonlocal interrupted
        interrupted = not outcome
        return Deferred.fromCoroutine(client.stop())

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", leave)
    reactor.run()
    if interrupted:
        return INTERRUPTED
    if outcome[0] is not None:
        outcome[0].raiseException()
    return 0
