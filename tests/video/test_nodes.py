"""Calls and rooms of several servers: each thing is decided once, and the same everywhere."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.conferring import SUM_SECONDS
from comet.errors import Busy, NoRoom, NoSeat, RoomFull, TooFast
from comet.model import Channel, Refusal, User
from comet.sections import Video
from comet.video.model import (
    Answered,
    Back,
    Call,
    Decline,
    Ended,
    Entered,
    Gone,
    Join,
    Leave,
    Lost,
    Mode,
    Reason,
    Ringing,
    Rings,
    Seated,
    Signal,
    Signalled,
    Silent,
    Tell,
    Told,
    Topology,
    Turned,
    Unanswered,
)
from comet.video.steps import Leaves
from tests.cluster.scene import EXPIRY
from tests.running import finish
from tests.video.media import RecordingMedia
from tests.video.nodes import Nodes, book

LOBBY = Channel(0, "lobby")


class NodesCase(SynchronousTestCase):
    """Servers C{a} and C{b}, and pages on them."""

    names = "ab"
    settings: dict[str, int] = {}
    media = False

    def setUp(self):
        make_media = (lambda name: RecordingMedia()) if self.media else None
        self.scene = Nodes(self.names, video=Video(**self.settings), make_media=make_media)
        self.a, self.b = self.scene.brokers[:2]

    def page(self, broker, user_id):
        return self.scene.page(broker, user_id)

    def kinds(self, *pages):
        """@return: of each page, what kinds of events it has heard since the last time."""
        return [[type(event) for event in page.hears()] for page in pages]

    def refused(self, kind, answer):
        self.assertIsInstance(answer, Refusal)
        self.assertIsInstance(answer.error, kind)

    def talking(self):
        """@return: a page on each server, in a call, and its name."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        room = ann.do(Call(7)).room
        self.bob_seat = bob.do(Join(room))
        ann.hears(), bob.hears()
        return ann, bob, room

    def agree(self):
        """All servers know the same."""
        first, *others = map(book, self.scene.brokers)
        for other in others:
            self.assertEqual(other, first)
        return first


class CallTests(NodesCase):
    """Who calls is on one server, who is called on others."""

    def test_a_call(self):
        """All devices on all servers ring; the first to join silences the others, wherever they are."""
        ann = self.page(self.a, 3)
        phones = [self.page(self.a, 7), self.page(self.b, 7), self.page(self.b, 7)]
        answer = ann.do(Call(7))
        self.assertEqual([event.devices for event in ann.hears()], [3])
        self.assertEqual(self.kinds(*phones), [[Rings]] * 3)
        joined = phones[1].do(Join(answer.room))
        self.assertEqual([each.seat for each in joined.members], [ann.number, phones[1].number])
        self.assertEqual(self.kinds(ann, *phones), [[Entered, Answered], [Silent], [], [Silent]])
        self.agree()
        phones[1].do(Leave(answer.room))
        self.assertEqual(self.kinds(ann), [[Gone, Ended]])
        self.assertEqual(self.agree(), {})

    def test_signals(self):
        """Arrive on the other server in order, once, behind what was said before."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        room = ann.do(Call(7)).room
        bob.hears()
        asked = bob.say(Join(room))
        bob.scene.settle()
        for number in range(5):
            bob.say(Signal(room, ann.number, f'{{"n":{number}}}'))
        self.scene.settle()
        self.assertIsInstance(bob.answer(asked), Seated)
        entered, answered, *signals = ann.hears()[1:]
        self.assertEqual([type(entered), type(answered)], [Entered, Answered])
        self.assertEqual(
            signals, [Signalled(room, 1002, bob.number, 7, f'{{"n":{number}}}') for number in range(5)]
        )

    def test_glare(self):
        """Of two calls that are on their way at once, the first on the bus counts for both."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        asked = ann.say(Call(7)), bob.say(Call(3))
        self.scene.settle()
        one, other = ann.answer(asked[0]), bob.answer(asked[1])
        self.assertEqual(one.room, other.room)
        self.assertEqual([each.user_id for each in other.members], [3, 7])
        self.assertEqual(len(self.agree()), 1)

    def test_two_devices_take_a_ring(self):
        """At once on two servers: one has it, for the other it is over."""
        ann = self.page(self.a, 3)
        phones = [self.page(self.a, 7), self.page(self.b, 7)]
        room = ann.do(Call(7)).room
        asked = [phone.say(Join(room)) for phone in phones]
        self.scene.settle()
        answers = [phone.answer(number) for phone, number in zip(phones, asked, strict=True)]
        self.assertIsInstance(answers[0], Seated)
        self.refused(NoRoom, answers[1])
        self.agree()

    def test_two_call_one(self):
        """Only while that one sits nowhere: the second caller is refused as soon as the call is taken."""
        ann, bob, _ = self.talking()
        carl = self.page(self.b, 9)
        self.refused(Busy, carl.do(Call(3)))
        self.assertEqual(self.kinds(ann, bob), [[], []])

    def test_declined_elsewhere(self):
        """Ends it on all servers."""
        ann, phone, tablet = self.page(self.a, 3), self.page(self.b, 7), self.page(self.a, 7)
        room = ann.do(Call(7)).room
        phone.do(Decline(room, Reason.BUSY))
        heard = [[Ringing, Unanswered, Ended], [Rings], [Rings, Silent]]
        self.assertEqual(self.kinds(ann, phone, tablet), heard)
        self.assertEqual(self.agree(), {})

    def test_a_connection_elsewhere(self):
        """Can be rung by its number."""
        ann, phone, tablet = self.page(self.a, 3), self.page(self.b, 7), self.page(self.b, 7)
        self.assertIsInstance(ann.do(Call(0, connection=phone.number)), Seated)
        self.assertEqual(self.kinds(phone, tablet), [[Rings], []])

    def test_a_user_who_is_elsewhere(self):
        """And goes offline, is rung no more."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        ann.do(Call(7))
        bob.vanish()
        self.scene.wait(5)
        self.assertEqual([event.reason for event in ann.hears()[1:]], [Reason.OFFLINE] * 2)

    def test_what_is_on(self):
        """Is told on all servers."""
        ann, bob, room = self.talking()
        bob.do(Tell(room, {"talking": True}))
        self.assertEqual(self.kinds(ann), [[Told]])
        (_, found) = self.a.conferences.participants(0)
        self.assertEqual((found.user_id, found.node, found.talking), (7, "b", 1002))

    def test_a_session_that_ends_while_it_joins(self):
        """Has lost its seat as soon as it has one."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        ann.do(Join("lobby"))
        bob.say(Join("lobby"))
        bob.session.end()
        self.scene.settle()
        self.assertEqual(self.kinds(ann), [[Entered, Lost]])
        self.scene.wait(22)
        self.assertEqual(self.kinds(ann), [[Gone]])


