"""Families 9, 10, 12 and 13: much at once, and compression (RFC 7692)."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import PROTOCOL, Case, Outcome, Said, failed, headers_with
from suite.wire import BINARY, TEXT, Frame

KIB, MIB = 1 << 10, 1 << 20


def _size(size: int) -> str:
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB" if size >= KIB else f"{size} bytes"


def limits() -> Iterator[Case]:
    """Large messages, whole, in fragments and in small segments, and many small ones."""
    for place, (opcode, kind) in enumerate(((TEXT, "text"), (BINARY, "binary"))):
        for number, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            said = (Said(opcode=opcode, size=size),)
            yield Case(
                f"9.{1 + place}.{number}", f"a {kind} of {_size(size)}", said, Outcome(1), heavy=size >= MIB
            )
        for number, each in enumerate(
            (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB), 1
        ):
            said = (Said(opcode=opcode, size=4 * MIB, each=each),)
            title = f"a {kind} of 4 MiB in fragments of {_size(each)}"
            yield Case(f"9.{3 + place}.{number}", title, said, Outcome(1), heavy=True)
        for number, chop in enumerate((64, 128, 256, 512, KIB, 2 * KIB), 1):
            said = (Said(opcode=opcode, size=MIB),)
            title = f"a {kind} of 1 MiB in segments of {_size(chop)}"
            yield Case(f"9.{5 + place}.{number}", title, said, Outcome(1), chop, heavy=True)
        for number, size in enumerate((0, 16, 64, 256, KIB, 4 * KIB), 1):
            said = (Said((b"*" * size,), opcode),) * 1000
            title = f"a thousand {kind}s of {_size(size)}"
            yield Case(f"9.{7 + place}.{number}", title, said, Outcome(1000), heavy=number > 2)
    said = (Said(size=65536, each=1300),)
    yield Case("10.1.1", "a text of 64 KiB in fragments of 1300 bytes", said, Outcome(1))


OFFERS = (
    "permessage-deflate",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits",
    "permessage-deflate; client_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=15",
    "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate; server_no_context_takeover,"
    " permessage-deflate",
)


def compression() -> Iterator[Case]:
    """Offers of permessage-deflate: a server may decline (RFC 7692, 5), and then no frame is compressed."""
    for number, size in enumerate(
        (16, 64, 256, KIB, 4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB), 1
    ):
        said = (Said((b"*" * size,)),) * 10
        headers = headers_with(Sec_WebSocket_Extensions=OFFERS[0])
        yield Case(
            f"12.1.{number}", f"offered; ten texts of {_size(size)}", said, Outcome(10), headers=headers
        )
    for number, offer in enumerate(OFFERS, 1):
        headers = headers_with(Sec_WebSocket_Extensions=offer)
        yield Case(f"13.{number}.1", f"offered: `{offer}`", (Said(),), Outcome(1), headers=headers)
    headers = headers_with(Sec_WebSocket_Extensions=OFFERS[0])
    # The text "Hello", compressed, from RFC 7692, 7.2.3.1.
    frame = Frame(TEXT, bytes.fromhex("f248cdc9c90700"), rsv=4)
    yield Case(
        "13.8.1", "a compressed frame although it was declined", (frame,), failed(PROTOCOL), headers=headers
    )
