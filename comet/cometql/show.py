"""SHOW and DESCRIBE: what the server tells of its tables, its variables and itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from comet.cometql import status
from comet.cometql.context import DATABASE, INFORMATION_SCHEMA, Context, is_inner
from comet.cometql.dictionary.keys import prefix
from comet.cometql.dictionary.lookup import Dictionary, view
from comet.cometql.dictionary.rights import PRIVILEGES
from comet.cometql.dictionary.tables import default_of, sql_type
from comet.cometql.dictionary.view import View
from comet.cometql.empty_shows import EMPTY
from comet.cometql.evaluate import Parameters, evaluation
from comet.cometql.filters import like
from comet.cometql.machine import ASPECTS
from comet.cometql.plans import Plan
from comet.cometql.query import chosen
from comet.cometql.results import Column, Result, Rows
from comet.cometql.shown import Computed, Listed, Request, Subject, Table
from comet.cometql.statements import Show
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable
from comet.cometql.values import as_text
from comet.errors import NotAllowed, NotAView

#: Where the kernel tells of the machine.
PROC = Path("/proc")


class ShowPlan(Plan):
    """Answers a SHOW; LIKE looks at the first column, WHERE at any."""

    keeps_warnings = True

    def __init__(self, show: Show, catalogue: Catalogue, dictionary: Dictionary) -> None:
        self._show = show
        self._catalogue = catalogue
        self._dictionary = dictionary
        self._named = show.table.database if show.table else show.database
        if show.table and not is_inner(self._named):
            catalogue.find(show.table.name, self._named)
        elif show.table:
            view(show.table.name, self._named, "SHOW")
        if show.table and show.subject == "CREATE VIEW":
            raise NotAView(f"'{show.table.name[:64]}' is not VIEW: comet has tables only")
        self._subject = SUBJECTS[show.subject]
        if show.full:
            self._subject = SUBJECTS.get(f"FULL {show.subject}", self._subject)
        self._like = evaluation(show.like, words=True) if show.like else None

    def described(self, context: Context, parameters: Parameters) -> Sequence[Column]:
        """@return: the columns."""
        return self._columns(context, context.named(self._named), self._pattern(context, parameters))

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the rows."""
        database = context.named(self._named)
        rows = await self._subject.rows(
            Request(self._show, context, self._catalogue, self._dictionary, database)
        )
        pattern = self._pattern(context, parameters)
        columns = self._columns(context, database, pattern)
        if pattern is not None:
            matches = like(pattern, caseless=True)
            rows = [row for row in rows if matches(as_text(row[0]))]
        if self._show.where is not None:
            rows = await chosen(self._show.where, columns, rows, context, parameters)
        return Rows(columns, rows)

    def _pattern(self, context: Context, parameters: Parameters) -> str | None:
        value = self._like(context, parameters) if self._like is not None else None
        return ("" if value is None else as_text(value)) if self._like is not None else None

    def _columns(self, context: Context, database: str, pattern: str | None) -> Sequence[Column]:
        return self._subject.columns(database, context.user.replace("'", ""), pattern)


# Tables ---------------------------------------------------------------------------------------------------


def create_table(table: AnyTable, plain: bool = False) -> str:
    """
    @param plain: whether to leave out what only this server knows.
    @return: the statement that would create C{table}.
    """
    lines = []
    for column in table.declared:
        default = default_of(column)
        written = "" if default is None else f" DEFAULT '{default}'"
        # As MySQL writes it, so that older servers and other programs pass it over.
        hidden = " /*!80023 INVISIBLE */" if column.invisible else ""
        about = f"{sql_type(column)} NOT NULL{written}{hidden} COMMENT {_quoted(column.doc)}"
        lines.append(f"  `{column.name}` {about}")
    for name, column in table.indexes.items():
        length = prefix(column)
        part = f"(`{column.name}`({length}))" if length else f"(`{column.name}`)"
        lines.append(f"  PRIMARY KEY {part}" if column.unique else f"  KEY `{name}` {part}")
    # The character set stays in any case: a copy of the table in another one would not take every text.
    options = ["DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"]
    if not plain:
        options = ["ENGINE=comet", *options, f"COMMENT={_quoted(table.doc)}"]
    return f"CREATE TABLE `{table.name}` (\n" + ",\n".join(lines) + f"\n) {' '.join(options)}"


