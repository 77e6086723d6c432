"""The part of the grammar that is not about rows: SHOW, DESCRIBE, USE, SET, CHECK TABLE and transactions."""

from __future__ import annotations

from collections.abc import Callable

from comet.cometql import clauses, general
from comet.cometql.cursor import Cursor
from comet.cometql.statements import (
    NEXT_TRANSACTION,
    Assignment,
    Constant,
    Default,
    Expression,
    Kill,
    Nothing,
    Set,
    Show,
    Statement,
    TableName,
    Transaction,
    Upkeep,
    Use,
    Variable,
)
from comet.errors import NotSupported

# SHOW -----------------------------------------------------------------------------------------------------

#: What SHOW takes, by its words; the subject is what the answer is looked up by.
_SUBJECTS: dict[tuple[str, ...], str] = {
    ("TABLES",): "TABLES",
    ("TABLE", "STATUS"): "TABLE STATUS",
    ("DATABASES",): "DATABASES",
    ("SCHEMAS",): "DATABASES",
    ("STATUS",): "STATUS",
    ("VARIABLES",): "VARIABLES",
    ("COLUMNS",): "COLUMNS",
    ("FIELDS",): "COLUMNS",
    ("INDEX",): "INDEX",
    ("INDEXES",): "INDEX",
    ("KEYS",): "INDEX",
    ("CREATE", "TABLE"): "CREATE TABLE",
    ("CREATE", "VIEW"): "CREATE VIEW",
    ("WARNINGS",): "WARNINGS",
    ("ERRORS",): "ERRORS",
    ("COUNT", "(", "*", ")", "WARNINGS"): "COUNT(*) WARNINGS",
    ("COUNT", "(", "*", ")", "ERRORS"): "COUNT(*) ERRORS",
    ("COLLATION",): "COLLATION",
    ("CHARACTER", "SET"): "CHARACTER SET",
    ("CHARSET",): "CHARACTER SET",
    ("ENGINES",): "ENGINES",
    ("STORAGE", "ENGINES"): "ENGINES",
    ("PLUGINS",): "PLUGINS",
    ("PROCESSLIST",): "PROCESSLIST",
    ("CREATE", "DATABASE"): "CREATE DATABASE",
    ("CREATE", "SCHEMA"): "CREATE DATABASE",
    ("CREATE", "USER"): "CREATE USER",
    **{
        tuple(words.split()): words
        for words in (
            *("GRANTS", "PRIVILEGES", "PROFILES", "PROFILE", "EVENTS", "TRIGGERS", "OPEN TABLES", "REPLICAS"),
            *("FUNCTION STATUS", "PROCEDURE STATUS", "MASTER STATUS", "BINARY LOG STATUS", "MASTER LOGS"),
            *("BINARY LOGS", "BINLOG EVENTS", "RELAYLOG EVENTS", "SLAVE STATUS", "REPLICA STATUS"),
            *("SLAVE HOSTS", "FILESYSTEM STATUS", "RAM STATUS", "AVG STATUS", "UPTIME STATUS"),
        )
    },
}
#: Subjects that are asked of an account.
_OF_AN_ACCOUNT = ("GRANTS", "CREATE USER")
#: Subjects that are asked of a table, and whether a FROM stands before it.
_OF_A_TABLE = {"COLUMNS": True, "INDEX": True, "CREATE TABLE": False, "CREATE VIEW": False}


def _show(cursor: Cursor) -> Show:
    cursor.accept("EXTENDED")
    full = cursor.accept("FULL")
    scope = cursor.accept_any("GLOBAL", "SESSION", "LOCAL")
    subject = next((name for words, name in _SUBJECTS.items() if cursor.accept(*words)), None)
    if subject is None:
        if not cursor.at_name():
            raise cursor.error()
        raise NotSupported(f"SHOW {cursor.next.text.upper()[:64]} is not supported")
    table, database = None, ""
    if subject in _OF_A_TABLE:
        if _OF_A_TABLE[subject] and not cursor.accept_any("FROM", "IN"):
            raise cursor.error()
        table = clauses.table_name(cursor)
    elif subject == "CREATE DATABASE":
        cursor.accept("IF", "NOT", "EXISTS")
        database = cursor.name()
    elif subject in _OF_AN_ACCOUNT and (cursor.accept("FOR") or not (cursor.at_end or cursor.at(";"))):
        _account(cursor)
    if cursor.accept_any("FROM", "IN"):
        database = cursor.name()
    like = clauses.expression(cursor) if cursor.accept("LIKE") else None
    where = None
    if cursor.at("WHERE"):
        cursor.begin_here()
        where = general.query(cursor, start="SELECT * FROM shown ")
    clauses.limit(cursor)  # for WARNINGS, of which there are never many
    if table is not None and database:
        table, database = TableName(table.name, database), ""
    return Show(subject, full, "GLOBAL" if scope == "GLOBAL" else "SESSION", table, database, like, where)


