"""Tests of the book and its rules by themselves: steps in, news out."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import NoSeat, Refused, RoomFull
from comet.model import Channel, User
from comet.video import parts
from comet.video.model import Back, Gone, Lost, On, Reason, Silent, Topology
from comet.video.registry import Registry
from comet.video.rules import RINGS_LIMIT, Rules
from comet.video.seat import Seat
from comet.video.steps import (
    Calls,
    Cancels,
    Declines,
    Ends,
    Frees,
    Invites,
    Joins,
    Leaves,
    Loses,
    Removes,
    Returns,
    Silences,
    Tells,
    read_step,
    write_step,
)

LOBBY = Channel(0, "lobby")
NAMES = st.sampled_from(["lobby", "den", "call-1", "call-2"])
CONNECTIONS, USERS = st.integers(1, 6), st.integers(1, 4)
SLOTS = st.integers(0, 2)


def joins(connection, user_id=1, room="lobby", time=100.0, mesh_limit=2, limit=4, is_free=True):
    secret = f"s{connection}"
    return Joins(time, 0, room, connection, user_id, secret, "video", is_free, mesh_limit, limit, 10)


#: Any step at all, at the time 0, over few rooms, users and connections.
STEPS = st.one_of(
    st.builds(
        lambda room, connection, caller, user, until: Calls(
            0, 0, room, connection, caller, f"s{connection}", user, 0, "audio", "", until, 10
        ),
        *(st.sampled_from(["call-1", "call-2"]), CONNECTIONS, USERS, USERS, st.integers(1, 30)),
    ),
    st.builds(
        lambda room, connection, user, is_free: joins(connection, user, room, 0, is_free=is_free),
        *(NAMES, CONNECTIONS, USERS, st.booleans()),
    ),
    st.builds(
        lambda room, connection, user, seat: Returns(0, 0, room, connection, user, seat, f"s{seat}"),
        *(NAMES, CONNECTIONS, USERS, CONNECTIONS),
    ),
    st.builds(
        lambda room, connection, caller, user, until: Invites(
            0, 0, room, connection, caller, user, 0, "video", "d", until, 10
        ),
        *(st.sampled_from(["lobby", "den"]), st.integers(0, 6), USERS, USERS, st.integers(1, 30)),
    ),
    st.builds(lambda *words: Declines(0, 0, *words, "busy"), NAMES, CONNECTIONS, USERS),
    st.builds(lambda *words: Cancels(0, 0, *words), NAMES, CONNECTIONS, USERS),
    st.builds(lambda *words: Silences(0, 0, *words), NAMES, USERS, st.sampled_from(["expired", "offline"])),
    st.builds(lambda *words: Tells(0, 0, *words, True, False, True, False, True), NAMES, CONNECTIONS),
    st.builds(lambda *words: Leaves(0, 0, *words, "hangup"), NAMES, CONNECTIONS),
    st.builds(lambda *words: Loses(0, 0, *words), NAMES, CONNECTIONS, st.integers(1, 30)),
    st.builds(lambda *words: Frees(0, 0, *words), NAMES, CONNECTIONS),
    st.builds(lambda *words: Removes(0, 0, *words), NAMES, st.lists(USERS, max_size=2)),
    st.builds(lambda *words: Ends(0, 0, *words, "media"), NAMES),
)


def shown(book):
    """@return: all that a book holds, but for empty rooms."""
    return {
        room.channel: (
            room.topology,
            [
                (seat.number, seat.user, seat.secret, seat.connection, seat.slot, seat.on, seat.until)
                for seat in room.seats.values()
            ],
            sorted(
                (ring.user, ring.only, ring.caller_id, ring.seat, ring.data, ring.until, ring.slot)
                for ring in room.rings.values()
            ),
        )
        for room in book.rooms.values()
    }


class BookCase(SynchronousTestCase):
    """One book."""

    def setUp(self):
        self.book = Registry(lambda user: 1)
        self.rules = Rules(self.book)

    def do(self, step, slot=0):
        """@return: what C{step} comes to."""
        self.result = self.rules.apply(step, slot)
        return self.result.outcome

    def heard(self):
        """@return: who was told what by the last step."""
        return [(news.to, type(news.event)) for news in self.result.news]


class RuleTests(BookCase):
    """What is hard to see from outside."""

    def test_order_of_coming(self):
        """Is that of the steps, whatever the clocks of their servers say."""
        for connection, time in ((1, 100.0), (2, 90.0), (3, 100.0)):
            self.do(joins(connection, connection, time=time), slot=connection)
        seats = list(self.book.rooms[LOBBY].seats.values())
        self.assertEqual([seat.number for seat in seats], [1, 2, 3])
        self.assertEqual(sorted(seats, key=lambda seat: seat.since), seats)

    def test_a_seat_that_was_found_and_lost_again(self):
        """Is free only when its own time is over, unless the server says so that looks after it."""
        seat = self.do(joins(1))
        self.do(Loses(100.0, 0, "lobby", 1, 120.0))
        self.do(Frees(119.0, 0, "lobby", 1), slot=1)
        self.assertTrue(seat.is_lost)
        self.do(Returns(119.5, 0, "lobby", 2, 1, 1, "s1"))
        self.do(Frees(121.0, 0, "lobby", 1))
        self.assertEqual((seat.is_lost, seat.connection), (False, 2))
        self.do(Loses(121.0, 0, "lobby", 2, 140.0))
        self.do(Frees(122.0, 0, "lobby", 1), slot=1)
        self.assertEqual(len(self.book.rooms), 1)
        self.do(Frees(122.0, 0, "lobby", 1), slot=0)
        self.assertEqual(len(self.book.rooms), 0)

    def test_a_number_that_is_given_anew(self):
        """While the seat of that number is somebody's over another connection: that one is not disturbed."""
        self.do(joins(1))
        self.do(Returns(100.0, 0, "lobby", 2, 1, 1, "s1"))
        self.assertIsInstance(self.do(joins(1, 2)), NoSeat)
        self.assertEqual([seat.user.user_id for seat in self.book.rooms[LOBBY].seats.values()], [1])
        self.assertEqual(self.result.news, [])

    def test_losing_by_a_connection_that_has_moved(self):
        """Comes late, and changes nothing."""
        seat = self.do(joins(1))
        self.do(Returns(100.0, 0, "lobby", 2, 1, 1, "s1"))
        self.assertIsInstance(self.do(Loses(100.0, 0, "lobby", 1, 120.0)), Refused)
        self.assertFalse(seat.is_lost)

    def test_talking(self):
        """Since when, and when it has ended last."""
        seat = self.do(joins(1))
        on = (True, True, False, False)
        self.do(Tells(105.0, 0, "lobby", 1, *on, True))
        self.assertEqual((seat.talking_since, seat.talked), (105.0, 0))
        self.do(Tells(107.0, 0, "lobby", 1, *on, True))
        self.do(Tells(109.0, 0, "lobby", 1, *on, False))
        self.assertEqual((seat.talking_since, seat.talked), (0, 109.0))

    def test_rings_into_one_room(self):
        """Are so many."""
        for user_id in range(1, RINGS_LIMIT + 1):
            self.do(Invites(0, 0, "lobby", 0, 0, user_id, 0, "video", "", 45, 10))
        self.assertIsInstance(
            self.do(Invites(0, 0, "lobby", 0, 0, RINGS_LIMIT + 1, 0, "video", "", 45, 10)), RoomFull
        )

    def test_refusals_change_nothing(self):
        """No room is left behind."""
        self.do(joins(1, is_free=False))
        self.do(Leaves(0, 0, "lobby", 1, "hangup"))
        self.do(Calls(0, 0, "call-1", 1, 1, "s", 1, 0, "video", "", 45, 10))
        self.assertEqual((self.book.rooms, self.result.news), ({}, []))

    @given(STEPS)
    def test_steps_travel(self, step):
        """What is written is read; what a newer version adds is passed over, and so are steps of its own."""
        item = list(write_step(step))
        self.assertEqual(read_step(item), step)
        self.assertEqual(read_step([*item, "more"]), step)
        self.assertIsNone(read_step(["waltz", 1]))


