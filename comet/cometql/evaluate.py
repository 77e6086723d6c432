"""Expressions: turned into functions once, when a statement is planned, and called with each execution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from comet.cometql.context import DATABASE, Context
from comet.cometql.results import Value
from comet.cometql.statements import (
    Arithmetic,
    Call,
    Constant,
    Default,
    Expression,
    Name,
    NullTest,
    Slot,
    Star,
    UserVariable,
    Variable,
)
from comet.cometql.values import as_number, as_text
from comet.errors import BadValue, NotSupported, OutOfRange, TooLong, UnknownColumn, UnknownFunction

Parameters = Sequence[Value]
Evaluation = Callable[[Context, Parameters], Value]

#: The longest text that an expression may make out of others.
_LONGEST = 1 << 24


def _moment(context: Context) -> datetime:
    return datetime.fromtimestamp(context.broker.now(), UTC)


def _user(context: Context) -> str:
    return context.user.replace("'", "")


def _concat(context: Context, *parts: Value) -> Value:
    if None in parts:
        return None
    written = [_written(part) for part in parts]
    if sum(map(len, written)) > _LONGEST:
        raise TooLong(f"Result of concat() was larger than {_LONGEST} characters")
    return "".join(written)


def _left(context: Context, value: Value, count: Value) -> Value:
    number = as_number(count)
    return None if value is None or number is None else _written(value)[: max(0, int(min(number, _LONGEST)))]


def _database(context: Context) -> str | None:
    return context.database or None


def _now(context: Context) -> str:
    return f"{_moment(context):%Y-%m-%d %H:%M:%S}"


def _date(context: Context) -> str:
    return f"{_moment(context):%Y-%m-%d}"


def _time(context: Context) -> str:
    return f"{_moment(context):%H:%M:%S}"


def _no_time_zones(context: Context, moment: Value, old: Value, new: Value) -> None:
    """What CONVERT_TZ gives where the tables of time zones were never filled."""


#: Functions by name: what they compute and how many arguments they take, C{None} for one or more.
FUNCTIONS: Mapping[str, tuple[Callable[..., Value], int | None]] = MappingProxyType(
    {
        "CONCAT": (_concat, None),
        "CONNECTION_ID": (lambda context: context.login.connection_id, 0),
        "CONVERT_TZ": (_no_time_zones, 3),
        "CURDATE": (_date, 0),
        "CURRENT_DATE": (_date, 0),
        "CURRENT_TIME": (_time, 0),
        "CURRENT_TIMESTAMP": (_now, 0),
        "CURRENT_USER": (_user, 0),
        "CURTIME": (_time, 0),
        "DATABASE": (_database, 0),
        "LAST_INSERT_ID": (lambda context: context.insert_id, 0),
        "LEFT": (_left, 2),
        "LOCALTIME": (_now, 0),
        "LOCALTIMESTAMP": (_now, 0),
        "NOW": (_now, 0),
        "ROW_COUNT": (lambda context: context.row_count, 0),
        "SCHEMA": (_database, 0),
        "SESSION_USER": (_user, 0),
        "SYSDATE": (_now, 0),
        "SYSTEM_USER": (_user, 0),
        "UNIX_TIMESTAMP": (lambda context: context.broker.now(), 0),
        "USER": (_user, 0),
        "UTC_TIMESTAMP": (_now, 0),
        "VERSION": (lambda context: context.variables.get("version"), 0),
    }
)


def evaluation(expression: Expression, words: bool) -> Evaluation:
    """
    @param words: whether a bare word stands for its own text, as among the values of an INSERT.
    @return: what computes the value.
    @raise UnknownFunction, UnknownColumn, NotSupported: if there is no such value.
    """
    match expression:
        case Slot(index):
            return lambda context, parameters: parameters[index]
        case Constant(value):
            return lambda context, parameters: value
        case Name(column, ()) if words:
            return lambda context, parameters: column
        case Name(column, qualifiers):
            raise UnknownColumn(f"Unknown column '{'.'.join((*qualifiers, column))[:80]}' in 'field list'")
        case Variable(name, scope):
            return lambda context, parameters: context.variables.get(name, scope)
        case UserVariable(name):
            return lambda context, parameters: context.variables.get_own(name)
        case Call(function, arguments):
            return _call(function, [evaluation(argument, words) for argument in arguments])
        case NullTest(tested, negated):
            inner = evaluation(tested, words)
            return lambda context, parameters: int((inner(context, parameters) is None) != negated)
        case Arithmetic(left, sign, right):
            first, second = evaluation(left, words), evaluation(right, words)
            return lambda context, parameters: _compute(
                first(context, parameters), sign, second(context, parameters)
            )
        case Default():
            raise NotSupported("DEFAULT is a value of columns and of variables only")
        case Star():
            raise NotSupported("* stands for the columns of a table only")


def _call(function: str, arguments: list[Evaluation]) -> Evaluation:
    if function not in FUNCTIONS:
        raise UnknownFunction(f"FUNCTION {DATABASE}.{function[:64]} does not exist")
    compute, count = FUNCTIONS[function]
    if len(arguments) != count and (count is not None or not arguments):
        raise UnknownFunction(f"Incorrect parameter count in the call to native function '{function}'")
    return lambda context, parameters: compute(context, *[value(context, parameters) for value in arguments])


def _compute(left: Value, sign: str, right: Value) -> Value:
    if left is None or right is None:
        return None
    first, second = as_number(left), as_number(right)
    if first is None or second is None:
        raise BadValue(
            f"Truncated incorrect DOUBLE value: '{_written(right if first is not None else left)[:80]}'"
        )
    if isinstance(first, float) or isinstance(second, float):
        first, second = float(first), float(second)
    try:
        # The exact kinds mix with one another, and so do the others, which mypy cannot know.
        result: int | float | Decimal
        if sign == "+":
            result = first + second  # type: ignore[operator]
        elif sign == "-":
            result = first - second  # type: ignore[operator]
        else:
            result = first * second  # type: ignore[operator]
    except ArithmeticError:
        raise OutOfRange("a value is out of range") from None
    if abs(result) > 10**65:
        raise OutOfRange(f"a value is out of range in '{first} {sign} {second}'"[:160])
    return result


def _written(value: Value) -> str:
    try:
        return as_text(value)
    except UnicodeDecodeError:
        raise BadValue("Incorrect string value: it is not UTF-8") from None
