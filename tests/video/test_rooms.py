"""Rooms, as pages and SQL see them."""

import jwt

from comet.batch import Batch
from comet.errors import BadValue, TableFull, TooLong
from comet.model import Channel, User
from comet.rights import Rule, Who
from comet.video.model import Mode
from tests.running import finish
from tests.video.media import RecordingMedia
from tests.video.scene import PASSWORD, VideoCase

ME = {"seat": 1, "connection": 1, "user_id": 3, "audio": True, "video": True, "screen": False}
ME |= {"hold": False, "talking": False, "lost": False, "since": 1000}


class RoomTests(VideoCase):
    """Coming in, being there, and leaving."""

    def test_who_comes_and_goes(self):
        """All others are told; who comes is told who is there, in the order in which they came."""
        ann, bob = self.page(3), self.page(7)
        answer = ann.do("join", room="lobby")
        self.assertEqual(answer["members"], [ME | {"seat": ann.number, "connection": ann.number}])
        self.assertEqual((answer["kind"], answer["limit"], answer["room"]), ("room", 4, "lobby"))
        self.wait(1)
        answer = bob.do("join", room="lobby", mode="screen")
        self.assertEqual([each["user_id"] for each in answer["members"]], [3, 7])
        (entered,) = ann.hears()
        self.assertEqual(entered, {"type": "entered", "room": "lobby", "member": answer["members"][1]})
        self.assertTrue(entered["member"]["screen"])
        self.assertEqual(bob.do("leave", room="lobby")["type"], "ok")
        self.assertEqual(
            ann.hears(),
            [{"type": "gone", "room": "lobby", "seat": bob.number, "user_id": 7, "reason": "hangup"}],
        )
        self.refused("not_in_room", bob.do("leave", room="lobby"))

    def test_joining_twice(self):
        """Gives the same answer, and nobody hears of it."""
        ann, bob = self.page(3), self.page(7)
        ann.do("join", room="lobby")
        first, second = bob.do("join", room="lobby"), bob.do("join", room="lobby", mode="audio")
        first.pop("id"), second.pop("id")
        self.assertEqual(first, second)
        self.assertEqual(ann.kinds(), ["entered"])

    def test_two_devices_of_a_user(self):
        """May sit side by side in a room."""
        phone, tablet = self.page(7), self.page(7)
        phone.do("join", room="lobby")
        answer = tablet.do("join", room="lobby")
        self.assertEqual([each["seat"] for each in answer["members"]], [phone.number, tablet.number])

    def test_what_is_on(self):
        """Others are told when it changes; what is left out stays; without an id there is no answer."""
        ann, bob = self.page(3), self.page(7)
        for page in (ann, bob):
            page.do("join", room="lobby")
        ann.hears()
        told = {"type": "media", "room": "lobby", "seat": bob.number}
        on = {"audio": True, "video": True, "screen": False, "hold": False, "talking": False}
        bob.say(cmd="media", room="lobby", talking=True)
        self.assertEqual(ann.hears(), [told | on | {"talking": True}])
        bob.say(cmd="media", room="lobby", audio=False, talking=False)
        self.assertEqual(ann.hears(), [told | on | {"audio": False}])
        bob.say(cmd="media", room="lobby", audio=False)
        self.assertEqual((ann.hears(), bob.hears()), ([], []))
        self.assertEqual(bob.do("media", room="lobby", hold=True)["type"], "ok")
        members = ann.do("room", room="lobby")["members"]
        self.assertEqual((members[1]["hold"], members[1]["audio"]), (True, False))
        self.refused("bad_value", bob.do("media", room="lobby", hold=1))

    def test_an_empty_room(self):
        """Is none."""
        ann = self.page(3)
        ann.do("join", room="lobby")
        ann.vanish()
        self.wait(22)
        self.assertEqual(self.broker.hall.book.rooms, {})

    def test_tenants_do_not_meet(self):
        """Rooms of the same name, and users of the same number, are others."""
        finish(self.broker.store.set_key(User(1, 7), "key7"))
        here, there = self.page(7), self.page(7, dev_id=1)
        here.do("join", room="lobby")
        self.assertEqual(len(there.do("join", room="lobby")["members"]), 1)
        self.assertEqual(here.hears(), [])
        self.refused("offline", self.page(3).do("call", connection=there.number))
        self.assertEqual(self.page(3).do("call", user_id=7)["name"], "busy")
        self.refused("no_seat", here.do("signal", room="lobby", to=there.number, data={}))


