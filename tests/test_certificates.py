"""Tests of certificates."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from comet.certificates import check_pair, self_signed
from comet.config import CannotStart

NOW = datetime.now(UTC)


class SelfSignedTests(SynchronousTestCase):
    """The pair that a server makes for itself."""

    def test_names_and_times(self):
        """The certificate is that of the node and this machine, for ten years."""
        certificate = x509.load_pem_x509_certificate(self_signed("node-1.example", NOW)[0])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["node-1.example", "localhost"])
        self.assertEqual(str(names.get_values_for_type(x509.IPAddress)[0]), "127.0.0.1")
        self.assertEqual(certificate.subject.rfc4514_string(), "CN=node-1.example")
        self.assertGreater(certificate.not_valid_after_utc, NOW + timedelta(days=3650))
        self.assertLess(certificate.not_valid_before_utc, NOW)

    def test_name_that_is_no_host(self):
        """A node may have any name; only one that is a host name stands among those of the machine."""
        certificate = x509.load_pem_x509_certificate(self_signed("узел 1", NOW)[0])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["localhost"])

    def test_openssl_takes_it(self):
        """OpenSSL loads the pair, and a client that trusts the certificate believes the server."""
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate, key = self_signed("comet", NOW)
        (folder / "c.pem").write_bytes(certificate)
        (folder / "k.pem").write_bytes(key)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(folder / "c.pem", folder / "k.pem")
        client = ssl.create_default_context(cafile=folder / "c.pem")
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        left = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
        right = server.wrap_bio(to_server, to_client, server_side=True)
        waiting = [left, right]
        for _ in range(10):
            for each in tuple(waiting):
                try:
                    each.do_handshake()
                    waiting.remove(each)
                except ssl.SSLWantReadError:
                    pass
        self.assertEqual(waiting, [])


class CheckPairTests(SynchronousTestCase):
    """What is no pair."""

    def setUp(self):
        """Write two pairs."""
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        for number in "12":
            certificate, key = self_signed("comet", NOW)
            (self.folder / f"c{number}").write_bytes(certificate)
            (self.folder / f"k{number}").write_bytes(key)

    def refused(self, certificate, key, now=NOW):
        """@return: the sentence."""
        return str(
            self.assertRaises(CannotStart, check_pair, self.folder / certificate, self.folder / key, now)
        )

    def test_pair(self):
        """A pair passes."""
        check_pair(self.folder / "c1", self.folder / "k1", NOW)

    def test_no_pair(self):
        """The key of another certificate is refused."""
        self.assertIn("is not that of the certificate", self.refused("c1", "k2"))

    def test_wrong_files(self):
        """Files that are missing, or hold something else, are named."""
        self.assertIn(f"{self.folder / 'c3'} cannot be read: No such file", self.refused("c3", "k1"))
        self.assertIn(f"{self.folder / 'k3'} cannot be read: No such file", self.refused("c1", "k3"))
        self.assertIn("holds no certificate", self.refused("k1", "k1"))
        self.assertIn("holds no private key", self.refused("c1", "c1"))

    def test_expired(self):
        """A certificate that is over is refused with its last day."""
        late = NOW + timedelta(days=4000)
        self.assertIn(
            f"was valid until {NOW + timedelta(days=3652):%Y-%m-%d}", self.refused("c1", "k1", late)
        )
