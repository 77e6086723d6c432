"""What somebody does who has just installed comet, wherever that is: look, check, serve, publish, listen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

from comet import __version__

#: How long anything may take, in seconds.
PATIENCE = 60
#: What the browser port serves of its own, and how it begins.
PAGES = ("/comet/comet.js", "/comet/video.js", "/video/check", "/health/ready", "/")
#: A statement by the MySQL client that comet itself needs.
PUBLISH = """
import sys, pymysql
port, password = sys.argv[1:]
link = pymysql.connect(host="127.0.0.1", port=int(port), user="root", password=password, autocommit=True)
link.cursor().execute("INSERT INTO pipes_messages (name, message) VALUES ('web_room', 'from PyMySQL')")
"""


class Place:
    """
    Where comet is installed.

    @ivar bin: the folder of its programs.
    @ivar folder: where its commands are run, which is nowhere near the checkout.
    @ivar before: what has to stand before a command, such as C{chroot}.
    """

    def __init__(self, bin, folder, before=(), **environment):
        """@param environment: what the commands find there besides a C{PATH}."""
        self.bin, self.folder, self.before = Path(bin), Path(folder).absolute(), tuple(map(str, before))
        self.environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"} | environment

    def words(self, program, *words):
        """@return: the command that runs a program of this place, or with its path one of the system."""
        return [*self.before, str(self.bin / program), *map(str, words)]

    def run(self, program, *words, status=0):
        """@return: what a program printed; it must end with C{status}."""
        done = subprocess.run(
            self.words(program, *words),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != status:
            raise AssertionError(f"{program} {words} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def start(self, case, program, *words, output=None):
        """@return: a program that runs until the end of the test, or until it ends."""
        process = subprocess.Popen(
            self.words(program, *words),
            cwd=self.folder,
            env=self.environment,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        case.addCleanup(_end, process)
        return process


def _end(process):
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def until(condition, what):
    """Wait until C{condition()} is true. @return: what it gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE} seconds for {what}")


def look_around(case, place, ini):
    """The commands that need no server."""
    case.assertIn(f"comet {__version__} ", place.run("comet", "version"))
    case.assertIn("--config", place.run("twistd", "comet", "--help"))
    case.assertEqual(place.run("comet", "check", "--config", ini), f"{ini} is fine\n")
    case.assertIn("[ws]", place.run("comet", "config", "--defaults"))


def serve(case, place, data, command, seen=None, pages=PAGES, once=None):
    """
    Start a server, and talk to it with what has been installed along.

    @param data: the data folder, as the server names it.
    @param command: what starts the server: a program and its words.
    @param seen: the data folder from here, if that is elsewhere.
    @param pages: what can be had of its browser port.
    @param once: what is called once it serves.
    """
    log = place.folder / "server.log"
    with open(log, "wb") as output:
        server = place.start(case, *command, output=output)
    file = Path(seen or data) / "ports.json"
    until(lambda: file.exists() or server.poll() is not None, "the server")
    case.assertIsNone(server.poll(), log.read_text())
    ports = json.loads(file.read_text())
    for path in pages:
        with urlopen(f"http://127.0.0.1:{ports['ws']}{path}", timeout=PATIENCE) as answer:
            case.assertEqual((path, answer.status), (path, 200))
            case.assertTrue(answer.read())
    if once is not None:
        once()
    listener = place.start(case, "comet", "tail", "--data", data, "--count", "2", "web_room")
    # What is published before anybody listens is heard by nobody.
    words = ("comet", "publish", "--data", data, "web_room", "from the command")
    until(lambda: "1 listening" in place.run(*words), "the listener")
    place.run(
        "python", "-c", PUBLISH, ports["cometql"], (Path(seen or data) / "password").read_text().strip()
    )
    said, _ = listener.communicate(timeout=PATIENCE)
    case.assertEqual(listener.returncode, 0, said)
    case.assertIn("from the command", said)
    case.assertIn("from PyMySQL", said)
    server.send_signal(signal.SIGTERM)
    server.wait(PATIENCE)
    case.assertIn("Server Shut Down", log.read_text())
    case.assertNotIn("Traceback", log.read_text())
