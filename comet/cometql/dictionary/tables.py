"""Databases, tables and their columns: ours, and those of the dictionary itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from comet.cometql.context import INFORMATION_SCHEMA
from comet.cometql.dictionary.view import Row, View
from comet.cometql.dictionary.viewer import Viewer
from comet.cometql.results import Column, Kind
from comet.cometql.tables.table import AnyTable, Declared
from comet.cometql.values import as_text

#: How many digits whole numbers have.
_DIGITS = {Kind.INT: 10, Kind.BIGINT: 19}
#: The longest text in bytes.
_LONGEST = (1 << 24) - 1
#: What is said of how many rows a table has, as nobody counts them. A MariaDB that has mounted the table
#: takes 0 or NULL for "none", and 1 for "one", and then does not even look.
_ROWS_ABOUT = 1000


def sql_type(column: Column | Declared) -> str:
    """@return: the type of a column as SQL writes it."""
    if column.kind is Kind.VARCHAR:
        return f"varchar({column.length})"
    if column.kind is Kind.DECIMAL:
        return f"decimal({column.length},0)"
    sign = " unsigned" if isinstance(column, Column) and column.unsigned else ""
    return f"{column.kind.value}{sign}"


def privileges(table: AnyTable) -> str:
    """@return: what may be done with the columns of C{table}."""
    if not table.writable:
        return "select"
    return "select,insert,update" if table.declared[table.key_place].unique else "select,insert"


def default_of(column: Declared) -> str | None:
    """@return: what a column is when an INSERT leaves it out, as a text; C{None} if it has to be given."""
    return None if column.required or column.kind is Kind.TEXT else as_text(column.default)


def _schemata(viewer: Viewer) -> Iterator[Row]:
    for schema in viewer.schemas:
        inner = schema == INFORMATION_SCHEMA
        yield {
            "SCHEMA_NAME": schema,
            "DEFAULT_CHARACTER_SET_NAME": "utf8mb3" if inner else "utf8mb4",
            "DEFAULT_COLLATION_NAME": "utf8mb3_general_ci" if inner else "utf8mb4_bin",
            "DEFAULT_ENCRYPTION": "NO",
        }


def _tables(viewer: Viewer) -> Iterator[Row]:
    for database, table in viewer.tables():
        yield {
            "TABLE_SCHEMA": database,
            "TABLE_NAME": table.name,
            "TABLE_TYPE": "BASE TABLE",
            "ENGINE": "comet",
            "VERSION": 10,
            "ROW_FORMAT": "Dynamic",
            "TABLE_ROWS": _ROWS_ABOUT,
            "DATA_LENGTH": 0,
            "INDEX_LENGTH": 0,
            "DATA_FREE": 0,
            "TABLE_COLLATION": "utf8mb4_bin",
            "CREATE_OPTIONS": "",
            "TABLE_COMMENT": table.doc,
        }
    for name in viewer.views:
        yield {
            "TABLE_SCHEMA": INFORMATION_SCHEMA,
            "TABLE_NAME": name,
            "TABLE_TYPE": "SYSTEM VIEW",
            "VERSION": 10,
            "CREATE_OPTIONS": "",
            "TABLE_COMMENT": "",
        }


def _columns(viewer: Viewer) -> Iterator[Row]:
    for database, table in viewer.tables():
        for place, column in enumerate(table.declared):
            yield {
                "TABLE_SCHEMA": database,
                "TABLE_NAME": table.name,
                "ORDINAL_POSITION": place + 1,
                "COLUMN_DEFAULT": default_of(column),
                "IS_NULLABLE": "NO",
                "COLUMN_KEY": _key(column),
                "EXTRA": "INVISIBLE" if column.invisible else "",
                "PRIVILEGES": privileges(table),
                "COLUMN_COMMENT": column.doc,
                "CHARACTER_SET_NAME": "utf8mb4" if column.kind.is_text else None,
                "COLLATION_NAME": "utf8mb4_bin" if column.kind.is_text else None,
                **_type(column),
            }
    for name, columns in viewer.views.items():
        for place, found in enumerate(columns):
            yield {
                "TABLE_SCHEMA": INFORMATION_SCHEMA,
                "TABLE_NAME": name,
                "ORDINAL_POSITION": place + 1,
                "COLUMN_DEFAULT": None if found.nullable else "",
                "IS_NULLABLE": "YES" if found.nullable else "NO",
                "COLUMN_KEY": "",
                "EXTRA": "",
                "PRIVILEGES": "select",
                "COLUMN_COMMENT": "",
                "CHARACTER_SET_NAME": "utf8mb3" if found.kind.is_text else None,
                "COLLATION_NAME": "utf8mb3_general_ci" if found.kind.is_text else None,
                **_type(found),
            }


def _type(column: Column | Declared) -> Row:
    text = column.kind.is_text
    return {
        "COLUMN_NAME": column.name,
        "DATA_TYPE": column.kind.value,
        "CHARACTER_MAXIMUM_LENGTH": column.length if text else None,
        "CHARACTER_OCTET_LENGTH": min(column.length * 4, _LONGEST) if text else None,
        "NUMERIC_PRECISION": _DIGITS.get(column.kind),
        "NUMERIC_SCALE": 0 if column.kind in _DIGITS else None,
        "DATETIME_PRECISION": 0 if column.kind.is_time else None,
        "COLUMN_TYPE": sql_type(column),
        "GENERATION_EXPRESSION": "",
    }


def _key(column: Declared) -> str:
    if column.unique:
        return "PRI"
    return "MUL" if column.key else ""


def _partitions(viewer: Viewer) -> Iterator[Row]:
    """One row for each table, which is how MySQL has it of a table without partitions."""
    for database, table in viewer.tables():
        yield {
            "TABLE_SCHEMA": database,
            "TABLE_NAME": table.name,
            "DATA_LENGTH": 0,
            "INDEX_LENGTH": 0,
            "DATA_FREE": 0,
            "PARTITION_COMMENT": "",
        }


#: What TABLES and PARTITIONS tell of the size and the age of a table.
_SIZES = (
    " TABLE_ROWS:bigint+? AVG_ROW_LENGTH:bigint+? DATA_LENGTH:bigint+? MAX_DATA_LENGTH:bigint+?"
    " INDEX_LENGTH:bigint+? DATA_FREE:bigint+?"
)
_TIMES = " CREATE_TIME:datetime? UPDATE_TIME:datetime? CHECK_TIME:datetime?"

#: Views by name.
TABLES: Mapping[str, View] = MappingProxyType(
    {
        "SCHEMATA": View(
            "CATALOG_NAME:64 SCHEMA_NAME:64 DEFAULT_CHARACTER_SET_NAME:64 DEFAULT_COLLATION_NAME:64"
            " SQL_PATH:1? DEFAULT_ENCRYPTION:3",
            _schemata,
        ),
        "SCHEMATA_EXTENSIONS": View("CATALOG_NAME:64 SCHEMA_NAME:64 OPTIONS:256?"),
        "TABLES": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 TABLE_TYPE:11 ENGINE:64? VERSION:int?"
            f" ROW_FORMAT:10? {_SIZES} AUTO_INCREMENT:bigint+? {_TIMES} TABLE_COLLATION:64? CHECKSUM:bigint?"
            " CREATE_OPTIONS:256? TABLE_COMMENT:text?",
            _tables,
        ),
        "TABLES_EXTENSIONS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 ENGINE_ATTRIBUTE:text?"
            " SECONDARY_ENGINE_ATTRIBUTE:text?"
        ),
        "COLUMNS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 COLUMN_NAME:64? ORDINAL_POSITION:int+"
            " COLUMN_DEFAULT:text? IS_NULLABLE:3 DATA_TYPE:text? CHARACTER_MAXIMUM_LENGTH:bigint?"
            " CHARACTER_OCTET_LENGTH:bigint? NUMERIC_PRECISION:bigint+? NUMERIC_SCALE:bigint+?"
            " DATETIME_PRECISION:int+? CHARACTER_SET_NAME:64? COLLATION_NAME:64? COLUMN_TYPE:text"
            " COLUMN_KEY:3 EXTRA:256? PRIVILEGES:154? COLUMN_COMMENT:text GENERATION_EXPRESSION:text"
            " SRS_ID:int+?",
            _columns,
        ),
        "COLUMNS_EXTENSIONS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 COLUMN_NAME:64? ENGINE_ATTRIBUTE:text?"
            " SECONDARY_ENGINE_ATTRIBUTE:text?"
        ),
        "COLUMN_STATISTICS": View("SCHEMA_NAME:64 TABLE_NAME:64 COLUMN_NAME:64 HISTOGRAM:text"),
        "VIEWS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 VIEW_DEFINITION:text? CHECK_OPTION:8?"
            " IS_UPDATABLE:3? DEFINER:288? SECURITY_TYPE:7? CHARACTER_SET_CLIENT:64 COLLATION_CONNECTION:64"
        ),
        "VIEW_TABLE_USAGE": View(
            "VIEW_CATALOG:64 VIEW_SCHEMA:64 VIEW_NAME:64 TABLE_SCHEMA:64 TABLE_NAME:64 TABLE_CATALOG:64"
        ),
        "VIEW_ROUTINE_USAGE": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 SPECIFIC_CATALOG:64 SPECIFIC_SCHEMA:64"
            " SPECIFIC_NAME:64"
        ),
        "PARTITIONS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 PARTITION_NAME:64? SUBPARTITION_NAME:64?"
            " PARTITION_ORDINAL_POSITION:int+? SUBPARTITION_ORDINAL_POSITION:int+? PARTITION_METHOD:13?"
            " SUBPARTITION_METHOD:13? PARTITION_EXPRESSION:2048? SUBPARTITION_EXPRESSION:2048?"
            f" PARTITION_DESCRIPTION:text? {_SIZES} {_TIMES} CHECKSUM:bigint? PARTITION_COMMENT:text"
            " NODEGROUP:256? TABLESPACE_NAME:268?",
            _partitions,
        ),
    }
)