def _create_view(name: str, view: View) -> str:
    lines = [
        f"  `{column.name}` {sql_type(column)}" + ("" if column.nullable else " NOT NULL")
        for column in view.columns
    ]
    return f"CREATE TEMPORARY TABLE `{name}` (\n" + ",\n".join(lines) + "\n) DEFAULT CHARSET=utf8mb3"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create_table(request: Request) -> Table:
    found = request.find()
    assert found is not None  # the grammar has no such statement without a table
    if isinstance(found, View):
        return [(request.table, _create_view(request.table, found))]
    return [(found.name, create_table(found, request.context.variables.no_table_options))]


# The server -----------------------------------------------------------------------------------------------


def _status(request: Request) -> Table:
    context, login = request.context, request.context.login
    gaps = context.gaps.rows(login.dev_id)
    if request.show.scope == "GLOBAL":
        return status.global_status(context.gauges) + gaps
    return status.session_status(context.gauges, context.dev_id, login.cipher, login.tls) + gaps


def _of_the_machine(aspect: Callable[[Path], Table]) -> Callable[[Request], Table]:
    def rows(request: Request) -> Table:
        if request.context.login.dev_id:
            raise NotAllowed("SHOW command denied: only root is told of the machine")
        return aspect(PROC)

    return rows


def _variables(request: Request) -> Table:
    return request.context.variables.listed(request.show.scope)


def _create_database(request: Request) -> Table:
    options = "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    if request.database == INFORMATION_SCHEMA:
        options = "DEFAULT CHARACTER SET utf8mb3"
    return [(request.database, f"CREATE DATABASE `{request.database}` /*!40100 {options} */")]


def _grants(request: Request) -> Table:
    user = request.context.user.replace("'", "`")
    name = "*" if request.context.login.dev_id == 0 else f"`{DATABASE}`"
    return [(f"GRANT {', '.join(PRIVILEGES)} ON {name}.* TO {user}",)]


def _create_user(request: Request) -> Table:
    user = request.context.user.replace("'", "`")
    return [(f"CREATE USER {user} IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE",)]


_PAIR = "Variable_name:64 Value:4096?"
_PROBLEMS = "Level:7 Code:int+ Message:512"

