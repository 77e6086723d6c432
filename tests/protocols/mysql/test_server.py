"""Tests for L{comet.protocols.mysql.server} and L{comet.protocols.mysql.protocol}."""

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from comet.cometql.results import Done
from comet.errors import SyntaxRefused
from comet.limits import Limits
from comet.protocols.mysql.auth import CACHING_SHA2
from comet.protocols.mysql.protocol import READ_AHEAD
from comet.protocols.mysql.server import MySQLFactory
from tests.protocols.mysql import client
from tests.protocols.mysql.stub import StubServer

PEER = IPv4Address("TCP", "192.0.2.7", 4711)
OK = b"\0\0\0\x02\0\0\0"
QUERY, PING, QUIT = b"\x03", b"\x0e", b"\x01"
#: Selects what is selected. What has changed in a session shows in the answer, unlike in that to a ping.
USE = b"\x02CometQL_v1"


class MySQLTestCase(SynchronousTestCase):
    """A factory with a stub behind it, and clients on memory transports."""

    def setUp(self):
        self.clock = Clock()
        self.server = StubServer()
        self.factory = self.make_factory()

    def make_factory(self, **options):
        limits = options.pop("limits", Limits(login_seconds=10))
        return MySQLFactory(self.server, limits, self.clock, max_allowed_packet=1 << 20, **options)

    def connect(self):
        """@return: a protocol and its transport; the greeting is in the transport."""
        protocol = self.factory.buildProtocol(PEER)
        transport = StringTransport(peerAddress=PEER)
        protocol.makeConnection(transport)
        return protocol, transport

    def taken(self, transport):
        """@return: the payloads that have been written since the last time."""
        stream = transport.value()
        transport.clear()
        return client.payloads(stream)

    def log_in(self, user=b"root", password=b"secret", flags=client.MODERN):
        """@return: a protocol and its transport, after the answer to the login was read."""
        protocol, transport = self.connect()
        greeting = client.read_greeting(self.taken(transport)[0])
        response = client.native(password, greeting.salt) if password else b""
        protocol.dataReceived(client.frame(client.login(user, response, flags), 1))
        self.answer = self.taken(transport)
        return protocol, transport

    def lose(self, protocol):
        """The connection is gone."""
        protocol.connectionLost()

    def ask(self, protocol, transport, payload):
        """@return: the payloads of the answer to C{payload}."""
        protocol.dataReceived(client.frame(payload))
        return self.taken(transport)