class InviteTests(VideoCase):
    """Ringing further users into a room."""

    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.page(3), self.page(7)
        self.ann.do("join", room="lobby")

    def test_an_invitation(self):
        """Rings, and is taken by joining; the room goes on if it is not."""
        self.assertEqual(self.ann.do("invite", room="lobby", user_id=7, mode="audio")["type"], "ok")
        (ring,) = self.bob.hears()
        self.assertEqual((ring["kind"], ring["room"], ring["mode"]), ("room", "lobby", "audio"))
        self.bob.do("decline", room="lobby")
        self.assertEqual([frame["type"] for frame in self.ann.hears()], ["ringing", "unanswered"])
        self.ann.do("invite", room="lobby", user_id=7)
        self.assertEqual(self.bob.kinds(), ["ring"])
        self.bob.do("join", room="lobby")
        self.assertEqual(self.ann.kinds(), ["ringing", "entered", "answered"])

    def test_taking_it_back(self):
        """By who rings, and by nobody else."""
        other = self.page(9)
        other.do("join", room="lobby")
        self.ann.do("invite", room="lobby", user_id=7)
        self.bob.hears()
        self.refused("no_room", other.do("cancel", room="lobby", user_id=7))
        self.refused("not_in_room", self.bob.do("cancel", room="lobby", user_id=7))
        self.ann.do("cancel", room="lobby", user_id=7)
        self.assertEqual(self.bob.hears(), [{"type": "silent", "room": "lobby", "reason": "cancelled"}])
        self.refused("no_room", self.bob.do("decline", room="lobby"))

    def test_who_rings_leaves(self):
        """It rings on, for there may be others in the room; the room is there as long as it rings."""
        self.ann.do("invite", room="lobby", user_id=7)
        self.ann.do("leave", room="lobby")
        self.assertEqual(self.bob.kinds(), ["ring"])
        self.assertEqual(len(self.bob.do("join", room="lobby")["members"]), 1)

    def test_who_may_not(self):
        """Ring somebody into a room in which one does not sit, into a call, or who is busy."""
        self.refused("not_in_room", self.bob.do("invite", room="lobby", user_id=9))
        carl = self.page(9)
        self.refused("busy", carl.do("call", user_id=3))
        self.refused("unknown_user", self.ann.do("invite", room="lobby", user_id=5))
        room = carl.do("call", user_id=7)["room"]
        self.refused("busy", self.ann.do("invite", room="lobby", user_id=9))
        self.bob.do("join", room=room)
        self.refused("not_allowed", self.bob.do("invite", room=room, user_id=3))

    def test_ringing_twice(self):
        """Is ringing once."""
        for _ in range(2):
            self.assertEqual(self.ann.do("invite", room="lobby", user_id=7)["type"], "ok")
        self.assertEqual(self.bob.kinds(), ["ring"])