#: What can be shown, by the words that ask for it.
SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "DATABASES": Listed("SCHEMATA", "Database=SCHEMA_NAME", names_pattern=True),
        "TABLES": Listed("TABLES", "Tables_in_{database}=TABLE_NAME", "TABLE_SCHEMA", names_pattern=True),
        "FULL TABLES": Listed(
            "TABLES", "Tables_in_{database}=TABLE_NAME, Table_type", "TABLE_SCHEMA", names_pattern=True
        ),
        "COLUMNS": Listed(
            "COLUMNS",
            "Field=COLUMN_NAME, Type=COLUMN_TYPE, Null=IS_NULLABLE, Key=COLUMN_KEY, Default=COLUMN_DEFAULT,"
            " Extra",
            *("TABLE_SCHEMA", "TABLE_NAME"),
        ),
        "FULL COLUMNS": Listed(
            "COLUMNS",
            "Field=COLUMN_NAME, Type=COLUMN_TYPE, Collation=COLLATION_NAME, Null=IS_NULLABLE, Key=COLUMN_KEY,"
            " Default=COLUMN_DEFAULT, Extra, Privileges, Comment=COLUMN_COMMENT",
            *("TABLE_SCHEMA", "TABLE_NAME"),
        ),
        "CREATE TABLE": Computed("Table:64 Create~Table:text", _create_table),
        "INDEX": Listed(
            "STATISTICS",
            "Table=TABLE_NAME, Non_unique, Key_name=INDEX_NAME, Seq_in_index, Column_name, Collation,"
            " Cardinality, Sub_part, Packed, Null=NULLABLE, Index_type, Comment, Index_comment,"
            " Visible=IS_VISIBLE, Expression",
            *("TABLE_SCHEMA", "TABLE_NAME"),
        ),
        "TABLE STATUS": Listed(
            "TABLES",
            "Name=TABLE_NAME, Engine, Version, Row_format, Rows=TABLE_ROWS, Avg_row_length, Data_length,"
            " Max_data_length, Index_length, Data_free, Auto_increment, Create_time, Update_time, Check_time,"
            " Collation=TABLE_COLLATION, Checksum, Create_options, Comment=TABLE_COMMENT",
            "TABLE_SCHEMA",
        ),
        "STATUS": Computed(_PAIR, _status),
        **{f"{word} STATUS": Computed(_PAIR, _of_the_machine(aspect)) for word, aspect in ASPECTS.items()},
        "VARIABLES": Computed(_PAIR, _variables),
        "WARNINGS": Computed(_PROBLEMS, lambda request: list(request.context.warnings)),
        "ERRORS": Computed(_PROBLEMS, lambda request: request.context.errors),
        "COUNT(*) WARNINGS": Computed(
            "@@session.warning_count:bigint+", lambda request: [(len(request.context.warnings),)]
        ),
        "COUNT(*) ERRORS": Computed(
            "@@session.error_count:bigint+", lambda request: [(len(request.context.errors),)]
        ),
        "COLLATION": Listed(
            "COLLATIONS",
            "Collation=COLLATION_NAME, Charset=CHARACTER_SET_NAME, Id, Default=IS_DEFAULT,"
            " Compiled=IS_COMPILED, Sortlen, Pad_attribute",
        ),
        "CHARACTER SET": Listed(
            "CHARACTER_SETS",
            "Charset=CHARACTER_SET_NAME, Description, Default collation=DEFAULT_COLLATE_NAME, Maxlen",
        ),
        "ENGINES": Listed("ENGINES", "Engine, Support, Comment, Transactions, XA, Savepoints"),
        "CREATE DATABASE": Computed("Database:64 Create~Database:1024", _create_database),
        "GRANTS": Computed("Grants~for~{user}:1024", _grants),
        "CREATE USER": Computed("CREATE~USER~for~{user}:1024", _create_user),
        "PROCESSLIST": Listed("PROCESSLIST", "Id, User, Host, db, Command, Time, State, Info"),
        "PLUGINS": Listed(
            "PLUGINS",
            "Name=PLUGIN_NAME, Status=PLUGIN_STATUS, Type=PLUGIN_TYPE, Library=PLUGIN_LIBRARY,"
            " License=PLUGIN_LICENSE",
        ),
        **{
            f"{word} STATUS": Listed(
                "ROUTINES",
                "Db=ROUTINE_SCHEMA, Name=ROUTINE_NAME, Type=ROUTINE_TYPE, Definer, Modified=LAST_ALTERED,"
                " Created, Security_type, Comment=ROUTINE_COMMENT, character_set_client,"
                " collation_connection, Database Collation=DATABASE_COLLATION",
                fixed={"ROUTINE_TYPE": word},
            )
            for word in ("FUNCTION", "PROCEDURE")
        },
        "EVENTS": Listed(
            "EVENTS",
            "Db=EVENT_SCHEMA, Name=EVENT_NAME, Definer, Time zone=TIME_ZONE, Type=EVENT_TYPE,"
            " Execute at=EXECUTE_AT, Interval value=INTERVAL_VALUE, Interval field=INTERVAL_FIELD,"
            " Starts, Ends, Status, Originator, character_set_client, collation_connection,"
            " Database Collation=DATABASE_COLLATION",
            "EVENT_SCHEMA",
        ),
        "TRIGGERS": Listed(
            "TRIGGERS",
            "Trigger=TRIGGER_NAME, Event=EVENT_MANIPULATION, Table=EVENT_OBJECT_TABLE,"
            " Statement=ACTION_STATEMENT, Timing=ACTION_TIMING, Created, sql_mode, Definer,"
            " character_set_client, collation_connection, Database Collation=DATABASE_COLLATION",
            "TRIGGER_SCHEMA",
        ),
        **EMPTY,
    }
)
