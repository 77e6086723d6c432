"""Tests for L{comet.storage.sql} and its schema, on real files."""

import sqlite3
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from comet.errors import Unavailable
from comet.model import Channel, Message
from comet.storage import migrations, queries, record_queries
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.records import Invitation
from comet.storage.sql import SQLStore, sqlite_pool
from comet.storage.writes import Write
from tests.storage.contract import ANN, CHAT, StoreContract, said, whispered
from tests.storage.listings import ListingsContract
from tests.storage.outboxes import OutboxesContract
from tests.storage.presences import PresencesContract
from tests.storage.records import RecordsContract
from tests.storage.rules import RulesContract


class Files:
    """Stores in files that are closed when the test ends."""

    def file(self):
        return Path(self.mktemp())

    async def open_store(self, path):
        store = SQLStore(sqlite_pool(path, reactor))
        self.addCleanup(lambda: Deferred.fromCoroutine(store.stop()))
        await store.start()
        return store

    async def make_store(self):
        return await self.open_store(self.file())


class SQLiteStoreTests(
    Files,
    StoreContract,
    RecordsContract,
    RulesContract,
    ListingsContract,
    PresencesContract,
    OutboxesContract,
    TestCase,
):
    """The SQLite store keeps the promises of all stores."""

    async def test_everything_is_there_after_opening_the_file_again(self):
        """What was written is found by the next process, and numbers go on."""
        path = self.file()
        before = await self.open_store(path)
        await before.set_key(ANN, "k")
        await before.set_last_seen(ANN, 3)
        await before.set_length(CHAT, 5)
        await before.append(said(1), keep=5)
        await before.enqueue(whispered(1), keep=5)
        (old,) = await before.queue(ANN)
        await before.dequeue(ANN, [old.number])
        await before.stop()
        after = await self.open_store(path)
        self.assertEqual(await after.keys([ANN]), {ANN: "k"})
        self.assertEqual(await after.last_seen([ANN]), {ANN: 3})
        self.assertEqual(await after.lengths(), {CHAT: 5})
        self.assertEqual(await after.history(CHAT, 9), [said(1)])
        await after.enqueue(whispered(2), keep=5)
        (new,) = await after.queue(ANN)
        self.assertGreater(new.number, old.number)

    async def test_writes_that_come_together_are_committed_together(self):
        """The first write is a group by itself, those that come while it is committed are the next."""
        store = await self.make_store()
        groups, run = [], store._pool.runInteraction

        def watched(function, *arguments):
            groups.append(len(arguments[0]))
            return run(function, *arguments)

        store._pool.runInteraction = watched
        writes = [Deferred.fromCoroutine(store.append(said(number), 99)) for number in range(50)]
        await gatherResults(writes)
        store._pool.runInteraction = run
        self.assertEqual(groups, [1, 49])
        self.assertEqual(await store.history(CHAT, 99), [said(number) for number in range(50)])

    async def test_what_is_written_while_the_past_is_read(self):
        """It is not part of that: what reaches beyond the place would be given twice."""
        store = await self.make_store()
        for number in range(3):
            await store.append(said(number), 99)

        class Busy:
            """A cursor; others commit something after each of its statements."""

            def __init__(self, cursor):
                self.cursor, self.number = cursor, 10

            def __getattr__(self, name):
                return getattr(self.cursor, name)

            def execute(self, *arguments):
                self.cursor.execute(*arguments)
                self.number += 1
                queries.append(self.cursor.connection.cursor(), said(self.number), 99)

        place, messages = await store._pool.runInteraction(
            lambda cursor: queries.since(Busy(cursor), CHAT, 1, Most(99, 1 << 20))
        )
        self.assertEqual((place.position, [each.place.position for each in messages]), (3, [2, 3]))

    async def test_a_batch_takes_part_in_the_group(self):
        """It is committed with the others; if it fails, it fails whole, and they are committed."""
        store = await self.make_store()
        groups, run = [], store._pool.runInteraction

        def watched(function, *arguments):
            groups.append(len(arguments[0]))
            return run(function, *arguments)

        store._pool.runInteraction = watched
        first, second = (
            [Write(Store.append, said(number), 99) for number in numbers] for numbers in ([1, 2], [3, 3])
        )
        writes = [
            Deferred.fromCoroutine(write)
            for write in (store.append(said(0), 99), store.apply(first), store.append(said(4), 99))
        ]
        await gatherResults(writes)
        self.assertEqual(groups, [1, 2])
        store._pool.runInteraction = run
        writes = [
            Deferred.fromCoroutine(write)
            for write in (store.append(said(5), 99), store.apply(second), store.append(said(6), 99))
        ]
        await writes[0]
        await self.assertFailure(writes[1], Unavailable)
        await writes[2]
        self.assertEqual(await store.history(CHAT, 99), [said(number) for number in (0, 1, 2, 4, 5, 6)])

    async def test_a_bad_write_does_not_harm_its_group(self):
        """It fails alone, the others of its group are committed."""
        store = await self.make_store()
        twice = Message(CHAT, "say", "again", 1, id=said(0).id)
        writes = [
            Deferred.fromCoroutine(store.append(message, 99))
            for message in (said(0), said(1), twice, said(2))
        ]
        for number, write in enumerate(writes):
            if number == 2:
                await self.assertFailure(write, Unavailable)
            else:
                await write
        self.assertEqual(await store.history(CHAT, 9), [said(0), said(1), said(2)])
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    async def test_stopping_waits_for_what_is_being_written(self):
        """A write that was asked for before the stop is in the file after it."""
        path = self.file()
        store = await self.open_store(path)
        writes = [Deferred.fromCoroutine(store.append(said(number), 99)) for number in range(20)]
        await store.stop()
        await gatherResults(writes)
        self.assertEqual(len(await (await self.open_store(path)).history(CHAT, 99)), 20)

    async def test_a_file_that_is_no_database_is_refused(self):
        """The error says what the matter is."""
        path = self.file()
        path.write_bytes(b"certainly not a database" * 100)
        await self.assertFailure(Deferred.fromCoroutine(self.open_store(path)), Unavailable)


