"""Tests for L{comet.protocols.mysql.connection}."""

import contextlib
from itertools import chain, product

from hypothesis import given, settings
from hypothesis.strategies import binary, data, integers, just, lists, sampled_from, tuples
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.results import Column, Kind, Rows
from comet.errors import NotAllowed, OutOfOrder, PacketTooLarge, PeerError, UnknownCommand
from comet.protocols.mysql import events
from comet.protocols.mysql.auth import CACHING_SHA2, NATIVE, PLUGINS
from comet.protocols.mysql.connection import EXPECTED, LOGIN_PACKET, ServerConnection, State
from comet.protocols.mysql.replies import FULL_AUTHENTICATION, Err, MoreData, Ok, Switch
from comet.protocols.mysql.resultset import ResultSet
from tests.protocols.mysql import client

LIMIT = 1000


def counting():
    """@return: a source of bytes that are not random and never the same twice."""
    numbers = iter(range(10_000))
    return lambda size: bytes(next(numbers) % 256 for _ in range(size))


def connected(**options):
    """@return: a connection that has greeted, and its greeting."""
    connection = ServerConnection("8.0.40-x", 7, counting(), max_allowed_packet=LIMIT, **options)
    ((sequence, payload),) = client.frames(connection.greet())
    assert sequence == 0
    return connection, client.read_greeting(payload)


def answer(connection, event):
    """@return: the bytes of a plain answer to C{event}."""
    match event:
        case events.TLSRequested():
            connection.receive(connection.start_tls())
            return b""
        case events.SwitchNeeded(plugin, salt):
            return connection.send(Switch(plugin, salt))
        case events.PasswordNeeded():
            return connection.send(FULL_AUTHENTICATION)
        case events.KeyNeeded():
            return connection.send(MoreData(b"a key"))
        case events.LoginReceived() | events.HealthCheckReceived():
            return connection.welcome()
        case events.CommandDeclined(error):
            return connection.send(Err.of(error))
        case events.QuitReceived():
            return b""
    return connection.send(Ok())


def exchange(connection, payload, sequence=0):
    """@return: the one event that C{payload} gives, and the frames of a plain answer to it."""
    connection.receive(client.frame(payload, sequence))
    (pair,) = ((event, client.frames(answer(connection, event))) for event in connection.events())
    return pair


def logged_in(flags=client.MODERN):
    """@return: a connection after a login."""
    connection, greeting = connected()
    exchange(connection, client.login(b"root", client.native(b"secret", greeting.salt), flags), 1)
    return connection


