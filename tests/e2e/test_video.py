"""Calls and rooms in a real browser with a real server: what each page sees and hears of all others."""

from __future__ import annotations

import json

from tests.e2e.callers import WAY, VideoCase, all_of

NETWORK = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


class CallTests(VideoCase):
    """Calls between two."""

    async def test_ring_talk_and_hang_up(self):
        """All tabs ring, one takes it and silences the other; each side hangs up once, and one is busy."""
        ada, bob, too = await self.tabs(1, 2, 2)
        room = await ada.call(2, data={"subject": "lunch"})
        self.assertTrue(room.startswith("call-"), room)
        for tab in (bob, too):
            await tab.wait_for("me.rings.length === 1")
        self.assertEqual(await bob.evaluate("[me.rings[0].callerId, me.rings[0].data.subject]"), [1, "lunch"])
        self.assertEqual(await bob.accept(), room)
        await ada.has("answered")
        await too.has("silent", "taken")
        await self.assert_call(ada, bob)
        self.assertFalse(await bob.evaluate("me.has('silent')"))
        # What is told beside: messages, mute, hold.
        await bob.evaluate("me.room.data.send({ hello: 'Ada' })")
        await ada.wait_for("me.heard.some(([name, , data]) => name === 'data' && data.hello === 'Ada')")
        await bob.evaluate("me.room.mute({ audio: true, video: true })")
        await ada.wait_for("!me.room.others[0].audio && !me.room.others[0].video")
        await bob.evaluate("me.room.mute({ audio: false, video: false })")
        await ada.wait_for("me.room.others[0].audio && me.room.others[0].video")
        await self.assert_call(ada, bob)
        await bob.evaluate("me.room.hold()")
        await ada.wait_for("me.room.others[0].hold")
        await bob.evaluate("me.room.hold(false)")
        await self.assert_call(ada, bob)
        await bob.evaluate("me.room.leave()")
        await ada.has("ended", "hangup")
        # Now the other way about, and the caller hangs up.
        await too.call(1)
        await ada.accept()
        await self.assert_call(too, ada)
        await too.evaluate("me.room.leave()")
        await ada.wait_for("me.heard.filter(([name]) => name === 'ended').length === 2")
        # Not taken.
        await ada.call(2)
        await bob.wait_for("me.rings.length === 2")
        await bob.evaluate("me.rings[1].busy()")
        await ada.has("unanswered", "busy")
        await ada.has("ended", "busy")
        await too.has("silent", "declined")
        self.assertEqual(await ada.call(99), "unknown_user")
        self.assertEqual(await ada.call(3), "offline")
        for tab in (ada, bob, too):
            self.assertEqual(tab.page.errors, [])

    async def test_glare(self):
        """Two who call each other at the same moment are in one call."""
        ada, bob = await self.tabs(1, 2)
        rooms = await all_of(ada.call(2), bob.call(1))
        self.assertEqual(rooms[0], rooms[1])
        await self.assert_call(ada, bob)
        for tab in (ada, bob):
            await tab.wait_for("me.video.rings.size === 0")

    async def test_network_lost_and_back(self):
        """Who loses the network comes back to the same seat, and then another way is looked for."""
        ada, bob = await self.tabs(1, 2)
        await ada.call(2)
        await bob.accept()
        await self.assert_call(ada, bob)
        seat, before = await bob.evaluate("me.room.seat"), await ada.evaluate(WAY)
        await bob.page.command("Network.enable")
        await bob.page.command("Network.emulateNetworkConditions", **NETWORK | {"offline": True})
        await bob.has("away")
        await ada.has("lost", seat)
        await bob.page.command("Network.emulateNetworkConditions", **NETWORK)
        await bob.has("returned")
        await ada.has("back", seat)
        self.assertEqual(await bob.evaluate("me.room.seat"), seat)
        await ada.wait_for(f"{WAY} !== {json.dumps(before)}")
        await self.assert_call(ada, bob)
        for tab in (ada, bob):
            self.assertFalse(await tab.evaluate("me.has('gone') || me.has('ended')"))


class RoomTests(VideoCase):
    """Rooms."""

    async def test_four_in_a_mesh(self):
        """Each of four sees and hears the three others; a fifth finds it full; who closes the tab is gone."""
        tabs = await self.tabs(1, 2, 3, 4, 5)
        for tab in tabs[:4]:
            self.assertEqual(await tab.join("lobby"), "lobby")
        await self.assert_call(*tabs[:4])
        self.assertEqual(await tabs[4].join("lobby"), "room_full")
        await tabs[0].page.close()
        for tab in tabs[1:4]:
            await tab.has("gone", "hangup")
        self.assertEqual(await tabs[4].join("lobby", mode="listen"), "lobby")
        await tabs[4].sees_and_hears(3)
        await tabs[1].wait_for("!me.room.others.at(-1).audio && !me.room.others.at(-1).video")