class FullTests(NodesCase):
    """Limits hold for all servers together."""

    settings = {"mesh_limit": 2}

    def test_the_last_seat(self):
        """Is one's own, though two want it at once."""
        self.page(self.a, 3).do(Join("lobby"))
        pages = [self.page(self.b, 7), self.page(self.a, 9)]
        asked = [page.say(Join("lobby")) for page in pages]
        self.scene.settle()
        answers = [page.answer(number) for page, number in zip(pages, asked, strict=True)]
        self.assertIsInstance(answers[0], Seated)
        self.refused(RoomFull, answers[1])
        self.assertEqual(len(self.agree()[LOBBY][1]), 2)


class PaceTests(NodesCase):
    """Who rings too often."""

    settings = {"calls_per_minute": 4}

    def test_it_is_of_a_user(self):
        """On whatever server; what SQL rings in the name of somebody does not count."""
        pages = [self.page(self.a, 3), self.page(self.b, 3), self.page(self.a, 7)]
        for page in (*pages[:2], *pages[:2]):
            page.do(Leave(page.do(Call(7)).room))
            finish(self.b.commit([self.b.conferences.ring(0, "lobby", 9, 3, Mode.VIDEO, "")]))
        for page in pages[:2]:
            self.refused(TooFast, page.do(Call(7)))
        self.assertIsInstance(pages[2].do(Call(3)), Seated)


