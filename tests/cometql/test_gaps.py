"""Tests for L{comet.cometql.gaps}: what was asked for and is not there."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.gaps import Gap, Gaps
from comet.errors import BadValue, NotSupported, Refused, SyntaxRefused, UnknownColumn, UnknownView
from tests.cometql.talk import TalkTests, at_once


class GapsTests(SynchronousTestCase):
    """The list by itself."""

    def setUp(self):
        self.now = 0.0
        self.gaps, self.found = Gaps(lambda: self.now), []
        self.gaps.found = self.found.append

    def test_counted(self):
        """The same statement with other literals is the same gap; the latest comes first."""
        for text in ("SHOW FOO 'a'", "CALL x()", "SHOW   FOO 'secret'"):
            self.gaps.note(0, text, NotSupported("no"))
        self.assertEqual(
            self.gaps.rows(0),
            [
                ("comet_unknown_statements", "3"),
                ("comet_unknown_01", "tenant 0, error 1235, 2 times: SHOW FOO ?"),
                ("comet_unknown_02", "tenant 0, error 1235, 1 times: CALL x()"),
            ],
        )
        self.assertEqual(self.found, [Gap(0, 1235, "SHOW FOO ?"), Gap(0, 1235, "CALL x()")])

    def test_what_counts(self):
        """Refusals for want of something count, those of wrong values do not."""
        self.gaps.note(0, "INSERT INTO t VALUES (1)", BadValue("wrong"))
        self.gaps.note(0, "SELECT x FROM users_auth", UnknownColumn("x"))
        self.assertEqual(self.gaps.rows(0), [("comet_unknown_statements", "0")])
        self.gaps.note(0, "SELECT x FROM Information_Schema.TABLES", UnknownColumn("x"))
        self.gaps.note(0, "SELECT x FROM information_schema.x", UnknownView("x"))
        self.assertEqual(self.gaps.rows(0)[0], ("comet_unknown_statements", "2"))

    def test_tenants(self):
        """Each sees its own, and root all."""
        self.gaps.note(3, "ONE", SyntaxRefused("no"))
        self.gaps.note(4, "TWO", SyntaxRefused("no"))
        own = [("comet_unknown_statements", "1"), ("comet_unknown_01", "error 1064, 1 times: ONE")]
        self.assertEqual(self.gaps.rows(3), own)
        self.assertEqual(self.gaps.rows(5), [("comet_unknown_statements", "0")])
        self.assertEqual(self.gaps.rows(0)[0][1], "2")

    def test_bounded(self):
        """The last fifty are kept, 200 characters of each, and no literal that lacks its end."""
        for number in range(60):
            self.gaps.note(0, f"SHOW x{number}", NotSupported("no"))
        rows = self.gaps.rows(0)
        self.assertEqual((len(rows), rows[0][1]), (51, "60"))
        self.assertTrue(rows[1][1].endswith("SHOW x59"))
        self.gaps.note(0, "SELECT " + "x" * 5000, SyntaxRefused("no"))
        self.gaps.note(0, "SELECT 'a secret", SyntaxRefused("no"))
        self.assertEqual(
            [row[1].partition(": ")[2] for row in self.gaps.rows(0)[1:3]], ["SELECT", "SELECT " + "x" * 193]
        )

    def test_told(self):
        """Each is told once, and no more than a few when there are many at once."""
        for number in range(100):
            self.gaps.note(0, f"SHOW x{number}", NotSupported("no"))
            self.gaps.note(0, f"SHOW x{number}", NotSupported("no"))
        self.assertEqual(len(self.found), 20)
        self.now += 61
        self.gaps.note(0, "SHOW more", NotSupported("no"))
        self.gaps.note(0, "SHOW still more", NotSupported("no"))
        self.assertEqual([gap.statement for gap in self.found[20:]], ["SHOW more"])


class StatusTests(TalkTests):
    """What conversations note, as SHOW STATUS tells it."""

    def test_every_way(self):
        """A text, one that is translated first, a prepared statement; with its error."""
        for text in ("SHOW CONTRIBUTORS", "SELECT MAX(NOPE(id)) FROM users_auth", "SELECT @@nope"):
            with self.assertRaises(Refused):
                self.run_(text)
        with self.assertRaises(Refused):
            self.talk.prepare("SELECT MATCH(name) AGAINST(?) FROM pipes")
        self.assertEqual(
            self.rows("SHOW STATUS LIKE 'comet_unknown%'"),
            [
                ("comet_unknown_statements", "4"),
                (
                    "comet_unknown_01",
                    "tenant 0, error 1235, 1 times: SELECT MATCH(name) AGAINST(?) FROM pipes",
                ),
                ("comet_unknown_02", "tenant 0, error 1193, 1 times: SELECT @@nope"),
                ("comet_unknown_03", "tenant 0, error 1305, 1 times: SELECT MAX(NOPE(id)) FROM users_auth"),
                ("comet_unknown_04", "tenant 0, error 1235, 1 times: SHOW CONTRIBUTORS"),
            ],
        )
        self.assertEqual(self.rows("SHOW GLOBAL STATUS LIKE 'comet_unknown_statements'")[0][1], "4")
        tenant = self.open("5", 5)
        self.assertEqual(self.rows("SHOW STATUS LIKE 'comet_unknown%'", tenant)[0][1], "0")

    def test_prepared_and_run(self):
        """What fails when a prepared statement runs is noted with its own text."""
        prepared = self.talk.prepare("SELECT CASE WHEN ? THEN 1 END, NOW() + INTERVAL ? DAY_HOUR")
        with self.assertRaises(NotSupported):
            at_once(prepared.execute([1, "1"]))
        self.assertIn("DAY_HOUR", self.rows("SHOW STATUS LIKE 'comet_unknown_01'")[0][1])
