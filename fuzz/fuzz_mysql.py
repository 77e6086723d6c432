"""
Feed the server side of the MySQL protocol with packets that no client would send.

Whatever comes, L{ServerConnection} gives events, or a L{PeerError} that ends the connection; anything else is
a bug, and the seed of the run that found it is printed::

    python fuzz/fuzz_mysql.py --seed 1 --seconds 60
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from running import fuzz

from comet.cometql.results import Column, Rows, Value
from comet.errors import PeerError, Refused
from comet.protocols.mysql import events
from comet.protocols.mysql.auth import PLUGINS
from comet.protocols.mysql.binary import BinaryResultSet, CursorOpened, PrepareOk
from comet.protocols.mysql.charsets import UTF8
from comet.protocols.mysql.connection import COMMANDED, ServerConnection
from comet.protocols.mysql.framing import Packet
from comet.protocols.mysql.parameters import READERS
from comet.protocols.mysql.replies import End, Err, Ok, Statistics, Switch
from comet.protocols.mysql.resultset import FieldList, ResultSet
from comet.protocols.mysql.statements import Statements

#: The flags of a client of today, to which chance adds and from which it takes.
FLAGS = 0x013BA20D

COLUMNS = (Column("n"),)

#: What follows a login, each with random bytes behind it.
COMMANDS = bytes((*range(1, 0x20), 0x16, 0x16, 0x17, 0x17, 0x17, 0x18, 0x18, 0x19, 0x1A, 0x1C))


class Statement:
    """A prepared statement with as many parameters as its text has bind marks."""

    def __init__(self, text: bytes) -> None:
        self.parameters = text.count(b"?")
        self.columns: Sequence[Column] = [Column(str(place)) for place in range(self.parameters)]

    async def execute(self, values: Sequence[Value]) -> Rows:
        """@return: the values as a row."""
        return Rows(self.columns, [values])


def random_bytes(chance: random.Random, most: int) -> bytes:
    """@return: up to C{most} bytes, more often few than many."""
    return chance.randbytes(int(most * chance.random() ** 3))


def login(chance: random.Random) -> bytes:
    """@return: a handshake response that is nearly right."""
    flags = FLAGS ^ (1 << chance.randrange(32) if chance.random() < 0.5 else 0)
    plugin = chance.choice([*PLUGINS, "other", ""])
    user = chance.choice([b"root", b"haproxy_check", random_bytes(chance, 300)])
    response = chance.randbytes(chance.choice([0, 1, 20, 32, 250]))
    return b"".join(
        (
            flags.to_bytes(4, "little") + bytes(28) + user + b"\0",
            bytes([len(response)]) + response + b"CometQL_v1\0",
            plugin.encode() + b"\0" + random_bytes(chance, 40),
        )
    )


def payload(chance: random.Random, ready: bool) -> bytes:
    """
    @param ready: whether the client has logged in.
    @return: something to put into a packet.
    """
    kind = chance.random()
    if kind < 0.05:
        return random_bytes(chance, 3000)
    if kind < 0.1:
        return (FLAGS | 0x800).to_bytes(4, "little") + bytes(chance.choice([0, 28, 29]))
    if kind < (0.15 if ready else 0.95):
        return login(chance)
    command = chance.choice(COMMANDS)
    if command == 0x16:
        return b"\x16select " + b"?" * chance.choice((0, 1, 2, 9, 70)) + random_bytes(chance, 9)
    if command == 0x17 and chance.random() < 0.8:
        return execution(chance)
    if command in (0x17, 0x18, 0x19, 0x1A, 0x1C):
        number = chance.randrange(4).to_bytes(4, "little")
        return bytes([command]) + number + chance.choice((b"", b"\0\0")) + random_bytes(chance, 3000)
    return bytes([command]) + random_bytes(chance, 3000)


def execution(chance: random.Random) -> bytes:
    """@return: an execution of a statement that may exist, with values that may be right."""
    head = b"\x17" + chance.randrange(4).to_bytes(4, "little") + chance.choice((b"\0", b"\1")) + b"\1\0\0\0"
    count = chance.choice((0, 1, 2, 9, 70))
    nulls = chance.choice((bytes((count + 7) // 8), chance.randbytes((count + 7) // 8)))
    types = b"".join(bytes(chance.choice(list(READERS))) for _ in range(count))
    bound = b"\1" + types if chance.random() < 0.8 else b"\0"
    return head + nulls + bound + bytes([chance.randrange(12)]) * chance.randrange(12 * count + 1)


def damaged(chance: random.Random, data: bytes) -> bytes:
    """@return: C{data} with a few bytes changed, put in or taken out, or as it is."""
    changed = bytearray(data)
    for _ in range(chance.choice([0] * 9 + [1, 3])):
        place = chance.randrange(len(changed) + 1)
        changed[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(changed)


def finish(coroutine: Coroutine[Any, Any, Rows]) -> Rows:
    """@return: what C{coroutine} returns; it never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        rows: Rows = stop.value
        return rows
    raise AssertionError("the coroutine waits")


