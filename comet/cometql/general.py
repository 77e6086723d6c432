"""
SELECTs beyond the grammar of CometQL: not parsed here, only made ready for the parser of MySQL's language.

Each literal becomes a parameter with its number, so that one translation serves all values. A few literals
stay, and are pinned, because they are no values: an alias or a table in quotes, the 2 of ORDER BY 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from comet.cometql.clauses import introduces
from comet.cometql.cursor import DEEPEST, Cursor, Sort, Token, words
from comet.cometql.statements import Query

#: The longest text of such a statement, without its literals.
_LONGEST = 1 << 15
#: What may stand between SELECT and the first column.
_OPTIONS = words(
    "ALL DISTINCT DISTINCTROW HIGH_PRIORITY STRAIGHT_JOIN SQL_SMALL_RESULT SQL_BIG_RESULT"
    " SQL_BUFFER_RESULT SQL_NO_CACHE SQL_CACHE SQL_CALC_FOUND_ROWS"
)
#: Options that say how MySQL should go about it, which is of no concern here.
_ADVICE = _OPTIONS - words("ALL DISTINCT DISTINCTROW")
#: Words that end the list of columns.
_AFTER_COLUMNS = words("FROM WHERE GROUP HAVING ORDER LIMIT UNION EXCEPT INTERSECT INTO FOR WINDOW LOCK")
#: Before these words and signs a literal is the place of a column in ORDER BY and GROUP BY.
_AFTER_PLACE = ("", ",", ")", "ASC", "DESC", "LIMIT", "HAVING", "ORDER", "WITH", "UNION", ";")
#: Words that end a list of ORDER BY and GROUP BY.
_AFTER_SORTING = words("SELECT FROM WHERE HAVING LIMIT UNION EXCEPT INTERSECT")
#: Signs that mean something to the other parser, and nothing in MySQL.
_SIGNS = ":{}\\#$"
#: The longest title.
_LONGEST_TITLE = 256


def is_too_long(shape: str) -> bool:
    """@return: whether C{shape} is longer than any such statement may be."""
    return len(shape) > _LONGEST


def query(cursor: Cursor, error: str = "", start: str = "") -> Query:
    """
    Walk to the end of what C{cursor} walks over.

    @param error: why it is not CometQL, if that looks like a slip.
    @param start: what stands before it.
    @return: the whole text of it, as a statement for another parser.
    @raise SyntaxRefused: if it cannot be one.
    """
    found = cursor.tokens
    pieces = [start]
    end = found[0].start
    levels = [_Level()]
    for place, token in enumerate(found[:-1]):
        cursor.place = place
        _follow(levels, token.key)
        if len(levels) > DEEPEST + 1 or token.key == ":=" or (token.key == "wrong" and token.text in _SIGNS):
            raise cursor.error()
        pieces.append(cursor.shape[end : token.start])
        before = found[place - 1] if place else found[-1]
        pieces.append(_piece(cursor, token, before, found[place + 1], levels[-1]))
        end = token.end
    cursor.place = len(found) - 1
    return Query("".join(pieces).strip().rstrip(";"), _titles(cursor), error, cursor.database)


@dataclass(slots=True)
class _Level:
    """
    A bracket that is open, or the text around them all.

    @ivar sorting: whether it has come to a list of ORDER BY or GROUP BY.
    @ivar selects: whether there is a SELECT in it, so that a table follows FROM; not so in C{TRIM(x FROM y)}.
    """

    sorting: bool = False
    selects: bool = False


def _follow(levels: list[_Level], key: str) -> None:
    if key == "(":
        levels.append(_Level())
    elif key == ")" and len(levels) > 1:
        levels.pop()
    elif key == "BY":
        levels[-1].sorting = True
    elif key in _AFTER_SORTING:
        levels[-1].sorting = False
    levels[-1].selects |= key == "SELECT"


def _piece(cursor: Cursor, token: Token, before: Token, after: Token, level: _Level) -> str:
    if token.sort is Sort.QUOTED:
        return _named(token.text)
    if token.sort is Sort.WORD:
        passed = after.sort is Sort.SLOT and before.key != "." and introduces(cursor, token, after)
        return "" if passed or token.key in _ADVICE else token.text
    if token.sort is not Sort.SLOT:
        return token.text
    # Behind a bracket or a name no literal can be a value.
    names = before.key in ("AS", "JOIN", ")", "END") or before.sort is Sort.QUOTED
    names = names or (before.key == "FROM" and level.selects)
    if names and isinstance(name := cursor.literal(token.slot), str):
        return " " + _named(name)
    if level.sorting and before.key in ("BY", ",") and after.key in _AFTER_PLACE:
        number = cursor.literal(token.slot)
        return str(number) if isinstance(number, int) else f":s{token.slot}"
    return f" :s{token.slot} "


def _named(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _titles(cursor: Cursor) -> tuple[str, ...]:
    """@return: the text of each column of the first SELECT; empty where it has an alias."""
    found, place = cursor.tokens, 0
    while found[place].key in (";", "("):
        place += 1
    if found[place].key != "SELECT":
        return ()
    place += 1
    while found[place].key in _OPTIONS:
        place += 1
    titles, start, depth = [], place, 0
    while True:
        token = found[place]
        depth += (token.key == "(") - (token.key == ")")
        is_end = (
            token.sort is Sort.END
            or depth < 0
            or token.key == ";"
            or (depth == 0 and token.key in _AFTER_COLUMNS)
        )
        if is_end or (depth == 0 and token.key == ","):
            titles.append(_title(cursor, start, place))
            start = place + 1
        if is_end:
            return tuple(titles)
        place += 1


def _title(cursor: Cursor, start: int, end: int) -> str:
    tokens = cursor.tokens[start:end]
    if len(tokens) > 2 and tokens[-2].key == "AS":
        return ""
    if len(tokens) == 1 and tokens[0].sort is Sort.SLOT:
        value = cursor.literal(tokens[0].slot)
        if isinstance(value, str):
            return value[:_LONGEST_TITLE]
    return cursor.source(start, end)[:_LONGEST_TITLE]
