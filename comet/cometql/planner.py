"""From a statement to its plan: where the grammar meets the tables."""

from __future__ import annotations

from comet.cometql.context import INFORMATION_SCHEMA, is_inner
from comet.cometql.dictionary.lookup import Dictionary, view
from comet.cometql.explain import ExplainInsertPlan
from comet.cometql.explain_select import ExplainSelectPlan
from comet.cometql.plans import DeletePlan, InsertPlan, NothingPlan, Plan, SelectPlan, ValuesPlan
from comet.cometql.query import QueryPlan
from comet.cometql.session_plans import KillPlan, SetPlan, TransactionPlan, UsePlan
from comet.cometql.show import ShowPlan
from comet.cometql.statements import (
    Delete,
    Explain,
    ExplainQuery,
    Insert,
    Kill,
    Nothing,
    Query,
    Select,
    SelectValues,
    Set,
    Show,
    Statement,
    TableName,
    Transaction,
    Update,
    Upkeep,
    Use,
)
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable
from comet.cometql.update import UpdatePlan, check_on_duplicate
from comet.cometql.upkeep import UpkeepPlan
from comet.errors import DatabaseDenied


class Planner:
    """Plans over the tables of one server."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._dictionary = Dictionary(catalogue)

    def _find(self, table: TableName, verb: str = "SELECT") -> AnyTable:
        if table.database.lower() == INFORMATION_SCHEMA:
            raise DatabaseDenied(f"Access denied to database '{INFORMATION_SCHEMA}': it is read only")
        if is_inner(table.database):
            view(table.name, table.database, verb)
        return self._catalogue.find(table.name, table.database)

    def plan(self, statement: Statement, slots: int) -> Plan:
        """
        @param slots: how many literals and bind marks the statement has.
        @raise Refused: if it is about a table or column that does not exist, or breaks a rule of one.
        """
        match statement:
            case Insert():
                table = self._find(statement.table, "INSERT")
                check_on_duplicate(statement, table)
                return InsertPlan(statement, table, slots)
            case Update():
                return UpdatePlan(statement, self._find(statement.table, "UPDATE"), slots)
            case Query():
                return QueryPlan(statement, self._catalogue, self._dictionary)
            case Select():
                return SelectPlan(statement, self._find(statement.table))
            case Delete():
                return DeletePlan(statement, self._find(statement.table, "DELETE"))
            case SelectValues():
                return ValuesPlan(statement)
            case Show():
                return ShowPlan(statement, self._catalogue, self._dictionary)
            case Set():
                return SetPlan(statement)
            case Use():
                return UsePlan(statement)
            case Transaction():
                return TransactionPlan(statement)
            case Explain(insert):
                return ExplainInsertPlan(insert, self._find(insert.table), slots)
            case ExplainQuery(query):
                plan = QueryPlan(query, self._catalogue, self._dictionary)
                return ExplainSelectPlan(plan, self._catalogue)
            case Kill():
                return KillPlan(statement)
            case Upkeep():
                return UpkeepPlan(statement, self._catalogue)
            case Nothing():
                return NothingPlan()
