"""Calls, as pages see them."""

from comet.model import Channel, Goodbye, User
from tests.running import finish
from tests.video.scene import VideoCase


class CallTests(VideoCase):
    """From the first ring to the end."""

    def test_a_call(self):
        """All devices of the user ring; the first to join silences the others."""
        ann, phone, tablet = self.page(3), self.page(7), self.page(7)
        answer = ann.do("call", user_id=7, mode="audio", data="hello")
        room = answer["room"]
        self.assertRegex(room, r"\Acall-[A-Za-z0-9_-]{22}\Z")
        (member,) = answer["members"]
        self.assertEqual((answer["kind"], answer["limit"], answer["topology"]), ("call", 2, "mesh"))
        self.assertEqual((member["seat"], member["audio"], member["video"]), (ann.number, True, False))
        self.assertEqual(ann.hears(), [{"type": "ringing", "room": room, "user_id": 7, "devices": 2}])
        ring = {
            "type": "ring",
            "room": room,
            "kind": "call",
            "caller_id": 3,
            "connection": ann.number,
            "mode": "audio",
            "data": "hello",
            "until": 1045,
        }
        self.assertEqual((phone.hears(), tablet.hears()), ([ring], [ring]))
        joined = phone.do("join", room=room)
        self.assertEqual([each["seat"] for each in joined["members"]], [ann.number, phone.number])
        entered, answered = ann.hears()
        self.assertEqual((entered["type"], entered["member"]), ("entered", joined["members"][1]))
        self.assertEqual(answered, {"type": "answered", "room": room, "user_id": 7, "seat": phone.number})
        self.assertEqual(tablet.hears(), [{"type": "silent", "room": room, "reason": "taken"}])
        self.assertEqual(phone.hears(), [])

    def test_signals(self):
        """They go to one seat, in order, and name the sender, whatever that claims."""
        ann, bob, room = self.talking()
        for number in range(3):
            ann.say(cmd="signal", room=room, to=bob.number, data={"n": number}, user_id=9, **{"from": 99})
        self.assertEqual(
            bob.hears(),
            [
                {"type": "signal", "room": room, "from": ann.number, "user_id": 3, "data": {"n": number}}
                for number in range(3)
            ],
        )
        self.assertEqual(ann.hears(), [])
        self.assertEqual(ann.do("signal", room=room, to=bob.number, data={})["type"], "ok")

    def test_hanging_up(self):
        """Either side ends the call for both."""
        for side in (0, 1):
            *pages, room = self.talking()
            mine, other = pages[side], pages[1 - side]
            self.assertEqual(mine.do("leave", room=room)["type"], "ok")
            self.assertEqual(mine.hears(), [])
            self.assertEqual(
                other.hears(),
                [
                    {
                        "type": "gone",
                        "room": room,
                        "seat": mine.number,
                        "user_id": mine.user_id,
                        "reason": "hangup",
                    },
                    {"type": "ended", "room": room, "reason": "hangup"},
                ],
            )
            self.refused("no_room", mine.do("join", room=room))
            self.assertEqual(self.broker.hall.book.rooms, {})

    def test_declining(self):
        """It is over for all devices, and for who has rung, who is told the reason."""
        for reason in ("declined", "busy"):
            ann, phone, tablet = self.page(3), self.page(7), self.page(7)
            room = ann.do("call", user_id=7)["room"]
            ann.hears(), phone.hears(), tablet.hears()
            self.assertEqual(phone.do("decline", room=room, reason=reason)["type"], "ok")
            self.assertEqual(phone.hears(), [])
            self.assertEqual(tablet.hears(), [{"type": "silent", "room": room, "reason": "declined"}])
            self.assertEqual(
                ann.hears(),
                [
                    {"type": "unanswered", "room": room, "user_id": 7, "reason": reason},
                    {"type": "ended", "room": room, "reason": reason},
                ],
            )
            phone.vanish(), tablet.vanish()

    def test_nobody_answers(self):
        """The ring expires, and the call with it; what comes a moment later is too late."""
        ann, bob = self.page(3), self.page(7)
        room = ann.do("call", user_id=7)["room"]
        ann.hears(), bob.hears()
        self.wait(44)
        self.assertEqual((ann.hears(), bob.hears()), ([], []))
        self.clock.advance(1)
        self.refused("no_room", bob.do("join", room=room))
        self.wait(1)
        self.assertEqual(bob.hears(), [{"type": "silent", "room": room, "reason": "expired"}])
        self.assertEqual(
            ann.hears(),
            [
                {"type": "unanswered", "room": room, "user_id": 7, "reason": "expired"},
                {"type": "ended", "room": room, "reason": "expired"},
            ],
        )
        self.refused("not_in_room", ann.do("signal", room=room, to=bob.number, data={}))

    def test_hanging_up_before_an_answer(self):
        """Silences all devices; so does taking the ring back."""
        for cmd, more in (("leave", {}), ("cancel", {"user_id": 7})):
            ann, bob = self.page(3), self.page(7)
            room = ann.do("call", user_id=7)["room"]
            bob.hears()
            ann.do(cmd, room=room, **more)
            self.assertEqual(bob.hears(), [{"type": "silent", "room": room, "reason": "cancelled"}])
            self.assertEqual(self.broker.hall.book.rooms, {})
            ann.vanish(), bob.vanish()

    def test_the_caller_is_lost(self):
        """It goes on ringing for the time of grace, then it has ended."""
        ann, bob = self.page(3), self.page(7)
        room = ann.do("call", user_id=7)["room"]
        bob.hears()
        ann.vanish()
        self.wait(19)
        self.assertEqual(bob.hears(), [])
        self.wait(2)
        self.assertEqual(bob.hears(), [{"type": "silent", "room": room, "reason": "ended"}])

    def test_the_last_device_goes(self):
        """Once its user is offline, it rings no more; a page that is only loaded anew hears it ring on."""
        ann, bob = self.page(3), self.page(7)
        room = ann.do("call", user_id=7)["room"]
        ann.hears()
        bob.vanish()
        self.wait(2)
        again = self.page(7)
        self.assertEqual([frame["room"] for frame in again.hears()], [room])
        again.vanish()
        self.wait(4)
        self.assertEqual(
            [(frame["type"], frame["reason"]) for frame in ann.hears()],
            [("unanswered", "offline"), ("ended", "offline")],
        )

    def test_a_further_device(self):
        """That comes while it rings hears so, and may take the ring; one that comes later hears nothing."""
        ann, phone = self.page(3), self.page(7)
        room = ann.do("call", user_id=7)["room"]
        tablet = self.page(7)
        self.assertEqual([(frame["type"], frame["until"]) for frame in tablet.hears()], [("ring", 1045)])
        self.assertEqual(tablet.do("join", room=room)["type"], "ok")
        self.assertEqual(self.page(7).hears(), [])
        self.assertEqual([frame["type"] for frame in phone.hears()], ["ring", "silent"])

    def test_one_connection(self):
        """A call to a connection rings there, and nowhere else; no other device takes it."""
        ann, phone, tablet = self.page(3), self.page(7), self.page(7)
        answer = ann.do("call", connection=phone.number)
        room = answer["room"]
        self.assertEqual(ann.hears()[0]["devices"], 1)
        self.assertEqual((phone.kinds(), tablet.kinds(), self.page(7).kinds()), (["ring"], [], []))
        for cmd in ("join", "decline"):
            self.refused("no_room", tablet.do(cmd, room=room))
        phone.do("join", room=room)
        self.assertEqual((tablet.kinds(), ann.kinds()), ([], ["entered", "answered"]))

    def test_one_connection_that_goes(self):
        """It is offline at once, though its user has others."""
        ann, phone, _ = self.page(3), self.page(7), self.page(7)
        ann.do("call", connection=phone.number)
        ann.hears()
        phone.vanish()
        self.wait(1)
        self.assertEqual([frame["reason"] for frame in ann.hears()], ["offline", "offline"])


