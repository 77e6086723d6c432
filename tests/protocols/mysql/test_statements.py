"""Prepared statements, several statements in one text, and beginning anew, on memory transports."""

import struct

from comet.limits import Limits
from tests.protocols.mysql import client
from tests.protocols.mysql.test_server import OK, PING, QUERY, USE, MySQLTestCase

PREPARE, EXECUTE, LONG_DATA, CLOSE, RESET, FETCH = b"\x16", b"\x17", b"\x18", b"\x19", b"\x1a", b"\x1c"
MULTI = 0x10000
MORE = 8


def number(value, size=4):
    return value.to_bytes(size, "little")


def execute(statement, values=(), flags=0, types=True):
    """@return: an execution with small integers and strings; C{None} is what was sent beforehand."""
    parts = [EXECUTE, number(statement), number(flags, 1), number(1)]
    if values:
        parts += [bytes((len(values) + 7) // 8), b"\1" if types else b"\0"]
        if types:
            parts += [b"\3\0" if isinstance(value, int) else b"\xfe\0" for value in values]
        for value in values:
            if value is not None:
                parts.append(number(value) if isinstance(value, int) else client.short(value))
    return b"".join(parts)


class TalkTestCase(MySQLTestCase):
    """A client that has logged in."""

    flags = client.MODERN

    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self, **limits):
        if limits:
            self.factory = self.make_factory(limits=Limits(**limits))
        self.protocol, self.transport = self.log_in(flags=self.flags)
        self.session = self.server.sessions[-1]

    def say(self, payload):
        """@return: the payloads of the answer."""
        return self.ask(self.protocol, self.transport, payload)

    def error(self, payload):
        (answer,) = self.say(payload)
        return client.read_error(answer)

    def prepare(self, text):
        """@return: the number of a new statement."""
        return struct.unpack_from("<I", self.say(PREPARE + text)[0], 1)[0]


class PreparedTests(TalkTestCase):
    """COM_STMT_PREPARE and its family."""

    def test_round_trip(self):
        """A statement runs with its values, as often as it is asked to, with types kept in between."""
        first = self.prepare(b"insert ?, ?")
        self.assertEqual(self.say(execute(first, [5, "é".encode()])), [b"\0\2\0\2\0\0\0"])
        self.say(execute(first, [6, b"x"], types=False))
        self.assertEqual(self.session.queries, [("insert ?, ?", 5, "é"), ("insert ?, ?", 6, "x")])

    def test_rows(self):
        """An answer with rows comes in binary."""
        count, _, _, row, _ = self.say(execute(self.prepare(b"select ?"), [b"text"]))
        self.assertEqual((count, row), (b"\1", b"\0\0\4text"))

    def test_no_parameters(self):
        """A statement without parameters is prepared and run like any other."""
        statement = self.prepare(b"insert")
        self.assertEqual(self.say(execute(statement)), [OK])

    def test_refused(self):
        """A text that is none is refused when it is prepared, and the connection goes on."""
        self.assertEqual(self.error(PREPARE + b"fail")[0], 1064)
        self.assertEqual(self.error(PREPARE + b"select '\xff'")[0], 1300)
        self.assertEqual(self.say(PING), [OK])

    def test_unknown(self):
        """A number that stands for nothing is error 1243, whatever is asked of it."""
        for payload in (execute(7), RESET + number(7), FETCH + number(7) + number(1)):
            self.assertEqual(self.error(payload)[:2], (1243, "HY000"))

    def test_closed(self):
        """A statement that was closed is gone; there is no answer to that, not even if there is none."""
        statement = self.prepare(b"insert")
        self.assertEqual(self.say(CLOSE + number(statement)), [])
        self.assertEqual(self.say(CLOSE + number(99)), [])
        self.assertEqual(self.error(execute(statement))[0], 1243)

    def test_reset_before_each(self):
        """A statement may be reset whenever a client likes; its types stay."""
        statement = self.prepare(b"insert ?")
        for types in (True, False):
            self.assertEqual(self.say(RESET + number(statement)), [OK])
            self.assertEqual(self.say(execute(statement, [5], types=types)), [b"\0\1\0\2\0\0\0"])

    def test_no_types(self):
        """A first execution without types is error 1210."""
        self.assertEqual(self.error(execute(self.prepare(b"insert ?"), [5], types=False))[0], 1210)

    def test_malformed(self):
        """An execution that is cut off is answered with an error, and ends the connection."""
        self.assertEqual(self.error(execute(self.prepare(b"insert ?"), [5])[:-1])[0], 1835)
        self.assertTrue(self.transport.disconnecting)

    def test_many(self):
        """There is a limit on the statements of one connection: error 1461, until one is closed."""
        self.begin(prepared=2)
        first, _ = self.prepare(b"insert"), self.prepare(b"insert")
        self.assertEqual(self.error(PREPARE + b"insert")[:2], (1461, "42000"))
        self.say(CLOSE + number(first))
        self.assertEqual(self.prepare(b"insert"), 3)

    def test_long_texts(self):
        """The texts of all statements together are no longer than one packet may be."""
        text = b"insert " + b"x" * (600 << 10)
        self.prepare(text)
        self.assertEqual(self.error(PREPARE + text)[0], 1461)

    def test_many_parameters(self):
        """More parameters than the answer can count are error 1390."""
        self.assertEqual(self.error(PREPARE + b"insert " + b"?" * 65536)[0], 1390)
        self.assertEqual(len(self.say(PREPARE + b"insert " + b"?" * 65535)), 65537)


class LongDataTests(TalkTestCase):
    """COM_STMT_SEND_LONG_DATA."""

    def setUp(self):
        super().setUp()
        self.statement = self.prepare(b"insert ?, ?")

    def send(self, data, parameter=0):
        self.assertEqual(self.say(LONG_DATA + number(self.statement) + number(parameter, 2) + data), [])

    def run_(self, *values):
        return self.say(execute(self.statement, values))

    def test_parts(self):
        """The parts of a value come beforehand; they count once."""
        self.send("é".encode()[:1])
        self.send("é".encode()[1:] + b"!")
        self.run_(None, 5)
        self.run_(b"x", 6)
        self.assertEqual([values for _, *values in self.session.queries], [["é!", 5], ["x", 6]])

    def test_reset(self):
        """A reset forgets them."""
        self.send(b"text")
        self.say(RESET + number(self.statement))
        self.run_(b"x", 5)
        self.assertEqual(self.session.queries, [("insert ?, ?", "x", 5)])

    def refused(self, number):
        """The execution is refused, and the next one is not."""
        self.assertEqual(client.read_error(self.run_(None, 5)[0])[0], number)
        self.assertEqual(self.run_(b"x", 5), [b"\0\2\0\2\0\0\0"])

    def test_too_much(self):
        """More than a packet in parts, or in one, is refused at the execution with 1153."""
        self.send(bytes(1 << 19))
        self.send(bytes(1 << 19))
        self.send(b"x")
        self.refused(1153)
        self.send(bytes(1 << 20))
        self.refused(1153)

    def test_too_much_of_all(self):
        """What waits for all statements of a connection is no more than a packet."""
        other = self.prepare(b"insert ?")
        self.send(bytes(1 << 20 - 1))
        self.say(LONG_DATA + number(other) + number(0, 2) + bytes((1 << 19) + 1))
        self.assertEqual(self.error(execute(other, [None]))[0], 1153)
        self.assertEqual(self.run_(None, 5), [b"\0\2\0\2\0\0\0"])

    def test_no_such_parameter(self):
        """A parameter that is not there is told of at the execution; a statement that is not, never."""
        self.send(b"x", parameter=2)
        self.refused(1210)
        self.statement = 99
        self.send(b"x")
        self.assertEqual(self.say(PING), [OK])


class CursorTests(TalkTestCase):
    """COM_STMT_FETCH."""

    def fetch(self, statement, count):
        """@return: the numbers fetched, and the status."""
        *rows, end = self.say(FETCH + number(statement) + number(count))
        return [struct.unpack("<i", row[2:])[0] for row in rows], end[3]

    def test_fetch(self):
        """The rows wait until they are fetched; the answer that cannot be filled is the last."""
        statement = self.prepare(b"count ?")
        *_, end = self.say(execute(statement, [3], flags=1))
        self.assertEqual(end[3], 0x42)
        self.assertEqual(self.fetch(statement, 2), ([0, 1], 0x42))
        self.assertEqual(self.fetch(statement, 2), ([2], 0x82))
        self.assertEqual(self.error(FETCH + number(statement) + number(1))[0], 1421)

    def test_dropped(self):
        """A reset, or another execution, drops the rows."""
        statement = self.prepare(b"count ?")
        self.say(execute(statement, [3], flags=1))
        self.say(RESET + number(statement))
        self.assertEqual(self.error(FETCH + number(statement) + number(1))[0], 1421)

    def test_no_rows(self):
        """A statement without rows is answered as ever."""
        self.assertEqual(self.say(execute(self.prepare(b"insert"), flags=1)), [OK])


class MultiTests(TalkTestCase):
    """Several statements in one text."""

    flags = client.MODERN | MULTI

    def test_in_order(self):
        """Each is answered in order, and the status tells that there is more."""
        _, _, _, _, end, ok, _, _, _, last, final = self.say(QUERY + b"select 1; insert; select 2;")
        self.assertEqual([end[3], ok[6], final[3]], [2 | MORE, 2 | MORE, 2])
        self.assertEqual(last, b"\x012")
        self.assertEqual(self.session.queries, ["select 1", " insert", " select 2"])

    def test_stops_at_an_error(self):
        """The first that fails is the last."""
        *_, error = self.say(QUERY + b"insert; gibberish; insert")
        self.assertEqual(client.read_error(error)[0], 1064)
        self.assertEqual(self.say(PING), [OK])
        self.assertEqual(len(self.session.queries), 2)

    def test_switched(self):
        """A client may change its mind; without the option the text is one statement."""
        self.assertEqual(self.say(b"\x1b\1\0"), [b"\xfe\0\0\2\0"])
        self.say(QUERY + b"insert; insert")
        self.assertEqual(self.session.queries, ["insert; insert"])
        self.assertEqual(self.say(b"\x1b\0\0"), [b"\xfe\0\0\2\0"])
        self.assertEqual(len(self.say(QUERY + b"insert; insert")), 2)

    def test_not_asked_for(self):
        """A client that has not asked for it has one statement in a text."""
        self.flags = client.MODERN
        self.begin()
        self.say(QUERY + b"insert; insert")
        self.assertEqual(self.session.queries, ["insert; insert"])


class AnewTests(TalkTestCase):
    """COM_RESET_CONNECTION and COM_CHANGE_USER."""

    def begun_anew(self):
        """Assert that there is a new session, without the prepared statements of the old one."""
        old, new = self.server.sessions
        self.assertEqual((old.closed, new.closed), (1, 0))
        self.assertEqual(self.error(execute(1))[0], 1243)
        return new

    def test_reset(self):
        """The session begins anew, as after the login."""
        self.prepare(b"insert")
        self.assertEqual(self.say(b"\x1f"), [OK])
        self.assertEqual(self.begun_anew().login, self.session.login)

    def change(self, password, user=b"root", collation=8):
        """@return: the answer to the proof, which is always asked for."""
        payload = b"".join((b"\x11", user, b"\0", client.short(bytes(20)), b"CometQL_v1\0"))
        (switch,) = self.say(payload + number(collation, 2) + client.NATIVE + b"\0")
        plugin, salt = client.read_switch(switch)
        self.protocol.dataReceived(client.frame(client.PROOFS[plugin](password, salt), 2))
        return self.taken(self.transport)

    def test_change(self):
        """Who proves to be somebody begins anew as that, in the character set that is named."""
        self.prepare(b"insert")
        self.assertEqual(self.change(b"secret"), [OK])
        login = self.begun_anew().login
        self.assertEqual((login.user, login.database, login.charset), ("root", "CometQL_v1", "latin1"))

    def test_change_refused(self):
        """Who does not is refused, and the connection ends; the old session is of no more use."""
        self.assertEqual(client.read_error(self.change(b"wrong")[0])[:2], (1045, "28000"))
        self.assertTrue(self.transport.disconnecting)

    def test_change_of_database(self):
        """A database that does not exist ends the connection, too."""
        self.server.open = lambda login: self.session.use("shop")
        self.assertEqual(client.read_error(self.change(b"secret")[0])[0], 1049)
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.session.closed, 1)

    def test_old_client(self):
        """A client that cannot be asked proves itself with the salt of the greeting."""
        self.flags = client.OLD
        protocol, transport = self.connect()
        salt = client.read_greeting(self.taken(transport)[0]).salt
        proof = client.native(b"secret", salt)
        protocol.dataReceived(client.frame(client.login(b"root", proof, client.OLD), 1))
        self.taken(transport)
        payload = b"\x11root\0" + client.short(proof) + b"CometQL_v1\0"
        self.assertEqual(self.ask(protocol, transport, payload), [OK])

    def test_malformed(self):
        """What is no change of user ends the connection."""
        self.assertEqual(self.error(b"\x11root\0\x20x")[0], 1835)
        self.assertTrue(self.transport.disconnecting)


