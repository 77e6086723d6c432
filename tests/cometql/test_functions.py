"""Tests for L{comet.cometql.functions}."""

from decimal import Decimal

from comet.cometql.functions import FUNCTIONS
from comet.errors import TooLong, UnknownFunction
from tests.cometql.talk import NOW, TalkTests


class FunctionTests(TalkTests):
    """Functions give what MySQL's give."""

    def test_values(self):
        """One row without a table."""
        for call, value in (
            ("CONCAT('a', 1, 2.50)", "a12.50"),
            ("CONCAT_WS('-', 'a', NULL, 'b')", "a-b"),
            ("LEFT('abc', 2)", "ab"),
            ("RIGHT('abc', 2)", "bc"),
            ("RIGHT('abc', 0)", ""),
            ("RIGHT('abc', 9)", "abc"),
            ("SUBSTRING('abcd', 2)", "bcd"),
            ("SUBSTR('abcd', -3, 2)", "bc"),
            ("MID('abcd', 0, 2)", ""),
            ("SUBSTRING('abcd', -9)", ""),
            ("SUBSTRING_INDEX('a.b.c', '.', 2)", "a.b"),
            ("SUBSTRING_INDEX('a.b.c', '.', -1)", "c"),
            ("SUBSTRING_INDEX('a.b.c', '', 1)", ""),
            ("LOCATE('b', 'abcb')", 2),
            ("LOCATE('b', 'abcb', 3)", 4),
            ("LOCATE('x', 'abc')", 0),
            ("INSTR('abc', 'c')", 3),
            ("REPLACE('aXbX', 'X', '--')", "a--b--"),
            ("REPLACE('a', '', 'b')", "a"),
            ("REPEAT('ab', 3)", "ababab"),
            ("LPAD('7', 3, '0')", "007"),
            ("RPAD('abc', 2, 'x')", "ab"),
            ("TRIM('  a ')", "a"),
            ("UPPER('aé')", "AÉ"),
            ("LENGTH('é😀')", 6),
            ("CHAR_LENGTH('é😀')", 2),
            ("HEX('az')", "617A"),
            ("HEX(255)", "FF"),
            ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
            ("FIELD('b', 'a', 'b')", 2),
            ("FIELD(NULL, 'a')", 0),
            ("FIND_IN_SET('b', 'a,b')", 2),
            ("QUOTE('it''s')", r"'it\'s'"),
            ("ABS(-5)", 5),
            ("CEIL(1.2)", 2),
            ("FLOOR(-1.2)", -2),
            ("ROUND(2.5)", 3),
            ("ROUND(1.255, 2)", Decimal("1.26")),
            ("TRUNCATE(1.99, 1)", Decimal("1.9")),
            ("MOD(7, 3)", 1),
            ("MOD(7, 0)", None),
            ("GREATEST(3, 10, 2)", 10),
            ("LEAST('b', 'a')", "a"),
            ("IF(0, 'y', 'n')", "n"),
            ("IF(NULL, 'y', 'n')", "n"),
            ("IFNULL(NULL, 5)", 5),
            ("COALESCE(NULL, NULL, 6)", 6),
            ("NULLIF(1, 1)", None),
            ("NULLIF(1, 2)", 1),
            ("ISNULL(NULL)", 1),
            ("UNIX_TIMESTAMP()", NOW),
            ("NOW()", "2023-11-14 22:13:20"),
            ("CURDATE()", "2023-11-14"),
            ("UNIX_TIMESTAMP('1970-01-02')", 86400),
            ("UNIX_TIMESTAMP('no date')", 0),
            ("FROM_UNIXTIME(0)", "1970-01-01 00:00:00"),
            ("FROM_UNIXTIME(0, '%Y')", "1970"),
            ("FROM_UNIXTIME(1e60)", None),
            ("DATE_FORMAT('2020-01-02 03:04:05', '%Y/%c/%e %H:%i:%s %% %q')", "2020/1/2 03:04:05 % q"),
            ("DATE_FORMAT('nonsense', '%Y')", None),
            ("YEAR('2020-02-03')", 2020),
            ("CONVERT_TZ('2024-01-01 00:00:00', '+00:00', '-02:30')", "2023-12-31 21:30:00"),
            ("CONVERT_TZ('2024-01-01 00:00:00', 'UTC', '+01:00')", None),
            ("CONVERT_TZ('0001-01-01', '+10:00', '+00:00')", None),
            ("TIMEDIFF('2024-01-02 01:00:00', '2024-01-01')", "25:00:00"),
            ("TIMEDIFF('2024-01-01', '2024-01-01 00:00:01')", "-00:00:01"),
            ("TIMEDIFF('2024-01-01', '1024-01-01')", "838:59:59"),
            ("TIMEDIFF('nonsense', NOW())", None),
            ("TIME_FORMAT('-01:02:03', '%H:%i %k %%')", "-01:02 -1 %"),
            ("TIME_FORMAT('2024-01-01 01:02:03', '%T')", "01:02:03"),
            ("ELT(2, 'a', 'b')", "b"),
            ("ELT(3, 'a', 'b')", None),
            ("ELT(NULL, 'a', 'b')", None),
            ("QUOTE('it''s')", r"'it\'s'"),
            ("QUOTE(NULL)", "NULL"),
            ("STRCMP('a', 'b')", -1),
            ("STRCMP('a', 'a')", 0),
            ("""JSON_UNQUOTE('"\\\\u0041"')""", "A"),
            ("JSON_UNQUOTE('x')", "x"),
            ("LENGTH(UUID())", 36),
            ("CHARSET('x')", "utf8mb4"),
            ("CHARSET(1)", "binary"),
            ("COLLATION('x')", "utf8mb4_0900_ai_ci"),
            ("CURRENT_ROLE()", "NONE"),
            ("LAST_INSERT_ID(7)", 7),
            ("DATE('2020-02-03 04:05:06')", "2020-02-03"),
            ("CONNECTION_ID()", 7),
            ("USER()", "root@127.0.0.1"),
            ("CURRENT_USER", "root@127.0.0.1"),
            ("DATABASE()", "CometQL_v1"),
        ):
            self.assertEqual(self.value(f"SELECT {call}"), value, call)

    def test_null(self):
        """NULL gives NULL, in all functions that do not look at it."""
        for name, function in FUNCTIONS.items():
            if not function.takes_null and function.least:
                nulls = ", ".join(["NULL"] * function.least)
                self.assertIsNone(self.value(f"SELECT {name}({nulls})"), name)

    def test_any_values(self):
        """Whatever the arguments, there is a value or a refusal."""
        values = [
            "''",
            "'x'",
            "-1",
            "0",
            "99999999999999999999",
            "1e300",
            "0.5",
            "'2020-01-01'",
            "x'c3'",
            "'\udc80'",
        ]
        for name, function in FUNCTIONS.items():
            for value in values:
                if function.least:
                    text = f"SELECT {name}({', '.join([value] * function.least)})"
                    try:
                        self.value(text)
                    except Exception as error:
                        self.assertIn(type(error).__module__, "comet.errors", f"{text}: {error!r}")

    def test_arguments(self):
        """Not fewer and not more than a function takes."""
        self.refuses(UnknownFunction, "SELECT CONCAT()", "CONCAT")
        self.refuses(UnknownFunction, "SELECT LEFT('a')", "LEFT")
        self.refuses(UnknownFunction, "SELECT NOW(1, 2)", "NOW")
        self.refuses(UnknownFunction, "SELECT NOPE(1)", "NOPE")

    def test_too_long(self):
        """No text of more than 16 MiB."""
        for call in ("REPEAT('ab', 9000000)", "REPLACE(REPEAT('a', 9000000), 'a', 'bb')"):
            self.refuses(TooLong, f"SELECT {call}")
