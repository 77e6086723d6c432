"""GROUP_CONCAT as MySQL has it: with an order, without what is there twice, and of a bounded length."""

from __future__ import annotations

from typing import Any

from comet.cometql.function import LONGEST, written
from comet.cometql.results import Value
from comet.errors import TooLong


class GroupConcat:
    """One group."""

    def __init__(self, longest: int) -> None:
        """@param longest: the most characters of the answer; what is beyond is cut off."""
        self._longest = longest
        self._rows: list[tuple[str, tuple[Value, ...]]] = []
        self._size = 0
        self._spec, self._separator = "", ","

    def step(self, spec: str, separator: str, value: Value, *keys: Value) -> None:
        """
        Take a row.

        @param spec: C{d} if no text is wanted twice, then for each key C{<} or C{>}: how it is sorted.
        @param separator: what stands between texts.
        @param value: what is wanted of it; NULL is left out.
        @param keys: what rows are sorted by.
        """
        self._spec, self._separator = spec, separator
        if value is not None:
            text = written(value)
            self._size += len(text)
            if self._size > LONGEST:
                raise TooLong(f"GROUP_CONCAT of more than {LONGEST} characters")
            self._rows.append((text, keys))

    def finalize(self) -> str | None:
        """@return: the texts in their order; NULL if there are none."""
        if not self._rows:
            return None
        directions = self._spec.removeprefix("d")
        for place in reversed(range(len(directions))):
            self._rows.sort(key=lambda row: _rank(row[1][place]), reverse=directions[place] == ">")
        texts = [text for text, _ in self._rows]
        if self._spec.startswith("d"):
            texts = list(dict.fromkeys(texts))
        return self._separator.join(texts)[: self._longest]


def _rank(key: Value) -> tuple[int, Any]:
    """@return: what sorts NULL before numbers, and these before texts."""
    if key is None:
        return 0, 0
    return (2, key) if isinstance(key, (str, bytes)) else (1, key)
