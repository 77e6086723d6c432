"""Tests for logins in which the password itself is asked for."""

from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.mysql import events
from comet.protocols.mysql.auth import CACHING_SHA2, NATIVE
from comet.protocols.mysql.connection import ServerConnection, State
from comet.protocols.mysql.loginkey import LoginKey, make_key
from comet.protocols.mysql.replies import FULL_AUTHENTICATION, MoreData, Switch
from tests.protocols.mysql import client

PASSWORD = "пароль, which is longer than the salt: 0123456789".encode()
WELCOME = b"\0\0\0\x02\0\0\0"


class FullAuthenticationTests(SynchronousTestCase):
    """The exchange behind 0x01 0x04."""

    key = LoginKey()

    def setUp(self):
        self.pem = self.successResultOf(self.key.public())
        self.connect()

    def connect(self, plugin=CACHING_SHA2, full=True, tls=False, key=None):
        """A client connects, and asks for TLS if C{tls}."""
        self.connection = ServerConnection(
            "8.0.40",
            7,
            lambda size: bytes(range(size)),
            tls=tls,
            plugin=plugin,
            full_authentication=full,
            key=key or self.key,
        )
        self.salt = client.read_greeting(client.payloads(self.connection.greet())[0]).salt
        self.sequence, self.flags = 1, client.MODERN
        if tls:
            self.assertEqual(self.say(client.tls_request()), events.TLSRequested())
            self.connection.start_tls()
            self.flags |= client.SSL

    def say(self, payload):
        """@return: the event that a packet of the client makes."""
        self.connection.receive(client.frame(payload, self.sequence))
        (event,) = self.connection.events()
        self.sequence += 1
        return event

    def hear(self, data):
        """The client takes bytes in which the numbers go on. @return: the payloads."""
        frames = client.frames(data)
        self.assertEqual([n for n, _ in frames], list(range(self.sequence, self.sequence + len(frames))))
        self.sequence += len(frames)
        return [payload for _, payload in frames]

    def say_who(self, response=None, plugin=client.SHA2):
        """@return: the event that the first answer of a client makes."""
        response = client.sha2(PASSWORD, self.salt) if response is None else response
        return self.say(client.login(b"root", response, self.flags, plugin=plugin))

    def check_asked(self, event):
        """The client is asked for its password."""
        self.assertIsInstance(event, events.PasswordNeeded)
        self.assertEqual(self.hear(self.connection.send(FULL_AUTHENTICATION)), [b"\x01\x04"])
        self.assertIs(self.connection.state, State.PASSWORD)

    def check_welcome(self, event):
        """The client has shown its password, and is told nothing but OK."""
        self.assertIsInstance(event, events.LoginReceived)
        self.assertEqual(event.user, "root")
        self.assertTrue(event.proof.shows(PASSWORD.decode()))
        self.assertFalse(event.proof.shows(PASSWORD.decode() + "x"))
        self.assertEqual(self.hear(self.connection.welcome()), [WELCOME])
        self.assertIs(self.connection.state, State.READY)

    def ask_for_key(self):
        """@return: the key that the server gives."""
        self.assertIsInstance(self.say(b"\x02"), events.KeyNeeded)
        ((*head,),) = [self.hear(self.connection.send(MoreData(self.pem)))]
        self.assertEqual(head[0][:28], b"\x01-----BEGIN PUBLIC KEY-----\n")
        return head[0][1:]

    def test_without_tls(self):
        """Without TLS the client asks for the key, and sends its password under it."""
        self.check_asked(self.say_who())
        pem = self.ask_for_key()
        self.check_welcome(self.say(client.veiled(PASSWORD, self.salt, pem)))

    def test_known_key(self):
        """A client that has the key already need not ask for it."""
        self.check_asked(self.say_who())
        self.check_welcome(self.say(client.veiled(PASSWORD, self.salt, self.pem)))

    def test_within_tls(self):
        """Within TLS the client sends its password as it is."""
        self.connect(tls=True)
        self.check_asked(self.say_who())
        self.check_welcome(self.say(PASSWORD + b"\0"))

    def test_after_a_switch(self):
        """The exchange may come after a switch, with the salt of that."""
        self.connect(NATIVE)
        event = self.say_who(b"")
        self.assertIsInstance(event, events.SwitchNeeded)
        (switch,) = self.hear(self.connection.send(Switch(event.plugin, event.salt)))
        _, salt = client.read_switch(switch)
        self.check_asked(self.say(client.sha2(PASSWORD, salt)))
        self.check_welcome(self.say(client.veiled(PASSWORD, salt, self.ask_for_key())))

    def test_no_proof(self):
        """A client whose answer is no proof is asked for its password, whether or not all are."""
        self.connect(full=False)
        event = self.say_who(b"\x01")
        self.hear(self.connection.send(Switch(event.plugin, event.salt)))
        self.check_asked(self.say(b"no proof at all"))
        self.check_welcome(self.say(client.veiled(PASSWORD, event.salt, self.pem)))

    def test_change_of_user(self):
        """A client that wants to be somebody else goes through the exchange once more."""
        self.test_within_tls()
        self.sequence = 0
        change = b"\x11root\0" + client.short(b"") + b"\0\x2d\0" + client.SHA2 + b"\0"
        event = self.say(change)
        self.hear(self.connection.send(Switch(event.plugin, event.salt)))
        self.check_asked(self.say(client.sha2(PASSWORD, event.salt)))
        self.check_welcome(self.say(PASSWORD + b"\0"))

    def test_no_password(self):
        """Who has no password is not asked for it, and shows none."""
        event = self.say_who(b"")
        self.hear(self.connection.send(Switch(event.plugin, event.salt)))
        event = self.say(b"\0")
        self.assertIsInstance(event, events.LoginReceived)
        self.assertTrue(event.proof.is_empty)
        self.assertFalse(event.proof.shows(""))

    def test_wrong_passwords(self):
        """Neither a wrong password, nor one in the clear without TLS, nor any other bytes show anything."""
        other = client.veiled(b"other", self.salt, self.pem)
        foreign = self.successResultOf(LoginKey().public())
        for tls, answers in {
            True: (b"other\0", PASSWORD, b"", b"\0", client.veiled(PASSWORD, self.salt, self.pem)),
            False: (other, client.veiled(PASSWORD, self.salt, foreign), PASSWORD + b"\0", b"", b"x" * 256),
        }.items():
            for answer in answers:
                self.connect(tls=tls)
                self.check_asked(self.say_who())
                event = self.say(answer)
                self.assertIsInstance(event, events.LoginReceived)
                self.assertFalse(event.proof.shows(PASSWORD.decode()))

    def test_unmade_key(self):
        """While nobody has asked for a key, nothing can have come under it, a clear password even less."""
        self.connect(key=LoginKey())
        self.check_asked(self.say_who())
        self.assertFalse(self.say(PASSWORD + b"\0").proof.shows(PASSWORD.decode()))

    def test_clear_plugin(self):
        """Within TLS a client may have the plugin that sends the password as it is."""
        self.connect(NATIVE, tls=True)
        event = self.say_who(b"", client.CLEAR)
        self.assertEqual(event.plugin, client.CLEAR.decode())
        self.hear(self.connection.send(Switch(event.plugin, event.salt)))
        self.check_welcome(self.say(PASSWORD + b"\0"))

    def test_clear_plugin_without_tls(self):
        """Without TLS nobody is asked to send a password as it is."""
        self.assertEqual(self.say_who(b"", client.CLEAR).plugin, client.NATIVE.decode())

    def test_silence(self):
        """A password is not repeated where a proof is shown to people."""
        self.connect(tls=True)
        self.say_who()
        self.assertNotIn("other", repr(self.say(b"other\0")))


class LoginKeyTests(SynchronousTestCase):
    """The key."""

    def test_made_once(self):
        """The key is made elsewhere, when first asked for, and stays; so it does if two ask at once."""
        works = []

        class Work:
            def __init__(self, make):
                works.append(make)

            def __await__(self):
                key = make_key()
                yield
                return key

        key = LoginKey(Work)
        self.assertEqual(works, [])
        first, second = key.public(), key.public()
        for asking in (first, second):
            asking.send(None)
        pems = []
        for asking in (first, second, key.public()):
            with self.assertRaises(StopIteration) as end:
                asking.send(None)
            pems.append(end.exception.value)
        self.assertEqual(len(set(pems)), 1)
        self.assertEqual(works, [make_key, make_key])
