"""Tests for L{comet.cometql.shape} and L{comet.cometql.literals}."""

import contextlib
import re
import time
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.literals import MARK
from comet.cometql.shape import cut, statements_of, with_names
from comet.errors import OutOfRange, Refused, SyntaxRefused, TooLong

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def c_api(text):
    r"""As the escape function of the C API and all that is built on it: C{\0 \n \r \\ \' \" \Z}."""
    names = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", '"': '\\"', "\x1a": "\\Z"}
    return "".join(names.get(character, character) for character in text)


def node(text):
    r"""As mysql and mysql2 for Node: the above, C{\b} and C{\t}."""
    names = {"\b": "\\b", "\t": "\\t"}
    return "".join(names.get(character, c_api(character)) for character in text)


def raw_lines(text):
    """As mariadb for Node and MariaDB Connector/J: quotes and backslashes only."""
    return re.sub(r"(['\"\\])", r"\\\1", text)


def connector_j(text):
    """As MySQL Connector/J: single quotes doubled, double ones as they are, the rest escaped."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\0", "\\0").replace("'", "''")


def qt(text):
    """As Qt and Gambas: single quotes doubled, backslashes escaped, all else as it is."""
    return text.replace("\\", "\\\\").replace("'", "''")


STYLES = {
    "C API": c_api,
    "Node": node,
    "MariaDB connectors": raw_lines,
    "Connector/J": connector_j,
    "Qt": qt,
}


class StringTests(SynchronousTestCase):
    """Strings."""

    def string(self, source):
        shape, literals = cut(f"SELECT {source} ")
        self.assertEqual(shape, "SELECT ? ")
        return literals[0]

    def test_strings_in_a_row(self):
        """Those of one kind with blanks between them are one, wherever they stand."""
        self.assertEqual(cut("SELECT 'a' 'b'"), ("SELECT ?", ["ab"]))
        self.assertEqual(cut("f('it''s' \n\t 'a\\'b' '' , 'c')"), ("f(? , ?)", ["it'sa'b", "c"]))
        self.assertEqual(cut('SELECT "a" "b" \'c\''), ("SELECT ? ?", ["ab", "c"]))
        self.assertEqual(cut("SELECT 'a''b'"), ("SELECT ?", ["a'b"]))
        self.assertEqual(cut("WHERE id = 'x' '"), ("WHERE id = ? ", ["x"]))
        for text in ("SELECT 'a' 'b", 'SELECT "a" "b'):
            with self.assertRaises(SyntaxRefused):
                cut(text)

    def test_many_strings_in_a_row(self):
        """Looking ahead for the next one costs no more than reading it."""
        start = time.perf_counter()
        for text in ("'a' " * 100_000, "'a' '" * 100_000, '"a" \'' * 50_000, "'a' \"b" * 50_000):
            with contextlib.suppress(Refused):
                cut(text)
        self.assertLess(time.perf_counter() - start, 5)

    def test_names_in_double_quotes(self):
        """What stands in double quotes outside of strings, names and comments is a name."""
        for text, named in (
            ('SELECT "a" FROM "b" "c"', "SELECT `a` FROM `b` `c`"),
            ('SELECT \'say "x"\', `"`, "a`b" /* "d" */', 'SELECT \'say "x"\', `"`, `a``b` /* "d" */'),
            ('"a""b"', '`a"b`'),
            ('SELECT "a', 'SELECT "a'),
        ):
            self.assertEqual(with_names(text), named)

    @given(TEXT, st.sampled_from(sorted(STYLES)))
    def test_what_a_client_escapes_arrives(self, text, style):
        """Whatever the way in which a client escapes a text, the text is what it was."""
        self.assertEqual(self.string(f"'{STYLES[style](text)}'"), text)

    @given(st.text("\\'\"%_nZ0a\n", max_size=30), st.sampled_from(sorted(STYLES)))
    def test_what_matters_to_escaping_arrives(self, text, style):
        """The same for texts of nothing but the characters that matter."""
        self.assertEqual(self.string(f"'{STYLES[style](text)}'"), text)

    @given(TEXT)
    def test_double_quotes(self, text):
        """A string may stand in double quotes, and then these are doubled."""
        escaped = text.replace("\\", "\\\\").replace('"', '""')
        self.assertEqual(self.string(f'"{escaped}"'), text)

    def test_escapes(self):
        """Every escape of MySQL's manual; an unknown one is the character itself."""
        self.assertEqual(self.string(r"'\0\'\"\b\n\r\t\Z\\'"), "\0'\"\b\n\r\t\x1a\\")
        self.assertEqual(self.string(r"'\%\_'"), r"\%\_")
        self.assertEqual(self.string(r"'\a\N\z\ '"), "aNz ")
        self.assertEqual(self.string(r"'\\n\\\n'"), "\\n\\\n")

    def test_doubled_quotes(self):
        """A doubled quote is one quote, next to an escaped one too."""
        self.assertEqual(self.string("'it''s'"), "it's")
        self.assertEqual(self.string("''''"), "'")
        self.assertEqual(self.string("''"), "")
        self.assertEqual(self.string(r"'\''''"), "''")
        self.assertEqual(self.string('\'say ""x""\''), 'say ""x""')

    def test_a_backslash_at_the_end(self):
        """A string may end with an escaped backslash, with another string behind it."""
        self.assertEqual(cut(r"('a\\', 'b')"), ("(?, ?)", ["a\\", "b"]))

    def test_a_long_text(self):
        """200 KB come through as they are."""
        text = "наречие \U0001f600 'x' \\ \"y\"\n" * 10_000
        self.assertEqual(self.string(f"'{c_api(text)}'"), text)

    def test_what_no_utf_8_says(self):
        """A surrogate, which no client can send, is refused rather than changed."""
        self.assertRaises(SyntaxRefused, cut, "SELECT '\ud800\\n'")