def _account(cursor: Cursor) -> None:
    """Read over whose grants are meant: everybody sees their own."""
    if cursor.accept("CURRENT_USER"):
        if cursor.accept("("):
            cursor.expect(")")
        return
    cursor.name()
    if cursor.accept("@"):
        cursor.name()


def describe(cursor: Cursor) -> Show:
    """Read what follows DESCRIBE or EXPLAIN, if it is the name of a table."""
    if cursor.at("SELECT", "INSERT", "DELETE", "UPDATE", "REPLACE", "ANALYZE", "FORMAT"):
        raise NotSupported("EXPLAIN of a statement is not supported")
    table = clauses.table_name(cursor)
    like: Expression | None = None
    if cursor.at_name():
        like = Constant(cursor.name())
    return Show("COLUMNS", table=table, like=like)


# SET, USE, transactions -----------------------------------------------------------------------------------


def _set(cursor: Cursor) -> Set:
    if cursor.at("PASSWORD", "ROLE", "DEFAULT", "RESOURCE"):
        raise NotSupported(f"SET {cursor.next.key} is not supported")
    found: list[Assignment] = []
    for assignments in cursor.listed(lambda: _assignments(cursor)):
        found += assignments
    return Set(tuple(found))


def pass_settings(cursor: Cursor) -> None:
    """Read over C{SET STATEMENT variable = value, ... FOR}: such settings are hints, of no concern here."""
    cursor.expect("SET", "STATEMENT")
    cursor.listed(lambda: _assignments(cursor))
    cursor.expect("FOR")


def _assignments(cursor: Cursor) -> list[Assignment]:
    if cursor.accept("NAMES"):
        return _names(cursor)
    if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
        value = clauses.expression(cursor)
        return [_assign("character_set_client", value), _assign("character_set_results", value)]
    scope = ""
    if not cursor.at("@", "@@") and cursor.ahead().key not in ("=", ":="):
        scope = cursor.accept_any("GLOBAL", "SESSION", "LOCAL", "PERSIST")
    if cursor.accept("TRANSACTION"):
        return list(cursor.listed(lambda: _characteristic(cursor, scope)))
    is_marked = cursor.at("@", "@@")
    variable = clauses.variable(cursor) if is_marked else Variable(cursor.name().lower(), scope)
    if not cursor.accept_any("=", ":="):
        raise cursor.error()
    return [Assignment(variable, clauses.expression(cursor))]


def _assign(name: str, value: Expression) -> Assignment:
    return Assignment(Variable(name), value)


def _names(cursor: Cursor) -> list[Assignment]:
    value = clauses.expression(cursor)
    names = ("character_set_client", "character_set_connection", "character_set_results")
    found = [_assign(name, value) for name in names]
    # Without COLLATE the character set has a collation of its own.
    found.append(
        _assign("collation_connection", clauses.expression(cursor) if cursor.accept("COLLATE") else Default())
    )
    return found


def _characteristic(cursor: Cursor, scope: str) -> Assignment:
    """@param scope: for a session, for all, or else for the next transaction alone."""
    if cursor.accept("ISOLATION", "LEVEL"):
        for level in ("REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED", "SERIALIZABLE"):
            if cursor.accept(*level.split()):
                return _assign("transaction_isolation", Constant(level.replace(" ", "-")))
        raise cursor.error()
    where = {"": NEXT_TRANSACTION, "GLOBAL": "GLOBAL"}.get(scope, "")
    for read_only, words in enumerate(("READ WRITE", "READ ONLY")):
        if cursor.accept(*words.split()):
            return Assignment(Variable("transaction_read_only", where), Constant(read_only))
    raise cursor.error()


def _use(cursor: Cursor) -> Use:
    return Use(cursor.name())


