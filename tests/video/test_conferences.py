"""Tests for calls and rooms from SQL: the tables C{conference} and C{conference_members}."""

import json

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.errors import BadValue, KeyRequired, OutOfRange, ReadOnly, TableFull, TooLong
from comet.model import PrivateMessage, User
from comet.video.model import DATA_LIMIT, Answered, Ended, Join, Reason, Ringing, Rings, Silent
from tests.cometql.talk import at_once
from tests.protocols.clients import LineClient
from tests.video.nodes import Nodes
from tests.video.scene import VideoCase

INSERT = "INSERT INTO conference (name, user_id, caller_id, message, profile) VALUES "


class SQLCase(VideoCase):
    """One server with browsers and a conversation in SQL."""

    def serve(self, **more):
        super().serve(**more)
        self.engine = Engine(self.broker, "secret", dev_index_size=100)
        self.talk = self.engine.open(Login("root", 0, 7, "127.0.0.1:5000", "CometQL_v1"))

    def run_(self, text):
        return at_once(self.talk.query(text))

    def affected(self, text):
        """@return: how many rows a statement has written or removed."""
        return self.run_(text).affected

    def rows(self, text):
        return [tuple(row) for row in self.run_(text).rows]

    def ring(self, user_id=7, room="lobby", caller_id=0, message="{}", profile="video"):
        """Ring a user into a room."""
        return self.affected(f"{INSERT}('{room}', {user_id}, {caller_id}, '{message}', '{profile}')")


