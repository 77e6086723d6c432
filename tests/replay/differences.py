"""In what two answers differ, and which differences are known: each has its reason."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_FILE = Path(__file__).resolve().parent / "differences.toml"


@dataclass(frozen=True)
class Known:
    """
    A difference that there is.

    @ivar statements: which statements it is about.
    @ivar found: what L{differences} says of them; each must be said somewhere, or it is none any more.
    @ivar reason: why it is right that they differ.
    """

    statements: re.Pattern[str]
    found: tuple[str, ...]
    reason: str


def known_differences():
    """@return: the differences that are listed."""
    listed = tomllib.loads(_FILE.read_text())["difference"]
    return [
        Known(re.compile(each["statements"], re.IGNORECASE | re.DOTALL), tuple(each["found"]), each["reason"])
        for each in listed
    ]


#: Tables of ours, whose rows are the same in both.
_OURS = re.compile(
    r"\b(FROM|JOIN)\s+`?(CometQL_v1`?\.`?)?(users_auth|users_data|pipes_settings)\b", re.IGNORECASE
)


def differences(step, ours, theirs):
    """@return: in what the answers of comet and of MariaDB to C{step} differ, a sentence for each point."""
    if ours.error or theirs.error:
        if ours.error == theirs.error:
            return []
        return [f"comet answers {_outcome(ours)}, MariaDB {_outcome(theirs)}"]
    if bool(ours.columns) != bool(theirs.columns):
        return [f"comet answers {_outcome(ours)}, MariaDB {_outcome(theirs)}"]
    found = list(_of_columns(ours.columns, theirs.columns))
    if _OURS.search(step) and step.upper().startswith("SELECT"):
        if sorted(map(_plain, ours.rows)) != sorted(map(_plain, theirs.rows)):
            found.append("the rows differ")
    elif bool(ours.rows) != bool(theirs.rows):
        found.append(f"only {'comet' if ours.rows else 'MariaDB'} has rows")
    return found


def _plain(row):
    """@return: a row as it can be compared: 2.0000 is 2."""
    return repr([float(cell) if isinstance(cell, (int, float, Decimal)) else cell for cell in row])


def _outcome(answer):
    if answer.error:
        return f"error {answer.error}"
    return "rows" if answer.columns else "OK"


def _of_columns(ours, theirs):
    our_names, their_names = ([name.lower() for name, _ in columns] for columns in (ours, theirs))
    for name, _ in ours:
        if name.lower() not in their_names:
            yield f"only comet has column {name}"
    for name, _ in theirs:
        if name.lower() not in our_names:
            yield f"only MariaDB has column {name}"
    common = [name for name in our_names if name in their_names]
    if common != [name for name in their_names if name in our_names]:
        yield "the columns come in another order"
        return
    kinds = {name.lower(): kind for name, kind in theirs}
    for name, kind in ours:
        other = kinds.get(name.lower(), kind)
        if kind != other:
            yield f"column {name} is {kind} in comet, {other} in MariaDB"
