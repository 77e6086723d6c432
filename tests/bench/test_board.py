"""Tests for L{comet.bench.board} and the sharing out of a load."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comet.bench.board import Board, Column
from comet.bench.runs import shares


class BoardTests(SynchronousTestCase):
    """Numbers that processes share."""

    def test_all_see_what_each_has_written(self):
        """Whoever opens the same file sees the rows of all, and their sum."""
        file = Path(self.mktemp())
        board = Board(file, 3)
        board.row(0)[Column.DELIVERED] = 5
        other = Board(file, 3)
        other.row(2)[Column.DELIVERED] += 2
        other.row(2)[Column.FAILED] = 1
        self.assertEqual(board.total(Column.DELIVERED), 7)
        self.assertEqual(board.total(Column.FAILED), 1)
        self.assertEqual(list(board.row(1)), [0] * len(Column))


class ShareTests(SynchronousTestCase):
    """How work is shared out."""

    def test_shares(self):
        """All of it is there, in parts that differ by one at most, and nobody has nothing to do."""
        self.assertEqual(shares(10, 3), [4, 3, 3])
        self.assertEqual(shares(2, 4), [1, 1])
        self.assertEqual(shares(4, 1), [4])
