"""
The text of a configuration file, as sections, keys and values with their lines. What they mean is not known.

The form is that of CppComet::

    ; a comment, also behind a value
    [section]
    key = value
    list = []first
    list = []second

The last of several lines for one key counts. Beyond that, a value in double quotes may contain C{;} and C{#},
and C{""} in it stands for one quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"\[\s*([^\[\]]*?)\s*\]\s*(?:[;#].*)?")
_ASSIGNMENT = re.compile(r"([^=;#\s][^=;#]*?)\s*=\s*(\[\])?\s*(.*)")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"\s*(?:[;#].*)?')
_COMMENT = re.compile(r"[;#]")


@dataclass(frozen=True, slots=True)
class Remark:
    """
    Something to say about a configuration: a problem, or a warning.

    @ivar source: the environment variable that it is about, empty if it is about the file.
    @ivar line: the line of the file, 0 if it is about none in particular.
    """

    text: str
    section: str = ""
    key: str = ""
    line: int = 0
    source: str = ""

    def __str__(self) -> str:
        """@return: this remark behind the place it is about."""
        return self._behind(f"line {self.line}" if self.line else "")

    def located(self, file: str) -> str:
        """@return: this remark behind the place it is about, as editors and compilers write it."""
        return self._behind(f"{file}:{self.line}" if self.line else file)

    def _behind(self, place: str) -> str:
        name = f"[{self.section}] {self.key}".rstrip() if self.section else self.key
        return ": ".join(filter(None, (self.source or place, name, self.text)))


@dataclass(slots=True)
class Entry:
    """
    One key with what was written for it.

    @ivar values: one text, or the items of a list.
    @ivar source: the environment variable that it was read from, empty if it was the file.
    """

    section: str
    key: str
    values: list[str]
    is_list: bool = False
    line: int = 0
    source: str = ""

    def remark(self, text: str) -> Remark:
        """@return: C{text}, said of this entry."""
        return Remark(text, self.section, self.key, self.line, self.source)


class Document:
    """A configuration file, cut up."""

    def __init__(self, text: str) -> None:
        #: The lines of the sections themselves.
        self.sections: dict[str, int] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.problems: list[Remark] = []
        self.warnings: list[Remark] = []
        self._section: str | None = None
        for number, line in _lines(text):
            if line.startswith("["):
                self._open(number, line)
            else:
                self._assign(number, line)

    def _open(self, number: int, line: str) -> None:
        found = _SECTION.fullmatch(line)
        if found is None or not found[1]:
            self.problems.append(
                Remark("this is no section; a section is a name in brackets: [ws]", line=number)
            )
            self._section = None
            return
        self._section = found[1]
        self.sections.setdefault(found[1], number)

    def _assign(self, number: int, line: str) -> None:
        found = _ASSIGNMENT.fullmatch(line)
        if found is None:
            wrong = "this line is neither a [section] nor a key = value nor a ; comment"
            self.problems.append(Remark(wrong, line=number))
            return
        key, is_list, rest = found[1], found[2] is not None, found[3]
        if self._section is None:
            wrong = "this key stands in no section; a line such as [main] is needed above it"
            self.problems.append(Remark(wrong, key=key, line=number))
            return
        entry = Entry(self._section, key, [], is_list, number)
        value = self._value(entry, rest)
        if value is not None:
            entry.values.append(value)
            self._keep(entry)

    def _value(self, entry: Entry, text: str) -> str | None:
        if text.startswith('"'):
            quoted = _QUOTED.fullmatch(text)
            if quoted is None:
                wrong = (
                    'the quotes do not pair; a value in quotes ends with ", and "" in it stands for one quote'
                )
                self.problems.append(entry.remark(wrong))
                return None
            return quoted[1].replace('""', '"')
        comment = _COMMENT.search(text)
        if comment is None:
            return text
        if comment.start() and not text[comment.start() - 1].isspace():
            # Not the value itself: it may be a password.
            cut = f"a comment begins at the {comment[0]} and cuts the value; in double quotes it stays whole"
            self.warnings.append(entry.remark(cut))
        return text[: comment.start()].rstrip()

    def _keep(self, entry: Entry) -> None:
        before = self.entries.get((entry.section, entry.key))
        if before is None:
            self.entries[entry.section, entry.key] = entry
        elif before.is_list and entry.is_list:
            before.values += entry.values
        else:
            self.warnings.append(before.remark(f"line {entry.line} says it again, and that is what counts"))
            self.entries[entry.section, entry.key] = entry


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip()
        if stripped and stripped[0] not in ";#":
            yield number, stripped
