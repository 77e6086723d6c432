"""Say something in a channel: as the site does, or as a browser would."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pymysql

from comet.commands.clients import Narrator, add_client_options, check_key, make_client, run_client
from comet.commands.where import CannotDo, LocalServer, add_server_options, read_secret

_INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"
_USERS = "SELECT users FROM pipes WHERE name = %s"
#: How long the CometQL port may take, in seconds.
PATIENCE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to say, how, and the server."""
    parser.usage = "comet publish [OPTIONS] CHANNEL [[EVENT] MESSAGE]"
    parser.add_argument("channel", metavar="CHANNEL", help="name of the channel")
    parser.add_argument("event", metavar="EVENT", nargs="?", help="the event, none if there are two words")
    parser.add_argument(
        "message",
        metavar="MESSAGE",
        nargs="?",
        help="the text; '-', or nothing: each line of standard input is a message",
    )
    parser.add_argument("--dev-id", metavar="ID", type=int, default=0, help="the tenant [default: 0]")
    site = parser.add_argument_group("as the site, over the CometQL port")
    site.add_argument(
        "--cometql", metavar="HOST:PORT", help="address of the CometQL port, with --password-file"
    )
    site.add_argument("--password-file", metavar="FILE", type=Path, help="file with the password of root")
    browser = parser.add_argument_group("as a browser, where clients may publish")
    browser.add_argument("--as-client", action="store_true", help="publish as a client of the browser port")
    browser.add_argument("--hide", action="store_true", help="do not tell the others which user it was")
    add_client_options(browser)
    add_server_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Publish, and print who heard it."""
    event, text = arguments.event or "", arguments.message
    if text is None:  # a single word is no event
        event, text = "", event or "-"
    lines = (line.removesuffix("\n") for line in sys.stdin) if text == "-" else [text]
    publish = _as_client if arguments.as_client else _as_site
    return publish(arguments, arguments.channel, event, lines)


def _report(channel: str, messages: int, heard: str) -> None:
    print(f"{channel}: {messages} {'message' if messages == 1 else 'messages'} published, {heard}")


# As the site ---------------------------------------------------------------------------------------------


def _as_site(arguments: argparse.Namespace, channel: str, event: str, lines: Iterable[str]) -> int:
    host, port, password = _where(arguments)
    database = f"db_{arguments.dev_id}" if arguments.dev_id else "CometQL_v1"
    try:
        connection = pymysql.connect(
            host=host,
            port=port,
            user="root",
            password=password,
            database=database,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=PATIENCE,
            read_timeout=PATIENCE,
        )
    except pymysql.MySQLError as error:
        raise CannotDo(f"no connection to the CometQL port {host}:{port}: {_sentence(error)}") from None
    with connection, connection.cursor() as cursor:
        try:
            sent = 0
            for line in lines:
                cursor.execute(_INSERT, (channel, event, line))
                sent += 1
            cursor.execute(_USERS, (channel,))
            (row,) = cursor.fetchall()
        except pymysql.MySQLError as error:
            raise CannotDo(f"the server refuses to publish to {channel}: {_sentence(error)}") from None
    _report(channel, sent, f"{row[0]} listening")
    return 0


def _where(arguments: argparse.Namespace) -> tuple[str, int, str]:
    """@return: host, port and password of the CometQL port."""
    if arguments.cometql is None:
        server = LocalServer.find(arguments, "--cometql")
        file = arguments.password_file
        return *server.cometql, server.password if file is None else read_secret(file, "--password-file")
    host, _, port = arguments.cometql.rpartition(":")
    if not host or not port.isdecimal():
        raise CannotDo(f"--cometql {arguments.cometql} is wrong: HOST:PORT is expected")
    if arguments.password_file is None:
        raise CannotDo("--cometql needs --password-file, a file with the password of root")
    return host.strip("[]"), int(port), read_secret(arguments.password_file, "--password-file")


def _sentence(error: pymysql.MySQLError) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__


# As a browser --------------------------------------------------------------------------------------------


def _as_client(arguments: argparse.Namespace, channel: str, event: str, lines: Iterable[str]) -> int:
    from twisted.internet import reactor

    client = make_client(arguments, tell=Narrator().tell)
    receivers: list[int] = []

    async def publish() -> None:
        check_key(await client.connected(), arguments)
        for line in lines:
            receipt = await client.publish(channel, line, event, hide=arguments.hide)
            receivers.append(receipt.receivers)

    status = run_client(reactor, client, publish)
    if not status:
        _report(channel, len(receivers), f"received by {_span(receivers)}")
    return status


def _span(receivers: list[int]) -> Any:
    least, most = min(receivers, default=0), max(receivers, default=0)
    return least if least == most else f"{least} to {most}"
