"""Functions of time; all of it is UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from comet.cometql.context import Context
from comet.cometql.function import declared, number_of, written
from comet.cometql.results import Kind, Value
from comet.errors import NotSupported


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
        moment = datetime.fromtimestamp(int(number_of(value)), UTC)
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


#: What EXTRACT takes of a moment, as strftime has it: of a unit of two names both, and all between.
_UNITS = {
    **{"MICROSECOND": "%f", "SECOND": "%S", "MINUTE": "%M", "HOUR": "%H", "DAY": "%d", "WEEK": "%U"},
    **{"MONTH": "%m", "YEAR": "%Y", "YEAR_MONTH": "%Y%m", "DAY_HOUR": "%d%H", "DAY_MINUTE": "%d%H%M"},
    **{"DAY_SECOND": "%d%H%M%S", "DAY_MICROSECOND": "%d%H%M%S%f", "HOUR_MINUTE": "%H%M"},
    **{"HOUR_SECOND": "%H%M%S", "HOUR_MICROSECOND": "%H%M%S%f", "MINUTE_SECOND": "%M%S"},
    **{"MINUTE_MICROSECOND": "%M%S%f", "SECOND_MICROSECOND": "%S%f"},
}


def _extract(context: Context, unit: Value, value: Value) -> int | None:
    """
    @param unit: what stands before FROM.
    @return: a part of a moment; C{None} if C{value} is none.
    @raise NotSupported: for a unit that there is not.
    """
    name, moment = written(unit), _read_time(value)
    if name not in _UNITS and name != "QUARTER":
        raise NotSupported(f"EXTRACT of {name[:40]} is not supported")
    if moment is None:
        return None
    return (moment.month + 2) // 3 if name == "QUARTER" else int(moment.strftime(_UNITS[name]))


def _of_now(layout: str) -> Callable[..., str]:
    return lambda context, digits=0: _moment(context).strftime(layout)


def _date(context: Context, value: Value) -> str | None:
    moment = _read_time(value)
    return None if moment is None else f"{moment:%Y-%m-%d}"


_OFFSET = re.compile(r"([+-])(\d{1,2}):(\d{2})")


def _offset(zone: Value) -> timedelta | None:
    """@return: what a zone such as C{+02:00} is ahead of UTC; C{None} of one with a name."""
    found = _OFFSET.fullmatch(written(zone))
    if found is None:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return ahead if found[1] == "+" else -ahead


def _convert_tz(context: Context, value: Value, old: Value, new: Value) -> str | None:
    """What CONVERT_TZ gives where the tables of time zones were never filled: zones have no names."""
    moment, ahead, wanted = _read_time(value), _offset(old), _offset(new)
    if moment is None or ahead is None or wanted is None:
        return None
    try:
        return f"{moment - ahead + wanted:%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return None


def _date_add(context: Context, value: Value, count: Value, unit: Value) -> str | None:
    """
    @param unit: one of L{_SECONDS} or L{_MONTHS}.
    @raise NotSupported: for units of MySQL that are made of two.
    """
    moment, name, number = _read_time(value), written(unit), number_of(count)
    if name not in _SECONDS and name not in _MONTHS:
        raise NotSupported(f"INTERVAL in {name[:20]} is not supported")
    if moment is None or not -_MOST_UNITS < number < _MOST_UNITS:
        return None
    try:
        if name in _MONTHS:
            years, month = divmod(moment.month - 1 + round(number) * _MONTHS[name], 12)
            year = moment.year + years
            day = min(moment.day, monthrange(year, month + 1)[1])
            moment = moment.replace(year=year, month=month + 1, day=day)
        else:
            moment += timedelta(seconds=float(number) * _SECONDS[name])
    except (OverflowError, ValueError):
        return None
    is_date = len(written(value)) <= 10 and name in ("DAY", "WEEK", *_MONTHS)
    return f"{moment:%Y-%m-%d}" if is_date else f"{moment:%Y-%m-%d %H:%M:%S}"


#: More units than there are seconds in all years.
_MOST_UNITS = 1 << 40
#: The units of an INTERVAL: how many seconds, or months, they have.
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _timediff(context: Context, value: Value, other: Value) -> str | None:
    first, second = _read_time(value), _read_time(other)
    if first is None or second is None:
        return None
    seconds = int((first - second).total_seconds())
    hours, rest = divmod(min(abs(seconds), _LONGEST_SPAN), 3600)
    return f"{'-' if seconds < 0 else ''}{hours:02}:{rest // 60:02}:{rest % 60:02}"


def _time_format(context: Context, value: Value, layout: Value) -> str | None:
    found = _SPAN.fullmatch(written(value))
    if found is None:
        return _date_format(context, value, layout)
    sign, hours, minutes, seconds = found.groups()
    letters = {"H": f"{sign}{hours}", "i": minutes, "s": seconds, "S": seconds, "k": f"{sign}{int(hours)}"}
    letters["T"] = f"{sign}{hours}:{minutes}:{seconds}"
    return re.sub("%(.)", lambda letter: letters.get(letter[1], letter[1]), written(layout)[:1000])


#: A span of time, and the longest that there is, in seconds.
_SPAN = re.compile(r"(-?)(\d{2,3}):(\d{2}):(\d{2})(?:\.\d+)?")
_LONGEST_SPAN = 838 * 3600 + 59 * 60 + 59


#: Functions that give a part of a moment, as strftime has it.
_PARTS = {
    **{"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "DAYOFMONTH": "%d"},
    **{"HOUR": "%H", "MINUTE": "%M", "SECOND": "%S", "DAYOFYEAR": "%j"},
}
#: The functions of time.
TIME = {
    **declared(
        Kind.DATETIME,
        ("NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP SYSDATE UTC_TIMESTAMP", _now, 0, 1),
        ("CONVERT_TZ", _convert_tz, 3, 3),
        ("DATE_ADD", _date_add, 3, 3),
    ),
    **declared(
        Kind.DATE, ("CURDATE CURRENT_DATE UTC_DATE", _of_now("%Y-%m-%d"), 0, 0), ("DATE", _date, 1, 1)
    ),
    **declared(
        Kind.TIME, ("CURTIME CURRENT_TIME UTC_TIME", _of_now("%H:%M:%S"), 0, 1), ("TIMEDIFF", _timediff, 2, 2)
    ),
    **declared(
        Kind.BIGINT,
        ("UNIX_TIMESTAMP", _unix_timestamp, 0, 1),
        ("EXTRACT", _extract, 2, 2),
        *((name, _part(layout), 1, 1) for name, layout in _PARTS.items()),
    ),
    **declared(Kind.VARCHAR, ("DATE_FORMAT", _date_format, 2, 2), ("TIME_FORMAT", _time_format, 2, 2)),
    # A moment without a layout, a text with one; kind_of knows.
    **declared(None, ("FROM_UNIXTIME", _from_unixtime, 1, 2)),
}
