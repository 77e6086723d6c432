"""SHOW and DESCRIBE: what the server tells of its tables, its variables and itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from comet.cometql import status
from comet.cometql.context import DATABASE, Context
from comet.cometql.empty_shows import TITLES
from comet.cometql.evaluate import Parameters, evaluation
from comet.cometql.filters import Filter, all_of, like
from comet.cometql.machine import ASPECTS
from comet.cometql.plans import Plan
from comet.cometql.results import Column, Kind, Result, Rows, Value
from comet.cometql.statements import Show
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.table import AnyTable, Declared
from comet.cometql.values import as_text
from comet.cometql.variables import CHARACTER_SETS
from comet.errors import NotAllowed, UnknownColumn


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is asked for, by whom.

    @ivar database: the name of the database that is meant.
    @ivar table: the table that is meant, if one was named.
    """

    show: Show
    context: Context
    catalogue: Catalogue
    database: str
    table: AnyTable | None


#: Where the kernel tells of the machine.
PROC = Path("/proc")

#: Rows of an answer.
Table = Sequence[Sequence[Value]]
_Answer = Callable[[Request], Table | Awaitable[Table]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to show: the titles of its columns, and its rows."""

    titles: tuple[str, ...]
    rows: _Answer
    numbers: tuple[str, ...] = ()

    def columns(self, database: str) -> list[Column]:
        """@return: the columns; C{{}} in a title stands for the database."""
        return [
            Column(title.format(database), Kind.BIGINT, 20, nullable=True)
            if title in self.numbers
            else Column(title.format(database), Kind.VARCHAR, 1 << 12, nullable=True)
            for title in self.titles
        ]


class ShowPlan(Plan):
    """Answers a SHOW; LIKE looks at the first column, WHERE at any."""

    keeps_warnings = True

    def __init__(self, show: Show, catalogue: Catalogue) -> None:
        self._show = show
        self._catalogue = catalogue
        self._subject = SUBJECTS[show.subject]
        if show.full:
            self._subject = SUBJECTS.get(f"FULL {show.subject}", self._subject)
        self._table = catalogue.find(show.table.name, show.table.database) if show.table else None
        self._like = evaluation(show.like, words=True) if show.like else None
        columns = self._subject.columns(DATABASE)
        names = {title.lower(): place for place, title in enumerate(self._subject.titles)}
        self._filters: list[Filter] = []
        for condition in show.where:
            place = names.get(condition.column.column.lower())
            if place is None:
                raise UnknownColumn(f"Unknown column '{condition.column.column[:80]}' in 'where clause'")
            self._filters.append(Filter(condition, place, columns[place]))

    def described(self, context: Context, parameters: Parameters) -> Sequence[Column]:
        """@return: the columns."""
        return self._subject.columns(self._show.database or context.database or DATABASE)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: the rows."""
        named = self._show.table.database if self._show.table else self._show.database
        if named:
            context.tenant(named)
        database = named or context.database or DATABASE
        request = Request(self._show, context, self._catalogue, database, self._table)
        answer = self._subject.rows(request)
        rows = await answer if isinstance(answer, Awaitable) else answer
        if self._like is not None:
            pattern = self._like(context, parameters)
            matches = like("" if pattern is None else as_text(pattern), caseless=True)
            rows = [row for row in rows if matches(as_text(row[0]))]
        if self._filters:
            rows = list(filter(all_of([each.bind(context, parameters) for each in self._filters]), rows))
        return Rows(self._subject.columns(database), rows)


# Tables ---------------------------------------------------------------------------------------------------


def _asked(request: Request) -> AnyTable:
    assert request.table is not None  # the grammar has no such statement without a table
    return request.table


def _databases(request: Request) -> Table:
    names = [DATABASE]
    if request.context.database not in ("", DATABASE):
        names.append(request.context.database)
    return [(name,) for name in names]


def _tables(request: Request) -> Table:
    return [(table.name,) for table in request.catalogue]


def _full_tables(request: Request) -> Table:
    return [(table.name, "BASE TABLE") for table in request.catalogue]


def sql_type(column: Declared) -> str:
    """@return: the type of a column as SQL writes it."""
    return f"{column.kind.value}({column.length})" if column.kind is Kind.VARCHAR else column.kind.value


def _default(column: Declared) -> str | None:
    return None if column.required or column.kind is Kind.TEXT else as_text(column.default)


def _columns(request: Request) -> Table:
    return [
        (column.name, sql_type(column), "NO", _key(column), _default(column), _extra(column))
        for column in _asked(request).declared
    ]


def _full_columns(request: Request) -> Table:
    return [
        (
            *(
                column.name,
                sql_type(column),
                "utf8mb4_bin" if column.kind.is_text else None,
                "NO",
                _key(column),
            ),
            *(
                _default(column),
                _extra(column),
                privileges(_asked(request)),
                column.doc,
            ),
        )
        for column in _asked(request).declared
    ]


def privileges(table: AnyTable) -> str:
    """@return: what may be done with the columns of C{table}."""
    if not table.writable:
        return "select"
    return "select,insert,update" if table.declared[table.key_place].unique else "select,insert"


def _extra(column: Declared) -> str:
    return "INVISIBLE" if column.invisible else ""


def _key(column: Declared) -> str:
    if column.unique:
        return "PRI"
    return "MUL" if column.key else ""


def create_table(table: AnyTable) -> str:
    """@return: the statement that would create C{table}."""
    lines = []
    for column in table.declared:
        default = _default(column)
        written = "" if default is None else f" DEFAULT '{default}'"
        # As MySQL writes it, so that older servers and other programs pass it over.
        hidden = " /*!80023 INVISIBLE */" if column.invisible else ""
        about = f"{sql_type(column)} NOT NULL{written}{hidden} COMMENT {_quoted(column.doc)}"
        lines.append(f"  `{column.name}` {about}")
    unique = table.declared[table.key_place].unique
    lines.append(f"  PRIMARY KEY (`{table.key}`)" if unique else f"  KEY `{table.key}` (`{table.key}`)")
    options = "ENGINE=comet DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    return (
        f"CREATE TABLE `{table.name}` (\n" + ",\n".join(lines) + f"\n) {options} COMMENT={_quoted(table.doc)}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create_table(request: Request) -> Table:
    return [(_asked(request).name, create_table(_asked(request)))]


def _index(request: Request) -> Table:
    table = _asked(request)
    unique = table.declared[table.key_place].unique
    about = ("A", None, None, None, "", "HASH", "", "", "YES", None)
    return [(table.name, 0 if unique else 1, "PRIMARY" if unique else table.key, 1, table.key, *about)]


def _table_status(request: Request) -> Table:
    unknown = (None,) * 10
    return [
        (table.name, "comet", 10, "Dynamic", *unknown, "utf8mb4_bin", None, "", table.doc)
        for table in request.catalogue
    ]


# The server -----------------------------------------------------------------------------------------------


def _status(request: Request) -> Table:
    gauges = request.context.gauges
    if request.show.scope == "GLOBAL":
        return status.global_status(gauges)
    login = request.context.login
    return status.session_status(gauges, request.context.dev_id, login.cipher, login.tls)


def _of_the_machine(aspect: Callable[[Path], Table]) -> _Answer:
    def rows(request: Request) -> Table:
        if request.context.login.dev_id:
            raise NotAllowed("SHOW command denied: only root is told of the machine")
        return aspect(PROC)

    return rows


def _variables(request: Request) -> Table:
    return request.context.variables.listed(request.show.scope)


async def processes(context: Context) -> Table:
    """@return: the connections that the tenant may see, of browsers and of MySQL clients, on all servers."""
    broker, own = context.broker, context.login.connection_id
    found = []
    for number, _, about in await broker.engine.connections(context.login.dev_id):
        command = "Query" if number == own else "Sleep"
        found.append(
            (
                *(number, about.user, about.address, about.database or f"db_{about.dev_id}"),
                *(command if about.dialect == "cometql" else about.transport, broker.now() - about.since),
                *("" if about.dialect == "cometql" else about.dialect, None),
            )
        )
    return found


async def _processes(request: Request) -> Table:
    return await processes(request.context)


def _warnings(request: Request) -> Table:
    return list(request.context.warnings)


def _errors(request: Request) -> Table:
    return request.context.errors


def _count_warnings(request: Request) -> Table:
    return [(len(request.context.warnings),)]


def _count_errors(request: Request) -> Table:
    return [(len(request.context.errors),)]


def _nothing(request: Request) -> Table:
    return []


#: Name, character set, number, whether it is the one that the set has by itself, and the like.
COLLATIONS: Table = (
    ("utf8mb4_bin", "utf8mb4", 46, "", "Yes", 1, "PAD SPACE"),
    ("utf8mb4_general_ci", "utf8mb4", 45, "", "Yes", 1, "PAD SPACE"),
    ("utf8mb4_0900_ai_ci", "utf8mb4", 255, "Yes", "Yes", 0, "NO PAD"),
    ("binary", "binary", 63, "Yes", "Yes", 1, "NO PAD"),
)


def _collations(request: Request) -> Table:
    return COLLATIONS


def _character_sets(request: Request) -> Table:
    widths = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3}
    return [(name, name, collation, widths.get(name, 1)) for name, collation in CHARACTER_SETS.items()]