class LoginTests(MySQLTestCase):
    """Up to the answer to the login."""

    def test_right_password(self):
        """The right password gives a session for this user, with the address of the client."""
        self.log_in()
        self.assertEqual(self.answer, [OK])
        (session,) = self.server.sessions
        self.assertEqual((session.login.user, session.login.dev_id), ("root", 0))
        self.assertEqual((session.login.address, session.login.connection_id), ("192.0.2.7:4711", 1))

    def refused(self, user, password):
        """@return: the text of the error for a login that is refused."""
        _, transport = self.log_in(user, password)
        number, sqlstate, text = client.read_error(self.answer[0])
        self.assertEqual((number, sqlstate), (1045, "28000"))
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.server.sessions, [])
        return text

    def test_found_rows(self):
        """Whether an UPDATE counts the rows that it finds is what the client has set."""
        for flags, wanted in ((client.MODERN, False), (client.MODERN | client.FOUND_ROWS, True)):
            self.log_in(flags=flags)
            self.assertIs(self.server.sessions[-1].login.found_rows, wanted)

    def test_wrong_password(self):
        """A wrong password is refused in MySQL's words, and the connection is closed."""
        text = "[16] Access denied for user 'root'@'192.0.2.7' (using password: YES)"
        self.assertEqual(self.refused(b"root", b"wrong"), text)
        self.assertEqual(self.factory.counters.denied, 1)

    def test_wrong_user(self):
        """An unknown user is refused in the same words."""
        text = "[16] Access denied for user 'mary'@'192.0.2.7' (using password: YES)"
        self.assertEqual(self.refused(b"mary", b"secret"), text)

    def test_unreadable_user(self):
        """A name that would disturb a terminal, or a log, is not repeated as it is."""
        self.assertIn("'a?b?'@", self.refused(b"a\x1bb\n", b"secret"))
        self.assertIn(f"'{'x' * 32}'@", self.refused(b"x" * 100, b"secret"))

    def test_no_password(self):
        """A client without a password is asked once more, and then refused."""
        protocol, transport = self.log_in(password=b"")
        self.assertEqual(client.read_switch(self.answer[0])[0], client.NATIVE)
        protocol.dataReceived(client.frame(b"", 3))
        number, _, text = client.read_error(self.taken(transport)[0])
        self.assertEqual(number, 1045)
        self.assertIn("(using password: NO)", text)
        self.assertTrue(transport.disconnecting)

    def test_user_without_password(self):
        """A user whose password is empty cannot log in, not even without one."""
        self.server.password = ""
        self.test_no_password()

    def test_other_plugin(self):
        """The plugin of the greeting is a setting; the native one is a switch away."""
        self.factory = self.make_factory(plugin=CACHING_SHA2)
        protocol, transport = self.log_in()
        _, salt = client.read_switch(self.answer[0])
        protocol.dataReceived(client.frame(client.native(b"secret", salt), 3))
        self.assertEqual(self.taken(transport), [OK])

    def test_unknown_database(self):
        """A login to a database that does not exist is refused with 1049 and closed."""
        protocol, transport = self.connect()
        greeting = client.read_greeting(self.taken(transport)[0])
        response = client.native(b"secret", greeting.salt)
        login = client.login(b"root", response, client.MODERN | client.WITH_DB, b"shop")
        protocol.dataReceived(client.frame(login, 1))
        self.assertEqual(client.read_error(self.taken(transport)[0])[:2], (1049, "42000"))
        self.assertTrue(transport.disconnecting)

    def test_malformed(self):
        """A malformed login is answered with an error and closed."""
        protocol, transport = self.connect()
        self.taken(transport)
        protocol.dataReceived(client.frame(b"\xff" * 9, 1))
        self.assertEqual(client.read_error(self.taken(transport)[0])[0], 1835)
        self.assertTrue(transport.disconnecting)

    def test_failing_server(self):
        """A login that fails for a reason of ours is logged, answered with 1105 and closed."""
        self.server.open = lambda login: 1 / 0
        _, transport = self.log_in()
        self.assertEqual(client.read_error(self.answer[0])[0], 1105)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_health_check(self):
        """A load balancer gets in without a session, pings and quits."""
        protocol, transport = self.log_in(b"haproxy_check", b"")
        self.assertEqual(self.answer, [OK])
        self.assertEqual(self.ask(protocol, transport, PING), [OK])
        (error,) = self.ask(protocol, transport, QUERY + b"select 1")
        self.assertEqual(client.read_error(error)[:2], (1142, "42000"))
        self.assertIn("[403]", client.read_error(error)[2])
        self.assertEqual(self.ask(protocol, transport, QUIT), [])
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.server.sessions, [])

    def test_too_many(self):
        """One connection too many is told so in place of the greeting, and closed; room comes back."""
        self.factory = self.make_factory(limits=Limits(backends=1))
        first, _ = self.connect()
        protocol, transport = self.connect()
        number, sqlstate, _ = client.read_error(self.taken(transport)[0])
        self.assertEqual((number, sqlstate), (1040, None))
        self.assertTrue(transport.disconnecting)
        self.lose(protocol)
        self.lose(first)
        _, transport = self.connect()
        self.assertFalse(transport.disconnecting)
        counters = self.factory.counters
        self.assertEqual((counters.accepted, counters.refused, counters.closed, counters.open), (2, 1, 1, 1))
        self.assertEqual(counters.most, 1)

    def test_lost_during_login(self):
        """A client that goes away while its password is looked up leaves no session open."""
        self.server.pending = Deferred()
        protocol, _ = self.log_in()
        self.assertEqual(self.answer, [])
        self.lose(protocol)
        self.assertNoResult(protocol.ended)
        self.server.pending.callback(None)
        self.assertEqual([session.closed for session in self.server.sessions], [1])
        self.successResultOf(protocol.ended)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_addresses(self):
        """Clients come from all kinds of addresses."""
        for address, shown in (
            (IPv6Address("TCP", "::1", 80), "[::1]:80"),
            (UNIXAddress("/tmp/x"), "localhost"),
            (None, "localhost"),
        ):
            protocol = self.factory.buildProtocol(address)
            self.assertEqual(protocol._address, shown)


