"""Conditions on rows that have been found already."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from comet.cometql.context import Context
from comet.cometql.evaluate import Evaluation, Parameters, evaluation
from comet.cometql.results import Column, Value
from comet.cometql.statements import Condition
from comet.cometql.tables.table import Row
from comet.cometql.values import as_number, as_text
from comet.errors import TooLong

Predicate = Callable[[Row], bool]

_RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: The longest pattern of LIKE, in characters.
_LONGEST = 1000


class Filter:
    """
    One condition on a column, whose operands are values of the statement.

    @ivar place: where in a row the value of the column is.
    @ivar equality: whether it names the values that the column may have.
    """

    def __init__(self, condition: Condition, place: int, column: Column) -> None:
        self.column = column
        self.equality = condition.operator in ("=", "<=>", "IN") and not condition.negated
        self.place = place
        self._text = column.kind.is_text
        self.operator = condition.operator
        self.negated = condition.negated
        self._operands: list[Evaluation] = [evaluation(operand, words=True) for operand in condition.operands]

    def values(self, context: Context, parameters: Parameters) -> list[Value]:
        """@return: what the column is compared with."""
        return [operand(context, parameters) for operand in self._operands]

    def bind(self, context: Context, parameters: Parameters) -> Predicate:
        """@return: what tells whether a row meets the condition with these values."""
        operands = self.values(context, parameters)
        meets, place, negated = self._comparison(operands), self.place, self.negated
        if self.operator in ("IS NULL", "<=>"):
            return lambda row: meets(row[place]) != negated
        if None in operands and (negated or self.operator != "IN"):
            # Nothing is equal to NULL, or different from it.
            return lambda row: False
        return lambda row: row[place] is not None and meets(row[place]) != negated

    def _comparison(self, operands: list[Value]) -> Callable[[Value], bool]:
        if self.operator == "IS NULL":
            return lambda value: value is None
        if self.operator == "LIKE":
            matches = like(_text(operands[0]), caseless=False)
            return lambda value: matches(_text(value))
        alike = _text if self._text else as_number
        against: list[Any] = [None if operand is None else alike(operand) for operand in operands]
        if self.operator == "<>":
            return lambda value: value != against[0]
        if self.operator == "BETWEEN":
            least, most = against
            return lambda value: least is not None and most is not None and least <= value <= most
        if compare := _RANGES.get(self.operator):
            return lambda value: against[0] is not None and compare(value, against[0])
        wanted = set(against)
        return lambda value: value in wanted


def _text(value: Value) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else as_text(value)


def like(pattern: str, caseless: bool) -> Callable[[str], bool]:
    r"""
    @param pattern: C{%} stands for any characters, C{_} for one, and C{\} takes that meaning from the next.
    @return: what tells whether a text matches.
    """
    if len(pattern) > _LONGEST:
        raise TooLong(f"Data too long for a pattern: {len(pattern)} characters, at most {_LONGEST}")
    parts: list[str] = [""]
    for escaped, one, plain in re.findall(r"\\(.)|(%|_)|(.)", pattern, re.DOTALL):
        if one == "%":
            parts.append("")
        else:
            parts[-1] += "." if one else re.escape(escaped or plain)
    # The first place where a part fits is as good as any other, so that nothing needs to be tried again.
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        expression = first
    else:
        expression = first + "".join(f"(?>.*?{part})" for part in parts[1:-1]) + ".*" + last
    flags = re.DOTALL | (re.IGNORECASE if caseless else re.NOFLAG)
    compiled = re.compile(expression, flags)
    return lambda text: compiled.fullmatch(text) is not None


def all_of(predicates: Sequence[Predicate]) -> Predicate:
    """@return: what tells whether a row meets all conditions."""
    if len(predicates) == 1:
        return predicates[0]
    return lambda row: all(meets(row) for meets in predicates)