class RingTests(SQLCase):
    """INSERT INTO conference."""

    def test_all_devices_ring(self):
        """The user's pages are told of the room, who calls, what is offered, and what the site has to say."""
        phone, tablet, other = self.page(7), self.page(7), self.page(9)
        self.assertEqual(self.ring(caller_id=3, message="come", profile="audio"), 1)
        (ring,) = [frame for frame in phone.hears() if frame["type"] == "ring"]
        facts = {"caller_id": 3, "connection": 0, "mode": "audio", "data": "come", "until": 1045}
        self.assertEqual(ring, {"type": "ring", "room": "lobby", "kind": "room", **facts})
        self.assertIn(ring, tablet.hears())
        self.assertEqual(other.hears(), [])

    def test_profiles(self):
        """They say what is offered, in any letter case; any other is a video call."""
        phone = self.page(7)
        for profile, mode in (("screen", "screen"), ("Audio", "audio"), ("default", "video")):
            self.ring(room=profile, profile=profile)
            (ring,) = [frame for frame in phone.hears() if frame["type"] == "ring"]
            self.assertEqual(ring["mode"], mode)

    def test_the_caller_hears_what_becomes_of_it(self):
        """All pages of C{caller_id} are told that it rings, and that it was answered or not."""
        caller, second, phone = self.page(3), self.page(3), self.page(7)
        self.ring(caller_id=3)
        ringing = {"type": "ringing", "room": "lobby", "user_id": 7, "devices": 1}
        self.assertEqual((caller.hears(), second.hears()), ([ringing], [ringing]))
        phone.do("join", room="lobby")
        answered = {"type": "answered", "room": "lobby", "user_id": 7, "seat": phone.number}
        self.assertEqual((caller.hears(), second.hears()), ([answered], [answered]))
        self.ring(user_id=9, caller_id=3)
        caller.hears()
        self.wait(46)
        unanswered = {"type": "unanswered", "room": "lobby", "user_id": 9, "reason": "expired"}
        self.assertEqual(caller.hears(), [unanswered])

    def test_a_ring_lets_in(self):
        """Whoever is rung may enter, whatever the rights say."""
        self.run_("INSERT INTO channel_rights (prefix, subscribe) VALUES ('call_room_', 'none')")
        phone, other = self.page(7), self.page(9)
        self.ring()
        self.refused("not_allowed", other.do("join", room="lobby"))
        self.assertEqual(phone.do("join", room="lobby")["kind"], "room")

    def test_who_comes_later_is_rung_too(self):
        """Nobody needs to be here when it rings; a page that connects meanwhile hears it, and none later."""
        self.ring()
        self.wait(44)
        self.assertIn("ring", self.page(7).kinds())
        self.wait(2)
        self.assertNotIn("ring", self.page(7).kinds())

    def test_within_a_transaction(self):
        """It rings at COMMIT, and never after ROLLBACK; the time counts from COMMIT on."""
        phone = self.page(7)
        self.run_("BEGIN")
        self.assertEqual(self.ring(), 1)
        self.assertEqual(phone.hears(), [])
        self.run_("ROLLBACK")
        self.assertEqual(phone.hears(), [])
        self.assertEqual(self.rows("SELECT * FROM conference WHERE name = 'lobby'"), [])
        self.run_("BEGIN")
        self.ring()
        self.wait(100)
        self.run_("COMMIT")
        (ring,) = [frame for frame in phone.hears() if frame["type"] == "ring"]
        self.assertEqual(ring["until"], 1145)
        self.assertEqual(self.rows("SELECT expires FROM conference WHERE name = 'lobby'"), [(1145,)])

    def test_several_at_once(self):
        """Each row rings a user."""
        phone, other = self.page(7), self.page(9)
        self.assertEqual(
            self.affected(f"{INSERT}('lobby', 7, 3, '', 'video'), ('lobby', 9, 3, '', 'video')"), 2
        )
        self.assertIn("ring", phone.kinds())
        self.assertIn("ring", other.kinds())

    def test_nobody(self):
        """User 0 is nobody: the row is kept, as CppComet does, and no stranger may enter by it."""
        stranger = self.page()
        self.assertEqual(self.ring(user_id=0), 1)
        self.assertEqual(stranger.hears(), [])
        self.refused("not_allowed", stranger.do("join", room="lobby"))

    def test_refusals(self):
        """What is wrong is named, and nobody hears of it."""
        phone = self.page(7)
        for error, words, changes in (
            (BadValue, "column 'name'", {"room": "call-x"}),
            (BadValue, "column 'name'", {"room": "a b"}),
            (OutOfRange, "column 'user_id'", {"user_id": -1}),
            (OutOfRange, "column 'caller_id'", {"caller_id": 2**31}),
            (TooLong, "column 'message'", {"message": "x" * (DATA_LIMIT + 1)}),
            (BadValue, "column 'profile'", {"profile": "a b"}),
        ):
            with self.assertRaises(error) as caught:
                self.ring(**changes)
            self.assertIn(words, str(caught.exception))
        self.assertEqual(phone.hears(), [])
        self.ring(message="x" * DATA_LIMIT)

    def test_explained(self):
        """EXPLAIN INSERT tells at how many devices it would ring, and rings nowhere."""
        phone = self.page(7)
        rows = (
            f"{INSERT}('lobby', 7, 3, '', 'video'), ('lobby', 9, 3, '', 'video'), ('call-x', 9, 3, '', 'x')"
        )
        found = self.rows(f"EXPLAIN {rows}")
        self.assertEqual(
            [row[1:5] for row in found], [(1, "websocket/json: 1", 0, 1), (0, "", 1, 1), (0, "", 0, 0)]
        )
        self.assertIn("only the server makes calls", found[2][5])
        self.assertEqual(phone.hears(), [])

    def test_too_many_rooms(self):
        """There is a limit, and nothing is kept of an invitation that is over it."""
        self.serve(rooms=1)
        self.ring(room="first")
        self.assertIn("[video] rooms", str(self.assertRaises(TableFull, self.ring, room="second")))
        self.assertEqual(
            self.rows("SELECT name FROM conference WHERE name IN ('first', 'second')"), [("first",)]
        )


class OldClientTests(SQLCase):
    """What the clients of CppComet are told."""

    def line(self, user_id):
        client = LineClient(self.port, user_id=user_id, key=f"key{user_id}")
        client.frames()
        return client

    def test_live(self):
        """They are sent C{sys_sipCall} with an object; the text is passed on as it came."""
        phone = self.line(7)
        self.ring(caller_id=3, message='{"x":1}')
        (frame,) = phone.browser.heard()
        self.assertEqual((frame["pipe"], frame["event"]), ("msg", "sys_sipCall"))
        self.assertNotIn("message_send_time", frame)
        self.assertEqual(frame["data"]["message"], '{"x":1}')
        facts = frame["data"]["sys"]
        self.assertEqual((facts["caller_id"], facts["mode"], facts["conference_name"]), (3, "video", "lobby"))
        self.assertEqual((facts["serverName"], facts["serverPort"]), ("127.0.0.1", 8087))

    def test_an_old_ring_never_rings(self):
        """Who comes while it rings finds it in the queue, as text; who comes later finds nothing."""
        self.ring()
        self.ring(user_id=9)
        self.wait(40)
        (_, frame) = LineClient(self.port, user_id=7, key="key7").browser.heard()
        self.assertEqual((frame["event"], frame["fromQueue"]), ("sys_sipCall", True))
        self.assertEqual(json.loads(frame["data"])["sys"]["conference"], "true")
        self.wait(6)
        (welcome,) = LineClient(self.port, user_id=9, key="key9").browser.heard()
        self.assertEqual(welcome["event"], "serverInfo")
        self.assertEqual(self.rows("SELECT * FROM users_messages WHERE id = 9"), [])

    def test_all_in_a_conference_share_a_channel(self):
        """And nobody else does."""
        phone, other = self.line(7), self.line(9)
        self.ring(), self.ring(user_id=9), self.ring(user_id=9, room="hall")
        (one,) = phone.browser.heard()
        two, three = other.browser.heard()
        pipes = [frame["data"]["sys"]["callPipe"] for frame in (one, two, three)]
        self.assertEqual(pipes[0], pipes[1])
        self.assertNotEqual(pipes[0], pipes[2])


