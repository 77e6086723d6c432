"""The files for containers say what is so: paths, keys of the configuration, names, limits of time."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comet.config import Config
from comet.sections import CometQL, Main, Ws
from tests.building import ROOT
from tests.containers import read_compose, read_containerfile

EXAMPLES = ROOT / "docs" / "examples"
#: What a server needs to end what was begun, besides the drain.
BESIDES = 15


class ContainerfileTests(SynchronousTestCase):
    """The image."""

    def test_what_is_copied_is_there(self):
        """Each file is in the repository, and .dockerignore lets it pass, and nothing else."""
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        passed = {line[1:] for line in lines if line.startswith("!")}
        copied = set()
        for word, rest in read_containerfile().steps:
            if word == "COPY" and not rest.startswith("--from"):
                copied |= set(rest.split()[:-1])
        self.assertEqual([name for name in copied if not (ROOT / name).exists()], [])
        self.assertEqual({Path(name).parts[0] for name in copied}, passed)

    def test_settings(self):
        """Not root, the ports of the server, a signal that it knows, and keys that exist."""
        image = read_containerfile()
        self.assertNotIn(image.settings["USER"].split(":")[0], ("", "0", "root"))
        self.assertEqual(image.ports, [str(Ws().port), str(CometQL().port)])
        self.assertEqual(image.settings["STOPSIGNAL"], "SIGTERM")
        config = Config.load(None, image.environment)
        self.assertEqual(config.warnings, ())
        self.assertEqual(str(config.main.data), image.settings["VOLUME"])


class ComposeTests(SynchronousTestCase):
    """The example for Compose."""

    def setUp(self):
        self.compose = read_compose()
        self.services = self.compose["services"]

    def comets(self):
        return {name: each for name, each in self.services.items() if each.get("image") == "comet"}

    def test_names(self):
        """What a service refers to is declared, and whoever is waited for says when it is healthy."""
        tops = {key for key in self.compose if not key.startswith("x-")}
        self.assertEqual(tops, {"services", "networks", "volumes", "secrets"})
        for name, service in self.services.items():
            self.assertLessEqual(set(service.get("secrets", ())), set(self.compose["secrets"]), name)
            self.assertLessEqual(set(service["networks"]), set(self.compose["networks"]), name)
            for other in service.get("depends_on", ()):
                other = self.services[other]
                self.assertTrue("healthcheck" in other or other["image"] == "comet", name)
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((EXAMPLES / source).is_file(), source)
                elif not source.startswith("/"):
                    self.assertIn(source, self.compose["volumes"])

    def test_build(self):
        """The image is made of the Containerfile, in the folder that this needs."""
        for service in self.comets().values():
            context = (EXAMPLES / service["build"]["context"]).resolve()
            self.assertEqual(context, ROOT)
            self.assertTrue((context / service["build"]["dockerfile"]).is_file())

    def test_keys(self):
        """Each variable is that of a key, and the passwords come from the secrets of the service."""
        for name, service in self.comets().items():
            environment = dict(service["environment"])
            for variable, value in environment.items():
                if variable.endswith("_FILE"):
                    secret = Path(self.mktemp())
                    secret.write_text("secret\n")
                    self.assertIn(Path(value).name, service["secrets"])
                    environment[variable] = str(secret)
            config = Config.load(None, environment)
            self.assertEqual((config.warnings, config.main.node_name), ((), name))
            self.assertEqual((config.main.password, config.db.password), ("secret", "secret"))
            self.assertIn(config.mysql.host, self.services)
            self.assertIn(config.redis.hosts[0][0], self.services)
            database = self.services["database"]["environment"]
            self.assertEqual(config.db.name, database["MARIADB_DATABASE"])
            self.assertEqual(config.db.user, database["MARIADB_USER"])

    def test_time_to_end(self):
        """A server is given the time to send its clients away."""
        for service in self.comets().values():
            self.assertGreater(int(service["stop_grace_period"].rstrip("s")), Main().drain + BESIDES)

    def test_addresses(self):
        """nginx knows both servers by the addresses that they have, and they know its own."""
        text = (EXAMPLES / "nginx-cluster.conf").read_text()
        known = set(re.findall(r"server ([\d.]+):8087", text))
        addresses = {each["networks"]["inside"]["ipv4_address"] for each in self.comets().values()}
        self.assertEqual(known, addresses)
        own = self.services["nginx"]["networks"]["inside"]["ipv4_address"]
        trusted = {each["environment"]["COMET_WS_TRUSTED_PROXIES"] for each in self.comets().values()}
        self.assertEqual(trusted, {own})