class NumberTests(SynchronousTestCase):
    """Numbers."""

    def test_kinds(self):
        """Whole numbers are integers, points make decimals, exponents floats, and prefixes bytes."""
        for source, value in (
            ("15", 15),
            ("007", 7),
            ("1.50", Decimal("1.50")),
            (".5", Decimal("0.5")),
            ("1.", Decimal("1")),
            ("1e3", 1000.0),
            ("2.5E-1", 0.25),
            (".5e1", 5.0),
            ("0x4d5A", b"MZ"),
            ("0xF", b"\x0f"),
            ("x'4d5a'", b"MZ"),
            ("X''", b""),
            ("b'101'", b"\x05"),
            ("0b11", b"\x03"),
            ("9" * 65, int("9" * 65)),
            ("9" * 70, float("9" * 70)),
        ):
            shape, literals = cut(f"({source})")
            self.assertEqual((shape, literals), ("(?)", [value]), source)
            self.assertIs(type(literals[0]), type(value))

    def test_digits_in_names_are_no_numbers(self):
        """Digits that are glued to a name belong to it."""
        for text in ("p10", "utf8mb4", "1a", "db_3.t", "a1b2", "0x1g", "1e5x", "é1", "CometQL_v1"):
            self.assertEqual(cut(text), (text, []))

    def test_neighbours(self):
        """Signs and brackets end a number."""
        self.assertEqual(cut("IN(1,-2,3)LIMIT 1+1"), ("IN(?,-?,?)LIMIT ?+?", [1, 2, 3, 1, 1]))

    def test_too_large(self):
        """A number beyond all is refused."""
        self.assertRaises(OutOfRange, cut, "SELECT " + "9" * 400)

    def test_marks(self):
        """A question mark is the place of a value to come."""
        self.assertEqual(cut("(?, 1)"), ("(?, ?)", [MARK, 1]))


class AroundTests(SynchronousTestCase):
    """Names in backticks and comments."""

    def test_names_stay(self):
        """What stands in backticks is no literal."""
        self.assertEqual(cut("`it's ?` 1 `a``b`"), ("`it's ?` ? `a``b`", [1]))

    def test_comments_are_blanks(self):
        """Comments vanish, with whatever is in them."""
        for comment in ("/* it's */", "/**/", "/* a * b / c **/", "-- it's\n", "--\n", "# it's\n", "#\n"):
            shape, literals = cut(f"a{comment}1")
            self.assertEqual(shape.split(), ["a", "?"], comment)
            self.assertEqual(literals, [1])

    def test_comments_at_the_end(self):
        """A comment that ends with its line may end with the text."""
        for comment in ("-- x", "--", "# x"):
            self.assertEqual(cut("a " + comment)[0].split(), ["a"])

    def test_two_minus_signs(self):
        """Two minus signs without a blank are no comment."""
        self.assertEqual(cut("1--1"), ("?--?", [1, 1]))

    def test_words_for_mysql_only(self):
        """The body of a comment with an exclamation mark is text."""
        self.assertEqual(cut("/*!40100 SET x='a' */")[0].split(), ["SET", "x=?"])
        self.assertEqual(cut("/*!SET x*/ y")[0].split(), ["SET", "x", "y"])
        self.assertEqual(cut("/*M! SET x*/")[0].split(), ["SET", "x"])

    def test_words_for_newer_servers_only(self):
        """Unless it is written for a newer version than the one comet speaks."""
        self.assertEqual(cut("a /*!999999\\- x */ b")[0].split(), ["a", "b"])
        self.assertEqual(cut("a /*!90000 x */ b")[0].split(), ["a", "b"])

    def test_strings_hide_comments(self):
        """What looks like a comment within a string is text."""
        self.assertEqual(cut("'/*' 1 '*/' , '-- ' 2 '#'"), ("? ? ? , ? ? ?", ["/*", 1, "*/", "-- ", 2, "#"]))


