"""
Compression of WebSocket messages, permessage-deflate (RFC 7692), so that one compressed copy serves all.

Each message is compressed by itself, with the full window, so that what is compressed does not depend on the
connection; a client reads that whether or not it keeps what came before. One that wants less of a window is
not compressed for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from comet.model import Event
from comet.protocols.frames import WebSocketForm, text_frame

#: What is shorter, in bytes, is not worth it.
SHORTEST_COMPRESSED = 256
#: The bit of a frame that says that its message is compressed (RFC 7692, 6).
RSV1 = 0x40
#: The end of a block that is left out (RFC 7692, 7.2.1).
_TAIL = b"\x00\x00\xff\xff"


def compressed(payload: bytes) -> bytes:
    """@return: C{payload} as the payload of a compressed message."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


class DeflatedForm(WebSocketForm):
    """A dialect in WebSocket frames that are compressed where that pays."""

    def encode(self, event: Event) -> bytes:
        """See L{Form.encode}."""
        payload = self.dialect.encode(event).encode()
        if len(payload) < SHORTEST_COMPRESSED:
            return text_frame(payload)
        frame = text_frame(compressed(payload))
        return bytes((frame[0] | RSV1,)) + frame[1:]


def accept(offers: Iterable[Any]) -> PerMessageDeflateOfferAccept | None:
    """@return: what we take of the offers of a client, if there is one that we can take."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer) and offer.request_max_window_bits in (0, zlib.MAX_WBITS):
            return PerMessageDeflateOfferAccept(
                offer,
                # A window for each client would be memory for each client.
                request_no_context_takeover=offer.accept_no_context_takeover,
                no_context_takeover=True,
            )
    return None
