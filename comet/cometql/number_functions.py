"""Functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from comet.cometql.context import Context
from comet.cometql.function import ANY, declared, number_of, whole_of, written
from comet.cometql.results import Kind, Value


def _round(context: Context, value: Value, digits: Value = 0) -> Value:
    number, places = number_of(value), max(-30, min(whole_of(digits), 30))
    return round(number, places) if isinstance(number, float) else _cut(number, places, "ROUND_HALF_UP")


def _truncate(context: Context, value: Value, digits: Value) -> Value:
    return _cut(number_of(value), max(-30, min(whole_of(digits), 30)), "ROUND_DOWN")


def _cut(number: int | float | Decimal, places: int, rounding: str) -> Value:
    try:
        found = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), rounding)
    except ArithmeticError:
        return number  # it has not that many digits, or too many
    return int(found) if places <= 0 else found


def _mod(context: Context, value: Value, divisor: Value) -> Value:
    number, by = Decimal(str(number_of(value))), Decimal(str(number_of(divisor)))
    if not by:
        return None
    try:
        rest = number % by
    except ArithmeticError:
        return 0
    return int(rest) if rest == rest.to_integral_value() else rest


def _abs(context: Context, value: Value) -> Value:
    number = number_of(value)
    return number if number >= 0 else -number


def _greatest(context: Context, *values: Value) -> Value:
    return max(values, key=_order(values))


def _least(context: Context, *values: Value) -> Value:
    return min(values, key=_order(values))


def _order(values: tuple[Value, ...]) -> Callable[[Value], Any]:
    return number_of if all(isinstance(value, (int, float, Decimal)) for value in values) else written


#: The functions of numbers.
NUMBERS = {
    **declared(
        Kind.BIGINT,
        ("CEIL CEILING", lambda context, value: math.ceil(number_of(value)), 1, 1),
        ("FLOOR", lambda context, value: math.floor(number_of(value)), 1, 1),
        ("SIGN", lambda context, value: (number_of(value) > 0) - (number_of(value) < 0), 1, 1),
    ),
    **declared(
        None,
        ("ABS", _abs, 1, 1),
        ("ROUND", _round, 1, 2),
        ("TRUNCATE", _truncate, 2, 2),
        ("MOD", _mod, 2, 2),
        ("GREATEST", _greatest, 2, ANY),
        ("LEAST", _least, 2, ANY),
    ),
}
