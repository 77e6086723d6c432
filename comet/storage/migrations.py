"""Brings a database to the newest version of the schema: C{schema/N.sql} leads from version N - 1 to N."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from importlib.resources import files

from comet.errors import Unavailable
from comet.storage.cursors import Cursor


def scripts(folder: str = "schema") -> dict[int, str]:
    """@return: the text of every schema file, by version, in order."""
    found = {}
    for file in (files("comet.storage") / folder).iterdir():
        if match := re.fullmatch(r"(\d+)\.sql", file.name):
            found[int(match[1])] = file.read_text("utf-8")
    return dict(sorted(found.items()))


def statements(script: str) -> list[str]:
    """@return: the statements of a schema file, without comments and semicolons."""
    plain = re.sub(r"--[^\n]*", "", script)
    return [statement.strip() for statement in plain.split(";") if statement.strip()]


def version_of(cursor: Cursor) -> int:
    """@return: the version of the schema in this database, 0 if it has none."""
    cursor.execute("CREATE TABLE IF NOT EXISTS comet_schema (version INTEGER NOT NULL)")
    cursor.execute("SELECT max(version) FROM comet_schema")
    return int(cursor.fetchone()[0] or 0)


def refuse_newer(found: int, known: Collection[int]) -> None:
    """@raise Unavailable: if a newer comet has written the database."""
    if found > max(known):
        raise Unavailable(
            f"the store has schema version {found}, written by a newer comet; this one knows {max(known)}"
        )


def migrate(cursor: Cursor) -> int:
    """
    Bring the database to the newest version, in one transaction: all of it, or nothing.

    @return: the version it had before.
    @raise Unavailable: if a newer comet has written it, or it is no database.
    """
    known = scripts()
    try:
        # Spelt out, because sqlite3 begins no transaction by itself for what changes the schema.
        cursor.execute("BEGIN IMMEDIATE")
        found = version_of(cursor)
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"the store is not usable: {error}") from error
    refuse_newer(found, known)
    for version, script in known.items():
        if version > found:
            for statement in statements(script):
                cursor.execute(statement)
            cursor.execute("INSERT INTO comet_schema (version) VALUES (?)", [version])
    return found
