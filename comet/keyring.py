"""
The public keys that tokens may be signed for: from a PEM file, and from a JSON Web Key Set (RFC 7517).

A key only ever checks signatures of algorithms made for its kind. Nothing here is a secret, and no secret is
ever taken for a public key: a symmetric key in a set is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from comet.errors import BadValue
from comet.kinds import JWT_ALGORITHMS

#: Algorithms with a secret, and those with a pair of keys.
SYMMETRIC = tuple(name for name in JWT_ALGORITHMS if name.startswith("HS"))
ASYMMETRIC = tuple(name for name in JWT_ALGORITHMS if name not in SYMMETRIC)
#: The most keys of a set or a file that are taken; each may have to be tried.
KEYS_LIMIT = 32
#: RFC 7518, 3.3.
RSA_BITS = 2048

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512", "secp256k1": "ES256K"}
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class PublicKey(NamedTuple):
    """
    A key.

    @ivar kid: what tokens call it, if they call it anything.
    @ivar algorithms: what it checks.
    """

    kid: str | None
    algorithms: frozenset[str]
    key: Any


def algorithms_of(key: Any) -> frozenset[str]:
    """
    @return: what a key can check.
    @raise BadValue: if that is nothing.
    """
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            raise BadValue(f"an RSA key of {key.key_size} bits, at least {RSA_BITS} are needed")
        return frozenset(name for name in ASYMMETRIC if name[:2] in ("RS", "PS"))
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return frozenset((_CURVES[key.curve.name],))
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return frozenset(("EdDSA",))
    raise BadValue("a key of a kind that signs no tokens")


def read_pem(file: Path) -> list[PublicKey]:
    """
    @param file: public keys or certificates, one behind the other.
    @raise BadValue: if there is none in it, or anything else.
    """
    try:
        blocks = list(_PEM.finditer(file.read_bytes()))
    except OSError as error:
        raise BadValue(f"{file} cannot be read: {error.strerror}") from None
    if not 1 <= len(blocks) <= KEYS_LIMIT:
        raise BadValue(f"{file} holds {len(blocks)} PEM blocks; expected 1 to {KEYS_LIMIT} public keys")
    found = []
    for block in blocks:
        try:
            if block[1] == b"CERTIFICATE":
                key: Any = x509.load_pem_x509_certificate(block[0]).public_key()
            else:
                key = load_pem_public_key(block[0])
            found.append(PublicKey(None, algorithms_of(key), key))
        except (ValueError, UnsupportedAlgorithm):
            kind = block[1].decode().lower()
            raise BadValue(f"{file} holds a {kind}; expected public keys or certificates") from None
        except BadValue as error:
            raise BadValue(f"{file}: {error}") from None
    return found


def read_set(text: bytes) -> list[PublicKey]:
    """
    @param text: a JSON Web Key Set. Keys in it that are not for us are passed over (RFC 7517, 5).
    @raise BadValue: if it is none, or holds no key for us.
    """
    try:
        entries = json.loads(text)["keys"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise BadValue("it is no JSON Web Key Set") from None
    if not isinstance(entries, list):
        raise BadValue("it is no JSON Web Key Set")
    found = [key for key in map(_entry, entries) if key is not None][:KEYS_LIMIT]
    if not found:
        raise BadValue("it holds no public key that signs tokens")
    return found


def _entry(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or entry.get("kty") == "oct" or entry.get("use", "sig") != "sig":
        return None
    kid, only = entry.get("kid"), entry.get("alg")
    if not isinstance(kid, str | None) or not isinstance(only, str | None):
        return None
    try:
        key = jwt.PyJWK(entry).key
        key = key.public_key() if hasattr(key, "private_bytes") else key
        algorithms = algorithms_of(key)
    except (jwt.PyJWTError, BadValue, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    algorithms = algorithms if only is None else algorithms & {only}
    return PublicKey(kid, algorithms, key) if algorithms else None


class KeyRing:
    """
    The keys that count now: those of a file, for good, and those of a set, until it is learned anew.

    @ivar fetch: fetches the set, unless it was fetched just now; C{None} if there is none to fetch.
    """

    def __init__(self, own: Sequence[PublicKey] = ()) -> None:
        self.fetch: Callable[[], Awaitable[None]] | None = None
        self._own = tuple(own)
        self._learned: tuple[PublicKey, ...] = ()

    def learn(self, keys: Sequence[PublicKey]) -> None:
        """Take the keys of a set in place of those learned before."""
        self._learned = tuple(keys)

    def fitting(self, kid: str | None, algorithm: str) -> Iterator[Any]:
        """@return: the keys that may have signed a token with that header."""
        for each in (*self._learned, *self._own):
            if algorithm in each.algorithms and (kid is None or each.kid in (None, kid)):
                yield each.key

    def lacks(self, kid: str | None) -> bool:
        """@return: whether the set, fetched again, might hold a key that the ring has not."""
        if self.fetch is None:
            return False
        return not self._learned or (kid is not None and all(each.kid != kid for each in self._learned))
