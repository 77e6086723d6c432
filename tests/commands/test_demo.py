"""Tests of C{comet demo}, with a server that only says that it listens."""

import io
import shlex
import socket
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from comet.commands import demo
from comet.config import CannotStart
from comet.rights import Rule, Who


class FakeService(MultiService):
    """A service that has nothing to serve."""

    def __init__(self):
        super().__init__()
        self.listening = Deferred()
        self.stopped, self.allowed = 0, []

    def allow(self, rule):
        self.allowed.append(rule)
        return succeed(None)

    def stopService(self):
        self.stopped += 1
        return super().stopService()


class FakeReactor:
    """A reactor whose run does what the test says, and then shuts down."""

    def __init__(self, script):
        self._script, self._first, self._last = script, [], []

    def callWhenRunning(self, function, *arguments):
        self._first.append((function, arguments))

    def addSystemEventTrigger(self, phase, event, function):
        self._last.append(function)

    def run(self):
        for function, arguments in self._first:
            function(*arguments)
        self._script()
        for function in self._last:
            function()

    def stop(self):
        self.stops = True


class DemoTests(SynchronousTestCase):
    """What is printed, and how it ends."""

    def setUp(self):
        """Put a service that has nothing to serve in the place of the server."""
        self.service = FakeService()
        self.made = []
        self.patch(demo, "make_service", self._make)
        self.settled = []
        # It is for the whole process, which here is that of all tests.
        self.patch(demo.garbage, "settle", lambda: self.settled.append(self.service))
        self.out, self.err = io.StringIO(), io.StringIO()

    def _make(self, config, data, reactor):
        self.made.append((config, data))
        return self.service

    def play(self, script):
        """@return: the exit status."""
        config = demo.demo_config(Path(self.mktemp()), 0, 0)
        self.reactor = FakeReactor(script)
        with redirect_stdout(self.out), redirect_stderr(self.err):
            return demo.Demo(config, self.reactor).run()

    def test_says_how_to_try_it(self):
        """Once the server listens, the page and a statement to paste are printed, each alone on a line."""
        status = self.play(lambda: self.service.listening.callback({"ws": 8087, "cometql": 3307}))
        password = self.made[0][1].password
        self.assertEqual(
            self.out.getvalue().splitlines(),
            [
                "http://127.0.0.1:8087/",
                f"mysql -h 127.0.0.1 -P 3307 -u root -p{password} CometQL_v1 -e "
                '"INSERT INTO pipes_messages (name, event, message) '
                "VALUES ('web_demo', 'message', 'Hello from SQL')\"",
                "http://127.0.0.1:8087/video",
                f"http://127.0.0.1:8087/console  (tenant root, key {password})",
            ],
        )
        self.assertEqual((status, self.service.stopped), (0, 1))

    def test_garbage_is_looked_for_seldom(self):
        """As in a server that twistd has started, once it listens."""

        def listen():
            self.assertEqual(self.settled, [])
            self.service.listening.callback({"ws": 8087, "cometql": 3307})

        self.play(listen)
        self.assertEqual(self.settled, [self.service])

    def test_only_this_machine(self):
        """The server of the demo listens on the loopback address and shows the demo page."""
        self.play(lambda: None)
        config = self.made[0][0]
        self.assertEqual((config.ws.ip, config.cometql.ip, config.tls_ip), ("127.0.0.1",) * 3)
        self.assertTrue(config.demo)
        self.assertTrue(config.has_console)

    def test_visitors_may_meet(self):
        """Whoever opens the video page may go into rooms whose names begin with demo, and into no others."""
        self.play(lambda: self.service.listening.callback({"ws": 8087, "cometql": 3307}))
        self.assertEqual(self.service.allowed, [Rule("call_room_demo", subscribe=Who.ALL)])

    def test_cannot_start(self):
        """A server that cannot listen says why in a sentence; the status is 1."""
        status = self.play(lambda: self.service.listening.errback(CannotStart("port 80 is in use")))
        self.assertEqual((status, self.reactor.stops), (1, True))
        self.assertEqual(self.err.getvalue(), "comet cannot start: port 80 is in use\n")
        self.assertEqual(self.out.getvalue(), "")

    def test_unexpected_failure(self):
        """Any other failure at the start is logged, and ends the demo, too."""
        status = self.play(lambda: self.service.listening.errback(ValueError("a bug")))
        self.assertEqual((status, self.reactor.stops), (1, True))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class PortTests(SynchronousTestCase):
    """Which port a demo listens on."""

    def choose(self, wanted, default):
        """@return: the port, and what was said about it."""
        with redirect_stderr(io.StringIO()) as error:
            return demo.choose_port("--port", wanted, default), error.getvalue()

    def test_free_default(self):
        """The default port is taken if it is free."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.assertEqual(self.choose(None, port), (port, ""))

    def test_default_in_use(self):
        """A default port in use makes way for a free one, and the sentence about it names the option."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            chosen, said = self.choose(None, port)
            self.assertEqual(chosen, 0)
            self.assertIn(str(port), said)
            self.assertIn("--port", said)
            self.assertEqual(said.count("\n"), 1)
            self.assertEqual(
                self.choose(port, 8087), (port, ""), "who names a port gets that one or an error"
            )


class LineTests(SynchronousTestCase):
    """The line to paste."""

    def test_password_of_any_kind(self):
        """A password that a shell would take apart is quoted."""
        line = demo.instructions({"ws": 1, "cometql": 2}, "a b'c")[1]
        self.assertIn("-pa b'c", shlex.split(line))
        self.assertEqual(shlex.split(line)[-1], demo.INSERT)
