"""Calls and rooms in a real browser with a real server: what each page sees and hears of all others."""

from __future__ import annotations

import json
from pathlib import Path

import pymysql
from twisted.internet.defer import ensureDeferred, gatherResults

from tests.browser import chromium
from tests.browser.chromium import FAKE_DEVICES, Chromium, find_chromium
from tests.e2e.support import ServerCase, in_thread

CALLER = (Path(chromium.__file__).parent / "caller.js").read_text()
#: A small picture: what is tested is that it flows.
SMALL = {"mode": "video", "video": {"width": 160, "height": 120, "frameRate": 10}}
#: So many users have keys.
USERS = 6
#: Visitors may go into rooms that begin with demo, as C{comet demo} lets them.
DEMO_ROOMS = "INSERT INTO channel_rights (prefix, subscribe) VALUES ('call_room_demo', 'all')"
KEY = "INSERT INTO users_auth (id, hash) VALUES (%s, %s)"


def run(server, *statements):
    """Run statements with their values, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        for statement, *values in statements:
            cursor.execute(statement, values)


async def all_of(*coroutines):
    """@return: what each gives; they run beside each other."""
    return await gatherResults([ensureDeferred(each) for each in coroutines], consumeErrors=True)


NETWORK = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
#: What the way of media is called that a page has agreed on with the only other one.
WAY = "me.room.others[0].lines.get('camera').pc.localDescription.sdp.match(/ice-ufrag:(.*)/)[1]"


class Tab:
    """A tab of a user, who may call and be called."""

    def __init__(self, page):
        self.page = page
        self.evaluate, self.wait_for = page.evaluate, page.wait_for

    @classmethod
    async def open(cls, browser, comet, user_id, **options):
        """@param user_id: 0 for a visitor."""
        tab = cls(await browser.open(f"{comet.page}video"))
        await tab.evaluate(CALLER)
        who = {"userId": user_id, "key": f"key{user_id}"} if user_id else {}
        await tab.evaluate(f"me.sign({json.dumps({**who, **options})})")
        return tab

    async def sit(self, doing, **options):
        """@return: the name of the room, or of the error."""
        return await self.evaluate(f"me.sit(me.{doing.replace('OPTIONS', json.dumps({**SMALL, **options}))})")

    async def call(self, user_id, **options):
        return await self.sit(f"video.call({user_id}, OPTIONS)", **options)

    async def join(self, room, **options):
        return await self.sit(f"video.join({json.dumps(room)}, OPTIONS)", **options)

    async def accept(self, **options):
        """Take the newest ring."""
        await self.wait_for("me.rings.at(-1)?.isOver === false")
        return await self.sit("rings.at(-1).accept(OPTIONS)", **options)

    async def has(self, event, reason=None, seconds=15):
        """Wait until something has happened."""
        await self.wait_for(
            f"me.has({json.dumps(event)}, {json.dumps(reason) if reason else 'undefined'})", seconds
        )

    async def sees_and_hears(self, others, **what):
        """Wait until new pictures are decoded, and new sound comes in, of that many others."""
        before = await self.evaluate("me.flow()")
        await self.wait_for(f"me.flows({others}, {json.dumps(before)}, {json.dumps(what)})", 30)


class VideoCase(ServerCase):
    """A server, a Chromium with devices that are none, and tabs that are users."""

    skip = None if find_chromium() else "there is no Chromium on this machine"
    settings = {"ws": {"demo": "yes"}, "video": {"grace": 8}}

    async def setUp(self):
        self.comet = await self.server(**self.settings)
        await self.sql((DEMO_ROOMS,), *[(KEY, n, f"key{n}") for n in range(1, USERS + 1)])
        self.chromium = await Chromium.start(self, *FAKE_DEVICES)

    async def sql(self, *statements):
        await in_thread(run, self.comet, *statements)

    async def tabs(self, *users, comet=None):
        """@return: a tab for each of these users."""
        return [await Tab.open(self.chromium, comet or self.comet, user) for user in users]

    async def assert_call(self, *tabs, **what):
        """Everybody sees and hears all others."""
        await all_of(*(tab.sees_and_hears(len(tabs) - 1, **what) for tab in tabs))


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
        """Who loses the network is lost to the other, comes back to the same seat, and finds another way."""
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
        """Each of four sees and hears three; a fifth is told that it is full; who closes the tab is gone."""
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


class PageTests(VideoCase):
    """The pages of the demo."""

    async def visit(self, address, *flags):
        """@return: a page, in a browser with other devices if flags say so."""
        browser = await Chromium.start(self, *flags) if flags else self.chromium
        return await browser.open(self.comet.page + address)

    async def test_two_tabs_meet(self):
        """Two visitors who open the room see each other, chat, share a screen, mute, and hang up."""
        ada = await self.visit("video")
        await ada.type("#name", "Ada")
        await ada.press("Enter")
        await ada.wait_for("document.body.dataset.view === 'room'")
        bob = await self.visit("video#demo")
        for page in (ada, bob):
            await page.wait_for("document.querySelectorAll('.tile[data-picture=yes]').length === 2", 10)
        await bob.wait_for(
            "[...document.querySelectorAll('.called')].some((who) => who.textContent === 'Ada')"
        )
        await ada.wait_for("document.querySelectorAll('.tile.talking:not(.mine)').length")
        await bob.type("#text", "Hello <b>Ada</b>")
        await bob.press("Enter")
        await ada.wait_for("document.querySelector('.theirs .text')?.textContent === 'Hello <b>Ada</b>'")
        await bob.click("#mic")
        await ada.wait_for("demo.room.others[0].audio === false")
        self.assertEqual(
            await bob.evaluate("document.querySelector('#mic').getAttribute('aria-pressed')"), "false"
        )
        await bob.click("#screen")
        await ada.wait_for("document.querySelectorAll('.tile.shares[data-picture=yes]').length")
        await bob.click("#leave")
        await ada.wait_for("document.querySelectorAll('.tile').length === 1")
        await bob.wait_for("document.body.dataset.view === 'lobby'")
        for page in (ada, bob):
            self.assertEqual(page.errors, [])

    async def test_camera_refused_and_missing(self):
        """Who may not use the camera, or has none, is told so, and sees and hears the others all the same."""
        ada = await self.visit("video#demo")
        deny = [
            flag.replace("fake-ui-for-media-stream", "fake-ui-for-media-stream=deny") for flag in FAKE_DEVICES
        ]
        missing = [flag for flag in FAKE_DEVICES if "fake-device" not in flag]
        for flags, words in (
            (deny, "keeps the camera from this page"),
            (missing, "no camera on this device"),
        ):
            page = await self.visit("video#demo", *flags)
            await page.wait_for(
                f"document.querySelector('#notice').textContent.includes({json.dumps(words)})"
            )
            await page.wait_for("document.querySelectorAll('.tile:not(.mine)[data-picture=yes]').length")
            await ada.wait_for("demo.room.others.some(({ audio, video }) => !audio && !video)")
            await page.click("#leave")
            await ada.wait_for("demo.room.others.length === 0")

    async def test_words_for_the_rest(self):
        """A room that one may not enter, one that is full, a server that is away: each has its own words."""
        page = await self.visit("video")
        says = "document.querySelector('#lobby-text').textContent.includes"
        await page.type("#room", "secret")
        await page.click("#enter")
        await page.wait_for(f"{says}('may not enter')")
        for _ in range(4):
            await (await self.visit("video#demo-full")).wait_for("demo.room !== null")
        await page.type("#room", "demo-full")
        await page.click("#enter")
        await page.wait_for(f"{says}('is full')")

    async def test_the_network_test(self):
        """It tries everything, and says that the server names neither STUN nor TURN."""
        page = await self.visit("video/check")
        results = await page.wait_for("window.results", 30)
        self.assertEqual(
            {name for name, each in results.items() if each["result"] == "good"},
            {"server", "camera", "microphone", "direct"},
        )
        self.assertIn("[video] turn", results["tls"]["words"])
        await page.screenshot("check.png")
        self.assertEqual(page.errors, [])


#: What a page does that was made for CppComet's script; `told` is what its callbacks were told.
FAMILIAR = """
    window.told = [];
    for (const id of ["local", "remote"]) {
      document.body.append(Object.assign(document.createElement("video"), { id }));
    }
    const tell = (name) => ({ action, status, isMute, data }) =>
      told.push([name, action, status ?? isMute ?? data?.message]);
    const names = [
      "onCall", "onCallAccept", "onCallStart", "onCallEnd", "onIn", "onOut", "onToggleMute", "toggleHold",
    ];
    cometApi.start({ user_id: USER, user_key: "keyUSER" });
    cometVideoApi.start(Object.fromEntries(names.map((name) => [name, tell(name)])));
    cometApi.client.ready.then(() => true)
