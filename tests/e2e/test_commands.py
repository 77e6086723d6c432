"""The commands that talk to a server: C{comet tail} and C{comet publish}, as people run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from twisted.internet import reactor
from twisted.internet.task import deferLater

from comet.client.twisted import Client
from tests.e2e.support import PATIENCE, ROOT, ServerCase, in_thread, until

COMET = [sys.executable, "-m", "comet"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("COMET_")}


class Running:
    """A command that goes on running."""

    def __init__(self, case, *words):
        self.folder = case.mktemp()
        os.makedirs(self.folder)
        with open(f"{self.folder}/out", "wb") as out, open(f"{self.folder}/err", "wb") as err:
            command = [*COMET, *map(str, words)]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err, env=ENVIRONMENT)
        case.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def read(self, name):
        with open(f"{self.folder}/{name}", encoding="utf-8") as file:
            return file.read()

    @property
    def lines(self):
        return self.read("out").splitlines()

    async def until_lines(self, number):
        """@return: what was printed, once there are so many lines."""
        await until(lambda: len(self.lines) >= number or self.process.poll() is not None, "the lines")
        if len(self.lines) < number:
            raise AssertionError(self.read("err"))
        return self.lines

    async def status(self):
        """@return: the exit status."""
        await until(lambda: self.process.poll() is not None, "the command to end")
        return self.process.returncode


class CommandCase(ServerCase):
    """A server, and commands that talk to it."""

    async def setUp(self):
        self.comet = await self.server()

    async def run_(self, *words, given=None):
        """@return: exit status, output and errors of a command that ends by itself."""
        done = await in_thread(
            subprocess.run,
            [*COMET, *map(str, words)],
            cwd=ROOT,
            input=given,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    async def publish(self, *words, given=None):
        """Publish as the site, and see that it succeeds. @return: what was printed."""
        status, out, err = await self.run_("publish", "--data", self.comet.data, *words, given=given)
        self.assertEqual((status, err), (0, ""))
        return out

    async def listening(self, channel, number=1):
        """Wait until so many listen to a channel."""
        async with Client(f"ws://127.0.0.1:{self.comet.ws_port}") as client:
            for _ in range(PATIENCE * 10):
                if await client.count(channel) >= number:
                    return
                await deferLater(reactor, 0.1)
        self.fail(f"nobody listens to {channel}")


class TailTests(CommandCase):
    """C{comet tail}."""

    def tail(self, *words):
        return Running(self, "tail", "--data", self.comet.data, *words)

    async def test_lines(self):
        """What is said is printed, a line each; what would disturb a terminal is shown as what it is."""
        tail = self.tail("web_room", "web_hall")
        await self.listening("web_hall")
        out = await self.publish("web_room", "line", "hello\x1b[2J\nworld")
        self.assertEqual(out, "web_room: 1 message published, 1 listening\n")
        await self.publish("web_hall", "plain")
        lines = await tail.until_lines(2)
        self.assertRegex(
            lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  web_room  line  hello\\u001b\[2J\\nworld$"
        )
        self.assertRegex(lines[1], r"  web_hall  -  plain$")

    async def test_json(self):
        """As JSON, everything is exactly as it was sent; other events are left out; it ends after so many."""
        tail = self.tail("--json", "--event", "yes", "--count", "1", "web_room")
        await self.listening("web_room")
        await self.publish("web_room", "no", "first")
        await self.publish("web_room", "yes", "a\nb")
        self.assertEqual(await tail.status(), 0)
        (line,) = map(json.loads, tail.lines)
        self.assertEqual((line["type"], line["event"], line["data"]), ("message", "yes", "a\nb"))

    async def test_history(self):
        """History comes first; a cursor begins where it says."""
        await self.run_sql("INSERT INTO pipes_settings (name, length) VALUES ('web_log', 9)")
        await self.publish("web_log", "-", given="one\ntwo\nthree\n")
        tail = self.tail("--json", "--history", "2", "web_log")
        await self.listening("web_log")
        await self.publish("web_log", "four")
        lines = [json.loads(line) for line in await tail.until_lines(3)]
        self.assertEqual([line["data"] for line in lines], ["two", "three", "four"])
        since = self.tail("--json", "--since", lines[0]["cursor"], "web_log")
        lines = [json.loads(line)["data"] for line in await since.until_lines(2)]
        self.assertEqual(lines, ["three", "four"])

    async def run_sql(self, *statements):
        import pymysql

        def run():
            login = {"host": "127.0.0.1", "port": self.comet.cometql_port, "user": "root"}
            with pymysql.connect(**login, password=self.comet.password, autocommit=True) as connection:
                for statement in statements:
                    connection.cursor().execute(statement)

        await in_thread(run)

    async def test_as_a_user(self):
        """A user sees what only users may; private messages are printed, and taken, when that is wanted."""
        await self.run_sql(
            "INSERT INTO users_auth (id, hash) VALUES (7, 'K7')",
            "INSERT INTO users_messages (id, event, message) VALUES (7, 'e', 'secret')",
        )
        tail = self.tail("--user", 7, "--key", "K7", "--private", "--count", 1, "private_x")
        self.assertEqual(await tail.status(), 0)
        self.assertRegex(tail.lines[0], r"  \(private\)  e  secret$")

    async def test_wrong_key(self):
        """A wrong key is told, and the status is 1."""
        status, out, err = await self.run_(
            "tail", "--data", self.comet.data, "--user", 7, "--key", "wrong", "private_x"
        )
        self.assertEqual((status, out), (1, ""))
        self.assertIn("does not accept the key of user 7", err)

    async def test_refused(self):
        """A channel that may not be listened to is told in the server's words, and the status is 1."""
        status, _, err = await self.run_("tail", "--data", self.comet.data, "private_x")
        self.assertEqual(status, 1)
        self.assertIn("signed-in users", err)

    async def test_interrupted(self):
        """SIGINT and SIGTERM end it without a word."""
        for sign in (signal.SIGINT, signal.SIGTERM):
            tail = self.tail("web_room")
            await self.listening("web_room")
            tail.process.send_signal(sign)
            self.assertEqual((await tail.status(), tail.read("err")), (130, ""))

    async def test_pipe(self):
        """When what reads the output is gone, it ends with status 0 and without a word."""
        process = subprocess.Popen(
            [*COMET, "tail", "--data", str(self.comet.data), "web_room"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )
        self.addCleanup(process.kill)
        await self.listening("web_room")
        process.stdout.close()
        await self.publish("web_room", "x")
        await until(lambda: process.poll() is not None, "the command to end")
        err = process.stderr.read()
        process.stderr.close()
        self.assertEqual((process.returncode, err), (0, b""))

    async def test_comes_back(self):
        """A server that goes and comes back is waited for, which is told beside the output."""
        tail = Running(self, "tail", "--url", f"ws://127.0.0.1:{self.comet.ws_port}", "web_room")
        await self.listening("web_room")
        port = self.comet.ws_port
        await self.comet.stop(signal.SIGKILL)
        await until(lambda: "no connection to" in tail.read("err"), "word of the loss")
        self.comet = await self.server(ws={"port": port})
        await until(lambda: "connected to" in tail.read("err"), "word of the return")
        await self.listening("web_room")
        await self.publish("web_room", "again")
        self.assertIn("again", (await tail.until_lines(1))[0])


class PublishTests(CommandCase):
    """C{comet publish}."""

    async def hear(self, channel):
        client = await self.browser(self.comet)
        await client.next()
        await client.listen(channel)
        return client

    async def heard(self, client):
        frame = await client.next()
        return frame["event"], frame["data"]

    async def test_words(self):
        """Two words are channel and text, three have the event between them."""
        client = await self.hear("news")
        await self.publish("news", 'it\'s "me"')
        await self.publish("news", "added", "text")
        self.assertEqual(
            [await self.heard(client) for _ in range(2)], [("", 'it\'s "me"'), ("added", "text")]
        )

    async def test_standard_input(self):
        """Each line of standard input is a message, with an event or without."""
        client = await self.hear("news")
        out = await self.publish("news", "e", "-", given="one\n\ntwo")
        self.assertEqual(out, "news: 3 messages published, 1 listening\n")
        await self.publish("news", given="three\n")
        heard = [await self.heard(client) for _ in range(4)]
        self.assertEqual(heard, [("e", "one"), ("e", ""), ("e", "two"), ("", "three")])

    async def test_as_client(self):
        """As a client, it publishes where clients may; who heard it is exact."""
        client = await self.hear("web_room")
        words = ("publish", "--data", self.comet.data, "--as-client")
        status, out, _ = await self.run_(*words, "web_room", "hello")
        self.assertEqual((status, out), (0, "web_room: 1 message published, received by 1\n"))
        self.assertEqual(await self.heard(client), ("", "hello"))
        status, out, err = await self.run_(*words, "news", "hello")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("publish", err)

    async def test_by_address(self):
        """A server is also named by its address, with a file that has the password."""
        address = f"127.0.0.1:{self.comet.cometql_port}"
        words = ("publish", "--cometql", address)
        status, _, err = await self.run_(*words, "news", "x")
        self.assertEqual(status, 1)
        self.assertIn("--password-file", err)
        status, out, _ = await self.run_(*words, "--password-file", self.comet.data / "password", "news", "x")
        self.assertEqual((status, out), (0, "news: 1 message published, 0 listening\n"))

    async def test_by_configuration(self):
        """Or by its configuration."""
        status, _, err = await self.run_("publish", "--config", self.comet.ini, "news", "x")
        self.assertEqual((status, err), (0, ""))

    async def test_refused(self):
        """What the server refuses is told in its words, with status 1."""
        status, out, err = await self.run_("publish", "--data", self.comet.data, "n?", "x")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("refuses to publish to n?", err)

    async def test_no_server(self):
        """Without a server there is a sentence that names the options that would help."""
        for command in ("publish", "tail"):
            status, out, err = await self.run_(command, "--data", self.mktemp(), "news")
            self.assertEqual((status, out), (1, ""))
            self.assertIn("no server is running with the data folder", err)
            self.assertIn("--config", err)
            self.assertEqual(len(err.splitlines()), 1)
