"""What all processes of a load see of each other while they work: a few numbers in shared memory."""

from __future__ import annotations

import mmap
from enum import IntEnum
from pathlib import Path


class Column(IntEnum):
    """What is counted."""

    #: Browsers that have come in, and that have not or did not stay.
    THERE = 0
    FAILED = 1
    #: Messages that have come to a browser.
    DELIVERED = 2
    #: Messages that have been answered, and how many have to come to browsers for all that were sent.
    PUBLISHED = 3
    OWED = 4


_SIZE = 8


class Board:
    """
    A row of numbers for each process, which alone writes it; all read all.

    A number is one word of memory, so it is never seen half written.
    """

    def __init__(self, file: Path, rows: int) -> None:
        """@param file: where it is; made, and filled with zeros, unless it is there."""
        size = rows * len(Column) * _SIZE
        with open(file, "a+b") as opened:
            opened.truncate(size)
            self._map = mmap.mmap(opened.fileno(), size)
        self._numbers = memoryview(self._map).cast("q")
        self._rows = rows

    def row(self, number: int) -> memoryview:
        """@return: the numbers of one process, by L{Column}."""
        start = number * len(Column)
        return self._numbers[start : start + len(Column)]

    def total(self, column: Column) -> int:
        """@return: the sum over all processes."""
        return sum(self._numbers[column :: len(Column)])
