"""Functions of time; all of it is UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from comet.cometql.context import Context
from comet.cometql.function import declared, number_of, written
from comet.cometql.results import Kind, Value


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


def _of_now(layout: str) -> Callable[..., str]:
    return lambda context, digits=0: _moment(context).strftime(layout)


def _date(context: Context, value: Value) -> str | None:
    moment = _read_time(value)
    return None if moment is None else f"{moment:%Y-%m-%d}"


def _convert_tz(context: Context, moment: Value, old: Value, new: Value) -> None:
    """What CONVERT_TZ gives where the tables of time zones were never filled."""


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
    ),
    **declared(
        Kind.DATE, ("CURDATE CURRENT_DATE UTC_DATE", _of_now("%Y-%m-%d"), 0, 0), ("DATE", _date, 1, 1)
    ),
    **declared(Kind.TIME, ("CURTIME CURRENT_TIME UTC_TIME", _of_now("%H:%M:%S"), 0, 1)),
    **declared(
        Kind.BIGINT,
        ("UNIX_TIMESTAMP", _unix_timestamp, 0, 1),
        *((name, _part(layout), 1, 1) for name, layout in _PARTS.items()),
    ),
    **declared(Kind.VARCHAR, ("DATE_FORMAT", _date_format, 2, 2)),
    # A moment without a layout, a text with one.
    **declared(None, ("FROM_UNIXTIME", _from_unixtime, 1, 2)),
}
