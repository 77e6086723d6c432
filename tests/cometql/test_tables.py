"""Tests for L{comet.cometql.tables}: what each table takes, gives and refuses."""

from comet.cometql.tables.pipes import host
from comet.errors import (
    BadValue,
    KeyRequired,
    MissingValue,
    NullValue,
    OutOfRange,
    ReadOnly,
    TableFull,
    TooLong,
    TooShort,
)
from comet.limits import Limits
from comet.model import Channel, Goodbye, Message, PrivateMessage, Subscribe, User
from comet.session import Session, Visitor
from tests.cometql.talk import NOW, TalkTests
from tests.running import Ear, finish, make_broker


class Wire:
    """A wire that writes nothing."""

    def ready(self):
        pass

    def lose(self, goodbye):
        pass


class Form:
    """A form whose frames say nothing."""

    def encode(self, event):
        return b"."


FORM = Form()


class PipesMessagesTests(TalkTests):
    """C{pipes_messages}."""

    def setUp(self):
        super().setUp()
        self.ear = Ear()
        self.broker.hub.subscribe(Channel(0, "chat"), self.ear)

    def keep(self, name="chat", length=10):
        finish(self.broker.set_length(Channel(0, name), length))

    def test_insert(self):
        """A message goes to who listens, as it was written; one row is written, without an insert id."""
        self.does(
            r"INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'say', 'it''s \"me\" \\')", 1
        )
        self.assertEqual(self.ear.heard, [Message(Channel(0, "chat"), "say", 'it\'s "me" \\', NOW)])

    def test_synonym_and_event(self):
        """C{text} is another name of C{message}, and C{event} may be left out."""
        self.does("INSERT INTO pipes_messages (NAME, Text) VALUES ('chat', 'x')", 1)
        self.does("INSERT INTO Pipes_Messages (name, event, message) VALUES ('chat', '', 'x')", 1)
        self.assertEqual([(said.event, said.text) for said in self.ear.heard], [("", "x"), ("", "x")])

    def test_what_the_server_gives(self):
        """Columns that the server fills may be given, as anything."""
        self.does(
            "INSERT INTO pipes_messages (id, time, name, `index`, event, message, user_id)"
            " VALUES (NULL, 'x', 'chat', -1, 'say', 'x', 5)",
            1,
        )
        self.does("INSERT INTO pipes_messages VALUES (0, 0, 'chat', 0, 'say', 'y', 0)", 1)
        self.assertEqual([(said.time, said.user_id) for said in self.ear.heard], [(NOW, None), (NOW, None)])

    def test_texts_of_all_kinds(self):
        """Numbers, words and bytes become text; NUL, newlines and emoji stay."""
        for source, text in (
            ("15", "15"),
            ("1.50", "1.50"),
            ("1e3", "1000"),
            ("-7", "-7"),
            ("word", "word"),
            ("TRUE", "1"),
            ("x'c3a9'", "é"),
            (r"'a\0b\nc'", "a\0b\nc"),
            ("'\U0001f600 мир'", "\U0001f600 мир"),
            ("''", ""),
        ):
            self.does(f"INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'e', {source})", 1)
            self.assertEqual(self.ear.heard[-1].text, text, source)

    def test_rows_are_looked_at_before_the_first_is_sent(self):
        """Several rows go in order, and none goes if one is refused."""
        start = "INSERT INTO pipes_messages (name, message) VALUES "
        self.does(start + "('chat', 'a'), ('chat', 'b')", 2)
        self.refuses(BadValue, start + "('chat', 'c'), ('a b', 'd')", "'name'")
        self.assertEqual([said.text for said in self.ear.heard], ["a", "b"])

    def test_refusals(self):
        """Names, events and texts have their rules, and the error names the column and the limit."""
        start = "INSERT INTO pipes_messages (name, event, message) VALUES "
        for error, row, *said in (
            (TooShort, "('ab', 'e', 'x')", "name", "3"),
            (TooLong, f"('{'a' * 65}', 'e', 'x')", "name", "64"),
            (BadValue, "('a b', 'e', 'x')", "name"),
            (BadValue, "('чат', 'e', 'x')", "name"),
            (TooLong, f"('chat', '{'e' * 65}', 'x')", "event", "64"),
            (BadValue, "('chat', 'e e', 'x')", "event"),
            (NullValue, "(NULL, 'e', 'x')", "name"),
            (NullValue, "('chat', NULL, 'x')", "event"),
            (NullValue, "('chat', 'e', NULL)", "message"),
            (BadValue, "('chat', 'e', x'ff')", "message"),
        ):
            self.refuses(error, start + row, *said)
        self.refuses(MissingValue, "INSERT INTO pipes_messages (name) VALUES ('chat')", "message")
        self.refuses(MissingValue, "INSERT INTO pipes_messages (message) VALUES ('chat')", "name")
        self.refuses(
            MissingValue, "INSERT INTO pipes_messages (name, message) VALUES ('chat', DEFAULT)", "message"
        )
        self.assertEqual(self.ear.heard, [])

    def test_the_limit_is_in_bytes(self):
        """A text may have as many bytes of UTF-8 as is configured, and no more."""
        limit = Limits().message
        self.does(f"INSERT INTO pipes_messages (name, message) VALUES ('chat', '{'x' * limit}')", 1)
        self.refuses(
            TooLong,
            f"INSERT INTO pipes_messages (name, message) VALUES ('chat', '{'é' * (limit // 2 + 1)}')",
            "'message'",
            str(limit),
        )

    def test_no_utf_8(self):
        """A text that UTF-8 cannot write is refused before it reaches anybody."""
        self.refuses(
            BadValue, "INSERT INTO pipes_messages (name, message) VALUES ('chat', '\udc80')", "message"
        )

    def test_history(self):
        """What a channel keeps is shown oldest first, counted over the whole answer."""
        self.keep("chat")
        self.keep("talk")
        for name, text in (("chat", "a"), ("talk", "b"), ("chat", "c")):
            self.does(
                f"INSERT INTO pipes_messages (name, event, message) VALUES ('{name}', 'e', '{text}')", 1
            )
        self.assertEqual(
            self.titles("SELECT * FROM pipes_messages WHERE name = 'chat'"),
            ["id", "time", "name", "index", "event", "message", "user_id"],
        )
        rows = self.rows("SELECT * FROM pipes_messages WHERE name IN ('chat', 'nobody', 'talk', 'chat')")
        self.assertEqual(
            [row[1:] for row in rows],
            [
                (NOW, "chat", 0, "e", "a", 0),
                (NOW, "chat", 1, "e", "c", 0),
                (NOW, "talk", 2, "e", "b", 0),
            ],
        )
        self.assertEqual({len(row[0]) for row in rows}, {36})

    def test_who_said_it(self):
        """A message from a browser has the user's id."""
        self.keep()
        finish(self.broker.publish(Message(Channel(0, "chat"), "e", "x", 5, 77)))
        self.assertEqual(self.rows("SELECT user_id, time FROM pipes_messages WHERE name = 'chat'"), [(77, 5)])

    def test_names_that_cannot_be(self):
        """A name that no channel can have gives no row and no error."""
        self.assertEqual(self.rows("SELECT * FROM pipes_messages WHERE name IN ('ab', 'a b', NULL, '')"), [])
        self.refuses(KeyRequired, "DELETE FROM pipes_messages", "name")

    def history(self):
        return [text for (text,) in self.rows("SELECT message FROM pipes_messages WHERE name = 'chat'")]

    def test_delete_by_name(self):
        """The whole history goes, and the count is true."""
        self.keep()
        self.does("INSERT INTO pipes_messages (name, message) VALUES ('chat', 'a'), ('chat', 'b')", 2)
        self.does("DELETE FROM pipes_messages WHERE name IN ('chat', 'other')", 2)
        self.does("DELETE FROM pipes_messages WHERE name = 'chat'", 0)
        self.assertEqual(self.history(), [])

    def test_delete_by_id(self):
        """One message goes by its id, alone or with other conditions, with a limit too."""
        self.keep()
        for text in "abcd":
            self.does(f"INSERT INTO pipes_messages (name, message) VALUES ('chat', '{text}')", 1)
        ids = [key for (key,) in self.rows("SELECT id FROM pipes_messages WHERE name = 'chat'")]
        self.does(f"DELETE FROM pipes_messages WHERE id = '{ids[0]}'", 1)
        self.does(f"DELETE FROM pipes_messages WHERE id IN ('{ids[1]}', 'none', 5)", 1)
        self.does(f"DELETE FROM pipes_messages WHERE name = 'chat' AND id = '{ids[0]}'", 0)
        self.does(f"DELETE FROM pipes_messages WHERE id = '{ids[2]}' AND name = 'chat' LIMIT 1", 1)
        self.does(f"DELETE FROM pipes_messages WHERE id = '{ids[3]}' LIMIT 0", 0)
        self.refuses(KeyRequired, f"DELETE FROM pipes_messages WHERE id IN ('{ids[3]}', 'none') LIMIT 1")
        self.does("INSERT INTO pipes_messages (name, message) VALUES ('chat', 'e')", 1)
        self.does(f"DELETE FROM `pipes_messages` WHERE `pipes_messages`.`id` = '{ids[3]}' LIMIT 1", 1)
        self.assertEqual(self.history(), ["e"])

    def test_delete_a_part(self):
        """Conditions, order and limit choose among what the key finds."""
        self.keep()
        self.does(
            "INSERT INTO pipes_messages (name, message) VALUES ('chat', 'a'), ('chat', 'b'), ('chat', 'c')", 3
        )
        self.does("DELETE FROM pipes_messages WHERE name = 'chat' AND message = 'b'", 1)
        self.does("DELETE FROM pipes_messages WHERE name = 'chat' ORDER BY `index` DESC LIMIT 1", 1)
        self.assertEqual(self.history(), ["a"])
        self.refuses(KeyRequired, "DELETE FROM pipes_messages")
        self.refuses(KeyRequired, "DELETE FROM pipes_messages WHERE message = 'a'")
        self.refuses(KeyRequired, "DELETE FROM pipes_messages WHERE id != 'a'")