def _start(cursor: Cursor) -> Transaction:
    cursor.expect("TRANSACTION")
    words = list(cursor.listed(lambda: _characteristic_of_start(cursor))) if cursor.at("WITH", "READ") else []
    read_only = "READ ONLY" in words if {"READ ONLY", "READ WRITE"} & set(words) else None
    return Transaction("BEGIN", read_only=read_only)


def _characteristic_of_start(cursor: Cursor) -> str:
    for words in ("WITH CONSISTENT SNAPSHOT", "READ ONLY", "READ WRITE"):
        if cursor.accept(*words.split()):
            return words
    raise cursor.error()


def _begin(cursor: Cursor) -> Transaction:
    cursor.accept("WORK")
    return Transaction("BEGIN")


def _commit(cursor: Cursor) -> Transaction:
    cursor.accept("WORK")
    return _ending(cursor, "COMMIT")


def _rollback(cursor: Cursor) -> Transaction:
    cursor.accept("WORK")
    if cursor.accept("TO"):
        cursor.accept("SAVEPOINT")
        return Transaction("ROLLBACK TO", cursor.name())
    return _ending(cursor, "ROLLBACK")


def _ending(cursor: Cursor, verb: str) -> Transaction:
    """@return: what ends a transaction; C{AND NO CHAIN} and C{NO RELEASE} say what is so anyway."""
    chain = cursor.accept("AND", "CHAIN")
    if not chain:
        cursor.accept("AND", "NO", "CHAIN")
    release = not chain and cursor.accept("RELEASE")
    if not release:
        cursor.accept("NO", "RELEASE")
    return Transaction(verb, chain=chain, release=release)


def _savepoint(cursor: Cursor) -> Transaction:
    return Transaction("SAVEPOINT", cursor.name())


def _release(cursor: Cursor) -> Transaction:
    cursor.expect("SAVEPOINT")
    return Transaction("RELEASE", cursor.name())


def _lock(cursor: Cursor) -> Nothing:
    if not cursor.accept_any("TABLES", "TABLE"):
        raise cursor.error()
    cursor.listed(lambda: _locked(cursor))
    return Nothing()


def _locked(cursor: Cursor) -> None:
    clauses.table_name(cursor)
    if not cursor.at("READ", "WRITE", "LOW_PRIORITY"):
        clauses.alias(cursor)
    if cursor.accept("READ"):
        cursor.accept("LOCAL")
        return
    cursor.accept("LOW_PRIORITY")
    cursor.expect("WRITE")


def _flush(cursor: Cursor) -> Nothing:
    """Read over what is to be flushed: there is nothing that has to be."""
    while not (cursor.at_end or cursor.at(";")):
        cursor.take()
    return Nothing()


def _kill(cursor: Cursor) -> Kill:
    word = cursor.accept_any("QUERY", "CONNECTION")
    return Kill(clauses.expression(cursor), word == "QUERY")


def _unlock(cursor: Cursor) -> Nothing:
    if not cursor.accept_any("TABLES", "TABLE"):
        raise cursor.error()
    return Nothing()


#: What may stand behind the tables: how thoroughly, which is of no concern here.
_THOROUGHNESS = ("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED", "USE_FRM")


def _upkeep(verb: str) -> Callable[[Cursor], Upkeep]:
    def read(cursor: Cursor) -> Upkeep:
        if cursor.at("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "FORMAT"):
            raise NotSupported(f"{verb} of a statement is not supported")
        cursor.accept_any("NO_WRITE_TO_BINLOG", "LOCAL")
        if not cursor.accept_any("TABLE", "TABLES"):
            raise cursor.error()
        tables = cursor.listed(lambda: clauses.table_name(cursor))
        while cursor.accept_any(*_THOROUGHNESS) or cursor.accept("FOR", "UPGRADE"):
            pass
        return Upkeep(verb, tuple(tables))

    return read


#: The first words of these statements, and what reads the rest.
STATEMENTS: dict[str, Callable[[Cursor], Statement]] = {
    "SHOW": _show,
    "KILL": _kill,
    "USE": _use,
    "SET": _set,
    "LOCK": _lock,
    "UNLOCK": _unlock,
    "FLUSH": _flush,
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _commit,
    "ROLLBACK": _rollback,
    "SAVEPOINT": _savepoint,
    "RELEASE": _release,
    **{verb: _upkeep(verb) for verb in ("ANALYZE", "CHECK", "CHECKSUM", "OPTIMIZE", "REPAIR")},
}
