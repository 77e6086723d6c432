"""Tests for rooms in the HTTP API: to ring, to look who is there, to take out."""

from comet.model import User
from tests.protocols.api.client import NOW, ApiCase, token
from tests.protocols.clients import Port
from tests.running import finish
from tests.video.scene import Page


class RoomTests(ApiCase):
    """What C{conference} and C{conference_members} do in SQL."""

    def serve(self, **more):
        super().serve(**more)
        self.port = Port(self.broker, self.clock)
        for user_id in (3, 7):
            finish(self.broker.store.set_key(User(0, user_id), f"key{user_id}"))

    def page(self, user_id):
        return Page(self.port, user_id)

    def test_ring(self):
        """The user's pages ring, and those of the caller are told."""
        caller, phone = self.page(3), self.page(7)
        body = {"user_id": 7, "caller_id": 3, "message": "come", "profile": "audio"}
        answer = self.ask("POST", "/rooms/r/rings", body)
        self.assertEqual((answer.status, answer.json), (200, {"accepted": 1}))
        (ring,) = [frame for frame in phone.hears() if frame["type"] == "ring"]
        self.assertEqual((ring["room"], ring["caller_id"], ring["mode"]), ("r", 3, "audio"))
        self.assertEqual((ring["data"], ring["until"]), ("come", NOW + 45))
        self.assertEqual(caller.kinds(), ["ringing"])

    def test_refused(self):
        """As in SQL; nobody hears of it."""
        phone = self.page(7)
        for path, body, named in (
            ("/rooms/call-x/rings", {"user_id": 7, "message": ""}, "only the server makes calls"),
            ("/rooms/r/rings", {"user_id": 7}, "Field 'message'"),
            ("/rooms/r/rings", {"user_id": -1, "message": ""}, "'user_id'"),
            ("/rooms/r/rings", {"user_id": 7, "message": "", "node": "n"}, "'node'"),
        ):
            self.assertIn(named, self.refused(422, self.ask("POST", path, body))["message"])
        self.assertIn("a room", self.refused(400, self.ask("GET", "/rooms/a%20b/members"))["message"])
        self.assertEqual(phone.hears(), [])

    def test_members(self):
        """Those who are there, and how many they are."""
        for user_id in (3, 7):
            self.page(user_id).do("join", room="r", mode="audio")
        found = self.ask("GET", "/rooms/r/members?limit=1").json
        self.assertEqual(found["total"], 2)
        (member,) = found["members"]
        shown = {key: member[key] for key in ("name", "user_id", "join_time", "muted", "video", "topology")}
        expected = {"name": "r", "user_id": 3, "join_time": 0, "muted": 0, "video": 0, "topology": "mesh"}
        self.assertEqual(shown, expected)
        self.assertIn("node", member)
        self.assertEqual(self.ask("GET", "/rooms/none/members").json, {"members": [], "total": 0})

    def test_taking_out(self):
        """Whoever is there, or rung, once; afterwards there is nobody."""
        page = self.page(7)
        page.do("join", room="r")
        self.ask("POST", "/rooms/r/rings", {"user_id": 3, "message": ""})
        for user_id in (7, 3):
            answers = [self.ask("DELETE", f"/rooms/r/members/{user_id}").json for _ in range(2)]
            self.assertEqual(answers, [{"removed": 1}, {"removed": 0}])
        self.assertEqual(page.hears()[-1], {"type": "ended", "room": "r", "reason": "removed"})
        self.assertEqual(self.ask("GET", "/rooms/r/members").json["total"], 0)

    def test_users(self):
        """With a token one may look, if it says so, and not see the servers; all else is for the backend."""
        self.page(3).do("join", room="r")
        self.refused(403, self.ask("GET", "/rooms/r/members", key=token(7)))
        key = token(7, channels={"members": ["call_room_r"]})
        (member,) = self.ask("GET", "/rooms/r/members", key=key).json["members"]
        self.assertEqual((member["user_id"], "node" in member), (3, False))
        self.refused(403, self.ask("DELETE", "/rooms/r/members/3", key=key))
        self.refused(403, self.ask("POST", "/rooms/r/rings", {"user_id": 3, "message": ""}, key=key))
