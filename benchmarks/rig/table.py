"""The table: a line for each row of the results, to read and to include in a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

HEADER = ("", "measured", "comet", "beside", "", "ratio", "aim")


def number(value: float) -> str:
    """@return: C{value} with three digits that mean something, and commas."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def ratio(row: dict[str, Any]) -> str:
    """@return: the ratio of a row, and its ends."""
    middle, low, high = (number(row["ratio"][each]) for each in ("median", "min", "max"))
    return middle if low == middle == high else f"{middle} ({low} to {high})"


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """@return: what the columns of L{HEADER} have for a row."""
    if "missing" in row:
        return row["benchmark"], f"{row['case']}", "", row["baseline"], "", f"left out: {row['missing']}", ""
    aim = row["aim"]
    verdict = "" if aim is None else f"{number(aim)}, {'met' if row['ratio']['median'] >= aim else 'missed'}"
    value, beside = number(row["value"]["median"]), number(row["baseline_value"]["median"])
    measured = f"{row['case']}: {row['unit']}"
    return row["benchmark"], measured, value, row["baseline"], beside, ratio(row), verdict


def _lines(rows: Iterable[dict[str, Any]]) -> list[Sequence[str]]:
    return [HEADER, *map(cells, rows)]


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """@return: the table of one benchmark, as a C{csv-table} of the documents includes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(line[1:] for line in _lines(rows))
    return text.getvalue()


def origin(row: dict[str, Any]) -> str:
    """@return: what measured a row, in words."""
    machine = row["machine"]
    cores = f"{machine['cores']} cores" if machine["cores"] != 1 else "one core"
    return (
        f"{machine['cpu']}, {cores}, {machine['system']}, CPython {machine['python']}, "
        f"Twisted {machine['twisted']}, comet {row['comet']}"
    )


def as_text(rows: Iterable[dict[str, Any]]) -> str:
    """@return: the table for a terminal."""
    lines = _lines(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