class PartTests(BookCase):
    """What servers tell each other when they meet."""

    @given(st.lists(st.tuples(STEPS, SLOTS), max_size=40))
    def test_all_parts_are_the_book(self, steps):
        """Whoever is told all of them, in any order and several times, knows what all know, and its sums."""
        self.setUp()
        for step, slot in steps:
            self.do(step, slot)
        other = Registry(lambda user: 1)
        for slot in (2, 0, 1, 2, 0):
            told = parts.part(self.book, slot)
            parts.replace(other, slot, [list(row) for row in told], 0, 2)
        self.assertEqual(shown(other), shown(self.book))
        for slot in range(3):
            self.assertEqual(other.sum(slot), self.book.sum(slot))
        self.assertEqual(sorted(other.slots()), sorted(self.book.slots()))

    @given(st.lists(st.tuples(STEPS, SLOTS), max_size=30))
    def test_what_is_known_is_no_news(self, steps):
        """Whoever is told again what is so already tells its clients nothing."""
        self.setUp()
        for step, slot in steps:
            self.do(step, slot)
        before = shown(self.book)
        for slot in range(3):
            told = [list(row) for row in parts.part(self.book, slot)]
            self.assertEqual(parts.replace(self.book, slot, told, 0, 2).news, [])
            self.assertEqual(parts.learn(self.book, slot, told, 0, 2).news, [])
        self.assertEqual(shown(self.book), before)

    def test_a_dead_server(self):
        """Its seats are lost, and looked after by the heir; others in the room hear so."""
        for connection, slot in ((1, 0), (2, 1)):
            self.do(joins(connection, connection), slot)
        result = parts.bury(self.book, 1, 0, 100.0, 120.0)
        self.assertEqual([(news.to, type(news.event)) for news in result.news], [(1, Lost)])
        self.assertEqual([seat.slot for seat in self.book.rooms[LOBBY].seats.values()], [0, 0])
        self.assertEqual(self.book.sum(1), 0)

    def test_a_seat_that_was_found_elsewhere(self):
        """Is not lost because the heir of its old server thinks so."""
        self.do(joins(1), 0)
        (row,) = parts.part(self.book, 0)
        self.do(Loses(100.0, 0, "lobby", 1, 120.0), 0)
        lost = [list(row) for row in parts.part(self.book, 0)]
        self.do(Returns(101.0, 0, "lobby", 5, 1, 1, "s1"), 1)
        parts.replace(self.book, 2, lost, 102.0, 2)
        (seat,) = self.book.rooms[LOBBY].seats.values()
        self.assertEqual((seat.connection, seat.slot), (5, 1))
        result = parts.replace(self.book, 0, [list(row)], 103.0, 2)
        self.assertEqual((seat.connection, seat.slot), (1, 0))
        self.assertEqual([(news.to, news.event.reason) for news in result.news], [(5, Reason.MOVED)])

    def test_a_ring_that_was_taken_elsewhere(self):
        """Does not ring again."""
        self.do(Invites(100.0, 0, "lobby", 0, 0, 7, 0, "video", "", 145, 10), 0)
        told = [list(row) for row in parts.part(self.book, 0)]
        self.do(joins(1, 7), 1)
        result = parts.replace(self.book, 0, told, 101.0, 2)
        self.assertEqual((result.news, list(self.book.rings())), ([], []))

    def test_a_ring_that_is_not_told_any_more(self):
        """Is over for those who are rung; the call goes on, for somebody may have taken it elsewhere."""
        self.do(Calls(100.0, 0, "call-1", 1, 3, "s", 7, 0, "video", "", 145, 10), 0)
        told = [list(row) for row in parts.part(self.book, 0) if row[0] == "seat"]
        result = parts.replace(self.book, 0, told, 101.0, 2)
        self.assertEqual([(news.to, type(news.event)) for news in result.news], [(User(0, 7), Silent)])
        (room,) = self.book.rooms.values()
        self.assertEqual((room.is_broken, list(self.book.suspects)), (True, [room.channel]))
        self.do(joins(2, 7, "call-1"), 1)
        self.assertEqual(len(room.seats), 1)

    def test_topology(self):
        """A room goes by way of the media server if anybody knows so who sits there, and else does not."""
        for connection in (1, 2, 3):
            self.do(joins(connection, connection, mesh_limit=2), 0)
        told = [list(row) for row in parts.part(self.book, 0)]
        other = Registry(lambda user: 1)
        parts.replace(other, 0, told[:2], 100.0, 4)
        self.assertIs(other.rooms[LOBBY].topology, Topology.SFU)
        for row in told:
            row[-1] = False
        parts.replace(other, 0, told, 100.0, 4)
        self.assertIs(other.rooms[LOBBY].topology, Topology.MESH)

    def test_what_a_newer_version_adds(self):
        """Is passed over."""
        self.do(joins(1), 0)
        (row,) = parts.part(self.book, 0)
        other = Registry(lambda user: 1)
        parts.replace(other, 0, [[*row, "more"], ["table", 1]], 100.0, 2)
        self.assertEqual(shown(other), shown(self.book))


