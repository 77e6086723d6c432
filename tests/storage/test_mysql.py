"""Tests for L{comet.storage.mysql} and its schema, on a real MariaDB."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from comet.certificates import self_signed
from comet.errors import Away, Unavailable, Uncertain
from comet.model import Channel, Message, PrivateMessage, User
from comet.sections import Db
from comet.storage import migrations, mysql
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.mysql import MySQLStore
from comet.storage.mysql_errors import CommitUnknown
from comet.storage.mysql_link import Link
from comet.storage.mysql_server import Server, tls_context
from comet.storage.presences import Keeping
from comet.storage.writes import Write
from tests import mariadb
from tests.e2e.support import in_thread
from tests.storage.contract import ANN, CHAT, StoreContract, said
from tests.storage.listings import ListingsContract
from tests.storage.outboxes import OutboxesContract
from tests.storage.presences import PresencesContract, came
from tests.storage.records import RecordsContract
from tests.storage.rules import RulesContract


def server(maria, name, timeout=10, **more):
    """@return: how a store reaches a database at C{maria}."""
    given = {"user": "root", "password": mariadb.PASSWORD, **more}
    return Server(
        "127.0.0.1", maria.port, given.pop("user"), given.pop("password"), name, timeout=timeout, **given
    )


def emptied(maria, name):
    """Let there be a database C{name} without rows."""
    maria.run(f"CREATE DATABASE IF NOT EXISTS {name}")
    tables = [row[0] for row in maria.run("SHOW TABLES", database=name)]
    # The schema is made once; counters go on, as they do in a database that is in use.
    maria.run(*(f"DELETE FROM {table}" for table in tables if table != "comet_schema"), "DO 0", database=name)


class Databases:
    """Stores in databases of a MariaDB."""

    async def open_store(self, maria, name="comet", attempts=1, timeout=10, size=4, **more):
        store = MySQLStore(server(maria, name, timeout, **more), reactor, size, attempts)
        self.addCleanup(lambda: Deferred.fromCoroutine(store.stop()))
        await store.start()
        return store

    async def make_store(self):
        maria = mariadb.shared()
        emptied(maria, "comet")
        return await self.open_store(maria)


class MySQLStoreTests(
    Databases,
    StoreContract,
    RecordsContract,
    RulesContract,
    ListingsContract,
    PresencesContract,
    OutboxesContract,
    TestCase,
):
    """The store in MariaDB keeps the promises of all stores."""

    timeout = 120

    async def test_writes_that_come_together_are_committed_together(self):
        """The first write is a group by itself, those that come while it is committed are the next."""
        store = await self.make_store()
        before = store._number
        await gatherResults([Deferred.fromCoroutine(store.append(said(number), 99)) for number in range(50)])
        self.assertLessEqual(store._number - before, 2)
        self.assertEqual(await store.history(CHAT, 99), [said(number) for number in range(50)])

    async def test_a_bad_write_does_not_harm_its_group(self):
        """It fails alone, and the others of its group are committed."""
        store = await self.make_store()
        twice = Message(CHAT, "say", "again", 1, id=said(0).id)
        messages = [said(0), said(1), twice, said(2)]
        writes = [Deferred.fromCoroutine(store.append(message, 99)) for message in messages]
        await self.assertFailure(writes[2], Unavailable)
        await gatherResults([write for write in writes if write is not writes[2]])
        self.assertEqual(await store.history(CHAT, 9), [said(0), said(1), said(2)])

    async def test_rows_that_are_not_wanted_are_no_harm(self):
        """An answer that was read in part does not mix with the next."""
        store = await self.make_store()
        for number in range(9):
            await store.append(said(number), 99)
        self.assertEqual(len(await store.all_messages(0, Most(99, 1))), 1)
        self.assertEqual(len(await store.history(CHAT, 99)), 9)

    async def test_all_texts_are_utf8mb4_and_told_apart(self):
        """Every column of text has the binary collation of the server, so that names differ byte by byte."""
        await self.make_store()
        found = mariadb.shared().run(
            "SELECT DISTINCT collation_name FROM information_schema.columns"
            " WHERE table_schema = 'comet' AND collation_name IS NOT NULL ORDER BY 1"
        )
        self.assertEqual([row[0] for row in found], ["ascii_bin", "utf8mb4_nopad_bin"])


class SharedTests(Databases, TestCase):
    """Several stores on one database, as several nodes have them."""

    timeout = 120

    async def stores(self, count=2):
        return [await self.make_store(), *[await self.open_store(mariadb.shared()) for _ in range(count - 1)]]

    async def test_two_may_migrate_at_once(self):
        """Both find the schema, and it was made once."""
        maria = mariadb.shared()
        maria.renew("fresh")
        await gatherResults([Deferred.fromCoroutine(self.open_store(maria, "fresh")) for _ in range(3)])
        versions = maria.run("SELECT version FROM comet_schema", database="fresh")
        self.assertEqual(sorted(versions), [(version,) for version in migrations.scripts("mysql_schema")])

    async def test_positions_are_given_once(self):
        """Two stores that append to the same channels share one counting, without holes, in the order of the
        history."""
        stores = await self.stores()
        channels = [Channel(0, name) for name in "abcd"]
        writes = []
        for number in range(200):
            for who, store in enumerate(stores):
                channel = channels[(number * (1 + 2 * who)) % 4]
                message = Message(channel, "", "x", 1, id=f"{who}.{number}")
                writes.append(Deferred.fromCoroutine(store.append(message, 1000)))
            if number % 20 == 0:
                await deferLater(reactor, 0)
        places = await gatherResults(writes)
        self.assertEqual(len(set(places)), 400)
        for channel in channels:
            history = await stores[0].history(channel, 1000)
            positions = [message.place.position for message in history]
            self.assertEqual(positions, list(range(1, len(history) + 1)))

    async def test_rows_of_presence_are_numbered_once(self):
        """Whichever node notes them: without holes, for each tenant and in all."""
        stores = await self.stores()
        writes = [
            Deferred.fromCoroutine(store.note_presence([came(User(number % 3, 1 + number), 5)], 5, node))
            for number in range(60)
            for store, node in zip(stores, (Keeping("a", 1000), Keeping("b", 1000)), strict=True)
        ]
        await gatherResults(writes)
        feed = await stores[0].presence_feed(0, 1000)
        numbers = [row.number for row in feed]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 120)))
        for dev_id in range(3):
            seqs = [row.seq for row in feed if row.dev_id == dev_id]
            self.assertEqual(seqs, list(range(1, 41)))

    async def test_a_lower_number_is_never_seen_later(self):
        """In the queue of one user, whoever sends: so acknowledging removes nothing unseen."""
        stores = await self.stores(3)
        seen, done = [], []

        async def send(store, who):
            for number in range(40):
                await store.enqueue(PrivateMessage(ANN, "", f"{who}.{number}", 1), 1000)

        async def look():
            while len(done) < 2:
                seen.append([message.number for message in await stores[2].queue(ANN)])

        senders = [Deferred.fromCoroutine(send(store, who)) for who, store in enumerate(stores[:2])]
        for sender in senders:
            sender.addCallback(done.append)
        await gatherResults([*senders, Deferred.fromCoroutine(look())])
        for before, after in itertools.pairwise(seen):
            self.assertEqual(after[: len(before)], before)

    async def test_a_deadlock_is_tried_again(self):
        """Two batches that take the same rows in opposite order are both carried out."""
        stores = await self.stores()
        for each in stores:
            each._chance = iter([0.1 * stores.index(each)] * 1000).__next__
        deadlocks = mariadb.shared().run("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")[0][1]
        news = Channel(0, "news")
        for number in range(1000):
            pairs = ((CHAT, news), (news, CHAT))
            await gatherResults(
                [
                    Deferred.fromCoroutine(
                        store.apply(
                            [
                                Write(
                                    Store.append,
                                    Message(channel, "", "x", 1, id=f"{who}{number}{channel}"),
                                    9,
                                )
                                for channel in pairs[who]
                            ]
                        )
                    )
                    for who, store in enumerate(stores)
                ]
            )
            found = mariadb.shared().run("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")[0][1]
            if found != deadlocks:
                break
        else:
            self.fail("there was no deadlock")
        places = await stores[0].places([CHAT, news])
        self.assertEqual([place.position for place in places.values()], [2 * (number + 1)] * 2)


class LossTests(Databases, TestCase):
    """What happens when the database goes away, and comes back."""

    timeout = 120

    async def own(self, *options, **more):
        """@return: a MariaDB that may be harmed, and a store in it; one of its own, if it needs options."""
        if options:
            maria = await in_thread(mariadb.MariaDB, self.mktemp(), *options)
            self.addCleanup(maria.kill)
        else:
            maria = mariadb.shared()
            self.addCleanup(maria.mend)
        maria.renew("comet")
        return maria, await self.open_store(maria, **more)

    async def until(self, condition, seconds=20):
        for _ in range(seconds * 20):
            if condition():
                return
            await deferLater(reactor, 0.05)
        self.fail("it has not come to that")

    async def test_a_restart_in_the_middle(self):
        """Killed amid writes and started again: each write that was answered is there once, each that was
        refused is not there at all."""
        maria, store = await self.own()
        answered, refused = [], []

        async def write(who):
            for number in range(1000):
                id = f"{who}.{number}"
                try:
                    await store.append(Message(CHAT, "", "x", 1, id=id), 100_000)
                except Away:
                    refused.append(id)
                    if len(refused) > 40:
                        return
                    await deferLater(reactor, 0.05)
                else:
                    answered.append(id)
                    if refused and len(answered) > before[0] + 500:
                        return

        before = [0]
        writers = [Deferred.fromCoroutine(write(who)) for who in range(20)]
        await self.until(lambda: len(answered) > 200)
        await in_thread(maria.kill)
        await self.until(lambda: store.problem)
        before[0] = len(answered)
        self.assertIn("cannot be reached", store.problem)
        await in_thread(maria.start)
        await gatherResults(writers)
        self.assertTrue(refused)
        await self.until(lambda: not store.problem)
        there = [
            row[0] for row in maria.run("SELECT id FROM pipe_messages ORDER BY number", database="comet")
        ]
        self.assertEqual(sorted(there), sorted(answered))
        rows = maria.run("SELECT position FROM pipe_messages ORDER BY number", database="comet")
        self.assertEqual([row[0] for row in rows], list(range(1, len(there) + 1)))
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    async def test_an_idle_connection_that_was_lost(self):
        """A database that was restarted while nobody asked is no error for who asks next."""
        maria, store = await self.own()
        await store.set_key(ANN, "k")
        await in_thread(maria.kill)
        await in_thread(maria.start)
        self.assertEqual(await store.keys([ANN]), {ANN: "k"})
        await store.set_key(ANN, "l")
        self.assertEqual((await store.keys([ANN]), store.problem), ({ANN: "l"}, ""))

    async def test_a_frozen_database_is_an_error_in_bounded_time(self):
        """Reads and writes fail when the timeout is over, however many wait; then it is found by itself."""
        maria, store = await self.own(timeout=2)
        maria.freeze()
        self.addCleanup(maria.thaw)
        asked = [Deferred.fromCoroutine(store.history(CHAT, 9)) for _ in range(50)]
        asked += [Deferred.fromCoroutine(store.append(said(number), 99)) for number in range(50)]
        for each in asked:
            await self.assertFailure(each, Away)
        self.assertTrue(store.problem)
        maria.thaw()
        await self.until(lambda: not store.problem)
        self.assertEqual(await store.history(CHAT, 9), [])
        await store.append(said(1), 9)

    async def test_a_commit_whose_answer_is_lost_is_looked_up(self):
        """It is answered, and done once; and if it did not take place, it is done then."""
        _, store = await self.own()
        for happens in (True, False):
            commit = Link.commit
            once = iter([True])

            def lose(link, commit=commit, once=once, happens=happens):
                if not next(once, False):
                    return commit(link)
                if happens:
                    commit(link)
                link.close()
                raise CommitUnknown(2013, "Lost connection")

            self.patch(Link, "commit", lose)
            place = await store.append(Message(CHAT, "", "x", 1, id=f"{happens}"), 9)
            self.patch(Link, "commit", commit)
            self.assertEqual(place.position, 1 if happens else 2)
        self.assertEqual([m.id for m in await store.history(CHAT, 9)], ["True", "False"])

    async def test_a_commit_that_cannot_be_looked_up_is_uncertain(self):
        """That is said, as an error of its own; nobody is told that nothing happened."""
        maria, store = await self.own(timeout=2)
        commit = Link.commit

        def lose(link):
            commit(link)
            maria.kill()
            link.close()
            raise CommitUnknown(2013, "Lost connection")

        self.patch(Link, "commit", lose)
        await self.assertFailure(Deferred.fromCoroutine(store.append(said(1), 9)), Uncertain)
        self.patch(Link, "commit", commit)
        await in_thread(maria.start)
        await self.until(lambda: not store.problem)
        self.assertEqual(await store.history(CHAT, 9), [said(1)])

    async def test_a_server_that_starts_later_is_waited_for(self):
        """As often as is configured; a wrong password is told at once, with what to change."""
        maria, _ = await self.own()
        await in_thread(maria.kill)
        self.patch(mysql, "START_SECONDS", 0.1)
        error = await self.assertFailure(
            Deferred.fromCoroutine(self.open_store(maria, attempts=2)), Unavailable
        )
        self.assertIn("see [db] host, port and socket", str(error))
        late = Deferred.fromCoroutine(self.open_store(maria, attempts=1000))
        await in_thread(maria.start)
        self.assertEqual(await (await late).keys([ANN]), {})
        for more, wanted in (
            ({"password": "no"}, "does not accept [db] user and password"),
            ({"name": "nowhere"}, "CREATE DATABASE `nowhere`"),
        ):
            opened = Deferred.fromCoroutine(self.open_store(maria, attempts=1000, **more))
            self.assertIn(wanted, str(await self.assertFailure(opened, Unavailable)))

    async def test_tls(self):
        """With the authority that signed the certificate of the server; else it is refused."""
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate, key = self_signed("db", datetime.now(UTC))
        (folder / "c.pem").write_bytes(certificate)
        (folder / "k.pem").write_bytes(key)
        maria, _ = await self.own(
            *(f"--ssl-cert={folder.absolute() / 'c.pem'}", f"--ssl-key={folder.absolute() / 'k.pem'}")
        )
        maria.run("CREATE USER safe@'127.0.0.1' REQUIRE SSL", "GRANT ALL ON comet.* TO safe@'127.0.0.1'")
        safe = {"user": "safe", "password": ""}
        for db in (Db(tls_ca=folder / "c.pem"), Db(tls="encrypt")):
            opened = await self.open_store(maria, tls=tls_context(db), **safe)
            await opened.set_key(ANN, "k")
        for db, wanted in ((Db(tls="verify"), "[db] tls"), (Db(tls="off"), "does not accept")):
            more = {"tls": tls_context(db), "plain": db.tls == "off", **safe}
            opened = Deferred.fromCoroutine(self.open_store(maria, **more))
            self.assertIn(wanted, str(await self.assertFailure(opened, Unavailable)))


class ForeignTests(Databases, TestCase):
    """Databases that are not for us to touch."""

    timeout = 60

    def fresh(self, *statements):
        maria = mariadb.shared()
        maria.renew("foreign_")
        maria.run(*statements, database="foreign_")
        return self.assertFailure(Deferred.fromCoroutine(self.open_store(maria, "foreign_")), Unavailable)

    async def test_tables_of_another_program(self):
        """They are refused, with what to do about that."""
        error = await self.fresh("CREATE TABLE users_auth (a INT)")
        self.assertIn("comet migrate", str(error))
        self.assertEqual(len(mariadb.shared().run("SHOW TABLES", database="foreign_")), 1)

    async def test_a_newer_schema(self):
        """It is refused."""
        error = await self.fresh(
            "CREATE TABLE comet_schema (version INT)", "INSERT INTO comet_schema VALUES (999)"
        )
        self.assertIn("999", str(error))

    async def test_a_migration_that_was_cut_off_goes_on(self):
        """What is there already is no error."""
        maria = mariadb.shared()
        await self.make_store()
        maria.run("DELETE FROM comet_schema", "DROP TABLE nodes, presence_places", database="comet")
        store = await self.open_store(maria)
        await store.beat("here", 1)
