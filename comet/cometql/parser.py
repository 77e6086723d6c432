"""
The grammar of CometQL.

C{[ ]} is optional, what stands in curly brackets repeats, C{|} is a choice. Keywords go in any letter case.
C{literal} is a string, a number, or the C{?} of a prepared statement::

    text        = [ statement ] { ";" } .
    statement   = insert | update | delete | select | show | describe | use | set | transaction
                | kill | upkeep .

    insert      = ( "INSERT" | "REPLACE" ) [ "INTO" ] table
                  ( [ "(" column { "," column } ")" ] ( "VALUES" | "VALUE" ) row { "," row }
                  | "SET" changes ) [ [ "AS" name ] "ON" "DUPLICATE" "KEY" "UPDATE" changes ] .
    row         = "(" expression { "," expression } ")" .
    changes     = column "=" expression { "," column "=" expression } .
    update      = "UPDATE" table [ alias ] "SET" changes [ where ] [ order ] [ limit ] .
    delete      = "DELETE" "FROM" table [ alias ] [ where ] [ order ] [ limit ] .
    select      = "SELECT" item { "," item } [ "FROM" table [ alias ] [ where ] [ order ] ] [ limit ] .
    item        = [ name "." ] "*" | expression [ alias ] .
    alias       = [ "AS" ] name .

    where       = "WHERE" conditions .
    conditions  = condition { "AND" condition } | condition { "OR" condition } .
    condition   = "(" conditions ")" | column comparison sum | column "IS" [ "NOT" ] "NULL"
                | column [ "NOT" ] "IN" "(" sum { "," sum } ")" | column [ "NOT" ] "LIKE" sum
                | column [ "NOT" ] "BETWEEN" sum "AND" sum .
    comparison  = "=" | "<=>" | "<>" | "!=" | "<" | "<=" | ">" | ">=" .
    order       = "ORDER" "BY" place [ "ASC" | "DESC" ] { "," place [ "ASC" | "DESC" ] } .
    place       = column | number .
    limit       = "LIMIT" literal [ "," literal | "OFFSET" literal ] .

    expression  = sum { "IS" [ "NOT" ] "NULL" } .
    sum         = product { ( "+" | "-" ) product } .
    product     = operand { "*" operand } .
    operand     = { "+" | "-" } ( [ "_charset" | "N" | "DATE" | "TIME" | "TIMESTAMP" ] literal
                | "NULL" | "TRUE" | "FALSE" | "DEFAULT" | word | variable
                | function [ "(" [ expression { "," expression } ] ")" ] | "(" expression ")" ) .
    variable    = "@" name | "@@" [ ( "GLOBAL" | "SESSION" | "LOCAL" ) "." ] name .

    table       = [ name "." ] name .
    column      = [ [ name "." ] name "." ] name .
    name        = word | name in backticks | string .

    show        = "SHOW" ( [ "GLOBAL" | "SESSION" ] ( "STATUS" | "VARIABLES" )
                | ( "FILESYSTEM" | "RAM" | "AVG" | "UPTIME" ) "STATUS" | "DATABASES" | "SCHEMAS"
                | [ "FULL" ] "TABLES" [ from ] | "TABLE" "STATUS" [ from ]
                | [ "FULL" ] ( "COLUMNS" | "FIELDS" ) "FROM" table [ from ]
                | ( "INDEX" | "INDEXES" | "KEYS" ) "FROM" table [ from ] | "CREATE" ( "TABLE" | "VIEW" ) table
                | [ "COUNT" "(" "*" ")" ] ( "WARNINGS" | "ERRORS" ) | "COLLATION" | "CHARSET"
                | "CHARACTER" "SET" | [ "STORAGE" ] "ENGINES" | "PLUGINS" )
                [ "LIKE" expression ] [ where ] [ limit ] .
    from        = ( "FROM" | "IN" ) name .
    describe    = ( "DESCRIBE" | "DESC" | "EXPLAIN" ) ( table [ name ] | insert | select ) .
    kill        = "KILL" [ "CONNECTION" | "QUERY" ] expression .
    upkeep      = ( "ANALYZE" | "CHECK" | "CHECKSUM" | "OPTIMIZE" | "REPAIR" ) "TABLE" table { "," table }
                { "QUICK" | "FAST" | "MEDIUM" | "EXTENDED" | "CHANGED" | "FOR" "UPGRADE" } .
    use         = "USE" name .
    set         = "SET" assignment { "," assignment } .
    assignment  = [ "GLOBAL" | "SESSION" | "LOCAL" ] name "=" expression | variable ( "=" | ":=" ) expression
                | "NAMES" expression [ "COLLATE" expression ] | ( "CHARACTER" "SET" | "CHARSET" ) expression
                | [ "GLOBAL" | "SESSION" ] "TRANSACTION" characteristic { "," characteristic } .
    transaction = "BEGIN" [ "WORK" ]
                | ( "COMMIT" | "ROLLBACK" ) [ "WORK" ] [ "AND" [ "NO" ] "CHAIN" ] [ [ "NO" ] "RELEASE" ]
                | "ROLLBACK" [ "WORK" ] "TO" [ "SAVEPOINT" ] name | [ "RELEASE" ] "SAVEPOINT" name
                | "START" "TRANSACTION" [ characteristic { "," characteristic } ] .

A word where a value is expected stands for its own text, and a string where a name is expected is that name:
C{INSERT INTO pipes_settings ("name", "length") VALUES (chat, 10)}. Comments count as blanks. A lone quote at
the very end is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from comet.cometql import clauses, general, session_grammar
from comet.cometql.context import is_inner
from comet.cometql.cursor import Cursor, words
from comet.cometql.literals import Literal
from comet.cometql.statements import (
    Call,
    Delete,
    Explain,
    ExplainQuery,
    Expression,
    Insert,
    Item,
    Name,
    Nothing,
    Select,
    SelectValues,
    Slot,
    Star,
    Statement,
    TableName,
    Update,
)
from comet.errors import NotSupported, ReadOnly, SyntaxRefused, ValueCount

#: What MySQL carries out and comet does not: a clean refusal rather than a syntax error.
_ELSEWHERE = words(
    "CALL CHANGE DEALLOCATE DO EXECUTE GRANT HANDLER HELP INSTALL LOAD PREPARE PURGE RELEASE RESET REVOKE"
    " SAVEPOINT SIGNAL TABLE UNINSTALL VALUES WITH XA"
)
#: What would make other tables than there are, or empty them.
_STRUCTURE = words("ALTER CREATE DROP RENAME TRUNCATE")


def parse(
    shape: str, literals: Sequence[Literal], sources: Sequence[str], database: str = ""
) -> tuple[Statement, frozenset[int]]:
    """
    Parse what L{comet.cometql.shape.cut} gave.

    @param database: which one is meant where none is named, if that is not one of ours.
    @return: the statement, and the literals that it depends on.
    @raise Refused: if it is none that comet carries out.
    """
    cursor = Cursor(shape, literals, sources, database)
    if cursor.at("SET") and cursor.ahead().key == "STATEMENT":
        session_grammar.pass_settings(cursor)
        cursor.begin_here()
        if cursor.at_end:
            raise cursor.error()
    try:
        statement = _statement(cursor)
    except (NotSupported, SyntaxRefused) as error:
        if not _is_query(cursor) or general.is_too_long(shape):
            raise
        statement = general.query(cursor, str(error) if isinstance(error, SyntaxRefused) else "")
    return statement, frozenset(cursor.pins)


def _is_query(cursor: Cursor) -> bool:
    first = next((token for token in cursor.tokens if token.key not in (";", "(")), None)
    return first is not None and first.key in ("SELECT", "WITH")


def _statement(cursor: Cursor) -> Statement:
    while cursor.accept(";"):
        pass
    word = cursor.next.key
    read = STATEMENTS.get(word)
    if word in _STRUCTURE:
        raise ReadOnly(
            f"{word} command denied: databases and tables are those of comet, and stay as they are"
        )
    if read is None and word in _ELSEWHERE:
        raise NotSupported(f"{word} is not supported")
    if read is not None:
        cursor.take()
        statement: Statement = read(cursor)
    else:
        statement = Nothing()
    while cursor.accept(";"):
        pass
    if not cursor.at_end:
        raise cursor.error()
    return statement


def _explain(cursor: Cursor) -> Statement:
    if cursor.accept("INSERT"):
        return Explain(_insert(cursor))
    if cursor.ahead().key in ("SELECT", "WITH", "("):
        cursor.accept_any("EXTENDED", "PARTITIONS")
    if cursor.at("SELECT", "WITH", "("):
        if general.is_too_long(cursor.shape):
            raise NotSupported("EXPLAIN of a SELECT that is that long is not supported")
        cursor.begin_here()
        return ExplainQuery(general.query(cursor))
    return session_grammar.describe(cursor)


def _insert(cursor: Cursor) -> Insert:
    cursor.accept_any("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED")
    if cursor.at("IGNORE"):
        raise NotSupported("INSERT IGNORE is not supported")
    cursor.accept("INTO")
    table = clauses.table_name(cursor)
    if cursor.accept("SET"):
        pairs = cursor.listed(lambda: _pair(cursor))
        columns, rows = tuple(name for name, _ in pairs), (tuple(value for _, value in pairs),)
        return Insert(table, columns, rows, _on_duplicate(cursor))
    return _insert_rows(cursor, table)


def _insert_rows(cursor: Cursor, table: TableName) -> Insert:
    columns = None
    if cursor.accept("("):
        columns = cursor.nested(lambda: cursor.listed(lambda: clauses.column_name(cursor)))
    if cursor.at("SELECT"):
        raise NotSupported("INSERT ... SELECT is not supported")
    if not cursor.accept_any("VALUES", "VALUE"):
        raise cursor.error()
    rows = cursor.listed(lambda: clauses.row(cursor))
    for number, row in enumerate(rows, 1):
        if columns is not None and len(row) != len(columns):
            raise ValueCount(f"Column count doesn't match value count at row {number}")
    return Insert(table, columns, rows, _on_duplicate(cursor))


def _on_duplicate(cursor: Cursor) -> tuple[tuple[Name, Expression], ...]:
    row = (cursor.name(),) if cursor.accept("AS") else ()
    if not cursor.accept("ON", "DUPLICATE", "KEY", "UPDATE"):
        return ()
    return tuple(
        (name, Call("VALUES", (Name(value.column),)))
        if isinstance(value, Name) and row and value.qualifiers == row
        else (name, value)
        for name, value in cursor.listed(lambda: _pair(cursor))
    )


def _pair(cursor: Cursor) -> tuple[Name, Expression]:
    name = clauses.column_name(cursor)
    cursor.expect("=")
    return name, clauses.expression(cursor)


def _replace(cursor: Cursor) -> Insert:
    found = _insert(cursor)
    if found.on_duplicate:
        raise NotSupported("REPLACE ... ON DUPLICATE KEY UPDATE is not supported")
    return found


def _update(cursor: Cursor) -> Update:
    cursor.accept("LOW_PRIORITY")
    table = clauses.table_name(cursor)
    table = replace(table, alias=clauses.alias(cursor))
    clauses.refuse_beyond(cursor)
    cursor.expect("SET")
    changes = cursor.listed(lambda: _pair(cursor))
    return Update(table, changes, clauses.where(cursor), clauses.order(cursor), clauses.limit(cursor))


def _delete(cursor: Cursor) -> Delete:
    cursor.accept_any("LOW_PRIORITY", "QUICK")
    cursor.expect("FROM")
    table = clauses.table_name(cursor)
    table = replace(table, alias=clauses.alias(cursor))
    clauses.refuse_beyond(cursor)
    return Delete(table, clauses.where(cursor), clauses.order(cursor), clauses.limit(cursor))


def _select(cursor: Cursor) -> Select | SelectValues:
    while cursor.accept_any("ALL", "SQL_NO_CACHE", "SQL_CACHE", "SQL_CALC_FOUND_ROWS"):
        pass
    if word := cursor.accept_any("DISTINCT", "DISTINCTROW"):
        raise NotSupported(f"SELECT {word} is not supported")
    spans = cursor.listed(lambda: _item(cursor))
    if not cursor.accept("FROM") or cursor.accept("DUAL"):
        clauses.refuse_beyond(cursor)
        return SelectValues(tuple(_titled(cursor, *span) for span in spans), clauses.limit(cursor))
    if cursor.at("("):
        raise NotSupported("a SELECT within a statement is not supported")
    items = tuple(_column_item(cursor, *span) for span in spans)
    table = clauses.table_name(cursor)
    if is_inner(table.database):
        raise NotSupported(f"database '{table.database}' has tables of another kind")
    table = replace(table, alias=clauses.alias(cursor))
    clauses.refuse_beyond(cursor)
    where = clauses.where(cursor)
    clauses.refuse_beyond(cursor)
    found = Select(table, items, where, clauses.order(cursor), clauses.limit(cursor))
    clauses.refuse_beyond(cursor)
    return found


#: As long as MySQL lets an alias be.
_LONGEST_TITLE = 256

#: An item: the expression, its alias, and the places of its first token and of the one behind its last.
_Span = tuple[Expression, str, int, int]


def _item(cursor: Cursor) -> _Span:
    start = cursor.place
    if cursor.accept("*"):
        return Star(), "", start, cursor.place
    if cursor.ahead().key == "." and cursor.ahead(2).key == "*" and cursor.at_name():
        qualifier = cursor.name()
        cursor.expect(".", "*")
        return Star((qualifier,)), "", start, cursor.place
    found = clauses.expression(cursor)
    end = cursor.place
    return found, clauses.alias(cursor), start, end


def _titled(cursor: Cursor, found: Expression, alias: str, start: int, end: int) -> Item:
    """@return: an item that needs no table, its title as it is written."""
    title = alias
    if not title and isinstance(found, Slot) and isinstance(value := cursor.literal(found.index), str):
        title = value
    return Item(found, (title or cursor.source(start, end))[:_LONGEST_TITLE])


def _column_item(cursor: Cursor, found: Expression, alias: str, start: int, end: int) -> Item:
    """@return: an item of a table: a column, or all."""
    if isinstance(found, Slot) and isinstance(value := cursor.literal(found.index), str):
        found = Name(value)
    if isinstance(found, Name):
        return Item(found, (alias or found.column)[:_LONGEST_TITLE])
    if isinstance(found, Star):
        return Item(found, "")
    raise NotSupported(f"'{cursor.source(start, end)[:80]}' in a SELECT from a table is not supported")


#: How a statement begins, and what reads the rest of it.
STATEMENTS: dict[str, Callable[[Cursor], Statement]] = {
    **session_grammar.STATEMENTS,
    **dict.fromkeys(("EXPLAIN", "DESCRIBE", "DESC"), _explain),
    "INSERT": _insert,
    "REPLACE": _replace,
    "UPDATE": _update,
    "SELECT": _select,
    "DELETE": _delete,
}
