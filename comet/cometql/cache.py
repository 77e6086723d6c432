"""Plans by shape: what was parsed once is not parsed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from comet.cometql.cursor import Cursor
from comet.cometql.literals import MARK, Literal
from comet.cometql.outline import Outline, certain, parted
from comet.cometql.parser import parse
from comet.cometql.plans import Plan
from comet.cometql.results import Value
from comet.cometql.shape import cut, cut_raw
from comet.cometql.statements import Statement
from comet.cometql.timing import verb_of

#: Makes a plan of a statement with so many literals.
Planner = Callable[[Statement, int], Plan]


@dataclass(slots=True)
class _Known:
    """
    What is known of a shape.

    @ivar pins: the literals whose values decide how it is read.
    @ivar plan: its plan, if there are no such literals.
    """

    pins: frozenset[int]
    plan: Plan | None


class PlanCache:
    """
    The plans of the shapes that were used last.

    Where the value of a literal decides how a shape is read, for instance because it is the name of a
    column, there is a plan for each combination of such values.

    @ivar hits: how often a plan was there already.
    @ivar misses: how often one had to be made.
    """

    def __init__(
        self, planner: Planner, entries: int = 1000, longest: int = 4096, database: str = ""
    ) -> None:
        """
        @param database: which one statements mean where they name none, if that is not one of ours.
        @param entries: the most shapes, plans for values within shapes, and outlines of texts to keep.
        @param longest: the most characters of a shape that is kept.
        """
        self.hits = self.misses = 0
        self._planner = planner
        self._entries = entries
        self._longest = longest
        self._database = database
        self._shapes: OrderedDict[str, _Known] = OrderedDict()
        self._pinned: OrderedDict[tuple[str, ...], Plan] = OrderedDict()
        self._outlines: OrderedDict[Outline, Plan] = OrderedDict()

    def __len__(self) -> int:
        """@return: how many shapes are kept."""
        return len(self._shapes)

    def find(self, text: str) -> tuple[Plan, Sequence[Value]]:
        """
        @return: the plan for a statement, and the values to run it with.
        @raise Refused: if there is no such statement, table or column; or a C{?} in it.
        """
        found = parted(text)
        if found is not None:
            outline, inside = found
            known = self._outlines.get(outline)
            if known is not None:
                self._outlines.move_to_end(outline)
                self.hits += 1
                return known, inside
        shape, literals = cut(text)
        if MARK in literals:
            cursor = Cursor(shape, literals, cut_raw(text)[1])
            raise cursor.error_at(literals.index(MARK))
        plan = self.plan(text, shape, literals)
        if found is not None and certain(*found, literals):
            self._keep_outline(found[0], shape)
        return plan, cast("Sequence[Value]", literals)

    def _keep_outline(self, outline: Outline, shape: str) -> None:
        known = self._shapes.get(shape)
        if known is not None and known.plan is not None:
            self._outlines[outline] = known.plan
            if len(self._outlines) > self._entries:
                self._outlines.popitem(last=False)

    def plan(self, text: str, shape: str, literals: Sequence[Literal]) -> Plan:
        """
        @param text: where C{shape} and C{literals}, which may be bind marks, were cut from.
        @return: the plan.
        """
        known = self._shapes.get(shape)
        if known is not None:
            self._shapes.move_to_end(shape)
            plan = known.plan if not known.pins else self._pinned.get(_values(shape, known.pins, literals))
            if plan is not None:
                self.hits += 1
                return plan
        self.misses += 1
        statement, pins = parse(shape, literals, cut_raw(text)[1], self._database)
        plan = self._planner(statement, len(literals))
        plan.shape, plan.verb = shape[: self._longest], verb_of(shape)
        if len(shape) <= self._longest:
            self._keep(shape, literals, pins | known.pins if known else pins, plan)
        return plan

    def _keep(self, shape: str, literals: Sequence[Literal], pins: frozenset[int], plan: Plan) -> None:
        if pins:
            values = _values(shape, pins, literals)
            if sum(map(len, values)) > self._longest:
                return
            self._pinned[values] = plan
            if len(self._pinned) > self._entries:
                self._pinned.popitem(last=False)
        self._shapes[shape] = _Known(pins, None if pins else plan)
        if len(self._shapes) > self._entries:
            self._shapes.popitem(last=False)


def _values(shape: str, pins: frozenset[int], literals: Sequence[Literal]) -> tuple[str, ...]:
    # The representation tells 1 from 1.0, and 1.0 from 1.00.
    return (shape, *[repr(literals[index]) for index in sorted(pins)])
