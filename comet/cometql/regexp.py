"""
Regular expressions of REGEXP, which take a time that grows with the text alone.

A pattern becomes a set of places that it may have come to; a letter leads from one such set to the next, and
each way is remembered. There is no going back, so no pattern takes for ever, as with those that try one way
after the other. In return there are no references to groups, and no looking ahead or behind.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from comet.errors import BadPattern

#: The longest pattern, the most places in it when repetitions are written out, and how deep brackets go.
_LONGEST, _MOST_PLACES, _DEEPEST = 1000, 1000, 50
#: The most that is remembered, in places of sets and ways between these.
_MOST_REMEMBERED = 100_000
#: How many letters lie between two looks at the clock.
_STRIDE = 256

_BLANKS = " \t\n\r\f\v"
_LINE_ENDS = "\n\r\x85\u2028\u2029"


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


#: Kinds of letters that have a name, C{[[:alpha:]]}.
_NAMED: dict[str, Callable[[str], bool]] = {
    "alpha": str.isalpha,
    "digit": str.isdigit,
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": str.isspace,
    "blank": lambda letter: letter in " \t",
    "punct": lambda letter: unicodedata.category(letter)[0] in "PS",
    "cntrl": lambda letter: unicodedata.category(letter) == "Cc",
    "xdigit": lambda letter: letter in "0123456789abcdefABCDEF",
    "print": str.isprintable,
    "graph": lambda letter: letter.isprintable() and not letter.isspace(),
    "word": _is_word,
}
#: Kinds of letters behind a backslash; a capital means all others.
_ESCAPED = {"d": str.isdigit, "w": _is_word, "s": lambda letter: letter in _BLANKS}
#: How often at least, and at most, what stands before these may be.
_COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
#: Letters behind a backslash that stand for another one.
_SPECIAL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class _Letters:
    """Which letters may stand in a place."""

    spans: tuple[tuple[str, str], ...] = ()
    kinds: tuple[Callable[[str], bool], ...] = ()
    negated: bool = False

    def take(self, letter: str) -> bool:
        """@return: whether C{letter} may."""
        found = any(first <= letter <= last for first, last in self.spans)
        return (found or any(kind(letter) for kind in self.kinds)) != self.negated

    def take_any(self, letter: str) -> bool:
        """@return: whether C{letter} may in either case."""
        forms = {letter, letter.lower(), letter.upper()}
        spans = any(first <= form <= last for form in forms for first, last in self.spans)
        return (spans or any(kind(form) for form in forms for kind in self.kinds)) != self.negated


@dataclass(frozen=True, slots=True)
class _Edge:
    """The beginning or the end of the text."""

    at_end: bool


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    """@ivar most: C{None} for any number."""

    part: _Part
    least: int
    most: int | None


_Part = _Letters | _Edge | _Sequence | _Choice | _Repeated


class _Reader:
    """
    Reads a pattern::

        choice   = sequence { "|" sequence } .
        sequence = { place [ ( "*" | "+" | "?" | "{" number [ "," [ number ] ] "}" ) [ "?" ] ] } .
        place    = letter | "." | "^" | "$" | "[" letters "]" | "(" [ "?:" ] choice ")" | "\\" letter .
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _LONGEST:
            raise BadPattern(f"Got error 'more than {_LONGEST} characters' from regexp")
        self._pattern, self._place = pattern, 0

    def read(self) -> _Part:
        """@return: all of it."""
        found = self._choice(0)
        if self._next:
            raise self._wrong("a bracket that was not opened")
        return found

    @property
    def _next(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _wrong(self, what: str) -> BadPattern:
        return BadPattern(f"Got error '{what} at offset {self._place}' from regexp")

    def _accept(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._place)
        if found:
            self._place += len(text)
        return found

    def _take(self, missing: str) -> str:
        letter = self._next
        if not letter:
            raise self._wrong(missing)
        self._place += 1
        return letter

    def _choice(self, depth: int) -> _Part:
        parts = [self._sequence(depth)]
        while self._accept("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _sequence(self, depth: int) -> _Part:
        parts: list[_Part] = []
        while self._next and self._next not in "|)":
            parts.append(self._repeated(self._one(depth)))
        return _Sequence(tuple(parts))

    def _repeated(self, part: _Part) -> _Part:
        if self._next in _COUNTS:
            least, most = _COUNTS[self._take("")]
        elif self._accept("{"):
            least, most = self._counts()
        else:
            return part
        if isinstance(part, _Edge):
            raise self._wrong("nothing to repeat")
        self._accept("?")  # which of several matches it would be does not matter
        if self._next and self._next in "*+?{":
            raise self._wrong("a repetition of a repetition")
        return _Repeated(part, least, most)

    def _counts(self) -> tuple[int, int | None]:
        text, closed, _ = self._pattern[self._place :].partition("}")
        least, comma, most = text.partition(",")
        numbers = [each for each in (least, most) if each]
        if not closed or not least or not all(each.isascii() and each.isdigit() for each in numbers):
            raise self._wrong("a count that is none")
        self._place += len(text) + 1
        found = int(least[:5]), int(most[:5]) if most else None if comma else int(least[:5])
        if max(found[0], found[1] or 0) > _MOST_PLACES or (found[1] is not None and found[1] < found[0]):
            raise self._wrong("a count that is too large, or smaller than the one before")
        return found

    def _one(self, depth: int) -> _Part:
        letter = self._take("nothing")
        match letter:
            case "(":
                if depth >= _DEEPEST:
                    raise self._wrong(f"more than {_DEEPEST} brackets within one another")
                if self._accept("?") and not self._accept(":"):
                    raise self._wrong("a bracket with an option, which is not supported")
                found = self._choice(depth + 1)
                if not self._accept(")"):
                    raise self._wrong("a bracket that is not closed")
                return found
            case "[":
                return self._letters()
            case ".":
                return _Letters(tuple((each, each) for each in _LINE_ENDS), negated=True)
            case "^" | "$":
                return _Edge(letter == "$")
            case "*" | "+" | "?" | "{":
                raise self._wrong("nothing to repeat")
            case "\\":
                return self._escaped()
        return _Letters(((letter, letter),))

    def _escaped(self) -> _Letters:
        letter = self._take("a backslash at the end")
        if letter.lower() in _ESCAPED:
            return _Letters((), (_ESCAPED[letter.lower()],), letter.isupper())
        if letter in _SPECIAL:
            letter = _SPECIAL[letter]
        elif letter.isalnum():
            raise self._wrong(f"\\{letter}, which is not supported")
        return _Letters(((letter, letter),))

    def _letters(self) -> _Letters:
        negated = self._accept("^")
        spans: list[tuple[str, str]] = []
        kinds: list[Callable[[str], bool]] = []
        unclosed = "a [ that is not closed"
        while True:
            if self._accept("[:"):
                name, closed, _ = self._pattern[self._place :].partition(":]")
                if not closed or name not in _NAMED:
                    raise self._wrong("a kind of letters that there is not")
                self._place += len(name) + 2
                kinds.append(_NAMED[name])
            elif self._accept("\\"):
                found = self._escaped()
                kinds += [found.take] if found.kinds else []
                spans += self._span(*found.spans[0]) if found.spans else []
            else:
                letter = self._take(unclosed)
                spans += self._span(letter, letter)
            # A ] right at the beginning stands for itself.
            if self._accept("]"):
                return _Letters(tuple(spans), tuple(kinds), negated)

    def _span(self, first: str, last: str) -> list[tuple[str, str]]:
        rest = self._pattern[self._place : self._place + 2]
        if rest[:1] == "-" and rest[1:] not in ("", "]"):
            self._place += 1
            last = self._take("")
            if last == "\\":
                found = self._escaped()
                last = found.spans[0][0] if found.spans else ""
            if last < first:
                raise self._wrong("a range that goes backwards")
        return [(first, last)]


@dataclass(slots=True)
class _Place:
    """
    A place of the pattern.

    @ivar letters: what may stand here, if it is one that takes a letter.
    @ivar edge: what has to be here, if it is one that takes none.
    @ivar ways: where it goes on; nowhere from the last.
    """

    letters: _Letters | None = None
    edge: _Edge | None = None
    ways: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class _State:
    """
    The places where one may be.

    @ivar found: whether the end of the pattern is among them.
    @ivar found_at_end: whether it is, if the text ends here.
    """

    places: frozenset[int]
    found: bool = False
    found_at_end: bool = False
    ways: dict[str, _State] = field(default_factory=dict)


class Pattern:
    """A pattern that texts are searched for."""

    def __init__(self, pattern: str, caseless: bool) -> None:
        """
        @param caseless: whether upper and lower case are the same.
        @raise BadPattern: if it is none, or too large.
        """
        self._take = _Letters.take_any if caseless else _Letters.take
        self._places = [_Place()]
        self._first = self._add(_Reader(pattern).read(), 0)
        self._states: dict[frozenset[int], _State] = {}
        self._remembered = 0

    def found_in(self, text: str, look: Callable[[], None] = lambda: None) -> bool:
        """
        @param look: called again and again; what it raises ends the search.
        @return: whether C{text} has what the pattern describes.
        """
        state = self._start
        last = len(text) - 1
        for place, letter in enumerate(text):
            if not place % _STRIDE:
                look()
            if state.found:
                return True
            if place == last and letter == "\n":
                # Before a line feed that ends the text it ends as well.
                ending = self._reached(set(state.places), at_start=not place, at_end=True)
                return 0 in ending or self._follow(_State(ending), letter).found_at_end
            state = state.ways.get(letter) or self._follow(state, letter)
        return state.found_at_end

    # The places -------------------------------------------------------------------------------------------

    def _new(self, place: _Place) -> int:
        if len(self._places) >= _MOST_PLACES:
            raise BadPattern(f"Got error 'more than {_MOST_PLACES} places' from regexp")
        self._places.append(place)
        return len(self._places) - 1

    def _add(self, part: _Part, following: int) -> int:
        """@return: where C{part} begins, if C{following} is behind it."""
        match part:
            case _Letters():
                return self._new(_Place(letters=part, ways=(following,)))
            case _Edge():
                return self._new(_Place(edge=part, ways=(following,)))
            case _Sequence(parts):
                for each in reversed(parts):
                    following = self._add(each, following)
                return following
            case _Choice(parts):
                return self._new(_Place(ways=tuple(self._add(each, following) for each in parts)))
            case _Repeated(inner, least, most):
                return self._repeat(inner, least, most, following)

    def _repeat(self, inner: _Part, least: int, most: int | None, following: int) -> int:
        begin = following
        if most is None:
            begin = self._new(_Place())
            self._places[begin].ways = (self._add(inner, begin), following)
        for _ in range(most - least if most is not None else 0):
            begin = self._new(_Place(ways=(self._add(inner, begin), following)))
        for _ in range(least):
            begin = self._add(inner, begin)
        return begin

    # The states -------------------------------------------------------------------------------------------

    def _reached(self, places: set[int], at_start: bool, at_end: bool) -> frozenset[int]:
        """@return: C{places} and all that are reached from them without a letter."""
        found, waiting = set(places), list(places)
        while waiting:
            place = self._places[waiting.pop()]
            edge = place.edge
            passes = not edge or (at_end if edge.at_end else at_start)
            if place.letters is None and passes:
                more = [way for way in place.ways if way not in found]
                found.update(more)
                waiting += more
        return frozenset(found)

    def _state(self, places: frozenset[int], at_start: bool = False) -> _State:
        state = self._states.get(places)
        if state is None:
            ends = self._reached(set(places), at_start, at_end=True)
            state = _State(places, 0 in places, 0 in ends)
            if not at_start:
                self._states[places] = state
                self._remembered += len(places)
        return state

    @cached_property
    def _start(self) -> _State:
        return self._state(self._reached({self._first}, at_start=True, at_end=False), at_start=True)

    def _follow(self, state: _State, letter: str) -> _State:
        # What is looked for may begin at any letter.
        after = {self._first}
        for number in state.places:
            place = self._places[number]
            if place.letters is not None and self._take(place.letters, letter):
                after.update(place.ways)
        if self._remembered >= _MOST_REMEMBERED:
            self._remembered = 0
            for each in (*self._states.values(), self._start):
                each.ways.clear()
            self._states.clear()
        self._remembered += 1
        following = self._state(self._reached(after, at_start=False, at_end=False))
        state.ways[letter] = following
        return following
