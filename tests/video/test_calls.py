"""Calls, as pages see them."""

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
