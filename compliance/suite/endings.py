"""Family 7: Close frames (RFC 6455, 5.5.1 and 7)."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import NO_CODE, NOT_UTF8, PROTOCOL, Case, Outcome, Said, closed_with, failed
from suite.wire import CLOSE, CONTINUATION, PING, TEXT, Frame

NORMAL = (1000, NO_CODE)


def closing() -> Iterator[Case]:
    """Close frames, and what comes behind them (5.5.1, 7)."""
    close, done = closed_with(1000), Outcome(0, (), NORMAL)
    said = Said()
    yield Case("7.1.1", "a text, then Close", (said, close), Outcome(1, (), NORMAL))
    yield Case("7.1.2", "Close twice", (close, close), done)
    yield Case("7.1.3", "a ping behind Close is not answered", (close, Frame(PING)), done)
    yield Case("7.1.4", "a text behind Close is not taken", (close, said), done)
    steps = (Frame(TEXT, b"fragment1", fin=False), close, Frame(CONTINUATION, b"fragment2"))
    yield Case("7.1.5", "Close inside a text of two fragments", steps, done)
    steps = (Said(size=256 << 10), close, Frame(PING))
    yield Case("7.1.6", "256 KiB of text, Close, a ping", steps, Outcome(1, (), NORMAL), loose=(done,))
    for place, (title, payload, right) in enumerate(
        (
            ("without a payload", b"", True),
            ("with half a code", b"\x03", False),
            ("with a code", b"\x03\xe8", True),
            ("with a code and a reason", b"\x03\xe8Hello World!", True),
            ("with the longest reason", b"\x03\xe8" + b"*" * 123, True),
            ("with a reason that is too long", b"\x03\xe8" + b"*" * 124, False),
        ),
        1,
    ):
        outcome = done if right else failed(PROTOCOL)
        yield Case(f"7.3.{place}", f"Close {title}", (Frame(CLOSE, payload),), outcome)
    bad = (closed_with(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"),)
    yield Case("7.5.1", "Close with a reason that is not UTF-8", bad, failed(NOT_UTF8))
    for place, code in enumerate(
        (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1
    ):
        outcome = Outcome(0, (), (code, *NORMAL))
        yield Case(
            f"7.7.{place}", f"Close with code {code}, which is valid", (closed_with(code, b"why"),), outcome
        )
    for place, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        title = f"Close with code {code}, which is not"
        yield Case(f"7.9.{place}", title, (closed_with(code, b"why"),), failed(PROTOCOL))
    for place, code in enumerate((5000, 65535), 1):
        outcome = Outcome(0, (), (code, PROTOCOL, *NORMAL))
        yield Case(
            f"7.13.{place}",
            f"Close with code {code}, of which the RFC says nothing",
            (closed_with(code),),
            outcome,
        )
