"""
A Redis between servers, private to the benchmark: it keeps nothing on the disk, and listens to a free port.

C{tools/setup_redis.sh} sees to it that there is one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from rig.process import Process

#: Where the program is, in the checkout, if it is not installed as such.
UNPACKED = Path(__file__).resolve().parents[2] / ".venv" / "redis"
#: How long it may take to listen, in seconds.
PATIENCE = 15.0


def find() -> str | None:
    """@return: the program; C{None} if there is none."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(UNPACKED)))
    return shutil.which("redis-server", path=path)


class Redis(Process):
    """
    A running Redis.

    @ivar url: for the configuration of servers.
    """

    def __init__(self, program: str, folder: Path, core: int | None) -> None:
        """
        @param folder: where its log goes.
        @param core: the one to run on, C{None} for any.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url, self._log = f"redis://127.0.0.1:{self._port}", folder / "redis.log"
        command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        with open(self._log, "wb") as log:
            super().__init__(command, core, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    def _await(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self.child.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"Redis does not listen:\n{self._log.read_text()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as link:
                link.sendall(b"PING\r\n")
                return link.recv(64).startswith(b"+PONG")
        except OSError:
            return False