class SocketTests(MySQLTestCase):
    """What is asked of a socket."""

    def test_options(self):
        """Small answers leave at once, and clients that are gone without a word are found out."""
        asked = []
        transport = StringTransport()
        transport.setTcpNoDelay = lambda on: asked.append(("no delay", on))
        transport.setTcpKeepAlive = lambda on: asked.append(("keep alive", on))
        directlyProvides(transport, ITCPTransport)
        self.factory.buildProtocol(PEER).makeConnection(transport)
        self.assertEqual(asked, [("no delay", True), ("keep alive", True)])


class CommandTests(MySQLTestCase):
    """Commands and their answers."""

    def setUp(self):
        super().setUp()
        self.protocol, self.transport = self.log_in()
        (self.session,) = self.server.sessions

    def error(self, payload):
        """@return: the error that C{payload} is answered with."""
        (answer,) = self.ask(self.protocol, self.transport, payload)
        return client.read_error(answer)

    def test_query(self):
        """A statement runs as text; counts and rows come back."""
        answer = self.ask(self.protocol, self.transport, QUERY + "insert 'Ж\0😀'".encode())
        self.assertEqual(answer, [b"\0\x01\xfd\x70\x11\x01\x02\0\x02\0\x04note"])
        self.assertEqual(self.session.queries, ["insert 'Ж\0😀'"])
        self.protocol.dataReceived(client.frame(QUERY + b"select 1 2"))
        self.assertEqual(client.read_rows(self.transport.value()), ([b"n"], [[b"1"], [b"2"]]))

    def test_refused(self):
        """A refused statement is answered with its number, and the connection goes on."""
        self.assertEqual(
            self.error(QUERY + b"gibberish"), (1064, "42000", "[3] You have an error near 'gibberish'")
        )
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [OK])

    def test_not_utf8(self):
        """A statement that is not UTF-8 is refused, says where, and does not run."""
        number, _, text = self.error(QUERY + b"insert '\xe9'")
        self.assertEqual(number, 1300)
        self.assertIn("at byte 8: 'E927'", text)
        self.assertEqual(self.session.queries, [])
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [OK])

    def test_failing(self):
        """A failure of ours is logged and answered with 1105, and the connection goes on."""
        self.assertEqual(self.error(QUERY + b"fail")[0], 1105)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [OK])

    def test_failing_port(self, way="events", packet=USE):
        """A failure of the port itself is logged, answered with 1105, and ends this connection alone."""
        self.patch(self.protocol._connection, way, lambda: iter([1 / 0 for _ in "x"]))
        self.assertEqual(self.error(packet)[0], 1105)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(self.transport.disconnecting)

    def test_failing_port_at_once(self):
        """The same holds on the short way."""
        self.test_failing_port("statement", PING)

    def test_refused_halfway(self):
        """Rows that are refused while they are computed end in an error, in order."""
        self.protocol.dataReceived(client.frame(QUERY + b"half"))
        frames = client.frames(self.transport.value())
        self.assertEqual([number for number, _ in frames], [1, 2, 3, 4, 5])
        self.assertEqual(frames[3][1], b"\x011")
        self.assertEqual(client.read_error(frames[4][1])[0], 1064)

    def test_oversized(self):
        """A statement over C{max_allowed_packet} is answered with 1153, and the connection goes on."""
        self.assertEqual(self.error(QUERY + bytes(1 << 20))[:2], (1153, "08S01"))
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [OK])

    def test_init_db(self):
        """A database is selected, or refused."""
        self.assertEqual(self.ask(self.protocol, self.transport, b"\x02CometQL_v1"), [OK])
        self.assertEqual(self.error(b"\x02shop")[0], 1049)

    def test_fields(self):
        """The columns of a table are listed, in the selected database."""
        *columns, end = self.ask(self.protocol, self.transport, b"\x04t\0")
        self.assertEqual([client.read_column(column).name for column in columns], [b"id", b"s"])
        self.assertEqual(client.read_column(columns[0]).schema, b"CometQL_v1")
        self.assertEqual(end, b"\xfe\0\0\x02\0")
        self.assertEqual(self.error(b"\x04x\0")[0], 1146)

    def test_statistics(self):
        """Statistics are bare text."""
        self.assertEqual(self.ask(self.protocol, self.transport, b"\x09"), [b"Uptime: 7"])

    def test_unknown(self):
        """An unknown command is answered with 1047, and the connection goes on."""
        self.assertEqual(self.error(b"\x0d")[:2], (1047, "08S01"))
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [OK])

    def test_status(self):
        """The status tells whether the session commits by itself."""
        self.session.autocommit = False
        self.assertEqual(self.ask(self.protocol, self.transport, USE), [b"\0\0\0\0\0\0\0"])
        self.assertEqual(self.ask(self.protocol, self.transport, PING), [b"\0\0\0\0\0\0\0"])
        self.assertEqual(self.ask(self.protocol, self.transport, QUERY + b"select")[-1], b"\xfe\0\0\0\0")

    def test_quit(self):
        """A client that quits gets no answer; its session is closed once, when the connection is gone."""
        self.assertEqual(self.ask(self.protocol, self.transport, QUIT), [])
        self.assertTrue(self.transport.disconnecting)
        self.lose(self.protocol)
        self.assertEqual(self.session.closed, 1)
        self.successResultOf(self.protocol.ended)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_out_of_order(self):
        """A packet out of order is answered once, and ends the connection."""
        self.protocol.dataReceived(client.frame(PING, 1) + client.frame(PING))
        (error,) = self.taken(self.transport)
        self.assertEqual(client.read_error(error)[:2], (1156, "08S01"))
        self.assertTrue(self.transport.disconnecting)
        self.protocol.dataReceived(client.frame(PING))
        self.assertEqual(self.taken(self.transport), [])

    def test_deprecated_eof(self):
        """A client that wants no EOF gets none."""
        protocol, transport = self.log_in(flags=client.MODERN | client.DEPRECATE_EOF)
        protocol.dataReceived(client.frame(QUERY + b"select 5"))
        self.assertEqual(client.read_rows(transport.value(), deprecate_eof=True), ([b"n"], [[b"5"]]))

    def test_counters(self):
        """Commands are counted, logins are not."""
        self.assertEqual(self.factory.counters.commands, 0)
        self.ask(self.protocol, self.transport, PING)
        self.ask(self.protocol, self.transport, QUERY + b"select 1")
        self.assertEqual(self.factory.counters.commands, 2)

    def test_bytes(self):
        """What is received and sent is counted to the byte, the greeting too."""
        counters = self.factory.counters
        before = (counters.received, counters.sent)
        self.transport.clear()
        question = client.frame(QUERY + b"select 1")
        self.protocol.dataReceived(question)
        self.assertEqual(counters.received - before[0], len(question))
        self.assertEqual(counters.sent - before[1], len(self.transport.value()))
        sent = counters.sent
        _, transport = self.connect()
        self.assertEqual(counters.sent - sent, len(transport.value()))


