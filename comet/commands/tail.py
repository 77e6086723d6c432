"""Listen to channels, and print what is said there."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred

from comet.client.events import Gap, Happening, Joined, Left, Message, Private, StatusChanged
from comet.client.twisted import Client
from comet.commands.clients import Narrator, add_client_options, check_key, make_client, run_client, say
from comet.commands.where import add_server_options

#: What is printed, by the name it has in JSON.
PRINTED = {"message": Message, "private": Private, "joined": Joined, "left": Left, "status": StatusChanged}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the channels, what to print of them, and the server."""
    parser.add_argument("channels", metavar="CHANNEL", nargs="+", help="name of a channel")
    parser.add_argument("--json", action="store_true", help="print JSON, an object a line")
    parser.add_argument("--event", metavar="NAME", help="print messages of this event only")
    parser.add_argument(
        "--since", metavar="CURSOR", help="begin with what came after this cursor, for a single channel"
    )
    parser.add_argument(
        "--history",
        metavar="N",
        type=_number,
        default=0,
        help="begin with the last N messages of each channel, if it keeps a history",
    )
    parser.add_argument("--count", metavar="N", type=_number, help="end after N lines")
    parser.add_argument(
        "--private", action="store_true", help="print private messages, too, and take them from the queue"
    )
    add_client_options(parser)
    parser.add_argument("--dev-id", metavar="ID", type=int, default=0, help="the tenant [default: 0]")
    add_server_options(parser)


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is wrong; expected a number of at least 1")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Print until interrupted, or until nobody reads it any more."""
    if arguments.since and (len(arguments.channels) > 1 or arguments.history):
        print("comet: --since is for a single channel, and without --history", file=sys.stderr)
        return 2
    from twisted.internet import reactor

    tail = Tail(arguments, lambda line: print(line, flush=True))
    client = tail.client
    try:
        return run_client(reactor, client, tail.main)
    except BrokenPipeError:
        # What reads our output has seen enough. Without this, Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class Tail:
    """One run of the command."""

    def __init__(self, arguments: argparse.Namespace, write: Callable[[str], Any]) -> None:
        """@param write: takes a line."""
        self._arguments, self._write = arguments, write
        self._format = as_json if arguments.json else as_text
        self._left = arguments.count
        self._narrator = Narrator()
        self._done: Deferred[None] = Deferred()
        self.client: Client = make_client(
            arguments,
            tell=self._told,
            on_private=self._show if arguments.private else None,
        )

    async def main(self) -> None:
        """Subscribe, and wait for the end."""
        check_key(await self.client.connected(), self._arguments)
        for channel in self._arguments.channels:
            since = self._arguments.since
            if self._arguments.history:
                past = await self.client.history(channel, self._arguments.history)
                for message in past.messages:
                    self._show(message)
                since = past.cursor
            await self.client.subscribe(channel, self._show, since=since)
        await self._done

    def _told(self, happening: Happening) -> None:
        self._narrator.tell(happening)
        match happening:
            case Gap(channel, dropped):
                lost = f"{dropped} messages" if dropped else "some messages"
                say(f"{lost} of {channel or 'the private ones'} are lost: there is a gap here")
            case Joined() | Left() | StatusChanged():
                self._show(happening)

    def _show(self, happening: Happening) -> None:
        event = self._arguments.event
        if self._done.called or (event is not None and getattr(happening, "event", None) != event):
            return
        try:
            self._write(self._format(happening))
        except BrokenPipeError as error:
            self._done.errback(error)
            return
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._done.callback(None)


def as_json(happening: Happening) -> str:
    """@return: everything, as the JSON protocol names it."""
    name = next(name for name, kind in PRINTED.items() if isinstance(happening, kind))
    return json.dumps({"type": name} | asdict(happening), ensure_ascii=False)


def as_text(happening: Happening) -> str:
    """@return: a line for people: when, where, the event, the text."""
    match happening:
        case Message(channel, event, data, time):
            words = [channel, event or "-", data]
        case Private(event, data, time):
            words = ["(private)", event or "-", data]
        case Joined(channel, connection, user_id, uuid, time):
            words = [channel, "(joined)", f"connection={connection} user_id={user_id} uuid={uuid}"]
        case Left(channel, connection, user_id, uuid, time):
            words = [channel, "(left)", f"connection={connection} user_id={user_id} uuid={uuid}"]
        case StatusChanged(channel, user_id, online, time):
            words = [channel, "(online)" if online else "(offline)", f"user_id={user_id}"]
        case _:
            raise TypeError(f"{happening!r} is not for printing")
    moment = datetime.fromtimestamp(time).astimezone().isoformat(sep=" ", timespec="seconds")
    return "  ".join([moment[:19], *map(_printable, words)])


def _printable(text: str) -> str:
    """@return: C{text} without what moves the cursor of a terminal, or ends a line."""
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]",
        lambda found: _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}"),
        text,
    )


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
