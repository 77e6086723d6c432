r"""
Cutting a statement into its shape and its literals.

C{SELECT time FROM users_time WHERE id = 5} has the shape C{SELECT time FROM users_time WHERE id = ?} and the
literal 5. Programs send few shapes and many literals, so that a shape is parsed once and its plan kept; a
prepared statement is a text that comes as a shape already.

One regular expression finds whatever must not be read as words and signs: strings, numbers, bind marks,
names in backticks, comments. It never backtracks, and what lacks its end reaches to the end of the text, so
that the time is proportional to the length whatever is sent. Strings of one kind with nothing but blanks
between them are one string, as in C; that looks ahead to the end of the text once at the most.
"""

from __future__ import annotations

import re

from comet.cometql.literals import DECODERS, Literal
from comet.errors import SyntaxRefused, TooLong

# The first character is matched by itself: the engine then skips what cannot begin a piece in a tight loop,
# and the branches look back at what it was.
_PIECE = re.compile(
    r"""
    ( ['"`0-9.?xXbB\#/*-]
      (?: (?<=') [^'\\]*+ (?: (?: \\. | '' ) [^'\\]*+ )*+ (?: ' | \\?\Z )
          (?: [ \t\r\n]++ ' [^'\\]*+ (?: (?: \\. | '' ) [^'\\]*+ )*+ ' )*+
        | (?<=") [^"\\]*+ (?: (?: \\. | "" ) [^"\\]*+ )*+ (?: " | \\?\Z )
          (?: [ \t\r\n]++ " [^"\\]*+ (?: (?: \\. | "" ) [^"\\]*+ )*+ " )*+
        | (?<=`) [^`]*+ (?: `` [^`]*+ )*+ (?: ` | \Z )
        | (?<=\?)
        | (?<=[0-9]) (?<! [\w$][0-9] )
          (?: (?<=0) [xX] [0-9a-fA-F]++
            | (?<=0) [bB] [01]++
            | [0-9]*+ (?: \.[0-9]*+ )?+ (?: [eE] [+-]?+ [0-9]++ )?+
          ) (?! [\w$] )
        | (?<=\.) (?<! [\w$`]\. ) [0-9]++ (?: [eE] [+-]?+ [0-9]++ )?+ (?! [\w$] )
        | (?<=[xX]) (?<! [\w$][xX] ) ' (?: [0-9a-fA-F]{2} )*+ '
        | (?<=[bB]) (?<! [\w$][bB] ) ' [01]*+ '
        | (?<=\#) [^\n]*+
        | (?<=-) - (?= [\x00-\x20] | \Z ) [^\n]*+
        | (?<=/) \* M?! (?! [0-9]{6} | 8[1-9][0-9]{3} | 9[0-9]{4} ) (?: [0-9]{5} )?+
        | (?<=/) \* [^*]*+ (?: \*(?!/) [^*]*+ )*+ (?: \*/ | \Z )
        | (?<=\*) /
      )
    )""",
    re.VERBOSE | re.DOTALL,
)

#: The most pieces of a statement: cutting one of them out takes about a microsecond, all that while nobody
#: else is served.
_MOST = 1 << 18
#: The most statements of a text.
_MOST_STATEMENTS = 10_000

#: A piece that has its end, if it is of a kind that needs one.
_WHOLE = re.compile(
    r"""
      (?: [ \t\r\n]*+ ' [^'\\]*+ (?: (?: \\. | '' ) [^'\\]*+ )*+ ' )++
    | (?: [ \t\r\n]*+ " [^"\\]*+ (?: (?: \\. | "" ) [^"\\]*+ )*+ " )++
    | ` [^`]*+ (?: `` [^`]*+ )*+ `
    | /\* [^*]*+ (?: \*(?!/) [^*]*+ )*+ \*/
    | [^'"`/] .*+
    """,
    re.VERBOSE | re.DOTALL,
)

#: A text in double quotes that has its end.
_DOUBLE = re.compile(r'"[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"', re.DOTALL)


def cut(text: str) -> tuple[str, list[Literal]]:
    """
    @return: C{text} with a C{?} for each literal, and the literals.
    @raise SyntaxRefused: if a string, a name in backticks or a comment has no end.
    """
    shape, sources = cut_raw(text)
    return shape, [DECODERS[source[0]](source) for source in sources]


