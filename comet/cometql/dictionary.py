"""
information_schema: what clients read of the tables, made of their declarations.

A view is a name, columns, and a function that gives its rows; another one is another entry of L{VIEWS}.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from comet.cometql.context import DATABASE, Context
from comet.cometql.results import Column, Kind, Value
from comet.cometql.show import COLLATIONS, privileges, processes, sql_type
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable
from comet.cometql.values import as_text
from comet.cometql.variables import CHARACTER_SETS
from comet.errors import NotAllowed, UnknownTable

#: The name of the database that describes the others.
INFORMATION_SCHEMA = "information_schema"
#: Databases that MySQL keeps for itself.
_INNER = ("mysql", "performance_schema", "sys")
_Rows = Sequence[Sequence[Value]]
#: How many digits whole numbers have.
_PRECISIONS = {Kind.INT: 10, Kind.BIGINT: 19}


@dataclass(frozen=True, slots=True)
class View:
    """
    A table of information_schema.

    @ivar columns: the names of its columns; a number follows a C{#}.
    @ivar rows: its rows, made for one connection.
    """

    columns: str
    rows: Callable[[Catalogue, Context], _Rows | Awaitable[_Rows]] = lambda catalogue, context: ()

    def declared(self, name: str) -> list[Column]:
        """@return: the columns of the view C{name}."""
        return [
            Column(column[1:], Kind.BIGINT, 21, True, table=name)
            if column.startswith("#")
            else Column(column, Kind.VARCHAR, 2048, True, table=name)
            for column in self.columns.split()
        ]


class Dictionary:
    """The views by their names, in any letter case."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def has(self, database: str) -> bool:
        """@return: whether C{database} is one that describes, or that MySQL keeps for itself."""
        return database.lower() == INFORMATION_SCHEMA or database.lower() in _INNER

    def columns(self, name: str, database: str) -> Sequence[Column]:
        """
        @return: the columns of a view.
        @raise UnknownTable: if there is none of that name.
        """
        return self._view(name, database).declared(name.upper())

    async def rows(self, name: str, database: str, context: Context) -> _Rows:
        """@return: the rows of a view."""
        rows = self._view(name, database).rows(self._catalogue, context)
        return await rows if isinstance(rows, Awaitable) else rows

    def _view(self, name: str, database: str) -> View:
        if database.lower() in _INNER:
            raise NotAllowed(f"SELECT command denied for table '{name[:64]}' of database '{database[:64]}'")
        if name.upper() not in VIEWS:
            raise UnknownTable(f"Unknown table '{name[:64]}' in {INFORMATION_SCHEMA}")
        return VIEWS[name.upper()]


def databases(context: Context) -> list[str]:
    """@return: the databases that a connection is shown: that of the language, and the one it selected."""
    names = [DATABASE]
    if context.database not in ("", DATABASE):
        names.append(context.database)
    return names


def _schemata(catalogue: Catalogue, context: Context) -> _Rows:
    names = (INFORMATION_SCHEMA, *databases(context))
    return [("def", name, "utf8mb4", "utf8mb4_bin", None, "NO") for name in names]


def _tables(catalogue: Catalogue, context: Context) -> _Rows:
    return [
        (
            *("def", database, table.name, "BASE TABLE", "comet", 10, "Dynamic", None, None, 0, None, 0, 0),
            *(None, None, None, None, "utf8mb4_bin", None, "", table.doc),
        )
        for database in databases(context)
        for table in catalogue
    ]


def _key(table: AnyTable, place: int) -> str:
    if place != table.key_place:
        return ""
    return "PRI" if table.declared[place].unique else "MUL"


def _columns(catalogue: Catalogue, context: Context) -> _Rows:
    return [
        ("def", database, table.name, *_about(table, place))
        for database in databases(context)
        for table in catalogue
        for place in range(len(table.declared))
    ]


def _about(table: AnyTable, place: int) -> Sequence[Value]:
    column = table.declared[place]
    text = column.kind.is_text
    default = None if column.required or column.kind is Kind.TEXT else as_text(column.default)
    return (
        *(column.name, place + 1, default, "NO", column.kind.value),
        *(column.length if text else None, min(column.length * 4, (1 << 24) - 1) if text else None),
        *(_PRECISIONS.get(column.kind), None if text else 0, None),
        *("utf8mb4" if text else None, "utf8mb4_bin" if text else None, sql_type(column)),
        *(_key(table, place), "INVISIBLE" if column.invisible else ""),
        *(privileges(table), column.doc, ""),
    )


def _statistics(catalogue: Catalogue, context: Context) -> _Rows:
    found: list[Sequence[Value]] = []
    for database in databases(context):
        for table in catalogue:
            unique = table.declared[table.key_place].unique
            name = "PRIMARY" if unique else table.key
            found.append(
                (
                    *("def", database, table.name, 0 if unique else 1, database, name, 1, table.key, "A"),
                    *(None, None, None, "", "HASH", "", "", "YES", None),
                )
            )
    return found


def _keyed(catalogue: Catalogue, context: Context) -> list[tuple[str, AnyTable]]:
    """@return: the tables with a row at most for each key, and their databases."""
    return [
        (database, table)
        for database in databases(context)
        for table in catalogue
        if table.declared[table.key_place].unique
    ]


def _key_columns(catalogue: Catalogue, context: Context) -> _Rows:
    return [
        ("def", database, "PRIMARY", "def", database, table.name, table.key, 1, None, None, None, None)
        for database, table in _keyed(catalogue, context)
    ]


def _constraints(catalogue: Catalogue, context: Context) -> _Rows:
    return [
        ("def", database, "PRIMARY", database, table.name, "PRIMARY KEY", "YES")
        for database, table in _keyed(catalogue, context)
    ]


def _engines(catalogue: Catalogue, context: Context) -> _Rows:
    return [("comet", "DEFAULT", "Channels, messages and users of a notification server", "YES", "NO", "YES")]


def _character_sets(catalogue: Catalogue, context: Context) -> _Rows:
    widths = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3}
    return [(name, collation, name, widths.get(name, 1)) for name, collation in CHARACTER_SETS.items()]