class MigrationTests(TestCase):
    """The schema grows a version at a time."""

    def setUp(self):
        self.connection = sqlite3.connect(":memory:")
        self.cursor = self.connection.cursor()
        self.addCleanup(self.connection.close)

    def test_versions_follow_each_other(self):
        """There is a file for each version from the first on, and each holds statements."""
        found = migrations.scripts()
        self.assertEqual(list(found), list(range(1, len(found) + 1)))
        self.assertTrue(all(migrations.statements(script) for script in found.values()))

    def test_migrating_twice_changes_nothing(self):
        """The second time there is nothing to do."""
        newest = max(migrations.scripts())
        self.assertEqual(migrations.migrate(self.cursor), 0)
        self.connection.commit()
        self.assertEqual(migrations.migrate(self.cursor), newest)

    def test_messages_from_before_get_positions(self):
        """Version 2 numbers what each channel has kept, and goes on from there."""
        known = migrations.scripts()
        self.patch(migrations, "scripts", lambda: {1: known[1]})
        migrations.migrate(self.cursor)
        for number, name in enumerate(("a", "b", "a", "a")):
            self.cursor.execute(
                "INSERT INTO pipe_messages (id, dev_id, name, time, event, message)"
                " VALUES (?, 0, ?, 1, '', '')",
                [str(number), name],
            )
        self.connection.commit()
        self.patch(migrations, "scripts", lambda: known)
        self.assertEqual(migrations.migrate(self.cursor), 1)
        queries.append(self.cursor, Message(Channel(0, "a"), "", "", 2, id="new"), 99)
        for name, positions in (("a", [1, 2, 3, 4]), ("b", [1])):
            found = queries.history(self.cursor, Channel(0, name), 99)
            self.assertEqual([message.place.position for message in found], positions)

    def test_invitations_from_before_have_no_end(self):
        """Version 6 tells until when they ring; nothing is known of those that are there."""
        known = migrations.scripts()
        self.patch(migrations, "scripts", lambda: {version: known[version] for version in range(1, 6)})
        migrations.migrate(self.cursor)
        self.cursor.execute("INSERT INTO conference VALUES (0, 'room', 7, 9, '', 'video', 0)")
        self.connection.commit()
        self.patch(migrations, "scripts", lambda: known)
        migrations.migrate(self.cursor)
        room = Channel(0, "room")
        found = record_queries.invitations(self.cursor, [room])
        self.assertEqual(found, [Invitation(room, 7, 9, "", "video", 0, 0)])

    def test_a_newer_schema_is_refused(self):
        """A database that a newer comet has written is not touched."""
        migrations.migrate(self.cursor)
        self.cursor.execute("INSERT INTO comet_schema VALUES (999)")
        self.connection.commit()
        error = self.assertRaises(Unavailable, migrations.migrate, self.cursor)
        self.assertIn("999", str(error))

    def test_a_failure_leaves_no_half_schema(self):
        """A script that fails in its middle takes the whole migration with it."""
        newest = max(migrations.scripts())
        known = migrations.scripts() | {
            newest + 1: "CREATE TABLE extra (a INTEGER); CREATE TABLE extra (a INTEGER);"
        }
        self.patch(migrations, "scripts", lambda: known)
        self.assertRaises(sqlite3.OperationalError, migrations.migrate, self.cursor)
        self.connection.rollback()
        self.cursor.execute("SELECT name FROM sqlite_master")
        self.assertEqual(self.cursor.fetchall(), [])


class HistoryOrderTests(Files, TestCase):
    """The order of messages does not hang on the clock."""

    async def test_one_second_holds_many(self):
        """Of messages of one second the newest are kept, in their order."""
        store = await self.make_store()
        busy = Channel(0, "busy")
        for number in range(3):
            await store.append(Message(busy, "say", str(number), 5, id=str(number)), keep=2)
        self.assertEqual([message.text for message in await store.history(busy, 9)], ["1", "2"])
