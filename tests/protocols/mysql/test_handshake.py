"""Tests for L{comet.protocols.mysql.handshake}."""

import contextlib

from hypothesis import given
from hypothesis.strategies import binary, booleans, dictionaries, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import PeerError
from comet.protocols.mysql.constants import OFFERED, Capability
from comet.protocols.mysql.handshake import Greeting, HandshakeResponse, requests_tls
from comet.protocols.mysql.replies import Terms
from tests.protocols.mysql import client


def names():
    """@return: a strategy for names without NUL."""
    return text(max_size=30).filter(lambda name: "\0" not in name)


class GreetingTests(SynchronousTestCase):
    """What the server says first."""

    def test_fields(self):
        """A client finds every field at its place."""
        salt = bytes(range(1, 21))
        greeting = Greeting("8.0.40-x", 7, salt, OFFERED, "mysql_native_password")
        (payload,) = greeting.payloads(Terms())
        seen = client.read_greeting(payload)
        self.assertEqual((seen.protocol, seen.version, seen.number), (10, b"8.0.40-x", 7))
        self.assertEqual((seen.salt, seen.plugin), (salt, client.NATIVE))
        self.assertEqual((seen.charset, seen.status), (45, 2))
        self.assertEqual(seen.flags, OFFERED)

    def test_offered(self):
        """Nothing is offered that is not done; LONG_PASSWORD is, lest we are taken for a MariaDB."""
        self.assertTrue(OFFERED & Capability.LONG_PASSWORD)
        for missing in (
            "COMPRESS",
            "SSL",
            "LOCAL_FILES",
            "SESSION_TRACK",
            "PS_MULTI_RESULTS",
        ):
            self.assertFalse(OFFERED & Capability[missing], missing)


class HandshakeResponseTests(SynchronousTestCase):
    """What the client says of itself."""

    @given(
        names(),
        binary(max_size=200),
        names(),
        sampled_from([client.NATIVE, client.SHA2, b"other"]),
        booleans(),
        booleans(),
        dictionaries(text(max_size=9), text(max_size=9), max_size=3),
    )
    def test_fields_come_back(self, user, response, database, plugin, with_db, lenenc, attributes):
        """Every field is read as it was written, in any combination of those that may be left out."""
        flags = client.OLD | client.PLUGIN_AUTH | client.ATTRS
        flags |= (client.WITH_DB if with_db else 0) | (client.LENENC if lenenc else 0)
        pairs = b"".join(client.short(part.encode()) for pair in attributes.items() for part in pair)
        payload = client.login(
            user.encode(), response, flags, database.encode(), plugin, tail=client.short(pairs)
        )
        read = HandshakeResponse.parse(payload, OFFERED)
        self.assertEqual((read.user, read.response, read.plugin), (user, response, plugin.decode()))
        self.assertEqual(read.database, database if with_db else "")
        self.assertEqual(read.attributes, attributes)

    def test_without_plugins(self):
        """A client of old names no plugin, with or without a length in front of its response."""
        read = HandshakeResponse.parse(client.login(b"root", b"r" * 20, client.OLD), OFFERED)
        self.assertEqual((read.user, read.response, read.plugin), ("root", b"r" * 20, ""))
        payload = client.login(flags=0x200)[:32] + b"root\0resp\0"
        self.assertEqual(HandshakeResponse.parse(payload, OFFERED).response, b"resp")

    def test_only_what_is_offered_counts(self):
        """Flags that the greeting did not set are as good as clear, and what they add is ignored."""
        flags = client.MODERN | client.WITH_DB | client.ATTRS
        payload = client.login(b"root", b"x", flags, b"db", tail=b"\xff trailing")
        read = HandshakeResponse.parse(payload, OFFERED & ~Capability.CONNECT_ATTRS)
        self.assertEqual((read.database, read.plugin, read.attributes), ("db", "mysql_native_password", {}))

    def test_cut_off_attributes(self):
        """A client may set the flag for attributes and send none."""
        payload = client.login(flags=client.MODERN | client.ATTRS)
        self.assertEqual(HandshakeResponse.parse(payload, OFFERED).attributes, {})

    def test_too_old(self):
        """A client from before MySQL 4.1 is the peer's error."""
        self.assertRaises(PeerError, HandshakeResponse.parse, client.login(flags=0x8000), OFFERED)

    @given(binary(max_size=120), sampled_from([0, client.OLD, client.MODERN | client.WITH_DB | client.ATTRS]))
    def test_random_bytes(self, data, flags):
        """Whatever arrives is a response or the peer's error."""
        with contextlib.suppress(PeerError):
            HandshakeResponse.parse(flags.to_bytes(4, "little") + data, OFFERED)

    def test_tls_request(self):
        """A request for TLS has the length of the common fields, or of the flags alone, and the flag."""
        request = client.tls_request()
        self.assertTrue(requests_tls(request))
        self.assertTrue(requests_tls(request[:4]))
        self.assertFalse(requests_tls(client.login(flags=client.MODERN)[:32]))
        self.assertFalse(requests_tls(request + b"root\0"))
