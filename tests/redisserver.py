"""Real Redis servers and Sentinels, private to the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest

#: How long Redis may take to answer, in seconds.
PATIENCE = 15.0
#: Where tools/setup_redis.sh puts the programs, if they are not installed as such.
UNPACKED = Path(__file__).parents[1] / ".venv" / "redis"


def free_port():
    """@return: a port that nobody listened to just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find(program):
    """@return: where that program is; C{None} if there is none."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(UNPACKED)))
    return shutil.which(program, path=path)


class Redis:
    """A Redis whose files lie in C{folder}; it can be killed and started again, on the same port."""

    program = "redis-server"

    def __init__(self, folder, *lines, port=None, answers=b"PONG", tls=False):
        """
        @param lines: more lines of its configuration.
        @param answers: what its answer to a PING holds, once it is there.
        """
        self._program = find(self.program)
        if self._program is None:
            raise SkipTest(f"there is no {self.program}")
        self._folder = Path(folder).absolute()
        self._folder.mkdir(parents=True)
        self.port = port or free_port()
        self._answers, self._tls = answers, tls
        self._config = self._folder / "redis.conf"
        ports = [f"port {self.port}"] if not tls else ["port 0", f"tls-port {self.port}"]
        self._config.write_text("\n".join([*ports, "bind 127.0.0.1", f"dir {self._folder}", *lines, ""]))
        self.start()

    def start(self):
        """Start it, and wait until it answers."""
        with open(self._folder / "log", "ab") as log:
            self._child = subprocess.Popen(
                [self._program, str(self._config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + PATIENCE
        while not self._is_there():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self._folder / "log").read_text())
            time.sleep(0.02)

    def _is_there(self):
        try:
            return self._tls or self._answers in self.say("PING")
        except OSError:
            return False
        finally:
            if self._tls:
                time.sleep(0.3)

    def say(self, *words):
        """@return: what it answers to one command, or at least the beginning."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as link:
            link.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
            return link.recv(1 << 16)

    def freeze(self):
        """Let it stand still, with all its connections."""
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on."""
        self._child.send_signal(signal.SIGCONT)

    def kill(self):
        """End it, whatever it does."""
        self._child.kill()
        self._child.wait()


class Sentinel(Redis):
    """A Sentinel that minds a Redis under the name C{mine}."""

    program = "redis-sentinel"

    def __init__(self, folder, port, *lines):
        """@param port: where the Redis is."""
        super().__init__(
            folder,
            f"sentinel monitor mine 127.0.0.1 {port} 1",
            "sentinel down-after-milliseconds mine 500",
            "sentinel failover-timeout mine 3000",
            *lines,
        )
