r"""
The shortest way from a text to its shape: by what stands around its strings.

Nearly every statement of a program is words and signs, and strings in single quotes. Parted at the quotes,
it falls into what is outside of strings, its I{outline}, and what is inside. An outline of words and signs
alone cannot be read in two ways, whatever stands in the strings: so when L{comet.cometql.shape} has read one
text of it, the next one needs no more than to be parted, which is a matter of one call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from comet.cometql.literals import BACKSLASH, Literal, decode_marked

#: The strings of a text that has an outline are no more than these.
_MOST = 64

#: Stands for an escaped quote while a text is parted; no UTF-8 decodes to it.
_QUOTE = "\ud801"

#: What begins no string, name, comment, bind mark or further statement. Numbers are not told from words here:
#: they are literals, and a text with a literal outside of its strings is none that L{certain} accepts.
_PLAIN = re.compile(r"[A-Za-z0-9_$ \t\r\n(),.=]*")
#: With what is in front of them, strings behind these are bits.
_PREFIXES = ("x", "X", "b", "B")

Outline = tuple[str, ...]


def parted(text: str) -> tuple[Outline, list[str]] | None:
    """
    @return: what C{text} would have outside and inside of its strings, if its outline was one that is
        L{certain}; C{None} if it can have none.
    """
    escaped = "\\" in text
    if escaped:
        if BACKSLASH in text or _QUOTE in text:
            return None
        text = text.replace("\\\\", BACKSLASH).replace("\\'", _QUOTE)
    parts = text.split("'", 2 * _MOST)
    if len(parts) & 1 == 0:
        return None
    inside = parts[1::2]
    return tuple(parts[::2]), [_decoded(each) for each in inside] if escaped else inside


def _decoded(inside: str) -> str:
    return decode_marked(inside).replace(_QUOTE, "'")


def certain(outline: Outline, inside: Sequence[Literal], literals: Sequence[Literal]) -> bool:
    """
    @param inside: as L{parted} gives it with C{outline}.
    @param literals: those that the text really has.
    @return: whether each text that is parted into this outline has what is inside as its literals.
    """
    return (
        len(inside) == len(literals)
        and all(type(literal) is str for literal in literals)
        and list(inside) == list(literals)
        and all(map(_PLAIN.fullmatch, outline))
        and not any(part.endswith(_PREFIXES) for part in outline[:-1])
    )
