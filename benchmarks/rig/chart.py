"""The chart: each ratio as a dot on a logarithmic axis, beside a mark for what was aimed at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

#: The place of the axis, and of the rows below each other.
LEFT, RIGHT, TOP, STEP, WIDTH = 440, 900, 76, 34, 980
#: Rounder than round numbers on a logarithmic axis: 1, 2, 5.
_TICKS = [digit * 10.0**power for power in range(-3, 4) for digit in (1, 2, 5)]

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
  font-family="system-ui, sans-serif" font-size="13" fill="#222">
<title>{title}</title>
<rect width="{width}" height="{height}" rx="6" fill="#fff"/>
<text x="20" y="28" font-size="16" font-weight="600">{title}</text>
<text x="20" y="48" fill="#555">{legend}</text>
"""
_TITLE = "How fast comet is, as a multiple of each baseline"
_LEGEND = (
    "Farther right is better. Dot: median, line: all repeats. Bar: the aim; the dot is full where it is met."
)
#: So that a number can be read across a line.
_HALO = 'stroke="#fff" stroke-width="4" paint-order="stroke"'
_MET, _MISSED = "#1a7f4b", "#b3491a"


class Axis:
    """From ratios to places."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values) / 1.15, max(values) * 1.15
        self.ticks = [tick for tick in _TICKS if low <= tick <= high]
        self._low, self._span = math.log(low), math.log(high) - math.log(low)

    def place(self, ratio: float) -> float:
        """@return: how far to the right."""
        return round(LEFT + (RIGHT - LEFT) * (math.log(ratio) - self._low) / self._span, 1)


def with_aim(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """@return: the rows that are drawn: those that have an aim, and are there."""
    return [row for row in rows if row.get("aim") is not None and "ratio" in row]


def draw(rows: Iterable[dict[str, Any]]) -> str:
    """@return: the chart of C{rows}, as SVG; empty if none has an aim."""
    drawn = with_aim(rows)
    if not drawn:
        return ""
    ends = [row["ratio"][end] for row in drawn for end in ("min", "max")]
    axis = Axis([1.0, *ends, *(row["aim"] for row in drawn)])
    height = TOP + STEP * len(drawn) + 34
    head = _HEAD.format(width=WIDTH, height=height, title=_TITLE, legend=_LEGEND)
    body = [_ticks(axis, height), *(_row(row, axis, place) for place, row in enumerate(drawn))]
    return head + "\n".join(body) + "\n</svg>\n"


def _ticks(axis: Axis, height: int) -> str:
    lines, bottom = [], height - 26
    for tick in axis.ticks:
        x, colour = axis.place(tick), "#888" if tick == 1 else "#e4e4e4"
        lines.append(f'<line x1="{x}" x2="{x}" y1="{TOP - 12}" y2="{bottom}" stroke="{colour}"/>')
        lines.append(f'<text x="{x}" y="{height - 9}" text-anchor="middle" fill="#555">{tick:g}</text>')
    return "\n".join(lines)


def _row(row: dict[str, Any], axis: Axis, place: int) -> str:
    y, ratio, aim = TOP + STEP * place + 8, row["ratio"], row["aim"]
    met = ratio["median"] >= aim
    colour = _MET if met else _MISSED
    low, middle, high, goal = (
        axis.place(each) for each in (ratio["min"], ratio["median"], ratio["max"], aim)
    )
    fill = colour if met else "#fff"
    right, beside = max(high, goal) + 9, f"{row['unit']}, beside {row['baseline']}"
    number = (
        f'<text x="{right}" y="{y + 4}" font-size="12" fill="{colour}" {_HALO}>{ratio["median"]:.2g}</text>'
    )
    return "\n".join(
        (
            f'<text x="20" y="{y - 2}">{escape(row["benchmark"])}: {escape(row["case"])}</text>',
            f'<text x="20" y="{y + 13}" font-size="11" fill="#666">{escape(beside)}</text>',
            f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>',
            f'<line x1="{goal}" x2="{goal}" y1="{y - 9}" y2="{y + 9}" stroke="#222" stroke-width="3"/>',
            f'<circle cx="{middle}" cy="{y}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>',
            number,
        )
    )
