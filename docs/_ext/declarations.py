"""
The tables of the reference, made of the declarations that the server itself goes by: none is typed twice.

In a cell, text between double backticks is code. Nothing here knows Sphinx.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from comet import __version__, legacy
from comet.__main__ import make_parser
from comet.cometql import parser, show, variables
from comet.cometql.dictionary.lookup import VIEWS
from comet.cometql.functions import FUNCTIONS
from comet.cometql.results import Kind
from comet.cometql.show import SUBJECTS, sql_type
from comet.cometql.tables.catalogue import TABLES
from comet.cometql.tables.table import AnyTable, Declared
from comet.errors import (
    BadValue,
    CometError,
    MissingValue,
    NullValue,
    OutOfRange,
    PeerError,
    Refused,
    TooLong,
    TooShort,
    UnknownColumn,
)
from comet.kinds import is_secret, kind_of
from comet.model import Farewell, Goodbye
from comet.protocols.api import problems
from comet.protocols.api.openapi import STATUS_TEXTS
from comet.protocols.api.parameters import TENANT
from comet.protocols.api.problems import STATUSES, Problem
from comet.protocols.api.routes import OPERATIONS
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.mysql.connection import EXPECTED, SLEEP, State
from comet.protocols.mysql.constants import OFFERED, Command
from comet.protocols.mysql.resultset import WIRE_TYPES
from comet.sections import SECTIONS
from comet.video.ring import RingActs, make_ring
from comet.video.room import RoomActs, make_call, make_room
from comet.video.seat import SeatActs, make_seat

ROOT = Path(__file__).resolve().parents[2]

#: The machines of calls and rooms: their inputs, and what they are built as.
MACHINES: dict[str, tuple[Any, Any]] = {
    "seat": (SeatActs, make_seat),
    "ring": (RingActs, make_ring),
    "call": (RoomActs, make_call),
    "room": (RoomActs, make_room),
}


class Table(NamedTuple):
    """Titles, rows of cells, and how wide the columns are against each other."""

    titles: tuple[str, ...]
    rows: list[tuple[str, ...]]
    widths: tuple[int, ...]


def code(text: object) -> str:
    """@return: C{text} as code; nothing stays nothing."""
    return f"``{text}``" if str(text) else ""


def sentence(documentation: str | None) -> str:
    """@return: the first sentence of a docstring, its markup turned into code."""
    first = re.split(r"(?<=[.;])\s|\n\n", (documentation or "").strip())[0]
    return re.sub(r"[CL]\{([^}]*)\}", r"``\1``", " ".join(first.split())).rstrip(".;")


# Configuration --------------------------------------------------------------------------------------------


def settings(section: str) -> Table:
    """@return: the keys of a section of the configuration."""
    rows = []
    for key in fields(SECTIONS[section]):
        kind = kind_of(key)
        about = key.metadata["doc"] + (" (a secret: never shown or logged)" if is_secret(key) else "")
        rows.append((code(key.name), code(_written(key.default, kind.right)), kind.right, about))
    return Table(("Key", "Default", "Takes", "What it is"), rows, (20, 18, 30, 40))


def _written(value: Any, right: str) -> str:
    """@return: a default as it would stand in the file."""
    if value is None:
        return "auto" if "auto" in right else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, int) and "K, M or G" in right:
        return _size(value)
    return str(value).replace(__version__, "VERSION")


def _size(number: int) -> str:
    for unit, factor in (("M", 1 << 20), ("K", 1 << 10)):
        if number and number % factor == 0:
            return f"{number // factor}{unit}"
    return str(number)


def legacy_keys() -> Table:
    """@return: the keys and sections of CppComet's configuration that have no meaning here."""
    rows = [(code(f"[{section}]"), "the whole section", text) for section, text in legacy._SECTIONS.items()]
    for section, keys in legacy._KEYS.items():
        same: dict[str, list[str]] = {}
        for key, text in keys.items():
            same.setdefault(text, []).append(code(key))
        rows += [(code(f"[{section}]"), ", ".join(names), text) for text, names in same.items()]
    return Table(("Section", "Keys", "What you are told"), rows, (16, 34, 50))


# CometQL --------------------------------------------------------------------------------------------------


def tables() -> Table:
    """@return: all tables."""
    rows = [(code(table.name), _statements(table), table.doc) for table in TABLES]
    return Table(("Table", "Takes", "What it is"), rows, (20, 26, 60))


def _statements(table: type[AnyTable]) -> str:
    return "INSERT, SELECT, DELETE" if table.writable else "SELECT"


def columns(name: str) -> Table:
    """@return: the columns of a table."""
    (table,) = (table for table in TABLES if table.name == name)
    rows = [
        (code(column.name), code(sql_type(column)), *_use(table, column), _about(table, column))
        for column in table.declared
    ]
    if not table.writable:
        return Table(
            ("Column", "Type", "What it is"), [(row[0], row[1], row[3]) for row in rows], (18, 20, 60)
        )
    return Table(("Column", "Type", "In an INSERT", "What it is"), rows, (16, 18, 16, 50))


