"""Tests for L{comet.protocols.janus.conductor}, C{sending} and C{receiving}, with a Janus in memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, MediaAway, NoSeat, TooFast
from comet.model import Channel
from comet.protocols.janus.conductor import LOOK_SECONDS, LOOKS, Conductor, Rules
from comet.protocols.janus.lane import LANE_LIMIT
from comet.protocols.janus.link import Link
from comet.protocols.janus.receiving import AGAIN_SECONDS, REST_SECONDS, RESTS
from comet.protocols.janus.videoroom import room_key
from tests.protocols.janus.memory import MemoryJanus, Refusal
from tests.running import spawn

LOBBY = Channel(0, "lobby")
SECRET = "s3cret"
KEY = room_key(SECRET, LOBBY)
#: What is said of a connection that Janus has dropped.
CUT = "peer dropped the TCP connection without previous WebSocket closing handshake"


class Page:
    """
    One who sits in a room, and does what pages do.

    @ivar heard: what it was told, the oldest first.
    @ivar answers: whether it answers offers.
    @ivar quiet: whether what it says stays under way.
    """

    def __init__(self, case, seat, room=LOBBY, node=None):
        self.case, self.seat, self.room = case, seat, room
        self.node = node or case.conductor
        self.heard, self.answers, self.number, self.quiet = [], True, 0, False

    def say(self, **data):
        self.node.signal(self.room, self.seat, data)
        if not self.quiet:
            self.case.janus.pump()

    def publish(self, *sources, connection=1, sdp=""):
        """Offer to send that, over the connection of that number."""
        self.number += 1
        sdp = sdp or f"page {self.seat}.{connection}\r\na=fingerprint:sha-256 {self.seat}:{connection}\r\n"
        streams = [{"mid": str(mid), "source": source} for mid, source in enumerate(sources)]
        description = {"type": "offer", "sdp": sdp}
        self.say(kind="publish", description=description, streams=streams, offer=self.number)

    def hear(self, data):
        self.heard.append(data)
        if self.answers and data["kind"] == "subscribe" and "description" in data:
            self.case.soon.append(lambda: self.accept(data["offer"]))

    def accept(self, offer, sdp="page's answer"):
        self.say(kind="subscribe", description={"type": "answer", "sdp": sdp}, offer=offer)

    def offers(self):
        """@return: what it was offered to receive."""
        return [data for data in self.heard if data["kind"] == "subscribe" and "description" in data]

    @property
    def receives(self):
        """What it was offered last, as C{"seat source"}."""
        offers = self.offers()
        return sorted(f"{line['seat']} {line['source']}" for line in offers[-1]["streams"]) if offers else []

    def failed(self, kind="publish"):
        """@return: why connections of it have failed."""
        return [data["failed"] for data in self.heard if data["kind"] == kind and "failed" in data]

    def answered(self):
        """@return: which of its offers were answered."""
        return [data["offer"] for data in self.heard if data["kind"] == "publish" and "description" in data]


class ConductorCase(SynchronousTestCase):
    """A node, and a Janus."""

    rules = Rules(SECRET, SECRET, publishers=5, patience=20)

    def setUp(self):
        self.clock = Clock()
        self.janus = MemoryJanus(self.clock, SECRET)
        self.pages, self.soon, self.restarts, self.ends = {}, [], 0, 0
        self.warnings = []
        self.patch(Logger, "warn", lambda _, format, **fields: self.warnings.append(format.format(**fields)))
        self.conductor = self.node()

    def node(self):
        """@return: a conductor that is started."""
        link = Link(self.clock, "ws://janus.example:8188", SECRET, self.janus, lambda: 1.0)
        conductor = Conductor(link, self.rules, spawn, self.clock.callLater)
        conductor.start(self)
        self.settle()
        return conductor

    def settle(self):
        """Let all say what they have to say."""
        self.janus.pump()
        while self.soon:
            self.soon.pop(0)()
            self.janus.pump()

    def pass_time(self, seconds):
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            self.settle()

    def sit(self, *seats, room=LOBBY):
        """@return: pages that have entered."""
        pages = [Page(self, seat, room) for seat in seats]
        for page in pages:
            self.pages[room, page.seat] = page
            self.conductor.entered(room, page.seat, page.seat + 100)
        self.settle()
        return pages

    def send(self, *seats):
        """@return: pages that have entered, and send what pages send."""
        pages = self.sit(*seats)
        for page in pages:
            page.publish("microphone", "camera")
            self.settle()
        return pages

    def stop(self, conductor=None):
        stopped = Deferred.fromCoroutine((conductor or self.conductor).stop())
        self.janus.pump()
        self.successResultOf(stopped)

    # The floor ----------------------------------------------------------------------------------------------

    def from_media(self, room, seat, data):
        self.pages[room, seat].hear(data)

    def media_restarted(self):
        self.restarts += 1

    def media_gone(self):
        self.ends += 1

    # What is in Janus ---------------------------------------------------------------------------------------

    def handle(self, seat, is_sending=True):
        """@return: a handle of a seat in Janus: that which sends, or that which receives."""
        if is_sending:
            [found] = [each for each in self.janus.handles.values() if each.display == str(seat)]
        else:
            [found] = [each for each in self.janus.handles.values() if each.number == self.subscriber(seat)]
        return found

    def subscriber(self, seat):
        return int(self.pages[LOBBY, seat].offers()[-1]["description"]["sdp"].split()[-1])


class RoomTests(ConductorCase):
    """Seats in one room."""

    def test_everybody_receives_everybody(self):
        """Each page gets an answer to what it sends, and an offer of what all others send."""
        pages = self.send(1, 2, 3)
        for page in pages:
            others = sorted({1, 2, 3} - {page.seat})
            self.assertEqual(page.receives, [f"{o} {s}" for o in others for s in ("camera", "microphone")])
            self.assertEqual(page.answered(), [1])
            self.assertEqual(page.failed(), [])
            self.assertFalse(self.handle(page.seat, is_sending=False).is_offered)
        [room] = self.janus.rooms.values()
        made = {
            "room": KEY.number,
            "pin": KEY.pin,
            "secret": KEY.secret,
            "publishers": 5,
            "is_private": True,
            "permanent": False,
        }
        self.assertEqual({**room, **made}, room)

    def test_lines_say_what_they_show(self):
        """An offer names for each line the seat, the kind and the source; nothing that is switched off."""
        first, second = self.sit(1, 2)
        second.publish("microphone", "nothing", "screen")
        self.settle()
        [offer] = first.offers()
        self.assertEqual(
            offer["streams"],
            [
                {"mid": "0", "seat": 2, "kind": "audio", "source": "microphone"},
                {"mid": "1", "seat": 2, "kind": "video", "source": "screen"},
            ],
        )
        self.assertEqual(offer["description"]["type"], "offer")

    def test_who_only_listens(self):
        """Whoever sends nothing receives all the same, whether it came before or after."""
        [before] = self.sit(1)
        self.send(2)
        [after] = self.sit(3)
        for page in (before, after):
            self.assertEqual(page.receives, ["2 camera", "2 microphone"])

    def test_more_and_less_media(self):
        """A further offer of the same connection changes what the others receive."""
        first, second = self.send(1, 2)
        second.publish("microphone", "camera", "screen")
        self.settle()
        self.assertEqual(first.receives, ["2 camera", "2 microphone", "2 screen"])
        second.publish("microphone", "nothing", "screen")
        self.settle()
        self.assertEqual(first.receives, ["2 microphone", "2 screen"])
        self.assertEqual(second.answered(), [1, 2, 3])
        self.assertEqual({offer["connection"] for offer in first.offers()}, {first.offers()[0]["connection"]})

    def test_leaves(self):
        """Who leaves is not received any more; the last who leaves has nothing in Janus."""
        first, _, third = self.send(1, 2, 3)
        self.conductor.left(LOBBY, 3)
        self.settle()
        self.assertEqual(first.receives, ["2 camera", "2 microphone"])
        with self.assertRaises(NoSeat):
            third.publish("microphone")
        self.conductor.left(LOBBY, 1)
        self.conductor.left(LOBBY, 2)
        self.settle()
        self.assertEqual(self.janus.handles, {})

    def test_rooms_are_apart(self):
        """Rooms, and tenants with rooms of the same name, do not hear of each other."""
        other = Channel(1, "lobby")
        [first], [second] = self.sit(1), self.sit(2, room=other)
        first.publish("microphone")
        second.publish("microphone")
        self.settle()
        self.assertEqual((first.receives, second.receives), ([], []))
        self.assertEqual(len(self.janus.rooms), 2)

    def test_two_nodes(self):
        """Seats of two nodes are in one room; the room that one has made the other enters."""
        [first] = self.send(1)
        another = self.node()
        page = self.pages[LOBBY, 2] = Page(self, 2, node=another)
        another.entered(LOBBY, 2, 0)
        self.settle()
        self.assertEqual(page.receives, ["1 camera", "1 microphone"])
        page.publish("microphone")
        self.settle()
        self.assertEqual(first.receives, ["2 microphone"])
        self.assertEqual(len(self.janus.rooms), 1)

    def test_the_order_of_signals(self):
        """What a page says before it is in the room is done once it is there, in the order it was said."""
        page = self.pages[LOBBY, 1] = Page(self, 1)
        self.conductor.entered(LOBBY, 1, 0)
        sdp = "page\r\na=fingerprint:sha-256 1:1\r\n"
        signal = self.conductor.signal
        signal(LOBBY, 1, {"kind": "publish", "description": {"type": "offer", "sdp": sdp}, "offer": 1})
        signal(LOBBY, 1, {"kind": "publish", "candidate": {"candidate": "first", "sdpMid": "0"}})
        signal(LOBBY, 1, {"kind": "publish", "candidate": None})
        self.settle()
        self.assertEqual(page.answered(), [1])
        candidates = self.handle(1).candidates
        self.assertEqual(candidates, [{"candidate": "first", "sdpMid": "0"}, {"completed": True}])


class ReceivingTests(ConductorCase):
    """What one page receives, step by step."""

    def test_one_offer_at_a_time(self):
        """As long as an offer is not answered, there is no other; then one with all that has changed."""
        [first] = self.sit(1)
        first.answers = False
        self.send(2, 3, 4)
        self.assertEqual(first.receives, ["2 camera", "2 microphone"])
        [offer] = first.offers()
        self.conductor.left(LOBBY, 2)
        self.settle()
        first.accept(offer["offer"])
        self.settle()
        self.assertEqual(first.receives, [f"{o} {s}" for o in (3, 4) for s in ("camera", "microphone")])
        self.assertEqual(len(first.offers()), 2)

    def test_told_again(self):
        """An offer is told again, the same, until it is answered."""
        [first] = self.sit(1)
        first.answers = False
        self.send(2)
        self.pass_time(3 * AGAIN_SECONDS)
        self.assertEqual(first.offers(), first.offers()[:1] * 4)
        first.accept(first.offers()[0]["offer"])
        self.pass_time(3 * AGAIN_SECONDS)
        self.assertEqual(len(first.offers()), 4)

    def test_answers_of_before(self):
        """An answer that comes twice, or too late, is passed over; one without a number counts."""
        [first] = self.sit(1)
        first.answers = False
        self.send(2)
        first.accept(1)
        first.accept(1)
        self.send(3)
        first.accept(1)
        descriptions = self.handle(1, is_sending=False).descriptions
        self.assertEqual(len(descriptions), 1)
        first.say(kind="subscribe", description={"type": "answer", "sdp": "x"})
        self.assertEqual([each["sdp"] for each in descriptions], ["page's answer", "x"])

    def test_candidates(self):
        """Candidates reach the connection that they are for; those of another one nobody."""
        first, _ = self.send(1, 2)
        connection = first.offers()[-1]["connection"]
        one, two = ({"candidate": word, "sdpMLineIndex": 0} for word in ("one", "two"))
        first.say(kind="subscribe", candidate=one, connection=connection)
        first.say(kind="subscribe", candidate=two, connection=connection + 1)
        first.say(kind="subscribe", candidate={"candidate": ""})
        handle = self.handle(1, is_sending=False)
        self.assertEqual(handle.candidates, [one, {"completed": True}])
        handle.link.say(janus="trickle", session_id=1, sender=handle.number, candidate=one)
        handle.link.say(janus="trickle", session_id=1, sender=handle.number, candidate={"completed": True})
        self.settle()
        self.assertEqual(
            first.heard[-2:],
            [{"kind": "subscribe", "candidate": each, "connection": connection} for each in (one, None)],
        )

    def test_another_connection(self):
        """A page may have everything offered over another connection; the old one is gone in Janus."""
        first, _ = self.send(1, 2)
        old, before = self.subscriber(1), first.offers()[-1]
        first.say(kind="subscribe")
        self.settle()
        offer = first.offers()[-1]
        self.assertGreater(offer["connection"], before["connection"])
        self.assertEqual(offer["streams"], before["streams"])
        self.assertNotIn(old, self.janus.handles)

    def test_hung_up(self):
        """If Janus gives the connection up, there is another one."""
        first, _ = self.send(1, 2)
        before = first.offers()[-1]
        self.janus.hang_up(self.handle(1, is_sending=False))
        self.settle()
        self.assertGreater(first.offers()[-1]["connection"], before["connection"])
        self.assertEqual(first.receives, ["2 camera", "2 microphone"])

    def test_an_answer_that_is_none(self):
        """An answer that Janus does not understand ends the connection; another one is offered soon."""
        [first] = self.sit(1)
        first.answers = False
        self.send(2)
        first.accept(1, sdp="rubbish")
        self.assertEqual(first.failed("subscribe"), ["Invalid line: rubbish"])
        self.assertEqual(len(first.offers()), 1)
        first.answers = True
        self.pass_time(REST_SECONDS)
        self.assertEqual(len(first.offers()), 2)
        self.assertNotEqual(first.offers()[0]["connection"], first.offers()[1]["connection"])

    def test_a_feed_that_is_gone_already(self):
        """If a feed has gone when it is asked for, the others are received a moment later."""
        [second] = self.send(2)
        [first] = self.sit(1)
        first.heard.clear()
        real, refused = self.janus.known, []

        def unknown(room, streams):
            if len(refused) < 2:
                refused.append(streams)
                return real(room, [{"feed": 7, "mid": "0"}])
            return real(room, streams)

        self.patch(self.janus, "known", unknown)
        self.send(3)
        self.assertEqual(first.offers(), [])
        self.pass_time(3 * REST_SECONDS)
        self.assertEqual(first.receives, ["2 camera", "2 microphone", "3 camera", "3 microphone"])
        self.assertEqual(self.warnings, [])
        self.assertEqual(second.failed(), [])

    def test_what_is_refused_for_good(self):
        """What Janus goes on to refuse is tried ever more seldom, and said once."""

        def unknown(room, streams):
            asked.append(streams)
            return real(room, [{"feed": 7, "mid": "0"}])

        asked, real = [], self.janus.known
        [first] = self.sit(1)
        self.patch(self.janus, "known", unknown)
        self.send(2)
        self.pass_time(20 * REST_SECONDS)
        self.assertEqual(len(asked), RESTS)
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("seat 1", self.warnings[0])
        self.patch(self.janus, "known", real)
        self.pass_time(60 * REST_SECONDS)
        self.assertEqual(first.receives, ["2 camera", "2 microphone"])

    def test_out_already(self):
        """What Janus has taken out by itself needs no offer."""
        first, second = self.send(1, 2)
        before, handle = len(first.offers()), self.handle(1, is_sending=False)
        handle.lines = [None, None]
        self.conductor.left(LOBBY, 2)
        self.settle()
        self.assertEqual(len(first.offers()), before)
        self.conductor.entered(LOBBY, 2, 0)
        second.publish("camera", connection=2)
        self.settle()
        self.assertEqual(first.receives, ["2 camera"])

    def test_no_offer(self):
        """If there is no offer although something is to be received, it is asked for again a little later."""
        [first] = self.sit(1)
        subscribe = self.janus.do_join_subscriber
        self.patch(self.janus, "do_join_subscriber", lambda *told: (subscribe(*told)[0], None))
        self.send(2)
        self.assertEqual(first.offers(), [])
        self.patch(self.janus, "do_join_subscriber", subscribe)
        self.pass_time(REST_SECONDS)
        self.assertEqual(first.receives, ["2 camera", "2 microphone"])

    def test_a_candidate_that_is_none(self):
        """A candidate that Janus does not take is passed over, on both connections."""
        first, second = self.send(1, 2)
        take = self.janus.on_trickle
        self.patch(self.janus, "on_trickle", lambda link, told: link.fail(told, 465, "no candidate"))
        for kind in ("publish", "subscribe"):
            first.say(kind=kind, candidate={"candidate": "x"})
        self.patch(self.janus, "on_trickle", take)
        first.publish("camera")
        self.settle()
        self.assertEqual(second.receives, ["1 camera"])
        self.assertEqual(first.failed() + first.failed("subscribe"), [])

    def test_an_offer_by_itself(self):
        """An offer that was not asked for is told as well."""
        first, _ = self.send(1, 2)
        handle = self.handle(1, is_sending=False)
        self.janus.tell(handle, *self.janus.offer(handle, "updated"))
        self.settle()
        self.assertEqual(len(first.offers()), 2)
        self.assertFalse(handle.is_offered)


class SendingTests(ConductorCase):
    """What one page sends, step by step."""

    def test_another_connection(self):
        """An offer with other fingerprints is for a new connection, which takes the place of the old one."""
        first, second = self.send(1, 2)
        old = self.handle(2).number
        second.publish("microphone", connection=2)
        self.settle()
        self.assertNotIn(old, self.janus.handles)
        self.assertEqual(first.receives, ["2 microphone"])
        self.assertEqual(second.receives, ["1 camera", "1 microphone"])
        self.assertEqual(second.answered(), [1, 2])
        self.assertEqual(second.failed(), [])

    def test_hung_up(self):
        """If Janus gives the connection up, the page is told, and may send over a new one."""
        first, second = self.send(1, 2)
        self.janus.hang_up(self.handle(2))
        self.settle()
        self.assertEqual(second.failed(), ["ICE failed"])
        self.assertEqual(first.receives, [])
        self.send(3)
        self.assertEqual(second.receives, [f"{o} {s}" for o in (1, 3) for s in ("camera", "microphone")])
        second.publish("camera", connection=2)
        self.settle()
        self.assertEqual(first.receives, ["2 camera", "3 camera", "3 microphone"])

    def test_an_offer_that_is_none(self):
        """An offer that Janus does not understand fails, and the page is told why; the next may be good."""
        [page] = self.sit(1)
        page.publish("camera", sdp="rubbish\r\na=fingerprint:sha-256 1:1")
        self.assertEqual(page.heard[-1]["offer"], 1)
        self.assertIn("Invalid line", page.failed()[0])
        page.publish("camera")
        self.assertEqual(page.answered(), [2])

    def test_a_room_that_is_destroyed(self):
        """If somebody destroys the room, all enter it again, and are told to send again."""
        first, second = self.send(1, 2)
        self.janus.do_destroy(None, {"room": KEY.number, "secret": KEY.secret}, None)
        self.settle()
        self.assertEqual(first.failed(), ["the media server has closed the room"])
        self.assertEqual(list(self.janus.rooms), [KEY.number])
        second.publish("camera", connection=2)
        self.settle()
        self.assertEqual(first.receives, ["2 camera"])

    def test_a_room_that_goes_while_one_enters(self):
        """If the room is destroyed between its making and the entering, it is made again."""
        left = [2]
        join = self.janus.do_join_publisher

        def vanish(handle, body, jsep):
            if left[0]:
                left[0] -= 1
                del self.janus.rooms[body["room"]]
            return join(handle, body, jsep)

        self.patch(self.janus, "do_join_publisher", vanish)
        [page] = self.sit(1)
        page.publish("camera")
        self.assertEqual(page.answered(), [1])

    def test_no_way_in(self):
        """If Janus does not let one in, the page is told why, and so is the log."""
        self.janus.rooms[KEY.number] = {"pin": "another", "secret": "another", "description": ""}
        [page] = self.sit(1)
        self.assertEqual(page.failed(), ["Unauthorized (wrong pin)"])
        self.assertIn("seat 1", self.warnings[0])
        page.publish("camera")
        self.assertEqual(len(page.failed()), 2)
        self.assertEqual([each for each in self.janus.handles.values() if each.display], [])

    def test_no_answer(self):
        """If Janus has no answer to an offer, the page is told."""
        [page] = self.sit(1)
        publish = self.janus.do_publish
        self.patch(self.janus, "do_publish", lambda *told: (publish(*told)[0], None))
        page.publish("camera")
        self.assertEqual(page.failed(), ["there is no answer to this offer"])

    def test_no_room(self):
        """If Janus makes no room, the page is told why."""

        def refuse(handle, body, jsep):
            raise Refusal(433, "Unauthorized (wrong admin_key)")

        self.patch(self.janus, "do_create", refuse)
        [page] = self.sit(1)
        self.assertEqual(page.failed(), ["Unauthorized (wrong admin_key)"])

    def test_leaves_while_it_enters(self):
        """Whoever leaves before being in, or before receiving, leaves nothing in Janus, and hears nothing."""
        self.send(1)
        page = Page(self, 2)
        self.pages[LOBBY, 2] = page
        for steps in range(30):
            page.quiet = True
            self.conductor.entered(LOBBY, 2, 0)
            page.publish("camera")
            page.quiet = False
            for _ in range(steps):
                for pump in self.janus._pumps:
                    pump.pump()
            self.conductor.left(LOBBY, 2)
            self.soon.clear()
            page.heard.clear()
            self.settle()
            self.assertEqual([each.display for each in self.janus.handles.values()].count("2"), 0)
            self.assertEqual(page.heard, [])
        self.conductor.left(LOBBY, 1)
        self.settle()
        self.assertEqual(self.janus.handles, {})
        self.assertEqual(self.warnings, [])

    def test_too_much(self):
        """So many signals of a seat may wait, and no more; those of other seats do not count."""
        first, second = self.send(1, 2)
        self.janus.is_mute = True
        with self.assertRaises(TooFast):
            for _ in range(LANE_LIMIT + 2):
                first.say(kind="publish", candidate=None)
        second.say(kind="publish", candidate=None)
        with self.assertRaises(TooFast):
            for _ in range(LANE_LIMIT + 2):
                first.say(kind="subscribe", candidate=None)

    def test_candidates_of_no_connection(self):
        """Candidates before the first offer are for nothing."""
        [page] = self.sit(1)
        page.say(kind="publish", candidate=None)
        page.say(kind="subscribe", candidate=None)
        self.assertEqual(self.handle(1).candidates, [])

    def test_candidates_of_janus(self):
        """A candidate of Janus reaches the page, whole."""
        [page] = self.send(1)
        told = {"candidate": "x", "sdpMid": "0", "sdpMLineIndex": 0}
        handle = self.handle(1)
        handle.link.say(janus="trickle", session_id=1, sender=handle.number, candidate=told)
        self.settle()
        self.assertEqual(page.heard[-1], {"kind": "publish", "candidate": told})


class SessionTests(ConductorCase):
    """A Janus that goes, and comes back."""

    def test_back(self):
        """All seats are in the room again, and told once to begin afresh; then they receive each other."""
        first, second = self.send(1, 2)
        self.assertEqual(self.restarts, 0)
        self.janus.kill()
        for page in (first, second):
            with self.assertRaises(MediaAway):
                page.publish("camera", connection=2)
        with self.assertRaises(BadValue):
            first.say(kind="nonsense")
        self.janus.is_down = False
        self.pass_time(2)
        self.assertEqual(self.restarts, 1)
        first.heard.clear()
        second.publish("camera", connection=2)
        self.settle()
        self.assertEqual(first.receives, ["2 camera"])
        self.pass_time(self.rules.patience * 2)
        self.assertEqual(self.ends, 0)

    def test_there_before_janus(self):
        """Seats that are there before Janus is are told to begin afresh as well."""
        self.stop()
        self.janus.is_down = True
        self.conductor = self.node()
        first, second = self.sit(1, 2)
        self.janus.is_down = False
        self.pass_time(2)
        self.assertEqual(self.restarts, 1)
        second.publish("camera")
        self.settle()
        self.assertEqual(first.receives, ["2 camera"])

    def test_gone_for_good(self):
        """After the time that is configured the rooms end; those that come later have the same time."""
        self.send(1, 2)
        self.janus.kill()
        self.pass_time(self.rules.patience - 1)
        self.assertEqual(self.ends, 0)
        self.pass_time(1)
        self.assertEqual(self.ends, 1)
        self.conductor.left(LOBBY, 1)
        self.conductor.left(LOBBY, 2)
        self.conductor.closed(LOBBY)
        self.pass_time(self.rules.patience * 3)
        self.assertEqual(self.ends, 1)
        self.sit(3)
        self.pass_time(self.rules.patience)
        self.assertEqual(self.ends, 2)

    def test_nobody_waits(self):
        """Without seats nothing ends."""
        self.janus.kill()
        self.pass_time(self.rules.patience * 2)
        self.assertEqual(self.ends, 0)
        self.assertIn("refused", self.conductor.problem)

    def test_lost_in_the_middle(self):
        """Whatever is under way when Janus goes does no harm when it is back."""
        first, second = (Page(self, seat) for seat in (1, 2))
        self.pages.update({(LOBBY, page.seat): page for page in (first, second)})
        for steps in range(20):
            for page in (first, second):
                page.quiet, page.number = True, 0
                page.heard.clear()
                self.conductor.entered(LOBBY, page.seat, 0)
                page.publish("camera")
                page.say(kind="publish", candidate=None)
                page.say(kind="subscribe")
                page.quiet = False
            for _ in range(steps):
                for pump in self.janus._pumps:
                    pump.pump()
                if self.soon:
                    self.soon.pop(0)()
            self.janus.kill()
            self.soon.clear()
            self.janus.is_down = False
            self.pass_time(7)
            second.publish("microphone", connection=2)
            self.settle()
            self.assertEqual(first.receives, ["2 microphone"])
            for page in (first, second):
                self.conductor.left(LOBBY, page.seat)
            self.settle()
            self.assertEqual(self.janus.handles, {})
        self.assertEqual(self.warnings, [f"Janus at ws://janus.example:8188 is away: {CUT}"] * 20)

    def test_stops(self):
        """When the node stops, nothing of it is left: no seat in Janus, and nothing that waits."""
        first, _ = self.send(1, 2)
        first.answers = False
        self.send(3)
        self.stop()
        self.assertEqual((self.janus.handles, self.janus.links), ({}, []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stops_while_it_waits(self):
        """Likewise while Janus is away."""
        self.send(1, 2)
        self.janus.kill()
        self.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class EmptyRoomTests(ConductorCase):
    """Rooms in Janus that nobody is in any more."""

    def leave(self, *seats):
        for seat in seats:
            self.conductor.left(LOBBY, seat)
        self.conductor.closed(LOBBY)
        self.settle()

    def test_destroyed(self):
        """A room that is over is destroyed."""
        self.send(1, 2)
        self.leave(1, 2)
        self.assertEqual((self.janus.rooms, self.janus.handles), ({}, {}))
        self.assertEqual(self.warnings, [])

    def test_destroyed_once_it_is_empty(self):
        """It is not destroyed under somebody who is not out yet; and not at all if somebody stays."""
        for goes in (True, False):
            self.send(1, 2)
            self.janus.lingering = []
            self.leave(1, 2)
            self.assertEqual(list(self.janus.rooms), [KEY.number])
            if goes:
                self.janus.lingering = None
            self.pass_time(LOOKS * LOOK_SECONDS)
            self.assertEqual(list(self.janus.rooms), [] if goes else [KEY.number])

    def test_in_use_again(self):
        """It is not destroyed if somebody has come meanwhile."""
        self.send(1)
        self.conductor.left(LOBBY, 1)
        self.conductor.closed(LOBBY)
        self.sit(2)
        self.pass_time(LOOKS * LOOK_SECONDS)
        self.assertEqual(list(self.janus.rooms), [KEY.number])

    def test_gone_already(self):
        """That another node was faster is fine."""
        self.send(1)
        self.janus.rooms.clear()
        self.leave(1)
        self.assertEqual(self.warnings, [])

    def test_stays(self):
        """If Janus does not let it be destroyed, that is said."""
        self.send(1)
        self.janus.rooms[KEY.number]["secret"] = "another"
        self.leave(1)
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("wrong secret", self.warnings[0])

    def test_janus_goes_meanwhile(self):
        """If Janus is lost while it is looked, it has no rooms anyway."""
        self.send(1)
        self.conductor.left(LOBBY, 1)
        self.conductor.closed(LOBBY)
        self.janus.kill()
        self.conductor.closed(LOBBY)
        self.assertEqual(len(self.warnings), 1)

    def test_no_list(self):
        """If Janus does not tell which rooms there are, they stay."""
        self.send(1)
        self.stop()
        self.patch(self.janus, "do_list", self.refuse)
        self.node()
        self.assertEqual(list(self.janus.rooms), [KEY.number])
        self.assertEqual(self.warnings, [])

    def refuse(self, handle, body, jsep):
        raise Refusal(433, "Unauthorized (wrong admin_key)")

    def test_left_behind(self):
        """Empty rooms of nodes that ended without a word are destroyed, and no others."""
        self.stop()
        hall = Channel(3, "hall")
        key = room_key(SECRET, hall)
        ours = {"pin": key.pin, "secret": key.secret, "description": "comet 3 hall"}
        self.janus.rooms = {
            key.number: ours,
            KEY.number: {"pin": "", "secret": KEY.secret, "description": "Demo Room"},
            1234: {**ours, "description": "comet 3 hall"},
            5678: {**ours, "description": "comet x"},
        }
        self.node()
        self.assertEqual(set(self.janus.rooms), {KEY.number, 1234, 5678})

    def test_left_behind_but_in_use(self):
        """A room of another node stays as long as it has somebody in it."""
        self.send(1)
        self.node()
        self.pass_time(LOOK_SECONDS)
        self.assertEqual(list(self.janus.rooms), [KEY.number])
        self.conductor.left(LOBBY, 1)
        self.pass_time(LOOK_SECONDS)
        self.assertEqual(self.janus.rooms, {})
