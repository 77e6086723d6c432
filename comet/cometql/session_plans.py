"""Plans of statements that change the connection they come on: USE, SET, and those of transactions."""

from __future__ import annotations

from comet.cometql.context import Context
from comet.cometql.evaluate import Evaluation, Parameters, evaluation
from comet.cometql.plans import Plan
from comet.cometql.results import Done, Result
from comet.cometql.statements import (
    NEXT_TRANSACTION,
    Assignment,
    Default,
    Kill,
    Set,
    Transaction,
    Use,
    UserVariable,
)
from comet.cometql.values import as_integer, shown
from comet.errors import CometError, NotAllowed, UnknownConnection, UnknownVariable

#: The most warnings that are kept of one statement, as many as MySQL keeps.
_MOST = 64


class UsePlan(Plan):
    """Selects a database."""

    def __init__(self, use: Use) -> None:
        self._database = use.database

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: that it is selected."""
        context.use(self._database)
        return Done()


class KillPlan(Plan):
    """Closes a connection, be it of a browser or of a MySQL client."""

    def __init__(self, kill: Kill) -> None:
        self._number = evaluation(kill.number, words=False)
        self._query = kill.query

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: that it is closed; KILL QUERY closes nothing, as no statement runs for long."""
        value = self._number(context, parameters)
        number = as_integer(value)
        engine, dev_id = context.broker.engine, context.login.dev_id
        if number is None or not await engine.kill(number, dev_id, self._query):
            raise UnknownConnection(f"Unknown thread id: {shown(value)}")
        return Done()


class SetPlan(Plan):
    """
    Gives variables new values, in order.

    A system variable that comet does not have is passed over with a warning: drivers set the ones of servers
    that they were written for. So is a global one: these are matters of the configuration.
    """

    def __init__(self, statement: Set) -> None:
        self._assignments = [(assignment, self._value(assignment)) for assignment in statement.assignments]

    def _value(self, assignment: Assignment) -> Evaluation | None:
        if isinstance(assignment.value, Default):
            return None
        return evaluation(assignment.value, words=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: how many variables do not exist, as warnings."""
        for assignment, value in self._assignments:
            variable = assignment.variable
            if isinstance(variable, UserVariable):
                context.variables.set_own(variable.name, value(context, parameters) if value else None)
            elif variable.scope in ("GLOBAL", "PERSIST"):
                self._warn(context, NotAllowed(f"global variable '{variable.name[:80]}' was not changed"))
            elif variable.scope == NEXT_TRANSACTION:
                context.transaction.read_next(bool(value and value(context, parameters)))
            elif not self._assign(context, variable.name, value, parameters):
                self._warn(context, UnknownVariable(f"Unknown system variable '{variable.name[:80]}'"))
            elif variable.name == "autocommit":
                await context.transaction.set_autocommit(bool(context.variables.get("autocommit")))
            elif variable.name in ("transaction_read_only", "tx_read_only"):
                context.transaction.reads_only = bool(context.variables.get("transaction_read_only"))
        return Done(warnings=len(context.warnings))

    def _warn(self, context: Context, error: CometError) -> None:
        if len(context.warnings) < _MOST:
            context.warnings.append(("Warning", error.number, str(error)))

    def _assign(self, context: Context, name: str, value: Evaluation | None, parameters: Parameters) -> bool:
        if value is None:
            return context.variables.reset(name)
        return context.variables.set(name, value(context, parameters))


class TransactionPlan(Plan):
    """Begins, ends or divides the transaction of the connection."""

    def __init__(self, statement: Transaction) -> None:
        self._statement = statement

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """
        @return: that it is done; after COMMIT, that all that was held has taken effect. That is the last
            answer of a connection that is to end with it.
        """
        said, transaction = self._statement, context.transaction
        match said.verb:
            case "BEGIN":
                await transaction.begin(said.read_only)
            case "COMMIT":
                await transaction.commit(said.chain)
            case "ROLLBACK":
                transaction.roll_back(said.chain)
            case "SAVEPOINT":
                transaction.save(said.savepoint)
            case "ROLLBACK TO":
                transaction.roll_back_to(said.savepoint)
            case "RELEASE":
                transaction.release(said.savepoint)
        if said.release:
            context.leave()
        return Done()
