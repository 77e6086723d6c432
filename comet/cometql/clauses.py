"""The parts that statements share: names, expressions, WHERE, ORDER BY, LIMIT."""

from __future__ import annotations

import re

from comet.cometql.cursor import Cursor, Sort, Token, words
from comet.cometql.statements import (
    Arithmetic,
    Call,
    Condition,
    Constant,
    Default,
    Expression,
    Limit,
    Name,
    NullTest,
    Order,
    Slot,
    Star,
    TableName,
    UserVariable,
    Variable,
)
from comet.errors import NotSupported

#: Words that end an expression or a list, and so are no alias unless they are quoted.
RESERVED = words(
    "AND AS ASC BETWEEN BY CROSS DESC FOR FROM GROUP HAVING IN INNER INTO IS JOIN LEFT LIKE LIMIT"
    " NATURAL NOT OFFSET OR ORDER OUTER RIGHT SET STRAIGHT_JOIN UNION USING VALUES WHERE WINDOW XOR"
)
_CONSTANTS = {"NULL": Constant(None), "TRUE": Constant(1), "FALSE": Constant(0)}
#: Functions that go without brackets.
_BARE_CALLS = (
    "CURRENT_USER",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "LOCALTIME",
    "LOCALTIMESTAMP",
)
#: What stands before a literal that is a point in time.
_OF_TIME = ("DATE", "TIME", "TIMESTAMP")
_DATE_OR_TIME = re.compile(r"-?[0-9]+[-:/.][0-9T :/.+-]*")
_COMPARISONS = ("=", "<=>", "<>", "!=", "<", "<=", ">", ">=")
#: What may follow the rows of a table in MySQL, and does not here.
_BEYOND = (
    *("JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "NATURAL", "STRAIGHT_JOIN", ",", "GROUP", "HAVING", "UNION"),
    *("WINDOW", "FOR", "INTO", "PROCEDURE", "USING"),
)


def table_name(cursor: Cursor) -> TableName:
    """@return: C{[database .] table}."""
    name = cursor.name()
    return TableName(cursor.name(), name) if cursor.accept(".") else TableName(name, cursor.database)


def alias(cursor: Cursor) -> str:
    """@return: the name given by C{[AS] name}, empty if there is none."""
    if cursor.accept("AS"):
        return cursor.name()
    if cursor.next.key in RESERVED or not cursor.at_name():
        return ""
    return cursor.name()


def column_name(cursor: Cursor) -> Name:
    """@return: C{[[database .] table .] column}."""
    parts = [cursor.name()]
    while cursor.accept("."):
        parts.append(cursor.name())
    if len(parts) > 3:
        raise cursor.error()
    return Name(parts[-1], tuple(parts[:-1]))


# Expressions ----------------------------------------------------------------------------------------------


def expression(cursor: Cursor) -> Expression:
    """@return: a sum, or whether something is NULL."""
    found = _sum(cursor)
    while cursor.accept("IS"):
        negated = cursor.accept("NOT")
        cursor.expect("NULL")
        found = NullTest(found, negated)
    return found


def _sum(cursor: Cursor) -> Expression:
    found = _product(cursor)
    while sign := cursor.accept_any("+", "-"):
        found = Arithmetic(found, sign, _product(cursor))
    return found


def _product(cursor: Cursor) -> Expression:
    found = _signed(cursor)
    while cursor.accept("*"):
        found = Arithmetic(found, "*", _signed(cursor))
    return found


def _signed(cursor: Cursor) -> Expression:
    negative = False
    while sign := cursor.accept_any("+", "-"):
        negative ^= sign == "-"
    found = _primary(cursor)
    return Arithmetic(Constant(0), "-", found) if negative else found


def _primary(cursor: Cursor) -> Expression:
    token = cursor.next
    if token.sort is Sort.SLOT:
        return Slot(cursor.take().slot)
    if cursor.accept("("):
        return cursor.nested(lambda: expression(cursor))
    if cursor.at("@@", "@"):
        return variable(cursor)
    if token.sort is Sort.WORD:
        return _word(cursor)
    if token.sort is Sort.QUOTED:
        return column_name(cursor)
    raise cursor.error()


def _word(cursor: Cursor) -> Expression:
    token, after = cursor.next, cursor.ahead()
    is_function = token.key in ("LEFT", "RIGHT", "VALUES") and after.key == "("
    if token.key in RESERVED and not is_function:
        raise cursor.error()
    if after.key == "(":
        cursor.take(), cursor.take()
        if cursor.accept(")"):
            return Call(token.key)
        return Call(token.key, cursor.nested(lambda: cursor.listed(lambda: _argument(cursor))))
    if after.key == ".":
        return column_name(cursor)
    cursor.take()
    if token.key in _CONSTANTS:
        return _CONSTANTS[token.key]
    if token.key == "DEFAULT":
        return Default()
    if token.key in _BARE_CALLS:
        return Call(token.key)
    if after.sort is Sort.SLOT and introduces(cursor, token, after):
        return Slot(cursor.take().slot)
    return Name(token.text)


def introduces(cursor: Cursor, word: Token, literal: Token) -> bool:
    """
    @return: whether C{word} tells what kind of literal follows: the name of a character set, or that it is a
        date or a time. These are texts here, and where no date or time follows, such a word is a name.
    """
    if word.text.startswith("_") or word.key == "N":
        return True
    if word.key not in _OF_TIME:
        return False
    value = cursor.literal(literal.slot)
    return isinstance(value, str) and _DATE_OR_TIME.fullmatch(value) is not None


def _argument(cursor: Cursor) -> Expression:
    return Star() if cursor.accept("*") else expression(cursor)


def variable(cursor: Cursor) -> Variable | UserVariable:
    """@return: C{@name} or C{@@[scope .] name}."""
    if cursor.accept("@"):
        return UserVariable(cursor.name().lower())
    cursor.expect("@@")
    name = cursor.name()
    if cursor.accept("."):
        return Variable(cursor.name().lower(), name.upper())
    return Variable(name.lower())


# WHERE ----------------------------------------------------------------------------------------------------


def where(cursor: Cursor) -> tuple[Condition, ...]:
    """@return: what follows WHERE, if that is next."""
    return conditions(cursor) if cursor.accept("WHERE") else ()


def conditions(cursor: Cursor) -> tuple[Condition, ...]:
    """@return: conditions with AND between them, in any brackets."""
    found = _condition(cursor)
    while cursor.accept("AND") or cursor.accept("&&"):
        found += _condition(cursor)
    while word := cursor.accept_any("OR", "||", "XOR"):
        found = _either(found, word, _condition(cursor))
    if cursor.at("AND", "&&"):
        raise NotSupported("AND after OR between conditions is not supported without brackets")
    return found


def _either(found: tuple[Condition, ...], word: str, other: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """@return: the values of both conditions as one list, which is what OR may stand for."""
    first, second = found[0], other[0]
    alike = first.column == second.column and len(found) == len(other) == 1 and word != "XOR"
    if not alike or not first.names_values or not second.names_values:
        raise NotSupported(f"{word} between conditions is not supported; IN (...) asks for several keys")
    return (Condition(first.column, "IN", first.operands + second.operands),)


def _condition(cursor: Cursor) -> tuple[Condition, ...]:
    if cursor.accept("("):
        return cursor.nested(lambda: conditions(cursor))
    if not cursor.at_name():
        raise cursor.error()
    if cursor.next.key in ("NOT", "EXISTS") or cursor.ahead().key == "(":
        word = cursor.next.text[:80]
        raise NotSupported(f"'{word}' in a condition is not supported: compare a column with values")
    column = column_name(cursor)
    if operator := cursor.accept_any(*_COMPARISONS):
        operator = "<>" if operator == "!=" else operator
        return (Condition(column, operator, (_sum(cursor),)),)
    if cursor.accept("IS"):
        negated = cursor.accept("NOT")
        cursor.expect("NULL")
        return (Condition(column, "IS NULL", (), negated),)
    negated = cursor.accept("NOT")
    return (Condition(column, *_among(cursor), negated),)


def _among(cursor: Cursor) -> tuple[str, tuple[Expression, ...]]:
    if cursor.accept("IN"):
        cursor.expect("(")
        if cursor.at("SELECT"):
            raise NotSupported("a SELECT within a statement is not supported")
        return "IN", cursor.nested(lambda: cursor.listed(lambda: _sum(cursor)))
    if cursor.accept("LIKE"):
        return "LIKE", (_sum(cursor),)
    if cursor.accept("BETWEEN"):
        least = _sum(cursor)
        cursor.expect("AND")
        return "BETWEEN", (least, _sum(cursor))
    raise cursor.error()


# What follows ---------------------------------------------------------------------------------------------


def order(cursor: Cursor) -> tuple[Order, ...]:
    """@return: what follows ORDER BY, if that is next."""
    return cursor.listed(lambda: _order(cursor)) if cursor.accept("ORDER", "BY") else ()


def _order(cursor: Cursor) -> Order:
    column: Name | int
    if cursor.at_name():
        column = column_name(cursor)
    else:
        place = cursor.literal(cursor.next.slot) if cursor.next.sort is Sort.SLOT else None
        if not isinstance(place, int):
            raise cursor.error()
        column = place
        cursor.take()
    return Order(column, cursor.accept_any("ASC", "DESC") == "DESC")


def limit(cursor: Cursor) -> Limit | None:
    """@return: C{LIMIT count}, C{LIMIT offset, count} or C{LIMIT count OFFSET offset}, if that is next."""
    if not cursor.accept("LIMIT"):
        return None
    first = _count(cursor)
    if cursor.accept(","):
        return Limit(_count(cursor), first)
    return Limit(first, _count(cursor)) if cursor.accept("OFFSET") else Limit(first)


def _count(cursor: Cursor) -> Slot:
    if cursor.next.sort is not Sort.SLOT:
        raise cursor.error()
    return Slot(cursor.take().slot)


def refuse_beyond(cursor: Cursor) -> None:
    """@raise NotSupported: if what is next is a clause of MySQL that comet does not carry out."""
    if cursor.at(*_BEYOND):
        word = "a list of tables" if cursor.at(",") else cursor.next.key
        raise NotSupported(f"{word} in a statement is not supported")


def row(cursor: Cursor) -> tuple[Expression, ...]:
    """@return: C{( expression, ... )}."""
    cursor.expect("(")
    return cursor.nested(lambda: cursor.listed(lambda: expression(cursor)))
