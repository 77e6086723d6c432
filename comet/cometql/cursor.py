"""Words and signs of a shape, and a cursor that walks over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, TypeVar

from comet.cometql.literals import Literal
from comet.cometql.shape import syntax_error
from comet.errors import SyntaxRefused

T = TypeVar("T")


class Sort(Enum):
    """What a token is."""

    WORD = "word"
    QUOTED = "name in backticks"
    SLOT = "literal"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """
    A piece of a shape.

    @ivar text: a word as it is written, a name without its backticks.
    @ivar key: a word in upper case, a sign as it is; empty for all else, so that only these match keywords.
    @ivar slot: which literal.
    """

    sort: Sort
    text: str
    key: str
    start: int
    end: int
    slot: int = -1


_TOKEN = re.compile(
    r"""
      [ \t\r\n\f\v]++
    | (?P<word> [\w$\x80-\U0010ffff]++ )
    | ` (?P<quoted> (?: [^`] | `` )*+ ) `
    | (?P<slot> \? )
    | (?P<sign> <=> | <> | != | <= | >= | := | && | \|\| | @@ | [=<>(),.;*+@-] )
    | (?P<wrong> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def words(text: str) -> frozenset[str]:
    """@return: the words of C{text}, which are keywords."""
    return frozenset(text.split())


#: How deep brackets may nest.
DEEPEST = 50


def tokens(shape: str) -> list[Token]:
    """@return: the tokens of C{shape}, an L{Sort.END} last; a character that is no token ends them too."""
    found: list[Token] = []
    slots = 0
    for match in _TOKEN.finditer(shape):
        group, (start, end) = match.lastgroup, match.span()
        if group == "word":
            word = match[group]
            found.append(Token(Sort.WORD, word, word.upper() if word.isascii() else "", start, end))
        elif group == "sign":
            found.append(Token(Sort.SIGN, match[group], match[group], start, end))
        elif group == "slot":
            found.append(Token(Sort.SLOT, "?", "", start, end, slots))
            slots += 1
        elif group == "quoted":
            found.append(Token(Sort.QUOTED, match[group].replace("``", "`"), "", start, end))
        elif group == "wrong":
            # Nothing in the grammar takes it, so that parsing stops at it with an error.
            found.append(Token(Sort.SIGN, match[group], "wrong", start, end))
    found.append(Token(Sort.END, "", "", len(shape), len(shape)))
    return found


class Cursor:
    """
    A place in a shape, and what may be asked of what comes next.

    @ivar tokens: all of the shape.
    @ivar pins: the literals whose values decided how the shape was read, for instance as the name of a
        column. What was read holds for texts with the same values in these places only.
    """

    def __init__(
        self, shape: str, literals: Sequence[Literal], sources: Sequence[str], database: str = ""
    ) -> None:
        """
        @param sources: the literals as they are written, for error messages and titles.
        @param database: which one is meant where none is named, if that is not one of ours.
        """
        self.database = database
        self.pins: set[int] = set()
        self.place = 0
        self.shape = shape
        self._literals = literals
        self._sources = sources
        self.tokens: Sequence[Token] = tokens(shape)
        self._depth = 0

    @property
    def next(self) -> Token:
        """The token at the cursor."""
        return self.tokens[self.place]

    def ahead(self, count: int = 1) -> Token:
        """@return: the token C{count} places after the cursor."""
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        """@return: the token at the cursor, which moves on."""
        token = self.tokens[self.place]
        if token.sort is not Sort.END:
            self.place += 1
        return token

    def at(self, *keys: str) -> bool:
        """@return: whether one of these words and signs is next."""
        return self.tokens[self.place].key in keys

    def begin_here(self) -> None:
        """Forget what came before the cursor."""
        self.tokens, self.place = self.tokens[self.place :], 0

    def accept(self, *keys: str) -> bool:
        """@return: whether these words and signs came next, in this order; if so they are passed."""
        for count, key in enumerate(keys):
            if self.ahead(count).key != key:
                return False
        self.place += len(keys)
        return True

    def accept_any(self, *keys: str) -> str:
        """@return: which of these words or signs came next, and was passed; empty if none."""
        return self.take().key if self.at(*keys) else ""

    def expect(self, *keys: str) -> None:
        """
        Pass these words and signs.

        @raise SyntaxRefused: if they are not next.
        """
        if not self.accept(*keys):
            raise self.error()

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        """@return: what C{read} reads, once or more often with commas between."""
        found = [read()]
        while self.accept(","):
            found.append(read())
        return tuple(found)

    def nested(self, read: Callable[[], T]) -> T:
        """@return: what C{read} reads one level deeper, up to the closing bracket."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.error()
        found = read()
        self._depth -= 1
        self.expect(")")
        return found

    @property
    def at_end(self) -> bool:
        """Whether nothing comes next."""
        return self.next.sort is Sort.END

    def literal(self, index: int) -> Literal:
        """@return: the value of a literal, which is pinned by that."""
        self.pins.add(index)
        return self._literals[index]

    def at_name(self) -> bool:
        """@return: whether a name is next, in any quoting."""
        token = self.next
        if token.sort is Sort.SLOT:
            return isinstance(self.literal(token.slot), str)
        return token.sort in (Sort.WORD, Sort.QUOTED)

    def name(self) -> str:
        """@return: the name that is next: a word, or anything in backticks or quotes."""
        if not self.at_name():
            raise self.error()
        token = self.take()
        return str(self._literals[token.slot]) if token.sort is Sort.SLOT else token.text

    def source(self, first: int, last: int) -> str:
        """@return: what is written from token C{first} up to but not including token C{last}, pinned."""
        found = self.tokens[first:last]
        for token in found:
            if token.sort is Sort.SLOT:
                self.pins.add(token.slot)
        return self._written(found)

    def _written(self, found: Sequence[Token], longest: int = 1 << 20) -> str:
        text, end = "", found[0].start if found else 0
        for token in found:
            text += self.shape[end : token.start]
            text += (
                self._sources[token.slot] if token.sort is Sort.SLOT else self.shape[token.start : token.end]
            )
            end = token.end
            if len(text) > longest:
                break
        return text

    def error(self) -> SyntaxRefused:
        """@return: the error about what is next."""
        return syntax_error(self._written(self.tokens[self.place :], 80))

    def error_at(self, slot: int) -> SyntaxRefused:
        """@return: the error about a literal."""
        self.place = next(place for place, token in enumerate(self.tokens) if token.slot == slot)
        return self.error()
