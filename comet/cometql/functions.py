"""
The functions of MySQL that statements may call.

They compute one row without a table, the values of an INSERT, and whatever a SELECT beyond CometQL asks of
them. NULL as an argument gives NULL, except where MySQL has it otherwise.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from comet.cometql.context import Context
from comet.cometql.results import Value
from comet.cometql.values import as_number, as_text
from comet.errors import BadValue, TooLong

#: The longest text that a function may make out of others.
_LONGEST = 1 << 24
_ANY = 255


@dataclass(frozen=True, slots=True)
class Function:
    """
    A function.

    @ivar compute: takes the connection and the arguments.
    @ivar least: how many arguments it takes at least.
    @ivar most: how many it takes at most.
    @ivar takes_null: whether it looks at NULL itself; if not, NULL gives NULL.
    """

    compute: Callable[..., Value]
    least: int
    most: int
    takes_null: bool = False

    def __call__(self, context: Context, *arguments: Value) -> Value:
        """@return: its value."""
        if not self.takes_null and None in arguments:
            return None
        return self.compute(context, *arguments)


def written(value: Value) -> str:
    """
    @return: C{value} as a text.
    @raise BadValue: if it is bytes that are not UTF-8.
    """
    try:
        return as_text(value)
    except UnicodeDecodeError:
        raise BadValue("Incorrect string value: it is not UTF-8") from None


def _number(value: Value) -> int | float | Decimal:
    number = as_number(value)
    if isinstance(number, float) and not math.isfinite(number):
        return 0
    return 0 if number is None else number


def _whole(value: Value) -> int:
    number = _number(value)
    return int(max(-_LONGEST, min(number, _LONGEST)))


# Texts ----------------------------------------------------------------------------------------------------


def _concat(context: Context, *parts: Value) -> str:
    return _joined("", *parts)


def _concat_ws(context: Context, separator: Value, *parts: Value) -> str | None:
    if separator is None:
        return None
    return _joined(written(separator), *[part for part in parts if part is not None])


def _joined(separator: str, *parts: Value) -> str:
    texts = [written(part) for part in parts]
    if sum(map(len, texts)) + len(separator) * len(texts) > _LONGEST:
        raise TooLong(f"Result of concat() was larger than {_LONGEST} characters")
    return separator.join(texts)


def _left(context: Context, value: Value, count: Value) -> str:
    return written(value)[: max(0, _whole(count))]


def _right(context: Context, value: Value, count: Value) -> str:
    text, size = written(value), max(0, _whole(count))
    return text[max(0, len(text) - size) :] if size else ""


def _substring(context: Context, value: Value, start: Value, count: Value = _LONGEST) -> str:
    text, first = written(value), _whole(start)
    first = first - 1 if first > 0 else len(text) + first
    if first < 0 or first >= len(text) or _whole(start) == 0:
        return ""
    return text[first : first + max(0, _whole(count))]


def _substring_index(context: Context, value: Value, separator: Value, count: Value) -> str:
    parted, number = written(separator), _whole(count)
    if not parted or not number:
        return ""
    parts = written(value).split(parted)
    return parted.join(parts[:number] if number > 0 else parts[number:])


def _locate(context: Context, part: Value, value: Value, start: Value = 1) -> int:
    first = _whole(start)
    return written(value).find(written(part), first - 1) + 1 if first > 0 else 0


def _replace(context: Context, value: Value, old: Value, new: Value) -> str:
    text, searched, other = written(value), written(old), written(new)
    if not searched:
        return text
    if len(text) + text.count(searched) * (len(other) - len(searched)) > _LONGEST:
        raise TooLong(f"Result of replace() was larger than {_LONGEST} characters")
    return text.replace(searched, other)


def _repeat(context: Context, value: Value, count: Value) -> str:
    text, times = written(value), max(0, _whole(count))
    if len(text) * times > _LONGEST:
        raise TooLong(f"Result of repeat() was larger than {_LONGEST} characters")
    return text * times


def _lpad(context: Context, value: Value, size: Value, fill: Value = " ") -> str:
    text, length, filler = written(value), max(0, _whole(size)), written(fill)
    missing = length - len(text)
    return text[:length] if missing <= 0 or not filler else _filled(filler, missing) + text


def _rpad(context: Context, value: Value, size: Value, fill: Value = " ") -> str:
    text, length, filler = written(value), max(0, _whole(size)), written(fill)
    missing = length - len(text)
    return text[:length] if missing <= 0 or not filler else text + _filled(filler, missing)


def _filled(filler: str, size: int) -> str:
    return (filler * (size // len(filler) + 1))[:size]


def _hex(context: Context, value: Value) -> str:
    if isinstance(value, int):
        return f"{value & (1 << 64) - 1:X}"
    return _bytes(value).hex().upper()


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return written(value).encode()
    except UnicodeEncodeError:
        raise BadValue("Incorrect string value: it is not UTF-8") from None


def _field(context: Context, value: Value, *others: Value) -> int:
    texts = [None if other is None else written(other) for other in others]
    return texts.index(written(value)) + 1 if value is not None and written(value) in texts else 0


def _find_in_set(context: Context, value: Value, among: Value) -> int:
    names = written(among).split(",")
    return names.index(written(value)) + 1 if written(value) in names else 0


# Numbers --------------------------------------------------------------------------------------------------


def _round(context: Context, value: Value, digits: Value = 0) -> Value:
    number, places = _number(value), max(-30, min(_whole(digits), 30))
    return round(number, places) if isinstance(number, float) else _cut(number, places, "ROUND_HALF_UP")


def _truncate(context: Context, value: Value, digits: Value) -> Value:
    return _cut(_number(value), max(-30, min(_whole(digits), 30)), "ROUND_DOWN")


def _cut(number: int | float | Decimal, places: int, rounding: str) -> Value:
    try:
        found = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), rounding)
    except ArithmeticError:
        return number  # it has not that many digits, or too many
    return int(found) if places <= 0 else found


def _mod(context: Context, value: Value, divisor: Value) -> Value:
    number, by = Decimal(str(_number(value))), Decimal(str(_number(divisor)))
    if not by:
        return None
    try:
        rest = number % by
    except ArithmeticError:
        return 0
    return int(rest) if rest == rest.to_integral_value() else rest


def _abs(context: Context, value: Value) -> Value:
    number = _number(value)
    return number if number >= 0 else -number


def _greatest(context: Context, *values: Value) -> Value:
    return max(values, key=_order(values))


def _least(context: Context, *values: Value) -> Value:
    return min(values, key=_order(values))


def _order(values: tuple[Value, ...]) -> Callable[[Value], Any]:
    return _number if all(isinstance(value, (int, float, Decimal)) for value in values) else written


# Choices --------------------------------------------------------------------------------------------------


def _if(context: Context, condition: Value, yes: Value, no: Value) -> Value:
    return yes if condition is not None and _number(condition) else no


def _coalesce(context: Context, *values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _nullif(context: Context, value: Value, other: Value) -> Value:
    if value is None or other is None:
        return value
    alike = value == other if isinstance(value, int) and isinstance(other, int) else None
    return None if (written(value) == written(other) if alike is None else alike) else value


# Time -----------------------------------------------------------------------------------------------------


def _moment(context: Context) -> datetime:
    return datetime.fromtimestamp(context.broker.now(), UTC)


def _read_time(value: Value) -> datetime | None:
    text = written(value)
    for layout in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y%m%d"):
        try:
            return datetime.strptime(text[:40], layout).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _now(context: Context, digits: Value = 0) -> str:
    return f"{_moment(context):%Y-%m-%d %H:%M:%S}"


def _unix_timestamp(context: Context, value: Value = None) -> Value:
    if value is None:
        return context.broker.now()
    moment = _read_time(value)
    return 0 if moment is None else int(moment.timestamp())


def _from_unixtime(context: Context, value: Value, layout: Value = None) -> Value:
    try:
        moment = datetime.fromtimestamp(int(_number(value)), UTC)
    except (OverflowError, ValueError, OSError):
        return None
    text = f"{moment:%Y-%m-%d %H:%M:%S}"
    return text if layout is None else _date_format(context, text, layout)


#: The letters of DATE_FORMAT, as strftime has them; functions for those it lacks.
_LETTERS: Mapping[str, str | Callable[[datetime], str]] = MappingProxyType(
    {
        **{letter: "%" + letter for letter in "YymdHIjpSabwU"},
        **{"i": "%M", "s": "%S", "M": "%B", "W": "%A", "h": "%I", "r": "%I:%M:%S %p", "T": "%H:%M:%S"},
        **{"f": "%f", "u": "%W", "v": "%V", "x": "%G"},
        "e": lambda moment: str(moment.day),
        "c": lambda moment: str(moment.month),
        "k": lambda moment: str(moment.hour),
        "l": lambda moment: str(moment.hour % 12 or 12),
    }
)


def _date_format(context: Context, value: Value, layout: Value) -> str | None:
    moment = _read_time(value)
    if moment is None:
        return None
    pieces, text, place = [], written(layout)[:1000], 0
    while place < len(text):
        letter, place = text[place], place + 1
        if letter == "%" and place < len(text):
            meaning = _LETTERS.get(text[place], text[place])
            letter = meaning(moment) if callable(meaning) else meaning
            letter = moment.strftime(letter) if letter.startswith("%") and len(letter) > 1 else letter
            place += 1
        pieces.append(letter)
    return "".join(pieces)


def _part(layout: str) -> Callable[[Context, Value], int | None]:
    def part(context: Context, value: Value) -> int | None:
        moment = _read_time(value)
        return None if moment is None else int(moment.strftime(layout))

    return part


def _of_now(layout: str) -> Callable[..., str]:
    return lambda context, digits=0: _moment(context).strftime(layout)


def _date(context: Context, value: Value) -> str | None:
    moment = _read_time(value)
    return None if moment is None else f"{moment:%Y-%m-%d}"


def _convert_tz(context: Context, moment: Value, old: Value, new: Value) -> None:
    """What CONVERT_TZ gives where the tables of time zones were never filled."""


# The connection -------------------------------------------------------------------------------------------


def _user(context: Context) -> str:
    return context.user.replace("'", "")


def _database(context: Context) -> str | None:
    return context.database or None


def _last_insert_id(context: Context, value: Value = None) -> int:
    return context.insert_id


def _functions() -> dict[str, Function]:
    of: dict[str, Function] = {}

    def add(
        names: str, compute: Callable[..., Value], least: int, most: int, takes_null: bool = False
    ) -> None:
        for name in names.split():
            of[name] = Function(compute, least, most, takes_null)

    add("CONCAT", _concat, 1, _ANY)
    add("CONCAT_WS", _concat_ws, 2, _ANY, takes_null=True)
    add("LEFT", _left, 2, 2)
    add("RIGHT", _right, 2, 2)
    add("SUBSTRING SUBSTR MID", _substring, 2, 3)
    add("SUBSTRING_INDEX", _substring_index, 3, 3)
    add("LOCATE", _locate, 2, 3)
    add("INSTR", lambda context, value, part: _locate(context, part, value), 2, 2)
    add("REPLACE", _replace, 3, 3)
    add("REPEAT", _repeat, 2, 2)
    add("SPACE", lambda context, count: _repeat(context, " ", count), 1, 1)
    add("LPAD", _lpad, 2, 3)
    add("RPAD", _rpad, 2, 3)
    add("TRIM", lambda context, value: written(value).strip(" "), 1, 1)
    add("LTRIM", lambda context, value: written(value).lstrip(" "), 1, 1)
    add("RTRIM", lambda context, value: written(value).rstrip(" "), 1, 1)
    add("UPPER UCASE", lambda context, value: written(value).upper(), 1, 1)
    add("LOWER LCASE", lambda context, value: written(value).lower(), 1, 1)
    add("REVERSE", lambda context, value: written(value)[::-1], 1, 1)
    add("LENGTH OCTET_LENGTH", lambda context, value: len(_bytes(value)), 1, 1)
    add("CHAR_LENGTH CHARACTER_LENGTH", lambda context, value: len(written(value)), 1, 1)
    add("ASCII", lambda context, value: next(iter(_bytes(value)), 0), 1, 1)
    add("HEX", _hex, 1, 1)
    add("MD5", lambda context, value: hashlib.md5(_bytes(value), usedforsecurity=False).hexdigest(), 1, 1)
    add("SHA1 SHA", lambda context, value: hashlib.sha1(_bytes(value)).hexdigest(), 1, 1)
    add("FIELD", _field, 2, _ANY, takes_null=True)
    add("FIND_IN_SET", _find_in_set, 2, 2)
    add(
        "QUOTE",
        lambda context, value: "'" + written(value).replace("\\", r"\\").replace("'", r"\'") + "'",
        1,
        1,
    )

    add("ABS", _abs, 1, 1)
    add("CEIL CEILING", lambda context, value: math.ceil(_number(value)), 1, 1)
    add("FLOOR", lambda context, value: math.floor(_number(value)), 1, 1)
    add("ROUND", _round, 1, 2)
    add("TRUNCATE", _truncate, 2, 2)
    add("MOD", _mod, 2, 2)
    add("SIGN", lambda context, value: (_number(value) > 0) - (_number(value) < 0), 1, 1)
    add("GREATEST", _greatest, 2, _ANY)
    add("LEAST", _least, 2, _ANY)

    add("IF", _if, 3, 3, takes_null=True)
    add("IFNULL", _coalesce, 2, 2, takes_null=True)
    add("COALESCE", _coalesce, 1, _ANY, takes_null=True)
    add("NULLIF", _nullif, 2, 2, takes_null=True)
    add("ISNULL", lambda context, value: int(value is None), 1, 1, takes_null=True)

    add("NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP SYSDATE UTC_TIMESTAMP", _now, 0, 1)
    add("CURDATE CURRENT_DATE UTC_DATE", _of_now("%Y-%m-%d"), 0, 0)
    add("CURTIME CURRENT_TIME UTC_TIME", _of_now("%H:%M:%S"), 0, 1)
    add("UNIX_TIMESTAMP", _unix_timestamp, 0, 1)
    add("FROM_UNIXTIME", _from_unixtime, 1, 2)
    add("DATE_FORMAT", _date_format, 2, 2)
    add("DATE", _date, 1, 1)
    add("CONVERT_TZ", _convert_tz, 3, 3)
    for name, layout in (("YEAR", "%Y"), ("MONTH", "%m"), ("DAY", "%d"), ("DAYOFMONTH", "%d")):
        add(name, _part(layout), 1, 1)
    for name, layout in (("HOUR", "%H"), ("MINUTE", "%M"), ("SECOND", "%S"), ("DAYOFYEAR", "%j")):
        add(name, _part(layout), 1, 1)

    add("CONNECTION_ID", lambda context: context.login.connection_id, 0, 0)
    add("CURRENT_USER SESSION_USER SYSTEM_USER USER", _user, 0, 0)
    add("DATABASE SCHEMA", _database, 0, 0)
    add("LAST_INSERT_ID", _last_insert_id, 0, 0)
    add("ROW_COUNT", lambda context: context.row_count, 0, 0)
    add("FOUND_ROWS", lambda context: context.found_rows, 0, 0)
    add("VERSION", lambda context: context.variables.get("version"), 0, 0)
    add("CHARSET", lambda context, value: "binary" if isinstance(value, (int, bytes)) else "utf8mb4", 1, 1)
    return of


#: The functions by name, in upper case.
FUNCTIONS: Mapping[str, Function] = MappingProxyType(_functions())