class LoginTests(SynchronousTestCase):
    """Every way to a login."""

    def check_welcome(self, frames, sequence, success=()):
        self.assertEqual([number for number, _ in frames], list(range(sequence, sequence + len(frames))))
        self.assertEqual([payload for _, payload in frames], [*success, b"\0\0\0\x02\0\0\0"])

    def test_greeted_plugin(self):
        """A client with the plugin of the greeting proves its password at once."""
        for plugin in PLUGINS.values():
            connection, greeting = connected(plugin=plugin)
            self.assertEqual(greeting.plugin.decode(), plugin.name)
            response = client.PROOFS[greeting.plugin](b"secret", greeting.salt)
            event, frames = exchange(connection, client.login(b"root", response, plugin=greeting.plugin), 1)
            self.assertEqual(event.user, "root")
            self.assertTrue(event.proof.shows("secret"))
            self.assertFalse(event.proof.shows("other"))
            self.check_welcome(frames, 2, [b"\x01\x03"] if plugin is CACHING_SHA2 else [])
            self.assertIs(connection.state, State.READY)

    def switched(self, greeted, named, response):
        """@return: the plugin and salt that a client is asked for, the old salt and the connection."""
        connection, greeting = connected(plugin=greeted)
        event, frames = exchange(connection, client.login(b"root", response, plugin=named), 1)
        self.assertIsInstance(event, events.SwitchNeeded)
        ((sequence, payload),) = frames
        self.assertEqual(sequence, 2)
        plugin, salt = client.read_switch(payload)
        self.assertNotEqual(salt, greeting.salt)
        return plugin, salt, connection

    def test_switch(self):
        """A client with another plugin, or without a proof, is asked for one that it can give."""
        for greeted, named, response, asked in (
            (NATIVE, client.SHA2, b"x" * 32, client.SHA2),
            (NATIVE, client.SHA2, b"", client.SHA2),
            (NATIVE, client.NATIVE, b"", client.NATIVE),
            (NATIVE, client.NATIVE, b"x" * 19, client.NATIVE),
            (NATIVE, b"client_ed25519", b"x" * 20, client.NATIVE),
            (CACHING_SHA2, client.NATIVE, b"x" * 20, client.NATIVE),
            (CACHING_SHA2, client.SHA2, b"\0", client.SHA2),
            (CACHING_SHA2, b"", b"", client.NATIVE),
        ):
            plugin, salt, connection = self.switched(greeted, named, response)
            self.assertEqual(plugin, asked)
            event, frames = exchange(connection, client.PROOFS[asked](b"secret", salt), 3)
            self.assertIsInstance(event, events.LoginReceived)
            self.assertEqual(event.user, "root")
            self.assertTrue(event.proof.shows("secret"))
            self.check_welcome(frames, 4, [b"\x01\x03"] if asked == client.SHA2 else [])

    def test_only_one_switch(self):
        """After the switch any response is taken for a proof; an empty one shows nothing."""
        for named, response in product((client.NATIVE, client.SHA2), (b"", b"\0", b"\x02", b"x" * 500)):
            empty = response in (b"", b"\0")
            if named == client.SHA2 and not empty:
                continue
            _, _, connection = self.switched(NATIVE, named, b"")
            connection.receive(client.frame(response, 3))
            (event,) = connection.events()
            self.assertIsInstance(event, events.LoginReceived)
            self.assertFalse(event.proof.shows("secret"))
            self.assertEqual(event.proof.is_empty, empty)

    def test_without_plugins(self):
        """A client that knows no plugins does with the native one and the salt of the greeting."""
        for plugin in PLUGINS.values():
            connection, greeting = connected(plugin=plugin)
            response = client.native(b"secret", greeting.salt)
            event, frames = exchange(connection, client.login(b"root", response, client.OLD), 1)
            self.assertTrue(event.proof.shows("secret"))
            self.check_welcome(frames, 2)

    def test_database(self):
        """A database may be named at login."""
        connection, _ = connected()
        payload = client.login(b"15", b"x" * 20, client.MODERN | client.WITH_DB, b"db_3")
        event, _ = exchange(connection, payload, 1)
        self.assertEqual((event.user, event.database), ("15", "db_3"))

    def test_health_check(self):
        """A load balancer without a password may ping and leave; all else is forbidden."""
        connection, _ = connected()
        event, frames = exchange(connection, client.login(b"haproxy_check_1"), 1)
        self.assertEqual(event, events.HealthCheckReceived("haproxy_check_1"))
        self.check_welcome(frames, 2)
        self.assertIs(connection.state, State.GUEST)
        for payload in (b"\x03select 1", b"\x02db", b"\x04t\0", b"\x09", b"\x16select 1", b"\x77", b""):
            event, _ = exchange(connection, payload)
            self.assertIsInstance(event.error, NotAllowed)
        event, _ = exchange(connection, b"\x0e")
        self.assertEqual(event, events.PingReceived())
        event, _ = exchange(connection, b"\x01")
        self.assertEqual(event, events.QuitReceived())

    def test_health_check_with_password(self):
        """That name with a password is a login as any other."""
        connection, _ = connected()
        event, _ = exchange(connection, client.login(b"haproxy_check", b"x" * 20), 1)
        self.assertIsInstance(event, events.LoginReceived)

    def test_order(self):
        """The numbers of the first packets go up from the greeting's 0."""
        for sequence in (0, 2):
            connection, _ = connected()
            connection.receive(client.frame(client.login(), sequence))
            self.assertRaises(OutOfOrder, list, connection.events())

    def test_too_large(self):
        """Before the login no more than a small packet is taken, whatever statements may have."""
        connection = ServerConnection("8.0.40-x", 7, counting(), max_allowed_packet=1 << 24)
        connection.greet()
        connection.receive((LOGIN_PACKET + 1).to_bytes(3, "little") + b"\x01")
        self.assertRaises(PacketTooLarge, list, connection.events())
        self.assertEqual(client.frames(connection.send(Ok()))[0][0], 2)

    def test_unanswered(self):
        """What comes before a login was answered is the peer's error."""
        connection, greeting = connected()
        login = client.login(b"root", client.native(b"secret", greeting.salt))
        connection.receive(client.frame(login, 1) + client.frame(b"\x0e", 2))
        happened = connection.events()
        next(happened)
        self.assertRaises(PeerError, next, happened)


