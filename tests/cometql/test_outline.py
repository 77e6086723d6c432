"""Tests for L{comet.cometql.outline}, and for the cache that goes by it."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis.strategies import composite, integers, lists, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.cache import PlanCache
from comet.cometql.outline import certain, parted
from comet.cometql.plans import NothingPlan
from comet.cometql.shape import cut
from comet.errors import Refused

#: What is between quotes, or looks as if.
PIECES = (
    "'",
    "''",
    "\\",
    "\\\\",
    "\\'",
    '"',
    "`",
    "#",
    "-- ",
    "/*",
    "*/",
    "?",
    ";",
    "\n",
    "\0",
    "é",
    "\ud800",
)
#: What stands around: what is usual, and what could change how a quote is read.
AROUND = (
    "x",
    "X",
    "b",
    " N",
    "_utf8",
    "1",
    " 1",
    ".",
    " ",
    "(",
    ")",
    ",",
    "-- ",
    "/* */",
    "/*",
    "#",
    "`",
    "\n",
)
INSERT = ("INSERT INTO t (a, b) VALUES (", ", ", ")")


@composite
def strings(draw):
    """@return: what may stand between two quotes, and may end there or not."""
    return "".join(draw(lists(sampled_from((*PIECES, "4d", "a")) | text(max_size=2), max_size=5)))


@composite
def outlines(draw):
    """@return: what stands around two strings, most of the time that of a simple INSERT."""
    first, between, last = INSERT
    if draw(integers(0, 2)):
        return first, between, last
    noise = ["".join(draw(lists(sampled_from(AROUND), max_size=2))) for _ in range(3)]
    return first + noise[0], noise[1] + draw(sampled_from((between, ""))), noise[2] + last


class Planned(NothingPlan):
    """A plan that knows what it is of."""

    def __init__(self, statement, slots):
        self.made_of = (statement, slots)


def understood(cache, statement):
    """@return: what a cache makes of a statement: what was planned, and with which values; or the error."""
    try:
        plan, values = cache.find(statement)
    except Refused as error:
        return type(error), str(error)
    return plan.made_of, [(type(value), value) for value in values]


class OutlineTests(SynchronousTestCase):
    """Texts are understood by their outlines as they are without."""

    # A busy machine is no fault of the texts.
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(outlines(), lists(strings(), min_size=2, max_size=2), lists(strings(), min_size=2, max_size=2))
    @example(("SELECT x", ", ", ""), ["zz", "a"], ["4d", "a"])
    @example(("SELECT ", ", ", ""), ["a", "b"], ["a\\", "b"])
    @example(("SELECT ", " -- ", "\n"), ["a", "b"], ["a", "\n"])
    def test_as_without(self, around, first, second):
        """Whatever came before, a text has the plan and the values that a cache without memory finds."""
        cache = PlanCache(Planned)
        first_part, between, last = around
        for one, other in (first, second, second, first):
            statement = f"{first_part}'{one}'{between}'{other}'{last}"
            self.assertEqual(
                understood(cache, statement), understood(PlanCache(Planned, 1, 0), statement), statement
            )

    def test_no_cutting(self):
        """The second text of an outline is not cut any more, whatever is escaped in it."""
        cache = PlanCache(Planned)
        cache.find("INSERT INTO t VALUES ('a', 'b')")
        self.patch(cache, "plan", None)
        for inside, value in (
            ("", ""),
            ('{"a": [1, 2.5]} -- # /* ; ?', '{"a": [1, 2.5]} -- # /* ; ?'),
            ("\\'it\\'s\\'", "'it's'"),
            ("\\\\", "\\"),
            ("\\\\\\'\\n\\0\\%\\x", "\\'\n\0\\%x"),
        ):
            plan, values = cache.find(f"INSERT INTO t VALUES ('{inside}', 'b')")
            self.assertEqual((plan.made_of[1], list(values)), (2, [value, "b"]))

    def test_not_certain(self):
        """What could be read in another way with other strings has no outline."""
        for statement in (
            "SELECT 1, 'a'",
            "SELECT 'a' 'b'",
            "SELECT 'it''s'",
            "SELECT \"b\", 'a'",
            "SELECT x'4d'",
            "SELECT 'a' -- b",
            "SELECT 'a'; SELECT 'b'",
            "SELECT /* ' */ 'a', '/* '",
            "SELECT `'`, `'`",
        ):
            found = parted(statement)
            self.assertFalse(found is not None and certain(*found, cut(statement)[1]), statement)

    def test_names(self):
        """A string that is a name is looked at each time."""
        cache = PlanCache(Planned)
        made = [cache.find(f"INSERT INTO t ('{name}') VALUES ('x')")[0] for name in ("a", "b", "a")]
        columns = [plan.made_of[0].columns[0].column for plan in made]
        self.assertEqual(columns, ["a", "b", "a"])

    def test_bounded(self):
        """No more outlines are kept than shapes; long ones, and those of many strings, are not."""
        cache = PlanCache(Planned, entries=2, longest=2000)
        for number in range(5):
            cache.find(f"INSERT INTO t{number} VALUES ('a')")
        cache.find(f"INSERT INTO t VALUES ({', '.join(['a'] * 3000)}, 'a')")
        cache.find("INSERT INTO t VALUES (" + ", ".join(["'a'"] * 100) + ")")
        self.assertEqual(len(cache._outlines), 2)
        self.assertEqual(cache.misses, 7)