def execute(connection: ServerConnection, statements: Statements, event: events.ExecuteReceived) -> bytes:
    """@return: the answer to an execution."""
    statement = statements.find(event.statement)
    rows = finish(statement.prepared.execute(statement.values(event.values, UTF8.decode)))
    if not event.cursor:
        return connection.send(BinaryResultSet(rows))
    statement.open(rows)
    return connection.send(CursorOpened(rows.columns))


def answer(connection: ServerConnection, statements: Statements, event: events.Event) -> bytes:
    """@return: the answer that the port would give to C{event}."""
    try:
        return granted(connection, statements, event)
    except Refused as error:
        return connection.send(Err.of(error))


def granted(connection: ServerConnection, statements: Statements, event: events.Event) -> bytes:
    """
    @return: the answer if there is nothing against it.
    @raise Refused: if there is.
    """
    match event:
        case events.PrepareReceived(text):
            statements.check(len(text))
            statement = statements.add(Statement(text), len(text))
            return connection.send(PrepareOk(statement.number, statement.prepared))
        case events.ExecuteReceived():
            return execute(connection, statements, event)
        case events.FetchReceived(number, count):
            return connection.send(statements.find(number).fetch(count))
        case events.LongDataReceived(number, parameter, data):
            statements.add_long_data(number, parameter, data)
            return b""
        case events.StatementReset(number):
            statements.find(number).reset()
            return connection.send(Ok())
        case events.StatementClosed(number):
            statements.close(number)
            return b""
        case events.OptionReceived():
            return connection.send(End())
        case events.TLSRequested():
            connection.receive(connection.start_tls())
            return b""
        case events.SwitchNeeded(plugin, salt):
            return connection.send(Switch(plugin, salt))
        case events.LoginReceived(_, _, proof):
            proof.shows("secret")
            return connection.welcome()
        case events.HealthCheckReceived():
            return connection.welcome()
        case events.CommandDeclined(error):
            return connection.send(Err.of(error))
        case events.QueryReceived(text):
            return b"".join(connection.stream(ResultSet(Rows(COLUMNS, [[text]]))))
        case events.FieldListReceived():
            return connection.send(FieldList(COLUMNS))
        case events.StatisticsReceived():
            return connection.send(Statistics("fine"))
        case events.QuitReceived():
            return b""
    return connection.send(Ok())


def run(seed: str, seen: Counter[str]) -> None:
    """One connection, from its greeting to its end."""
    chance = random.Random(seed)
    plugin = chance.choice(list(PLUGINS.values()))
    connection = ServerConnection(
        "8.0.40-fuzz", 1, chance.randbytes, max_allowed_packet=2000, tls=chance.random() < 0.5, plugin=plugin
    )
    connection.greet()
    statements = Statements(3, 2000)
    sequence = 1
    try:
        for _ in range(chance.randrange(1, 20)):
            ready = connection.state in COMMANDED
            packet = Packet(0 if ready else sequence & 0xFF, payload(chance, ready))
            data = damaged(chance, packet.to_bytes())
            step = chance.choice([1, 7, 100_000])
            for start in range(0, len(data), step):
                connection.receive(data[start : start + step])
                for event in connection.events():
                    seen[type(event).__name__] += 1
                    sequence = (answer(connection, statements, event)[3:4] or b"\1")[0] + 1
    except PeerError as error:
        seen[type(error).__name__] += 1
        connection.send(Err.of(error))


if __name__ == "__main__":
    sys.exit(fuzz(run, __doc__, "connections"))
