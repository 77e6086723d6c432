"""
Rows of tables in JSON, both ways: objects whose keys are the columns.

All is read from the declarations of the tables, so that a column that a table gains is one of the API, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from comet.access import KEY_LIMIT
from comet.cometql.results import Value
from comet.cometql.tables.conferences import Conference
from comet.cometql.tables.pipes import PipesMessages
from comet.cometql.tables.records import RevokedTokens
from comet.cometql.tables.table import AnyTable, Declared, Row
from comet.cometql.tables.users import UsersAuth, UsersMessages
from comet.cometql.values import TIME_LIMIT
from comet.errors import BadValue, MissingValue, UnknownColumn
from comet.model import ID_LIMIT, NAME_LIMIT, SHORTEST_STORED

#: A schema of JSON (2020-12), as OpenAPI 3.1 has them.
Schema = dict[str, Any]

NAME_SCHEMA: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]*$",
    "minLength": SHORTEST_STORED,
    "maxLength": NAME_LIMIT,
}
_EVENT: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": NAME_LIMIT}
#: What the columns take that is more than their types say; the tables themselves see to it.
_TAKEN: Mapping[tuple[str, str], Schema] = {
    (PipesMessages.name, "name"): NAME_SCHEMA,
    (PipesMessages.name, "event"): _EVENT,
    (UsersMessages.name, "event"): _EVENT,
    (UsersMessages.name, "id"): {"type": "integer", "minimum": 0, "maximum": ID_LIMIT},
    (UsersMessages.name, "expires"): {"type": "integer", "minimum": 0, "maximum": TIME_LIMIT},
    (UsersAuth.name, "hash"): {"type": "string", "pattern": "^[0-9A-Za-z=+/_]*$", "maxLength": KEY_LIMIT},
    (Conference.name, "user_id"): {"type": "integer", "minimum": 0, "maximum": ID_LIMIT},
    (Conference.name, "caller_id"): {"type": "integer", "minimum": 0, "maximum": ID_LIMIT},
    (Conference.name, "profile"): {**_EVENT, "minLength": 1},
    (RevokedTokens.name, "token"): {"type": "string", "maxLength": RevokedTokens.declared[0].length},
}


def _type(column: Declared) -> str:
    return "string" if column.kind.is_text else "integer"


def shown(table: type[AnyTable], row: Row, only: Collection[str] = ()) -> dict[str, Value]:
    """
    @param only: the columns to show; none for all.
    @return: the row in JSON.
    """
    # What stands behind the columns is the table's own.
    pairs = zip(table.declared, row, strict=False)
    return {column.name: value for column, value in pairs if not only or column.name in only}


def row_schema(table: type[AnyTable], **more: Schema) -> Schema:
    """
    @param more: keys that the answer has besides the columns.
    @return: the schema of what L{shown} gives.
    """
    columns = {
        column.name: {"type": _type(column), "description": column.doc} for column in table.declared
    } | more
    return {"type": "object", "properties": columns}


class Form:
    """
    The object that gives a row to a table.

    @ivar columns: those that it may name.
    """

    def __init__(self, table: type[AnyTable], fixed: Collection[str] = ()) -> None:
        """@param fixed: the columns that are given elsewhere, such as in the path."""
        self.table = table
        self.columns = {
            column.name: column
            for column in table.declared
            if not column.ignored and column.name not in fixed
        }

    @property
    def schema(self) -> Schema:
        """What it looks like."""
        properties = {
            name: _TAKEN.get((self.table.name, name), {"type": _type(column)}) | {"description": column.doc}
            for name, column in self.columns.items()
        }
        found: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        if required := [name for name, column in self.columns.items() if column.required]:
            found["required"] = required
        return found

    def row(self, item: object, fixed: Mapping[str, Value]) -> Sequence[Value]:
        """
        @param item: a value of JSON.
        @param fixed: the columns that are given elsewhere.
        @return: a value for each column of the table.
        @raise Refused: if the object has other keys, lacks one, or a value is not of the type of its column.
        """
        if not isinstance(item, dict):
            raise BadValue(f"Incorrect value: an object with the keys {', '.join(self.columns)} is expected")
        for key in item:
            if key not in self.columns:
                told = f"Unknown column {key[:64]!r} in 'field list': there are {', '.join(self.columns)}"
                raise UnknownColumn(told)
        return [self._value(column, item, fixed) for column in self.table.declared]

    def _value(self, column: Declared, item: dict[str, Any], fixed: Mapping[str, Value]) -> Value:
        if column.name in fixed:
            return fixed[column.name]
        if column.name not in item:
            if column.required:
                raise MissingValue(f"Field '{column.name}' doesn't have a default value")
            return column.default
        value: Value = item[column.name]
        kinds = (str,) if column.kind.is_text else (int, float)
        if value is None or (isinstance(value, kinds) and not isinstance(value, bool)):
            return value
        expected = "a text" if column.kind.is_text else "a whole number"
        raise BadValue(f"Incorrect value for column '{column.name}': {expected} is expected")


#: The key of a body that has several objects.
MANY = "messages"


def is_many(body: object) -> bool:
    """@return: whether a body of a L{Form} that takes several objects has several."""
    return isinstance(body, dict) and MANY in body


def items(body: dict[str, Any]) -> list[Any]:
    """
    @return: the objects of a body that L{is_many}.
    @raise Refused: if it has none, or something beside them.
    """
    for key in body:
        if key != MANY:
            raise UnknownColumn(f"Unknown column {key[:64]!r} in 'field list': {MANY!r} stands alone")
    found = body[MANY]
    if not isinstance(found, list) or not found:
        raise BadValue(f"Incorrect value for {MANY!r}: a list of at least one object is expected")
    return found


def many_schema(one: Schema, most: int) -> Schema:
    """@return: the schema of a body with one object, or with several."""
    several = {
        "type": "object",
        "additionalProperties": False,
        "properties": {MANY: {"type": "array", "items": one, "minItems": 1, "maxItems": most}},
        "required": [MANY],
    }
    return {"oneOf": [one, several]}