class TLSTests(SynchronousTestCase):
    """The request for TLS."""

    def test_offered(self):
        """TLS is offered if it is there."""
        self.assertFalse(connected()[1].flags & client.SSL)
        self.assertTrue(connected(tls=True)[1].flags & client.SSL)

    def test_request(self):
        """The client asks, in the long or the short form, and logs in with the next number."""
        for size in (32, 4):
            connection, greeting = connected(tls=True)
            connection.receive(client.frame(client.tls_request()[:size], 1))
            happened = connection.events()
            self.assertEqual(next(happened), events.TLSRequested())
            self.assertEqual(connection.start_tls(), b"")
            self.assertEqual(list(happened), [])
            response = client.native(b"secret", greeting.salt)
            login = client.login(b"root", response, client.MODERN | client.SSL)
            event, frames = exchange(connection, login, 2)
            self.assertTrue(event.proof.shows("secret"))
            self.assertEqual(frames[0][0], 3)

    def test_glued_bytes(self):
        """What comes behind the request belongs to TLS, even if it looks like a login."""
        connection, _ = connected(tls=True)
        glued = client.frame(client.login(), 2)
        connection.receive(client.frame(client.tls_request(), 1) + glued)
        happened = connection.events()
        next(happened)
        self.assertEqual(connection.start_tls(), glued)
        self.assertEqual(list(happened), [])

    def test_refused(self):
        """TLS cannot be had twice, nor where it was not offered, nor together with a login in the clear."""
        connection, _ = connected(tls=True)
        exchange(connection, client.tls_request(), 1)
        connection.receive(client.frame(client.tls_request()[:4], 2))
        self.assertRaises(PeerError, list, connection.events())
        connection, _ = connected()
        connection.receive(client.frame(client.tls_request()[:4], 1))
        self.assertRaises(PeerError, list, connection.events())
        connection, _ = connected(tls=True)
        connection.receive(client.frame(client.login(flags=client.MODERN | client.SSL), 1))
        self.assertRaises(PeerError, list, connection.events())


class CommandTests(SynchronousTestCase):
    """What comes after the login."""

    def test_commands(self):
        """Each command is an event, with its arguments in the bytes that came."""
        connection = logged_in()
        for payload, expected in (
            (b"\x03select '\0\xff'", events.QueryReceived(b"select '\0\xff'")),
            (b"\x03", events.QueryReceived(b"")),
            (b"\x02db_3", events.InitDBReceived(b"db_3")),
            (b"\x04t\0%x", events.FieldListReceived(b"t", b"%x")),
            (b"\x04t", events.FieldListReceived(b"t", b"")),
            (b"\x09", events.StatisticsReceived()),
            (b"\x0e", events.PingReceived()),
        ):
            event, frames = exchange(connection, payload)
            self.assertEqual(event, expected)
            self.assertEqual(frames[0][0], 1)

    def test_compressed(self):
        """A client that compresses, though nobody has offered that, is told and let go, not left waiting."""
        connection = logged_in(client.MODERN | client.COMPRESS)
        connection.receive(client.frame(b"\0\0\0" + client.frame(b"\x03SELECT 1")[:-3]))
        with self.assertRaises(PeerError) as caught:
            list(connection.events())
        self.assertIn("COMPRESS", str(caught.exception))

    def test_unknown(self):
        """A command that is not known, or that has no byte at all, is declined with 1047."""
        connection = logged_in()
        for payload in (
            b"",
            b"\0",
            b"\x05",
            b"\x0d",
            b"\x1b\2\0",
            b"\xff",
        ):
            event, frames = exchange(connection, payload)
            self.assertIsInstance(event.error, UnknownCommand)
            self.assertEqual(client.read_error(frames[0][1])[:2], (1047, "08S01"))

    def test_no_answer(self):
        """Commands that never get an answer get none, not even an error."""
        connection = logged_in()
        connection.receive(
            client.frame(b"\x19\0\0\0\0") + client.frame(b"\x18\0\0\0\0") + client.frame(b"\x0e")
        )
        self.assertEqual(list(connection.events()), [events.StatementClosed(0), events.PingReceived()])

    def test_quit(self):
        """After the request to quit nothing comes any more."""
        connection = logged_in()
        connection.receive(client.frame(b"\x01") + client.frame(b"\x03select 1"))
        self.assertEqual(list(connection.events()), [events.QuitReceived()])
        connection.receive(client.frame(b"\x03select 1"))
        self.assertEqual((list(connection.events()), connection.waiting), ([], 0))

    def test_order(self):
        """Every command begins at 0."""
        connection = logged_in()
        connection.receive(client.frame(b"\x0e", 1))
        self.assertRaises(OutOfOrder, list, connection.events())
        # The reason is told as the answer to that packet.
        self.assertEqual(client.frames(connection.send(Ok()))[0][0], 2)

    def test_oversized(self):
        """A statement over the limit is declined with 1153, and the connection goes on."""
        connection = logged_in()
        event, frames = exchange(connection, bytes(LIMIT + 1))
        self.assertIsInstance(event.error, PacketTooLarge)
        ((sequence, payload),) = frames
        self.assertEqual((sequence, client.read_error(payload)[:2]), (1, (1153, "08S01")))
        event, _ = exchange(connection, b"\x03" + bytes(LIMIT - 1))
        self.assertEqual(len(event.text), LIMIT - 1)

    def test_oversized_out_of_order(self):
        """A packet over the limit has to be in order, too."""
        connection = logged_in()
        connection.receive(client.frame(bytes(LIMIT + 1), 5))
        self.assertRaises(OutOfOrder, list, connection.events())

    def test_lazy(self):
        """A packet is looked at when the one before it has been answered."""
        connection = logged_in()
        connection.receive(client.frame(b"\x03one") + client.frame(b"\x03two", 9))
        happened = connection.events()
        self.assertEqual(next(happened), events.QueryReceived(b"one"))
        self.assertEqual(client.frames(connection.send(Ok()))[0][0], 1)
        self.assertRaises(OutOfOrder, next, happened)

    def test_long_result(self):
        """The packets of a result are numbered on, round and round; the next answer begins anew."""
        for flags, ends in ((client.MODERN, 2), (client.MODERN | client.DEPRECATE_EOF, 1)):
            connection = logged_in(flags)
            connection.receive(client.frame(b"\x03many"))
            for _ in connection.events():
                result = ResultSet(Rows([Column("n", Kind.INT)], ([number] for number in range(600))))
                frames = client.frames(b"".join(connection.stream(result)))
            self.assertEqual([number for number, _ in frames], [1 + n & 0xFF for n in range(602 + ends)])
            self.assertEqual(exchange(connection, b"\x0e")[1][0][0], 1)


