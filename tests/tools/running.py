"""Running a tool against the server that all of them share, and against a MariaDB with the same tables."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.drivers.matrix import the_server
from tests.e2e.support import in_thread, until
from tests.replay.pair import the_pair

PROGRAMS = Path(__file__).resolve().parent / "programs"
#: How long a program may take, in seconds.
PATIENCE = 120
#: A whole number with the width that MariaDB shows, and MySQL 8.0 has given up.
_WIDE = re.compile(r"\b((?:big)?int)\(\d+\)", re.IGNORECASE)


def run(command, login, **environment):
    """
    Run a program, which is given port and password as its last arguments.

    @param login: to which server.
    @return: what it has printed, which is JSON.
    """
    words = [*command, str(login["port"]), login["password"]]
    environment = {**os.environ, **environment}
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, text=True, env=environment)
    if done.returncode:
        raise AssertionError(f"{command} has failed:\n{done.stdout[-2000:]}\n{done.stderr}")
    return json.loads(done.stdout)


def made(command, environment):
    """@return: whether a command has succeeded, if there is such a command at all."""
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True)
    except FileNotFoundError:
        return False
    return done.returncode == 0


async def run_python(name):
    """@return: what a program of the folder C{programs} has found in comet."""
    server = await the_server()
    login = {"port": server.cometql_port, "password": server.password}
    return await in_thread(run, [sys.executable, PROGRAMS / name], login)


async def run_in_both(command, **environment):
    """@return: what a program has found in comet, and what in a MariaDB with the same tables and rows."""
    pair = await the_pair()
    ours = await in_thread(run, command, pair.comet, **environment)
    theirs = await in_thread(run, command, pair.mariadb, **environment)
    return ours, json.loads(_WIDE.sub(r"\1", json.dumps(theirs)))


async def started(case, command, folder, **environment):
    """
    Start a site, which ends with the test C{case}.

    @param command: what serves it, by the port.
    @param folder: where it works, and leaves its log.
    @return: its address, and the log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    with open(log, "wb") as output:
        child = subprocess.Popen(
            [str(word) for word in command(port)],
            **{"stdout": output, "stderr": output, "start_new_session": True},
            **{"cwd": folder, "env": {**os.environ, **environment}},
        )

    def end():
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    case.addCleanup(end)

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await until(listens, "the site to listen")
    return f"http://127.0.0.1:{port}/", log
