"""Tests for L{comet.cometql.transactions}, by way of statements."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from comet.cometql.engine import Engine
from comet.errors import (
    BadValue,
    ReadOnlyTransaction,
    SyntaxRefused,
    TableFull,
    TransactionInProgress,
    TransactionTooLarge,
    Unavailable,
    UnknownSavepoint,
)
from comet.model import Channel, Goodbye, Message, PrivateMessage, User
from comet.storage.memory import MemoryStore
from tests.cometql.talk import NOW, TalkTests
from tests.running import Ear, SlowStore, make_broker

CHAT = Channel(0, "chat")
SAY = "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'say', '{}')"


class TransactionTests(TalkTests):
    """A conversation, and somebody who listens to C{chat}."""

    def setUp(self):
        super().setUp()
        self.restart()

    def restart(self, store=None, **limits):
        """Begin anew with another broker."""
        self.broker = make_broker(store, time=NOW, **limits)
        self.engine = Engine(self.broker, "secret", dev_index_size=100)
        self.talk, self.ear = self.open(), Ear()
        self.broker.hub.subscribe(CHAT, self.ear)

    def says(self, *texts, talk=None):
        """Insert messages."""
        for text in texts:
            self.does(SAY.format(text), 1, talk=talk)

    def heard(self, *texts, ear=None):
        """Assert that these messages were heard, and no other."""
        events = (ear or self.ear).heard
        self.assertEqual([event.text for event in events], list(texts))

    def flags(self):
        """@return: autocommit and in_transaction, as the status flags tell them."""
        return self.talk.autocommit, self.talk.in_transaction


class CommitTests(TransactionTests):
    """What COMMIT does."""

    def test_messages_leave_together_at_commit(self):
        """In the order of their statements, however the transaction began."""
        for begin in ("BEGIN", "begin work", "START TRANSACTION", "SET autocommit = 0"):
            self.ear.heard.clear()
            self.does(begin)
            self.says("a", "b")
            self.does(
                "INSERT INTO pipes_messages (name, message) VALUES ('chat', 'c'), ('chat', 'd')",
                2,
            )
            self.heard()
            self.does("COMMIT")
            self.heard("a", "b", "c", "d")
        self.does("COMMIT WORK")
        self.heard("a", "b", "c", "d")

    def test_after_a_rollback_nothing_ever_leaves(self):
        """Nor at the next COMMIT."""
        for begin in (
            "BEGIN",
            "START TRANSACTION READ WRITE, WITH CONSISTENT SNAPSHOT",
            "SET autocommit = 0",
        ):
            self.does(begin)
            self.says("a")
            self.does("ROLLBACK")
            self.does("COMMIT")
        self.heard()

    def test_outside_a_transaction_a_statement_stands_for_itself(self):
        """Before BEGIN and after COMMIT; COMMIT and ROLLBACK without BEGIN do nothing."""
        self.does("COMMIT")
        self.says("a")
        self.heard("a")
        self.does("BEGIN")
        self.does("COMMIT")
        self.says("b")
        self.does("ROLLBACK")
        self.heard("a", "b")

    def test_a_connection_that_ends_takes_its_transaction_along(self):
        """Whatever is said afterwards on other connections."""
        other = self.open()
        self.run_("BEGIN", other)
        self.says("a", talk=other)
        other.close()
        self.does("COMMIT")
        self.heard()

    def test_connections_do_not_see_each_others_transactions(self):
        """One holds back while another publishes; another's COMMIT is its own."""
        other = self.open()
        self.does("BEGIN")
        self.says("held")
        self.says("free", talk=other)
        self.run_("COMMIT", other)
        self.heard("free")
        self.does("COMMIT")
        self.heard("free", "held")

    def test_begin_commits_what_is_open(self):
        """As MySQL does."""
        self.does("BEGIN")
        self.says("a")
        self.does("BEGIN")
        self.heard("a")
        self.says("b")
        self.does("ROLLBACK")
        self.heard("a")

    def test_switching_autocommit_on_commits(self):
        """Switching it off, or on where it is on, does not."""
        self.does("SET autocommit = 0")
        self.says("a")
        self.does("SET AUTOCOMMIT = 0")
        self.heard()
        self.does("SET @@session.autocommit = ON, sql_mode = ''")
        self.heard("a")
        self.does("BEGIN")
        self.says("b")
        self.does("SET autocommit = 1")
        self.heard("a")
        self.does("SET autocommit = 0")
        self.does("SET autocommit = DEFAULT")
        self.heard("a", "b")

    def test_chain_begins_the_next_transaction(self):
        """AND CHAIN does, AND NO CHAIN does not."""
        self.does("BEGIN")
        self.says("a")
        self.does("COMMIT AND CHAIN")
        self.says("b")
        self.heard("a")
        self.does("ROLLBACK AND CHAIN")
        self.says("c")
        self.does("COMMIT AND NO CHAIN NO RELEASE")
        self.says("d")
        self.heard("a", "c", "d")
        for text in ("COMMIT AND", "ROLLBACK TO", "SAVEPOINT", "RELEASE x", "START TRANSACTION READ"):
            self.refuses(SyntaxRefused, text)

    def test_the_connection_ends_with_it(self):
        """After RELEASE: what was held has taken effect, or is forgotten, and the port is told to let go."""
        gone = []
        self.engine.let_go = gone.append
        self.does("BEGIN")
        self.says("a")
        self.does("ROLLBACK RELEASE")
        self.does("BEGIN")
        self.says("b")
        self.does("COMMIT NO RELEASE")
        self.assertEqual(gone, [7])
        self.does("COMMIT RELEASE")
        self.assertEqual(gone, [7, 7])
        self.heard("b")

    def test_the_flags_tell(self):
        """A transaction is open from BEGIN on, or from the first statement that is held."""
        self.assertEqual(self.flags(), (True, False))
        self.does("BEGIN")
        self.assertEqual(self.flags(), (True, True))
        self.does("COMMIT")
        self.assertEqual(self.flags(), (True, False))
        self.does("SET autocommit = 0")
        self.assertEqual(self.flags(), (False, False))
        self.says("a")
        self.assertEqual(self.flags(), (False, True))
        self.does("ROLLBACK")
        self.assertEqual(self.flags(), (False, False))

    def test_a_reading_transaction_refuses_to_write(self):
        """Until it ends."""
        self.does("START TRANSACTION READ ONLY")
        self.refuses(ReadOnlyTransaction, SAY.format("a"))
        self.refuses(ReadOnlyTransaction, "DELETE FROM pipes_messages WHERE name = 'chat'")
        self.does("COMMIT")
        self.says("b")
        self.heard("b")

    def test_a_reading_session_refuses_to_write(self):
        """In a transaction or not, until the session, or the transaction, says that it writes."""
        writing = (
            SAY.format("a"),
            "DELETE FROM pipes_messages WHERE name = 'chat'",
            "UPDATE users_auth SET hash = 'a' WHERE id = 1",
        )
        for text in ("SET SESSION TRANSACTION READ ONLY", "SET transaction_read_only = 1"):
            self.does(text)
            for begin in ("ROLLBACK", "BEGIN", "SET autocommit = 0"):
                self.does(begin)
                for statement in writing:
                    self.refuses(ReadOnlyTransaction, statement)
                self.does("ROLLBACK")
                self.does("SET autocommit = 1")
            self.assertEqual(self.value("SELECT COUNT(*) FROM users_auth"), 0)
            self.does("START TRANSACTION READ WRITE")
            self.says("b")
            self.does("COMMIT")
            self.refuses(ReadOnlyTransaction, SAY.format("a"))
            self.does("SET SESSION TRANSACTION READ WRITE")
            self.says("c")
        self.heard("b", "c", "b", "c")

    def test_the_next_transaction(self):
        """SET TRANSACTION is about the one that begins next, and says so too late within one."""
        self.does("SET TRANSACTION READ ONLY")
        self.does("BEGIN")
        self.refuses(ReadOnlyTransaction, SAY.format("a"))
        self.refuses(TransactionInProgress, "SET TRANSACTION READ WRITE")
        self.does("COMMIT")
        self.does("BEGIN")
        self.says("b")
        self.does("COMMIT")
        self.does("SET SESSION TRANSACTION READ ONLY")
        self.does("SET TRANSACTION READ WRITE")
        self.does("BEGIN")
        self.says("c")
        self.does("COMMIT")
        self.heard("b", "c")

    def test_all_tables_take_part(self):
        """A key, a length, the history it makes, private messages: nothing before COMMIT, all after it."""
        ann = Ear()
        at_home = Deferred.fromCoroutine(self.broker.arrive(User(0, 5), ann))
        self.successResultOf(at_home)
        self.does("BEGIN")
        self.does("INSERT INTO users_auth (id, hash) VALUES (5, 'key5'), (6, 'key6')", 2, 5)
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 9)", 1)
        self.says("a")
        self.does("INSERT INTO users_messages (id, event, message) VALUES (5, '', 'here')", 1, 5)
        self.does("INSERT INTO users_messages (id, event, message) VALUES (6, '', 'away')", 1, 6)
        questions = (
            "SELECT * FROM users_auth WHERE id IN (5, 6)",
            "SELECT name, length FROM pipes_settings WHERE name = 'chat'",
            "SELECT message FROM pipes_messages WHERE name = 'chat'",
            "SELECT id, message FROM users_messages WHERE id IN (5, 6)",
        )
        self.assertEqual([self.rows(text) for text in questions], [[], [], [], []])
        self.heard()
        self.does("COMMIT")
        self.assertEqual(
            [self.rows(text) for text in questions],
            [[(5, "key5"), (6, "key6")], [("chat", 9)], [("a",)], [(6, "away")]],
        )
        self.heard("a")
        self.heard("here", ear=ann)

    def test_the_insert_id_is_told_at_once(self):
        """As it will be after COMMIT."""
        self.does("BEGIN")
        self.does("INSERT INTO users_auth (id, hash) VALUES (7, 'k')", 1, 7)
        self.assertEqual(self.value("SELECT LAST_INSERT_ID()"), 7)

    def test_updates_and_replacements_are_held(self):
        """They change rows at COMMIT only."""
        self.does("INSERT INTO users_auth (id, hash) VALUES (5, 'old')", 1, 5)
        self.does("BEGIN")
        self.assertEqual(self.run_("UPDATE users_auth SET hash = 'new' WHERE id = 5").affected, 1)
        self.assertEqual(self.value("SELECT hash FROM users_auth WHERE id = 5"), "old")
        self.does("COMMIT")
        self.assertEqual(self.value("SELECT hash FROM users_auth WHERE id = 5"), "new")


