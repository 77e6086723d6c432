"""Tests for C{connections}, C{SHOW PROCESSLIST}, C{KILL} and the column C{position}."""

from comet.cometql.interface import Login
from comet.errors import ReadOnly, SyntaxRefused, UnknownConnection
from comet.model import Channel, Goodbye, Subscribe
from comet.session import Session, Visitor
from tests.cometql.talk import NOW, TalkTests
from tests.running import finish


class Wire:
    """A wire that remembers why it was closed."""

    def __init__(self):
        self.goodbyes = []

    def ready(self):
        pass

    def lose(self, goodbye):
        self.goodbyes.append(goodbye)


class Form:
    """A form whose frames say nothing."""

    name, transport = "plain", "memory"

    def encode(self, event):
        return b"."

    @property
    def dialect(self):
        return self


FORM = Form()


class ConnectionsTests(TalkTests):
    """Browsers and MySQL clients in one list."""

    def setUp(self):
        super().setUp()
        self.killed = []
        self.engine.hang_up = self.killed.append
        self.talk.close()
        self.talk = self.connect("root", 0)

    def connect(self, user, dev_id):
        number = next(self.broker.connections.numbers)
        return self.engine.open(Login(user, dev_id, number, "127.0.0.1:5000", ""))

    def test_a_key_that_is_gone(self):
        """Whoever has logged in with the key of a tenant is out when that is changed or removed."""
        self.run_("INSERT INTO dev_config (id, `key`) VALUES (3, 'the first key'), (4, 'another key')")

        def logged_in(dev_id, password):
            number = next(self.broker.connections.numbers)
            self.engine.open(Login(str(dev_id), dev_id, number, "127.0.0.1:5000", password=password))
            return number

        _, own, _ = logged_in(3, 0), logged_in(3, 1), logged_in(4, 1)
        self.run_("UPDATE dev_config SET url = 'http://x' WHERE id = 3")
        self.run_("BEGIN")
        self.run_("INSERT INTO dev_config (id, `key`) VALUES (3, 'the second key')")
        self.assertEqual(self.killed, [])
        self.run_("COMMIT")
        self.assertEqual(self.killed, [own])
        self.run_("DELETE FROM dev_config WHERE id IN (3, 5)")
        self.assertEqual(self.killed, [own, own])

    def browse(self, dev_id=0):
        """@return: the session of a browser that listens to two channels."""
        wire = Wire()
        session = Session(Visitor(dev_id, address="10.0.0.9"), FORM, wire, self.broker, "comet")
        finish(session.start())
        finish(session.receive(Subscribe(("one", "two"))))
        session.take()
        return session, wire

    def test_tls(self):
        """A MySQL client within TLS is one by C{tls}."""
        login = Login("3", 3, 900, "127.0.0.1:5000", cipher="TLS_AES_256_GCM_SHA384", tls="TLSv1.3")
        self.engine.open(login)
        self.assertEqual(self.rows("SELECT transport FROM connections WHERE id = 900"), [("tls",)])

    def test_all(self):
        """Each has a number of its own, and says what it is."""
        session, _ = self.browse(3)
        self.broker.connections.node = "n1"
        self.assertEqual(
            self.rows("SELECT * FROM connections"),
            [
                (self.talk.number, "n1", 0, 0, "cometql", "tcp", "127.0.0.1:5000", NOW, 0, 0),
                (session.number, "n1", 0, 3, "plain", "memory", "10.0.0.9", NOW, 2, 0),
            ],
        )
        self.assertEqual(self.rows(f"SELECT channels FROM connections WHERE id = {session.number}"), [(2,)])
        self.assertEqual(self.rows("SELECT id FROM connections WHERE dev_id = 3"), [(session.number,)])
        self.assertEqual(self.rows("SELECT id FROM connections WHERE id = 999"), [])
        self.refuses(ReadOnly, "DELETE FROM connections WHERE id = 1")
        session.end()
        self.assertEqual(self.rows("SELECT id FROM connections WHERE dev_id = 3"), [])

    def test_tenants(self):
        """A tenant sees and ends its own."""
        own, wire = self.browse(3)
        other, other_wire = self.browse(4)
        tenant = self.connect("3", 3)
        self.assertEqual(self.rows("SELECT id FROM connections", tenant), [(own.number,), (tenant.number,)])
        self.assertEqual(self.rows(f"SELECT id FROM connections WHERE id = {other.number}", tenant), [])
        self.assertEqual(
            [row[0] for row in self.rows("SHOW PROCESSLIST", tenant)], [own.number, tenant.number]
        )
        for number in (other.number, self.talk.number, 999, -1):
            self.refuses(UnknownConnection, f"KILL {number}", str(number), talk=tenant)
        self.does(f"KILL {own.number}", talk=tenant)
        self.assertEqual((wire.goodbyes, other_wire.goodbyes), ([Goodbye.KILLED], []))
        self.assertEqual(self.rows("SELECT id FROM connections", tenant), [(tenant.number,)])
        self.assertEqual(self.killed, [])

    def test_processlist(self):
        """It has the columns of MySQL."""
        session, _ = self.browse(3)
        expected = [
            (self.talk.number, "root", "127.0.0.1:5000", "db_0", "Query", 0, "", None),
            (session.number, "anonymous", "10.0.0.9", "db_3", "memory", 0, "plain", None),
        ]
        self.assertEqual(
            self.titles("SHOW PROCESSLIST"),
            ["Id", "User", "Host", "db", "Command", "Time", "State", "Info"],
        )
        self.assertEqual(self.rows("SHOW FULL PROCESSLIST"), expected)
        self.assertEqual(self.rows("SELECT * FROM information_schema.processlist"), expected)
        text = "SELECT count(*) FROM information_schema.PROCESSLIST WHERE command = 'memory' AND time < 5"
        self.assertEqual(self.value(text), 1)

    def test_kill(self):
        """Any connection is closed by its number; KILL QUERY closes none."""
        session, wire = self.browse()
        talk = self.connect("root", 0)
        self.does(f"KILL QUERY {session.number}")
        self.does(f"KILL QUERY {talk.number}")
        self.assertEqual((wire.goodbyes, self.killed), ([], []))
        self.does(f"KILL CONNECTION {session.number}")
        self.does(f"KILL {talk.number}")
        self.assertEqual((wire.goodbyes, self.killed), ([Goodbye.KILLED], [talk.number]))
        self.refuses(UnknownConnection, f"KILL {session.number}")
        self.refuses(UnknownConnection, "KILL 'x'")
        self.refuses(SyntaxRefused, "KILL")


class PositionTests(TalkTests):
    """The column C{position} of C{pipes_messages}."""

    def test_position(self):
        """It is read by its name, goes on after what was trimmed, and is no part of C{*}."""
        finish(self.broker.set_length(Channel(0, "chat"), 2))
        for text in "abc":
            self.does(f"INSERT INTO pipes_messages (name, message) VALUES ('chat', '{text}')", 1)
        self.assertEqual(
            self.rows("SELECT message, position FROM pipes_messages WHERE name = 'chat'"),
            [("b", 2), ("c", 3)],
        )
        self.assertNotIn("position", self.titles("SELECT * FROM pipes_messages WHERE name = 'chat'"))
        self.assertEqual(len(self.rows("SELECT * FROM pipes_messages WHERE name = 'chat'")[0]), 7)
        self.assertEqual(
            self.rows("SELECT message FROM pipes_messages WHERE name = 'chat' AND position > 2"), [("c",)]
        )
        self.assertEqual(self.rows("DESCRIBE pipes_messages position")[0][5], "INVISIBLE")
        self.does("INSERT INTO pipes_messages VALUES ('', 0, 'chat', 0, '', 'd', 0)", 1)
