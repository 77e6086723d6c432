"""TLS for the listeners: certificate and key become what a transport is wrapped in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

from comet.config import CannotStart

#: Of TLS 1.2, for browsers: keys that are forgotten, and encryption that notices changes. All browsers know
#: these; TLS 1.3 has no others.
BROWSER_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
#: Drivers of databases are sometimes older: what is weaker comes last, and nothing is open to everybody.
BACKEND_CIPHERS = BROWSER_CIPHERS + b":ECDHE+AES:RSA+AESGCM:RSA+AES:!aNULL"
#: What browsers may speak in TLS (RFC 7301).
BROWSER_PROTOCOLS = (b"http/1.1",)


def make_context(
    certificate: Path, key: Path, ciphers: bytes, protocols: Sequence[bytes] = ()
) -> SSL.Context:
    """
    @param certificate: a PEM file with the certificate and, behind it, its chain.
    @param key: a PEM file with its private key.
    @param ciphers: those of TLS 1.2, as OpenSSL writes them.
    @param protocols: what may be negotiated (ALPN).
    @return: TLS 1.2 and later, with these.
    """
    first, *chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)

    def select(connection: SSL.Connection, offered: Sequence[bytes]) -> object:
        # Without one in common it goes on without: not every offer is meant.
        return next((each for each in protocols if each in offered), SSL.NO_OVERLAPPING_PROTOCOLS)

    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
    # Tens of thousands of connections are idle most of the time.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_alpn_select_callback(select)  # type: ignore[arg-type]
    context.use_certificate(first)
    for each in chain:
        context.add_extra_chain_cert(each)
    context.use_privatekey(private)  # type: ignore[arg-type]
    context.check_privatekey()
    # Last, as it makes a connection, after which a context shall not be changed.
    context.set_cipher_list(ciphers)
    return context


@implementer(IOpenSSLContextFactory)
class Current:
    """The context that new connections get; those that are open keep theirs."""

    def __init__(self, context: SSL.Context) -> None:
        self.context = context

    def getContext(self) -> SSL.Context:
        """Called by Twisted for each connection."""
        return self.context


class ServerTls:
    """
    The certificate of the server, which may be replaced while it runs.

    @ivar browsers: TLS of the browser port.
    @ivar backends: TLS of the CometQL port.
    """

    def __init__(self, pair: Callable[[], tuple[Path, Path]]) -> None:
        """
        @param pair: finds the files of certificate and key, and checks them.
        @raise CannotStart: if they are no good.
        """
        self._pair = pair
        browsers, backends = self._read()
        self.browsers, self.backends = Current(browsers), Current(backends)

    def reload(self) -> None:
        """
        Read both files again, for new connections.

        @raise CannotStart: if they are no good; then nothing has changed.
        """
        self.browsers.context, self.backends.context = self._read()

    def _read(self) -> tuple[SSL.Context, SSL.Context]:
        certificate, key = self._pair()
        try:
            return (
                make_context(certificate, key, BROWSER_CIPHERS, BROWSER_PROTOCOLS),
                make_context(certificate, key, BACKEND_CIPHERS),
            )
        except (SSL.Error, OSError, ValueError, TypeError) as error:
            raise CannotStart(f"{certificate} and {key} are of no use for TLS: {error}") from None
