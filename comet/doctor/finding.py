"""What a look at something has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; the value is the word for people."""

    FINE = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    @ivar subject: what it was, in a word or two.
    @ivar text: what was found; and if it is not fine, what to change.
    """

    level: Level
    subject: str
    text: str

    def __str__(self) -> str:
        """@return: a line for people."""
        return f"{self.level.value:<8} {self.subject}: {self.text}"


def fine(subject: str, text: str) -> Finding:
    """@return: that all is well."""
    return Finding(Level.FINE, subject, text)


def warning(subject: str, text: str) -> Finding:
    """@return: that something may go wrong."""
    return Finding(Level.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    """@return: that something does not work."""
    return Finding(Level.PROBLEM, subject, text)