class CharsetTests(TalkTestCase):
    """The character set of the session."""

    def test_latin1(self):
        """Statements are read, and text is written, in what the session says."""
        self.session.charsets = ("latin1", "latin1")
        self.say(USE)
        answer = self.say(execute(self.prepare(b"select ?"), [b"\xe9"]))
        self.assertEqual(self.session.queries, [("select ?", "é")])
        self.assertEqual(answer[3], b"\0\0\1\xe9")
        self.assertEqual(client.read_column(answer[1]).charset, 8)

    def test_errors(self):
        """The texts of errors are in it, too."""
        self.session.charsets = ("latin1", "latin1")
        self.say(USE)
        (answer,) = self.say(QUERY + b"gibberish \xe9")
        self.assertTrue(answer.endswith(b"near 'gibberish \xe9'"))

    def test_no_conversion(self):
        """Without a set for results they travel as they are, declared as such."""
        self.session.charsets = ("latin1", None)
        self.say(USE)
        answer = self.say(execute(self.prepare(b"select ?"), [b"\xe9"]))
        self.assertEqual((answer[3], client.read_column(answer[1]).charset), (b"\0\0\2\xc3\xa9", 45))


class ProcessTests(TalkTestCase):
    """COM_PROCESS_INFO and COM_PROCESS_KILL."""

    def test_statements(self):
        """They are other words for statements."""
        self.say(b"\x0a")
        self.say(b"\x0c" + number(77))
        self.assertEqual(self.session.queries, ["SHOW PROCESSLIST", "KILL 77"])
