"""A MySQL client of the least work, so that it is the server that is measured: see L{comet.bench.mysql}."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from comet.bench.mysql import EOF, OK, Login, Packets, Refused, check, query
from rig.joining import plain
from rig.loop import Loop

PING = b"\x01\0\0\0\x0e"


def insert(size: int, *channels: str) -> bytes:
    """@return: the packet of an INSERT of a message of C{size} bytes to each of C{channels}."""
    rows = ", ".join(f"('{channel}', 'say', '{'m' * size}')" for channel in channels)
    return query(f"INSERT INTO pipes_messages (name, event, message) VALUES {rows}")


class Insertions:
    """
    Who publishes to comet: one INSERT at a time on one connection, to one channel after the other.

    @ivar batch: how many messages each has.
    """

    def __init__(self, port: int, password: str, channels: list[str], size: int, batch: int = 1) -> None:
        if len(channels) % batch:
            sys.exit(f"{len(channels)} channels cannot be shared out evenly to INSERTs of {batch} rows")
        self.batch = batch
        starts = range(0, len(channels), batch)
        packets = [insert(size, *channels[start : start + batch]) for start in starts]
        self._packets = itertools.cycle(packets)
        self._client = Client(port, password)

    @property
    def idle(self) -> bool:
        """Whether all are answered."""
        return self._client.idle

    def join(self, loop: Loop) -> None:
        """Be called by C{loop} from now on."""
        self._client.join(loop)

    def publish(self) -> None:
        """Send a message to the next channel, or to the next few."""
        self._client.send(next(self._packets))

    def close(self) -> None:
        """Leave the loop and the server."""
        self._client.close()


class Client:
    """
    A connection with one statement under way at a time.

    @ivar answered: how many have been answered.
    @ivar affected: how many rows those have written, together.
    @ivar idle: whether none is under way.
    """

    def __init__(self, port: int, password: str | None) -> None:
        """@param password: that of root; C{None} for a server that wants no login."""
        self.answered = self.affected = 0
        self.idle = True
        self._socket = plain(port)
        self._packets = Packets()
        self._loop: Loop | None = None
        if password is not None:
            self._log_in(password)

    def _log_in(self, password: str) -> None:
        login = Login("root", password)
        try:
            while (answer := login.answer(self._packet(), self._packets.sequence)) is not None:
                self._socket.sendall(answer)
        except Refused as error:
            sys.exit(f"the login failed: {error}")

    # While things are set up: blocking --------------------------------------------------------------------

    def ask(self, packet: bytes) -> None:
        """Send a packet that is answered without rows, and wait for the answer."""
        self._socket.sendall(packet)
        self._check(self._packet())

    def count(self, statement: str) -> int:
        """@return: how many rows a statement has."""
        self._socket.sendall(query(statement))
        self._check(first := self._packet(), expected=first[0])
        for _ in range(first[0] + 1):  # the columns and the end of them
            self._packet()
        rows = 0
        while self._packet()[0] != EOF:
            rows += 1
        return rows

    def _packet(self) -> bytes:
        while (packet := self._packets.take()) is None:
            self._receive()
        return packet

    # While it is measured: in the loop --------------------------------------------------------------------

    def join(self, loop: Loop) -> None:
        """Be called by C{loop} from now on."""
        self._loop = loop
        loop.add(self._socket, self._read)

    def close(self) -> None:
        """Leave the loop and the server."""
        if self._loop is not None:
            self._loop.remove(self._socket)
            self._loop = None
        self._socket.close()

    def send(self, packet: bytes) -> None:
        """Send a packet, whose answer sets C{idle}."""
        self.idle = False
        # More than the socket takes would be more than one statement of the sizes that are measured here.
        if self._socket.send(packet) != len(packet):
            sys.exit(f"a statement of {len(packet)} bytes is too long for the buffer of a socket")

    def _read(self) -> None:
        self._receive()
        while (packet := self._packets.take()) is not None:
            self._check(packet)
            self.answered += 1
            self.affected += packet[1]
            self.idle = True

    # ------------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        got = self._socket.recv(1 << 16)
        if not got:
            sys.exit("the server has closed a MySQL connection")
        self._packets.feed(got)

    def _check(self, payload: bytes, expected: int = OK) -> None:
        try:
            check(payload, payload[0] == expected)
        except Refused as error:
            sys.exit(f"the server answered {error}")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ask_all(loop: Loop, clients: Sequence[Client], packet: bytes, allows: Callable[[int], bool]) -> int:
    """
    Let each of C{clients} send C{packet} as often as is allowed to all of them together.

    @param allows: tells whether there may be one more after so many.
    @return: how often it was sent and answered.
    """
    sent = 0
    while True:
        for client in clients:
            if client.idle and allows(sent):
                client.send(packet)
                sent += 1
        if all(client.idle for client in clients):
            return sent
        loop.turn()