class DeathTests(NodesCase):
    """Servers that die, and such as are not heard for a while."""

    names = "abc"

    def test_a_client_of_a_dead_server(self):
        """Is lost, and comes back to its seat over another server within the time of grace."""
        ann, bob, room = self.talking()
        self.scene.kill(self.b)
        self.scene.wait(EXPIRY + 1)
        self.assertEqual(self.kinds(ann), [[Lost]])
        self.refused(NoSeat, ann.do(Signal(room, bob.number, "{}")))
        again = self.page(self.scene.brokers[1], 7)
        answer = again.do(Join(room, seat=self.bob_seat.seat, secret=self.bob_seat.secret))
        self.assertEqual(answer.seat, bob.number)
        self.assertEqual(self.kinds(ann), [[Back]])
        ann.do(Signal(room, bob.number, "{}"))
        self.assertEqual(self.kinds(again), [[Signalled]])
        self.agree()

    def test_a_client_of_a_dead_server_that_does_not_come_back(self):
        """Has left, and the call is over."""
        ann, _, _ = self.talking()
        self.scene.kill(self.b)
        self.scene.wait(EXPIRY + 22)
        self.assertEqual(self.kinds(ann), [[Lost, Gone, Ended]])
        self.assertEqual(self.agree(), {})

    def test_the_server_of_the_caller_dies(self):
        """The ring goes on for the time of grace, for the caller may come back; then it has ended."""
        ann, bob = self.page(self.a, 3), self.page(self.b, 7)
        ann.do(Call(7))
        self.scene.kill(self.a)
        self.scene.wait(EXPIRY + 19)
        self.assertEqual(self.kinds(bob), [[Rings]])
        self.scene.wait(4)
        self.assertEqual([event.reason for event in bob.hears()], [Reason.ENDED])

    def test_a_ring_whose_server_is_not_heard(self):
        """Expires all the same: another says so a little later."""
        bob = self.page(self.b, 7)
        self.scene.run(self.a.commit([self.a.conferences.ring(0, "lobby", 7, 0, Mode.VIDEO, "")]))
        self.scene.wait(44)
        self.a.bus.lose()
        self.assertEqual(self.kinds(bob), [[Rings]])
        self.scene.wait(4)
        self.assertEqual([event.reason for event in bob.hears()], [Reason.EXPIRED])

    def test_a_server_that_ends(self):
        """Tells that its clients are lost; they come back over others."""
        ann, bob, room = self.talking()
        bob.vanish()
        self.scene.brokers.remove(self.b)
        self.scene.run(self.b.engine.stop())
        again = self.page(self.scene.brokers[1], 7)
        answer = again.do(Join(room, seat=bob.number, secret=self.bob_seat.secret))
        self.assertIsInstance(answer, Seated)
        self.scene.wait(30)
        self.assertEqual(self.kinds(ann), [[Lost, Back]])

    def test_a_server_that_comes(self):
        """Knows all that is going on, and what rings."""
        ann, bob, room = self.talking()
        self.page(self.a, 3).do(Join("lobby"))
        self.scene.run(self.a.commit([self.a.conferences.ring(0, "lobby", 9, 3, Mode.VIDEO, "")]))
        late = self.scene.add("d")
        self.scene.wait(0.5)
        self.agree()
        self.assertEqual(self.kinds(self.page(late, 9)), [[Rings]])
        self.refused(Busy, self.page(late, 9).do(Call(7)))
        bob.do(Leave(room))
        self.assertEqual(self.kinds(ann)[0][-1], Ended)
        self.agree()

    def test_a_server_that_comes_while_another_is_dead(self):
        """And nobody has noticed yet: it knows of the seats there, and that they are lost, when others do."""
        ann, _, _ = self.talking()
        self.scene.kill(self.b)
        late = self.scene.add("d")
        self.scene.wait(0.5)
        self.assertTrue(late.hall.book.is_busy(User(0, 7)))
        self.scene.wait(EXPIRY + 1)
        self.assertEqual(self.kinds(ann), [[Lost]])
        self.agree()
        self.assertEqual(len(late.hall.book.lost), 1)
        self.scene.wait(20)
        self.assertEqual(self.agree(), {})

    def test_nobody_knows_whose_it_is(self):
        """What a server has told of another, which has died, as has that one, is given to one that lives."""
        ann, _, _ = self.talking()
        c = self.scene.brokers[2]
        # Of those that could bury b, one has never heard it, and the others die.
        self.scene.kill(self.b)
        late = self.scene.add("d")
        self.scene.wait(0.5)
        self.assertEqual(late.hall.book.sum(self.b.engine.slot), c.hall.book.sum(self.b.engine.slot))
        self.scene.kill(self.a)
        self.scene.kill(c)
        self.scene.wait(4 * EXPIRY + 30)
        self.assertEqual(book(late), {})
        self.assertEqual(ann.hears(), [])

    def test_a_server_that_was_cut_off(self):
        """And taken for dead: its clients are back, if there is still something to come back to."""
        for seconds, heard, left in ((EXPIRY + 3, [Lost, Back], 1), (EXPIRY + 25, [Lost, Gone, Ended], 0)):
            ann, bob, _ = self.talking()
            self.b.bus.lose()
            self.scene.wait(seconds)
            self.b.bus.connect()
            self.scene.wait(2 * SUM_SECONDS + 5)
            self.assertEqual(self.kinds(ann), [heard])
            self.assertEqual(len(self.agree()), left)
            ended = [event for event in bob.hears() if isinstance(event, Ended)]
            self.assertEqual(len(ended), 1 - left)
            ann.kill(), bob.kill()

    def test_the_bus_is_away(self):
        """Calls go on, but nothing is carried; who hangs up meanwhile has done so when it is back."""
        ann, bob, room = self.talking()
        self.scene.exchange.lose()
        self.refused(NoSeat, ann.do(Signal(room, bob.number, "{}")))
        self.scene.wait(5)
        self.assertEqual(self.kinds(ann, bob), [[], []])
        ann.do(Leave(room))
        self.scene.exchange.connect()
        self.scene.wait(2)
        self.assertEqual(self.kinds(bob), [[Gone, Ended]])
        self.scene.wait(2 * SUM_SECONDS)
        self.assertEqual(self.agree(), {})

    def test_a_call_while_the_bus_is_away(self):
        """Rings elsewhere when it is back, unless its time is over."""
        for seconds, heard in ((10, [Rings]), (50, [])):
            ann, bob = self.page(self.a, 3), self.page(self.b, 7)
            self.scene.exchange.lose()
            self.assertIsInstance(ann.do(Call(7)), Seated)
            self.scene.wait(seconds)
            self.assertEqual(self.kinds(bob), [[]])
            self.scene.exchange.connect()
            self.scene.wait(2)
            self.assertEqual(self.kinds(bob), [heard])
            ann.kill(), bob.kill()

    def test_something_is_missed(self):
        """A server that knows something else than the one that looks after it asks, and is told."""
        ann, _, room = self.talking()
        self.b.hall.apply(Leaves(self.scene.now, 0, room, ann.number, "hangup"), 0)
        self.assertNotEqual(book(self.b), book(self.a))
        self.scene.wait(2 * SUM_SECONDS + 5)
        self.assertEqual(self.kinds(ann), [[Ended]])
        self.assertEqual(self.agree(), {})