class RightTests(VideoCase):
    """Who may ring whom, and enter which room."""

    def deny(self, prefix, **rights):
        self.broker.rights.set(0, Rule(prefix, **rights))

    def test_built_in(self):
        """The signed-in may ring and enter; strangers may not, are not rung, and get no credentials."""
        stranger, ann = self.page(), self.page(3)
        for answer in (
            stranger.do("call", user_id=3),
            stranger.do("join", room="lobby"),
            stranger.do("room", room="lobby"),
            stranger.do("ice"),
        ):
            self.refused("not_allowed", answer)
        self.refused("not_in_room", stranger.do("signal", room="lobby", to=1, data={}))
        self.refused("offline", ann.do("call", connection=stranger.number))
        self.assertEqual(ann.hears(), [])

    def test_strangers_where_they_may(self):
        """Sit down as nobody known, signal, and ring."""
        self.deny("call_room_", subscribe=Who.ALL)
        self.deny("call_user_", publish=Who.ALL)
        stranger, ann = self.page(), self.page(3)
        stranger.do("join", room="lobby")
        answer = ann.do("join", room="lobby")
        self.assertEqual([each["user_id"] for each in answer["members"]], [0, 3])
        stranger.say(cmd="signal", room="lobby", to=ann.number, data={})
        self.assertEqual([frame["user_id"] for frame in ann.hears()], [0])
        self.assertEqual(stranger.do("ice")["type"], "ok")
        bob = self.page(7)
        self.assertEqual(stranger.do("call", user_id=7)["type"], "ok")
        self.assertEqual([frame["caller_id"] for frame in bob.hears()], [0])

    def test_a_table_or_a_token_decides(self):
        """Whom one may ring, and which room one may enter; a token adds to it."""
        self.deny("call_user_", publish=Who.TOKEN)
        self.deny("call_room_", subscribe=Who.TOKEN)
        claims = {"publish": ["call_user_7"], "subscribe": ["call_room_den"], "members": ["call_room_*"]}
        claims = {"user_id": 3, "exp": 2_000_000_000, "channels": claims}
        key = jwt.encode(claims, f"{PASSWORD}0", "HS256")
        ann, bob, _ = self.page(3, key=key), self.page(7), self.page(9)
        self.assertIn("call_user_9", self.refused("not_allowed", ann.do("call", user_id=9)))
        self.assertIn("lobby", self.refused("not_allowed", ann.do("join", room="lobby")))
        self.assertEqual(ann.do("join", room="den")["type"], "ok")
        self.assertEqual(ann.do("room", room="elsewhere")["members"], [])
        self.refused("not_allowed", bob.do("room", room="den"))
        self.assertEqual(ann.do("invite", room="den", user_id=7)["type"], "ok")
        answer = bob.do("room", room="den")
        self.assertEqual(len(answer["members"]), 1)
        self.assertEqual(
            answer["rings"],
            [{"user_id": 7, "caller_id": 3, "connection": ann.number, "mode": "video", "until": 1045}],
        )
        # A ring lets in whom it rings.
        self.assertEqual(bob.do("join", room="den")["type"], "ok")
        bob.do("leave", room="den")
        self.refused("not_allowed", bob.do("join", room="den"))


class LimitTests(VideoCase):
    """What grows has bounds."""

    def test_a_full_room(self):
        """Without a media server the one too many is told so, and nobody else hears of it."""
        pages = [self.page(3) for _ in range(5)]
        for page in pages[:4]:
            page.do("join", room="lobby")
        for page in pages:
            page.hears()
        self.assertIn("4", self.refused("room_full", pages[4].do("join", room="lobby")))
        self.assertEqual([page.hears() for page in pages], [[]] * 5)
        pages[0].do("leave", room="lobby")
        self.assertEqual(pages[4].do("join", room="lobby")["type"], "ok")

    def test_rooms(self):
        """There are so many at the most, calls among them; who is in one stays."""
        self.serve(rooms=2)
        ann, bob, _ = self.page(3), self.page(7), self.page(9)
        ann.do("join", room="a"), ann.do("join", room="b")
        self.assertIn("[video] rooms", self.refused("room_full", bob.do("join", room="c")))
        self.refused("room_full", bob.do("call", user_id=9))
        self.assertEqual(bob.do("join", room="b")["type"], "ok")
        ring = self.broker.conferences.ring(0, "c", 9, 0, Mode.VIDEO, "")
        self.assertRaises(TableFull, ring, Batch())

    def test_rooms_of_one(self):
        """One connection sits in so many."""
        ann = self.page(3)
        for number in range(16):
            self.assertEqual(ann.do("join", room=f"r{number}")["type"], "ok")
        self.refused("room_full", ann.do("join", room="r16"))

    def test_rings_a_minute(self):
        """A user, on whatever device, rings so often; a thousand rings a second disturb nobody."""
        one, two, bob = self.page(3), self.page(3), self.page(7)
        for number in range(30):
            page = (one, two)[number % 2]
            room = page.do("call", user_id=7)["room"]
            page.do("leave", room=room)
        bob.hears()
        for page in (one, two):
            for _ in range(400):
                page.say(cmd="call", id=1, user_id=7)
            names = [frame["name"] for frame in page.frames() if frame["type"] == "error"]
            self.assertEqual(set(names), {"too_fast"})
        self.assertEqual(bob.hears(), [])
        self.assertEqual(self.page(9).do("call", user_id=7)["type"], "ok")

    def test_long_signals(self):
        """Are refused, and not carried; the limit counts bytes of JSON."""
        ann, bob, room = self.talking()
        fits = {"sdp": "x" * (65_536 - len('{"sdp":""}'))}
        self.assertEqual(ann.do("signal", room=room, to=bob.number, data=fits)["type"], "ok")
        self.assertEqual(bob.hears()[0]["data"], fits)
        for data in ({"sdp": fits["sdp"] + "x"}, {"sdp": "é" * 32_768}):
            reason = self.refused("too_long", ann.do("signal", room=room, to=bob.number, data=data))
            self.assertIn("65536", reason)
        self.assertEqual(bob.hears(), [])

    def test_long_texts(self):
        """What goes with a ring is short."""
        ann, bob = self.page(3), self.page(7)
        self.refused("too_long", ann.do("call", user_id=7, data="é" * 2_049))
        self.assertEqual(ann.do("call", user_id=7, data="é" * 2_048)["type"], "ok")
        self.assertEqual(len(bob.hears()[0]["data"]), 2_048)