class RemovalTests(TransactionTests):
    """DELETE in a transaction."""

    def setUp(self):
        super().setUp()
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 9)", 1)
        self.says("a", "b", "c")
        self.ear.heard.clear()
        self.does("BEGIN")

    def kept(self):
        return [text for (text,) in self.rows("SELECT message FROM pipes_messages WHERE name = 'chat'")]

    def test_rows_are_counted_now_and_removed_at_commit(self):
        """By key, by another column, by id, by what is found."""
        ((id_,),) = self.rows("SELECT id FROM pipes_messages WHERE name = 'chat' AND message = 'a'")
        for affected, text, left in (
            (1, f"DELETE FROM pipes_messages WHERE id = '{id_}'", ["b", "c"]),
            (1, "DELETE FROM pipes_messages WHERE name = 'chat' AND message = 'b' LIMIT 1", ["c"]),
            (0, "DELETE FROM pipes_messages WHERE name = 'chat' AND message = 'z'", ["c"]),
            (1, "DELETE FROM pipes_messages WHERE name = 'chat'", []),
            (1, "DELETE FROM pipes_settings WHERE name = 'chat'", []),
        ):
            before = self.kept()
            self.does(text, affected)
            self.assertEqual(self.kept(), before)
            self.does("COMMIT AND CHAIN")
            self.assertEqual(self.kept(), left)
        self.assertEqual(self.rows("SELECT * FROM pipes_settings WHERE name = 'chat'"), [])

    def test_a_rollback_keeps_the_rows(self):
        """All of them."""
        self.does("DELETE FROM pipes_messages WHERE name = 'chat'", 3)
        self.does("ROLLBACK")
        self.assertEqual(self.kept(), ["a", "b", "c"])

    def test_steps_see_what_the_steps_before_did(self):
        """A length that is removed and set again counts for the messages behind it."""
        self.does("DELETE FROM pipes_settings WHERE name = 'chat'", 1)
        self.says("d")
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 2)", 1)
        self.says("e", "f", "g")
        self.does("COMMIT")
        self.heard("d", "e", "f", "g")
        self.assertEqual(self.kept(), ["f", "g"])

    def test_removing_a_key_closes_the_connections_at_commit(self):
        """Not before."""
        phone = Ear()
        self.successResultOf(Deferred.fromCoroutine(self.broker.arrive(User(0, 5), phone)))
        self.does("INSERT INTO users_auth (id, hash) VALUES (5, 'k')", 1, 5)
        self.does("COMMIT AND CHAIN")
        self.does("DELETE FROM users_auth WHERE id = 5", 1)
        self.assertEqual(phone.goodbyes, [])
        self.does("COMMIT")
        self.assertEqual(phone.goodbyes, [Goodbye.KEY_REMOVED])

    def test_queues_are_emptied_at_commit(self):
        """Whole, or the rows that were found."""
        for text in "abc":
            self.does(f"INSERT INTO users_messages (id, event, message) VALUES (6, '', '{text}')", 1, 6)
        self.does("COMMIT AND CHAIN")
        self.does("DELETE FROM users_messages WHERE id = 6 AND message = 'b'", 1)
        self.does("COMMIT AND CHAIN")
        query = "SELECT message FROM users_messages WHERE id = 6"
        self.assertEqual(self.rows(query), [("a",), ("c",)])
        self.does("DELETE FROM users_messages WHERE id = 6", 2)
        self.assertEqual(self.rows(query), [("a",), ("c",)])
        self.does("COMMIT")
        self.assertEqual(self.rows(query), [])


