"""
The key of this process that a client without TLS sends its password under.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import cycle

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The padding that the manual asks for.
PADDING = OAEP(MGF1(SHA1()), SHA1(), None)

#: What is nobody's password, as there is no NUL at its end.
UNREADABLE = b"?"


def make_key() -> RSAPrivateKey:
    """@return: a new key; that takes a good part of a second."""
    return generate_private_key(65_537, 2048)


class LoginKey:
    """An RSA key, made when the first client asks for it, and kept for as long as the process lives."""

    def __init__(
        self, offload: Callable[[Callable[[], RSAPrivateKey]], Awaitable[RSAPrivateKey]] | None = None
    ) -> None:
        """@param offload: runs what takes long elsewhere; without, it is run on the spot."""
        self._offload = offload
        self._private: RSAPrivateKey | None = None

    async def public(self) -> bytes:
        """@return: the public half, as PEM."""
        if self._private is None:
            made = await self._offload(make_key) if self._offload else make_key()
            # Another client may have asked meanwhile; whoever is first decides for all.
            self._private = self._private or made
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def reveal(self, data: bytes, salt: bytes) -> bytes:
        """
        @param data: what a client encrypted for us: its password and a NUL, under the repeated C{salt}.
        @return: password and NUL; L{UNREADABLE} if it was not encrypted so, least of all if it is a password
            in the clear.
        """
        if self._private is None:
            return UNREADABLE
        try:
            masked = self._private.decrypt(data, PADDING)
        except ValueError:
            return UNREADABLE
        return bytes(a ^ b for a, b in zip(masked, cycle(salt), strict=False))