class PipelineTests(MySQLTestCase):
    """Statements that come before the last one has been answered."""

    def setUp(self):
        super().setUp()
        self.protocol, self.transport = self.log_in()
        (self.session,) = self.server.sessions

    def test_answers_in_order(self):
        """Statements run one after the other, however many came at once, and answers keep the order."""
        statements = (b"wait 1", b"select 2", b"wait 3", b"select 4")
        self.protocol.dataReceived(b"".join(client.frame(QUERY + statement) for statement in statements))
        self.assertEqual(self.session.queries, ["wait 1"])
        self.session.waiting[0].callback(Done(11))
        self.assertEqual(self.session.queries, ["wait 1", "select 2", "wait 3"])
        first, *rest = client.frames(self.transport.value())
        self.assertEqual(
            (first, [number for number, _ in rest]), ((1, b"\0\x0b\0\x02\0\0\0"), [1, 2, 3, 4, 5])
        )
        self.transport.clear()
        self.session.waiting[1].errback(SyntaxRefused("late"))
        answers = self.taken(self.transport)
        self.assertEqual(client.read_error(answers[0])[0], 1064)
        self.assertEqual(answers[4], b"\x014")

    def test_one_write(self):
        """Statements that come together and need not wait are answered in one write; an error ends that."""
        written = []
        self.patch(self.protocol, "_write_now", written.append)
        self.patch(self.transport, "write", written.append)
        insert, wrong = client.frame(QUERY + b"insert"), client.frame(QUERY + b"gibberish")
        self.protocol.dataReceived(insert + client.frame(PING) + insert + wrong + client.frame(PING))
        answers = [client.payloads(piece) for piece in written]
        self.assertEqual([payload[0] for payload in answers[0]], [0, 0, 0])
        self.assertEqual([payload[0] for each in answers[1:] for payload in each], [0xFF, 0])
        self.assertEqual(self.factory.counters.commands, 4)

    def test_begun_before_waiting(self):
        """What need not wait is answered before a statement that came with it and does."""
        self.protocol.dataReceived(
            client.frame(PING) + client.frame(QUERY + b"wait") + client.frame(QUERY + b"insert")
        )
        self.assertEqual(self.taken(self.transport), [OK])
        self.session.waiting[0].callback(Done(3))
        self.assertEqual([payload[1] for payload in self.taken(self.transport)], [3, 1])

    def test_statements_while_waiting(self):
        """Statements that arrive while one runs wait for it."""
        self.protocol.dataReceived(client.frame(QUERY + b"wait"))
        for byte in client.frame(QUERY + b"select 1"):
            self.protocol.dataReceived(bytes([byte]))
        self.assertEqual(self.session.queries, ["wait"])
        self.session.waiting[0].callback(Done())
        self.assertEqual(self.session.queries, ["wait", "select 1"])

    def test_reading_pauses(self):
        """While a statement runs, no more than a bounded amount is read behind it."""
        self.protocol.dataReceived(client.frame(QUERY + b"wait"))
        ping = client.frame(PING)
        sent = 0
        while self.transport.producerState == "producing":
            self.protocol.dataReceived(ping * 100)
            sent += 100
        self.assertLessEqual(sent * len(ping), READ_AHEAD + 100 * len(ping))
        self.session.waiting[0].callback(Done())
        self.assertEqual(self.transport.producerState, "producing")
        self.assertEqual(len(self.taken(self.transport)), 1 + sent)

    def test_large_statement_is_read(self):
        """A statement that is larger than that is read while nothing else runs."""
        stream = client.frame(QUERY + b"insert " + bytes(4 * READ_AHEAD))
        for start in range(0, len(stream), 10_000):
            self.protocol.dataReceived(stream[start : start + 10_000])
            self.assertEqual(self.transport.producerState, "producing")
        self.assertEqual(len(self.session.queries[0]), 7 + 4 * READ_AHEAD)

    def test_lost_while_running(self):
        """A statement may end after its client is gone; what was sent behind it does not run."""
        self.protocol.dataReceived(client.frame(QUERY + b"wait") + client.frame(QUERY + b"select 1"))
        self.lose(self.protocol)
        self.assertEqual(self.session.closed, 0)
        self.transport.clear()
        self.session.waiting[0].callback(Done())
        self.assertEqual((self.session.queries, self.session.closed), (["wait"], 1))
        self.assertEqual(self.transport.value(), b"")
        self.successResultOf(self.protocol.ended)