class MediaServerTests(NodesCase):
    """A room on several servers that goes by way of a media server."""

    settings = {"mesh_limit": 2, "room_limit": 5}
    media = True

    def told(self, broker):
        told, broker.hall.media.told = broker.hall.media.told, []
        return told

    def full(self):
        pages = [self.page(self.a, 3), self.page(self.b, 7), self.page(self.b, 9)]
        answers = [page.do(Join("lobby")) for page in pages]
        self.assertEqual(answers[2].topology, Topology.SFU)
        return pages, answers

    def test_each_server_has_its_own(self):
        """It tells the media server of its own clients; the last that goes closes the room."""
        (ann, bob, carl), _ = self.full()
        self.assertEqual(self.told(self.a), [("entered", "lobby", ann.number, 3)])
        self.assertEqual(
            self.told(self.b), [("entered", "lobby", bob.number, 7), ("entered", "lobby", carl.number, 9)]
        )
        # The answer has told it to the one whose coming has turned the room.
        self.assertEqual([heard.count(Turned) for heard in self.kinds(ann, bob, carl)], [1, 1, 0])
        for page in (carl, bob, ann):
            page.do(Leave("lobby"))
        self.assertEqual(self.told(self.a), [("left", "lobby", ann.number), ("closed", "lobby")])
        self.assertEqual(self.told(self.b), [("left", "lobby", carl.number), ("left", "lobby", bob.number)])

    def test_coming_back_over_another_server(self):
        """Its way to the media server is another: the page begins afresh."""
        (ann, bob, _), answers = self.full()
        bob.vanish()
        again = self.page(self.a, 7)
        self.told(self.a), self.told(self.b)
        answer = again.do(Join("lobby", seat=bob.number, secret=answers[1].secret))
        self.assertEqual((answer.seat, self.kinds(again)), (bob.number, [[Turned]]))
        self.assertEqual(self.told(self.a), [("entered", "lobby", bob.number, 7)])
        self.assertEqual(self.told(self.b), [("left", "lobby", bob.number)])
        self.assertEqual(self.kinds(ann)[0][-2:], [Lost, Back])

    def test_gone_for_good(self):
        """Ends the room on all servers."""
        pages, _ = self.full()
        self.kinds(*pages)
        self.a.hall.stage.media_gone()
        self.scene.settle()
        self.assertEqual(self.kinds(*pages), [[Ended]] * 3)
        self.assertEqual(self.agree(), {})
