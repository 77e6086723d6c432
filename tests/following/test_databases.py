"""Tests for L{comet.following.databases}, with real tables in SQLite and in a MariaDB."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from comet.following import feed as feeds
from comet.following.databases import SQLFeed, examine
from comet.following.feed import Row, WrongTable
from comet.following.position import HOLES_LIMIT, Hole, Position
from comet.kinds import read_database
from comet.sections import Outbox
from tests import mariadb

COLUMNS = "name VARCHAR(64), event VARCHAR(64), message TEXT, user_id INTEGER, error VARCHAR(250), day DATE"


class FeedContract:
    """What a table promises; mix into a test case and write C{make_table}, C{sql} and C{url}."""

    def setUp(self):
        self.make_table()

    def feed(self, limit=1000, **more):
        """@return: the table as it is followed."""
        outbox = Outbox(**{"database": read_database(self.url), "table": "out-box", "batch": 3, **more})
        feed = SQLFeed("outbox", outbox, limit, reactor)
        self.addCleanup(feed.stop)
        return feed

    def add(self, *numbers):
        for number in numbers:
            values = f"{number}, 'chat', 'e', 'm{number}'"
            self.sql(f"INSERT INTO `out-box` (id, name, event, message) VALUES ({values})")

    def row(self, number):
        return Row(number, "chat", "e", f"m{number}", None)

    async def test_rows_come_in_order(self):
        """So many at once, and it is said whether there are more."""
        feed = self.feed()
        self.assertEqual(await feed.read(Position()), ([], True, 0))
        self.assertEqual(await feed.newest(), 0)
        self.add(2, 1, 5, 4)
        self.assertEqual(await feed.read(Position()), ([self.row(1), self.row(2), self.row(4)], False, 1))
        self.assertEqual(await feed.read(Position(4)), ([self.row(5)], True, 0))
        self.assertEqual(await feed.newest(), 5)

    async def test_holes_are_looked_at(self):
        """What has appeared in them comes before what is new."""
        self.add(1, 3, 4, 7, 9)
        holes = (Hole(1, 1, 5), Hole(3, 5, 5), Hole(6, 6, 5))
        portion = await self.feed().read(Position(8, holes))
        self.assertEqual([row.id for row in portion.rows], [1, 3, 4, 9])

    async def test_as_many_holes_as_there_may_be(self):
        """One statement looks at all of them."""
        holes = tuple(Hole(2 * number, 2 * number, 5) for number in range(1, HOLES_LIMIT + 1))
        self.add(2, HOLES_LIMIT, 2 * HOLES_LIMIT, 2 * HOLES_LIMIT + 1)
        portion = await self.feed(batch=10).read(Position(2 * HOLES_LIMIT + 1, holes))
        self.assertEqual([row.id for row in portion.rows], [2, HOLES_LIMIT, 2 * HOLES_LIMIT])

    async def test_long_texts(self):
        """No more is read of a text than shows that it is too long, and no more rows than fit."""
        self.add(1, 2, 3)
        self.sql("UPDATE `out-box` SET message = 'äääääääääää'")
        portion = await self.feed(limit=5).read(Position())
        self.assertEqual([row.message for row in portion.rows], ["ääääää"] * 3)
        self.patch(feeds, "BYTES_LIMIT", 15)
        portion = await self.feed(limit=5).read(Position())
        self.assertEqual(([row.id for row in portion.rows], portion.is_all), ([1, 2], False))

    async def test_other_columns(self):
        """Columns may have other names, or not be there; a date is a text."""
        self.add(1)
        self.sql("UPDATE `out-box` SET day = '2024-02-29', user_id = 7")
        feed = self.feed(name="none", event="event", message="day", user_id="user_id")
        self.assertEqual((await feed.read(Position())).rows, [Row(1, None, "e", "2024-02-29", 7)])

    async def test_what_is_done_with_rows(self):
        """Nothing, unless they are to be removed, and the reason to be written beside those that are left."""
        self.add(1, 2, 3)
        await self.feed().settle([1], [(2, "why")])
        self.assertEqual(len(self.sql("SELECT * FROM `out-box` WHERE error IS NULL")), 3)
        await self.feed(delete=True, error="error").settle([1], [(2, 'it\'s "why" ' + "x" * 300)])
        rows = self.sql("SELECT id, error FROM `out-box` ORDER BY id")
        self.assertEqual(rows[0][1][:12], 'it\'s "why" x')
        self.assertEqual([row[0] for row in rows], [2, 3])

    async def test_what_is_wrong_is_named(self):
        """With the key to change; and the doctor says the same."""
        for more, reason, key in (
            ({"table": "nope"}, "nope", "see [outbox] table"),
            ({"message": "nope"}, "nope", "see [outbox] id, name, event"),
            ({"error": "nope"}, "nope", "see [outbox] id, name, event"),
            ({"id": "name"}, "column 'name' holds 'chat'", ""),
        ):
            self.add(1)
            outbox = Outbox(**{"database": read_database(self.url), "table": "out-box", **more})
            said = examine("outbox", outbox)
            self.assertIn(reason, said)
            self.assertIn(key, said)
            if "error" not in more:
                feed = self.feed(**more)
                look = feed.newest() if "id" in more else feed.read(Position())
                error = await self.assertFailure(self.deferred(look), Exception)
                self.assertEqual(feed.explain(error), said)
            self.sql("DELETE FROM `out-box`")
        self.assertEqual(examine("outbox", Outbox(database=read_database(self.url), table="out-box")), "")

    def deferred(self, coroutine):
        return Deferred.fromCoroutine(coroutine)

    async def test_numbers_that_are_none(self):
        """A row cannot be placed without a number above 0."""
        self.sql("INSERT INTO `out-box` (id, name) VALUES (-5, 'chat')")
        self.assertEqual((await self.feed().read(Position())).rows, [])
        await self.assertFailure(self.deferred(self.feed().newest()), WrongTable)


class SQLiteFeedTests(FeedContract, TestCase):
    """A table in a file of SQLite."""

    def make_table(self):
        self.file = Path(self.mktemp()).absolute()
        self.url = f"sqlite:///{self.file}"
        self.sql(f"CREATE TABLE `out-box` (id INTEGER PRIMARY KEY, {COLUMNS})")

    def sql(self, statement):
        with sqlite3.connect(self.file) as connection:
            return connection.execute(statement).fetchall()

    async def test_the_file_is_not_ours(self):
        """One that is missing is not created, and none is made another kind of file."""
        self.assertIn("unable to open", examine("outbox", self.at("nowhere")))
        self.assertFalse(Path("nowhere").exists())
        self.add(1)
        await self.feed().read(Position())
        self.assertEqual(self.sql("PRAGMA journal_mode"), [("delete",)])

    def at(self, path):
        return Outbox(database=read_database(f"sqlite:///{path}"), table="out-box")

    async def test_a_text_that_is_no_utf_8(self):
        """It comes as it is, and stops nothing."""
        self.sql("INSERT INTO `out-box` (name, message) VALUES ('chat', CAST(x'ff' AS TEXT))")
        self.add(2)
        rows = (await self.feed().read(Position())).rows
        self.assertEqual([row.message for row in rows], [b"\xff", "m2"])


class MariaDBFeedTests(FeedContract, TestCase):
    """A table in a MariaDB."""

    def make_table(self):
        self.maria = mariadb.shared()
        self.maria.mend()
        self.maria.renew("shop")
        self.url = self.url_of("root", mariadb.PASSWORD)
        key = "id BIGINT AUTO_INCREMENT PRIMARY KEY"
        self.sql(f"CREATE TABLE `out-box` ({key}, {COLUMNS}) DEFAULT CHARSET=utf8mb4")

    def url_of(self, user, password, name="shop", port=None):
        return f"mysql://{user}:{quote(password, safe='')}@127.0.0.1:{port or self.maria.port}/{name}"

    def sql(self, *statements):
        return self.maria.run(*statements, database="shop")

    async def test_two_transactions(self):
        """The one that begins first commits last: its row is a hole, and appears in it."""
        feed = self.feed(batch=10)
        insert = "INSERT INTO `out-box` (name, message) VALUES ('chat', '{}')"
        first, second = (self.maria.connect("shop") for _ in range(2))
        for link, text in ((first, "first"), (second, "second"), (first, "third")):
            link.autocommit(False)
            link.cursor().execute(insert.format(text))
        second.commit()
        portion = await feed.read(Position())
        self.assertEqual([(row.id, row.message) for row in portion.rows], [(2, "second")])
        position = Position().after([2], 60)
        first.commit()
        portion = await feed.read(position)
        self.assertEqual([(row.id, row.message) for row in portion.rows], [(1, "first"), (3, "third")])
        for link in (first, second):
            link.close()

    async def test_the_server_refuses(self):
        """It is said what to change."""
        self.sql(
            "CREATE OR REPLACE USER clerk@'127.0.0.1' IDENTIFIED BY 'clerk'",
            "CREATE TABLE secret (id INT PRIMARY KEY, name INT, event INT, message INT)",
            "GRANT SELECT ON shop.`out-box` TO clerk@'127.0.0.1'",
        )
        self.add(1)
        for url, table, said in (
            (self.url_of("clerk", "wrong"), "out-box", "see user and password in [outbox] database"),
            (self.url_of("clerk", "clerk", name="mysql"), "out-box", "see the name of the database"),
            (self.url_of("clerk", "clerk", port=1), "out-box", "see the host and port in [outbox] database"),
            (self.url_of("clerk", "clerk"), "secret", "grant it to the user of [outbox] database"),
            (self.url_of("clerk", "clerk"), "shop.out-box", ""),
        ):
            found = examine("outbox", Outbox(database=read_database(url), table=table))
            self.assertIn(said, found)
            self.assertEqual(bool(said), bool(found))
            self.assertNotIn("clerk:clerk", found)
        verified = Outbox(database=read_database(self.url), table="out-box", tls="verify")
        self.assertIn("see [outbox] tls and tls_ca", examine("outbox", verified))
        feed = self.feed(database=read_database(self.url_of("clerk", "clerk")), delete=True)
        error = await self.assertFailure(self.deferred(feed.settle([1], [])), Exception)
        self.assertIn("with delete DELETE", feed.explain(error))

    async def test_the_server_was_away(self):
        """The same feed reads on when it is back."""
        feed = self.feed()
        self.add(1)
        await feed.read(Position())
        self.maria.kill()
        error = await self.assertFailure(self.deferred(feed.read(Position())), Exception)
        self.assertTrue(feed.explain(error))
        self.maria.mend()
        for _ in range(50):
            try:
                portion = await feed.read(Position())
                break
            except Exception:
                await self.later()
        self.assertEqual(portion.rows, [self.row(1)])

    def later(self):
        return deferLater(reactor, 0.1)
