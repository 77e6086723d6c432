"""The answers to statements in JSON, bounded: enough for somebody to read, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from comet.cometql.results import Done, Result, Rows, Value
from comet.errors import Refused

#: So many rows of one result, and so many characters of one cell, are shown.
MOST_ROWS, MOST_CELL = 1_000, 1 << 16
#: When all results of a text have so many characters, no row follows.
MOST_CHARACTERS = 1 << 20
#: JavaScript has no whole numbers beyond.
_WHOLE = (1 << 53) - 1


class Sheet:
    """What a text of statements has given, as it grows."""

    def __init__(self) -> None:
        self.results: list[dict[str, Any]] = []
        self.error: dict[str, Any] | None = None
        self._left = MOST_CHARACTERS

    def add(self, result: Result, seconds: float) -> None:
        """A statement has given C{result}, after so many seconds."""
        told = self._done(result) if isinstance(result, Done) else self._rows(result)
        self.results.append({**told, "seconds": round(seconds, 6)})

    def refuse(self, error: Refused) -> None:
        """The next statement was refused; it is the last one."""
        self.error = {
            "number": error.number,
            "sqlstate": error.sqlstate,
            "code": error.code,
            "message": str(error),
            "statement": len(self.results),
        }

    @property
    def content(self) -> dict[str, Any]:
        """What the page is told."""
        return {"results": self.results, "error": self.error}

    def _done(self, done: Done) -> dict[str, Any]:
        return {
            "affected": done.affected,
            "insert_id": str(done.insert_id),
            "warnings": done.warnings,
            "info": done.info,
        }

    def _rows(self, found: Rows) -> dict[str, Any]:
        rows: list[list[Any]] = []
        more = False
        for row in found.rows:
            more = len(rows) == MOST_ROWS or self._left <= 0
            if more:
                break
            rows.append(self._cells(row))
        columns = [{"name": column.name, "type": column.kind.value} for column in found.columns]
        return {"columns": columns, "rows": rows, "more": more}

    def _cells(self, row: Sequence[Value]) -> list[Any]:
        cells = [cell_of(value) for value in row]
        self._left -= sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
        return cells


def cell_of(value: Value) -> int | float | str | None:
    """@return: what JSON has for C{value}; a text that is too long ends with three points."""
    if isinstance(value, bytes):
        value = _text_of(value)
    if isinstance(value, str):
        return value if len(value) <= MOST_CELL else f"{value[:MOST_CELL]}…"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, int):
        return value if -_WHOLE <= value <= _WHOLE else str(value)
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _text_of(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
