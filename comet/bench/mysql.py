"""
A MySQL client of the least work, so that it is the server that is measured: packets, without a socket.

It logs in with C{mysql_native_password}, and knows of an answer whether it is OK.
U{https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html}
"""

from __future__ import annotations

from comet.protocols.mysql.auth import native_proof

#: CONNECT_WITH_DB, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH.
_CAPABILITIES = 1 << 3 | 1 << 9 | 1 << 15 | 1 << 19
_PLUGIN = b"mysql_native_password\0"
_HEADER = 4
OK, EOF, ERROR = 0x00, 0xFE, 0xFF


class Refused(Exception):
    """The server answered with an error, or with what we do not understand."""


def packet(payload: bytes, sequence: int = 0) -> bytes:
    """@return: C{payload} with its header."""
    return len(payload).to_bytes(3, "little") + bytes((sequence,)) + payload


def query(statement: str) -> bytes:
    """@return: the packet of a statement."""
    return packet(b"\x03" + statement.encode())


class Packets:
    """Takes bytes as they come, and gives payloads."""

    __slots__ = ("_buffer", "sequence")

    def __init__(self) -> None:
        self._buffer = b""
        #: That of the last packet.
        self.sequence = 0

    def feed(self, data: bytes) -> None:
        """Some bytes have come."""
        self._buffer += data

    def take(self) -> bytes | None:
        """@return: the payload of the next packet, if it is here."""
        buffer = self._buffer
        end = _HEADER + int.from_bytes(buffer[:3], "little")
        if len(buffer) < end or len(buffer) < _HEADER:
            return None
        self.sequence = buffer[3]
        self._buffer = buffer[end:]
        return buffer[_HEADER:end]


class Login:
    """Proves a password to a server, one answer after the other."""

    def __init__(self, user: str, password: str, database: str = "") -> None:
        self._user, self._password, self._database = user.encode(), password.encode(), database.encode()
        self._greeted = False

    def answer(self, payload: bytes, sequence: int) -> bytes | None:
        """
        @param payload: what the server says.
        @return: the packet to send; C{None} if we are in.
        @raise Refused: if we are not.
        """
        check(payload, payload[:1] in (b"\0", b"\xfe") if self._greeted else payload[:1] == b"\n")
        if not self._greeted and payload[0] == 10:
            self._greeted = True
            return packet(self._response(payload), sequence + 1)
        if payload[0] == OK:
            return None
        plugin, _, salt = payload[1:].partition(b"\0")
        if plugin + b"\0" != _PLUGIN:
            raise Refused(f"the server wants {plugin.decode('latin-1')}, we know mysql_native_password only")
        return packet(native_proof(self._password, salt.rstrip(b"\0")), sequence + 1)

    def _response(self, greeting: bytes) -> bytes:
        # Behind the version: connection id, 8 bytes of salt, 19 other bytes, the other 12 bytes of salt.
        start = greeting.index(b"\0") + 1 + 4
        proof = native_proof(self._password, greeting[start : start + 8] + greeting[start + 27 : start + 39])
        capabilities = _CAPABILITIES if self._database else _CAPABILITIES & ~8
        return b"".join(
            (
                capabilities.to_bytes(4, "little"),
                (1 << 24).to_bytes(4, "little"),
                bytes((45,)),
                bytes(23),
                self._user + b"\0",
                bytes((len(proof),)) + proof,
                self._database + b"\0" if self._database else b"",
                _PLUGIN,
            )
        )


def check(payload: bytes, expected: bool) -> None:
    """@raise Refused: if the server answered with an error, or not with what was C{expected}."""
    if payload[:1] == b"\xff":
        # The number, and behind it a mark and the SQLSTATE, which an error before the login may leave out.
        text = payload[9:] if payload[3:4] == b"#" else payload[3:]
        number = int.from_bytes(payload[1:3], "little")
        raise Refused(f"error {number}: {text.decode('utf-8', 'replace')[:300]}")
    if not expected:
        raise Refused(f"an answer that is not understood: {payload[:80]!r}")