def cut_raw(text: str) -> tuple[str, list[str]]:
    """@return: as L{cut}, with the literals as they are written."""
    pieces = _split(text)
    if not pieces[-1] and len(pieces) > 1:
        _check_end(pieces)
    sources = pieces[1::2]
    for source in sources:
        if source[0] in "`#-/*":
            return _cut_around(pieces)
    return "?".join(pieces[::2]), sources


def with_names(text: str) -> str:
    """@return: C{text} with what stands in double quotes in backticks, as with ANSI_QUOTES in C{sql_mode}."""
    pieces = _split(text)
    pieces[1::2] = [_DOUBLE.sub(_in_backticks, piece) if piece[0] == '"' else piece for piece in pieces[1::2]]
    return "".join(pieces)


def _in_backticks(quoted: re.Match[str]) -> str:
    return "`" + quoted[0][1:-1].replace('""', '"').replace("`", "``") + "`"


def statements_of(text: str) -> list[str]:
    """
    Part a text at each semicolon that is not within a string, a name or a comment.

    @return: the statements without their semicolons; blank ones are left out, but for a text that is blank
        as a whole. A single statement is returned as it is.
    @raise TooLong: if there are too many.
    """
    end = text.find(";")
    if end < 0 or not text[end + 1 :].strip():
        return [text]
    found, start, place = [], 0, 0
    for number, piece in enumerate(_split(text)):
        if number % 2 == 0:
            end = piece.find(";")
            while end >= 0:
                found.append(text[start : place + end])
                start = place + end + 1
                end = piece.find(";", end + 1)
                if len(found) > _MOST_STATEMENTS:
                    raise TooLong(f"Data too long: a text has at most {_MOST_STATEMENTS} statements")
        place += len(piece)
    found.append(text[start:])
    return [statement for statement in found if not _is_blank(statement)] or [text]


def _is_blank(statement: str) -> bool:
    """@return: whether there is nothing but blanks and comments."""
    begin = statement.lstrip()
    if not begin.startswith(("/*", "--", "#")):
        return not begin
    pieces = _PIECE.split(begin, 100)
    return not "".join(pieces[::2]).strip() and all(_is_comment(piece) for piece in pieces[1::2])


def _is_comment(piece: str) -> bool:
    return piece[0] in "#-" or (piece.startswith("/*") and piece.endswith("*/") and len(piece) > 3)


def _split(text: str) -> list[str]:
    """
    @return: words and pieces in turn.
    @raise TooLong: if there are more pieces than a statement may have.
    """
    pieces = _PIECE.split(text, _MOST)
    if len(pieces) > 2 * _MOST:
        raise TooLong(f"Data too long: a statement has at most {_MOST} strings, numbers and comments")
    return pieces


def _check_end(pieces: list[str]) -> None:
    """
    See to it that the last piece has its end.

    A lone quote at the very end is forgiven: published programs end their statements with it.
    """
    last = pieces[-2]
    if last.rstrip() in ("'", '"'):
        pieces[-2:] = []
    elif not _WHOLE.fullmatch(last):
        raise syntax_error(last)


def _cut_around(pieces: list[str]) -> tuple[str, list[str]]:
    """
    Cut where there are names in backticks, which stay, and comments, which become a blank.

    C{/*! words */} and C{/*M! words */} are words, unless they are written for a newer server than 8.0.
    """
    kept, sources, opened = [pieces[0]], [], False
    for source, words in zip(pieces[1::2], pieces[2::2], strict=True):
        if source[0] in DECODERS:
            sources.append(source)
            kept.append("?")
        elif source[0] == "`" or (source == "*/" and not opened):
            kept.append(source)
        else:
            kept.append(" ")
            if source == "*/":
                opened = False
            elif source[0] == "/" and not source.endswith("*/"):
                opened = True
        kept.append(words)
    if opened:
        raise syntax_error("/*!")
    return "".join(kept), sources


def syntax_error(near: str) -> SyntaxRefused:
    """@return: the error about the text that begins with C{near}."""
    near = near if len(near) <= 80 else near[:77] + "..."
    return SyntaxRefused(f"You have an error in your SQL syntax near '{near}'")
