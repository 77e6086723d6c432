"""
nchan, for comparison: a module of nginx that has subscribers and publishers.

The server is private to the benchmark: one process, a configuration in a temporary folder, a free port of
this machine. C{tools/setup_bench.sh} unpacks it from the packages of Debian.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from rig.joining import plain
from rig.loop import Loop
from rig.process import Process

#: Where the packages are unpacked, in the checkout.
UNPACKED = Path(__file__).resolve().parents[2] / ".venv" / "nginx"
#: What this build of nginx insists on, whatever its configuration says.
_STATE = Path("/var/lib/nginx")
PATIENCE = 15.0
NAME = "nchan"

_CONFIGURATION = """\
load_module {module};
daemon off;
master_process off;
pid pid;
error_log error.log;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path body;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        nchan_store_messages off;
        location ~ ^/sub/(\\w+)$ {{ nchan_subscriber websocket; nchan_channel_id $1; }}
        location ~ ^/pub/(\\w+)$ {{ nchan_publisher http; nchan_channel_id $1; }}
    }}
}}
"""


def _find(*paths: Path) -> Path | None:
    return next((path for path in paths if path.exists()), None)


class Nchan(Process):
    """
    A running nginx with nchan.

    @ivar port: where it listens.
    @ivar missing: why there is none; empty if there is.
    """

    missing = ""

    def __init__(self, folder: Path, core: int | None, connections: int, wanted: bool = True) -> None:
        """
        @param connections: how many there will be at a time, at most.
        @param wanted: without it, there is none.
        """
        if not wanted:
            self.missing = "it was not asked for"
            return
        found = shutil.which("nginx", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
        server = _find(UNPACKED / "usr/sbin/nginx", *([Path(found)] if found else []))
        modules = ("usr/lib/nginx/modules", "usr/share/nginx/modules")
        roots = (UNPACKED, Path("/"))
        module = _find(*(root / each / "ngx_nchan_module.so" for root in roots for each in modules))
        if server is None or module is None:
            self.missing = "there is no nginx with nchan (sh tools/setup_bench.sh)"
        elif not _STATE.exists():
            self.missing = f"nginx wants a folder {_STATE} (sh tools/setup_bench.sh)"
        else:
            self._start(server, module, folder / "nchan", core, connections)

    def _start(self, server: Path, module: Path, folder: Path, core: int | None, connections: int) -> None:
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        text = _CONFIGURATION.format(module=module, port=self.port, files=connections + 100)
        (folder / "nginx.conf").write_text(text)
        command = [str(server), "-p", f"{folder}/", "-c", f"{folder}/nginx.conf", "-e", "error.log"]
        with open(folder / "output", "wb") as output:
            super().__init__(command, core, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            if self.child.poll() is not None or time.monotonic() > deadline:
                said = [path.read_text() for path in folder.glob("*o*t*")]
                self.missing = f"nginx does not start: {' '.join(said).strip()[:300]}"
                return
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except ConnectionRefusedError:
            return False
        return True

    def stop(self) -> None:
        """End the process, if there is one."""
        if hasattr(self, "child"):
            super().stop()


class Posts:
    """
    Who publishes to nchan: one request at a time on one connection, to one channel after the other.

    @ivar idle: whether all are answered.
    """

    batch = 1

    def __init__(self, port: int, channels: list[str], message: bytes) -> None:
        head = f"POST /pub/{{}} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(message)}\r\n\r\n"
        self._requests = itertools.cycle([head.format(name).encode() + message for name in channels])
        self.idle = True
        self._connection = plain(port)
        self._answer = b""
        self._loop: Loop | None = None

    def join(self, loop: Loop) -> None:
        """Be called by C{loop} from now on."""
        self._loop = loop
        loop.add(self._connection, self._read)

    def publish(self) -> None:
        """Send the message to the next channel."""
        self.idle = False
        self._connection.sendall(next(self._requests))

    def _read(self) -> None:
        got = self._connection.recv(1 << 16)
        self._answer += got
        if not got or not self._answer.startswith((b"HTTP/1.1 20", b"HTTP/1.1 20"[: len(self._answer)])):
            sys.exit(f"nchan answered {self._answer[:300]!r}")
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.partition(b"Content-Length: ")[2].split(b"\r")[0]):
            self._answer = b""
            self.idle = True

    def close(self) -> None:
        """Leave the loop and the server."""
        if self._loop is not None:
            self._loop.remove(self._connection)
        self._connection.close()
