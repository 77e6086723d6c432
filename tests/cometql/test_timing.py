"""Tests of how the time that statements take is counted and told."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.timing import SHOWN, Timing, verb_of


class VerbTests(SynchronousTestCase):
    """The first word of a statement."""

    def test_verbs(self):
        """It is found behind blanks and brackets, in any case; what is not listed is other."""
        for shape, verb in (
            ("INSERT INTO t VALUES (?)", "insert"),
            ("\n  select 1", "select"),
            ("(SELECT 1)", "select"),
            ("KILL 7", "other"),
            ("", "other"),
            ("selected", "other"),
        ):
            self.assertEqual(verb_of(shape), verb, shape)


class TimingTests(SynchronousTestCase):
    """Durations of statements."""

    def setUp(self):
        """A clock that stands, and what was told."""
        self.now, self.told = 100.0, []
        self.timing = Timing(lambda: self.now, 0.5, lambda *slow: self.told.append(slow))

    def test_counted_by_verb(self):
        """What took some time is counted with others of its verb, and nothing is told of what is quick."""
        self.timing.note("insert", "INSERT", 99.9, "root", 1)
        self.assertEqual([name for name, each in self.timing.durations.items() if each.count], ["insert"])
        self.assertAlmostEqual(self.timing.durations["insert"].total, 0.1)
        self.assertEqual((self.told, self.timing.slow), ([], 0))

    def test_slow(self):
        """A slow one is told of on one line, cut if it is long."""
        self.timing.note("select", "  SELECT\n\t*  FROM " + "t" * SHOWN, 99.0, "7", 12)
        [(seconds, user, number, statement)] = self.told
        self.assertEqual((seconds, user, number, len(statement)), (1.0, "7", 12, SHOWN))
        self.assertTrue(statement.startswith("SELECT * FROM ttt"))
        self.assertEqual(self.timing.slow, 1)

    def test_never(self):
        """Without a limit nothing is slow."""
        timing = Timing(lambda: 1e9, 0.0, lambda *slow: self.told.append(slow))
        timing.note("select", "SELECT 1", 0.0, "root", 1)
        self.assertEqual((self.told, timing.slow), ([], 0))
