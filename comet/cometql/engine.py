"""The server of CometQL, and its conversations: what the MySQL port talks to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from comet import __version__
from comet.broker import Broker
from comet.cometql.cache import PlanCache
from comet.cometql.context import Context
from comet.cometql.filters import like
from comet.cometql.interface import Login, QueryServer, QuerySession
from comet.cometql.planner import Planner
from comet.cometql.plans import Plan
from comet.cometql.results import Column, Done, Result, Value
from comet.cometql.show import ShowPlan
from comet.cometql.status import Gauges, NoGauges, one_line
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.variables import Variables

_NUMBER = re.compile(r"[0-9]{1,9}")


class Engine(QueryServer):
    """
    Tables, plans and variables that all conversations share.

    @ivar version: the version in the greeting and of VERSION().
    @ivar cache: the plans.
    """

    def __init__(
        self,
        broker: Broker,
        password: str,
        gauges: Gauges | None = None,
        dev_index_size: int = 100_000,
        version: str = f"8.0.40-comet-{__version__}",
        max_allowed_packet: int = 16 << 20,
        cache_entries: int = 1000,
    ) -> None:
        """
        @param password: opens every tenant.
        @param dev_index_size: tenants have the numbers below this one.
        @param max_allowed_packet: the value of that variable.
        @param cache_entries: how many plans are kept.
        """
        self.version = version
        self.broker = broker
        self.gauges = gauges or NoGauges()
        self.dev_index_size = dev_index_size
        self.catalogue = Catalogue(broker)
        self.cache = PlanCache(Planner(self.catalogue).plan, cache_entries)
        self._password = password
        self._open: set[Conversation] = set()
        self._facts: dict[str, Value] = {"version": version, "max_allowed_packet": max_allowed_packet}

    @property
    def sessions(self) -> Counter[int]:
        """How many conversations are open, by the tenant that each has selected."""
        return Counter(conversation.dev_id for conversation in self._open)

    async def identify(self, user: str) -> tuple[int, str] | None:
        """See L{QueryServer.identify}: C{root} and nothing at all stand for 0, digits for themselves."""
        if user in ("root", ""):
            return 0, self._password
        if _NUMBER.fullmatch(user) is None or int(user) >= self.dev_index_size:
            return None
        return int(user), self._password

    def open(self, login: Login) -> Conversation:
        """See L{QueryServer.open}."""
        context = Context(
            login, self.broker, self.gauges, Variables(self._facts), self.dev_index_size, login.dev_id
        )
        if login.database:
            context.use(login.database)
        conversation = Conversation(self, context)
        self._open.add(conversation)
        return conversation

    def forget(self, conversation: Conversation) -> None:
        """A conversation is over; saying so twice is saying so once."""
        self._open.discard(conversation)


class Conversation(QuerySession):
    """One connection: statements in, results out."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._find = engine.cache.find

    @property
    def autocommit(self) -> bool:
        """See L{QuerySession.autocommit}."""
        return bool(self._context.variables.get("autocommit"))

    @property
    def dev_id(self) -> int:
        """The tenant whose tables are selected."""
        return self._context.dev_id

    async def query(self, text: str) -> Result:
        """See L{QuerySession.query}."""
        plan, parameters = self._find(text)
        return await self.run(plan, parameters)

    async def run(self, plan: Plan, parameters: Sequence[Value]) -> Result:
        """
        Run a plan of the engine's cache on this connection.

        @param parameters: the values of its literals and bind marks.
        @raise comet.errors.Refused: if it is not granted.
        """
        context = self._context
        if context.warnings and not isinstance(plan, ShowPlan):
            context.warnings.clear()
        result = await plan.run(context, parameters)
        context.row_count = result.affected if isinstance(result, Done) else -1
        return result

    def use(self, database: str) -> None:
        """See L{QuerySession.use}."""
        self._context.use(database)

    def fields(self, table: str, wildcard: str) -> Sequence[Column]:
        """See L{QuerySession.fields}."""
        columns = self._engine.catalogue.find(table).columns
        if not wildcard:
            return columns
        matches = like(wildcard, caseless=True)
        return [column for column in columns if matches(column.name)]

    def statistics(self) -> str:
        """See L{QuerySession.statistics}."""
        return one_line(self._engine.gauges)

    def close(self) -> None:
        """See L{QuerySession.close}."""
        self._engine.forget(self)