def _engines(request: Request) -> Table:
    return [("comet", "DEFAULT", "Channels, messages and users of a notification server", "YES", "NO", "YES")]


def _create_database(request: Request) -> Table:
    options = "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    return [(request.database, f"CREATE DATABASE `{request.database}` /*!40100 {options} */")]


def _grants(request: Request) -> Table:
    user = request.context.user.replace("'", "`")
    names = ["*" if request.context.login.dev_id == 0 else f"`{DATABASE}`"]
    return [(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {user}",) for name in names]


def _plugins(request: Request) -> Table:
    names = ("mysql_native_password", "caching_sha2_password")
    return [(name, "ACTIVE", "AUTHENTICATION", None, "MIT") for name in names]


_FIELDS = ("Field", "Type", "Null", "Key", "Default", "Extra")
_PAIR = ("Variable_name", "Value")
_PROBLEMS = ("Level", "Code", "Message")
_WARNING_COUNT, _ERROR_COUNT = "@@session.warning_count", "@@session.error_count"

#: What can be shown, by the words that ask for it.
SUBJECTS = {
    "DATABASES": Subject(("Database",), _databases),
    "TABLES": Subject(("Tables_in_{}",), _tables),
    "FULL TABLES": Subject(("Tables_in_{}", "Table_type"), _full_tables),
    "COLUMNS": Subject(_FIELDS, _columns),
    "FULL COLUMNS": Subject(
        ("Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"),
        _full_columns,
    ),
    "CREATE TABLE": Subject(("Table", "Create Table"), _create_table),
    "INDEX": Subject(
        (
            *("Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name", "Collation", "Cardinality"),
            *(
                "Sub_part",
                "Packed",
                "Null",
                "Index_type",
                "Comment",
                "Index_comment",
                "Visible",
                "Expression",
            ),
        ),
        _index,
        ("Non_unique", "Seq_in_index", "Cardinality", "Sub_part"),
    ),
    "TABLE STATUS": Subject(
        (
            *("Name", "Engine", "Version", "Row_format", "Rows", "Avg_row_length", "Data_length"),
            *("Max_data_length", "Index_length", "Data_free", "Auto_increment", "Create_time", "Update_time"),
            *("Check_time", "Collation", "Checksum", "Create_options", "Comment"),
        ),
        _table_status,
        ("Version", "Rows", "Avg_row_length", "Data_length", "Max_data_length", "Index_length", "Data_free"),
    ),
    "STATUS": Subject(_PAIR, _status),
    **{f"{word} STATUS": Subject(_PAIR, _of_the_machine(aspect)) for word, aspect in ASPECTS.items()},
    "VARIABLES": Subject(_PAIR, _variables),
    "WARNINGS": Subject(_PROBLEMS, _warnings, ("Code",)),
    "ERRORS": Subject(_PROBLEMS, _errors, ("Code",)),
    "COUNT(*) WARNINGS": Subject((_WARNING_COUNT,), _count_warnings, (_WARNING_COUNT,)),
    "COUNT(*) ERRORS": Subject((_ERROR_COUNT,), _count_errors, (_ERROR_COUNT,)),
    "COLLATION": Subject(
        ("Collation", "Charset", "Id", "Default", "Compiled", "Sortlen", "Pad_attribute"),
        _collations,
        ("Id", "Sortlen"),
    ),
    "CHARACTER SET": Subject(
        ("Charset", "Description", "Default collation", "Maxlen"), _character_sets, ("Maxlen",)
    ),
    "ENGINES": Subject(("Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"), _engines),
    "CREATE DATABASE": Subject(("Database", "Create Database"), _create_database),
    "GRANTS": Subject(("Grants",), _grants),
    **{subject: Subject(titles, _nothing) for subject, titles in TITLES.items()},
    "PROCESSLIST": Subject(
        ("Id", "User", "Host", "db", "Command", "Time", "State", "Info"), _processes, ("Id", "Time")
    ),
    "PLUGINS": Subject(("Name", "Status", "Type", "Library", "License"), _plugins),
}
