"""Tests of the command line of C{twistd comet}."""

import io
import os
import sys
from contextlib import redirect_stderr
from pathlib import Path
from unittest.mock import patch

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from comet import tap
from comet.config import CannotStart


class MakeServiceTests(SynchronousTestCase):
    """From options to the service."""

    def setUp(self):
        """Note what the server is made of, instead of making it."""
        self.made = []
        self.patch(tap, "make_service", self._make)
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.environment = {"COMET_MAIN_DATA": str(self.folder / "data")}

    def _make(self, config, data, reactor):
        self.made.append((config, data, reactor))
        self.addCleanup(data.close)
        service = MultiService()
        service.listening = self.listening = Deferred()
        service.reload_certificate = lambda: None
        service.apply = lambda config: None
        return service

    def make(self, *words, **environment):
        """@return: what C{twistd comet WORDS} makes."""
        options = tap.Options()
        options.parseOptions(words)
        self.reactor = MemoryReactorClock()
        with patch.dict("os.environ", self.environment | environment, clear=True):
            return tap.makeService(options, self.reactor)

    def refused(self, *words, **environment):
        """@return: the exit status, and what was said on standard error."""
        with redirect_stderr(io.StringIO()) as said:
            status = self.assertRaises(SystemExit, self.make, *words, **environment).code
        return status, said.getvalue()

    def write(self, content):
        """@return: the path of a configuration file."""
        path = self.folder / "comet.ini"
        path.write_text(content)
        return str(path)

    def test_no_configuration(self):
        """Without options there is a server with defaults and the environment's values."""
        self.make(COMET_WS_PORT="0")
        [(config, data, reactor)] = self.made
        self.assertEqual((config.ws.port, config.cometql.port), (0, 3307))
        self.assertEqual(data.path, (self.folder / "data").absolute())
        self.assertIs(reactor, self.reactor)

    def test_file(self):
        """The file is that of the option, else that of the environment."""
        file = self.write("[ws]\nport = 5\n")
        for words, environment in (
            (["--config", file], {}),
            (["-c", file], {}),
            ([], {"COMET_CONFIG": file}),
        ):
            self.make(*words, **environment)
            config, data, _ = self.made.pop()
            data.close()
            self.assertEqual(config.ws.port, 5)

    def test_wrong_configuration(self):
        """Problems are told on standard error, and the status says that the configuration is wrong."""
        file = self.write("[ws]\nport = x\n")
        status, said = self.refused("--config", file)
        self.assertEqual(status, 78)
        self.assertEqual(
            said,
            f"comet cannot start: {file}:2: [ws] port: 'x' is wrong; expected a port from 0 to 65535\n",
        )

    def test_unusable_folder(self):
        """A data folder that cannot be used is told in one sentence."""
        status, said = self.refused(COMET_MAIN_DATA=self.write("") + "/data")
        self.assertEqual((status, said.count("\n")), (1, 1))
        self.assertIn("cannot be written to", said)

    def test_failure_after_the_start(self):
        """What goes wrong while the service starts stops the reactor and gives the exit status."""
        ends = []
        self.patch(tap.atexit, "register", lambda *call: ends.append(call))
        for error, status in ((CannotStart("the store is broken"), 1), (ValueError("a bug"), 1)):
            self.make()
            self.made.pop()[1].close()
            self.listening.errback(error)
            self.assertEqual(ends, [(os._exit, status), (sys.stdout.flush,)])
            self.assertEqual(self.reactor.whenRunningHooks, [(self.reactor.stop, (), {})])
            del ends[:]
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_unknown_option(self):
        """What is no option is refused by twistd itself."""
        self.assertRaises(UsageError, tap.Options().parseOptions, ["--prot", "3"])
        self.assertRaises(UsageError, tap.Options().parseOptions, ["comet.ini"])

    def test_nothing_listens_yet(self):
        """Making the service does not start it."""
        service = self.make()
        self.assertFalse(service.running)
        self.assertEqual(self.reactor.tcpServers, [])
        self.assertFalse((self.folder / "data" / "ports.json").exists())

    def test_the_same_configuration_is_read_again(self):
        """On SIGHUP; a level that has changed counts at once."""
        file = self.write("[log]\nlevel = error\n")
        service = self.make("--config", file)
        threshold, _, reloader = service.services
        self.assertEqual(threshold._predicate.logLevelForNamespace("comet").name, "error")
        self.write("[log]\nlevel = debug\n")
        with patch.dict("os.environ", self.environment, clear=True):
            reloader.reload()
        self.assertEqual(threshold._predicate.logLevelForNamespace("comet").name, "debug")