class PipesSettingsTests(TalkTests):
    """C{pipes_settings}."""

    def length(self, name="chat"):
        return self.rows(f"SELECT name, length FROM pipes_settings WHERE name = '{name}'")

    def test_set_and_change(self):
        """A length is set, changed, and shown as a number."""
        self.does('INSERT INTO pipes_settings ("name", "length") VALUES ("chat", 10)', 1)
        self.assertEqual(self.length(), [("chat", 10)])
        self.does("INSERT INTO pipes_settings (name, LENGTH) VALUES ('chat', '5')", 1)
        self.assertEqual(self.length(), [("chat", 5)])
        self.does("INSERT INTO pipes_settings (name) VALUES ('chat')", 1)
        self.assertEqual(self.length(), [("chat", 0)])
        self.assertEqual(self.length("other"), [])

    def test_range(self):
        """A length beyond the range is brought into it."""
        for given, kept in ((1000, 99), (-5, 0), ("'-5'", 0), ("5.0", 5), (10**30, 99)):
            self.does(f"INSERT INTO pipes_settings (name, length) VALUES ('chat', {given})", 1)
            self.assertEqual(self.length(), [("chat", kept)])

    def test_refusals(self):
        """What is no name, or no number."""
        for error, row in (
            (TooShort, "('ab', 5)"),
            (BadValue, "('a b', 5)"),
            (BadValue, "('chat', 'five')"),
            (BadValue, "('chat', 2.5)"),
            (NullValue, "('chat', NULL)"),
        ):
            self.refuses(error, f"INSERT INTO pipes_settings (name, length) VALUES {row}")
        self.refuses(MissingValue, "INSERT INTO pipes_settings (length) VALUES (5)", "name")

    def test_full(self):
        """The number of channels with a length is limited."""
        self.broker.limits = Limits(history_channels=1)
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 5)", 1)
        self.refuses(TableFull, "INSERT INTO pipes_settings (name, length) VALUES ('talk', 5)")

    def test_delete_takes_the_history(self):
        """Without its setting a channel keeps nothing, not even what it had."""
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 5)", 1)
        self.does("INSERT INTO pipes_messages (name, message) VALUES ('chat', 'a')", 1)
        self.does("DELETE FROM pipes_settings WHERE name = 'chat' AND length = 4", 0)
        self.does("DELETE FROM pipes_settings WHERE name IN ('chat', 'talk')", 1)
        self.assertEqual(self.length(), [])
        self.assertEqual(self.rows("SELECT * FROM pipes_messages WHERE name = 'chat'"), [])
        self.does("DELETE FROM pipes_settings WHERE name = 'chat'", 0)
        self.refuses(KeyRequired, "DELETE FROM pipes_settings")

    def test_delete_with_a_condition(self):
        """Other columns are conditions."""
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('chat', 5), ('talk', 6)", 2)
        self.does("DELETE FROM pipes_settings WHERE name IN ('chat', 'talk') AND length > 5", 1)
        self.assertEqual((self.length(), self.length("talk")), ([("chat", 5)], []))


