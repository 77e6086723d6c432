"""The databases and the Redis that a server is configured for: are they there, and the right ones?"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hiredis
import pymysql

from comet.config import CannotStart, Config
from comet.doctor.finding import Finding, fine, problem, warning
from comet.following.databases import examine
from comet.redis_url import RedisUrl
from comet.storage.mysql_errors import explain
from comet.storage.mysql_server import Server

#: How long they may take, in seconds.
PATIENCE = 5
#: Clocks that differ by more than this make tokens and messages go stale too early or too late, in seconds.
DRIFT = 5


def look(config: Config) -> Iterator[Finding]:
    """@return: what is to be said of them; nothing where none are configured."""
    if config.mysql is None:
        yield fine("store", f"SQLite, {config.sqlite_path(config.main.data.absolute())}")
    else:
        yield database(config)
    for section, outbox in config.followed.items():
        wrong = examine(section, outbox)
        yield problem(section, wrong) if wrong else fine(section, f"the table {outbox.table} can be followed")
    if config.redis is not None:
        for host, port in config.redis.hosts:
            yield redis(config.redis, host, port, config.cluster.tls_ca)


def database(config: Config) -> Finding:
    """@return: whether the database lets us in, and which one it is."""
    assert config.mysql is not None  # that is when it is asked for
    try:
        server = Server.of(config.db, config.mysql).patient(PATIENCE)
    except CannotStart as error:
        return problem("store", str(error))
    try:
        with pymysql.connect(**server.arguments()) as link, link.cursor() as cursor:
            cursor.execute("SELECT VERSION(), UNIX_TIMESTAMP(NOW(6))")
            version, there = cursor.fetchone() or ("", time.time())
    except (pymysql.MySQLError, OSError) as error:
        return problem("store", f"[db]: {explain(error, server)}")
    drift = float(there) - time.time()
    if abs(drift) > DRIFT:
        return warning(
            "store", f"{server}, {version}: its clock differs by {drift:+.0f} s: run an NTP client on both"
        )
    return fine("store", f"{server}, {version}")


def redis(url: RedisUrl, host: str, port: int, tls_ca: Path | None) -> Finding:
    """@return: whether one of the hosts of C{url} lets us in, a Redis or a Sentinel."""
    subject = "Sentinel" if url.service else "Redis"
    words = [] if url.service or not url.password else [["AUTH", *filter(None, [url.user]), url.password]]
    try:
        with socket.create_connection((host, port), PATIENCE) as plain:
            channel = plain
            if url.tls:
                context = ssl.create_default_context(cafile=str(tls_ca) if tls_ca else None)
                channel = context.wrap_socket(plain, server_hostname=host)
            for answer in _ask(channel, [*words, ["PING"]]):
                if isinstance(answer, Exception):
                    return problem(subject, f"[cluster] redis: {host}:{port} refuses: {answer}")
    except OSError as error:
        return problem(subject, f"[cluster] redis: {host}:{port} cannot be reached: {error}")
    return fine(subject, f"{host}:{port} answers")


def _ask(channel: socket.socket, words: list[list[str]]) -> Iterator[object]:
    reader = hiredis.Reader()
    for each in words:
        words_of: Any = tuple(each)  # the types of hiredis know tuples of one
        channel.sendall(hiredis.pack_command(words_of))
        while (answer := reader.gets()) is False:
            data = channel.recv(1 << 16)
            if not data:
                raise OSError("it has closed the connection")
            reader.feed(data)
        yield answer
