"""
UPDATE, and INSERT ... ON DUPLICATE KEY UPDATE: rows that are there already get other values.

Tables with one row for each key take an INSERT as a change of that row. So an UPDATE looks its rows up, makes
the changed ones, has all of them admitted, and writes them as an INSERT would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from comet.cometql.context import Context
from comet.cometql.evaluate import Evaluation, Parameters, evaluation
from comet.cometql.plans import Plan, carry_out
from comet.cometql.results import Done, Result, Value
from comet.cometql.search import Search, check_qualifiers, place_of
from comet.cometql.statements import Call, Default, Expression, Insert, Name, Slot, TableName, Update
from comet.cometql.tables.table import AnyTable
from comet.cometql.values import as_number, as_text
from comet.errors import ColumnTwice, MissingValue, NotSupported, ReadOnly


def is_upsert(table: AnyTable) -> bool:
    """@return: whether an INSERT for a key that is there already changes its row."""
    return table.writable and table.declared[table.key_place].unique


class UpdatePlan(Plan):
    """Changes rows that it finds."""

    def __init__(self, update: Update, table: AnyTable, slots: int) -> None:
        """@param slots: how many literals and bind marks the statement has."""
        if not is_upsert(table):
            raise ReadOnly(f"UPDATE command denied for table '{table.name}': its rows do not change")
        self._table = table
        self._database = update.table.database
        self._slots = slots
        self._changes: dict[int, Evaluation] = {}
        self._repeated: int | None = None
        for name, value in update.changes:
            place = place_of(table, update.table, name, "field list")
            column = table.declared[place]
            if place == table.key_place and isinstance(value, Slot):
                # Programs that edit a row repeat its key.
                self._repeated = value.index
            elif place == table.key_place:
                raise self._is_key()
            if place in self._changes:
                raise ColumnTwice(f"Column '{column.name}' specified twice")
            self._changes[place] = self._value(value, place, update.table)
        self._search = Search("UPDATE", table, update, {}, ())

    def _is_key(self) -> ReadOnly:
        return ReadOnly(f"UPDATE command denied for column '{self._table.key}': it is the key")

    def _value(self, value: Expression, place: int, named: TableName) -> Evaluation:
        if isinstance(value, Default):
            column = self._table.declared[place]
            if column.required:
                raise MissingValue(f"Field '{column.name}' doesn't have a default value")
            return lambda context, parameters: column.default
        return evaluation(self._of_a_row(value, named), words=True)

    def _of_a_row(self, value: Any, named: TableName) -> Any:
        """@return: C{value} with columns as places behind the literals, where the row will be."""
        if isinstance(value, Name):
            place = self._table.place(value.column)
            if place is None:
                return value
            check_qualifiers(named, value)
            return Slot(self._slots + place)
        if isinstance(value, tuple):
            return tuple(self._of_a_row(part, named) for part in value)
        if is_dataclass(value) and not isinstance(value, type):
            parts = {each.name: self._of_a_row(getattr(value, each.name), named) for each in fields(value)}
            return replace(value, **parts)
        return value

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: how many rows have other values than before, or were found, as the client likes it."""
        dev_id, table = context.tenant(self._database), self._table
        if self._repeated is not None:
            keys = self._search.keys(context, parameters)
            if keys != [table.lookup(parameters[self._repeated])]:
                raise self._is_key()
        rows = await self._search.find(context, dev_id, parameters)
        entries = []
        for row in rows:
            changed = self._changed(context, parameters, row[: len(table.declared)])
            if changed is not None:
                entries.append(table.admit(dev_id, changed))
        await carry_out(context, table, entries, parameters)
        affected = len(rows) if context.login.found_rows else len(entries)
        return Done(affected, info=f"Rows matched: {len(rows)}  Changed: {len(entries)}  Warnings: 0")

    def _changed(self, context: Context, parameters: Parameters, row: Sequence[Value]) -> list[Value] | None:
        """@return: the row as it shall be, C{None} if that is what it is."""
        changed, values = list(row), [*parameters, *row]
        for place, value in self._changes.items():
            changed[place] = value(context, values)
        pairs = [(row[place], changed[place]) for place in self._changes]
        return None if all(_alike(old, new) for old, new in pairs) else changed


def _alike(old: Value, new: Value) -> bool:
    if old is None or new is None or isinstance(new, bytes):
        return old is new
    if isinstance(old, int):
        return old == as_number(new)
    return as_text(old) == as_text(new)


def _is_column(call: Call, table: AnyTable, place: int) -> bool:
    return [table.place(each.column) for each in call.arguments if isinstance(each, Name)] == [place]


def check_on_duplicate(insert: Insert, table: AnyTable) -> None:
    """
    See to it that ON DUPLICATE KEY UPDATE asks for what an INSERT does anyway: to take the given values.

    @raise NotSupported: if it asks for anything else.
    """
    if not insert.on_duplicate:
        return
    if not is_upsert(table):
        raise NotSupported(f"ON DUPLICATE KEY UPDATE is not supported: rows of '{table.name}' do not change")
    columns = insert.columns or tuple(Name(column.name) for column in table.declared)
    given = {place_of(table, insert.table, name, "field list") for name in columns}
    updated = set()
    for name, value in insert.on_duplicate:
        place = place_of(table, insert.table, name, "field list")
        taken = isinstance(value, Call) and value.function == "VALUES" and _is_column(value, table, place)
        if not taken or place not in given:
            raise NotSupported("ON DUPLICATE KEY UPDATE is supported with column = VALUES(column) only")
        updated.add(place)
    if missing := set(range(len(table.declared))) - updated - {table.key_place}:
        names = ", ".join(table.declared[place].name for place in sorted(missing))
        raise NotSupported(f"ON DUPLICATE KEY UPDATE that leaves {names} as before is not supported")
