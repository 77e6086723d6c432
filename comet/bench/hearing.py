"""
What a browser of the load hears: frames are walked over, and of a message no more is read than when it left.

A message of ours has L{MARK} and a moment somewhere in its text, wherever the dialect puts it.
"""

from __future__ import annotations

from collections.abc import Callable

MARK = b"at:"
#: How many digits a moment has: nanoseconds of a clock that all processes of a machine share.
DIGITS = 20
#: A message cannot be shorter.
LEAST = len(MARK) + DIGITS
#: A frame that claims to be longer is not waited for.
LONGEST = 1 << 22
_TEXT, _CLOSE, _PING = 1, 8, 9


class Dropped(Exception):
    """The server has ended a connection; C{str(error)} says how."""


class Ear:
    """
    Counts the messages that come to one browser.

    @ivar mark: what to wait for; C{None} once it has come.
    """

    __slots__ = ("_held", "mark")

    def __init__(self, mark: bytes, held: bytes = b"") -> None:
        """@param held: what has come already."""
        self.mark: bytes | None = mark or None
        self._held = held

    def hear(self, data: bytearray, size: int, found: Callable[[int], object]) -> tuple[int, list[bytes]]:
        """
        Some bytes have come.

        @param data: begins with them; not kept.
        @param size: how many they are.
        @param found: called with the moment when each message left.
        @return: how many messages there were, and what pings want to have back.
        @raise Dropped: if the server says goodbye, or something that is no frame.
        """
        if self._held:
            data = bytearray(self._held) + data[:size]
            size, self._held = len(data), b""
        at = count = 0
        pings: list[bytes] = []
        while (start := _payload(data, at, size)) is not None and start[1] <= size:
            kind, (begin, end) = data[at] & 15, start
            if kind <= _TEXT:
                if self.mark is not None and data.find(self.mark, begin, end) >= 0:
                    self.mark = None
                if (place := data.find(MARK, begin, end)) >= 0:
                    place += len(MARK)
                    found(int(data[place : place + DIGITS]))
                    count += 1
            elif kind == _PING:
                pings.append(bytes(data[begin:end]))
            elif kind == _CLOSE:
                raise Dropped(_goodbye(data[begin:end]))
            at = end
        if at < size:
            self._held = bytes(data[at:size])
        return count, pings


def _payload(data: bytearray, at: int, size: int) -> tuple[int, int] | None:
    """@return: where the payload of the frame at C{at} begins and ends, if its header is here."""
    if size - at < 2:
        return None
    if data[at] & 0x70 or data[at + 1] & 0x80:
        raise Dropped("sends what is compressed, or no WebSocket")
    begin, length = at + 2, data[at + 1] & 0x7F
    if length > 125:
        more = 2 if length == 126 else 8
        begin += more
        if begin > size:
            return None
        length = int.from_bytes(data[begin - more : begin], "big")
    if length > LONGEST:
        raise Dropped("sends what is too long")
    return begin, begin + length


def _goodbye(payload: bytearray) -> str:
    reason = payload[2:].decode("utf-8", "replace")
    return f"closed with {int.from_bytes(payload[:2], 'big') or 'no code'}" + (
        f": {reason}" if reason else ""
    )