class TableTests(SynchronousTestCase):
    """The table of what may come."""

    def test_every_state(self):
        """There is a row for each state."""
        self.assertEqual(set(EXPECTED), set(State))


class RandomTests(SynchronousTestCase):
    """Whatever comes, an event or the peer's error."""

    def run_through(self, connection, pieces):
        """@return: the events and answers; a L{PeerError} ends them."""
        happened = []
        with contextlib.suppress(PeerError):
            for piece in pieces:
                connection.receive(piece)
                for event in connection.events():
                    happened.append((event, answer(connection, event)))
        return happened

    frames = lists(
        tuples(
            binary(max_size=60)
            | tuples(sampled_from(b"\x01\x02\x03\x04\x09\x0e\x16\x19"), binary()).map(
                lambda parts: bytes([parts[0]]) + parts[1]
            ),
            just(0) | integers(0, 255),
        ).map(lambda parts: client.frame(*parts)),
        max_size=6,
    )

    @given(lists(binary(max_size=100), max_size=6))
    @settings(max_examples=200)
    def test_random_bytes(self, pieces):
        """Random bytes do no harm, at any time."""
        self.run_through(connected(tls=True)[0], pieces)
        self.run_through(logged_in(), pieces)

    @given(frames)
    @settings(max_examples=200)
    def test_random_packets(self, frames):
        """Random packets do no harm, at any time."""
        self.run_through(connected(tls=True)[0], [client.frame(client.login(), 1), *frames])
        self.run_through(logged_in(), frames)

    @given(frames, data())
    def test_any_cut_gives_the_same_events(self, frames, data):
        """Events and answers are the same however the network cuts the stream."""
        stream = b"".join(frames)
        cuts = sorted(data.draw(lists(integers(0, len(stream)), max_size=10)))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        # Errors compare by identity: compare what is told of them.
        seen = [
            [(type(event), sent) for event, sent in self.run_through(logged_in(), pieces)]
            for pieces in (pieces, [stream])
        ]
        self.assertEqual(*seen)
        self.assertTrue(all(isinstance(sent, bytes) for _, sent in chain(*seen)))
