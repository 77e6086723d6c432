"""Tests for TLS on the CometQL port, with real TLS and no sockets."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from OpenSSL.crypto import X509, PKey
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase

from comet.limits import Limits
from comet.protocols.mysql.server import MySQLFactory
from tests.protocols.mysql import client
from tests.protocols.mysql.stub import StubServer


def make_options():
    """@return: what makes the server's TLS, with a certificate signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    today = datetime.datetime(2020, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, today, today.replace(year=2100))
    certificate = builder.sign(key, hashes.SHA256())
    return CertificateOptions(PKey.from_cryptography_key(key), X509.from_cryptography(certificate))


class SwitchingTransport(StringTransport):
    """Starts TLS in the middle of a connection, as Twisted's TCP transport does."""

    plain = None

    def startTLS(self, options):
        self.plain = StringTransport()
        factory = TLSMemoryBIOFactory(options, False, Factory())
        self.protocol = TLSMemoryBIOProtocol(factory, self.protocol, False)
        self.protocol.makeConnection(self.plain)

    def write(self, data):
        if self.plain is None:
            super().write(data)
        else:
            self.protocol.write(data)


class TLSClient:
    """The client's end of TLS."""

    def __init__(self, transport):
        self._transport = transport
        self._tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self._tls.set_connect_state()
        self._handshake()

    def _handshake(self):
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def sending(self):
        """@return: the bytes that are ready to be sent."""
        try:
            return self._tls.bio_read(1 << 20)
        except SSL.WantReadError:
            return b""

    def shake_hands(self):
        """Exchange bytes with the server until TLS stands."""
        while not self._handshake():
            self.pass_on()

    def pass_on(self):
        """Move bytes both ways."""
        if sent := self.sending():
            self._transport.protocol.dataReceived(sent)
        if received := self._transport.plain.value():
            self._transport.plain.clear()
            self._tls.bio_write(received)

    def ask(self, data):
        """@return: what the server answers to C{data}."""
        self._tls.send(data)
        self.pass_on()
        return self._tls.recv(1 << 20)


class TLSTests(SynchronousTestCase):
    """A login inside TLS."""

    options = make_options()

    def setUp(self):
        self.server = StubServer()
        self.factory = MySQLFactory(self.server, Limits(), Clock(), tls=self.options)
        self.protocol = self.factory.buildProtocol(None)
        self.transport = SwitchingTransport()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)
        self.greeting = client.read_greeting(client.payloads(self.transport.value())[0])
        self.transport.clear()

    def log_in(self, tls):
        """The client repeats its login inside TLS and asks something."""
        tls.shake_hands()
        response = client.native(b"secret", self.greeting.salt)
        login = client.login(b"root", response, client.MODERN | client.SSL)
        self.assertEqual(client.frames(tls.ask(client.frame(login, 2))), [(3, b"\0\0\0\x02\0\0\0")])
        rows = client.read_rows(tls.ask(client.frame(b"\x03select 5")))
        self.assertEqual(rows, ([b"n"], [[b"5"]]))
        self.assertEqual(self.transport.value(), b"")

    def test_login(self):
        """A client asks for TLS, shakes hands, and goes on inside."""
        self.assertTrue(self.greeting.flags & client.SSL)
        self.protocol.dataReceived(client.frame(client.tls_request(), 1))
        self.log_in(TLSClient(self.transport))

    def test_what_the_session_knows(self):
        """The session knows the version and the cipher of TLS, as OpenSSL names them."""
        self.protocol.dataReceived(client.frame(client.tls_request(), 1))
        self.log_in(TLSClient(self.transport))
        (session,) = self.server.sessions
        self.assertEqual(session.login.tls, "TLSv1.3")
        self.assertRegex(session.login.cipher, "^TLS_[A-Z0-9_]+$")

    def test_glued_handshake(self):
        """The first bytes of TLS may come in one piece with the request for it."""
        tls = TLSClient(self.transport)
        self.protocol.dataReceived(client.frame(client.tls_request(), 1) + tls.sending())
        self.log_in(tls)

    def test_clear_text_behind_the_request(self):
        """A login in the clear behind the request for TLS is never taken for one inside it."""
        response = client.native(b"secret", self.greeting.salt)
        login = client.frame(client.login(b"root", response), 2)
        self.protocol.dataReceived(client.frame(client.tls_request(), 1) + login)
        self.assertEqual(self.server.sessions, [])
        self.assertTrue(self.transport.plain.disconnecting or self.transport.plain.disconnected)
