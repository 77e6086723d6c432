"""Families 12, 13, 21 and 22: compression (RFC 7692); the last two are ours."""

from __future__ import annotations

from collections.abc import Iterator

from suite.packing import EMPTY, broken_off, leaning, narrow, packed, stored, with_last_blocks
from suite.vocabulary import (
    BY_FRAME,
    NOT_UTF8,
    PROTOCOL,
    TOO_BIG,
    Case,
    Outcome,
    Said,
    failed,
    headers_with,
)
from suite.volume import KIB, MIB, title_of
from suite.wire import AGREED, CLOSE, CONTINUATION, HEADERS, OFFER, PING, PONG, RSV1, TEXT, Frame

WIDE = "permessage-deflate; server_max_window_bits=15; client_no_context_takeover"
FORGETFUL = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

#: What Autobahn's suite offers, and what is agreed on, if anything is.
OFFERS = (
    (OFFER, AGREED),
    (f"{OFFER}; client_no_context_takeover; client_max_window_bits", AGREED),
    (f"{OFFER}; client_max_window_bits=9", AGREED),
    (f"{OFFER}; server_max_window_bits=15", WIDE),
    (f"{OFFER}; server_no_context_takeover", FORGETFUL),
    (f"{OFFER}; server_no_context_takeover; server_max_window_bits=9", ""),
    (f"{OFFER}; server_max_window_bits=9, {OFFER}; server_no_context_takeover, {OFFER}", FORGETFUL),
)
#: Offers that are odd, but right.
ODD = (
    (f"{OFFER}; client_max_window_bits=8", AGREED),
    (f"{OFFER}; client_max_window_bits=15", AGREED),
    (f'{OFFER};client_max_window_bits="10"', AGREED),
    (f"{OFFER} ;  client_no_context_takeover", AGREED),
    (f"x-none, {OFFER}", AGREED),
    (f"x-none; a=1; b, {OFFER}; x, {OFFER}", AGREED),
    (f"{OFFER}; client_max_window_bits, {OFFER}; server_no_context_takeover", AGREED),
    (f"{OFFER}; server_max_window_bits=8, {OFFER}", AGREED),
)
#: Offers that a server MUST decline (RFC 7692, 7), which is not to refuse the client.
WRONG = (
    f"{OFFER}; x",
    f"{OFFER}; server_no_context_takeover=1",
    f"{OFFER}; client_no_context_takeover=true",
    f"{OFFER}; client_no_context_takeover; client_no_context_takeover",
    f"{OFFER}; client_max_window_bits; client_max_window_bits=9",
    f"{OFFER}; server_max_window_bits=15; server_max_window_bits=15",
    f"{OFFER}; server_max_window_bits",
    *(f"{OFFER}; server_max_window_bits={value}" for value in ("7", "16", "015", "x")),
    *(f"{OFFER}; client_max_window_bits={value}" for value in ("7", "16", "09", "")),
    "permessage-bzip2; x",
    "x-webkit-deflate-frame",
)


def _offering(number: str, offer: str, agreed: str, text: Said) -> Case:
    headers = headers_with(Sec_WebSocket_Extensions=offer)
    return Case(number, f"offered: `{offer}`", (text,), Outcome(1), headers=headers, agreed=agreed)


def offers() -> Iterator[Case]:
    """What is offered, and what comes of it: a server that does not compress declines all."""
    sizes = (16, 64, 256, KIB, 4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB)
    headers = headers_with(Sec_WebSocket_Extensions=OFFER)
    for number, size in enumerate(sizes, 1):
        title, said = f"offered; ten texts of {title_of(size)}", (Said((b"*" * size,)),) * 10
        yield Case(f"12.1.{number}", title, said, Outcome(10), headers=headers, agreed=AGREED)
    for number, (offer, agreed) in enumerate(OFFERS, 1):
        yield _offering(f"13.{number}.1", offer, agreed, Said())
    # The text "Hello", compressed, from RFC 7692, 7.2.3.1.
    frame = Frame(TEXT, bytes.fromhex("f248cdc9c90700"), rsv=RSV1)
    title = "a compressed frame although it was declined"
    yield Case("13.8.1", title, (frame,), failed(PROTOCOL), headers=headers, compressed=(False,))
    for number, (offer, agreed) in enumerate(ODD, 1):
        yield _offering(f"21.1.{number}", offer, agreed, Said())
    twice = (*HEADERS, ("Sec-WebSocket-Extensions", "x-none"), ("Sec-WebSocket-Extensions", OFFER))
    title = "offered in the second of two headers"
    yield Case("21.1.9", title, (Said(),), Outcome(1), headers=twice, agreed=AGREED)
    for number, offer in enumerate(WRONG, 1):
        yield _offering(f"21.2.{number}", offer, "", Said())


