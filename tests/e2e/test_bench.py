"""C{comet bench}, as people run it, against real servers; that it counts rightly, and no times."""

from __future__ import annotations

import json
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import pymysql

from comet.certificates import self_signed
from tests.e2e.support import until
from tests.e2e.test_commands import CommandCase, Running

#: What makes a run short.
SHORT = ("--seconds", "0.3", "--browsers", "6", "--channels", "3", "--backends", "2")


class BenchTests(CommandCase):
    """A run from its options to its results."""

    async def bench(self, *words, local=True):
        """@return: the results of a run that ends well and complains of nothing."""
        where = ("--data", self.comet.data) if local else ()
        status, out, err = await self.run_("bench", "--json", *where, *SHORT, *words)
        self.assertEqual((status, err), (0, ""))
        return json.loads(out)

    def elsewhere(self):
        """@return: the options that name the server of this test by its addresses."""
        ports = self.comet.ports
        return "--url", f"ws://localhost:{ports['ws']}", "--sql", f"127.0.0.1:{ports['cometql']}"

    def check_fanout(self, found):
        """Each message has come to the two who listen to its channel, and was timed."""
        self.assertEqual((found["subscribers"], found["failures"], found["missing"]), (6, {}, 0))
        self.assertGreater(found["published"], 0)
        self.assertEqual(found["delivered"], 2 * found["published"])
        times = found["milliseconds"]
        self.assertGreater(times["p50"], 0)
        self.assertLessEqual(times["p50"], times["p99"])
        self.assertLessEqual(times["p99"], times["longest"])

    async def test_all_of_the_server_on_this_machine(self):
        """Without further words all three are measured, in several processes, and nothing is left over."""
        found = await self.bench("--processes", "2")
        self.assertEqual(found["connections"]["connected"], 6)
        self.check_fanout(found["fanout"])
        self.assertGreater(found["publish"]["published"], 0)
        self.assertEqual((found["processes"], found["interrupted"]), (2, False))
        await until(lambda: not workers(), "the processes of the load to end")

    async def test_json_and_http(self):
        """Browsers may speak the JSON protocol, and backends HTTP, at a rate that is kept to."""
        password = ("--password-file", self.comet.data / "password")
        words = ("--dialect", "json", "--via", "http", "--rate", "20", *self.elsewhere(), *password)
        found = await self.bench("fanout", *words, local=False)
        self.check_fanout(found["fanout"])
        self.assertLessEqual(found["fanout"]["published"], 7)

    async def test_another_tenant(self):
        """A tenant can be measured by itself."""
        found = await self.bench("fanout", "--dev-id", "3", "--dialect", "json")
        self.check_fanout(found["fanout"])

    async def test_a_table(self):
        """Without --json there is a table, and no bar where standard error is no terminal."""
        status, out, err = await self.run_(
            "bench", "--data", self.comet.data, *SHORT, "connections", "publish"
        )
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(
            out, r"(?s)^connections\n +connected +6\n.*\npublish\n +messages published +[\d,]+\n"
        )

    async def test_a_wrong_password(self):
        """The words of the server are told."""
        for via, said in (("sql", "the login failed: error 1045"), ("http", "answered 401")):
            words = (*self.elsewhere(), "--password", "wrong", "--via", via, "publish")
            status, out, err = await self.run_("bench", *SHORT, *words)
            self.assertEqual((status, out), (1, ""))
            self.assertIn(said, err)

    async def test_nobody_listens(self):
        """A port where no server is, is told; with --json, also how many tried."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{closed.getsockname()[1]}"
            status, out, err = await self.run_("bench", "--json", "--url", url, *SHORT, "connections")
        self.assertEqual(status, 1)
        self.assertEqual(err, "comet: no browser came in: Connection refused (does a server listen there?)\n")
        self.assertEqual(json.loads(out)["connections"]["failures"], {"Connection refused": 6})

    async def test_nothing_is_said_of_the_server(self):
        """An address without the other, or without a password, is not enough."""
        url = self.elsewhere()[:2]
        for words, said in (
            ((*url, "publish"), "--sql HOST:PORT"),
            ((*self.elsewhere(), "publish"), "--password-file"),
            (("--url", "http://x", "connections"), "ws://HOST:PORT"),
            (("--browsers", "1000000", "--processes", "1", *url, "connections"), "open files"),
            (("--channels", "7", "--browsers", "6", *url, "connections"), "--channels 7"),
            (("--size", "5", *url, "connections"), "at least"),
        ):
            status, out, err = await self.run_("bench", *words)
            self.assertEqual((status, out), (1, ""), err)
            self.assertIn(said, err)
        status, _, err = await self.run_("bench", "speed")
        self.assertEqual(status, 2)
        self.assertIn("connections, fanout, publish", err)

    async def test_interrupted(self):
        """Ctrl-C ends with what was measured so far."""
        command = Running(
            self, "bench", "--json", "--data", self.comet.data, *SHORT, "--seconds", "60", "fanout"
        )
        await until(lambda: self.messages() > 100, "messages to be published")
        command.process.send_signal(signal.SIGINT)
        self.assertEqual(await command.status(), 130)
        found = json.loads(command.read("out"))
        self.assertTrue(found["interrupted"])
        self.assertGreater(found["fanout"]["delivered"], 0)
        self.assertEqual(found["fanout"]["missing"], 0)

    def messages(self):
        """@return: how many statements backends have sent."""
        where = {"host": "127.0.0.1", "port": self.comet.cometql_port, "password": self.comet.password}
        with pymysql.connect(user="root", **where) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'backend_messages'")
            return int(cursor.fetchone()[1])

    async def test_more_than_are_let_in(self):
        """Those who are turned away are told with the answer, and which limit it is."""
        self.comet = await self.server(limits={"browsers": 1})
        here = socket.create_connection(("127.0.0.1", self.comet.ws_port))
        self.addCleanup(here.close)
        status, _, err = await self.run_("bench", "--data", self.comet.data, *SHORT, "connections")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"no browser came in: answered 503 .*browsers in \[limits\]")


class TlsBenchTests(CommandCase):
    """A run over TLS."""

    async def test_over_tls(self):
        """Browsers come over TLS with --ca-file, and not without it."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        files = folder / "certificate.pem", folder / "key.pem"
        for file, content in zip(files, self_signed("localhost", datetime.now(UTC)), strict=True):
            file.write_bytes(content)
        self.comet = await self.server(tls={"certificate": files[0], "key": files[1], "port": 0})
        url = ("--url", f"wss://localhost:{self.comet.ports['wss']}")
        sql = (
            "--sql",
            f"127.0.0.1:{self.comet.cometql_port}",
            "--password-file",
            self.comet.data / "password",
        )
        status, out, err = await self.run_(
            "bench", "--json", *SHORT, *url, *sql, "--ca-file", files[0], "fanout"
        )
        self.assertEqual((status, err), (0, ""))
        found = json.loads(out)["fanout"]
        self.assertEqual((found["missing"], found["delivered"]), (0, 2 * found["published"]))
        status, _, err = await self.run_("bench", *SHORT, *url, "connections")
        self.assertEqual(status, 1)
        self.assertRegex(err, "(?i)certificate verify failed")


def workers():
    """@return: the processes of a load on this machine."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:
            continue
        if b"comet.bench.worker" in command:
            found.append(command)
    return found
