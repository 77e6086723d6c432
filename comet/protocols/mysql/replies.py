"""
What the server answers, other than rows.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from comet.errors import CometError
from comet.protocols.mysql.charsets import UTF8, Charset
from comet.protocols.mysql.codec import lenenc_bytes, lenenc_int
from comet.protocols.mysql.constants import Status
from comet.protocols.mysql.framing import Packet

#: The longest text of an error, in bytes; clients keep 512 with the NUL that ends it.
ERROR_TEXT = 511


@dataclass(slots=True)
class Terms:
    """
    What an answer depends on, besides itself.

    @ivar status: the L{Status} of the session, which clients are told with each answer.
    @ivar schema: the database that has been selected, as columns name it.
    @ivar greeted: whether the client has our greeting, so that it looks for an SQLSTATE in errors.
    @ivar deprecate_eof: whether the client wants an OK in place of an EOF.
    @ivar results: how text is written for the client.
    @ivar declared: the collation that columns of text are said to have.
    """

    status: int = Status.AUTOCOMMIT
    schema: str = ""
    greeted: bool = False
    deprecate_eof: bool = False
    results: Charset = UTF8
    declared: int = UTF8.collation


class Reply(Protocol):
    """An answer to one packet."""

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: the payloads of the packets that this answer is made of."""


@dataclass(frozen=True, slots=True)
class Ok(Reply):
    """It was done."""

    affected: int = 0
    insert_id: int = 0
    warnings: int = 0
    info: str = ""

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        yield self.payload(terms)

    def payload(self, terms: Terms, header: bytes = b"\x00", further: Status = Status.NONE) -> bytes:
        """
        @param header: 0xFE at the end of rows.
        @param further: what else is to be told of the session.
        @return: the payload of the packet.
        """
        return b"".join(
            (
                header,
                lenenc_int(self.affected),
                lenenc_int(self.insert_id),
                (terms.status | further).to_bytes(2, "little"),
                min(self.warnings, 0xFFFF).to_bytes(2, "little"),
                lenenc_bytes(self.info.encode()) if self.info else b"",
            )
        )


@lru_cache(256)
def ok_packet(sequence: int, affected: int, insert_id: int, status: int) -> bytes:
    """@return: a plain OK with its header, as most statements are answered."""
    return Packet(sequence, Ok(affected, insert_id).payload(Terms(status))).to_bytes()


def eof_payload(terms: Terms, further: Status = Status.NONE) -> bytes:
    """@return: the end of columns, or of rows, for clients that know it."""
    return b"\xfe\x00\x00" + (terms.status | further).to_bytes(2, "little")


def end_payload(terms: Terms, further: Status = Status.NONE) -> bytes:
    """
    @param further: what else is to be told of the session.
    @return: the end of rows, in the way the client wants it.
    """
    if terms.deprecate_eof:
        return Ok().payload(terms, b"\xfe", further)
    return eof_payload(terms, further)


@dataclass(frozen=True, slots=True)
class End(Reply):
    """It was done, in the words of the few commands that are answered with an EOF."""

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        yield end_payload(terms)


@dataclass(frozen=True, slots=True)
class Err(Reply):
    """It was not done."""

    number: int
    sqlstate: str
    text: str

    @classmethod
    def of(cls, error: CometError) -> Err:
        """@return: what the client is told of C{error}."""
        return cls(error.number, error.sqlstate, error.wire_text())

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        state = b"#" + self.sqlstate.encode() if terms.greeted else b""
        # A character that the cut goes through is left out.
        text = self.text.encode("utf-8", "replace")[:ERROR_TEXT].decode("utf-8", "ignore")
        yield b"\xff" + self.number.to_bytes(2, "little") + state + terms.results.encode(text)


@dataclass(frozen=True, slots=True)
class Statistics(Reply):
    """A line of plain text, for a person."""

    text: str

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        yield self.text.encode()


@dataclass(frozen=True, slots=True)
class MoreData(Reply):
    """A step of a login, in the words of its plugin."""

    data: bytes

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        yield b"\x01" + self.data


#: Success is 3, "fast authentication is complete"; this is the other case.
FULL_AUTHENTICATION = MoreData(b"\x04")


@dataclass(frozen=True, slots=True)
class Switch(Reply):
    """Prove the password again, with this plugin and this salt."""

    plugin: str
    salt: bytes

    def payloads(self, terms: Terms) -> Iterator[bytes]:
        """@return: one packet."""
        yield b"\xfe" + self.plugin.encode() + b"\0" + self.salt + b"\0"