class ListenersTests(TalkTests):
    """C{pipes} and C{users_in_pipes}."""

    def come(self, user_id=0, dev_id=0, channel="chat", **about):
        visitor = Visitor(dev_id, user_id, "key" if user_id else "", **about)
        session = Session(visitor, FORM, Wire(), self.broker, "comet")
        finish(session.start())
        finish(session.receive(Subscribe((channel,))))
        return session

    def test_counts(self):
        """A row for every name that can be one, with the number of connections."""
        self.come()
        self.come()
        self.assertEqual(
            self.rows("SELECT * FROM pipes WHERE name IN ('chat', 'a b', 'talk')"), [("chat", 2), ("talk", 0)]
        )
        self.assertEqual(self.rows("SELECT * FROM pipes"), [("chat", 2)])

    def test_names_of_digits(self):
        """A channel may be called by a number, with quotes or without."""
        self.come(channel="12345")
        for name in ("12345", "'12345'", "x'3132333435'"):
            self.assertEqual(self.rows(f"SELECT * FROM pipes WHERE name = {name}"), [("12345", 1)], name)

    def test_who_listens(self):
        """A row for each connection, the newest first, the anonymous too."""
        finish(self.broker.store.set_key(User(0, 5), "key"))
        self.come(
            5, uuid="u-1", address="10.0.0.1:999", user_agent="A" * 300, origin="http://x", language="ru"
        )
        self.come(uuid="u-2", address="[::1]:999")
        self.assertEqual(
            self.rows("SELECT * FROM users_in_pipes WHERE name = 'chat'"),
            [
                ("chat", 0, "u-2", "", "::1", "", ""),
                ("chat", 5, "u-1", "A" * 250, "10.0.0.1", "http://x", "ru"),
            ],
        )
        self.assertEqual(
            self.rows("SELECT user_uuid FROM users_in_pipes WHERE name = 'chat' AND user_id > 0"), [("u-1",)]
        )

    def test_other_subscribers(self):
        """What listens and is no client is not listed."""
        self.broker.hub.subscribe(Channel(0, "chat"), Ear())
        self.assertEqual(self.rows("SELECT * FROM users_in_pipes WHERE name = 'chat'"), [])

    def test_tenants(self):
        """Nobody sees the listeners of another tenant."""
        self.come(dev_id=3)
        self.assertEqual(self.rows("SELECT users FROM pipes WHERE name = 'chat'"), [(0,)])
        other = self.open("3", 3)
        self.assertEqual(self.rows("SELECT users FROM pipes WHERE name = 'chat'", other), [(1,)])
        self.assertEqual(len(self.rows("SELECT * FROM users_in_pipes WHERE name = 'chat'", other)), 1)

    def test_read_only(self):
        """Nobody writes into these tables."""
        for table in ("pipes", "users_in_pipes", "users_time"):
            self.refuses(ReadOnly, f"DELETE FROM {table} WHERE name = 'chat'", table)
        self.refuses(ReadOnly, "INSERT INTO pipes (name) VALUES ('chat')", "pipes")
        self.refuses(ReadOnly, "INSERT INTO users_in_pipes (name) VALUES ('chat')")
        self.refuses(ReadOnly, "INSERT INTO users_time VALUES (1, 2)")

    def test_hosts(self):
        """An address without its port."""
        for address, name in (
            ("10.0.0.1:80", "10.0.0.1"),
            ("[::1]:80", "::1"),
            ("10.0.0.1", "10.0.0.1"),
            ("", ""),
            ("unix", "unix"),
        ):
            self.assertEqual(host(address), name)