class SavepointTests(TransactionTests):
    """SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT."""

    def test_rolling_back_to_a_savepoint_forgets_what_came_after_it(self):
        """The savepoint stays, and can be gone back to again."""
        self.does("SET autocommit = 0")
        self.says("a")
        self.does("SAVEPOINT save1")
        for text in "bc":
            self.says(text)
            self.does("ROLLBACK WORK TO SAVEPOINT SAVE1")
        self.says("d")
        self.does("COMMIT")
        self.heard("a", "d")
        self.refuses(UnknownSavepoint, "ROLLBACK TO save1", "save1")

    def test_later_savepoints_go_with_an_earlier_one(self):
        """By ROLLBACK TO and by RELEASE; setting one of the same name moves it."""
        self.does("BEGIN")
        for name in "xyzx":
            self.does(f"SAVEPOINT {name}")
            self.says(name)
        self.does("ROLLBACK TO y")
        for name in "zx":
            self.refuses(UnknownSavepoint, f"ROLLBACK TO {name}")
        self.does("SAVEPOINT `z z`")
        self.does("RELEASE SAVEPOINT y")
        self.refuses(UnknownSavepoint, "RELEASE SAVEPOINT `z z`")
        self.does("COMMIT")
        self.heard("x")

    def test_outside_a_transaction_a_savepoint_begins_one(self):
        """What follows it is held: that is all that a mount says of its transaction once it was cut off."""
        self.does("SAVEPOINT save1")
        self.assertEqual(self.flags(), (True, True))
        self.says("never")
        self.does("ROLLBACK")
        self.assertEqual(self.flags(), (True, False))
        self.refuses(UnknownSavepoint, "ROLLBACK TO save1")
        self.does("SAVEPOINT save1")
        self.says("x")
        self.heard()
        self.does("COMMIT")
        self.heard("x")