class BadInputTests(VideoCase):
    """What is wrong is told to who has said it, and to nobody else."""

    def test_users_who_cannot_be_rung(self):
        """Nobody of that number; somebody who is away; oneself; somebody who is busy."""
        ann = self.page(3)
        self.refused("unknown_user", ann.do("call", user_id=5))
        self.refused("offline", ann.do("call", user_id=7))
        finish(self.broker.store.set_last_seen(User(0, 8), 900))
        self.refused("offline", ann.do("call", user_id=8))
        self.refused("busy", ann.do("call", user_id=3))
        bob, carl = self.page(7), self.page(9)
        bob.do("join", room="lobby")
        self.refused("busy", ann.do("call", user_id=7))
        self.refused("busy", ann.do("call", connection=bob.number))
        self.refused("offline", ann.do("call", connection=999))
        self.assertEqual((bob.hears(), carl.hears()), ([], []))

    def test_signals_that_go_nowhere(self):
        """To a seat that is not, from somebody without one, for a call that is over."""
        ann, bob, room = self.talking()
        carl = self.page(9)
        self.refused("no_seat", ann.do("signal", room=room, to=carl.number, data={}))
        self.refused("not_in_room", carl.do("signal", room=room, to=ann.number, data={}))
        self.refused("no_seat", ann.do("signal", room=room, to="media", data={"kind": "publish"}))
        candidate = {"candidate": {"candidate": "candidate:1"}}
        bob.do("leave", room=room)
        ann.hears()
        ann.say(cmd="signal", room=room, to=bob.number, data=candidate)
        self.assertEqual([frame["name"] for frame in ann.hears()], ["not_in_room"])
        self.assertEqual((bob.hears(), carl.hears()), ([], []))

    def test_words(self):
        """Each has an error that names what is wrong."""
        ann, bob, room = self.talking()
        for name, word, command in (
            ("missing_value", "user_id", {"cmd": "call"}),
            ("bad_value", "user_id", {"cmd": "call", "user_id": 0}),
            ("bad_value", "mode", {"cmd": "call", "user_id": 7, "mode": "smell"}),
            ("bad_value", "data", {"cmd": "call", "user_id": 7, "data": {}}),
            ("bad_value", "connection", {"cmd": "call", "connection": "7"}),
            ("missing_value", "room", {"cmd": "join"}),
            ("bad_value", "room", {"cmd": "join", "room": "a b"}),
            ("too_long", "room", {"cmd": "join", "room": "x" * 65}),
            ("too_short", "room", {"cmd": "join", "room": ""}),
            ("no_room", "call-x", {"cmd": "join", "room": "call-x"}),
            ("bad_value", "reason", {"cmd": "decline", "room": room, "reason": "taken"}),
            ("missing_value", "to", {"cmd": "signal", "room": room, "data": {}}),
            ("bad_value", "to", {"cmd": "signal", "room": room, "to": "all", "data": {}}),
            ("missing_value", "data", {"cmd": "signal", "room": room, "to": bob.number}),
            ("bad_value", "data", {"cmd": "signal", "room": room, "to": bob.number, "data": "x"}),
        ):
            self.assertIn(word, self.refused(name, ann.do(command.pop("cmd"), **command)))
        self.assertEqual(bob.hears(), [])

    def test_what_is_no_json_for_others(self):
        """A number without bounds, half of a character, what is nested too deeply: not carried."""
        ann, bob, room = self.talking()
        deep = "[" * 900 + "]" * 900
        for data in ('{"a":1e999}', '{"a":"\\ud800"}', f'{{"a":{deep}}}'):
            ann.browser.say(f'{{"cmd":"signal","id":7,"room":"{room}","to":{bob.number},"data":{data}}}')
            heard = [frame["type"] for frame in ann.hears()]
            self.assertIn(heard, (["error"], ["ok"]))
            if heard == ["ok"]:
                self.assertEqual(bob.kinds(), ["signal"])
        self.assertEqual(bob.hears(), [])

    def test_commands_without_an_id(self):
        """Those that ask for something want one; nothing happens without."""
        ann, bob = self.page(3), self.page(7)
        ann.say(cmd="call", user_id=7)
        self.assertEqual([frame["name"] for frame in ann.hears()], ["missing_value"])
        self.assertEqual(bob.hears(), [])


