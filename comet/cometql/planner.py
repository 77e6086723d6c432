"""From a statement to its plan: where the grammar meets the tables."""

from __future__ import annotations

from comet.cometql.plans import DeletePlan, InsertPlan, NothingPlan, Plan, SelectPlan, ValuesPlan
from comet.cometql.session_plans import SetPlan, TransactionPlan, UsePlan
from comet.cometql.show import ShowPlan
from comet.cometql.statements import (
    Delete,
    Insert,
    Nothing,
    Select,
    SelectValues,
    Set,
    Show,
    Statement,
    TableName,
    Transaction,
    Use,
)
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable


class Planner:
    """Plans over the tables of one server."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def _find(self, table: TableName) -> AnyTable:
        return self._catalogue.find(table.name, table.database)

    def plan(self, statement: Statement, slots: int) -> Plan:
        """
        @param slots: how many literals and bind marks the statement has.
        @raise Refused: if it is about a table or column that does not exist, or breaks a rule of one.
        """
        match statement:
            case Insert():
                return InsertPlan(statement, self._find(statement.table), slots)
            case Select():
                return SelectPlan(statement, self._find(statement.table))
            case Delete():
                return DeletePlan(statement, self._find(statement.table))
            case SelectValues():
                return ValuesPlan(statement)
            case Show():
                return ShowPlan(statement, self._catalogue)
            case Set():
                return SetPlan(statement)
            case Use():
                return UsePlan(statement)
            case Transaction():
                return TransactionPlan(statement)
            case Nothing():
                return NothingPlan()
