"""
Feed the server side of the MySQL protocol with packets that no client would send.

Whatever comes, L{ServerConnection} gives events, or a L{PeerError} that ends the connection; anything else is
a bug, and the seed of the run that found it is printed::

    python fuzz/fuzz_mysql.py --seed 1 --seconds 60
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from comet.cometql.results import Column, Rows
from comet.errors import PeerError
from comet.protocols.mysql import events
from comet.protocols.mysql.auth import PLUGINS
from comet.protocols.mysql.connection import COMMANDED, ServerConnection
from comet.protocols.mysql.framing import Packet
from comet.protocols.mysql.replies import Err, Ok, Statistics, Switch
from comet.protocols.mysql.resultset import FieldList, ResultSet

#: The flags of a client of today, to which chance adds and from which it takes.
FLAGS = 0x013BA20D

COLUMNS = (Column("n"),)


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
    return bytes([chance.choice(b"\x01\x02\x03\x04\x09\x0e\x16\x19")]) + random_bytes(chance, 3000)


def damaged(chance: random.Random, data: bytes) -> bytes:
    """@return: C{data} with a few bytes changed, put in or taken out, or as it is."""
    changed = bytearray(data)
    for _ in range(chance.choice([0] * 9 + [1, 3])):
        place = chance.randrange(len(changed) + 1)
        changed[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(changed)


def answer(connection: ServerConnection, event: events.Event) -> bytes:
    """@return: the answer that the port would give to C{event}."""
    match event:
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
                    sequence = (answer(connection, event)[3:4] or b"\1")[0] + 1
    except PeerError as error:
        seen[type(error).__name__] += 1
        connection.send(Err.of(error))


def main() -> int:
    """@return: the exit code: 0 if nothing but what is allowed has happened."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="0", help="runs with the same seed do the same")
    parser.add_argument("--seconds", type=float, default=10, help="how long to go on")
    options = parser.parse_args()
    seen: Counter[str] = Counter()
    number, end = 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        try:
            run(f"{options.seed}/{number}", seen)
        except Exception:
            print(f"found with seed {options.seed}/{number}")
            raise
        number += 1
    print(f"{number} connections, nothing found: {dict(seen.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
