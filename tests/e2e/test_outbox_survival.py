"""Servers that follow an outbox, and die."""

from __future__ import annotations

import signal
import threading
import time

from twisted.internet import reactor
from twisted.internet.task import deferLater

from comet.following.follower import OTHER_SECONDS, TURN_SECONDS
from tests.e2e.cluster import ClusterCase
from tests.e2e.support import in_thread
from tests.e2e.test_outbox import INSERT, OutboxCase
from tests.e2e.test_survival import lengths, sql

#: How many rows are written while comet dies.
ROWS = 500
HISTORY = "SELECT message FROM pipes_messages WHERE name = 'orders'"


class SurvivalTests(OutboxCase):
    """Servers that die."""

    async def test_kill_amid_rows(self):
        """Whenever comet is killed, every row is published at least once, in order."""
        server = await self.comet(
            outbox={**self.outbox, "batch": 7, "interval": 20}, limits={"history": 10 * ROWS}
        )
        await in_thread(sql, server, *lengths(["orders"]))
        writer = threading.Thread(target=self.write)
        writer.start()
        for _ in range(3):
            before = len(await in_thread(sql, server, HISTORY))
            while len(await in_thread(sql, server, HISTORY)) < before + ROWS // 10:
                await deferLater(reactor, 0.02)
            await server.stop(signal.SIGKILL)
            self.assertTrue(writer.is_alive())
            await server.start()
        await in_thread(writer.join)
        await self.until_all(server)
        texts = [int(text) for text in await in_thread(sql, server, HISTORY)]
        # What was published again comes a second time; what counts is when it came first.
        self.assertEqual(list(dict.fromkeys(texts)), list(range(ROWS)))
        self.assertLess(len(texts), ROWS + 3 * 7 + 1)

    def write(self):
        with self.maria.connect("shop") as link:
            for number in range(ROWS):
                link.cursor().execute(INSERT.format(number))
                # As long as all the killing takes, and a little longer.
                time.sleep(0.012)

    async def until_all(self, server):
        for _ in range(400):
            if (await self.status(server))["waiting"] == 0 and str(ROWS - 1) in await in_thread(
                sql, server, HISTORY
            ):
                return
            await deferLater(reactor, 0.05)
        raise AssertionError("rows are left")


class TakeoverTests(OutboxCase, ClusterCase):
    """Several servers over one store, each of which could follow."""

    async def test_another_server_goes_on(self):
        """When the one dies whose turn it is, the other takes it, and no row is missed."""
        config = {"outbox": {**self.outbox, "batch": 7}, "limits": {"history": 1000}}
        [first, second] = await self.cluster("ab", **config)
        await self.sql(second, *lengths(["orders"]))
        for number in range(30):
            await self.shop(INSERT.format(number))
        counts = [await self.published(server) for server in (first, second)]
        if counts[1]:
            # Whichever began to follow is the one to die.
            first, second = second, first
        self.assertEqual(await self.published(second), 0)
        await first.stop(signal.SIGKILL)
        for number in range(30, 60):
            await self.shop(INSERT.format(number))
        deadline = time.monotonic() + TURN_SECONDS + OTHER_SECONDS + 5
        while len(texts := [text for (text,) in await self.sql(second, HISTORY)]) < 60:
            self.assertLess(time.monotonic(), deadline, texts)
            await deferLater(reactor, 0.2)
        self.assertEqual([int(text) for text in dict.fromkeys(texts)], list(range(60)))
        self.assertGreater(await self.published(second), 29)

    async def published(self, server):
        """@return: how many rows a server has published."""
        [(_, count)] = await self.sql(server, "SHOW GLOBAL STATUS LIKE 'outboxes_published'")
        return int(count)
