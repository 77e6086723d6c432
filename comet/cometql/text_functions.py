"""Functions of texts."""

from __future__ import annotations

import hashlib
import json

from comet.cometql.context import Context
from comet.cometql.function import ANY, LONGEST, declared, whole_of, written
from comet.cometql.results import Kind, Value
from comet.errors import BadValue, TooLong


def _concat(context: Context, *parts: Value) -> str:
    return _joined("", *parts)


def _concat_ws(context: Context, separator: Value, *parts: Value) -> str | None:
    if separator is None:
        return None
    return _joined(written(separator), *[part for part in parts if part is not None])


def _joined(separator: str, *parts: Value) -> str:
    texts = [written(part) for part in parts]
    if sum(map(len, texts)) + len(separator) * len(texts) > LONGEST:
        raise TooLong(f"Result of concat() was larger than {LONGEST} characters")
    return separator.join(texts)


def _left(context: Context, value: Value, count: Value) -> str:
    return written(value)[: max(0, whole_of(count))]


def _right(context: Context, value: Value, count: Value) -> str:
    text, size = written(value), max(0, whole_of(count))
    return text[max(0, len(text) - size) :] if size else ""


def _substring(context: Context, value: Value, start: Value, count: Value = LONGEST) -> str:
    text, first = written(value), whole_of(start)
    first = first - 1 if first > 0 else len(text) + first
    if first < 0 or first >= len(text) or whole_of(start) == 0:
        return ""
    return text[first : first + max(0, whole_of(count))]


def _substring_index(context: Context, value: Value, separator: Value, count: Value) -> str:
    parted, number = written(separator), whole_of(count)
    if not parted or not number:
        return ""
    parts = written(value).split(parted)
    return parted.join(parts[:number] if number > 0 else parts[number:])


def _locate(context: Context, part: Value, value: Value, start: Value = 1) -> int:
    first = whole_of(start)
    return written(value).find(written(part), first - 1) + 1 if first > 0 else 0


def _replace(context: Context, value: Value, old: Value, new: Value) -> str:
    text, searched, other = written(value), written(old), written(new)
    if not searched:
        return text
    if len(text) + text.count(searched) * (len(other) - len(searched)) > LONGEST:
        raise TooLong(f"Result of replace() was larger than {LONGEST} characters")
    return text.replace(searched, other)


def _repeat(context: Context, value: Value, count: Value) -> str:
    text, times = written(value), max(0, whole_of(count))
    if len(text) * times > LONGEST:
        raise TooLong(f"Result of repeat() was larger than {LONGEST} characters")
    return text * times


def _lpad(context: Context, value: Value, size: Value, fill: Value = " ") -> str:
    text, length, filler = written(value), max(0, whole_of(size)), written(fill)
    missing = length - len(text)
    return text[:length] if missing <= 0 or not filler else _filled(filler, missing) + text


def _rpad(context: Context, value: Value, size: Value, fill: Value = " ") -> str:
    text, length, filler = written(value), max(0, whole_of(size)), written(fill)
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


def _elt(context: Context, number: Value, *texts: Value) -> Value:
    place = 0 if number is None else whole_of(number)
    return texts[place - 1] if 0 < place <= len(texts) else None


def _quote(context: Context, value: Value) -> str:
    if value is None:
        return "NULL"
    return "'" + written(value).replace("\\", r"\\").replace("'", r"\'") + "'"


def _json_unquote(context: Context, value: Value) -> str:
    text = written(value)
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    try:
        found = json.loads(text)
    except ValueError:
        raise BadValue("Invalid JSON text in argument 1 to function json_unquote") from None
    return found if isinstance(found, str) else text


def _strcmp(context: Context, value: Value, other: Value) -> int:
    one, two = written(value), written(other)
    return (one > two) - (one < two)


def _find_in_set(context: Context, value: Value, among: Value) -> int:
    names = written(among).split(",")
    return names.index(written(value)) + 1 if written(value) in names else 0


#: Functions that give texts.
_TEXTS = declared(
    Kind.VARCHAR,
    ("CONCAT", _concat, 1, ANY),
    ("CONCAT_WS", _concat_ws, 2, ANY, True),
    ("LEFT", _left, 2, 2),
    ("RIGHT", _right, 2, 2),
    ("SUBSTRING SUBSTR MID", _substring, 2, 3),
    ("SUBSTRING_INDEX", _substring_index, 3, 3),
    ("REPLACE", _replace, 3, 3),
    ("REPEAT", _repeat, 2, 2),
    ("SPACE", lambda context, count: _repeat(context, " ", count), 1, 1),
    ("LPAD", _lpad, 2, 3),
    ("RPAD", _rpad, 2, 3),
    ("TRIM", lambda context, value: written(value).strip(" "), 1, 1),
    ("LTRIM", lambda context, value: written(value).lstrip(" "), 1, 1),
    ("RTRIM", lambda context, value: written(value).rstrip(" "), 1, 1),
    ("UPPER UCASE", lambda context, value: written(value).upper(), 1, 1),
    ("LOWER LCASE", lambda context, value: written(value).lower(), 1, 1),
    ("REVERSE", lambda context, value: written(value)[::-1], 1, 1),
    ("HEX", _hex, 1, 1),
    ("MD5", lambda context, value: hashlib.md5(_bytes(value), usedforsecurity=False).hexdigest(), 1, 1),
    ("SHA1 SHA", lambda context, value: hashlib.sha1(_bytes(value)).hexdigest(), 1, 1),
    ("ELT", _elt, 2, ANY, True),
    ("QUOTE", _quote, 1, 1, True),
    ("JSON_UNQUOTE", _json_unquote, 1, 1),
)
#: Functions that tell something of texts in numbers.
_MEASURES = declared(
    Kind.BIGINT,
    ("LOCATE", _locate, 2, 3),
    ("INSTR", lambda context, value, part: _locate(context, part, value), 2, 2),
    ("LENGTH OCTET_LENGTH", lambda context, value: len(_bytes(value)), 1, 1),
    ("CHAR_LENGTH CHARACTER_LENGTH", lambda context, value: len(written(value)), 1, 1),
    ("ASCII", lambda context, value: next(iter(_bytes(value)), 0), 1, 1),
    ("FIELD", _field, 2, ANY, True),
    ("FIND_IN_SET", _find_in_set, 2, 2),
    ("STRCMP", _strcmp, 2, 2),
)
#: The functions of texts.
TEXT = {**_TEXTS, **_MEASURES}