class RemoveTests(SQLCase):
    """DELETE FROM conference."""

    def remove(self, *user_ids, room="lobby"):
        users = ", ".join(map(str, user_ids))
        return self.affected(f"DELETE FROM conference WHERE name = '{room}' AND user_id IN ({users})")

    def test_a_ring_is_cancelled(self):
        """The pages of the user are silent again, and the caller is told; the row is gone."""
        caller, phone = self.page(3), self.page(7)
        self.ring(caller_id=3)
        phone.hears(), caller.hears()
        self.assertEqual(self.affected("DELETE FROM conference WHERE name = 'lobby' AND user_id = 7"), 1)
        self.assertEqual(phone.hears(), [{"type": "silent", "room": "lobby", "reason": "cancelled"}])
        unanswered = {"type": "unanswered", "room": "lobby", "user_id": 7, "reason": "cancelled"}
        self.assertEqual(caller.hears(), [unanswered])
        self.assertEqual(self.rows("SELECT * FROM conference WHERE name = 'lobby'"), [])

    def test_who_is_there_is_taken_out(self):
        """All devices of the user get up, and are told why; the others are told that they have gone."""
        phone, tablet, other = self.page(7), self.page(7), self.page(9)
        for page in (phone, tablet, other):
            page.do("join", room="lobby")
        for page in (phone, tablet, other):
            page.hears()
        self.ring(room="lobby")
        self.assertEqual(self.remove(7), 1)
        ended = {"type": "ended", "room": "lobby", "reason": "removed"}
        self.assertIn(ended, phone.hears())
        self.assertIn(ended, tablet.hears())
        gone = [frame for frame in other.hears() if frame["type"] == "gone"]
        self.assertEqual(
            [(frame["seat"], frame["reason"]) for frame in gone],
            [(phone.number, "removed"), (tablet.number, "removed")],
        )
        self.assertEqual(self.rows("SELECT user_id FROM conference_members WHERE name = 'lobby'"), [(9,)])

    def test_affected_rows(self):
        """A user counts once who was invited, rung or there, whoever has asked for that; others do not."""
        ann, phone, other = self.page(3), self.page(7), self.page(9)
        other.do("join", room="lobby")
        ann.do("join", room="lobby")
        ann.do("invite", room="lobby", user_id=7)
        self.assertEqual(self.remove(7, 9, 11), 2)
        self.assertIn("silent", phone.kinds())
        self.assertEqual(self.remove(7, 9, 11), 0)
        self.assertEqual(self.rows("SELECT user_id FROM conference_members"), [(3,)])

    def test_hanging_up_a_call(self):
        """A call that pages have made is ended the same way."""
        ann, bob, room = self.talking()
        self.assertEqual(self.remove(3, room=room), 1)
        self.assertIn({"type": "ended", "room": room, "reason": "removed"}, ann.hears())
        self.assertEqual([frame["type"] for frame in bob.hears()][-1], "ended")
        self.assertEqual(self.rows("SELECT * FROM conference_members"), [])

    def test_within_a_transaction(self):
        """It is held back until COMMIT, and counted at once."""
        phone = self.page(7)
        phone.do("join", room="lobby")
        phone.hears()
        self.run_("BEGIN")
        self.assertEqual(self.remove(7), 1)
        self.assertEqual(phone.hears(), [])
        self.run_("COMMIT")
        self.assertEqual(phone.kinds(), ["ended"])

    def test_never_all_at_once(self):
        """The name alone is not enough, so that a slip does not end a conference."""
        self.assertRaises(KeyRequired, self.run_, "DELETE FROM conference WHERE name = 'lobby'")

    def test_tenants_do_not_meet(self):
        """A name is that of each tenant by itself."""
        phone = self.page(7)
        phone.do("join", room="lobby")
        other = self.engine.open(Login("2", 2, 8, "127.0.0.1:5001", "CometQL_v1"))
        text = "DELETE FROM conference WHERE name = 'lobby' AND user_id = 7"
        self.assertEqual(at_once(other.query(text)).affected, 0)
        self.assertEqual(list(at_once(other.query("SELECT * FROM conference_members")).rows), [])
        self.assertEqual(self.rows("SELECT user_id FROM conference_members"), [(7,)])