class GlareTests(VideoCase):
    """Two that call each other."""

    def test_the_call_that_was_first_counts(self):
        """Who calls second takes the ring by that, and its other devices are silenced."""
        ann, bob, other = self.page(3), self.page(7), self.page(7)
        first = ann.do("call", user_id=7)
        second = bob.do("call", user_id=3)
        self.assertEqual(second["room"], first["room"])
        self.assertEqual([each["seat"] for each in second["members"]], [ann.number, bob.number])
        self.assertEqual(ann.kinds(), ["ringing", "entered", "answered"])
        self.assertEqual(bob.kinds(), ["ring"])
        self.assertEqual(other.kinds(), ["ring", "silent"])
        self.assertEqual(len(self.broker.hall.book.rooms), 1)

    def test_only_a_call_is_called_back(self):
        """Whoever is rung into a room by somebody who sits there finds that one busy."""
        ann, bob = self.page(3), self.page(7)
        ann.do("join", room="lobby")
        ann.do("invite", room="lobby", user_id=7)
        self.refused("busy", bob.do("call", user_id=3))

    def test_a_ring_for_another_device_is_not_taken(self):
        """Where only one connection is rung, another that calls back finds the caller busy."""
        ann, phone, tablet = self.page(3), self.page(7), self.page(7)
        ann.do("call", connection=phone.number)
        self.refused("busy", tablet.do("call", user_id=3))
        self.assertEqual(phone.do("call", user_id=3)["type"], "ok")


