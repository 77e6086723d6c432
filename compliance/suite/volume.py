"""Families 9 and 10: much at once."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import Case, Outcome, Said
from suite.wire import BINARY, TEXT

KIB, MIB = 1 << 10, 1 << 20


def title_of(size: int) -> str:
    """@return: a number of bytes, as people say it."""
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB" if size >= KIB else f"{size} bytes"


def limits() -> Iterator[Case]:
    """Large messages, whole, in fragments and in small segments, and many small ones."""
    for place, (opcode, kind) in enumerate(((TEXT, "text"), (BINARY, "binary"))):
        for number, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            said = (Said(opcode=opcode, size=size),)
            yield Case(
                f"9.{1 + place}.{number}",
                f"a {kind} of {title_of(size)}",
                said,
                Outcome(1),
                heavy=size >= MIB,
            )
        for number, each in enumerate(
            (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB), 1
        ):
            said = (Said(opcode=opcode, size=4 * MIB, each=each),)
            title = f"a {kind} of 4 MiB in fragments of {title_of(each)}"
            yield Case(f"9.{3 + place}.{number}", title, said, Outcome(1), heavy=True)
        for number, chop in enumerate((64, 128, 256, 512, KIB, 2 * KIB), 1):
            said = (Said(opcode=opcode, size=MIB),)
            title = f"a {kind} of 1 MiB in segments of {title_of(chop)}"
            yield Case(f"9.{5 + place}.{number}", title, said, Outcome(1), chop, heavy=True)
        for number, size in enumerate((0, 16, 64, 256, KIB, 4 * KIB), 1):
            said = (Said((b"*" * size,), opcode),) * 1000
            title = f"a thousand {kind}s of {title_of(size)}"
            yield Case(f"9.{7 + place}.{number}", title, said, Outcome(1000), heavy=number > 2)
    said = (Said(size=65536, each=1300),)
    yield Case("10.1.1", "a text of 64 KiB in fragments of 1300 bytes", said, Outcome(1))
