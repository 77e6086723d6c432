"""Tests for L{comet.bench.mysql}: its login, beside the server's half of it."""

from twisted.trial.unittest import SynchronousTestCase

from comet.bench.mysql import Login, Packets, Refused, check, packet
from comet.errors import LoginRefused
from comet.protocols.mysql import events
from comet.protocols.mysql.auth import CACHING_SHA2, NATIVE
from comet.protocols.mysql.connection import ServerConnection
from comet.protocols.mysql.replies import Err, Switch


def log_in(plugin, password, database="CometQL_v1"):
    """@return: what the server knows of a client of the load, once that is in."""
    connection = ServerConnection("8.0.40-x", 7, lambda size: bytes(range(1, size + 1)), plugin=plugin)
    login, packets, known = Login("root", password, database), Packets(), None
    packets.feed(connection.greet())
    while (answer := login.answer(packets.take(), packets.sequence)) is not None:
        connection.receive(answer)
        for event in connection.events():
            match event:
                case events.SwitchNeeded(wanted, salt):
                    packets.feed(connection.send(Switch(wanted, salt)))
                case events.LoginReceived(proof=proof):
                    known = event
                    no = Err.of(LoginRefused("Access denied"))
                    packets.feed(connection.welcome() if proof.shows("right") else connection.send(no))
    return known


class LoginTests(SynchronousTestCase):
    """A client of the load and the server's half of the protocol."""

    def test_a_right_password(self):
        """It is let in, as who and where it wants, also by a server that would rather have another proof."""
        for plugin in (NATIVE, CACHING_SHA2):
            for database in ("CometQL_v1", ""):
                known = log_in(plugin, "right", database)
                self.assertEqual((known.user, known.database), ("root", database))

    def test_a_wrong_password(self):
        """The error has the number and the words of the server."""
        with self.assertRaisesRegex(Refused, "error 1045: .*Access denied"):
            log_in(NATIVE, "wrong")

    def test_refused_at_the_door(self):
        """A server that is full says so in the place of a greeting, without an SQLSTATE."""
        with self.assertRaisesRegex(Refused, "error 1040: too many"):
            Login("root", "").answer(b"\xff\x10\x04too many", 0)

    def test_proofs_that_it_does_not_know(self):
        """A server that wants another proof is told apart, and so is what is no MySQL."""
        login = Login("root", "secret")
        with self.assertRaisesRegex(Refused, "not understood"):
            login.answer(b"HTTP/1.1", 0)
        login.answer(b"\x0a8.0\0" + bytes(40) + b"\0", 0)
        with self.assertRaisesRegex(Refused, "wants client_ed25519"):
            login.answer(b"\xfeclient_ed25519\0" + bytes(20), 2)


class PacketTests(SynchronousTestCase):
    """Packets in a stream."""

    def test_any_cut(self):
        """They are found however the network cuts the stream, each with its number."""
        stream = packet(b"one", 1) + packet(b"", 2) + packet(b"three", 3)
        for cut in range(len(stream)):
            packets, found = Packets(), []
            for piece in (stream[:cut], stream[cut:]):
                packets.feed(piece)
                while (payload := packets.take()) is not None:
                    found.append((packets.sequence, payload))
            self.assertEqual(found, [(1, b"one"), (2, b""), (3, b"three")])

    def test_check(self):
        """What is expected passes."""
        check(b"\0\1\0", True)
        with self.assertRaises(Refused):
            check(b"\1", False)
