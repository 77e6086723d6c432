"""How far something has come, as a line for people."""

from __future__ import annotations

_BAR = 30


def bar(what: str, done: float, of: float, width: int = 16) -> str:
    """@return: a bar, which is full if there is nothing to do."""
    full = min(int(_BAR * done / of), _BAR) if of else _BAR
    return f"{what:<{width}} [{'#' * full:<{_BAR}}] {done:.0f}/{of:.0f}"
