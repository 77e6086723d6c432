"""Tests for L{comet.cometql.cache}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.cache import PlanCache
from comet.cometql.literals import MARK
from comet.cometql.plans import NothingPlan
from comet.cometql.shape import cut
from comet.errors import SyntaxRefused, UnknownTable


class PlanCacheTests(SynchronousTestCase):
    """Plans are made once for a shape."""

    def setUp(self):
        self.planned = []

    def plan(self, statement, slots):
        self.planned.append((statement, slots))
        return NothingPlan()

    def test_a_shape_is_planned_once(self):
        """Another text of the same shape gets the same plan, with its own values."""
        cache = PlanCache(self.plan)
        plan, values = cache.find("INSERT INTO t VALUES ('a', 1)")
        self.assertEqual(values, ["a", 1])
        again, values = cache.find("INSERT INTO t VALUES ('b', 2)")
        self.assertEqual(values, ["b", 2])
        self.assertIs(plan, again)
        self.assertEqual((len(self.planned), cache.hits, cache.misses, len(cache)), (1, 1, 1, 1))
        self.assertEqual(self.planned[0][1], 2)

    def test_names_in_quotes(self):
        """A literal that is read as a name has a plan for each name, which is kept as well."""
        cache = PlanCache(self.plan)
        texts = ("INSERT INTO t ('a') VALUES (1)", "INSERT INTO t ('b') VALUES (1)")
        first, second = (cache.find(text)[0] for text in texts)
        self.assertIsNot(first, second)
        columns = [statement.columns[0].column for statement, _ in self.planned]
        self.assertEqual(columns, ["a", "b"])
        self.assertIs(cache.find("INSERT INTO t ('a') VALUES (2)")[0], first)
        self.assertIs(cache.find("INSERT INTO t ('b') VALUES (3)")[0], second)
        self.assertEqual((len(self.planned), cache.hits, len(cache)), (2, 2, 1))

    def test_values_that_are_alike(self):
        """Values that compare equal and are written differently do not share a plan."""
        cache = PlanCache(self.plan)
        texts = ("SELECT 1", "SELECT 1.0", "SELECT 1.00", "SELECT '1'", "SELECT 1e0")
        self.assertEqual(len({id(cache.find(text)[0]) for text in texts}), 5)

    def test_entries_are_bounded(self):
        """The shape that was used longest ago makes room."""
        cache = PlanCache(self.plan, entries=2)
        for text in ("SELECT @@a", "SELECT @@b", "SELECT @@a", "SELECT @@c", "SELECT @@a", "SELECT @@b"):
            cache.find(text)
        self.assertEqual((len(cache), cache.hits, cache.misses), (2, 2, 4))

    def test_plans_for_values_are_bounded(self):
        """So are the plans for values within shapes."""
        cache = PlanCache(self.plan, entries=2)
        for number in (1, 2, 3, 3, 1):
            cache.find(f"SELECT {number}")
        self.assertEqual((cache.hits, cache.misses), (1, 4))

    def test_long_shapes_are_not_kept(self):
        """A long shape, or long values that it depends on, are planned each time."""
        cache = PlanCache(self.plan, longest=100)
        long = "INSERT INTO t VALUES (" + ", ".join("1" * 50) + ")"
        for text in (long, long, f"SELECT '{'x' * 200}'"):
            cache.find(text)
        self.assertEqual((len(cache), cache.hits, cache.misses), (0, 0, 3))
        cache.find(f"INSERT INTO t VALUES ('{'x' * 200}')")
        self.assertEqual(len(cache), 1)

    def test_errors_are_not_kept(self):
        """What cannot be planned is tried again, for a table may come."""

        def refuse(statement, slots):
            raise UnknownTable("no")

        cache = PlanCache(refuse)
        for _ in range(2):
            self.assertRaises(UnknownTable, cache.find, "SELECT * FROM t")
        self.assertEqual((len(cache), cache.misses), (0, 2))

    def test_marks(self):
        """A bind mark in a text is an error that names it; one with marks shares the plan of texts."""
        cache = PlanCache(self.plan)
        with self.assertRaises(SyntaxRefused) as caught:
            cache.find("INSERT INTO t VALUES ('?', ?, 'x')")
        self.assertIn("near '?, 'x')'", str(caught.exception))
        text = "INSERT INTO t VALUES (?, 5)"
        shape, literals = cut(text)
        self.assertEqual(literals, [MARK, 5])
        plan = cache.plan(text, shape, literals)
        self.assertIs(cache.find("INSERT INTO t VALUES ('a', 6)")[0], plan)
