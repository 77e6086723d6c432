"""Calls between two servers over a real Redis: who calls is on one of them, who is called on the other."""

import json
import signal

from twisted.internet.defer import ensureDeferred, gatherResults

from tests.e2e.cluster import EXPIRY, ClusterCase

GRACE = EXPIRY + 10


class VideoClusterTests(ClusterCase):
    """One call from the first ring to the loss of a server."""

    async def setUp(self):
        self.both = await self.cluster(video={"grace": GRACE})
        self.a, self.b = self.both
        await self.sql(self.a, "INSERT INTO users_auth (id, hash) VALUES (3, 'k3'), (7, 'k7')")

    async def user(self, server, user_id):
        client = await self.listener(server, (), user_id, f"k{user_id}")
        client.number, client.asked = client.welcome["connection"], 0
        # So long until both servers know.
        for each in self.both:
            await self.sees(each, f"SELECT time FROM users_time WHERE id = {user_id}", [(0,)])
        return client

    async def do(self, client, cmd, **command):
        """@return: the answer to a command; other frames stay."""
        client.asked += 1
        client.say(json.dumps({"cmd": cmd, "id": client.asked, **command}))
        others = []
        while (frame := await client.next()).get("id") != client.asked:
            others.append(frame)
        client.frames.extendleft(reversed(others))
        return frame

    async def hears(self, client, *kinds):
        """@return: the next frames, which are of these types."""
        frames = [await client.next() for _ in kinds]
        self.assertEqual([frame["type"] for frame in frames], list(kinds))
        return frames

    async def test_a_call(self):
        """Rings, carries signals in order, survives the death of the server of one side, and ends."""
        ann, bob = await gatherResults(
            [ensureDeferred(self.user(server, user_id)) for server, user_id in ((self.a, 3), (self.b, 7))]
        )
        room = (await self.do(ann, "call", user_id=7, data="hello"))["room"]
        await self.hears(ann, "ringing")
        (ring,) = await self.hears(bob, "ring")
        self.assertEqual((ring["caller_id"], ring["connection"], ring["data"]), (3, ann.number, "hello"))
        joined = await self.do(bob, "join", room=room)
        self.assertEqual([each["user_id"] for each in joined["members"]], [3, 7])
        await self.hears(ann, "entered", "answered")
        for number in range(200):
            for client, to in ((bob, ann), (ann, bob)):
                client.say(
                    json.dumps({"cmd": "signal", "room": room, "to": to.number, "data": {"n": number}})
                )
        for client, other in ((ann, bob), (bob, ann)):
            frames = await self.hears(client, *["signal"] * 200)
            self.assertEqual([frame["data"]["n"] for frame in frames], list(range(200)))
            self.assertEqual({frame["from"] for frame in frames}, {other.number})

        self.both.remove(self.b)
        await self.b.stop(signal.SIGKILL)
        (lost,) = await self.hears(ann, "lost")
        self.assertEqual(lost["seat"], bob.number)
        again = await self.user(self.a, 7)
        answer = await self.do(again, "join", room=room, seat=bob.number, secret=joined["secret"])
        self.assertEqual(answer["seat"], bob.number)
        (back,) = await self.hears(ann, "back")
        self.assertEqual(back["member"]["connection"], again.number)
        await self.do(again, "leave", room=room)
        await self.hears(ann, "gone", "ended")

    async def test_glare_and_one_ring_for_two(self):
        """Two that call each other at once are in one call; of two devices that answer at once one has it."""
        ann, phone, tablet = (
            await self.user(self.a, 3),
            await self.user(self.b, 7),
            await self.user(self.a, 7),
        )
        answers = await gatherResults(
            [
                ensureDeferred(self.do(ann, "call", user_id=7)),
                ensureDeferred(self.do(phone, "call", user_id=3)),
            ]
        )
        (room,) = {answer["room"] for answer in answers}
        await self.do(ann, "leave", room=room)
        for client in (ann, phone, tablet):
            await self.do(client, "ping")
            client.frames.clear()
        room = (await self.do(ann, "call", user_id=7))["room"]
        await self.hears(phone, "ring")
        await self.hears(tablet, "ring")
        answers = await gatherResults(
            [ensureDeferred(self.do(client, "join", room=room)) for client in (phone, tablet)]
        )
        self.assertEqual(sorted(answer.get("name", "") for answer in answers), ["", "no_room"])
