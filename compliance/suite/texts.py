"""Family 6: UTF-8 (RFC 6455, 8.1; RFC 3629)."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import BY_FRAME, NOT_UTF8, PAUSE, Case, Outcome, Said, failed

GREEK = "Hello-µ@ßöäüàá-UTF-8!!"
KOSME = "κ\u1f79σμε".encode()


def utf8() -> Iterator[Case]:
    """Texts in fragments, and the moment at which a wrong one is noticed (8.1)."""
    yield Case("6.1.1", "an empty text", (Said((b"",)),), Outcome(1))
    empties = (Said((b"", b"", b"")),)
    yield Case("6.1.2", "an empty text in three fragments", empties, Outcome(1))
    padded = (Said((b"middle",), padded=True),)
    yield Case("6.1.3", "three fragments, of which the first and the last are empty", padded, Outcome(1))
    text = GREEK.encode()
    yield Case("6.2.1", "letters of two bytes", (Said((text,)),), Outcome(1))
    cut = tuple(GREEK[start : start + 9].encode() for start in range(0, len(GREEK), 9))
    yield Case("6.2.2", "the same in fragments, cut between letters", (Said(cut),), Outcome(1))
    yield Case("6.2.3", "the same in fragments of one byte", (Said((text,), each=1),), Outcome(1))
    yield Case("6.2.4", "Greek in fragments of one byte", (Said((KOSME,), each=1),), Outcome(1))
    bad = KOSME + b"\xed\xa0\x80" + b"edited"
    yield Case("6.3.1", "a surrogate inside a text", (Said((bad,)),), failed(NOT_UTF8))
    yield Case("6.3.2", "the same in fragments of one byte", (Said((bad,), each=1),), failed(NOT_UTF8))
    yield from _fail_fast()


def _fail_fast() -> Iterator[Case]:
    """Four times a text that cannot become right any more, with the rest held back."""
    late = (failed(NOT_UTF8),)
    whole = (KOSME, b"\xf4\x90\x80\x80", b"edited")
    begun = (KOSME + b"\xf4", b"\x90", b"\x80\x80edited")
    for place, (pieces, single) in enumerate(
        ((whole, False), (begun, False), (whole, True), (begun, True)), 1
    ):
        what = "segment of a frame" if single else "fragment"
        which = "the first byte too many" if pieces is begun else "a code point out of range"
        said = Said(pieces, single=single, between={1: (PAUSE,)})
        outcome = failed(NOT_UTF8, early=True)
        yield Case(f"6.4.{place}", f"{which} ends a {what}", (said,), outcome, BY_FRAME, late)


#: Byte sequences by family: a title, the valid ones, the wrong ones; with those of the family in their order.
#: After Markus Kuhn's "UTF-8 decoder capability and stress test".
SEQUENCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("6.6", "the letters of a word, byte by byte", tuple(KOSME[:n].hex() for n in range(1, len(KOSME) + 1))),
    ("6.7", "the first code point of each length", ("00", "c280", "e0a080", "f0908080")),
    ("6.8", "the first code point of lengths that are none", ("f888808080", "fc8480808080")),
    ("6.9", "the last code point of each length", ("7f", "dfbf", "efbfbf", "f48fbfbf")),
    ("6.10", "the last code point of lengths that are none", ("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf")),
    ("6.11", "other borders", ("ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080")),
    (
        "6.12",
        "continuation bytes alone",
        (
            "80",
            "bf",
            "80bf",
            "80bf80",
            "80bf80bf",
            "80bf80bf80",
            "80bf80bf80bf",
            bytes(range(0x80, 0xC0)).hex(),
        ),
    ),
    (
        "6.13",
        "first bytes alone, each before a blank",
        tuple(
            "".join(f"{byte:02x}20" for byte in range(*span))
            for span in ((0xC0, 0xE0), (0xE0, 0xF0), (0xF0, 0xF8), (0xF8, 0xFC), (0xFC, 0xFE))
        ),
    ),
    (
        "6.14",
        "the last byte missing",
        ("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"),
    ),
    ("6.15", "all of these together", ("c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf",)),
    ("6.16", "bytes that never occur", ("fe", "ff", "fefeffff")),
    ("6.17", "a slash, written too long", ("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af")),
    (
        "6.18",
        "the last code points that are too long",
        ("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"),
    ),
    ("6.19", "NUL, written too long", ("c080", "e08080", "f0808080", "f880808080", "fc8080808080")),
    (
        "6.20",
        "one half of a surrogate pair",
        ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"),
    ),
    (
        "6.21",
        "both halves",
        (
            "eda080edb080",
            "eda080edbfbf",
            "edadbfedb080",
            "edadbfedbfbf",
            "edae80edb080",
            "edae80edbfbf",
            "edafbfedb080",
            "edafbfedbfbf",
        ),
    ),
    (
        "6.22",
        "noncharacters, which are valid",
        tuple(chr(plane << 16 | last).encode().hex() for plane in range(17) for last in (0xFFFE, 0xFFFF)),
    ),
    (
        "6.23",
        "specials, which are valid",
        tuple(chr(point).encode().hex() for point in range(0xFFF9, 0x10000)),
    ),
)


def _valid(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def sequences() -> Iterator[Case]:
    """Every way to be or not to be UTF-8, as a whole text."""
    whole = GREEK.encode()
    for place, (pieces, how) in enumerate(
        (
            ((whole,), "in one frame"),
            ((whole[:8], whole[8:]), "cut inside a letter"),
            ((whole[:9], whole[9:]), "cut between letters"),
            ((KOSME[:3], KOSME[3:]), "Greek, cut inside a letter"),
            ((KOSME[:4], KOSME[4:]), "Greek, cut inside another"),
        ),
        1,
    ):
        yield Case(f"6.5.{place}", f"a valid text, {how}", (Said(pieces),), Outcome(1))
    for family, title, found in SEQUENCES:
        for place, digits in enumerate(found, 1):
            data = bytes.fromhex(digits)
            outcome = Outcome(1) if _valid(data) else failed(NOT_UTF8)
            shown = digits if len(digits) <= 24 else f"{digits[:20]}..."
            yield Case(f"{family}.{place}", f"{title}: `{shown}`", (Said((data,)),), outcome)
