"""Tests for L{comet.reload}."""

import os
import signal

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from comet.config import CannotStart, Config, ConfigError
from comet.ini import Remark
from comet.reload import Reloader, needs_restart


class Reactor(MemoryReactorClock):
    """One whose turn comes when it is told to."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def callFromThread(self, call, *arguments):
        self.calls.append(call)

    def turn(self):
        while self.calls:
            self.calls.pop(0)()


class ReloaderTests(SynchronousTestCase):
    """What SIGHUP does."""

    def setUp(self):
        self.before = signal.getsignal(signal.SIGHUP)
        self.text, self.broken, self.terminal = "", False, False
        self.certificates, self.levels, self.logged = 0, [], []
        self.reactor = Reactor()
        self.reloader = Reloader(
            Config.read(),
            self.read,
            self.certificate,
            lambda now: self.levels.append(now.log.level),
            self.reactor,
            lambda: self.terminal,
        )
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def read(self):
        return Config.read(self.text)

    def certificate(self):
        if self.broken:
            raise CannotStart("it is broken")
        self.certificates += 1

    def complaints(self):
        """@return: level and text of what was logged for somebody to look at."""
        events = [event for event in self.logged if event["log_level"].name in ("warn", "error")]
        return [(event["log_level"].name, event["log_format"].format(**event)) for event in events]

    def start(self):
        self.reloader.startService()
        self.addCleanup(lambda: self.reloader.running and self.reloader.stopService())

    def test_the_signal(self):
        """Is taken in the reactor's turn, as long as the service runs, and then what it was before."""
        self.start()
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.certificates, 0)
        self.reactor.turn()
        self.assertEqual((self.certificates, self.levels), (1, ["info"]))
        self.reloader.stopService()
        self.assertEqual(signal.getsignal(signal.SIGHUP), self.before)

    def test_what_counts_at_once(self):
        """How much is logged, whose pages may connect, and which proxies are trusted."""
        self.text = "[log]\nlevel = warn\n[ws]\nhost = www.example.com\ntrusted_proxies = 10.0.0.0/8\n"
        self.start()
        self.reloader.reload()
        self.assertEqual((self.levels, self.complaints()), (["warn"], []))

    def test_a_terminal_that_is_gone(self):
        """Takes the server along, as it does other programs; one that is there is somebody's who calls."""
        stopped = []
        self.reactor.stop = lambda: stopped.append(True)
        self.terminal = True
        self.start()
        self.reloader.hang_up()
        self.assertEqual((self.certificates, stopped), (1, []))
        self.terminal = False
        self.reloader.hang_up()
        self.assertEqual((self.certificates, stopped), (1, [True]))

    def test_a_broken_certificate(self):
        """Is complained of, and the rest is read all the same."""
        self.broken, self.text = True, "[log]\nlevel = debug\n"
        self.reloader.reload()
        self.assertEqual(self.levels, ["debug"])
        self.assertEqual(self.complaints(), [("error", "the certificate stays as it was: it is broken")])

    def test_a_broken_configuration(self):
        """Is complained of, and nothing of it counts."""
        self.text = "[log]\nlevel = debug\n[ws]\nprot = 1\n"
        self.reloader.reload()
        self.assertEqual((self.levels, self.certificates), ([], 1))
        ((level, text),) = self.complaints()
        self.assertEqual(level, "error")
        self.assertIn("prot", text)
        self.reloader._read = self.gone
        self.reloader.reload()
        self.assertIn("cannot be read", self.complaints()[-1][1])

    def gone(self):
        raise ConfigError("comet.ini", [Remark("the file cannot be read: gone")], ())

    def test_what_needs_a_restart(self):
        """Is named, a secret by its name alone."""
        self.text = "[main]\npassword = secret\n[ws]\nport = 1\n[log]\nlevel = warn\n[limits]\nqueue = 5\n"
        self.reloader.reload()
        ((level, text),) = self.complaints()
        self.assertEqual(level, "warn")
        self.assertTrue(text.endswith(": [main] password, [ws] port, [limits] queue"), text)
        self.assertNotIn("secret", text)

    def test_nothing_has_changed(self):
        """Nothing is said."""
        self.assertEqual(needs_restart(Config.read(), Config.read("[log]\nlevel = debug")), [])
        shop, named = "[outbox]\ndatabase = mysql://a@h/shop\ntable = a\n", "[outbox.b]\ntable = "
        self.assertEqual(needs_restart(Config.read(f"{shop}{named}b"), Config.read(f"{shop}{named}b")), [])
        self.assertEqual(
            needs_restart(Config.read(f"{shop}{named}b"), Config.read(f"{shop}{named}c")), ["[outbox.b]"]
        )
        self.reloader.reload()
        self.assertEqual(self.complaints(), [])
