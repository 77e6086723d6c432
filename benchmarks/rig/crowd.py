"""Those who connect: thousands at once, from a program in C, so that coming costs less than letting in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from comet.bench import wires
from comet.bench.wires import Manner

SOURCE = Path(__file__).resolve().parent / "loads" / "crowd.c"
#: So many are on their way at the same time; fewer than the kernel holds for a server.
IN_FLIGHT = 256

#: What a browser of today sends.
_OPENING = (
    "GET {path} HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36\r\n"
    "Upgrade: websocket\r\n"
    "Origin: http://127.0.0.1\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAA########==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "\r\n"
)


LINES, JSON, BARE = wires.lines("bench"), wires.json("bench"), Manner("/")


def build(folder: Path) -> Path:
    """
    @param folder: where the compiler puts what it makes.
    @return: the program; without a compiler, end with a sentence.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("the load of this benchmark is a program in C: install a compiler that is called cc")
    binary = folder / "crowd"
    subprocess.run([compiler, "-O2", "-o", binary, SOURCE], check=True)
    return binary


class Crowd:
    """
    So many connections, which begin to come at once, are all there when the C{with} block begins, and leave
    when it ends.

    @ivar seconds: how long it took until all were there.
    @ivar cpu_seconds: the CPU time of the load until then.
    @ivar messages: how many have come to each, of which L{expect} was told.
    """

    def __init__(self, program: Path, port: int, manner: Manner, count: int, first: int = 0) -> None:
        """@param first: the number of the first of them."""
        opening, numbers = _OPENING.format(path=manner.path), map(str, (port, first, count, IN_FLIGHT))
        self.count, self.messages = count, 0
        self._child = subprocess.Popen(
            [program, *numbers, opening, manner.mark, *manner.texts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Nothing that was said may wait in a buffer where an epoll does not see it.
            bufsize=0,
        )

    def __enter__(self) -> Self:
        self.seconds, self.cpu_seconds = map(float, self._line().split())
        return self

    def expect(self, size: int) -> None:
        """Count messages of so many bytes from now on, with what has come since all were there."""
        assert self._child.stdin is not None
        self._child.stdin.write(b"%d\n" % size)

    def fileno(self) -> int:
        """@return: can be read when L{read} would not block."""
        assert self._child.stdout is not None
        return self._child.stdout.fileno()

    def read(self) -> int:
        """@return: how many messages have come to each since this was asked last; wait if none has."""
        before, self.messages = self.messages, int(self._line())
        return self.messages - before

    def _line(self) -> bytes:
        assert self._child.stdout is not None
        return self._child.stdout.readline() or sys.exit("the load has ended")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.communicate()
        if self._child.returncode and error is None:
            sys.exit("a connection did not stay")