class UsersAuthTests(TalkTests):
    """C{users_auth}."""

    def test_set_and_change(self):
        """A key is set, changed and shown; the insert id is the user."""
        self.does("INSERT INTO users_auth (id, hash)VALUES('5', 'key' );", 1, 5)
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 5"), [(5, "key")])
        self.does("INSERT INTO users_auth VALUES (5, 'Key=+/_9')", 1, 5)
        self.assertEqual(self.rows("SELECT hash FROM users_auth WHERE id IN (4, '5')"), [("Key=+/_9",)])
        self.assertEqual(self.value("SELECT LAST_INSERT_ID()"), 5)

    def test_refusals(self):
        """Ids are positive, keys of some characters and 32 at most; characters are looked at first."""
        for error, row, *said in (
            (OutOfRange, "(0, 'k')", "'id'", "1"),
            (OutOfRange, "(-5, 'k')", "'id'"),
            (OutOfRange, "(2147483648, 'k')", "'id'", "2147483647"),
            (BadValue, "('abc', 'k')", "'abc'", "'id'"),
            (BadValue, "('5x', 'k')", "'id'"),
            (BadValue, "(5.5, 'k')", "'id'"),
            (BadValue, "('', 'k')", "'id'"),
            (NullValue, "(NULL, 'k')", "'id'"),
            (NullValue, "(5, NULL)", "'hash'"),
            (BadValue, "(5, 'a-b')", "'hash'"),
            (TooLong, f"(5, '{'a' * 33}')", "'hash'", "32"),
            (BadValue, f"(5, '{'-' * 33}')", "'hash'"),
        ):
            self.refuses(error, f"INSERT INTO users_auth (id, hash) VALUES {row}", *said)
        self.refuses(MissingValue, "INSERT INTO users_auth (id) VALUES (5)", "'hash'")
        self.refuses(MissingValue, "INSERT INTO users_auth (hash) VALUES ('k')", "'id'")

    def test_delete(self):
        """The key goes, with the connections of the user; only keys that there were count."""
        self.does("INSERT INTO users_auth VALUES (5, 'a'), (6, 'b'), (7, 'c')", 3, 5)
        ear = Ear()
        finish(self.broker.arrive(User(0, 5), ear))
        self.does("DELETE FROM users_auth WHERE id IN (5, 99)", 1)
        self.assertEqual(ear.goodbyes, [Goodbye.KEY_REMOVED])
        self.does("DELETE FROM users_auth WHERE id = 5", 0)
        self.does("DELETE FROM users_auth WHERE id IN (6, 7) AND hash = 'c'", 1)
        self.assertEqual(self.rows("SELECT id FROM users_auth WHERE id IN (5, 6, 7)"), [(6,)])

    def test_keys(self):
        """Ids that nobody can have give no row."""
        self.assertEqual(
            self.rows("SELECT * FROM users_auth WHERE id IN (-1, 0, 'x', NULL, 99999999999, 1e20)"),
            [],
        )
        self.refuses(KeyRequired, "DELETE FROM users_auth", "id")

    def test_tenants(self):
        """Nobody sees the keys of another tenant."""
        other = self.open("3", 3)
        self.does("INSERT INTO users_auth VALUES (5, 'a')", 1, 5, other)
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 5"), [])
        self.assertEqual(self.rows("SELECT * FROM users_auth WHERE id = 5", other), [(5, "a")])


