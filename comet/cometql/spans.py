"""What conditions and order say of a range of keys, so that a poll of the newest rows reads only those."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from comet.cometql.context import Context
from comet.cometql.evaluate import Parameters
from comet.cometql.filters import Filter
from comet.cometql.results import Value
from comet.cometql.values import as_number
from comet.storage.presences import Span

_FIRST, _LAST, *_ = Span()
_RANGES = frozenset(("<", "<=", ">", ">=", "BETWEEN"))


class Spans:
    """The range of keys that a statement is about."""

    def __init__(self, key: int, filters: Sequence[Filter], order: Sequence[tuple[int, bool]]) -> None:
        """
        @param key: the place of the key.
        @param order: places of columns, each with whether it is descending.
        """
        self._ranges = [each for each in filters if _is_range(each, key)]
        by_key = not order or order[0][0] == key
        self._descending = bool(order) and by_key and order[0][1]
        #: Whether every row of the range is in the answer, in the order of the keys.
        self._is_whole = by_key and len(self._ranges) == len(filters)

    def span(self, context: Context, parameters: Parameters, end: int | None) -> Span:
        """
        @param end: how many rows of the answer are wanted; C{None}: all.
        @return: what has to be read.
        """
        conditions = ((each.operator, each.values(context, parameters)) for each in self._ranges)
        first, last = within(conditions)
        most = Span().most if end is None or not self._is_whole else min(end, Span().most)
        return Span(first, last, most, self._descending)


def _is_range(condition: Filter, key: int) -> bool:
    return condition.place == key and condition.operator in _RANGES and not condition.negated


def within(conditions: Iterable[tuple[str, Sequence[Value]]]) -> tuple[int, int]:
    """@return: the lowest and the highest whole number that all conditions let through, as L{bounds}."""
    first, last = _FIRST, _LAST
    for operator, operands in conditions:
        least, most = bounds(operator, operands)
        first, last = max(first, least), min(last, most)
    return first, last


def bounds(operator: str, operands: Sequence[Value]) -> tuple[int, int]:
    """@return: the lowest and the highest whole number that a condition lets through; all if it lets none."""
    numbers = [number for number in map(as_number, operands) if number is not None and math.isfinite(number)]
    if len(numbers) < len(operands):
        return _FIRST, _LAST  # the condition itself keeps everything out
    # Brought into range first: to make an integer of a very large number may take long.
    low, *high = (min(max(number, _FIRST - 1), _LAST) for number in numbers)
    match operator:
        case ">":
            return math.floor(low) + 1, _LAST
        case ">=":
            return math.ceil(low), _LAST
        case "<":
            return _FIRST, math.ceil(low) - 1
        case "<=":
            return _FIRST, math.floor(low)
    return math.ceil(low), math.floor(high[0])