class RefusalTests(TransactionTests):
    """Statements and transactions that fail."""

    def test_a_bad_row_spoils_its_statement_only(self):
        """With and without a transaction; what was held before is still held."""
        bad = "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', '', 'x'), ('c!!', '', 'y')"
        self.refuses(BadValue, bad)
        self.heard()
        self.does("BEGIN")
        self.says("a")
        self.refuses(BadValue, bad)
        self.says("b")
        self.does("COMMIT")
        self.heard("a", "b")

    def test_the_rows_of_one_insert_are_stored_together(self):
        """They are one batch for the store; if it fails, nobody hears any of them and none is kept."""

        class Broken(MemoryStore):
            broken, batches = False, 0

            async def apply(self, writes):
                self.batches += 1
                if self.broken:
                    raise Unavailable("the disk is full")
                return await super().apply(writes)

        store = Broken()
        self.restart(store)
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 9)", 1)
        rows = "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', '', 'a'), ('chat', '', 'b')"
        before = store.batches
        self.does(rows, 2)
        self.assertEqual(store.batches, before + 1)
        store.broken = True
        self.refuses(Unavailable, rows, "disk")
        self.heard("a", "b")

    def test_a_commit_that_cannot_be_stored_publishes_nothing(self):
        """The client is told, the transaction is gone, and the next one works."""

        class Broken(MemoryStore):
            broken = False

            async def apply(self, writes):
                if self.broken:
                    raise Unavailable("the disk is full")
                return await super().apply(writes)

        store = Broken()
        self.restart(store)
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('kept', 9)", 1)
        self.does("BEGIN")
        self.says("a")
        self.does("INSERT INTO pipes_messages (name, event, message) VALUES ('kept', '', 'b')", 1)
        self.does("INSERT INTO users_messages (id, event, message) VALUES (5, '', 'c')", 1, 5)
        store.broken = True
        self.refuses(Unavailable, "COMMIT", "disk")
        self.assertEqual(self.flags(), (True, False))
        store.broken = False
        self.does("COMMIT")
        self.heard()
        self.assertEqual(self.rows("SELECT * FROM users_messages WHERE id = 5"), [])
        self.does("BEGIN")
        self.says("d")
        self.does("COMMIT")
        self.heard("d")

    def test_a_statement_over_the_limit_is_refused_and_the_transaction_stays(self):
        """The text names the limit; what was held before is committed."""
        self.restart(transaction_statements=2)
        self.does("BEGIN")
        self.says("a", "b")
        self.refuses(TransactionTooLarge, SAY.format("c"), "2 statements", "transaction_statements")
        self.does("COMMIT AND CHAIN")
        self.heard("a", "b")
        self.says("d", "e")
        self.restart(transaction_bytes=1000)
        self.does("BEGIN")
        self.says("a" * 300, "é" * 150)
        self.refuses(TransactionTooLarge, SAY.format("é" * 300), "1000", "transaction_bytes")
        self.does("SAVEPOINT s")
        self.says("a")
        self.does("ROLLBACK TO s")
        self.says("b")
        self.does("COMMIT")
        self.heard("a" * 300, "é" * 150, "b")

    def test_savepoints_are_limited_too(self):
        """Nobody fills the memory with them."""
        self.restart(transaction_statements=2)
        self.does("BEGIN")
        self.does("SAVEPOINT a")
        self.does("SAVEPOINT b")
        self.refuses(TransactionTooLarge, "SAVEPOINT c", "transaction_statements")

    def test_rules_that_break_at_commit_undo_all(self):
        """One length too many, which two transactions were each granted."""
        self.restart(history_channels=1)
        self.does("BEGIN")
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('one', 1)", 1)
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('two', 1)", 1)
        self.says("a")
        self.refuses(TableFull, "COMMIT", "history_channels")
        self.assertEqual(self.rows("SELECT * FROM pipes_settings WHERE name IN ('one', 'two')"), [])
        self.heard()
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('one', 1)", 1)
        self.refuses(TableFull, "INSERT INTO pipes_settings (name, length) VALUES ('two', 1)")
        self.does("BEGIN")
        self.refuses(TableFull, "INSERT INTO pipes_settings (name, length) VALUES ('two', 1)")
        self.does("DELETE FROM pipes_settings WHERE name = 'one'", 1)
        self.does("COMMIT")