class BackPressureTests(MySQLTestCase):
    """Clients that read slowly."""

    def setUp(self):
        super().setUp()
        self.protocol, self.transport = self.log_in()
        (self.session,) = self.server.sessions

    def test_rows_wait_for_the_reader(self):
        """Rows are computed while the client reads them, not before."""
        self.assertIs(self.transport.producer, self.protocol)
        self.protocol.pauseProducing()
        self.protocol.dataReceived(client.frame(QUERY + b"many 1000"))
        seen = b""
        while self.session.counted < 1000:
            piece = self.transport.value()
            self.transport.clear()
            self.assertLess(len(piece), 70_000)
            seen += piece
            self.assertLessEqual(self.session.counted * 1024, len(seen) + 2000)
            self.protocol.resumeProducing()
            self.protocol.pauseProducing()
        self.protocol.resumeProducing()
        _, rows = client.read_rows(seen + self.transport.value())
        self.assertEqual([int(number) for (number,) in rows], list(range(1000)))

    def test_small_answers_wait_too(self):
        """A client that only sends and never reads does not fill the memory with answers."""
        self.protocol.pauseProducing()
        self.protocol.dataReceived(client.frame(PING) * 100)
        self.assertEqual(self.taken(self.transport), [OK])
        self.protocol.resumeProducing()
        self.assertEqual(self.taken(self.transport), [OK] * 99)

    def test_lost_while_paused(self):
        """A client that goes away in the middle of a result ends it."""
        self.protocol.pauseProducing()
        self.protocol.dataReceived(client.frame(QUERY + b"many 1000"))
        self.protocol.stopProducing()
        self.lose(self.protocol)
        self.assertLess(self.session.counted, 100)
        self.assertEqual(self.session.closed, 1)

    def test_closing_is_not_held_up(self):
        """The transport, which waits for its producer before it closes, is not kept waiting."""
        self.protocol.pauseProducing()
        self.protocol.dataReceived(client.frame(QUERY + b"many 1000"))
        self.protocol.shut_down()
        self.assertIsNone(self.transport.producer)
        self.assertTrue(self.transport.disconnecting)


