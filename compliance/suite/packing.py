"""Ways in which a client may compress the pieces of a message, so that they can be cut (RFC 7692, 7.2)."""

from __future__ import annotations

import zlib
from collections.abc import Callable

#: The end of a message that is not sent (7.2.1).
TAIL = b"\x00\x00\xff\xff"
#: What is left of an empty block then.
EMPTY = b"\x00"

Packer = Callable[[list[bytes]], list[bytes]]


def _flushed(packer: zlib._Compress, pieces: list[bytes]) -> list[bytes]:
    packed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    packed[-1] = packed[-1].removesuffix(TAIL) or EMPTY
    return packed


def in_blocks(pieces: list[bytes]) -> list[bytes]:
    """@return: the pieces, compressed as usual."""
    return _flushed(zlib.compressobj(wbits=-15), pieces)


def stored(pieces: list[bytes]) -> list[bytes]:
    """@return: the same in blocks without compression."""
    return _flushed(zlib.compressobj(0, wbits=-15), pieces)


def narrow(pieces: list[bytes]) -> list[bytes]:
    """@return: the same with the smallest window that zlib has."""
    return _flushed(zlib.compressobj(wbits=-9), pieces)


def with_last_blocks(pieces: list[bytes]) -> list[bytes]:
    """@return: the same, each piece a block that says it is the last, and an empty block behind."""
    packed = []
    for piece in pieces:
        packer = zlib.compressobj(wbits=-15)
        packed.append(packer.compress(piece) + packer.flush())
    packed[-1] += EMPTY
    return packed


def leaning(pieces: list[bytes]) -> list[bytes]:
    """@return: the same for a reader that remembers a message that was the same."""
    return _flushed(zlib.compressobj(wbits=-15, zdict=b"".join(pieces)), pieces)


def broken_off(pieces: list[bytes]) -> list[bytes]:
    """@return: the same without the end."""
    packed = in_blocks(pieces)
    return [*packed[:-1], packed[-1][:-2]]


def packed(text: bytes) -> bytes:
    """@return: a whole message, compressed."""
    return in_blocks([text])[0]
