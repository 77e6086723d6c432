"""Families 1 to 5, and 20, which is ours: frames of all kinds, right and wrong (RFC 6455, 5)."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import BY_FRAME, NOT_UTF8, PROTOCOL, TOO_BIG, Case, Outcome, Said, failed
from suite.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame

SIZES = (0, 125, 126, 127, 128, 65535, 65536)


def framing() -> Iterator[Case]:
    """Messages at the borders of the three ways to write a length (5.2)."""
    for family, opcode, kind in (("1.1", TEXT, "text"), ("1.2", BINARY, "binary")):
        for place, size in enumerate(SIZES, 1):
            what = f"a {kind} frame of {size} bytes" if size else f"an empty {kind}"
            yield Case(f"{family}.{place}", what, (Said((b"",), opcode, size),), Outcome(1))
        yield Case(
            f"{family}.8",
            f"a {kind} frame of 65536 bytes, in segments of 997",
            (Said(opcode=opcode, size=65536),),
            Outcome(1),
            chop=997,
        )


def pings() -> Iterator[Case]:
    """Control frames that ask whether somebody is there (5.5.2, 5.5.3)."""
    binary = bytes((0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF))
    long = b"\xfe" * 125
    ten = tuple(b"payload-%d" % number for number in range(10))
    for number, title, payload, chop in (
        ("2.1", "a ping without a payload", b"", 0),
        ("2.2", "a ping with a text", b"Hello, world!", 0),
        ("2.3", "a ping with bytes that are no text", binary, 0),
        ("2.4", "a ping of 125 bytes", long, 0),
        ("2.6", "the same, in single bytes", long, 1),
    ):
        yield Case(number, title, (Frame(PING, payload),), Outcome(pongs=(payload,)), chop)
    yield Case("2.5", "a ping of 126 bytes", (Frame(PING, b"\xfe" * 126),), failed(PROTOCOL))
    yield Case("2.7", "a pong nobody asked for, empty", (Frame(PONG),))
    yield Case("2.8", "a pong nobody asked for, with a payload", (Frame(PONG, b"unasked"),))
    unasked = (Frame(PONG, b"unasked"), Frame(PING, b"asked"))
    yield Case("2.9", "a pong nobody asked for, then a ping", unasked, Outcome(pongs=(b"asked",)))
    pings = tuple(Frame(PING, payload) for payload in ten)
    newest = Outcome(pongs=ten[-1:])
    yield Case("2.10", "ten pings", pings, Outcome(pongs=ten), loose=(newest,))
    yield Case("2.11", "ten pings, in single bytes", pings, Outcome(pongs=ten), 1, loose=(newest,))


def reserved_bits() -> Iterator[Case]:
    """Bits that mean nothing without an extension (5.2)."""
    for number, rsv, title, chop in (
        ("3.2", 2, "behind a text, before a ping, all at once", 0),
        ("3.3", 3, "behind a text, before a ping, frame by frame", BY_FRAME),
        ("3.4", 4, "behind a text, before a ping, in single bytes", 1),
    ):
        steps = (Said(), Frame(TEXT, b"Hello", rsv=rsv), Frame(PING))
        # RSV = 4 says that a message is compressed, where that is agreed on; this one is not.
        deflated = failed(NOT_UTF8, 1) if rsv == 4 else None
        title, loose = f"RSV = {rsv} {title}", (failed(PROTOCOL),)
        yield Case(number, title, steps, failed(PROTOCOL, 1), chop, loose, deflated=deflated)
    for number, rsv, opcode, kind in (
        ("3.1", 1, TEXT, "text"),
        ("3.5", 5, BINARY, "binary"),
        ("3.6", 6, PING, "ping"),
        ("3.7", 7, CLOSE, "close"),
    ):
        frame = Frame(opcode, b"\x03\xe8" if opcode == CLOSE else b"Hello", rsv=rsv)
        yield Case(number, f"RSV = {rsv} in a {kind} frame", (frame,), failed(PROTOCOL))


def opcodes() -> Iterator[Case]:
    """Opcodes that mean nothing (5.2)."""
    for family, first, kind in (("4.1", 3, "data"), ("4.2", 11, "control")):
        for place in range(5):
            opcode, payload = first + place, b"reserved" if place in (1, 3, 4) else b""
            frame = Frame(opcode, payload)
            title = f"opcode {opcode}, reserved for {kind}" + (", with a payload" if payload else "")
            number = f"{family}.{place + 1}"
            if place < 2:
                yield Case(number, title, (frame,), failed(PROTOCOL))
            else:
                chop, how = (
                    (0, ""),
                    (0, ""),
                    (0, ""),
                    (BY_FRAME, ", frame by frame"),
                    (1, ", in single bytes"),
                )[place]
                steps = (Said(), frame, Frame(PING))
                yield Case(
                    number,
                    f"{title}, between a text and a ping{how}",
                    steps,
                    failed(PROTOCOL, 1),
                    chop,
                    (failed(PROTOCOL),),
                )


def fragments() -> Iterator[Case]:
    """Messages in several frames (5.4)."""
    for number, opcode, kind in (("5.1", PING, "ping"), ("5.2", PONG, "pong")):
        steps = (Frame(opcode, b"fragment1", fin=False), Frame(CONTINUATION, b"fragment2"))
        yield Case(number, f"a {kind} in two fragments", steps, failed(PROTOCOL))
    two, ping = (b"fragment1", b"fragment2"), Frame(PING, b"ping")
    ways = ((0, ""), (BY_FRAME, ", frame by frame"), (1, ", in single bytes"))
    for place, (chop, how) in enumerate(ways):
        yield Case(f"5.{3 + place}", f"a text in two fragments{how}", (Said(two),), Outcome(1), chop)
        between = (Said(two, between={0: (ping,)}),)
        yield Case(
            f"5.{6 + place}", f"the same with a ping between{how}", between, Outcome(1, (b"ping",)), chop
        )
        for first, fin, what in ((9, True, "the last"), (12, False, "not the last")):
            steps = (Frame(CONTINUATION, b"nothing to continue", fin=fin), Said())
            title = f"a continuation of nothing, {what}, then a text{how}"
            yield Case(f"5.{first + place}", title, steps, failed(PROTOCOL), chop)
    lost = Frame(CONTINUATION, b"nothing to continue", fin=False)
    title = "a text in two fragments, a continuation of nothing, and a text"
    yield Case("5.15", title, (Said(two), lost, Said()), failed(PROTOCOL, 1), 0, (failed(PROTOCOL),))
    for number, fin in (("5.16", False), ("5.17", True)):
        steps = (Frame(CONTINUATION, b"fragment1", fin=fin), Frame(TEXT, b"fragment2"))
        title = f"twice a continuation of nothing, FIN = {fin:d}, and a text"
        yield Case(number, title, steps * 2, failed(PROTOCOL))
    steps = (Frame(TEXT, b"fragment1", fin=False), Frame(TEXT, b"fragment2"))
    yield Case("5.18", "two fragments that both say they begin a text", steps, failed(PROTOCOL))
    five = tuple(b"fragment%d" % number for number in range(1, 6))
    busy = (Said(five, between={1: (Frame(PING, b"one"),), 3: (Frame(PING, b"two"),)}),)
    for number, chop, how in (("5.19", 0, ""), ("5.20", BY_FRAME, ", frame by frame")):
        title = f"five fragments with pings among them{how}"
        yield Case(number, title, busy, Outcome(1, (b"one", b"two")), chop)


def ours() -> Iterator[Case]:
    """Masks and lengths (5.1, 5.2), and our limit."""
    unmasked = (Said(), Frame(TEXT, b"Hello", masked=False))
    yield Case("20.1", "a frame without a mask", unmasked, failed(PROTOCOL, 1), loose=(failed(PROTOCOL),))
    yield Case("20.2", "a ping without a mask", (Frame(PING, masked=False),), failed(PROTOCOL))
    for number, length in (("20.3", 2), ("20.4", 8)):
        frame = Frame(TEXT, b"Hello", length=length)
        yield Case(number, f"a length of 5 written in {length} bytes", (frame,), failed(PROTOCOL))
    yield Case(
        "20.5", "a ping with its length in 2 bytes", (Frame(PING, b"Hello", length=2),), failed(PROTOCOL)
    )
    announced = (b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask",)
    yield Case("20.6", "a frame of 1 TiB is announced", announced, failed(TOO_BIG))
    negative = (b"\x81\xff" + b"\xff" * 8 + b"mask",)
    yield Case("20.7", "a length with its highest bit set", negative, failed(PROTOCOL))
