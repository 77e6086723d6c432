"""
The first packets: the greeting of the server, the client's request for TLS and its handshake response.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from comet.errors import PeerError
from comet.protocols.mysql.codec import Fields
from comet.protocols.mysql.constants import UTF8MB4, Capability
from comet.protocols.mysql.replies import Reply, Terms

#: Capabilities, longest packet, character set and 23 reserved bytes; Racket sends the capabilities alone.
TLS_REQUEST_SIZES = (32, 4)

_PROTOCOL_VERSION = b"\x0a"


@dataclass(frozen=True, slots=True)
class Greeting(Reply):
    """What the server says first."""

    version: str
    connection_id: int
    salt: bytes
    capabilities: Capability
    plugin: str

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        capabilities = self.capabilities.to_bytes(4, "little")
        yield b"".join(
            (
                _PROTOCOL_VERSION,
                self.version.encode() + b"\0",
                (self.connection_id & 0xFFFFFFFF).to_bytes(4, "little"),
                self.salt[:8] + b"\0",
                capabilities[:2],
                bytes((UTF8MB4,)),
                terms.status.to_bytes(2, "little"),
                capabilities[2:],
                bytes((len(self.salt) + 1,)),
                bytes(10),
                self.salt[8:] + b"\0",
                self.plugin.encode() + b"\0",
            )
        )


def requests_tls(payload: bytes) -> bool:
    """@return: whether a client's first packet is a request to go on inside TLS."""
    wanted = int.from_bytes(payload[:4], "little")
    return len(payload) in TLS_REQUEST_SIZES and bool(wanted & Capability.SSL)


@dataclass(frozen=True, slots=True)
class HandshakeResponse:
    """
    What a client says of itself.

    @ivar capabilities: those that both sides have set.
    @ivar plugin: how C{response} was made; empty if the client does not say.
    @ivar collation: the number of one of its character set; 0 if the client does not say.
    """

    capabilities: Capability
    user: str
    response: bytes
    database: str = ""
    plugin: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    collation: int = 0

    @classmethod
    def parse(cls, payload: bytes, offered: Capability) -> HandshakeResponse:
        """
        @param offered: the capabilities in the greeting.
        @raise PeerError: if this is no handshake response. Bytes after its last field are ignored, as there
            are clients that send attributes which nobody has asked for.
        """
        fields = Fields(payload)
        shared = Capability(fields.integer(4)) & offered
        if not shared & Capability.PROTOCOL_41:
            raise PeerError("Client does not support the protocol of MySQL 4.1 and later")
        fields.take(4)  # longest packet
        collation = fields.integer(1)
        fields.take(23)  # reserved
        user = _text(fields.until_nul())
        response = _response(fields, shared)
        database = _text(fields.until_nul()) if shared & Capability.CONNECT_WITH_DB else ""
        plugin = _text(fields.until_nul()) if shared & Capability.PLUGIN_AUTH else ""
        attributes = _attributes(fields) if shared & Capability.CONNECT_ATTRS and fields.left else {}
        return cls(shared, user, response, database, plugin, attributes, collation)

    @classmethod
    def parse_change(cls, payload: bytes, shared: Capability) -> HandshakeResponse:
        """
        @param payload: of a COM_CHANGE_USER, which says the same in another order.
        @param shared: the capabilities that both sides have set.
        @raise PeerError: if it is none.
        """
        fields = Fields(payload)
        fields.take(1)
        user = _text(fields.until_nul())
        secure = shared & Capability.SECURE_CONNECTION
        response = fields.take(fields.integer(1)) if secure else fields.until_nul()
        database = _text(fields.until_nul())
        collation = fields.integer(2) if fields.left > 1 else 0
        plugin = _text(fields.until_nul()) if shared & Capability.PLUGIN_AUTH else ""
        return cls(shared, user, response, database, plugin, collation=collation)


def _response(fields: Fields, shared: Capability) -> bytes:
    if shared & Capability.PLUGIN_AUTH_LENENC:
        return fields.lenenc_bytes()
    if shared & Capability.SECURE_CONNECTION:
        return fields.take(fields.integer(1))
    return fields.until_nul()


def _attributes(fields: Fields) -> dict[str, str]:
    inner = Fields(fields.lenenc_bytes())
    attributes = {}
    while inner.left:
        name = _text(inner.lenenc_bytes())
        attributes[name] = _text(inner.lenenc_bytes())
    return attributes


def _text(data: bytes) -> str:
    # No name that exists has a replacement character in it, so a name that is not UTF-8 matches none.
    return data.decode("utf-8", "replace")