class MediaServerTests(VideoCase):
    """Rooms that are too large for each to send to each."""

    def setUp(self):
        self.media = RecordingMedia()
        self.serve(self.media, mesh_limit=2, room_limit=3)
        self.room = Channel(0, "lobby")

    def full(self):
        """@return: three pages in the lobby."""
        pages = [self.page(user_id) for user_id in (3, 7, 9)]
        self.answers = [page.do("join", room="lobby") for page in pages]
        return pages

    def test_the_one_too_many_turns_the_room(self):
        """All that are there are told, and the media server knows of all; further ones begin that way."""
        pages = self.full()
        self.assertEqual([answer["topology"] for answer in self.answers], ["mesh", "mesh", "sfu"])
        self.assertEqual([answer["limit"] for answer in self.answers], [3, 3, 3])
        turned = {"type": "topology", "room": "lobby", "topology": "sfu"}
        heard = [page.hears() for page in pages]
        self.assertEqual([frames.count(turned) for frames in heard], [1, 1, 0])
        self.assertEqual(self.media.told, [("entered", "lobby", page.number, page.user_id) for page in pages])
        self.refused("room_full", self.page(3).do("join", room="lobby"))

    def test_it_stays_so_until_it_is_empty(self):
        """Whoever leaves is taken off the media server, which closes the room with the last one."""
        pages = self.full()
        self.media.told.clear()
        for page in pages[:2]:
            page.do("leave", room="lobby")
        self.assertEqual(pages[2].do("room", room="lobby")["topology"], "sfu")
        pages[2].do("leave", room="lobby")
        self.assertEqual(
            self.media.told,
            [*(("left", "lobby", page.number) for page in pages), ("closed", "lobby")],
        )
        self.assertEqual(pages[0].do("join", room="lobby")["topology"], "mesh")

    def test_signals(self):
        """Go to the media server, and come from it; what it does not understand is told to the sender."""
        pages = self.full()
        for page in pages:
            page.hears()
        offer = {"kind": "publish", "description": {"type": "offer", "sdp": "v=0"}}
        self.assertEqual(pages[0].do("signal", room="lobby", to="media", data=offer)["type"], "ok")
        self.assertEqual(self.media.told[-1], ("signal", "lobby", pages[0].number, offer))
        self.refused("bad_value", pages[0].do("signal", room="lobby", to="media", data={}))
        self.media.floor.from_media(self.room, pages[1].number, {"kind": "subscribe"})
        self.assertEqual(
            [page.hears() for page in pages],
            [[], [{"type": "signal", "room": "lobby", "from": "media", "data": {"kind": "subscribe"}}], []],
        )
        self.media.floor.from_media(self.room, 999, {"kind": "subscribe"})
        self.media.floor.from_media(Channel(0, "den"), pages[1].number, {"kind": "subscribe"})
        self.assertEqual([page.hears() for page in pages], [[], [], []])

    def test_a_lost_connection(self):
        """Is the same seat for the media server, if it comes back; what that says meanwhile is gone."""
        pages = self.full()
        secret = self.answers[0]["secret"]
        self.media.told.clear()
        pages[0].vanish()
        self.media.floor.from_media(self.room, pages[0].number, {"kind": "subscribe"})
        again = self.page(3)
        again.do("join", room="lobby", seat=pages[0].number, secret=secret)
        self.assertEqual((self.media.told, again.hears()), ([], []))
        self.media.floor.from_media(self.room, pages[0].number, {"kind": "subscribe"})
        self.assertEqual(again.kinds(), ["signal"])
        again.vanish()
        self.wait(22)
        self.assertEqual(self.media.told, [("left", "lobby", pages[0].number)])

    def test_it_starts_again(self):
        """All that are there begin afresh."""
        pages = self.full()
        for page in pages:
            page.hears()
        pages[0].vanish()
        self.media.floor.media_restarted()
        self.assertEqual([page.kinds() for page in pages[1:]], [["lost", "topology"]] * 2)

    def test_it_is_gone_for_good(self):
        """The rooms that need it end; others go on."""
        pages = self.full()
        pages[0].do("join", room="den")
        for page in pages:
            page.hears()
        self.media.floor.media_gone()
        ended = {"type": "ended", "room": "lobby", "reason": "media"}
        self.assertEqual([page.hears() for page in pages], [[ended]] * 3)
        self.assertEqual(list(self.broker.hall.book.rooms), [Channel(0, "den")])
        self.assertEqual(self.media.there, set())

    def test_the_server_stops(self):
        """And tells the media server nothing more, whoever goes then; there is none to be signalled to."""
        pages = self.full()
        finish(self.broker.stop())
        self.assertTrue(self.media.is_stopped)
        self.media.floor.from_media(self.room, pages[0].number, {"kind": "subscribe"})
        self.refused("no_seat", pages[0].do("signal", room="lobby", to="media", data={"kind": "publish"}))
        pages[0].do("leave", room="lobby")

    def test_it_is_away(self):
        """A room that does not need it yet takes no more than can do without; one that does, takes more."""
        self.serve(self.media, mesh_limit=2, room_limit=4)
        pages = self.full()
        self.assertEqual(self.page(7).do("join", room="den")["limit"], 4)
        self.media.is_away = True
        ann, carl, late = pages[0], pages[2], self.page(7)
        self.assertEqual(carl.do("join", room="den")["limit"], 2)
        self.assertEqual(carl.do("room", room="den")["limit"], 2)
        late.hears(), carl.hears()
        self.assertIn("media server is away", self.refused("media_away", ann.do("join", room="den")))
        self.assertEqual((carl.hears(), carl.do("room", room="den")["topology"]), ([], "mesh"))
        self.assertEqual(late.do("join", room="lobby")["limit"], 4)
        self.refused("room_full", self.page(7).do("join", room="lobby"))
        self.media.is_away = False
        self.assertEqual(ann.do("join", room="den")["topology"], "sfu")

    def test_a_call_needs_none(self):
        """It is for two."""
        _, _, room = self.talking()
        self.assertEqual(self.media.told, [])
        self.refused("no_room", self.page(9).do("join", room=room))


