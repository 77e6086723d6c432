"""Servers, pages and a bus, and whatever may happen to them in calls, in any order; then all must agree."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from comet.sections import Video
from comet.video import registry as registries
from comet.video.model import (
    Call,
    Cancel,
    Decline,
    Invite,
    Join,
    Leave,
    Mode,
    Rings,
    Seated,
    Signal,
    Tell,
    Topology,
    is_call,
)
from tests.cluster.scene import EXPIRY
from tests.cluster.turmoil import NODES, Turmoil
from tests.video.media import RecordingMedia
from tests.video.nodes import Nodes, book

RING, GRACE = 15, 6
NUMBERS = st.integers(0, 11)


class VideoMachine(Turmoil):
    """Three servers; a few users with a few pages each."""

    def __init__(self):
        video = Video(ring=RING, grace=GRACE, mesh_limit=2, room_limit=4, calls_per_minute=0)
        super().__init__(Nodes(NODES, video=video, make_media=lambda name: RecordingMedia()))
        pairs = zip(self.nodes, Nodes.users, strict=True)
        self.pages = [self.scene.page(node, user_id) for node, user_id in pairs]
        #: The seats that pages were told to have: page, room, number, secret.
        self.seats = []
        #: For each call, whom it was rung for, and who has made it.
        self.allowed = {}

    def page_of(self, number):
        return self.pages[number % len(self.pages)]

    def rooms(self):
        """@return: the rooms that pages may know, and some that they do not."""
        known = [event.room for page in self.pages for event in page.line.events if isinstance(event, Rings)]
        return ["lobby", "den", "call-none", *dict.fromkeys(known)]

    def room(self, number):
        rooms = self.rooms()
        return rooms[number % len(rooms)]

    def do(self, page, command):
        """Let a page ask for something, and note what it is told."""
        answer = page.do(command)
        if not page.session.is_over:
            assert answer is not None, command
        if isinstance(answer, Seated):
            self.seats.append((page, answer.room, answer.seat, answer.secret))
            if isinstance(command, Call):
                self.allowed.setdefault(answer.room, set()).update((page.user_id, command.user_id))
        return answer

    @rule(node=st.integers(0, 2), user=st.sampled_from(Nodes.users))
    def come(self, node, user):
        if len(self.pages) < 6:
            self.pages.append(self.scene.page(self.node(node), user))

    @precondition(lambda self: self.pages)
    @rule(number=NUMBERS, user=st.sampled_from(Nodes.users))
    def call(self, number, user):
        self.do(self.page_of(number), Call(user))

    @precondition(lambda self: len(self.pages) > 1)
    @rule(one=NUMBERS, other=NUMBERS)
    def call_each_other(self, one, other):
        one, other = self.page_of(one), self.page_of(other)
        if one is other:
            return
        asked = [(one, one.say(Call(other.user_id))), (other, other.say(Call(one.user_id)))]
        self.scene.settle()
        for (page, number), user in zip(asked, (other.user_id, one.user_id), strict=True):
            if isinstance(answer := page.answer(number), Seated):
                self.seats.append((page, answer.room, answer.seat, answer.secret))
                self.allowed.setdefault(answer.room, set()).update((page.user_id, user))

    @precondition(lambda self: self.pages)
    @rule(number=NUMBERS, user=st.sampled_from(Nodes.users), room=NUMBERS)
    def invite(self, number, user, room):
        self.do(self.page_of(number), Invite(self.room(room), user))

    @precondition(lambda self: self.pages)
    @rule(number=NUMBERS, room=NUMBERS)
    def join(self, number, room):
        self.do(self.page_of(number), Join(self.room(room)))

    @precondition(lambda self: len(self.pages) > 1)
    @rule(room=NUMBERS)
    def all_join(self, room):
        """All at once: the order of the bus decides."""
        room = self.room(room)
        asked = [(page, page.say(Join(room))) for page in self.pages]
        self.scene.settle()
        for page, number in asked:
            if isinstance(answer := page.answer(number), Seated):
                self.seats.append((page, answer.room, answer.seat, answer.secret))

    @precondition(lambda self: self.seats and self.pages)
    @rule(number=NUMBERS, seat=NUMBERS)
    def come_back(self, number, seat):
        _, room, seat, secret = self.seats[-1 - seat % len(self.seats)]
        self.do(self.page_of(number), Join(room, seat=seat, secret=secret))

    @precondition(lambda self: self.pages)
    @rule(
        number=NUMBERS, room=NUMBERS, what=st.sampled_from(["leave", "decline", "talk", "cancel", "signal"])
    )
    def say(self, number, room, what):
        room = self.room(room)
        self.do(
            self.page_of(number),
            {
                "leave": Leave(room),
                "decline": Decline(room),
                "talk": Tell(room, {"talking": True}),
                "cancel": Cancel(room, self.page_of(number + 1).user_id),
                "signal": Signal(room, self.page_of(number + 1).number, "{}"),
            }[what],
        )

    @rule(node=st.integers(0, 2), user=st.sampled_from(Nodes.users), room=st.sampled_from(["lobby", "den"]))
    def ring_in_sql(self, node, user, room):
        broker = self.node(node)
        self.scene.run(broker.commit([broker.conferences.ring(0, room, user, 3, Mode.VIDEO, "")]))

    @rule(node=st.integers(0, 2), user=st.sampled_from(Nodes.users), room=NUMBERS)
    def remove_in_sql(self, node, user, room):
        broker = self.node(node)
        self.scene.run(broker.commit([broker.conferences.remove(0, self.room(room), [user])]))

    @precondition(lambda self: self.pages)
    @rule(number=NUMBERS, is_killed=st.booleans())
    def go(self, number, is_killed):
        page = self.pages.pop(number % len(self.pages))
        if is_killed:
            page.kill()
        else:
            page.vanish()

    def empty(self, broker):
        """See L{Turmoil.empty}."""
        for page in self.pages:
            if page.broker is broker:
                page.vanish()

    def forget(self, broker):
        """See L{Turmoil.forget}."""
        self.pages = [page for page in self.pages if page.broker is not broker]

    @rule(seconds=st.sampled_from([0.3, 2, 10]))
    def wait(self, seconds):
        self.scene.wait(seconds)

    @invariant()
    def only_who_was_rung_is_in_a_call(self):
        for broker in self.nodes:
            for room in broker.hall.book.rooms.values():
                if is_call(room.name):
                    users = {seat.user.user_id for seat in room.seats.values()}
                    assert users <= self.allowed[room.name], (room.name, users)

    @invariant()
    def the_media_server_knows_who_is_there(self):
        for broker in self.nodes:
            hall = broker.hall
            there = {
                (room.channel, number)
                for room in hall.book.rooms.values()
                if room.topology is Topology.SFU
                for number, seat in room.seats.items()
                if seat.slot == hall.slot
            }
            assert hall.media.there == there

    @invariant()
    def books_are_whole(self):
        for broker in self.nodes:
            check_indexes(broker.hall.book)

    def teardown(self):
        self.settle_bus()
        self.scene.wait(4 * EXPIRY + 2 * GRACE)
        self.check_settled()
        self.scene.wait(RING + 10)
        for broker in self.nodes:
            assert not list(broker.hall.book.rings())

    def check_settled(self):
        first, *others = [book(broker) for broker in self.nodes]
        for other in others:
            assert first == other, (first, other)
        slots = {broker.engine.slot: broker for broker in self.nodes}
        now = self.scene.now
        for room in self.nodes[0].hall.book.rooms.values():
            assert not room.is_over
            assert not room.is_broken, room.name
            for seat in room.seats.values():
                assert not seat.is_lost, seat
                page = next(page for page in self.pages if page.number == seat.connection)
                assert slots[seat.slot] is page.broker
                assert page.user_id == seat.user.user_id
            for ring in room.rings.values():
                assert ring.until > now - 3
                assert not any(seat.user == ring.user for seat in room.seats.values())


def check_indexes(registry):
    """The book finds everything that is in it, and nothing else."""
    seats = [seat for room in registry.rooms.values() for seat in room.seats.values()]
    connected = [seat for seats in registry._connected.values() for seat in seats.values()]
    assert {id(seat) for seat in seats if seat.connection} == {id(seat) for seat in connected}
    assert {id(seat) for seat in seats if not seat.connection} == {id(seat) for seat in registry.lost}
    assert {id(seat) for seat in seats if seat.is_lost} == {id(seat) for seat in registry.lost}
    for seat in seats:
        assert registry.is_busy(seat.user)
        if seat.connection:
            assert registry.seat(seat.room.channel, seat.connection) is seat
    assert sum(map(len, registry._sitting.values())) == len(seats)
    rings = [ring for room in registry.rooms.values() for ring in room.rings.values()]
    assert {id(ring) for ring in rings} == {id(ring) for ring in registry.rings()}
    for slot, total in registry._sums.items():
        found = 0
        for what in (*seats, *rings):
            if what.slot == slot:
                found ^= registries._mark(what)
        assert found == total


class MachineTests(SynchronousTestCase):
    """Whatever has happened, in the end all servers know the same, and that is so."""

    def test_machine(self):
        """No ring rings after its time, no seat is without a page, nobody is in a call who was not rung."""
        run_state_machine_as_test(
            VideoMachine,
            settings=settings(
                max_examples=100, stateful_step_count=30, deadline=None, derandomize=True, database=None
            ),
        )