def _collations(catalogue: Catalogue, context: Context) -> _Rows:
    return COLLATIONS


async def _processes(catalogue: Catalogue, context: Context) -> _Rows:
    return await processes(context)


#: The views by name.
VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "SCHEMATA": View(
            "CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH"
            " DEFAULT_ENCRYPTION",
            _schemata,
        ),
        "TABLES": View(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE #VERSION ROW_FORMAT #TABLE_ROWS"
            " #AVG_ROW_LENGTH #DATA_LENGTH #MAX_DATA_LENGTH #INDEX_LENGTH #DATA_FREE #AUTO_INCREMENT"
            " CREATE_TIME UPDATE_TIME CHECK_TIME TABLE_COLLATION #CHECKSUM CREATE_OPTIONS TABLE_COMMENT",
            _tables,
        ),
        "COLUMNS": View(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME #ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE"
            " DATA_TYPE #CHARACTER_MAXIMUM_LENGTH #CHARACTER_OCTET_LENGTH #NUMERIC_PRECISION #NUMERIC_SCALE"
            " #DATETIME_PRECISION CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY EXTRA PRIVILEGES"
            " COLUMN_COMMENT GENERATION_EXPRESSION",
            _columns,
        ),
        "STATISTICS": View(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME #NON_UNIQUE INDEX_SCHEMA INDEX_NAME #SEQ_IN_INDEX"
            " COLUMN_NAME COLLATION #CARDINALITY #SUB_PART PACKED NULLABLE INDEX_TYPE COMMENT INDEX_COMMENT"
            " IS_VISIBLE EXPRESSION",
            _statistics,
        ),
        "KEY_COLUMN_USAGE": View(
            "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME"
            " COLUMN_NAME #ORDINAL_POSITION #POSITION_IN_UNIQUE_CONSTRAINT REFERENCED_TABLE_SCHEMA"
            " REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME",
            _key_columns,
        ),
        "TABLE_CONSTRAINTS": View(
            "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE"
            " ENFORCED",
            _constraints,
        ),
        "ENGINES": View("ENGINE SUPPORT COMMENT TRANSACTIONS XA SAVEPOINTS", _engines),
        "CHARACTER_SETS": View(
            "CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION #MAXLEN", _character_sets
        ),
        "COLLATIONS": View(
            "COLLATION_NAME CHARACTER_SET_NAME #ID IS_DEFAULT IS_COMPILED #SORTLEN PAD_ATTRIBUTE", _collations
        ),
        "PROCESSLIST": View("#ID USER HOST DB COMMAND #TIME STATE INFO", _processes),
        "VIEWS": View(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE DEFINER"
            " SECURITY_TYPE CHARACTER_SET_CLIENT COLLATION_CONNECTION"
        ),
        "ROUTINES": View(
            "SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE DATA_TYPE"
            " DTD_IDENTIFIER ROUTINE_BODY ROUTINE_DEFINITION IS_DETERMINISTIC SQL_DATA_ACCESS CREATED"
            " LAST_ALTERED SQL_MODE ROUTINE_COMMENT DEFINER"
        ),
        "PARAMETERS": View(
            "SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME #ORDINAL_POSITION PARAMETER_MODE PARAMETER_NAME"
            " DATA_TYPE #CHARACTER_MAXIMUM_LENGTH #NUMERIC_PRECISION #NUMERIC_SCALE DTD_IDENTIFIER"
            " ROUTINE_TYPE"
        ),
        "TRIGGERS": View(
            "TRIGGER_CATALOG TRIGGER_SCHEMA TRIGGER_NAME EVENT_MANIPULATION EVENT_OBJECT_CATALOG"
            " EVENT_OBJECT_SCHEMA EVENT_OBJECT_TABLE #ACTION_ORDER ACTION_STATEMENT ACTION_TIMING CREATED"
            " SQL_MODE DEFINER"
        ),
        "EVENTS": View(
            "EVENT_CATALOG EVENT_SCHEMA EVENT_NAME DEFINER TIME_ZONE EVENT_BODY EVENT_DEFINITION EVENT_TYPE"
            " EXECUTE_AT STATUS CREATED LAST_ALTERED EVENT_COMMENT"
        ),
        "REFERENTIAL_CONSTRAINTS": View(
            "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME UNIQUE_CONSTRAINT_CATALOG"
            " UNIQUE_CONSTRAINT_SCHEMA UNIQUE_CONSTRAINT_NAME MATCH_OPTION UPDATE_RULE DELETE_RULE TABLE_NAME"
            " REFERENCED_TABLE_NAME"
        ),
        "CHECK_CONSTRAINTS": View("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE"),
        "PARTITIONS": View(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PARTITION_NAME #PARTITION_ORDINAL_POSITION"
            " PARTITION_METHOD PARTITION_EXPRESSION PARTITION_DESCRIPTION #TABLE_ROWS"
        ),
        **{
            f"{kind}_PRIVILEGES": View(columns)
            for kind, columns in {
                "USER": "GRANTEE TABLE_CATALOG PRIVILEGE_TYPE IS_GRANTABLE",
                "SCHEMA": "GRANTEE TABLE_CATALOG TABLE_SCHEMA PRIVILEGE_TYPE IS_GRANTABLE",
                "TABLE": "GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE",
                "COLUMN": "GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME PRIVILEGE_TYPE"
                " IS_GRANTABLE",
            }.items()
        },
    }
)