def _use(table: type[AnyTable], column: Declared) -> tuple[str]:
    if column.required:
        return ("required",)
    return ("ignored",) if column.ignored else ("optional",)


def _about(table: type[AnyTable], column: Declared) -> str:
    about = [column.doc]
    if column.key:
        about.append("the key of the table" + ("" if column.unique else ", with any number of rows for each"))
    if column.name in table.removal_keys:
        about.append("enough for a DELETE")
    if column.synonyms:
        about.append("also called " + ", ".join(map(code, column.synonyms)))
    return "; ".join(about)


def create_statements() -> str:
    """@return: what SHOW CREATE TABLE gives for each table."""
    return "\n\n".join(show.create_table(table(None)) + ";" for table in TABLES)  # type: ignore[arg-type]


def grammar() -> str:
    """@return: the grammar, as the parser's own documentation has it."""
    lines = (parser.__doc__ or "").split("::\n", 1)[1].split("\n")
    end = next(place for place, line in enumerate(lines) if line and not line.startswith(" "))
    return "\n".join(line.removeprefix("    ") for line in lines[:end]).strip("\n")


def functions() -> str:
    """@return: the names of all functions, as code."""
    return ", ".join(code(name) for name in sorted(FUNCTIONS))


def subjects() -> Table:
    """@return: what can be shown, and the columns of the answers."""
    rows = [
        (code(f"SHOW {words}"), ", ".join(map(code, subject.titles)).format(database="DATABASE", user="USER"))
        for words, subject in SUBJECTS.items()
    ]
    return Table(("Statement", "Columns of the answer"), rows, (26, 74))


def views() -> Table:
    """@return: the tables of information_schema, whether there is ever a row in them, and their columns."""
    rows = [
        (code(name), "" if view.is_empty else "yes", ", ".join(code(column.name) for column in view.columns))
        for name, view in VIEWS.items()
    ]
    return Table(("Table", "Rows", "Columns"), rows, (22, 6, 72))


def system_variables() -> Table:
    """@return: the system variables, and whether a session may change them."""
    rows = [
        (
            code(name),
            code("" if name == "version" else value),
            "no" if name in variables._FIXED else "for the session",
        )
        for name, value in variables._DEFAULTS.items()
    ]
    return Table(("Variable", "Value", "Can be set"), rows, (34, 46, 20))


# Errors and goodbyes --------------------------------------------------------------------------------------


def _descendants(base: type[CometError]) -> Iterator[type[CometError]]:
    for error in base.__subclasses__():
        yield error
        yield from _descendants(error)


def errors(kind: str) -> Table:
    """@param kind: C{refused} for those after which the connection goes on, C{peer} for those that end it."""
    base: type[CometError] = {"refused": Refused, "peer": PeerError}[kind]
    found = sorted(_descendants(base), key=lambda error: (error.number, error.code))
    rows = [
        (str(error.number), error.sqlstate, code(f"[{error.code}]"), sentence(error.__doc__))
        for error in found
    ]
    return Table(("Number", "SQLSTATE", "In the text", "What it means"), rows, (12, 12, 12, 64))


def goodbyes() -> Table:
    """@return: why the server ends the connection of a browser."""
    rows = []
    for goodbye in Goodbye:
        frame = CppComet().encode(Farewell(goodbye, 0))
        number = re.findall(r'"error_code":(\d+)', frame)[0]
        back = "no" if goodbye.final else "yes"
        rows.append((code(goodbye.name), str(goodbye.code), number, back, goodbye.reason))
    return Table(
        ("Name", "Code", "error_code in 4.x", "Come back?", "What the client is told"),
        rows,
        (20, 10, 14, 14, 42),
    )


# The MySQL protocol ---------------------------------------------------------------------------------------


def capabilities() -> str:
    """@return: the names of the capabilities that the greeting offers."""
    return ", ".join(code(f"CLIENT_{flag.name}") for flag in OFFERED)


def wire_types() -> Table:
    """@return: how the types of columns are declared to clients."""
    rows = []
    for kind, wire in WIRE_TYPES.items():
        name = "an expression that is NULL" if kind is Kind.NULL else code(kind.value)
        flags = ", ".join(code(flag.name) for flag in wire.flags)
        rows.append((name, code(f"0x{wire.type:02X} {wire.type.name}"), flags))
    return Table(("Type", "On the wire", "Flags"), rows, (30, 35, 35))


def commands() -> Table:
    """@return: the commands of the MySQL protocol that are carried out, or passed over."""
    known = sorted(byte for byte in EXPECTED[State.READY] if byte > SLEEP)
    rows = [(code(f"COM_{Command(byte).name}"), code(f"0x{byte:02X}")) for byte in known]
    return Table(("Command", "Byte"), rows, (60, 40))


# The HTTP API ---------------------------------------------------------------------------------------------


