"""Tests for L{comet.protocols.tls}: two ends of TLS over memory."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from comet.certificates import check_pair, self_signed
from comet.config import CannotStart
from comet.protocols.tls import ServerTls


class Echo(Protocol):
    """Says the same."""

    def dataReceived(self, data):
        self.transport.write(data)


class Client:
    """A client that trusts anybody, and wants to know whom."""

    def __init__(self, current, setup=lambda context: None):
        self.clock = Clock()
        factory = TLSMemoryBIOFactory(current, False, Factory.forProtocol(Echo), self.clock)
        self.protocol, self.wire = factory.buildProtocol(None), StringTransport()
        self.protocol.makeConnection(self.wire)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        setup(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.work(self.tls.do_handshake)

    def work(self, step):
        """Do something for which bytes may have to come and go. @return: what it gives."""
        for _ in range(10):
            try:
                return step()
            except ssl.SSLWantReadError:
                self.protocol.dataReceived(self.outgoing.read())
                self.incoming.write(self.wire.value())
                self.wire.clear()
        raise AssertionError("no end of the handshake")

    def echo(self, text):
        """@return: what the server makes of it."""
        self.tls.write(text)
        self.protocol.dataReceived(self.outgoing.read())
        self.clock.advance(0)
        self.incoming.write(self.wire.value())
        return self.work(lambda: self.tls.read(len(text)))

    @property
    def certificate(self):
        """The name of the server."""
        found = x509.load_der_x509_certificate(self.tls.getpeercert(True))
        return found.subject.rfc4514_string()


class ServerTlsTests(SynchronousTestCase):
    """A certificate that is replaced."""

    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.pair = self.folder / "certificate.pem", self.folder / "key.pem"
        self.write("first")
        self.tls = ServerTls(self.find)

    def find(self):
        check_pair(*self.pair)
        return self.pair

    def write(self, name):
        for file, content in zip(self.pair, self_signed(name, datetime.now(UTC)), strict=True):
            file.write_bytes(content)

    def test_the_interface(self):
        """Twisted takes it for TLS of either kind of port."""
        verifyObject(IOpenSSLContextFactory, self.tls.browsers)
        verifyObject(IOpenSSLContextFactory, self.tls.backends)

    def test_new_connections_see_the_new_certificate(self):
        """On both ports, while the old ones go on with theirs."""
        for port in (self.tls.browsers, self.tls.backends):
            self.write("first")
            self.tls.reload()
            old = Client(port)
            self.write("second")
            self.assertEqual(Client(port).certificate, "CN=first")
            self.tls.reload()
            self.assertEqual(Client(port).certificate, "CN=second")
            self.assertEqual((old.certificate, old.echo(b"still here")), ("CN=first", b"still here"))

    def test_a_broken_pair_is_refused(self):
        """With the reason, and the old one stays."""
        key = self.pair[1].read_bytes()
        self.write("second")
        self.pair[1].write_bytes(key)
        error = self.assertRaises(CannotStart, self.tls.reload)
        self.assertIn("is not that of the certificate", str(error))
        self.pair[0].unlink()
        self.assertRaises(CannotStart, self.tls.reload)
        self.assertEqual(Client(self.tls.browsers).certificate, "CN=first")

    def test_a_pair_that_openssl_does_not_take(self):
        """Is refused in a sentence, too, though the check before it has nothing against it."""
        self.pair[0].write_text("nothing")
        tls = self.assertRaises(CannotStart, ServerTls, lambda: self.pair)
        self.assertIn("of no use for TLS", str(tls))

    def test_browsers_negotiate_http(self):
        """1.1 and nothing else; who offers something else, or a MySQL client, gets no answer to that."""
        client = Client(self.tls.browsers, lambda context: context.set_alpn_protocols(["h2", "http/1.1"]))
        self.assertEqual(client.tls.selected_alpn_protocol(), "http/1.1")
        client = Client(self.tls.backends, lambda context: context.set_alpn_protocols(["h2", "http/1.1"]))
        self.assertIsNone(client.tls.selected_alpn_protocol())
        client = Client(self.tls.browsers, lambda context: context.set_alpn_protocols(["h2"]))
        self.assertIsNone(client.tls.selected_alpn_protocol())

    def test_versions_and_ciphers(self):
        """TLS 1.2 with keys that are forgotten, and 1.3; neither what is older nor what is weaker."""

        def only_tls_1_2(context):
            context.maximum_version = ssl.TLSVersion.TLSv1_2

        def weak(context):
            only_tls_1_2(context)
            context.set_ciphers("ECDHE+AES128+SHA256:AES128-GCM-SHA256:@SECLEVEL=0")

        def old(context):
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1

        self.assertEqual(Client(self.tls.browsers).tls.version(), "TLSv1.3")
        self.assertIn("GCM", Client(self.tls.browsers, only_tls_1_2).tls.cipher()[0])
        for setup in (weak, old):
            self.assertRaises(ssl.SSLError, Client, self.tls.browsers, setup)
