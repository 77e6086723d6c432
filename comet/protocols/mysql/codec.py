"""
Integers and strings as MySQL packs them.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html}
"""

from __future__ import annotations

from comet.errors import PeerError

#: NULL, where a string would begin with its length.
NULL = b"\xfb"

#: The first byte of a longer integer, and how many bytes follow it.
_SIZES = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def lenenc_int(number: int) -> bytes:
    """@return: C{number} in one, three, four or nine bytes."""
    if number < 251:
        return number.to_bytes(1, "little")
    if number < 1 << 16:
        return b"\xfc" + number.to_bytes(2, "little")
    if number < 1 << 24:
        return b"\xfd" + number.to_bytes(3, "little")
    return b"\xfe" + number.to_bytes(8, "little")


def lenenc_bytes(data: bytes) -> bytes:
    """@return: C{data} with its length in front."""
    return lenenc_int(len(data)) + data


class Fields:
    """Reads the fields of one payload, front to back; one that is not there is the peer's error."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """@return: the next C{size} bytes."""
        start = self._at
        end = start + size
        if end > len(self._data):
            raise PeerError(f"malformed packet: {size} bytes announced, {self.left} left")
        self._at = end
        return self._data[start:end]

    def integer(self, size: int) -> int:
        """@return: the next C{size} bytes as a number without sign."""
        return int.from_bytes(self.take(size), "little")

    def lenenc_int(self) -> int:
        """@return: the next number of variable length."""
        first = self.integer(1)
        if first < 251:
            return first
        if first not in _SIZES:
            raise PeerError(f"malformed packet: no number begins with 0x{first:02x}")
        return self.integer(_SIZES[first])

    def lenenc_bytes(self) -> bytes:
        """@return: the next string that has its length in front."""
        start, data = self._at, self._data
        # Most strings are short and whole.
        if start < len(data) and (size := data[start]) < 251 and start + size < len(data):
            self._at = start + size + 1
            return data[start + 1 : self._at]
        return self.take(self.lenenc_int())

    def until_nul(self) -> bytes:
        """@return: what comes before the next NUL, which is skipped, or before the end."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            return self.take(self.left)
        start, self._at = self._at, end + 1
        return self._data[start:end]