class SeatTests(SynchronousTestCase):
    """A seat by itself."""

    class Room:
        """A room that writes down what it is told."""

        channel, name, now = LOBBY, "lobby", 5

        def __init__(self):
            self.told = []

        def tell(self, connection, event):
            self.told.append((connection, event))

        def tell_others(self, seat, event):
            self.told.append(("others", event))

        def move_seat(self, seat, connection, until):
            seat.connection, seat.until = connection, until

        def seat_freed(self, seat, reason):
            self.told.append(("freed", reason))

    def setUp(self):
        self.room = self.Room()
        self.seat = Seat(self.room, 1, User(0, 7), "s", 1, 0, On(audio=True), 4)

    def test_its_life(self):
        """Lost and found, moved, and left; after that nothing happens any more."""
        acts = self.seat.acts
        acts.lose(30)
        acts.lose(40)
        self.assertEqual((self.seat.connection, self.seat.until), (0, 30))
        acts.take_up(2)
        acts.take_up(2)
        acts.take_up(3)
        acts.rise(Reason.HANGUP)
        for again in (lambda: acts.rise(Reason.LOST), lambda: acts.lose(50), lambda: acts.take_up(4)):
            again()
        sitting = self.seat.shown
        self.assertEqual(
            self.room.told,
            [
                ("others", Lost("lobby", 5, 1, 30)),
                ("others", Back("lobby", 5, sitting._replace(connection=2))),
                (2, Gone("lobby", 5, 1, 7, Reason.MOVED)),
                ("others", Back("lobby", 5, sitting._replace(connection=3))),
                ("freed", Reason.HANGUP),
            ],
        )
