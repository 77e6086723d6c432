"""Ways of calls that need a server more: SQL, two nodes with a Redis, Janus, coturn."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.e2e.aiortcpeer import PATIENCE, Peer, aiortc
from tests.e2e.callers import WAY, VideoCase
from tests.e2e.support import in_thread
from tests.januserver import SECRET, Janus
from tests.redisserver import Redis
from tests.turnserver import TurnServer

CONFERENCE = "INSERT INTO conference (name, user_id, caller_id, message, profile) VALUES (%s, %s, %s, %s, %s)"


class SqlTests(VideoCase):
    """A backend rings users."""

    async def test_sql_rings_both_and_takes_one_out(self):
        """Both are rung into a room by INSERT, and talk; DELETE hangs up for one, and the other hears it."""
        ada, bob = await self.tabs(1, 2)
        await self.sql(*[(CONFERENCE, "101", user, 1, '{"subject": "lunch"}', "video") for user in (1, 2)])
        self.assertEqual(await ada.accept(), "101")
        self.assertEqual(await bob.evaluate("[me.rings[0].callerId, me.rings[0].data.subject]"), [1, "lunch"])
        self.assertEqual(await bob.accept(), "101")
        await self.assert_call(ada, bob)
        await self.sql(("DELETE FROM conference WHERE name = '101' AND user_id = 2",))
        await bob.has("ended", "removed")
        await ada.has("gone", "removed")


class FirefoxTests(VideoCase):
    """Chromium and Firefox."""

    async def test_calls(self):
        """Each calls the other: they see, hear and tell each other, share a screen, mute, and hang up."""
        fox = await self.firefox(1)
        [bob] = await self.tabs(2)
        await fox.call(2)
        await bob.accept()
        await self.assert_call(fox, bob)
        await bob.evaluate("me.room.data.send('hello')")
        await fox.has("data", "hello")
        await fox.evaluate("me.room.data.send('good day')")
        await bob.has("data", "good day")
        await fox.evaluate("me.room.leave()")
        await bob.has("ended", "hangup")
        await bob.call(1)
        await fox.accept()
        await self.assert_call(fox, bob)
        await bob.evaluate("me.room.shareScreen()")
        await fox.wait_for("me.flow().then((all) => Object.values(all).some(({ screen }) => screen > 3))")
        for muted in (True, False):
            await fox.evaluate(f"me.room.mute({{ video: {str(muted).lower()} }})")
            await bob.wait_for(f"me.room.others[0].video !== {str(muted).lower()}")
        await self.assert_call(fox, bob)
        await bob.evaluate("me.room.leave()")
        await fox.has("ended", "hangup")
        for tab in (fox, bob):
            self.assertEqual((tab.page.errors, await tab.evaluate("me.has('error')")), ([], False))


class NodesTests(VideoCase):
    """Two servers."""

    async def setUp(self):
        self.redis = Redis(self.mktemp())
        self.addCleanup(self.redis.kill)
        shared = {"cluster": {"redis": f"redis://127.0.0.1:{self.redis.port}/0"}}
        shared |= {"db": {"url": f"sqlite:///{Path(self.mktemp()).absolute()}"}}
        self.settings = self.settings | {"main": {"node_name": "one"}} | shared
        await super().setUp()
        self.other = await self.server(**self.settings | {"main": {"node_name": "two"}})

    async def test_caller_and_callee_on_different_nodes(self):
        """They ring, see and hear each other, and hang up."""
        [ada], [bob] = await self.tabs(1), await self.tabs(2, comet=self.other)
        await ada.call(2)
        await bob.accept()
        await self.assert_call(ada, bob)
        await bob.evaluate("me.room.leave()")
        await ada.has("ended", "hangup")


class JanusTests(VideoCase):
    """Rooms that grow beyond a mesh."""

    timeout = 180

    async def setUp(self):
        self.janus = Janus(self.mktemp())
        self.addCleanup(lambda: self.janus.kill())
        video = {"janus": self.janus.url, "janus_secret": SECRET, "mesh_limit": 2}
        self.settings = self.settings | {"video": video}
        await super().setUp()

    async def test_six_through_janus(self):
        """Two begin as a mesh; with the others all go by way of Janus, and see and hear all others."""
        tabs = await self.tabs(*range(1, 7))
        for tab in tabs[:2]:
            await tab.join("lobby")
        await self.assert_call(*tabs[:2])
        for tab in tabs[2:]:
            await tab.join("lobby")
        await tabs[0].has("topology")
        await self.assert_call(*tabs)
        await tabs[0].evaluate("me.room.shareScreen()")
        await tabs[5].wait_for("me.flow().then((all) => Object.values(all).some(({ screen }) => screen > 3))")
        await tabs[5].evaluate("me.room.data.send('hello')")
        await tabs[0].wait_for("me.has('data', 'hello')")
        await tabs[1].page.close()
        await self.assert_call(tabs[0], *tabs[2:])
        self.janus.kill()
        self.janus.start()
        await tabs[0].wait_for("me.heard.filter(([name]) => name === 'topology').length === 2", 30)
        await self.assert_call(tabs[0], *tabs[2:])
        for tab in (tabs[0], *tabs[2:]):
            self.assertEqual(tab.page.errors, [])

    async def test_a_firefox_among_them(self):
        """It sees and hears those with Chromium, and is seen and heard."""
        fox = await self.firefox(3)
        tabs = [*await self.tabs(1, 2), fox]
        for tab in tabs:
            await tab.join("lobby")
        self.assertEqual(await fox.evaluate("me.room.topology"), "sfu")
        await self.assert_call(*tabs)
        await tabs[0].evaluate("me.room.shareScreen()")
        await fox.wait_for("me.flow().then((all) => Object.values(all).some(({ screen }) => screen > 3))")
        await tabs[0].evaluate("me.room.leave()")
        await self.assert_call(*tabs[1:])
        for tab in tabs:
            self.assertEqual((tab.page.errors, await tab.evaluate("me.has('error')")), ([], False))


class TurnCase(VideoCase):
    """Calls over a relay."""

    transports: tuple[str, ...] = ("udp", "tcp", "tls")

    async def setUp(self):
        self.turn = await in_thread(TurnServer, self.mktemp(), SECRET)
        self.addCleanup(self.turn.kill)
        urls = (self.turn.urls[transport] for transport in self.transports)
        video = {"turn": ", ".join(urls), "turn_secret": SECRET}
        self.settings = self.settings | {"video": video}
        await super().setUp()

    async def check(self):
        """@return: what the page says that tries the network: of each try, and in all."""
        page = await self.chromium.open(f"{self.comet.page}video/check")
        results = await page.wait_for("window.results", 60)
        return results, await page.evaluate("document.querySelector('#verdict').textContent")

    async def assert_relayed(self, *tabs):
        """Everybody sees and hears all others, over the relay alone."""
        await self.assert_call(*tabs)
        for tab in tabs:
            ways = [each["route"] for each in (await tab.evaluate("me.flow()")).values()]
            self.assertEqual(ways, ["relay"] * (len(tabs) - 1))


class SecureTurnTests(TurnCase):
    """A relay within TLS, and nothing else, whose certificate the browser trusts."""

    transports = ("tls",)

    @property
    def flags(self):
        """See L{VideoCase.flags}."""
        return [*super().flags, f"--ignore-certificate-errors-spki-list={self.turn.key_hash}"]

    async def test_a_call(self):
        """The network test finds that it works, and two call each other over it."""
        results, _ = await self.check()
        found = {name: results[name]["result"] for name in ("udp", "tcp", "tls")}
        self.assertEqual(found["tls"], "good", results)
        self.assertNotIn("good", (found["udp"], found["tcp"]))
        ada, bob = await self.tabs(1, 2)
        await ada.call(2, relay=True)
        await bob.accept(relay=True)
        await self.assert_relayed(ada, bob)


class TurnTests(TurnCase):
    """A relay over all transports, whose certificate nobody has signed."""

    async def test_the_network_test_tells_relays_apart(self):
        """UDP and TCP work; TLS does not, for nobody has signed the certificate."""
        results, verdict = await self.check()
        self.assertEqual([results[name]["result"] for name in ("udp", "tcp", "tls")], ["good", "good", "bad"])
        self.assertIn("does not trust its certificate", results["tls"]["words"])
        self.assertIn("Not every relay", verdict)

    async def test_a_relay_that_goes_and_comes_back(self):
        """Two call each other over the relay alone; when that starts anew, they find another way by it."""
        ada, bob = await self.tabs(1, 2)
        await ada.call(2, relay=True)
        await bob.accept(relay=True)
        await self.assert_relayed(ada, bob)
        before = await ada.evaluate(WAY)
        self.turn.kill()
        await ada.wait_for("me.room.others[0].link !== 'connected'", 30)
        self.turn.start()
        await self.assert_call(ada, bob)
        self.assertNotEqual(await ada.evaluate(WAY), before)
        for tab in (ada, bob):
            self.assertFalse(await tab.evaluate("me.has('lost') || me.has('ended')"))


class AiortcTests(VideoCase):
    """A page, and a peer whose WebRTC shares no line with that of a browser: it sends no tone."""

    if aiortc is None:
        skip = "there is no aiortc on this machine"

    async def talk(self, begin, sit):
        """
        Let both see and hear each other, and the peer hang up.

        @param begin: what the peer does to be in a call.
        @param sit: what the page does.
        """
        [ada] = await self.tabs(1)
        seen = threading.Event()

        async def run():
            peer = await Peer.open(self.comet.ws_port, 2, "key2")
            try:
                # It listens from the next turn on.
                await asyncio.sleep(0)
                await begin(peer)
                while not peer.connections:
                    await asyncio.sleep(0.05)
                await peer.sees_and_hears(*peer.connections)
                await asyncio.to_thread(seen.wait, PATIENCE)
                await peer.leave()
            finally:
                await peer.close()

        peering = in_thread(asyncio.run, run())
        await sit(ada)
        await ada.wait_for("me.room.others.length === 1")
        await ada.sees_and_hears(1, tone=False)
        seen.set()
        await ada.has("ended", "hangup")
        await peering
        self.assertEqual(ada.page.errors, [])

    async def test_the_page_answers(self):
        """The page comes later, and offers three lines and a data channel, of which the peer takes two."""
        await self.talk(lambda peer: peer.call(1), lambda ada: ada.accept())

    async def test_the_page_calls(self):
        """The peer comes later, and offers two lines."""
        await self.talk(lambda peer: peer.answer(), self.ring)

    async def ring(self, ada):
        while await ada.call(2) == "offline":
            await deferLater(reactor, 0.1)
