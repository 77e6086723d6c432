"""Tests for L{comet.following.position}."""

from __future__ import annotations

from hypothesis import given
from hypothesis.strategies import integers, lists, sets
from twisted.trial.unittest import SynchronousTestCase

from comet.following.position import HOLES_LIMIT, Hole, Position, WrongPosition


def awaited(position):
    """@return: the numbers in the holes of a position."""
    return [number for hole in position.holes for number in range(hole.first, hole.last + 1)]


class PositionTests(SynchronousTestCase):
    """Where a table has been followed to."""

    def test_no_gap(self):
        """Numbers one after the other leave no holes."""
        self.assertEqual(Position().after([1, 2, 3], 9), Position(3))
        self.assertEqual(Position(3).after([], 9), Position(3))

    def test_what_is_passed_over_is_a_hole(self):
        """It shrinks, and is cut in two, by what appears in it."""
        position = Position(1).after([2, 7, 9], 50)
        self.assertEqual(position, Position(9, (Hole(3, 6, 50), Hole(8, 8, 50))))
        position = position.after([8, 5], 60)
        self.assertEqual(position, Position(9, (Hole(3, 4, 50), Hole(6, 6, 50))))
        self.assertEqual(position.after([3, 4, 6, 10, 12], 60), Position(12, (Hole(11, 11, 60),)))

    def test_holes_are_given_up(self):
        """When they were looked at in vain after their time."""
        position = Position(9, (Hole(3, 4, 50), Hole(6, 6, 60)))
        self.assertIs(position.without_old(49), position)
        self.assertEqual(position.without_old(50), Position(9, (Hole(6, 6, 60),)))

    def test_there_is_a_limit(self):
        """The oldest holes make room, and the rest stays in order."""
        numbers = range(0, 4 * HOLES_LIMIT, 2)
        position = Position().after(numbers, 50)
        self.assertGreater(len(position.holes), HOLES_LIMIT)
        bounded = position.bounded()
        self.assertEqual((bounded.last, bounded.holes), (position.last, position.holes[-HOLES_LIMIT:]))
        self.assertIs(bounded.bounded(), bounded)

    @given(lists(sets(integers(1, 60))))
    def test_every_number_is_seen_or_awaited(self, portions):
        """Up to the highest that was seen, however they came."""
        position = Position()
        for portion in portions:
            position = Position.read(position.after(portion, 50).text)
        seen = set().union(*portions)
        self.assertEqual(position.last, max(seen, default=0))
        self.assertEqual(awaited(position), sorted(set(range(1, position.last + 1)) - seen))

    def test_what_is_no_position(self):
        """It is refused, and not taken for the beginning."""
        for text in (
            "",
            "x",
            "5",
            "[]",
            "[1]",
            '["1",[]]',
            "[-1,[]]",
            "[1,[[2,3]]]",
            "[1,[[2,3,null]]]",
            "[true,[]]",
        ):
            self.assertRaises(WrongPosition, Position.read, text)