class TogetherTests(TransactionTests):
    """Several connections and a store that takes its time."""

    def test_nothing_comes_between_the_messages_of_a_transaction(self):
        """While it is stored others publish; its messages leave in one go when it is safe."""
        store = SlowStore()
        self.restart(store)
        Deferred.fromCoroutine(self.broker.set_length(Channel(0, "kept"), 9))
        store.settle()
        ann = Ear()
        Deferred.fromCoroutine(self.broker.arrive(User(0, 5), ann))
        store.settle()
        journal = self.ear.heard = ann.heard = []
        self.does("BEGIN")
        self.says("t1")
        self.does("INSERT INTO users_messages (id, event, message) VALUES (5, '', 't2')", 1, 5)
        self.does("INSERT INTO pipes_messages (name, event, message) VALUES ('kept', '', 'unheard')", 1)
        self.says("t3")
        commit = Deferred.fromCoroutine(self.talk.query("COMMIT"))
        self.assertNoResult(commit)
        self.says("other", talk=self.open())
        self.assertEqual([event.text for event in journal], ["other"])
        store.step()
        self.successResultOf(commit)
        self.assertEqual([event.text for event in journal], ["other", "t1", "t2", "t3"])
        self.assertIsInstance(journal[2], PrivateMessage)
        self.assertIsInstance(journal[3], Message)

    def test_a_transaction_of_live_messages_needs_no_store(self):
        """If nothing has to survive, COMMIT is done at once."""
        store = SlowStore()
        self.restart(store)
        self.does("BEGIN")
        self.says("a", "b")
        self.does("COMMIT")
        self.heard("a", "b")
        self.assertEqual(store.waiting, [])