class InvitationTests(SQLCase):
    """SELECT FROM conference."""

    def test_how_long_a_row_stays(self):
        """
        A row tells that somebody was invited, whatever became of it: until it is removed, or somebody else is
        invited a day after it has expired. C{expires} says until when it rings.
        """
        self.ring()
        self.wait(60)
        self.ring(user_id=9)
        query = "SELECT user_id, expires FROM conference WHERE name = 'lobby'"
        self.assertEqual(self.rows(query), [(7, 1045), (9, 1105)])
        self.assertEqual(self.rows(f"{query} AND expires > 1060"), [(9, 1105)])
        self.clock.advance(86_400 - 30)
        self.ring(user_id=3)
        self.assertEqual([row[0] for row in self.rows(query)], [3, 9])

    def test_old_columns(self):
        """C{SELECT *} has the columns of CppComet."""
        self.ring(message="m", caller_id=3)
        self.assertEqual(
            self.rows("SELECT * FROM conference WHERE name = 'lobby'"), [("lobby", 7, 3, "m", "video", 0, "")]
        )


class MemberTests(SQLCase):
    """SELECT FROM conference_members."""

    def test_who_is_there(self):
        """A row for each device, in the order they came, with the seconds since they came and spoke."""
        ann, bob = self.page(3), self.page(7)
        ann.do("join", room="lobby", mode="audio")
        self.wait(10)
        bob.do("join", room="lobby", mode="screen")
        ann.do("media", room="lobby", talking=True)
        self.wait(5)
        query = "SELECT user_id, join_time, last_talking, talking, talking_time, muted, video, screen, hold"
        self.assertEqual(
            self.rows(f"{query} FROM conference_members WHERE name = 'lobby'"),
            [(3, 15, 0, 1, 5, 0, 0, 0, 0), (7, 5, -1, 0, 0, 0, 0, 1, 0)],
        )
        ann.do("media", room="lobby", talking=False, audio=False, video=True, hold=True)
        self.wait(2)
        self.assertEqual(
            self.rows(f"{query} FROM conference_members WHERE name = 'lobby'")[0],
            (3, 17, 2, 0, 0, 1, 1, 0, 1),
        )

    def test_the_old_columns_come_first(self):
        """Programs that count columns find the four of CppComet where they were."""
        self.page(7).do("join", room="lobby")
        ((name, user_id, since, talked, *_),) = self.rows(
            "SELECT * FROM conference_members WHERE name = 'lobby'"
        )
        self.assertEqual((name, user_id, since, talked), ("lobby", 7, 0, -1))

    def test_where(self):
        """Seat, connection, and the server; a lost connection has none, and keeps the seat."""
        phone = self.page(7)
        phone.do("join", room="lobby")
        query = "SELECT seat, connection, lost, topology FROM conference_members WHERE name = 'lobby'"
        self.assertEqual(self.rows(query), [(phone.number, phone.number, 0, "mesh")])
        phone.vanish()
        self.assertEqual(self.rows(query), [(phone.number, 0, 1, "mesh")])
        self.wait(21)
        self.assertEqual(self.rows(query), [])

    def test_without_a_name(self):
        """All rooms and calls are told, and functions and joins work on them."""
        self.talking()
        self.page(9).do("join", room="lobby")
        self.assertEqual(len(self.rows("SELECT * FROM conference_members")), 3)
        self.assertEqual(
            self.rows("SELECT COUNT(*) FROM conference_members WHERE name LIKE 'call-%'"), [(2,)]
        )
        joined = (
            "SELECT m.user_id, t.time FROM conference_members m JOIN users_time t ON t.id = m.user_id"
            " WHERE m.name = 'lobby'"
        )
        self.assertEqual(self.rows(joined), [(9, 0)])

    def test_it_explains_itself(self):
        """DESCRIBE and EXPLAIN tell its columns, the old ones first."""
        columns = [row[0] for row in self.rows("DESCRIBE conference_members")]
        self.assertEqual(columns[:4], ["name", "user_id", "join_time", "last_talking"])
        self.assertEqual([row[0] for row in self.rows("EXPLAIN conference_members")], columns)

    def test_read_only(self):
        """Nobody sits down in SQL."""
        self.assertRaises(
            ReadOnly, self.run_, "INSERT INTO conference_members (name, user_id) VALUES ('lobby', 7)"
        )


