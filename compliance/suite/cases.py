"""
What a WebSocket server has to do, case by case.

The numbers are those by which everybody knows them from Autobahn's test suite; the cases are written from
RFC 6455 and RFC 7692. Families 0, 20, 21 and 22 are our own.
"""

from __future__ import annotations

from suite import deflate, endings, frames, handshakes, texts, volume
from suite.targets import Target
from suite.vocabulary import Case

FAMILIES = {
    "0": "Opening handshake",
    "1": "Framing",
    "2": "Pings and pongs",
    "3": "Reserved bits",
    "4": "Opcodes",
    "5": "Fragments",
    "6": "UTF-8",
    "7": "Closing",
    "9": "Large and many messages",
    "10": "Fragments of odd size",
    "12": "Compression: sizes",
    "13": "Compression: offers",
    "20": "Masks and lengths",
    "21": "Compression: odd and wrong offers",
    "22": "Compressed messages",
}


def all_cases() -> list[Case]:
    """@return: the whole list, in the order of the numbers."""
    makers = (
        handshakes.handshakes,
        *(frames.framing, frames.pings, frames.reserved_bits, frames.opcodes, frames.fragments, frames.ours),
        *(texts.utf8, texts.sequences),
        endings.closing,
        volume.limits,
        *(deflate.offers, deflate.messages),
    )
    cases = [case for make in makers for case in make()]
    return sorted(cases, key=lambda case: [int(part) for part in case.number.split(".")])


def cases_for(target: Target) -> list[Case]:
    """@return: those that are run against C{target}."""
    return [case for case in all_cases() if target.deflate in case.compressed]
