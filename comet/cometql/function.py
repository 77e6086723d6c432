"""What a function of MySQL is, and what functions make of their arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from comet.cometql.context import Context
from comet.cometql.results import Kind, Value
from comet.cometql.values import as_number, as_text
from comet.errors import BadValue

#: The longest text that a function may make out of others.
LONGEST = 1 << 24
#: As many arguments as one likes.
ANY = 255


@dataclass(frozen=True, slots=True)
class Function:
    """
    A function.

    @ivar compute: takes the connection and the arguments.
    @ivar least: how many arguments it takes at least.
    @ivar most: how many it takes at most.
    @ivar takes_null: whether it looks at NULL itself; if not, NULL gives NULL.
    @ivar kind: the type of its value; C{None} if that depends on the arguments.
    """

    compute: Callable[..., Value]
    least: int
    most: int
    takes_null: bool = False
    kind: Kind | None = None

    def __call__(self, context: Context, *arguments: Value) -> Value:
        """@return: its value."""
        if not self.takes_null and None in arguments:
            return None
        return self.compute(context, *arguments)


def declared(kind: Kind | None, *functions: tuple[Any, ...]) -> dict[str, Function]:
    """
    @param kind: the type of their values, if that is always the same.
    @param functions: names, which are synonyms, then what a L{Function} is made of.
    @return: the functions by their names.
    """
    return {
        name: Function(compute, least, most, any(takes_null), kind)
        for names, compute, least, most, *takes_null in functions
        for name in names.split()
    }


def written(value: Value) -> str:
    """
    @return: C{value} as a text.
    @raise BadValue: if it is bytes that are not UTF-8.
    """
    try:
        return as_text(value)
    except UnicodeDecodeError:
        raise BadValue("Incorrect string value: it is not UTF-8") from None


def number_of(value: Value) -> int | float | Decimal:
    """@return: the number that C{value} is or spells, 0 if it is neither."""
    number = as_number(value)
    if isinstance(number, float) and not math.isfinite(number):
        return 0
    return 0 if number is None else number


def whole_of(value: Value) -> int:
    """@return: the whole part of that, within the longest text."""
    number = number_of(value)
    return int(max(-LONGEST, min(number, LONGEST)))
