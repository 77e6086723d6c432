"""A comet server as users start it: by C{twistd}, with an ini file, in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rig.process import Process

#: The checkout, where C{twistd} finds the plugin.
ROOT = Path(__file__).resolve().parents[2]
#: How long it may take to listen, in seconds: several processes on a busy machine need some time.
PATIENCE = 120.0

#: What is in an ini file: keys in sections.
Settings = Mapping[str, Mapping[str, object]]


def _basic(data: Path, ping: int) -> Settings:
    """@return: what all servers are given."""
    return {
        "main": {"data": data},
        "ws": {"port": 0, "ping_interval": ping},
        # The load knows no other way to log in.
        "cometql": {"port": 0, "auth_plugin": "mysql_native_password"},
    }


def _ini(*settings: Settings) -> str:
    """@return: an ini file with all of C{settings}."""
    sections: dict[str, dict[str, object]] = {}
    for each in settings:
        for name, keys in each.items():
            sections.setdefault(name, {}).update(keys)
    lines = (
        [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())] for name, keys in sections.items()
    )
    return "\n".join(line for section in lines for line in section) + "\n"


class Server(Process):
    """
    A running server with an empty store.

    @ivar ports: by name, as in C{ports.json}.
    @ivar password: that of root.
    @ivar servers: itself; several that are one have more of them.
    """

    name = "comet"

    def __init__(
        self,
        folder: Path,
        core: int | None,
        profile: Path | None = None,
        ping: int = 0,
        settings: Settings | None = None,
    ) -> None:
        """
        @param folder: where it may put its files.
        @param core: the one to run on, C{None} for any.
        @param profile: a file for what cProfile found, written when the server ends.
        @param ping: the seconds between two pings; one would be counted as a part of a message.
        @param settings: more for the ini file.
        """
        self.servers = [self]
        data, ini, self._log = folder / "data", folder / "comet.ini", folder / "server.log"
        ini.write_text(_ini(_basic(data, ping), settings or {}))
        command = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile="]
        if profile is not None:
            command += [f"--profile={profile.absolute()}", "--profiler=cprofile", "--savestats"]
        command += ["comet", "--config", str(ini)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COMET_")}
        with open(self._log, "wb") as log:
            super().__init__(command, core, cwd=ROOT, stdout=log, stderr=log, env=environment)
        try:
            self.ports: dict[str, int] = json.loads(self._when_there(data / "ports.json"))
        except BaseException:
            self.stop()
            raise
        self.password = (data / "password").read_text().strip()
        # It may be the parent of workers.
        self.count_in()

    def _when_there(self, file: Path) -> str:
        deadline = time.monotonic() + PATIENCE
        while not file.exists():
            if self.child.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server does not listen:\n{self._log.read_text()}")
            time.sleep(0.02)
        return file.read_text()
