"""The one server that all drivers talk to, and what a driver's program says of each step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pymysql
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.protocols.portforward import ProxyFactory, ProxyServer
from twisted.trial.unittest import SkipTest

from comet.protocols.mysql.constants import Command
from tests.e2e.support import Server, in_thread

FOLDER = Path(__file__).resolve().parent
#: What every program sends by its own placeholders; each has it as a literal of its language.
TEXT = 'It\'s a "test" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё'
#: How long a program may take, in seconds.
PATIENCE = 60

_server: Server | None = None


async def the_server():
    """@return: the server that all drivers share; it ends with the run of the tests."""
    global _server
    if _server is None:
        _server = await Server("drivers", {}).start()
        reactor.addSystemEventTrigger(
            "before", "shutdown", lambda: ensureDeferred(_server.stop(signal.SIGKILL))
        )
    return _server


def keep_history(server, channel):
    """Let a channel keep what is sent to it."""
    with pymysql.connect(
        host="127.0.0.1", port=server.cometql_port, user="root", password=server.password, autocommit=True
    ) as connection:
        connection.cursor().execute("REPLACE INTO pipes_settings (name, length) VALUES (%s, 50)", channel)


def commands(data):
    """@return: the numbers of the commands that begin in what was read at once."""
    start = 0
    while start + 4 < len(data):
        length, number = int.from_bytes(data[start : start + 3], "little"), data[start + 3]
        if number == 0:
            yield data[start + 4]
        start += 4 + length


class Watched(ProxyServer):
    """Passes on what a driver and the server say, and sees what kind of talk that is."""

    def dataReceived(self, data):
        # The first record of TLS: a handshake of version 3. It may follow the request in one read.
        self.factory.encrypted |= b"\x16\x03" in (data[:2], data[36:38])
        self.factory.commands.update(commands(data))
        super().dataReceived(data)


class Watch(ProxyFactory):
    """
    A port that passes on to the server.

    @ivar encrypted: whether anybody has spoken TLS through it.
    @ivar commands: the numbers of the commands that went through it, as far as they were readable.
    """

    protocol, encrypted, noisy = Watched, False, False

    def __init__(self, case, server):
        super().__init__("127.0.0.1", server.cometql_port)
        self.commands = set()
        port = reactor.listenTCP(0, self, interface="127.0.0.1")
        case.addCleanup(port.stopListening)
        self.own_port = port.getHost().port


class Run:
    """
    One run of a driver's program.

    @ivar steps: what the program told of each step that succeeded.
    @ivar sent: event and text of all that arrived in the channel meanwhile.
    @ivar encrypted: whether it has spoken TLS where it was to.
    @ivar commands: the numbers of the commands that it has sent; all, if it speaks TLS unasked.
    """

    def __init__(self, done, sent, plain, encrypted):
        self.sent, self.encrypted = sent, encrypted.encrypted
        self.commands = set(Command) if plain.encrypted else plain.commands
        self.status = done.returncode
        self.errors = done.stderr.decode(errors="replace")
        lines = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
        self.steps = {line["step"]: line["got"] for line in lines}

    def texts(self, event):
        """@return: the texts that arrived with this event, in order."""
        return [text for label, text in self.sent if label == event]


class DriverCase:
    """
    What every driver shows; a subclass for each names it. The program runs once, for all tests of its class.

    @cvar program: the program, in a folder of this package.
    @cvar command: what runs it; C{{program}} and C{{built}} are put in.
    @cvar probe: a command that succeeds where the driver is installed.
    @cvar build: a command that makes the program first, if there has to be one.
    @cvar environment: more of it, for all these commands.
    @cvar text: what the program sends, where its language cannot say L{TEXT}.
    @cvar lacks: steps that the driver has no means for, and why.
    """

    program: ClassVar[str]
    command: ClassVar[tuple[str, ...]]
    probe: ClassVar[tuple[str, ...]]
    build: ClassVar[tuple[str, ...]] = ()
    environment: ClassVar[dict[str, str]] = {}
    text: ClassVar[str] = TEXT
    lacks: ClassVar[dict[str, str]] = {}

    async def ran(self, step):
        """@return: the L{Run}. The test is skipped if there is no such driver, and fails without C{step}."""
        if step in self.lacks:
            raise SkipTest(self.lacks[step])
        if "_found" not in vars(type(self)):
            try:
                type(self)._found = await self._first_run()
            except Exception as error:
                type(self)._found = error
        run = type(self)._found
        if isinstance(run, Exception):
            raise run
        self.assertIn(step, run.steps, f"the program said: {run.errors}")
        return run

    async def _first_run(self):
        try:
            missing = (await in_thread(self._do, self.probe)).returncode
        except OSError:
            missing = True
        if missing:
            raise SkipTest(f"not installed: {type(self).__doc__.strip()}")
        if self.build:
            done = await in_thread(self._do, self.build)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
        server = await the_server()
        channel = type(self).__name__
        await in_thread(keep_history, server, channel)
        browser = await self.browser(server)
        await browser.next()
        await browser.listen(channel)
        plain, encrypted = Watch(self, server), Watch(self, server)
        facts = {
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(plain.own_port),
            "DB_TLS_PORT": str(encrypted.own_port),
            "DB_PASSWORD": server.password,
            "DB_CA": str(server.data / "certificate.pem"),
            "DB_CHANNEL": channel,
        }
        done = await in_thread(self._do, self.command, facts)
        browser.say("pipe_count\nweb_x\nend")
        sent = []
        while (frame := await browser.next()).get("marker") != "end":
            sent.append((frame["event"], frame["data"]))
        return Run(done, sent, plain, encrypted)

    def _put_in(self, command):
        # Beside the server's folder, so that nothing is left in the checkout.
        built = Path("drivers-built").absolute()
        built.mkdir(exist_ok=True)
        words = {"python": sys.executable, "folder": FOLDER, "program": FOLDER / self.program, "built": built}
        return [word.format(**words, name=type(self).__name__) for word in command]

    def _do(self, command, facts=()):
        environment = {**os.environ, **self.environment, **dict(facts)}
        command = self._put_in(command)
        where = (FOLDER / self.program).parent
        return subprocess.run(command, cwd=where, env=environment, capture_output=True, timeout=PATIENCE)

    async def test_it_connects(self):
        """By the driver's ordinary way to log in with a password."""
        run = await self.ran("connect")
        self.assertIs(run.steps["connect"], True)

    async def test_it_connects_over_tls(self):
        """With TLS turned on, it logs in and queries, and what travels is TLS."""
        run = await self.ran("tls")
        self.assertEqual((run.steps["tls"], run.encrypted), (7, True))

    async def test_a_wrong_password_is_access_denied(self):
        """It is the driver's own error for that, with the number 1045."""
        run = await self.ran("wrong password")
        self.assertEqual(run.steps["wrong password"], 1045)

    async def test_a_text_arrives_as_it_was_inserted(self):
        """By placeholders; read back and in the browser, every byte is the same."""
        run = await self.ran("text")
        self.assertEqual(run.texts("text"), [self.text])
        self.assertIs(run.steps["text"], True)

    async def test_integers_are_integers(self):
        """The program gets numbers in the integer type of its language."""
        run = await self.ran("integers")
        self.assertEqual(run.steps["integers"], [7, -1])

    async def test_a_prepared_statement_through_the_binary_protocol(self):
        """One inserts a text, another finds it, and one with an integer parameter gives integers."""
        run = await self.ran("prepared")
        self.assertEqual(run.texts("prepared"), [self.text])
        self.assertEqual(run.steps["prepared"], [True, 7, -1])
        self.assertIn(Command.STMT_EXECUTE, run.commands)

    async def test_a_syntax_error_leaves_the_connection_usable(self):
        """It is error 1064, and the next statement on the same connection is answered."""
        run = await self.ran("syntax error")
        self.assertEqual(run.steps["syntax error"], [1064, 7])

    async def test_a_thousand_inserts_on_one_connection(self):
        """Each is counted as one row, and all arrive in order."""
        run = await self.ran("thousand")
        self.assertEqual(run.steps["thousand"], 1000)
        self.assertEqual(run.texts("thousand"), [str(number) for number in range(1000)])

    async def test_what_is_rolled_back_is_not_delivered(self):
        """What is committed on the same connection is."""
        run = await self.ran("rollback")
        self.assertEqual(run.texts("rolled-back"), [])
        self.assertEqual(run.texts("committed"), ["stays"])

    async def test_it_closes_cleanly(self):
        """The program ends in good order, with nothing to complain about."""
        run = await self.ran("close")
        self.assertEqual((run.status, run.errors), (0, ""))