class EndTests(SynchronousTestCase):
    """Texts that lack an end."""

    def test_no_end(self):
        """A string, a name or a comment without an end is a syntax error that names it."""
        for text in (
            "'abc",
            '"abc',
            "`abc",
            "/* abc",
            "/*! abc",
            "'abc\\'",
            "x'4",
            "'abc\\",
            "('it's')",
            "/*!",
        ):
            with self.assertRaises(SyntaxRefused, msg=text) as caught:
                cut(text)
            self.assertIn(" near '", str(caught.exception))

    def test_the_error_is_short(self):
        """The text that is named has 80 characters at most."""
        with self.assertRaises(SyntaxRefused) as caught:
            cut("'" + "a" * 1000)
        self.assertLess(len(str(caught.exception)), 130)

    def test_a_lone_quote(self):
        """A lone quote at the very end is passed over."""
        for text in ("VALUES ('x');'", "VALUES ('x') \" ", "VALUES ('x')'\n"):
            self.assertEqual(cut(text)[1], ["x"])
            self.assertNotIn("'", cut(text)[0])

    def test_whole_strings_at_the_end(self):
        """What ends in its own quote is no lone quote."""
        self.assertEqual(cut("a = 'it''s'"), ("a = ?", ["it's"]))
        self.assertEqual(cut("a = ''"), ("a = ?", [""]))

    @given(st.text("'\"`\\/*!M#-?0123x.eb \n", max_size=40))
    def test_anything(self, text):
        """Any text is cut or refused, into as many marks as literals."""
        try:
            shape, literals = cut(text)
        except Refused:
            return
        self.assertLessEqual(len(literals), shape.count("?"))

    def test_time_grows_with_length(self):
        """No repetition of what may begin a piece takes more than its share of time."""
        pieces = (
            "'",
            '"',
            "`",
            "/*",
            "/",
            "-",
            "1.",
            "1e",
            "x'",
            "\\",
            "'\\",
            "0x",
            "*/",
            ".1",
            "?",
            "/*!",
            "'',",
        )
        for piece in pieces:
            started = time.perf_counter()
            with contextlib.suppress(Refused):
                cut(piece * (1 << 17))
            # Some 0.05 s in truth; time that grew with the square of the length would be minutes.
            self.assertLess(time.perf_counter() - started, 5, piece)

    def test_many_pieces(self):
        """What would keep everybody else waiting is refused early; one long text is not."""
        for piece in ("/*", "1,", "`a", "-- \n", "/*! "):
            self.assertRaises(TooLong, cut, piece * (1 << 20))
        cut("SELECT '" + "x" * (1 << 20) + "'")


class StatementsTests(SynchronousTestCase):
    """Several statements in one text."""

    def test_parts(self):
        """A semicolon parts statements unless it stands in a string, a name or a comment."""
        for text, statements in (
            ("a", ["a"]),
            ("a;", ["a;"]),
            ("a ; \n", ["a ; \n"]),
            ("a;b", ["a", "b"]),
            (";; a ;; b;", [" a ", " b"]),
            ("a; ';' ; b", ["a", " ';' ", " b"]),
            ("a ';' \";\" `;` -- ;\n # ;\n /* ; */; b", ["a ';' \";\" `;` -- ;\n # ;\n /* ; */", " b"]),
            ("a; -- the end", ["a"]),
            ("a; /* ; */", ["a"]),
            ("a; /*! b */", ["a", " /*! b */"]),
            ("a; /* b", ["a", " /* b"]),
            ("a '; b", ["a '; b"]),
            ("a; b 'c", ["a", " b 'c"]),
            (r"a '\'; b'; c", [r"a '\'; b'", " c"]),
            ("", [""]),
            (" ;", [" ;"]),
            (";;", [";;"]),
        ):
            self.assertEqual(statements_of(text), statements, text)

    @given(st.lists(TEXT, min_size=2, max_size=6))
    def test_any_texts(self, texts):
        """Whatever is in strings, there are as many statements as were put together."""
        statements = [f"SELECT '{c_api(text)}'" for text in texts]
        self.assertEqual(statements_of(";".join(statements)), statements)
        self.assertEqual(
            statements_of(" ; ".join(statements) + ";"),
            [
                " " * (place > 0) + text + " " * (place < len(texts) - 1)
                for place, text in enumerate(statements)
            ],
        )

    def test_many(self):
        """So many statements and no more."""
        self.assertEqual(len(statements_of("a;" * 9000)), 9000)
        self.assertRaises(TooLong, statements_of, ";" * (1 << 20))


class SameShapeTests(SynchronousTestCase):
    """One statement with many literals."""

    @given(TEXT, TEXT, st.integers(0, 10**30))
    def test_other_literals(self, name, text, number):
        """The same statement with other literals has the same shape."""
        shape, literals = cut(
            f"INSERT INTO t (a, b, c) VALUES ('{c_api(name)}', \"{c_api(text)}\", {number})"
        )
        self.assertEqual(shape, "INSERT INTO t (a, b, c) VALUES (?, ?, ?)")
        self.assertEqual(literals, [name, text, number])
