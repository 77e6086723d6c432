"""
The image for containers and the example for Compose, without what builds and runs containers.

The steps of the Containerfile are done on a machine to throw away, whose Python stands for that of the base
image. What they made is then run as the image says, with nothing to write to but its volume. The two servers
of the example run from the checkout, in the environment that it gives them, beside a real MariaDB and Redis.
"""

import json
import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.building import ROOT
from tests.containers import read_compose, read_containerfile
from tests.e2e.installed import Place, serve, until
from tests.e2e.throwaway import Machine
from tests.mariadb import PASSWORD, shared
from tests.redisserver import Redis

BASE = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class ImageTests(SynchronousTestCase):
    """What the Containerfile makes."""

    timeout = 600

    def build(self, image, machine):
        """Do what the Containerfile says, in its order."""
        machine.run("ln", "-sf", "/usr/bin/python3", "/usr/local/bin/python")
        environment, folder = os.environ | {"PATH": BASE}, Path("/")
        for word, rest in image.steps:
            if word == "RUN":
                machine.run("env", f"--chdir={folder}", "sh", "-c", rest, environment=environment)
            elif word == "WORKDIR":
                folder = Path(rest)
                machine.run("mkdir", "-p", folder)
            elif word == "COPY" and rest.startswith("--from=build "):
                _, source, target = rest.split()
                self.assertEqual(source, target)
                machine.run("test", "-e", source)
            elif word == "COPY":
                *sources, target = rest.split()
                for source in sources:
                    # That machine has this checkout, too.
                    place = folder / target / (source if target == "./" else "")
                    machine.run("cp", "-RT", ROOT / source, place)

    def test_image(self):
        """It serves as a user that may write to its volume alone, tells its health, and ends when told to."""
        image, machine = read_containerfile(), Machine(self)
        self.build(image, machine)
        data, (user, group) = image.settings["VOLUME"], image.settings["USER"].split(":")
        before = (
            *(*machine.before, "env", f"--chdir={image.settings['WORKDIR']}", "setpriv", f"--reuid={user}"),
            *(f"--regid={group}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"),
        )
        folder = Path(self.mktemp())
        folder.mkdir()
        free = {"COMET_WS_PORT": "0", "COMET_COMETQL_PORT": "0"}
        place = Place("/opt/comet/bin", folder, before, **image.environment | free)
        machine.protect(data)
        self.assertIn("does not answer", place.run(image.health[0], *image.health[1:], status=1))

        def is_healthy():
            self.assertEqual(place.run(image.health[0], *image.health[1:]).strip(), '{"status": "ok"}')

        # The pages of the demo are for a server that only its own machine can reach.
        pages = ("/comet/comet.js", "/comet/video.js", "/health/ready", "/")
        serve(self, place, data, image.command, machine.root / data[1:], pages, is_healthy)
        self.assertNotIn("plugin cache", (folder / "server.log").read_text())
        self.assertIn("does not answer", place.run(image.health[0], *image.health[1:], status=1))


class ComposeTests(SynchronousTestCase):
    """The servers of the example for Compose."""

    timeout = 120

    def start(self, name, environment):
        """@return: the ports of a server, once it serves."""
        data = Path(self.mktemp()).absolute()
        place = Place(Path(sys.executable).parent, data.parent, **environment, COMET_MAIN_DATA=str(data))
        with open(f"{data}.log", "wb") as log:
            server = place.start(self, "twistd", "-n", "--pidfile=", "comet", output=log)
        file = data / "ports.json"
        until(lambda: file.exists() or server.poll() is not None, f"the server {name}")
        self.assertIsNone(server.poll(), Path(f"{data}.log").read_text())
        return place, json.loads(file.read_text())

    def test_two_servers_are_one(self):
        """With secrets in files, they share a database and a Redis: one tells what the other is told."""
        compose = read_compose()
        mariadb, secret, password = shared(), Path(self.mktemp()), Path(self.mktemp())
        mariadb.renew("compose")
        # The Redis of the example takes its settings from its command line.
        lines = " ".join(compose["services"]["redis"]["command"][1:]).split("--")[1:]
        redis = Redis(self.mktemp(), *(line if line != "save " else 'save ""' for line in lines))
        self.addCleanup(redis.kill)
        secret.write_text(PASSWORD)
        password.write_text("of comet\n")
        here = {
            "COMET_DB_HOST": "127.0.0.1",
            "COMET_DB_PORT": str(mariadb.port),
            "COMET_DB_USER": "root",
            "COMET_DB_NAME": "compose",
            "COMET_DB_PASSWORD_FILE": str(secret.absolute()),
            "COMET_MAIN_PASSWORD_FILE": str(password.absolute()),
            "COMET_CLUSTER_REDIS": f"redis://127.0.0.1:{redis.port}/0",
            "COMET_WS_PORT": "0",
            "COMET_COMETQL_PORT": "0",
        }
        (place, one), (_, two) = (
            self.start(name, compose["services"][name]["environment"] | here) for name in ("one", "two")
        )
        listener = place.start(
            self, "comet", "tail", "--url", f"ws://127.0.0.1:{one['ws']}", "--count=1", "web_room"
        )
        words = ("--cometql", f"127.0.0.1:{two['cometql']}", "--password-file", password.absolute())

        def heard():
            # Again until somebody listens; who has heard it leaves.
            place.run("comet", "publish", *words, "web_room", "hello")
            return listener.poll() is not None

        until(heard, "the listener")
        said, _ = listener.communicate(timeout=60)
        self.assertIn("hello", said)
