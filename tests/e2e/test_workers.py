"""Several processes as one server: started, killed, stopped, as an administrator sees them."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pymysql
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.support import ENDED, PATIENCE, ServerCase, in_thread, until
from tests.e2e.test_operation import StartTests


def children(pid):
    """@return: the process ids of the children of a process."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    """@return: whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def accepted(pid, port):
    """@return: how many connections a process has on a port."""
    inodes = {
        match[1]
        for each in Path(f"/proc/{pid}/fd").iterdir()
        if (match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(each)))
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" and row[9] in inodes for row in rows)


class WorkerTests(ServerCase):
    """Two workers."""

    async def workers(self, **config):
        """@return: a running server with two workers, and their process ids."""
        server = await self.server(ws={"port": 0, "workers": 2}, **config)
        found = children(server.process.pid)
        self.assertEqual(len(found), 2)
        return server, found

    def connect(self, server):
        return pymysql.connect(
            host="127.0.0.1", port=server.cometql_port, user="root", password=server.password
        )

    async def test_both_take_connections(self):
        """Browsers and MySQL clients are spread over the workers; the log names the workers."""
        server, (one, two) = await self.workers()
        browsers = [await self.browser(server) for _ in range(24)]
        for each in browsers:
            await each.next()
        self.assertEqual([accepted(one, server.ws_port) > 0, accepted(two, server.ws_port) > 0], [True, True])
        link = await in_thread(self.connect, server)
        self.addCleanup(link.close)
        self.assertEqual(accepted(one, server.cometql_port) + accepted(two, server.cometql_port), 1)
        log = server.log.read_text()
        self.assertIn("worker 1: ", log)
        self.assertIn("worker 2: ", log)
        self.assertIn("2 workers answer", log)

    async def test_a_worker_that_dies_is_started_again(self):
        """And whoever is at the other one does not notice."""
        server, (one, two) = await self.workers()
        browsers = [await self.browser(server) for _ in range(24)]
        for each in browsers:
            await each.next()
        kept = accepted(two, server.ws_port)
        os.kill(one, signal.SIGKILL)
        await until(lambda: "worker 1 answers again" in server.log.read_text(), "the worker")
        self.assertEqual(accepted(two, server.ws_port), kept)
        self.assertEqual(sum(each.closed.called for each in browsers), 24 - kept)
        self.assertIn("worker 1 has ended with signal 9", server.log.read_text())
        later = [await self.browser(server) for _ in range(24)]
        for each in later:
            await each.next()
        self.assertEqual(await server.stop(), ENDED)

    async def test_the_end(self):
        """SIGTERM stops all; nothing is left."""
        server, both = await self.workers()
        browser = await self.browser(server)
        self.assertEqual(await server.stop(), ENDED)
        self.assertEqual([is_alive(each) for each in both], [False, False])
        await browser.closed
        self.assertNotIn("Traceback", server.log.read_text())

    async def test_workers_end_with_their_parent(self):
        """Even if nobody has told them."""
        server, both = await self.workers()
        await server.stop(signal.SIGKILL)
        await until(lambda: not any(map(is_alive, both)), "the workers to end")

    async def test_what_is_read_again(self):
        """SIGHUP is passed on to the workers."""
        server, _ = await self.workers()
        server.process.send_signal(signal.SIGHUP)
        for number in (1, 2):
            said = f"worker {number}: the certificate was read again"
            await until(lambda said=said: said in server.log.read_text(), said)

    async def test_long_poll(self):
        """Finds its session whichever worker a connection comes to; one whose worker died is unknown."""
        server, both = await self.workers()

        def poll(**said):
            body = json.dumps({"wait": 0, **said}).encode()
            try:
                with urlopen(f"{server.page}comet/poll", body, timeout=PATIENCE) as answer:
                    return json.loads(answer.read())
            except HTTPError as error:
                return error.code

        first = await in_thread(poll, hello={})
        session, batch = first["session"], first["batch"]
        number = int(session.split(".")[0])
        for n in range(20):
            answer = await in_thread(
                *(poll,), session=session, batch=batch, commands=[{"type": "ping", "id": n + 1}]
            )
            self.assertEqual(answer["session"], session)
            self.assertEqual(answer["batch"], batch + 1)
            batch = answer["batch"]
        os.kill(both[number - 1], signal.SIGKILL)
        answers = {await in_thread(poll, session=session, batch=batch) for _ in range(5)}
        self.assertEqual(answers, {404})

    async def test_a_message_reaches_the_browsers_of_all_workers(self):
        """Whichever worker takes the INSERT."""
        server, _ = await self.workers()
        browsers = [await self.browser(server) for _ in range(12)]
        for each in browsers:
            await each.next()
            await each.listen("web_news")
        # A worker learns a moment later of the other one's channels.
        await deferLater(reactor, 1)
        link = await in_thread(self.connect, server)
        self.addCleanup(link.close)

        def insert():
            with link.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO pipes_messages (name, event, message) VALUES ('web_news', 'e', 'm')"
                )
            link.commit()

        await in_thread(insert)
        for each in browsers:
            self.assertEqual((await each.next())["data"], "m")


class WorkerStartTests(ServerCase):
    """What goes wrong at the start is said once, as it is without workers."""

    ini, refused = StartTests.ini, StartTests.refused

    async def test_a_port_in_use(self):
        """Is one sentence, though the other one shares its port among workers, too."""
        server = await self.server(ws={"port": 0, "workers": 2})
        data = Path(self.mktemp()).absolute()
        said = await self.refused(
            f"[main]\ndata = {data}\n[ws]\nport = {server.ws_port}\nworkers = 2\n[cometql]\nport = 0\n"
        )
        self.assertIn(f"[ws] cannot listen on 127.0.0.1, port {server.ws_port}", said)

    async def test_a_broken_store(self):
        """Is found by the first worker, and told by the parent."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "comet.sqlite3").write_bytes(b"no database at all, really" * 100)
        said = await self.refused(
            f"[main]\ndata = {folder}\n[ws]\nport = 0\nworkers = 2\n[cometql]\nport = 0\n"
        )
        self.assertIn("not a database", said)
        self.assertEqual(said.count("comet cannot start"), 1, said)

    async def test_a_wrong_number(self):
        """Names what would be right."""
        self.assertIn("expected a number from 1 to 256", await self.refused("[ws]\nworkers = 0\n"))