"""


class FamiliarTests(VideoCase):
    """Pages that were made for CppComet's video script, which take ours in its place."""

    async def visit(self, user_id):
        page = await self.chromium.open(f"{self.comet.page}video")
        await page.evaluate(FAMILIAR.replace("USER", str(user_id)))
        return page

    async def test_call_accept_mute_hold_hang_up(self):
        """A call from its beginning to its end, by the functions and callbacks that these pages know."""
        ada, bob = await self.visit(1), await self.visit(2)
        elements = {"type": "video", "video_local": "local", "video_remote": "remote"}
        has = "told.some((each) => JSON.stringify(each) === JSON.stringify({}))".format
        call = f"cometVideoApi.call(2, {json.dumps({**elements, 'message': {'x': 1}})})"
        self.assertTrue(await ada.evaluate(call))
        await bob.wait_for(has('["onCall", undefined, { x: 1 }]'))
        self.assertFalse(await bob.evaluate("cometVideoApi.isInCall()"))
        self.assertTrue(await bob.evaluate(f"cometVideoApi.acceptCall({json.dumps(elements)})"))
        self.assertFalse(await bob.evaluate("cometVideoApi.acceptCall({})"))
        for page in (ada, bob):
            await page.wait_for(has('["onCallStart", "start", "start"]'))
            await page.wait_for("cometVideoApi.isCallStart()")
            await page.wait_for("document.getElementById('remote').videoWidth > 0")
            await page.wait_for("document.getElementById('local').videoWidth > 0")
        await ada.wait_for(has('["onCallAccept", "accept", undefined]'))
        await bob.evaluate("cometVideoApi.muteAudio(true)")
        await ada.wait_for(has('["onToggleMute", "toggleMute", true]'))
        self.assertTrue(await bob.evaluate("cometVideoApi.isMute()"))
        self.assertTrue(await bob.evaluate("cometVideoApi.toggleHold()"))
        await ada.wait_for("told.some(([name]) => name === 'toggleHold')")
        counts = await bob.evaluate("cometVideoApi.setBandwidth({ video: 128 })")
        self.assertEqual(counts, {"video": 128, "audio": 32})
        await bob.evaluate("cometVideoApi.hangup()")
        for page in (ada, bob):
            await page.wait_for(has('["onCallEnd", "out", "hangup"]'))
            self.assertFalse(await page.evaluate("cometVideoApi.isInCall()"))
            self.assertEqual(page.errors, [])
        # Busy, and a camera that is none.
        await ada.evaluate(call)
        await bob.wait_for("told.filter(([name]) => name === 'onCall').length === 2")
        await bob.evaluate("cometVideoApi.busy()")
        await ada.wait_for(has('["onCallEnd", "out", "busy"]'))
        await ada.evaluate(
            "navigator.mediaDevices.getUserMedia ="
            " async () => { throw new DOMException('', 'NotFoundError'); };"
            f"{call}"
        )
        await ada.wait_for(has('["onCallEnd", "out", "no-media-stream"]'))
