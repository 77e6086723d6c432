"""A comet that follows tables of a real MariaDB, as the documents say."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pymysql
from twisted.internet import reactor
from twisted.internet.task import deferLater

from comet.__main__ import main
from comet.config import Config
from tests import mariadb
from tests.e2e.support import EXAMPLES, ServerCase, in_thread, until
from tests.e2e.test_survival import sql

INSERT = "INSERT INTO outbox (name, event, message) VALUES ('orders', 'new', '{}')"


def example(name):
    """@return: an example of the documents, a statement."""
    return (EXAMPLES / name).read_text().strip().removesuffix(";")


class OutboxCase(ServerCase):
    """A shop in a MariaDB, with the outbox of the documents."""

    async def setUp(self):
        self.maria = await in_thread(mariadb.shared)
        await in_thread(self.maria.mend)
        await in_thread(self.maria.renew, "shop")
        self.addCleanup(in_thread, self.maria.run, "DROP DATABASE shop")
        await self.shop(example("order-list/orders.sql"), example("outbox/outbox.sql"))
        password = quote(mariadb.PASSWORD, safe="")
        self.url = f"mysql://root:{password}@127.0.0.1:{self.maria.port}/shop"
        keys = dict(Config.read((EXAMPLES / "outbox" / "comet.ini").read_text()).followed)
        assert list(keys) == ["outbox"]
        self.outbox = {"database": self.url, "table": "outbox", "interval": 50}

    async def shop(self, *statements):
        """Run statements in the shop. @return: the rows of the last."""
        return await in_thread(self.maria.run, *statements, database="shop")

    async def comet(self, **sections):
        """@return: a server that follows the outbox."""
        return await self.server(**{"outbox": self.outbox, **sections})

    async def listening(self, server, *channels, **more):
        """@return: a browser that listens."""
        browser = await self.browser(server, **more)
        await browser.next()
        await browser.listen(*channels)
        return browser

    async def heard(self, browser, count):
        """@return: the next texts that the browser hears."""
        texts = []
        while len(texts) < count:
            frame = await browser.next()
            if "data" in frame:
                texts.append(frame["data"])
        return texts

    async def status(self, server):
        """@return: what is counted of outboxes, by name."""
        return await in_thread(counted, server)


def counted(server):
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'outboxes%'")
        return {name.removeprefix("outboxes_"): float(count) for name, count in cursor.fetchall()}


class OutboxTests(OutboxCase):
    """Rows that become messages."""

    async def test_orders_are_heard(self):
        """By a trigger into the outbox: when it is committed, and never if it is rolled back."""
        await self.shop(example("outbox/trigger.sql"))
        server = await self.comet()
        browser = await self.listening(server, "orders")
        link = await in_thread(self.maria.connect, "shop")
        self.addCleanup(link.close)
        for title, end in (("tea", "COMMIT"), ("never", "ROLLBACK"), ("it's \\ 5 € 😀", "COMMIT")):
            for statement, values in (
                ("BEGIN", ()),
                ("INSERT INTO orders (title, price) VALUES (%s, 5)", (title,)),
                (end, ()),
            ):
                await in_thread(link.cursor().execute, statement, values)
        titles = [json.loads(each)["title"] for each in await self.heard(browser, 2)]
        self.assertEqual(titles, ["tea", "it's \\ 5 € 😀"])
        status = await self.status(server)
        self.assertLess(status.pop("behind"), 5)
        self.assertEqual(status, {"published": 2, "refused": 0, "failures": 0, "waiting": 0})

    async def test_a_transaction_that_commits_late(self):
        """Its row has the lower number, and is published all the same, also if comet was killed meanwhile."""
        server = await self.comet()
        browser = await self.listening(server, "orders")
        links = [await in_thread(self.maria.connect, "shop") for _ in range(2)]
        for link, text in zip(links, ("late", "early"), strict=True):
            self.addCleanup(link.close)
            await in_thread(link.begin)
            await in_thread(link.cursor().execute, INSERT.format(text))
        await in_thread(links[1].commit)
        self.assertEqual(await self.heard(browser, 1), ["early"])
        await until_noted(server)
        await server.stop(signal.SIGKILL)
        await server.start()
        browser = await self.listening(server, "orders")
        await in_thread(links[0].commit)
        await self.shop(INSERT.format("last"))
        self.assertEqual(await self.heard(browser, 2), ["late", "last"])

    async def test_private_messages_and_refused_rows(self):
        """A row with a user is for that user; one that comet refuses is set aside with the reason."""
        server = await self.comet(
            outbox={**self.outbox, "user_id": "user_id", "error": "error", "delete": "on"}
        )
        await in_thread(sql, server, "INSERT INTO users_auth VALUES (7, 'key')")
        browser = await self.listening(server, "orders", key="key", user_id=7)
        await self.shop(
            "INSERT INTO outbox (name, event, message, user_id) VALUES"
            " ('', 'mail', 'for 7', 7), ('no channel!', '', 'x', NULL), ('orders', 'new', 'for all', 0)"
        )
        self.assertEqual(await self.heard(browser, 2), ["for 7", "for all"])
        left = await self.settled("SELECT id, error FROM outbox", lambda rows: len(rows) == 1 and rows[0][1])
        self.assertEqual(left[0][0], 2)
        self.assertIn("column 'name'", left[0][1])
        self.assertIn("row 2 is set aside", server.log.read_text())
        self.assertEqual((await self.status(server))["refused"], 1)

    async def settled(self, question, is_so):
        """@return: the rows that the shop answers with, once they are so."""
        for _ in range(200):
            rows = await self.shop(question)
            if is_so(rows):
                return rows
            await deferLater(reactor, 0.05)
        raise AssertionError(rows)

    async def test_a_table_that_is_not_there_yet(self):
        """The server says so, and serves; it begins when the table comes."""
        await self.shop("RENAME TABLE outbox TO later")
        server = await self.comet()
        await until(lambda: "see [outbox] table" in server.log.read_text(), "the log to tell why")
        ready = await in_thread(lambda: urlopen(f"{server.page}health/ready").read().decode())
        self.assertIn("[outbox] is not followed", ready)
        self.assertNotIn("shop", ready)
        metrics = await in_thread(lambda: urlopen(f"{server.page}metrics").read().decode())
        self.assertIn('comet_outboxes_ready{node="comet",outbox="outbox"} 0.0', metrics)
        browser = await self.listening(server, "orders")
        await self.shop("RENAME TABLE later TO outbox", INSERT.format("at last"))
        self.assertEqual(await self.heard(browser, 1), ["at last"])
        await until(lambda: "is followed again" in server.log.read_text(), "the log to tell")
        metrics = await in_thread(lambda: urlopen(f"{server.page}metrics").read().decode())
        self.assertIn('comet_outboxes_published_total{node="comet",outbox="outbox"} 1.0', metrics)

    async def test_the_doctor(self):
        """It names the section, and the key to change."""
        file = Path(self.mktemp())
        lines = f"[outbox]\ndatabase = {self.url}\n[outbox.a]\ntable = outbox\n[outbox.b]\ntable = nope\n"
        file.write_text(lines + f"[main]\ndata = {self.mktemp()}\n")
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            self.assertEqual(await in_thread(main, ["doctor", "--config", str(file)]), 1)
        self.assertIn("ok       outbox.a: the table outbox can be followed", out.getvalue())
        self.assertRegex(out.getvalue(), r"problem  outbox\.b: .*nope.*; see \[outbox\.b\] table")

    async def test_workers(self):
        """Of several processes one follows: each row is published once, and heard by the browsers of all."""
        server = await self.comet(ws={"port": 0, "workers": 2})
        browsers = [await self.listening(server, "orders") for _ in range(6)]
        for number in range(20):
            await self.shop(INSERT.format(number))
        for browser in browsers:
            self.assertEqual(await self.heard(browser, 20), [str(number) for number in range(20)])

    async def test_a_file_of_sqlite(self):
        """It is followed likewise."""
        file = Path(self.mktemp()).absolute()
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE o (id INTEGER PRIMARY KEY, name TEXT, event TEXT, message TEXT)")
        connection.close()
        server = await self.server(
            **{"outbox": {"database": f"sqlite:///{file}", "interval": 50}, "outbox.o": {"table": "o"}}
        )
        browser = await self.listening(server, "orders")
        with sqlite3.connect(file) as connection:
            connection.execute("INSERT INTO o (name, message) VALUES ('orders', 'a'), ('orders', 'b')")
        connection.close()
        self.assertEqual(await self.heard(browser, 2), ["a", "b"])


async def until_noted(server):
    """Wait until the server has noted its place, which is right after it has published."""
    store = server.data / "comet.sqlite3"

    def is_noted():
        connection = sqlite3.connect(store)
        try:
            return connection.execute("SELECT place FROM outboxes").fetchall() not in ([], [("[0,[]]",)])
        finally:
            connection.close()

    await until(is_noted, "the place to be noted")
