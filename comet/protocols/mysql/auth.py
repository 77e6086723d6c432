"""
Proofs that a client knows its password, without the password on the wire.

The server knows the password itself, so it computes the proof as the client does and compares; for
C{caching_sha2_password} that makes every login a fast one, unless somebody wants the full exchange.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html}
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1, sha256

#: How many bytes of salt a proof is made with.
SALT = 20

#: Load balancers log in with a name that begins so, and without a password, to see whether we are here.
HEALTH_CHECK = "haproxy_check"


def make_salt(random: Callable[[int], bytes]) -> bytes:
    """
    @param random: gives that many random bytes.
    @return: a salt of bytes 1 to 127, as there are clients that handle it as a C string of ASCII.
    """
    return bytes(1 + byte % 127 for byte in random(SALT))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def native_proof(password: bytes, salt: bytes) -> bytes:
    """@return: C{SHA1(password) XOR SHA1(salt + SHA1(SHA1(password)))}."""
    once = sha1(password).digest()
    return _xor(once, sha1(salt + sha1(once).digest()).digest())


def caching_sha2_proof(password: bytes, salt: bytes) -> bytes:
    """@return: C{SHA256(password) XOR SHA256(SHA256(SHA256(password)) + salt)}."""
    once = sha256(password).digest()
    return _xor(once, sha256(sha256(once).digest() + salt).digest())


def clear_proof(password: bytes, salt: bytes) -> bytes:
    """@return: the password itself, as a C string."""
    return password + b"\0"


@dataclass(frozen=True, slots=True)
class Plugin:
    """
    A way to prove a password.

    @ivar size: how many bytes a proof has, 0 for any number.
    @ivar success: what the client is sent between a right proof and the OK.
    """

    name: str
    size: int
    prove: Callable[[bytes, bytes], bytes]
    success: bytes = b""


NATIVE = Plugin("mysql_native_password", 20, native_proof)
#: Success is "more data": 3, fast authentication is complete.
CACHING_SHA2 = Plugin("caching_sha2_password", 32, caching_sha2_proof, b"\x01\x03")

#: The password itself. It is asked for within TLS only, and only if the client names this plugin.
CLEAR = Plugin("mysql_clear_password", 0, clear_proof)

#: Those that a greeting may name.
PLUGINS = {plugin.name: plugin for plugin in (NATIVE, CACHING_SHA2)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client answered to a salt."""

    plugin: Plugin
    salt: bytes
    response: bytes = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether the client has no password; some say so with a lone NUL."""
        return self.response in (b"", b"\0")

    @property
    def is_complete(self) -> bool:
        """Whether the response has the length of a proof, right or wrong."""
        return self.plugin.size in (0, len(self.response))

    def shows(self, password: str) -> bool:
        """@return: whether the client knows C{password}, in constant time; an empty one opens nothing."""
        expected = self.plugin.prove(password.encode(), self.salt)
        return hmac.compare_digest(self.response, expected) and bool(password)
