"""What is counted of calls and rooms."""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from comet.errors import Away, DatabaseDenied, KeyRequired
from comet.sections import Video
from comet.video.model import Call, Join, Leave, Mode, Reason, Topology
from comet.video.tally import REFUSALS, Purpose, Tally
from tests.video.media import RecordingMedia
from tests.video.nodes import Nodes
from tests.video.scene import VideoCase


class CountingTests(VideoCase):
    """One server."""

    @property
    def status(self):
        return self.broker.hall.status()

    def test_what_becomes_of_calls(self):
        """Each is counted when it rings, and when it is known how that has ended."""
        ann, bob, room = self.talking()
        self.assertEqual((self.status.calls, self.status.seats, self.status.rings), (1, 2, 0))
        ann.do("leave", room=room)
        for reason in ("declined", "busy"):
            bob.do("decline", room=ann.do("call", user_id=7)["room"], reason=reason)
        ann.do("leave", room=ann.do("call", user_id=7)["room"])
        ann.do("call", user_id=7)
        self.assertEqual((self.status.calls, self.status.seats, self.status.rings), (1, 1, 1))
        self.wait(46)
        self.assertEqual((self.status.calls, self.status.seats, self.status.rings), (0, 0, 0))
        tally = self.status.tally
        self.assertEqual(tally.begun, {Purpose.CALL: 5})
        ends = (Reason.TAKEN, Reason.DECLINED, Reason.BUSY, Reason.CANCELLED, Reason.EXPIRED)
        self.assertEqual(tally.over, {(Purpose.CALL, reason): 1 for reason in ends})
        self.assertEqual(tally.refused, {})

    def test_invitations(self):
        """Into a room are another thing, whoever has rung."""
        ann, bob = self.page(3), self.page(7)
        ann.do("join", room="lobby")
        ann.do("invite", room="lobby", user_id=7)
        bob.do("join", room="lobby")
        self.commit(self.broker.conferences.ring(0, "lobby", 9, 0, Mode.AUDIO, ""))
        self.commit(self.broker.conferences.ring(0, "lobby", 9, 0, Mode.AUDIO, "again"))
        self.assertEqual(self.status.tally.begun, {Purpose.INVITE: 2})
        self.assertEqual(self.status.tally.over, {(Purpose.INVITE, Reason.TAKEN): 1})
        self.assertEqual((self.status.rings, self.status.rooms), (1, {Topology.MESH: 1}))

    def test_signals_and_refusals(self):
        """What is carried is a signal; what is not has a reason, found at the desk or later."""
        ann, bob, room = self.talking()
        for to in (bob.number, bob.number, 999):
            ann.do("signal", room=room, to=to, data={})
        ann.do("call", user_id=5), ann.do("call", user_id=3), ann.do("leave", room="lobby")
        self.assertEqual(self.status.tally.signals, 2)
        self.assertEqual(
            self.status.tally.refused, {"no_seat": 1, "unknown_user": 1, "busy": 1, "not_in_room": 1}
        )

    def test_the_way_of_media(self):
        """Rooms are counted by it."""
        self.serve(RecordingMedia(), mesh_limit=1, room_limit=3)
        for user_id in (3, 7):
            self.page(user_id).do("join", room="lobby")
        self.page(9).do("join", room="den")
        self.assertEqual(self.status.rooms, {Topology.MESH: 1, Topology.SFU: 1})

    def test_it_stands_still(self):
        """What was asked for does not change."""
        before = self.status
        self.talking()
        self.assertEqual((before.calls, before.tally), (0, Tally()))


class TallyTests(SynchronousTestCase):
    """The names of refusals."""

    def test_each_has_a_name(self):
        """An error counts as what it is a kind of, and one that nobody thinks of as another."""
        tally = Tally()
        for error in (DatabaseDenied("no"), Away("no"), KeyRequired("no")):
            tally.refuse(error)
        self.assertEqual(tally.refused, Counter({"not_allowed": 1, "unavailable": 1, "other": 1}))
        self.assertEqual(set(tally.refused) - set(REFUSALS), set())


class NodesTests(SynchronousTestCase):
    """Several servers."""

    def test_each_thing_is_counted_once(self):
        """Rooms are those of all, but seats and rings those of the server that looks after them."""
        scene = Nodes(video=Video())
        ann, bob = (scene.page(broker, user) for broker, user in zip(scene.brokers, (3, 7), strict=True))
        ann.do(Leave(ann.do(Call(7)).room))
        bob.do(Join(ann.do(Call(7)).room))
        one, two = (broker.hall.status() for broker in scene.brokers)
        self.assertEqual((one.calls, one.seats, two.calls, two.seats), (1, 1, 1, 1))
        self.assertEqual((one.tally.begun, two.tally.begun), ({Purpose.CALL: 2}, {}))
        wanted = {(Purpose.CALL, Reason.CANCELLED): 1, (Purpose.CALL, Reason.TAKEN): 1}
        self.assertEqual((one.tally.over, two.tally.over), (wanted, {}))