class TimeoutTests(MySQLTestCase):
    """Clients that say nothing."""

    def gone(self, transport):
        """@return: whether the connection has been aborted."""
        return transport.disconnected or transport.disconnecting

    def test_login(self):
        """A login has to be done in time, however busy the client looks."""
        protocol, transport = self.connect()
        login = client.frame(client.login(), 1)
        for place in range(9):
            self.clock.advance(1)
            protocol.dataReceived(login[place : place + 1])
        self.assertFalse(self.gone(transport))
        self.clock.advance(1)
        self.assertTrue(self.gone(transport))

    def test_health_check(self):
        """A load balancer that does not leave is put out as if it had not finished its login."""
        protocol, transport = self.log_in(b"haproxy_check", b"")
        self.clock.advance(9)
        self.ask(protocol, transport, PING)
        self.clock.advance(1)
        self.assertTrue(self.gone(transport))

    def test_idle(self):
        """A client that is silent for as long as C{wait_timeout} is disconnected."""
        self.factory = self.make_factory(wait_timeout=60)
        protocol, transport = self.log_in()
        for _ in range(5):
            self.clock.advance(59)
            self.assertEqual(self.ask(protocol, transport, PING), [OK])
        self.clock.advance(60)
        self.assertTrue(self.gone(transport))

    def test_idle_as_asked(self):
        """A session may say how long it is going to be silent, and the port's word holds again without."""
        self.factory = self.make_factory(wait_timeout=60)
        protocol, transport = self.log_in()
        self.server.sessions[-1].wait_timeout = 600
        self.ask(protocol, transport, USE)
        self.clock.advance(599)
        self.ask(protocol, transport, PING)
        self.server.sessions[-1].wait_timeout = None
        self.ask(protocol, transport, USE)
        self.clock.advance(59)
        self.assertFalse(self.gone(transport))
        self.clock.advance(1)
        self.assertTrue(self.gone(transport))

    def test_no_limit(self):
        """C{wait_timeout} 0 lets a client be silent for ever."""
        self.factory = self.make_factory(wait_timeout=0)
        _, transport = self.log_in()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertFalse(self.gone(transport))

    def test_long_statement(self):
        """A client that waits for its statement is not idle."""
        self.factory = self.make_factory(wait_timeout=60)
        protocol, transport = self.log_in()
        protocol.dataReceived(client.frame(QUERY + b"wait"))
        self.clock.pump([61, 61, 61])
        self.assertFalse(self.gone(transport))
        self.server.sessions[0].waiting[0].callback(Done())
        self.clock.pump([61, 61])
        self.assertTrue(self.gone(transport))

    def test_stopped_reading(self):
        """A client that has stopped reading its result is."""
        self.factory = self.make_factory(wait_timeout=60)
        protocol, transport = self.log_in()
        protocol.pauseProducing()
        protocol.dataReceived(client.frame(QUERY + b"many 1000"))
        self.clock.advance(59)
        protocol.resumeProducing()
        self.assertFalse(self.gone(transport))
        protocol.pauseProducing()
        protocol.dataReceived(client.frame(QUERY + b"many 1000"))
        self.clock.advance(60)
        self.assertTrue(self.gone(transport))

    def test_unfinished_goodbye(self):
        """A connection that cannot be closed in peace, as the client does not read, is aborted."""
        protocol, transport = self.log_in()
        aborted = []
        transport.abortConnection = lambda: aborted.append(True)
        self.ask(protocol, transport, QUIT)
        self.clock.advance(9)
        self.assertEqual(aborted, [])
        self.clock.advance(1)
        self.assertEqual(aborted, [True])


