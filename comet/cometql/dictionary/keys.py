"""Keys and constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from comet.cometql.dictionary.view import Row, View
from comet.cometql.dictionary.viewer import Viewer
from comet.cometql.tables.table import Declared

#: As many characters of a text as MySQL has in a key.
_LONGEST = 768


def prefix(column: Declared) -> int | None:
    """@return: how many characters of a column MySQL would have in an index, if that is not the whole."""
    return _LONGEST if column.length > _LONGEST else None


def _statistics(viewer: Viewer) -> Iterator[Row]:
    for database, table in viewer.tables():
        for name, column in table.indexes.items():
            yield {
                "TABLE_SCHEMA": database,
                "TABLE_NAME": table.name,
                "NON_UNIQUE": 0 if column.unique else 1,
                "INDEX_SCHEMA": database,
                "INDEX_NAME": name,
                "SEQ_IN_INDEX": 1,
                "COLUMN_NAME": column.name,
                "COLLATION": "A",
                "SUB_PART": prefix(column),
                "NULLABLE": "",
                "INDEX_TYPE": "HASH",
                "COMMENT": "",
                "INDEX_COMMENT": "",
                "IS_VISIBLE": "YES",
            }


def _primary(viewer: Viewer) -> Iterator[tuple[str, str, Declared]]:
    """@return: the tables with a primary key: the database, the table, the column."""
    for database, table in viewer.tables():
        column = table.indexes.get("PRIMARY")
        if column is not None:
            yield database, table.name, column


def _key_columns(viewer: Viewer) -> Iterator[Row]:
    for database, table, column in _primary(viewer):
        yield {
            "CONSTRAINT_SCHEMA": database,
            "CONSTRAINT_NAME": "PRIMARY",
            "TABLE_SCHEMA": database,
            "TABLE_NAME": table,
            "COLUMN_NAME": column.name,
            "ORDINAL_POSITION": 1,
        }


def _constraints(viewer: Viewer) -> Iterator[Row]:
    for database, table, _ in _primary(viewer):
        yield {
            "CONSTRAINT_SCHEMA": database,
            "CONSTRAINT_NAME": "PRIMARY",
            "TABLE_SCHEMA": database,
            "TABLE_NAME": table,
            "CONSTRAINT_TYPE": "PRIMARY KEY",
            "ENFORCED": "YES",
        }


#: Views by name.
KEYS: Mapping[str, View] = MappingProxyType(
    {
        "STATISTICS": View(
            "TABLE_CATALOG:64 TABLE_SCHEMA:64 TABLE_NAME:64 NON_UNIQUE:int INDEX_SCHEMA:64 INDEX_NAME:64?"
            " SEQ_IN_INDEX:int+ COLUMN_NAME:64? COLLATION:1? CARDINALITY:bigint? SUB_PART:bigint? PACKED:1?"
            " NULLABLE:3 INDEX_TYPE:11 COMMENT:8 INDEX_COMMENT:2048 IS_VISIBLE:3 EXPRESSION:text?",
            _statistics,
        ),
        "KEY_COLUMN_USAGE": View(
            "CONSTRAINT_CATALOG:64 CONSTRAINT_SCHEMA:64 CONSTRAINT_NAME:64? TABLE_CATALOG:64 TABLE_SCHEMA:64"
            " TABLE_NAME:64 COLUMN_NAME:64? ORDINAL_POSITION:int+ POSITION_IN_UNIQUE_CONSTRAINT:int+?"
            " REFERENCED_TABLE_SCHEMA:64? REFERENCED_TABLE_NAME:64? REFERENCED_COLUMN_NAME:64?",
            _key_columns,
        ),
        "TABLE_CONSTRAINTS": View(
            "CONSTRAINT_CATALOG:64 CONSTRAINT_SCHEMA:64 CONSTRAINT_NAME:64? TABLE_SCHEMA:64 TABLE_NAME:64"
            " CONSTRAINT_TYPE:11 ENFORCED:3",
            _constraints,
        ),
        "TABLE_CONSTRAINTS_EXTENSIONS": View(
            "CONSTRAINT_CATALOG:64 CONSTRAINT_SCHEMA:64 CONSTRAINT_NAME:64 TABLE_NAME:64"
            " ENGINE_ATTRIBUTE:text? SECONDARY_ENGINE_ATTRIBUTE:text?"
        ),
        "CHECK_CONSTRAINTS": View(
            "CONSTRAINT_CATALOG:64 CONSTRAINT_SCHEMA:64 CONSTRAINT_NAME:64 CHECK_CLAUSE:text"
        ),
        "REFERENTIAL_CONSTRAINTS": View(
            "CONSTRAINT_CATALOG:64 CONSTRAINT_SCHEMA:64 CONSTRAINT_NAME:64? UNIQUE_CONSTRAINT_CATALOG:64"
            " UNIQUE_CONSTRAINT_SCHEMA:64 UNIQUE_CONSTRAINT_NAME:64? MATCH_OPTION:7 UPDATE_RULE:11"
            " DELETE_RULE:11 TABLE_NAME:64 REFERENCED_TABLE_NAME:64"
        ),
    }
)
