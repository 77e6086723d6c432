"""
What browsers have compressed, permessage-deflate (RFC 7692, 7.2.2), read back within bounds.

Clients are told to begin each message anew, so what it takes to read one is given up when it ends: a
connection that is silent keeps no window.
"""

from __future__ import annotations

import zlib
from typing import Any, NoReturn

from autobahn.exception import PayloadCorruptError, PayloadExceededError

#: The name of the extension.
PERMESSAGE_DEFLATE = "permessage-deflate"
#: The end of a message that is not sent (7.2.1).
TAIL = b"\x00\x00\xff\xff"
#: A last block with nothing in it: it can only stand where a block may begin.
_END = b"\x03\x00"
#: A message may call a block the last, and go on with another (7.2.1); so many times at the most.
STREAMS = 100


class Inflater:
    """
    Reads the messages of one connection; Autobahn calls it.

    What comes of a message behind its first fault is passed over, so that the connection can be closed in an
    orderly way.
    """

    EXTENSION_NAME = PERMESSAGE_DEFLATE

    def __init__(self) -> None:
        #: What reads the message; C{None} between two, and behind a fault.
        self._stream: Any = None
        self._streams = 0

    def start_decompress_message(self) -> None:
        """A message begins."""
        self._stream, self._streams = zlib.decompressobj(wbits=-zlib.MAX_WBITS), 1

    def decompress_message_data(self, data: bytes, max_output_len: int) -> bytes:
        """
        A piece of the message is here.

        @param max_output_len: so many bytes the message may still have.
        @return: what it says.
        @raise PayloadExceededError: if that is longer.
        @raise PayloadCorruptError: if it cannot be read.
        """
        found, left = [], max_output_len
        while data and self._stream is not None:
            if self._stream.eof:
                self._go_on()
            # One more than is allowed, so that it shows; 0 would mean any number.
            found.append(self._read(data, max(left, 0) + 1))
            left -= len(found[-1])
            if left < 0:
                self._stream = None
                raise PayloadExceededError(f"more than the {max_output_len} bytes that are left")
            data = self._stream.unused_data
        return b"".join(found)

    def end_decompress_message(self) -> None:
        """
        The message ends.

        @raise PayloadCorruptError: if it ends within a block.
        """
        stream = self._stream
        if stream is not None and not stream.eof:
            rest = self._read(TAIL + _END, 1)
            if rest or not stream.eof:
                self._fail("the message ends within a block")
        self._stream = None

    def _go_on(self) -> None:
        self._streams += 1
        if self._streams > STREAMS:
            self._fail(f"more than {STREAMS} last blocks in one message")
        self._stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)

    def _read(self, data: bytes, longest: int) -> bytes:
        try:
            found: bytes = self._stream.decompress(data, longest)
        except zlib.error as error:
            self._fail(str(error))
        return found

    def _fail(self, reason: str) -> NoReturn:
        self._stream = None
        raise PayloadCorruptError(reason)
