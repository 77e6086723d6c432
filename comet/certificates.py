"""Certificates for TLS: a pair of its own for a server that was given none, and a check of any pair."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from comet.config import CannotStart

_LIFE = timedelta(days=3652)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def self_signed(name: str, now: datetime) -> tuple[bytes, bytes]:
    """
    @param name: what the certificate is issued to; this machine by its usual names, too.
    @return: a certificate for ten years and its private key, both in PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A client whose clock is somewhat late shall not refuse it.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(_names(name)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _names(name: str) -> list[x509.GeneralName]:
    hosts = dict.fromkeys([name, "localhost"] if _HOST.fullmatch(name) else ["localhost"])
    return [*map(x509.DNSName, hosts), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def check_pair(certificate: Path, key: Path, now: datetime | None = None) -> None:
    """@raise CannotStart: if these are not PEM files of a certificate, valid now, and of its private key."""
    try:
        issued = x509.load_pem_x509_certificates(_content(certificate))[0]
    except ValueError:
        raise CannotStart(f"{certificate} holds no certificate in PEM") from None
    try:
        private = serialization.load_pem_private_key(_content(key), None)
    except (ValueError, TypeError):
        raise CannotStart(f"{key} holds no private key in PEM without a passphrase") from None
    if private.public_key() != issued.public_key():
        raise CannotStart(f"the private key in {key} is not that of the certificate in {certificate}")
    if issued.not_valid_after_utc < (now or datetime.now(UTC)):
        raise CannotStart(
            f"the certificate in {certificate} was valid until {issued.not_valid_after_utc:%Y-%m-%d}"
        )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CannotStart(f"{file} cannot be read: {error.strerror}") from None
