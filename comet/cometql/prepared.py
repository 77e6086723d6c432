"""Statements that are written once and run with many values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from comet.cometql.cache import PlanCache
from comet.cometql.context import Context
from comet.cometql.interface import Prepared
from comet.cometql.literals import MARK
from comet.cometql.plans import Plan
from comet.cometql.results import Result, Value, awaited
from comet.cometql.shape import cut
from comet.errors import WrongArguments

#: Runs a plan with its values.
Run = Callable[[Plan, Sequence[Value]], Result | Awaitable[Result]]


class PreparedPlan(Prepared):
    """A plan of the cache, the literals of a text, and the places of its bind marks among them."""

    def __init__(self, cache: PlanCache, context: Context, run: Run, text: str) -> None:
        """
        @param run: on the connection of C{context}.
        @raise Refused: if there is no such statement, table or column.
        """
        shape, literals = cut(text)
        self._plan = cache.plan(text, shape, literals)
        self._run = run
        self._values: list[Value] = [None if literal is MARK else literal for literal in literals]
        self._marks = [place for place, literal in enumerate(literals) if literal is MARK]
        self.parameters = len(self._marks)
        self.columns = self._plan.described(context, self._values)
        # The usual statement has bind marks and no literals.
        self._marks_only = self.parameters == len(literals)

    def begin(self, values: Sequence[Value]) -> Result | Awaitable[Result]:
        """See L{Prepared.begin}."""
        if len(values) != self.parameters:
            raise WrongArguments(f"Incorrect arguments to EXECUTE: {len(values)}, expected {self.parameters}")
        if not self._marks_only:
            given, values = values, list(self._values)
            for place, value in zip(self._marks, given, strict=True):
                values[place] = value
        return self._run(self._plan, values)

    async def execute(self, values: Sequence[Value]) -> Result:
        """@return: the result, waited for; raises as L{begin}."""
        return await awaited(self.begin(values))
