"""How events travel: the framing of the transports, joined with a dialect into a form."""

from __future__ import annotations

from comet.model import Event, Form
from comet.protocols.dialects.interface import Dialect


def text_frame(payload: bytes) -> bytes:
    """@return: an unmasked text frame with FIN, as a server sends it (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class DialectForm(Form):
    """A dialect in some framing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.acknowledges, self.has_rooms = dialect.acknowledges, dialect.has_rooms

    @property
    def dialect(self) -> Dialect:
        """See L{Form.dialect}."""
        return self._dialect


class WebSocketForm(DialectForm):
    """A dialect in WebSocket frames. A frame from a server has no mask, so all clients get the same bytes."""

    transport = "websocket"

    def encode(self, event: Event) -> bytes:
        """See L{Form.encode}."""
        return text_frame(self._dialect.encode(event).encode())
