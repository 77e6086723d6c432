"""
The functions of MySQL that statements may call.

They compute one row without a table, the values of an INSERT, and whatever a SELECT beyond CometQL asks of
them. NULL as an argument gives NULL, except where MySQL has it otherwise.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from comet.cometql.context import Context
from comet.cometql.function import ANY, Function, declared, number_of, whole_of, written
from comet.cometql.number_functions import NUMBERS
from comet.cometql.results import Kind, Value
from comet.cometql.text_functions import TEXT
from comet.cometql.time_functions import TIME

# Choices --------------------------------------------------------------------------------------------------


def _if(context: Context, condition: Value, yes: Value, no: Value) -> Value:
    return yes if condition is not None and number_of(condition) else no


def _coalesce(context: Context, *values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _nullif(context: Context, value: Value, other: Value) -> Value:
    if value is None or other is None:
        return value
    alike = value == other if isinstance(value, int) and isinstance(other, int) else None
    return None if (written(value) == written(other) if alike is None else alike) else value


#: Functions that choose between values.
_CHOICES = declared(
    None,
    ("IF", _if, 3, 3, True),
    ("IFNULL", _coalesce, 2, 2, True),
    ("COALESCE", _coalesce, 1, ANY, True),
    ("NULLIF", _nullif, 2, 2, True),
    ("ISNULL", lambda context, value: int(value is None), 1, 1, True),
)


# The connection -------------------------------------------------------------------------------------------


def _user(context: Context) -> str:
    return context.user.replace("'", "")


def _database(context: Context) -> str | None:
    return context.database or None


def _charset(context: Context, value: Value) -> str:
    return "utf8mb4" if isinstance(value, str) else "binary"


def _collation(context: Context, value: Value) -> Value:
    return context.variables.get("collation_connection") if isinstance(value, str) else "binary"


def _last_insert_id(context: Context, value: Value = None) -> int:
    if value is not None:
        context.insert_id = whole_of(value)
    return context.insert_id


#: Functions that tell of the connection.
_CONNECTION = {
    **declared(
        Kind.BIGINT,
        ("CONNECTION_ID", lambda context: context.login.connection_id, 0, 0),
        ("LAST_INSERT_ID", _last_insert_id, 0, 1, True),
        ("ROW_COUNT", lambda context: context.row_count, 0, 0),
        ("FOUND_ROWS", lambda context: context.found_rows, 0, 0),
    ),
    **declared(
        Kind.VARCHAR,
        ("CURRENT_USER SESSION_USER SYSTEM_USER USER", _user, 0, 0),
        ("CURRENT_ROLE", lambda context: "NONE", 0, 0),
        ("DATABASE SCHEMA", _database, 0, 0),
        ("UUID", lambda context: str(uuid.uuid4()), 0, 0),
        ("VERSION", lambda context: context.variables.get("version"), 0, 0),
        ("CHARSET", _charset, 1, 1),
        ("COLLATION", _collation, 1, 1),
    ),
}

#: The functions by name, in upper case.
FUNCTIONS: Mapping[str, Function] = MappingProxyType({**TEXT, **NUMBERS, **_CHOICES, **TIME, **_CONNECTION})


def kind_of(name: str, arguments: int) -> Kind | None:
    """
    @param name: in upper case.
    @param arguments: how many it is called with.
    @return: the type of what the function gives; C{None} if that depends on these, or there is none.
    """
    if name == "FROM_UNIXTIME":
        return Kind.DATETIME if arguments == 1 else Kind.VARCHAR
    function = FUNCTIONS.get(name)
    return function.kind if function else None
