"""Tests for L{comet.cometql.regexp}."""

from __future__ import annotations

import random
import re
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.regexp import Pattern
from comet.errors import BadPattern

#: Patterns with texts that have it, and texts that do not.
FOUND = (
    ("", ["", "a"], []),
    ("b", ["abc"], ["", "ac"]),
    ("^b", ["bc"], ["ab", ""]),
    ("b$", ["ab", "b\n"], ["ba", "b\n\n", "b\na"]),
    ("^$", ["", "\n"], ["a"]),
    ("a.c", ["abc", "a.c", "a😀c"], ["ac", "a\nc"]),
    ("^ab*c$", ["ac", "abc", "abbbc"], ["abdc"]),
    ("^ab+c$", ["abc", "abbc"], ["ac"]),
    ("^ab?c$", ["ac", "abc"], ["abbc"]),
    ("^ab{2}c$", ["abbc"], ["abc", "abbbc"]),
    ("^ab{1,2}c$", ["abc", "abbc"], ["ac", "abbbc"]),
    ("^ab{2,}c$", ["abbc", "abbbbc"], ["abc"]),
    ("^ab{0}c$", ["ac"], ["abc"]),
    ("^(a|bc|)d$", ["ad", "bcd", "d"], ["abcd", "bd"]),
    ("^(?:ab)+$", ["ab", "abab"], ["", "aba"]),
    ("^a+?$", ["aa"], ["b"]),
    ("^[a-c]+$", ["abc"], ["abd", ""]),
    ("^[^a-c]+$", ["xyz", "\n"], ["xaz"]),
    ("^[]a-]+$", ["]a-"], ["b"]),
    ("^[^]]$", ["a"], ["]"]),
    ("^[a\\]b]$", ["]"], ["\\"]),
    ("^[\\da-]$", ["7", "a", "-"], ["b"]),
    ("^[\\D]$", ["a"], ["7"]),
    ("^[[:alpha:][:digit:]_]+$", ["aё7_"], ["a b"]),
    ("^[[:punct:]]$", ["!", "+"], ["a"]),
    ("^\\d\\w\\s\\D\\W\\S$", ["1_ a b"], ["a_ a b"]),
    ("^a\\.b\\\\$", ["a.b\\"], ["axb\\"]),
    ("^\\t\\n$", ["\t\n"], ["tn"]),
    ("(^a|b$)", ["ax", "xb"], ["xa", "bx"]),
    ("^(a*)*$", ["", "aaa"], ["b"]),
    ("^x{0,3}y", ["xxxy", "y"], ["xxxxy"]),
)
#: What is no pattern, and what is told of it.
WRONG = (
    ("(", "not closed"),
    (")", "not opened"),
    ("[a", "not closed"),
    ("[", "not closed"),
    ("*a", "nothing to repeat"),
    ("a|+", "nothing to repeat"),
    ("^*", "nothing to repeat"),
    ("a**", "a repetition"),
    ("a++", "a repetition"),
    ("a{x}", "a count"),
    ("a{1", "a count"),
    ("a{,2}", "a count"),
    ("a{2,1}", "a count"),
    ("a{9999}", "a count"),
    ("[b-a]", "backwards"),
    ("[[:nope:]]", "a kind of letters"),
    ("a\\", "backslash"),
    ("\\1", "not supported"),
    ("\\bword\\b", "not supported"),
    ("(?=a)", "not supported"),
    ("(a{100}){100}", "places"),
    ("a" * 1001, "characters"),
    ("(" * 60 + ")" * 60, "brackets"),
)


def patterns():
    """@return: a strategy for patterns that mean the same in Python."""
    letters = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "[b-d]", "^", "$", "1", "\\."])
    repeated = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"])

    def larger(inner):
        group = st.builds("({}){}".format, inner, repeated)
        return st.one_of(
            group, st.builds("{}{}".format, inner, inner), st.builds("{}|{}".format, inner, inner)
        )

    return st.recursive(letters, larger, max_leaves=8)


class PatternTests(SynchronousTestCase):
    """Searching."""

    def test_found(self):
        """Letters, kinds of letters, repetitions, choices, edges."""
        for pattern, there, absent in FOUND:
            for text in there:
                self.assertTrue(Pattern(pattern, caseless=False).found_in(text), (pattern, text))
            for text in absent:
                self.assertFalse(Pattern(pattern, caseless=False).found_in(text), (pattern, text))

    def test_case(self):
        """It counts, or does not."""
        for pattern, text in (("^AbC$", "aBc"), ("^[a-c]+$", "ABC"), ("ё", "Ё")):
            self.assertFalse(Pattern(pattern, caseless=False).found_in(text))
            self.assertTrue(Pattern(pattern, caseless=True).found_in(text))
        self.assertFalse(Pattern("[^a]", caseless=True).found_in("A"))

    def test_wrong(self):
        """What is no pattern is told as such, and where."""
        for pattern, said in WRONG:
            error = self.assertRaises(BadPattern, Pattern, pattern, caseless=False)
            self.assertIn(said, str(error), pattern)

    def test_no_pattern_takes_for_ever(self):
        """Nor do the ways that are remembered go beyond all bounds."""
        started = time.monotonic()
        self.assertFalse(Pattern("^(a|aa|a*)*$", caseless=False).found_in("a" * 20_000 + "b"))
        self.assertFalse(Pattern("(x+x+)+y", caseless=False).found_in("x" * 20_000))
        self.assertLess(time.monotonic() - started, 10)

    def test_what_is_remembered_has_a_bound(self):
        """Be it many letters, or many sets of places."""
        letters = "".join(map(chr, range(0x4E00, 0x9FFF)))
        chance = random.Random(1)
        mixed = "".join(chance.choice("ab") for _ in range(3000))
        for text, source in ((letters * 5, "[b-c]z"), (mixed, "a.{400}z")):
            pattern = Pattern(source, caseless=False)
            self.assertFalse(pattern.found_in(text))
            states = pattern._states.values()
            remembered = sum(len(state.places) + len(state.ways) for state in states)
            self.assertLessEqual(remembered, 101_000)
            self.assertLessEqual(remembered, pattern._remembered)

    def test_it_can_be_stopped(self):
        """By whoever looks at the clock."""

        def look():
            raise TimeoutError

        self.assertRaises(TimeoutError, Pattern("a", caseless=False).found_in, "b" * 1000, look)

    @given(patterns(), st.text("ab1.\n", max_size=8), st.booleans())
    def test_as_python_does(self, pattern, text, caseless):
        """Where both know a pattern, both find it in the same texts, however often they are asked."""
        try:
            found = Pattern(pattern, caseless)
            # Python's \\d and \\w, and its dot, go by other letters than these in no text here.
            wanted = re.compile(pattern, re.IGNORECASE if caseless else 0)
        except (BadPattern, re.error):
            return
        for each in (text, text.upper(), text):
            self.assertEqual(found.found_in(each), wanted.search(each) is not None, (pattern, each))
