"""Running a tool against the one server that all of them share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.drivers.matrix import the_server
from tests.e2e.support import in_thread

PROGRAMS = Path(__file__).resolve().parent / "programs"
#: How long a program may take, in seconds.
PATIENCE = 120


async def run_python(name, *more):
    """
    @param name: a program of the folder C{programs}; it is given port, password and C{more}.
    @return: what it has printed, which is JSON.
    """
    server = await the_server()
    command = [sys.executable, PROGRAMS / name, str(server.cometql_port), server.password, *more]
    done = await in_thread(subprocess.run, command, capture_output=True, timeout=PATIENCE, text=True)
    if done.returncode:
        raise AssertionError(f"{name} has failed:\n{done.stderr}")
    return json.loads(done.stdout)
