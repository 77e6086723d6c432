"""Brings a database of MariaDB or MySQL to the newest version; several processes may do so at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pymysql.err import OperationalError

from comet.errors import Unavailable
from comet.storage import migrations
from comet.storage.mysql_errors import code_of
from comet.storage.mysql_link import MySQLCursor

#: How often to ask for the lock, a second each.
LOCK_ATTEMPTS = 60
#: The oldest servers, and their collation that tells texts apart byte for byte, without padding.
_MARIADB, _MYSQL = (10, 6, 0), (8, 0, 17)
_MARIADB_COLLATION, _MYSQL_COLLATION = "utf8mb4_nopad_bin", "utf8mb4_0900_bin"
#: ER_DUP_FIELDNAME. A table is altered by one statement for each version, which is done as a whole.
_COLUMN_IS_THERE = 1060
#: Another lock for each database of a server; MySQL takes 64 characters.
_LOCK = "CONCAT('comet-', SHA1(DATABASE()))"


def migrate(cursor: MySQLCursor, message_limit: int = 0) -> int:
    """
    Bring the database to the newest version. Each statement is by itself, so the version is noted last.

    @param message_limit: the longest message, in bytes.
    @return: the version it had before.
    @raise Unavailable: if the server is too old, the database is not ours, or a newer comet has written it.
    """
    collation = check_server(cursor, message_limit)
    known = migrations.scripts("mysql_schema")
    with _locked(cursor):
        _refuse_foreign(cursor, known)
        found = migrations.version_of(cursor)
        migrations.refuse_newer(found, known)
        for version, script in known.items():
            if version > found:
                for statement in migrations.statements(script):
                    _run(cursor, statement.replace("BINARY_COLLATION", collation))
                cursor.execute("INSERT INTO comet_schema (version) VALUES (?)", [version])
                cursor.execute("COMMIT")
    return found


def _run(cursor: MySQLCursor, statement: str) -> None:
    """Run a statement, unless somebody has done so who was stopped before the version was noted."""
    try:
        cursor.execute(statement)
    except OperationalError as error:
        if code_of(error) != _COLUMN_IS_THERE:
            raise


def check_server(cursor: MySQLCursor, message_limit: int = 0) -> str:
    """
    @return: the collation of this server.
    @raise Unavailable: if it cannot be the store.
    """
    cursor.execute("SELECT VERSION(), @@max_allowed_packet")
    ((text, packet),) = cursor.fetchall()
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    version = tuple(map(int, found.groups())) if found else (0, 0, 0)
    is_mariadb = "mariadb" in text.lower()
    if version < (_MARIADB if is_mariadb else _MYSQL):
        raise Unavailable(f"the database server is {text}; expected MariaDB 10.6 or MySQL 8.0.17, or later")
    # Quotes and control characters are two bytes in a statement.
    if packet < 2 * message_limit + 4096:
        raise Unavailable(
            f"max_allowed_packet of the database server is {packet}: raise it to {2 * message_limit + 4096},"
            " or lower [limits] message"
        )
    return _MARIADB_COLLATION if is_mariadb else _MYSQL_COLLATION


@contextmanager
def _locked(cursor: MySQLCursor) -> Iterator[None]:
    """Be the only one to migrate; the server lets go if we die."""
    for _ in range(LOCK_ATTEMPTS):
        cursor.execute(f"SELECT GET_LOCK({_LOCK}, 1)")
        if cursor.fetchone()[0] == 1:
            break
    else:
        raise Unavailable(
            "another comet has been migrating the database for a minute: try again when it is done"
        )
    try:
        yield
    finally:
        cursor.execute(f"SELECT RELEASE_LOCK({_LOCK})")
        cursor.fetchall()


def _refuse_foreign(cursor: MySQLCursor, known: dict[int, str]) -> None:
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    there = {row[0].lower() for row in cursor.fetchall()}
    ours = {
        name for script in known.values() for name in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", script)
    }
    if "comet_schema" not in there and there & ours:
        some = ", ".join(sorted(there & ours)[:3])
        raise Unavailable(
            f"the database has tables of another program, such as CppComet: {some} ...; name an empty one in"
            " [db], and take over what is in this one by comet migrate --from mysql://..."
        )
