"""
Values of a statement as a column takes them.

Texts of errors are in MySQL's style, with the column and the limit.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from comet.cometql.results import Value
from comet.errors import BadValue, NullValue, OutOfRange, TooLong
from comet.model import ID_LIMIT, SHORTEST_STORED, check_name

#: What is less is a span of time, what is more a point in time, both in seconds; as memcached has it.
MONTH = 30 * 86_400
TIME_LIMIT = 2**53


def as_text(value: Value) -> str:
    """
    @return: C{value} the way MySQL turns it into a string.
    @raise UnicodeDecodeError: if it is bytes that are not UTF-8.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def as_number(value: Value) -> int | float | Decimal | None:
    """@return: the number that C{value} is or spells; C{None} if it is neither."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        # More characters than any number that a column holds; converting them takes quadratic time.
        if len(value) > 80 or "_" in value or not value.isascii():
            return None
        try:
            return int(value)
        except ValueError:
            pass
        try:
            number = Decimal(value)
        except ArithmeticError:
            return None
        return number if number.is_finite() else None
    return value if isinstance(value, (int, float, Decimal)) else None


def as_integer(value: Value) -> int | None:
    """@return: the whole number that C{value} is or spells; C{None} if it is neither."""
    if type(value) is int:
        return value
    number = as_number(value)
    # Beyond 64 bits no column holds it, and making an integer of it may take long.
    if number is None or not -(1 << 64) < number < 1 << 64 or number != int(number):
        return None
    return int(number)


def text(value: Value, column: str) -> str:
    """
    @return: what C{column} takes C{value} for.
    @raise NullValue: if it is NULL.
    @raise BadValue: if it is no text.
    """
    if type(value) is str:
        return value
    if value is None:
        raise NullValue(f"Column '{column}' cannot be null")
    try:
        return as_text(value)
    except UnicodeDecodeError:
        raise BadValue(f"Incorrect string value: {value!r:.80} for column '{column}'") from None


def integer(value: Value, column: str) -> int:
    """
    @return: the whole number that C{column} takes C{value} for.
    @raise NullValue: if it is NULL.
    @raise BadValue: if it is no whole number.
    """
    if value is None:
        raise NullValue(f"Column '{column}' cannot be null")
    number = as_integer(value)
    if number is None:
        raise BadValue(f"Incorrect integer value: {shown(value)} for column '{column}'")
    return number


def shown(value: Value) -> str:
    """@return: the beginning of C{value} in quotes, for the text of an error."""
    written = as_text(value) if not isinstance(value, bytes) else repr(value)
    return f"'{written}'" if len(written) <= 80 else f"'{written[:77]}...'"


def integer_within(value: Value, column: str, least: int, most: int) -> int:
    """
    @return: the whole number that C{column} takes C{value} for.
    @raise OutOfRange: if it is less than C{least}, or more than C{most}.
    """
    number = integer(value, column)
    if not least <= number <= most:
        raise OutOfRange(f"Out of range value for column '{column}': {number}, from {least} to {most}")
    return number


def user_id(value: Value, column: str, least: int) -> int:
    """@return: the id of a user, at least C{least}."""
    return integer_within(value, column, least, ID_LIMIT)


def expiry(value: Value, column: str, now: int) -> int:
    """
    @param now: the time in seconds since 1970.
    @return: when something expires, in seconds since 1970, 0 for never. Numbers of up to L{MONTH} are seconds
        from now on.
    @raise OutOfRange: if that is past.
    """
    number = integer_within(value, column, 0, TIME_LIMIT)
    if number <= MONTH:
        return now + number if number else 0
    if number <= now:
        raise OutOfRange(f"Out of range value for column '{column}': {number} is past, it is {now} now")
    return number


def channel_name(value: Value, column: str) -> str:
    """@return: the name of a channel."""
    return check_name(text(value, column), f"column '{column}'", SHORTEST_STORED)


@lru_cache(4096)
def _event_name(name: str, column: str) -> str:
    """@return: C{name}. It is short, or it is no name, and that is not kept; so what is kept is bounded."""
    return check_name(name, f"column '{column}'", 0)


def event_name(value: Value, column: str) -> str:
    """@return: the name of an event, which may be empty."""
    return _event_name(value if type(value) is str else text(value, column), column)


def bounded_text(value: Value, column: str, limit: int) -> str:
    """
    @return: a text of at most C{limit} bytes of UTF-8.
    @raise TooLong: if it has more.
    @raise BadValue: if UTF-8 cannot write it.
    """
    written = value if type(value) is str else text(value, column)
    try:
        size = len(written) if written.isascii() else len(written.encode())
    except UnicodeEncodeError:
        raise BadValue(f"Incorrect string value for column '{column}': it is not UTF-8") from None
    if size > limit:
        raise TooLong(f"Data too long for column '{column}': {size} bytes, at most {limit}")
    return written