class ConferenceTests(VideoCase):
    """What SQL does."""

    def ring(self, user_id=7, caller_id=0, room="lobby", mode=Mode.VIDEO, data="hi"):
        return self.broker.conferences.ring(0, room, user_id, caller_id, mode, data)

    def test_ringing(self):
        """Rings a user, whatever the rights say; all devices of the caller are told what becomes of it."""
        self.broker.rights.set(0, Rule("call_room_", subscribe=Who.NONE))
        desk, phone, bob = self.page(3), self.page(3), self.page(7)
        self.commit(self.ring(caller_id=3, mode=Mode.AUDIO))
        (ring,) = bob.hears()
        self.assertEqual((ring["caller_id"], ring["connection"], ring["data"]), (3, 0, "hi"))
        self.assertEqual((ring["mode"], ring["kind"], ring["room"]), ("audio", "room", "lobby"))
        bob.do("join", room="lobby")
        for page in (desk, phone):
            self.assertEqual(page.kinds(), ["ringing", "answered"])

    def test_somebody_who_is_not_there(self):
        """Hears it ring who comes in time; after that it is over."""
        caller = self.page(3)
        self.commit(self.ring(caller_id=3))
        self.wait(10)
        bob = self.page(7)
        self.assertEqual(bob.kinds(), ["ring"])
        bob.vanish()
        self.wait(4)
        self.assertEqual([frame.get("reason") for frame in caller.hears()], [None, "offline"])
        self.commit(self.ring(caller_id=3))
        self.wait(46)
        self.assertEqual([frame.get("reason") for frame in caller.hears()], [None, "expired"])
        self.assertEqual(self.page(7).hears(), [])
        self.assertEqual(self.broker.hall.book.rooms, {})

    def test_ringing_again(self):
        """Lasts longer, and is told anew; who sits there already is not rung."""
        bob = self.page(7)
        self.commit(self.ring())
        self.wait(30)
        self.commit(self.ring(data="again"))
        self.assertEqual(
            [(frame["data"], frame["until"]) for frame in bob.hears()], [("hi", 1045), ("again", 1075)]
        )
        self.wait(20)
        bob.do("join", room="lobby")
        self.commit(self.ring())
        self.assertEqual(bob.hears(), [])

    def test_taking_somebody_out(self):
        """Of the room, with all devices, and out of the ring."""
        pages = [self.page(7), self.page(7), self.page(3)]
        for page in pages:
            page.do("join", room="lobby")
        carl = self.page(9)
        self.commit(self.ring(9))
        for page in (*pages, carl):
            page.hears()
        self.commit(self.broker.conferences.remove(0, "lobby", [7, 9]))
        self.assertEqual(carl.hears(), [{"type": "silent", "room": "lobby", "reason": "cancelled"}])
        ended = {"type": "ended", "room": "lobby", "reason": "removed"}
        self.assertEqual([frame for frame in pages[0].hears() if frame == ended], [ended])
        self.assertEqual(pages[1].hears()[-1], ended)
        self.assertEqual([frame["reason"] for frame in pages[2].hears()], ["removed", "removed"])
        self.assertEqual([each.user_id for each in self.broker.conferences.participants(0)], [3])

    def test_taking_somebody_out_of_a_call(self):
        """Ends it for both."""
        ann, bob, room = self.talking()
        self.commit(self.broker.conferences.remove(0, room, [7]))
        self.assertEqual([frame["reason"] for frame in bob.hears()], ["removed"])
        self.assertEqual([frame["reason"] for frame in ann.hears()], ["removed", "removed"])

    def test_calls_are_the_servers(self):
        """Nobody is rung into one, and what goes with a ring is short."""
        _, _, room = self.talking()
        self.assertRaises(BadValue, self.ring, 9, room=room)
        self.assertRaises(TooLong, self.ring, data="x" * 4_097)

    def test_participants(self):
        """Who is there, in which rooms, since when, and who talks."""
        ann, bob = self.page(3), self.page(7)
        ann.do("join", room="den"), ann.do("join", room="lobby")
        self.wait(10)
        bob.do("join", room="lobby", mode="audio")
        bob.say(cmd="media", room="lobby", talking=True)
        self.wait(5)
        found = self.broker.conferences.participants(0, ["lobby", "none", "lobby"])
        self.assertEqual(
            [(each.user_id, each.connection, each.since, each.talking) for each in found],
            [(3, ann.number, 1000, 0), (7, bob.number, 1010, 1010)],
        )
        self.assertEqual(len(self.broker.conferences.participants(0)), 3)
        self.assertEqual(self.broker.conferences.participants(1), [])
        bob.say(cmd="media", room="lobby", talking=False, audio=False)
        bob.vanish()
        (_, found) = self.broker.conferences.participants(0, ["lobby"])
        self.assertEqual((found.talking, found.talked, found.muted, found.connection), (0, 1015, True, 0))