class DeviceTests(SQLCase):
    """One ring, several kinds of clients."""

    def test_a_page_and_an_old_client(self):
        """Each is told in its own words, and both count as devices."""
        caller, page = self.page(3), self.page(7)
        old = LineClient(self.port, user_id=7, key="key7")
        old.frames()
        self.ring(caller_id=3)
        self.assertEqual([frame["devices"] for frame in caller.hears()], [2])
        self.assertEqual(page.kinds().count("ring"), 1)
        (frame,) = old.browser.heard()
        self.assertEqual(frame["event"], "sys_sipCall")
        self.assertEqual(len(self.broker.presence.devices(User(0, 7))), 2)


class ServersTests(SynchronousTestCase):
    """Several servers: SQL on any of them reaches, and shows, all."""

    def setUp(self):
        self.scene = Nodes("ab")
        self.a, self.b = self.scene.brokers

    def query(self, broker, text):
        engine = Engine(broker, "secret", dev_index_size=100)
        talk = engine.open(Login("root", 0, 7, "127.0.0.1:5000", "CometQL_v1"))
        return self.scene.run(talk.query(text))

    def rows(self, broker, text):
        return [tuple(row) for row in self.query(broker, text).rows]

    def hears(self, *pages):
        return [[type(event) for event in page.hears()] for page in pages]

    def test_a_ring(self):
        """The pages of both users, wherever they are, are told once."""
        caller, phone, tablet = (self.scene.page(*where) for where in ((self.a, 3), (self.a, 7), (self.b, 7)))
        self.query(self.b, f"{INSERT}('lobby', 7, 3, 'come', 'audio')")
        self.assertEqual(self.hears(caller, phone, tablet), [[Ringing], [Rings], [Rings]])
        tablet.do(Join("lobby"))
        self.assertEqual(self.hears(caller, phone), [[Answered], [Silent]])

    def test_members(self):
        """Both servers tell the same, with the names of the servers."""
        page, other = self.scene.page(self.a, 7), self.scene.page(self.b, 9)
        page.do(Join("lobby"))
        self.scene.wait(2)
        other.do(Join("lobby"))
        expected = [(7, "a", page.number, 2), (9, "b", other.number, 0)]
        for broker in (self.a, self.b):
            found = self.rows(broker, "SELECT user_id, node, seat, join_time FROM conference_members")
            self.assertEqual(found, expected)

    def test_removed(self):
        """DELETE takes out, and silences, whoever is at another server; it is counted where it is said."""
        page, rung = self.scene.page(self.a, 7), self.scene.page(self.a, 9)
        page.do(Join("lobby"))
        self.query(self.a, f"{INSERT}('lobby', 9, 0, '', 'video')")
        page.hears(), rung.hears()
        text = "DELETE FROM conference WHERE name = 'lobby' AND user_id IN (7, 9, 11)"
        self.assertEqual(self.query(self.b, text).affected, 2)
        (ended,), (silent,) = page.hears(), rung.hears()
        self.assertEqual((type(ended), ended.reason), (Ended, Reason.REMOVED))
        self.assertEqual((type(silent), silent.reason), (Silent, Reason.CANCELLED))

    def test_old_clients(self):
        """The message comes from another server as the object that it is."""
        page = self.scene.page(self.a, 7)
        self.query(self.b, f"{INSERT}('lobby', 7, 3, 'come', 'audio')")
        (message,) = [event for event in page.line.events if isinstance(event, PrivateMessage)]
        self.assertEqual((message.event, message.is_object, message.queued), ("sys_sipCall", True, False))
