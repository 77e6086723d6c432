"""
Compression of WebSocket messages, permessage-deflate (RFC 7692), so that one compressed copy serves all.

Each message is compressed by itself, with the full window, so that what is compressed does not depend on the
connection; a client reads that whether or not it keeps what came before. One that wants less of a window is
not compressed for.

An offer that cannot be taken is declined, whatever is wrong with it (RFC 7692, 7): that connection does
without.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from comet.model import Event
from comet.protocols.frames import WebSocketForm, text_frame
from comet.protocols.inflate import PERMESSAGE_DEFLATE, TAIL

#: What is shorter, in bytes, is not worth it.
SHORTEST_COMPRESSED = 256
#: The bit of a frame that says that its message is compressed (RFC 7692, 6).
RSV1 = 0x40

_HEADER = re.compile(rb"(?i)\r\nsec-websocket-extensions:([^\r\n]*)")
#: The parameters of an offer that we can take, and how they are written (RFC 7692, 7.1): quoted or not. How
#: far a client looks back is no matter to a reader that can follow all the way.
_PARAMETERS = {
    "server_no_context_takeover": re.compile("(?i)server_no_context_takeover"),
    "client_no_context_takeover": re.compile("(?i)client_no_context_takeover"),
    "server_max_window_bits=15": re.compile(r'(?i)server_max_window_bits\s*=\s*("?)15\1'),
    "client_max_window_bits": re.compile(r'(?i)client_max_window_bits(\s*=\s*("?)([89]|1[0-5])\2)?'),
}


def compressed(payload: bytes) -> bytes:
    """@return: C{payload} as the payload of a compressed message."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def deflated_frame(payload: bytes) -> bytes:
    """@return: an unmasked text frame, compressed where that pays."""
    if len(payload) < SHORTEST_COMPRESSED:
        return text_frame(payload)
    frame = text_frame(compressed(payload))
    return bytes((frame[0] | RSV1,)) + frame[1:]


class DeflatedForm(WebSocketForm):
    """A dialect in WebSocket frames that are compressed where that pays."""

    def encode(self, event: Event) -> bytes:
        """See L{Form.encode}."""
        return deflated_frame(self.dialect.encode(event).encode())


def _understood(offer: str) -> str | None:
    """@return: an offer in plain words, if it is one that we can take."""
    name, *parameters = (part.strip() for part in offer.split(";"))
    found = [
        next((plain for plain, pattern in _PARAMETERS.items() if pattern.fullmatch(parameter)), "")
        for parameter in parameters
    ]
    if name.lower() != PERMESSAGE_DEFLATE or "" in found or len(set(found)) < len(found):
        return None
    return "; ".join((PERMESSAGE_DEFLATE, *found))


def sifted(head: bytes) -> bytes:
    """
    Leave of the extensions that a client offers the first that we can take.

    Autobahn would refuse the client because of an offer that it does not like, where the standard asks to
    decline the offer; and because of offers in several headers, which may be (RFC 6455, 11.3.2).

    @param head: a request up to the empty line, or with what comes behind.
    @return: the same, with one header of extensions or none.
    """
    end = head.find(b"\r\n\r\n")
    headers = _HEADER.findall(head, 0, end)
    if not headers:
        return head
    offers = b",".join(headers).decode("latin-1").split(",")
    chosen = next(filter(None, map(_understood, offers)), None)
    kept = _HEADER.sub(b"", head[:end])
    if chosen is not None:
        kept += f"\r\nSec-WebSocket-Extensions: {chosen}".encode()
    return kept + head[end:]


def accept(offers: Sequence[PerMessageDeflateOffer]) -> PerMessageDeflateOfferAccept:
    """
    @param offers: the one that was left.
    @return: our answer.
    """
    return PerMessageDeflateOfferAccept(
        offers[0],
        # A window for each client would be memory for each client.
        request_no_context_takeover=True,
        no_context_takeover=True,
    )
