"""Expressions: turned into functions once, when a statement is planned, and called with each execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from comet.cometql.context import DATABASE, Context
from comet.cometql.function import written
from comet.cometql.functions import FUNCTIONS
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
from comet.cometql.values import as_number
from comet.errors import BadValue, NotSupported, OutOfRange, UnknownColumn, UnknownFunction

Parameters = Sequence[Value]
Evaluation = Callable[[Context, Parameters], Value]


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
            return lambda context, parameters: context.variable(name, scope)
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


def _call(name: str, arguments: list[Evaluation]) -> Evaluation:
    function = FUNCTIONS.get(name)
    if function is None:
        raise UnknownFunction(f"FUNCTION {DATABASE}.{name[:64]} does not exist")
    if not function.least <= len(arguments) <= function.most:
        raise UnknownFunction(f"Incorrect parameter count in the call to native function '{name}'")
    return lambda context, parameters: function(context, *[value(context, parameters) for value in arguments])


def _compute(left: Value, sign: str, right: Value) -> Value:
    if left is None or right is None:
        return None
    first, second = as_number(left), as_number(right)
    if first is None or second is None:
        raise BadValue(
            f"Truncated incorrect DOUBLE value: '{written(right if first is not None else left)[:80]}'"
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
