"""Those who receive by long-poll: each answer is read, and asked for the next one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import TracebackType

from rig.joining import PATIENCE, plain
from rig.loop import Loop

_MESSAGE = b'"type":"message"'
#: For how long the server may hold a request, in seconds.
_WAIT = 55


class Poller:
    """
    One client.

    @ivar count: how many messages have come.
    """

    def __init__(self, port: int, channel: str, number: int) -> None:
        self.connection = plain(port, number)
        self.connection.settimeout(PATIENCE)
        self.count = 0
        self._answer = b""
        self._head = f"POST /comet/poll HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: "
        self._ask(hello={"version": 1, "uuid": f"{number:032d}"}, channels={channel: None}, wait=0)
        while not self.read():
            pass

    def _ask(self, **poll: object) -> None:
        body = json.dumps(poll)
        self.connection.sendall(f"{self._head}{len(body)}\r\n\r\n{body}".encode())

    def read(self) -> int:
        """
        Read what has come; when it is a whole answer, ask for the next one.

        @return: 1 if it was a whole one, else 0.
        """
        got = self.connection.recv(1 << 16)
        self._answer += got
        if not got or not self._answer.startswith(b"HTTP/1.1 200 "[: len(self._answer)]):
            sys.exit(f"the server answered a poll by {self._answer[:300]!r}")
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]):
            return 0
        self._answer = b""
        self.count += body.count(_MESSAGE)
        said = json.loads(body)
        self._ask(session=said["session"], batch=said["batch"], wait=_WAIT)
        return 1


class Pollers:
    """
    What L{rig.listeners.Listeners} are, by long-poll; a message counts as one byte.

    @ivar received: how many messages have come to all of them together since L{start}.
    """

    def __init__(self, loop: Loop, port: int, channel: str, count: int) -> None:
        self.frame = b"m"
        self.reach = count
        self._loop = loop
        self._pollers = [Poller(port, channel, number) for number in range(count)]
        self.received = -count  # until the first message has come to all
        for each in self._pollers:
            loop.add(each.connection, self._reader(each))

    def __len__(self) -> int:
        return len(self._pollers)

    def _reader(self, poller: Poller) -> Callable[[], None]:
        def read() -> None:
            before = poller.count
            poller.read()
            self.received += poller.count - before

        return read

    @property
    def delivered(self) -> int:
        """The same."""
        return self.received

    def start(self) -> None:
        """Wait until all have the message that was published to warm up, and count from now on."""
        while self.received < 0:
            self._loop.turn()

    def check(self, messages: int) -> None:
        """End with a sentence unless each of them got exactly so many messages."""
        if wrong := [each.count - 1 for each in self._pollers if each.count - 1 != messages]:
            sys.exit(f"{len(wrong)} pollers did not get the {messages} messages, the first {wrong[0]}")

    def __enter__(self) -> Pollers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._pollers:
            self._loop.remove(each.connection)
            each.connection.close()
