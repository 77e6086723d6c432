"""TLS for the listeners: certificate and key become what a transport is wrapped in."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL.crypto import X509, PKey
from twisted.internet.ssl import CertificateOptions, TLSVersion


def context_factory(certificate: Path, key: Path) -> CertificateOptions:
    """
    @param certificate: a PEM file with the certificate and, behind it, its chain.
    @param key: a PEM file with its private key.
    @return: TLS 1.2 and later, with these.
    """
    first, *chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)
    options: CertificateOptions = CertificateOptions(
        privateKey=PKey.from_cryptography_key(private),  # type: ignore[arg-type]
        certificate=X509.from_cryptography(first),
        extraCertChain=[X509.from_cryptography(each) for each in chain],
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )
    return options
