"""The server of CometQL, and its conversations: what the MySQL port talks to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence, Sized
from time import perf_counter

from comet import __version__
from comet.broker import Broker
from comet.cometql.cache import PlanCache
from comet.cometql.context import INFORMATION_SCHEMA, Context, Offload, inline
from comet.cometql.dictionary.lookup import view
from comet.cometql.filters import like
from comet.cometql.gaps import Gaps
from comet.cometql.interface import Login, Prepared, QueryServer, QuerySession
from comet.cometql.planner import Planner
from comet.cometql.plans import Plan
from comet.cometql.prepared import PreparedPlan
from comet.cometql.results import Column, Done, Result, Rows, Value, awaited
from comet.cometql.shape import with_names
from comet.cometql.status import Gauges, NoGauges, one_line
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.timing import Timing
from comet.cometql.variables import Variables
from comet.connections import About
from comet.errors import Refused

_NUMBER = re.compile(r"[0-9]{1,9}")


class Engine(QueryServer):
    """
    Tables, plans and variables that all conversations share.

    @ivar version: the version in the greeting and of VERSION().
    @ivar cache: the plans.
    @ivar inner_cache: the plans of those who have selected C{information_schema}.
    @ivar gaps: what clients have asked for and comet does not have.
    @ivar facts: values of system variables that are those of this server.
    """

    def __init__(
        self,
        broker: Broker,
        password: str,
        gauges: Gauges | None = None,
        dev_index_size: int = 100_000,
        version: str = f"8.0.40-comet-{__version__}",
        max_allowed_packet: int = 16 << 20,
        wait_timeout: int = 28_800,
        max_connections: int = 1000,
        cache_entries: int = 1000,
        offload: Offload = inline,
        timing: Timing | None = None,
    ) -> None:
        """
        @param password: opens every tenant.
        @param dev_index_size: tenants have the numbers below this one.
        @param max_allowed_packet: the value of that variable; the next two likewise.
        @param cache_entries: how many plans are kept.
        @param offload: runs what takes long, such as a SELECT with joins, in another thread.
        @param timing: measures statements.
        """
        self.version = version
        self.broker = broker
        self.gauges = gauges or NoGauges()
        self.dev_index_size = dev_index_size
        self.catalogue = Catalogue(broker)
        planner = Planner(self.catalogue)
        self.cache = PlanCache(planner.plan, cache_entries)
        self.inner_cache = PlanCache(planner.plan, cache_entries, database=INFORMATION_SCHEMA)
        self.gaps = Gaps(broker.now)
        self._password = password
        self._offload = offload
        self.timing = timing or Timing(perf_counter)
        self._open: set[Conversation] = set()
        #: Closes the connection of a conversation, by its number; whoever owns the connections sets it.
        self.hang_up: Callable[[int], None] = lambda number: None
        #: The same, once the statement that runs has been answered.
        self.let_go: Callable[[int], None] = lambda number: None
        self.facts: dict[str, Value] = {
            "version": version,
            "max_allowed_packet": max_allowed_packet,
            "wait_timeout": wait_timeout,
            "interactive_timeout": wait_timeout,
            "max_connections": max_connections,
        }

    @property
    def sessions(self) -> Counter[int]:
        """How many conversations are open, by the tenant that each has selected."""
        return Counter(conversation.dev_id for conversation in self._open)

    async def identify(self, user: str) -> tuple[int, Sequence[str]] | None:
        """See L{QueryServer.identify}: C{root} and nothing at all stand for 0, digits for themselves."""
        if user in ("root", ""):
            return 0, [self._password]
        if _NUMBER.fullmatch(user) is None or int(user) >= self.dev_index_size:
            return None
        own = self.broker.accounts.tenant(int(user))
        return int(user), [self._password, own.key] if own else [self._password]

    def open(self, login: Login) -> Conversation:
        """See L{QueryServer.open}."""
        context = Context(
            login, self.broker, self.gauges, Variables(self.facts), self.dev_index_size, login.dev_id
        )
        context.offload, context.gaps = self._offload, self.gaps
        if login.charset:
            context.variables.set_charset(login.charset)
        if login.database:
            context.use(login.database)
        context.leave = lambda: self.let_go(login.connection_id)
        conversation = Conversation(self, context)
        self._open.add(conversation)
        self.broker.connections.add(conversation)
        return conversation

    def forget(self, conversation: Conversation) -> None:
        """A conversation is over; saying so twice is saying so once."""
        self._open.discard(conversation)
        self.broker.connections.remove(conversation)


class Conversation(QuerySession):
    """One connection: statements in, results out."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._find = engine.cache.find
        self._find_inner = engine.inner_cache.find
        self.number = context.login.connection_id
        self._timing, self._user = engine.timing, context.login.user or "root"
        self._since = context.broker.now()

    @property
    def about(self) -> About:
        """See L{comet.connections.Connection.about}."""
        login = self._context.login
        return About(
            *(login.user or "root", 0, login.dev_id, "cometql"),
            *("tls" if login.tls else "tcp", login.address, self._since),
            database=self.database or None,
            by_key=login.password > 0,
        )

    def kill(self) -> None:
        """See L{comet.connections.Connection.kill}."""
        self._engine.hang_up(self.number)

    @property
    def autocommit(self) -> bool:
        """See L{QuerySession.autocommit}."""
        return self._context.transaction.autocommit

    @property
    def in_transaction(self) -> bool:
        """See L{QuerySession.in_transaction}."""
        return self._context.transaction.is_open

    @property
    def dev_id(self) -> int:
        """The tenant whose tables are selected."""
        return self._context.dev_id

    def begin(self, text: str) -> Result | Awaitable[Result]:
        """See L{QuerySession.begin}."""
        try:
            find = self._find_inner if self._context.describes else self._find
            plan, parameters = find(self._read(text) if '"' in text else text)
        except Refused as error:
            self._refused(error, text)
            raise
        return self.run(plan, parameters)

    async def query(self, text: str) -> Result:
        """@return: the result of one statement, waited for; raises as L{begin}."""
        return await awaited(self.begin(text))

    def run(self, plan: Plan, parameters: Sequence[Value]) -> Result | Awaitable[Result]:
        """
        Run a plan of the engine's cache on this connection.

        @param parameters: the values of its literals and bind marks.
        @return: as L{QuerySession.begin}.
        @raise comet.errors.Refused: if it is not granted.
        """
        context = self._context
        if context.warnings and not plan.keeps_warnings:
            context.warnings.clear()
        started = self._timing.seconds()
        try:
            result = plan.begin(context, parameters)
        except Refused as error:
            self._refused(error, plan.shape)
            raise
        # Nearly every statement is an INSERT.
        if type(result) is Done:
            context.row_count = result.affected
            self._timing.note(plan.verb, plan.shape, started, self._user, self.number)
            return result
        if isinstance(result, Rows | Done):
            self._timing.note(plan.verb, plan.shape, started, self._user, self.number)
            return self._note(result)
        return self._wait(plan, started, result)

    async def _wait(self, plan: Plan, started: float, begun: Awaitable[Result]) -> Result:
        try:
            result = await begun
        except Refused as error:
            self._refused(error, plan.shape)
            raise
        self._timing.note(plan.verb, plan.shape, started, self._user, self.number)
        return self._note(result)

    def _refused(self, error: Refused, text: str) -> None:
        self._context.refused(error)
        self._engine.gaps.note(self._context.login.dev_id, text, error)

    def _note(self, result: Result) -> Result:
        context = self._context
        if isinstance(result, Done):
            context.row_count = result.affected
        else:
            context.row_count = -1
            context.found_rows = len(result.rows) if isinstance(result.rows, Sized) else 0
        return result

    def prepare(self, text: str) -> Prepared:
        """See L{QuerySession.prepare}."""
        try:
            cache = self._engine.inner_cache if self._context.describes else self._engine.cache
            return PreparedPlan(cache, self._context, self.run, self._read(text))
        except Refused as error:
            self._refused(error, text)
            raise

    def _read(self, text: str) -> str:
        return with_names(text) if self._context.variables.ansi_quotes else text

    @property
    def database(self) -> str:
        """See L{QuerySession.database}."""
        return self._context.database

    @property
    def charsets(self) -> tuple[Value, Value]:
        """See L{QuerySession.charsets}."""
        return self._context.variables.charsets

    @property
    def wait_timeout(self) -> int | None:
        """See L{QuerySession.wait_timeout}."""
        return self._context.variables.wait_timeout

    def use(self, database: str) -> None:
        """See L{QuerySession.use}."""
        self._context.use(database)

    def fields(self, table: str, wildcard: str) -> Sequence[Column]:
        """See L{QuerySession.fields}."""
        columns: Sequence[Column]
        if self._context.describes:
            columns = view(table).columns
        else:
            found = self._engine.catalogue.find(table)
            columns = [found.columns[place] for place in found.visible]
        if not wildcard:
            return columns
        matches = like(wildcard, caseless=True)
        return [column for column in columns if matches(column.name)]

    def statistics(self) -> str:
        """See L{QuerySession.statistics}."""
        return one_line(self._engine.gauges)

    def close(self) -> None:
        """See L{QuerySession.close}."""
        self._context.transaction.roll_back()
        self._engine.forget(self)