def api_operations() -> Table:
    """@return: all that may be asked for."""
    rows = []
    for each in OPERATIONS:
        who = "backends, users" if each.users else "backends"
        rows.append((code(f"{each.method} {each.path}"), each.summary, code(each.sql), who))
    return Table(("Request", "What it does", "As in SQL", "For"), rows, (34, 30, 26, 16))


def api_parameters() -> Table:
    """@return: what stands behind the question mark."""
    rows = [(code(TENANT.name), "all requests", TENANT.doc, code(TENANT.schema["default"]))]
    for each in OPERATIONS:
        for parameter in each.query:
            default = "required" if parameter.required else code(parameter.default or "")
            rows.append((code(parameter.name), code(f"{each.method} {each.path}"), parameter.doc, default))
    return Table(("Parameter", "Of", "What it is", "Default"), rows, (16, 34, 40, 10))


def api_bodies() -> Table:
    """@return: the keys of the objects that requests send."""
    rows = []
    for each in OPERATIONS:
        for column in each.form.columns.values() if each.form else ():
            kind = "a text" if column.kind.is_text else "a whole number"
            default = "required" if column.required else code(json.dumps(column.default))
            rows.append((code(f"{each.method} {each.path}"), code(column.name), kind, column.doc, default))
    return Table(("Request", "Key", "Takes", "What it is", "Default"), rows, (26, 14, 18, 34, 12))


def api_statuses() -> Table:
    """@return: the statuses of errors, with the names of the errors that have each."""
    names: dict[int, set[str]] = {}
    # All else that is refused is a value; of those only the commonest are told.
    kinds = [kind for kind, _ in STATUSES if kind is not Refused]
    for error in (*kinds, BadValue, MissingValue, NullValue, OutOfRange, TooLong, TooShort, UnknownColumn):
        names.setdefault(Problem.of(error("")).status, set()).add(error.wire_name())
    names.setdefault(404, set()).add(problems.unknown_path("").name)
    names.setdefault(405, set()).add(problems.wrong_method("", "").name)
    names.setdefault(415, set()).add(problems.no_json("").name)
    rows = [
        (str(status), text, ", ".join(map(code, sorted(names.get(status, ())))))
        for status, text in STATUS_TEXTS.items()
    ]
    return Table(("Status", "What it means", "Names"), rows, (10, 45, 45))


# The command line and the changes -------------------------------------------------------------------------


def command_help(name: str = "") -> str:
    """@return: what C{comet NAME --help} prints."""
    before, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        top = make_parser()
        if not name:
            return top.format_help().rstrip()
        (action,) = (each for each in top._actions if isinstance(each, argparse._SubParsersAction))
        text: str = action.choices[name].format_help()
        return text.rstrip()
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def unreleased() -> Table:
    """@return: what has changed since the last release, by kind."""
    rows = []
    for file in sorted((ROOT / "newsfragments").glob("*.*.*")):
        kind = file.name.split(".")[-2]
        if kind != "misc":
            rows.append((kind, " ".join(file.read_text("utf-8").split())))
    return Table(("Kind", "Change"), sorted(rows), (16, 84))


#: What can be shown, by name: a table, a text to show as it is, or a line.
def machine(name: str) -> Table:
    """@return: what may happen in each state of a machine, but for what changes nothing."""
    acts, built = MACHINES[name]
    rows = []
    for before, act, after, outputs in built.__automat_automaton__.allTransitions():
        does_nothing = all(output.method.__name__ == "constant" for output in outputs)
        if before != after or not does_nothing:
            says = sentence(getattr(acts, act).__doc__)
            rows.append((code(before.name), f"{code(act)}: {says}", code(after.name)))
    return Table(("State", "What happens", "Then"), sorted(rows), (15, 70, 15))


DECLARATIONS: dict[str, Callable[..., Table | str]] = {
    "settings": settings,
    "legacy-keys": legacy_keys,
    "tables": tables,
    "columns": columns,
    "create-statements": create_statements,
    "grammar": grammar,
    "functions": functions,
    "subjects": subjects,
    "views": views,
    "system-variables": system_variables,
    "errors": errors,
    "goodbyes": goodbyes,
    "capabilities": capabilities,
    "commands": commands,
    "wire-types": wire_types,
    "api-operations": api_operations,
    "api-parameters": api_parameters,
    "api-bodies": api_bodies,
    "api-statuses": api_statuses,
    "command-help": command_help,
    "unreleased": unreleased,
    "machine": machine,
}
#: Those that are a line of running text.
LINES = ("functions", "capabilities")


def pieces(cell: str) -> Iterable[tuple[bool, str]]:
    """@return: the parts of a cell, and for each whether it is code."""
    for number, part in enumerate(cell.split("``")):
        if part:
            yield number % 2 == 1, part


def make(words: Sequence[str]) -> Table | str:
    """@return: the declaration that C{words} ask for: its name, and what it is of."""
    return DECLARATIONS[words[0]](*words[1:])