class ClosingTests(MySQLTestCase):
    """Closing the port."""

    def test_wind_up(self):
        """A statement that runs is answered, the one behind it is told why not; the idle go at once."""
        idle, busy, last = self.log_in(), self.log_in(), self.log_in()
        busy[0].dataReceived(client.frame(QUERY + b"wait") + client.frame(QUERY + b"one"))
        last[0].dataReceived(client.frame(QUERY + b"wait"))
        wound = self.factory.wind_up()
        self.assertTrue(idle[1].disconnecting)
        for _, transport in (busy, last):
            self.assertFalse(transport.disconnecting)
            self.assertEqual(self.taken(transport), [])
        for session in self.server.sessions[1:]:
            session.waiting[0].callback(Done())
        answer, error = self.taken(busy[1])
        self.assertEqual(client.read_error(error)[:2], (1053, "08S01"))
        self.assertEqual(self.taken(last[1]), [answer])
        for protocol, transport in (idle, busy, last):
            self.assertTrue(transport.disconnecting)
            self.lose(protocol)
        self.successResultOf(wound)

    def test_close_all(self):
        """All connections are closed; clients that wait for an answer are told. It ends when all are gone."""
        idle, busy, fresh = self.log_in(), self.log_in(), self.connect()
        self.taken(fresh[1])
        busy[0].dataReceived(client.frame(QUERY + b"wait"))
        closed = self.factory.close_all()
        self.assertEqual([self.taken(transport) for _, transport in (idle, fresh)], [[], []])
        (error,) = self.taken(busy[1])
        self.assertEqual(client.read_error(error)[:2], (1053, "08S01"))
        for protocol, transport in (idle, busy, fresh):
            self.assertTrue(transport.disconnecting)
            self.lose(protocol)
        self.assertNoResult(closed)
        self.server.sessions[1].waiting[0].callback(Done())
        self.successResultOf(closed)
        self.assertEqual(self.factory.counters.open, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close_none(self):
        """Without connections it is done at once."""
        self.successResultOf(self.factory.close_all())