class UsersTimeTests(TalkTests):
    """C{users_time}."""

    def test_times(self):
        """A row for every id: 0 while online, the time of leaving, -1 for the unknown."""
        ear = Ear()
        finish(self.broker.arrive(User(0, 3), ear))
        finish(self.broker.store.set_last_seen(User(0, 1), 500))
        text = "SELECT id, time FROM users_time WHERE id IN( 1,3,99996,-2, 1);"
        self.assertEqual(self.rows(text), [(1, 500), (3, 0), (99996, -1)])
        self.broker.depart(User(0, 3), ear)
        self.assertEqual(self.rows("SELECT time FROM users_time WHERE id = 3"), [(NOW,)])


class UsersMessagesTests(TalkTests):
    """C{users_messages}."""

    def send(self, user_id, text):
        self.does(
            f"INSERT INTO users_messages (id, event, message) VALUES ({user_id}, 'e', '{text}')", 1, user_id
        )

    def test_to_one_who_is_here(self):
        """The message goes to all devices at once, and nothing is queued."""
        ears = [Ear(), Ear()]
        for ear in ears:
            finish(self.broker.arrive(User(0, 5), ear))
        self.send(5, "x")
        for ear in ears:
            self.assertEqual(ear.heard, [PrivateMessage(User(0, 5), "e", "x", NOW)])
        self.assertEqual(self.rows("SELECT * FROM users_messages WHERE id = 5"), [])

    def test_to_one_who_is_away(self):
        """The message is queued; the whole queue is shown, oldest first, counted over the answer."""
        for number in range(15):
            self.send(5, number)
        self.send(6, "x")
        self.assertEqual(
            self.rows("SELECT * FROM users_messages WHERE id IN (5, 6)"),
            [(5, number, "e", str(number)) for number in range(15)] + [(6, 15, "e", "x")],
        )

    def test_forms(self):
        """The event may be left out, C{index} given; C{text} is another name; id 0 is taken."""
        self.does("INSERT INTO users_messages (id, text) VALUES (5, 'x')", 1, 5)
        self.does("INSERT INTO users_messages VALUES (5, 'whatever', 'e', 'y')", 1, 5)
        self.does("INSERT INTO users_messages (id, message) VALUES (0, 'z')", 1)
        self.assertEqual(
            self.rows("SELECT * FROM users_messages WHERE id IN (5, 0)"),
            [(5, 0, "", "x"), (5, 1, "e", "y"), (0, 2, "", "z")],
        )

    def test_refusals(self):
        """Ids, events and texts have their rules."""
        for error, row, *said in (
            (OutOfRange, "(-1, 'e', 'x')", "'id'"),
            (BadValue, "('me', 'e', 'x')", "'id'"),
            (BadValue, "(5, 'e!', 'x')", "'event'"),
            (NullValue, "(5, 'e', NULL)", "'message'"),
            (TooLong, f"(5, 'e', '{'x' * (Limits().message + 1)}')", "'message'", str(Limits().message)),
        ):
            self.refuses(error, f"INSERT INTO users_messages (id, event, message) VALUES {row}", *said)
        self.refuses(MissingValue, "INSERT INTO users_messages (id, event) VALUES (5, 'e')", "'message'")

    def test_delete(self):
        """Everything goes, however fresh; with conditions only what meets them."""
        for text in "abcd":
            self.send(5, text)
        self.does("DELETE FROM users_messages WHERE id = 5 AND message IN ('b', 'x')", 1)
        self.does("DELETE FROM users_messages WHERE id = 5 ORDER BY `index` LIMIT 1", 1)
        self.assertEqual(self.rows("SELECT message FROM users_messages WHERE id = 5"), [("c",), ("d",)])
        self.does("DELETE FROM users_messages WHERE id IN (5, 6)", 2)
        self.does("DELETE FROM users_messages WHERE id = 5", 0)
        self.refuses(KeyRequired, "DELETE FROM users_messages")

    def test_tenants(self):
        """Nobody sees the queue of another tenant."""
        self.does("INSERT INTO users_messages (id, message) VALUES (5, 'x')", 1, 5, self.open("3", 3))
        self.assertEqual(self.rows("SELECT * FROM users_messages WHERE id = 5"), [])


class LimitsTests(TalkTests):
    """The limits of the configuration."""

    def test_queue(self):
        """Over the limit the newest stay."""
        self.broker = make_broker(queue=2)
        self.engine = type(self.engine)(self.broker, "secret")
        talk = self.open()
        for text in "abc":
            self.does(f"INSERT INTO users_messages (id, message) VALUES (5, '{text}')", 1, 5, talk)
        self.assertEqual(self.rows("SELECT message FROM users_messages WHERE id = 5", talk), [("b",), ("c",)])