def messages() -> Iterator[Case]:
    """Compressed messages, right and wrong, where the server agrees to compression."""
    yes, two = (True,), (b"fragment1", b"fragment2")
    long = b"all work and no play " * 200
    for number, (title, steps, count, chop) in enumerate(
        (
            ("a compressed text", (Said(),), 1, 0),
            ("a text of 4 KiB, which comes back compressed", (Said((long,)),), 1, 0),
            ("a plain text between two compressed ones", (Said(), Said(packer=None), Said()), 3, 0),
            ("blocks without compression", (Said(two, packer=stored),), 1, 0),
            (
                "blocks that say they are the last, and more behind",
                (Said(two, packer=with_last_blocks),),
                1,
                0,
            ),
            ("a window of 512 bytes", (Said((long,), packer=narrow),), 1, 0),
            ("the same text three times", (Said((long,)),) * 3, 3, 0),
            ("two fragments, frame by frame", (Said(two),), 1, BY_FRAME),
            ("fragments of three bytes, cut within blocks", (Said((long,), each=3),), 1, 0),
            ("empty frames before and behind", (Said(padded=True),), 1, 0),
            ("a text in single bytes", (Said((long[:300],)),), 1, 1),
        ),
        1,
    ):
        yield Case(f"22.1.{number}", title, steps, Outcome(count), chop, compressed=yes)
    ping = (Said(two, between={0: (Frame(PING, b"ping"),)}),)
    yield Case("22.1.12", "two fragments with a ping between", ping, Outcome(1, (b"ping",)), compressed=yes)
    for number, (title, opcode, payload) in enumerate(
        (("ping", PING, b""), ("pong", PONG, b""), ("close", CLOSE, b"\x03\xe8")), 1
    ):
        frame = Frame(opcode, payload, rsv=RSV1)
        yield Case(f"22.2.{number}", f"RSV1 in a {title} frame", (frame,), failed(PROTOCOL), compressed=yes)
    for number, (title, payload, rsv) in enumerate(
        (("compressed", packed(b"x"), RSV1), ("plain", b"x", 0)), 4
    ):
        frames = (Frame(TEXT, payload, fin=False, rsv=rsv), Frame(CONTINUATION, EMPTY, rsv=RSV1))
        title = f"RSV1 in the second frame of a {title} text"
        yield Case(f"22.2.{number}", title, frames, failed(PROTOCOL), compressed=yes)
    frames = (Frame(TEXT, packed(b"x"), rsv=RSV1 + 2),)
    yield Case("22.2.6", "RSV2 beside RSV1", frames, failed(PROTOCOL), compressed=yes)
    for number, (title, steps, count) in enumerate(
        (
            ("a block of a type that does not exist", (Frame(TEXT, b"\x06", rsv=RSV1),), 0),
            ("a block with a wrong length", (Frame(TEXT, b"Hello", rsv=RSV1),), 0),
            ("a text that breaks off within a block", (Said(packer=broken_off),), 0),
            ("a text that leans on the one before", (Said((long,)), Said((long,), packer=leaning)), 1),
            ("a text that is not UTF-8", (Said((b"\xed\xa0\x80",)),), 0),
            ("last blocks without end", (Frame(TEXT, b"\x03\x00" * 5000, rsv=RSV1),), 0),
        ),
        1,
    ):
        yield Case(f"22.3.{number}", title, steps, failed(NOT_UTF8, count), compressed=yes)
    bomb = packed(bytes(64 * MIB))
    yield Case("22.4.1", "64 MiB in 64 KiB", (Frame(TEXT, bomb, rsv=RSV1),), failed(TOO_BIG), compressed=yes)
    frames = (
        Frame(TEXT, bomb[:9000], fin=False, rsv=RSV1),
        *(Frame(CONTINUATION, bomb[at : at + 9000], fin=False) for at in range(9000, len(bomb), 9000)),
        Frame(CONTINUATION),
    )
    yield Case("22.4.2", "the same in fragments", frames, failed(TOO_BIG), compressed=yes)