class LostTests(VideoCase):
    """Connections that go in the middle of a call, and come back."""

    def test_back_in_time(self):
        """The other side is told, nobody gets up, and the seat keeps its number over the new connection."""
        ann, bob, room = self.talking()
        secret = bob.do("join", room=room)["secret"]
        bob.vanish()
        self.assertEqual(ann.hears(), [{"type": "lost", "room": room, "seat": bob.number, "until": 1020}])
        self.assertIn("lost", self.refused("no_seat", ann.do("signal", room=room, to=bob.number, data={})))
        self.wait(19)
        again = self.page(7)
        answer = again.do("join", room=room, seat=bob.number, secret=secret)
        self.assertEqual((answer["seat"], answer["secret"]), (bob.number, secret))
        (back,) = ann.hears()
        member = back["member"]
        self.assertEqual(
            (back["type"], member["seat"], member["connection"]), ("back", bob.number, again.number)
        )
        self.assertFalse(member["lost"])
        again.say(cmd="signal", room=room, to=ann.number, data={"kind": "offer"})
        self.assertEqual([frame["from"] for frame in ann.hears()], [bob.number])
        ann.say(cmd="signal", room=room, to=bob.number, data={})
        self.assertEqual(again.kinds(), ["signal"])
        self.wait(30)
        self.assertEqual(ann.hears(), [])

    def test_not_back_in_time(self):
        """The seat is free, and the call over."""
        ann, bob, room = self.talking()
        secret = bob.do("join", room=room)["secret"]
        bob.vanish()
        self.wait(21)
        self.assertEqual(
            [(frame["type"], frame.get("reason")) for frame in ann.hears()],
            [("lost", None), ("gone", "lost"), ("ended", "lost")],
        )
        again = self.page(7)
        self.refused("no_seat", again.do("join", room=room, seat=bob.number, secret=secret))

    def test_a_second_tab(self):
        """May take the seat over while the first is there, which is told, and is nobody there any more."""
        ann, bob, room = self.talking()
        secret = bob.do("join", room=room)["secret"]
        tab = self.page(7)
        self.assertEqual(tab.do("join", room=room, seat=bob.number, secret=secret)["seat"], bob.number)
        self.assertEqual(
            bob.hears(),
            [{"type": "gone", "room": room, "seat": bob.number, "user_id": 7, "reason": "moved"}],
        )
        self.assertEqual(ann.kinds(), ["back"])
        self.refused("not_in_room", bob.do("signal", room=room, to=ann.number, data={}))
        self.refused("no_room", bob.do("join", room=room))
        bob.vanish()
        self.assertEqual(ann.kinds(), [])

    def test_seats_are_ones_own(self):
        """Neither a wrong secret, nor another user, nor a stranger gets one; who has it gets it again."""
        ann, bob, room = self.talking()
        secret = bob.do("join", room=room)["secret"]
        for page, given in ((self.page(7), "x" * 22), (self.page(9), secret), (self.page(), secret)):
            self.refused("no_seat", page.do("join", room=room, seat=bob.number, secret=given))
        self.refused("missing_value", self.page(7).do("join", room=room, seat=bob.number))
        self.assertEqual(bob.do("join", room=room, seat=bob.number, secret=secret)["seat"], bob.number)
        self.assertEqual((bob.hears(), ann.hears()), ([], []))

    def test_a_page_that_is_loaded_anew(self):
        """And does not know the secret any more is let into its call again, and into a room that is full."""
        ann, bob, room = self.talking()
        bob.vanish()
        ann.hears()
        self.refused("no_room", self.page(9).do("join", room=room))
        again = self.page(7)
        self.assertEqual(again.do("join", room=room)["seat"], bob.number)
        self.assertEqual(ann.kinds(), ["back"])
        self.refused("no_room", self.page(7).do("join", room=room))
        pages = [self.page(3) for _ in range(4)]
        for page in pages:
            page.do("join", room="lobby")
        pages[2].vanish()
        self.refused("room_full", self.page(9).do("join", room="lobby"))
        answer = self.page(3).do("join", room="lobby")
        self.assertEqual((answer["seat"], len(answer["members"])), (pages[2].number, 4))

    def test_both_are_lost(self):
        """And both come back."""
        ann, bob, room = self.talking()
        secrets = [page.do("join", room=room)["secret"] for page in (ann, bob)]
        ann.vanish(), bob.vanish()
        self.wait(5)
        pages = [self.page(user_id) for user_id in (3, 7)]
        for page, seat, secret in zip(pages, (ann.number, bob.number), secrets, strict=True):
            answer = page.do("join", room=room, seat=seat, secret=secret)
            self.assertEqual(answer["seat"], seat)
        self.assertEqual([each["lost"] for each in answer["members"]], [False, False])
        self.assertEqual(pages[0].kinds(), ["back"])

    def test_whom_the_site_sends_away(self):
        """Does not come back: who is ended by KILL, or has lost the key, leaves the call at once."""
        for way in ("kill", "key"):
            ann, bob, _ = self.talking()
            if way == "kill":
                self.broker.connections.kill(bob.number, 0)
            else:
                finish(self.broker.remove_keys([User(0, 7)]))
            self.assertEqual(
                [(frame["type"], frame["reason"]) for frame in ann.hears()],
                [("gone", "removed"), ("ended", "removed")],
            )
            ann.vanish()

    def test_a_server_that_ends(self):
        """Lets its clients come back to their seats elsewhere."""
        _, _, room = self.talking()
        self.port.reception.lose_all(Goodbye.SHUTDOWN)
        seats = self.broker.hall.book.rooms[Channel(0, room)].seats.values()
        self.assertEqual([seat.is_lost for seat in seats], [True, True])
