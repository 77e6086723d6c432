"""The video pages of the demo, and pages made for CppComet's video script, in a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.browser.chromium import FAKE_DEVICES, Chromium
from tests.e2e.callers import VideoCase
from tests.e2e.support import ROOT, in_thread, serve_folder


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
        await bob.wait_for("[...document.querySelectorAll('.called')].some((who) => who.innerText === 'Ada')")
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
        refused = [*FAKE_DEVICES, "--use-fake-ui-for-media-stream=deny"]
        missing = [*FAKE_DEVICES, "--use-fake-device-for-media-stream=device-count=0"]
        for flags, words, hears in (
            (refused, "keeps the camera from this page", False),
            (missing, "no camera on this device", True),
        ):
            page = await self.visit("video#demo", *flags)
            await page.wait_for(f"document.querySelector('#notice').textContent.includes('{words}')")
            await page.wait_for("document.querySelectorAll('.tile:not(.mine)[data-picture=yes]').length")
            await ada.wait_for(f"demo.room.others.some((o) => o.audio === {str(hears).lower()} && !o.video)")
            await page.click("#leave")
            await ada.wait_for("demo.room.others.length === 0")

    async def test_words_for_the_rest(self):
        """A room that one may not enter, one that is full, a server that is away: each has its words."""
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
        await self.comet.stop(signal.SIGKILL)
        await page.click("#enter")
        await page.wait_for(f"{says}('does not answer')", 30)

    async def test_screens(self):
        """A room of four fits a desk and a phone, light and dark; what it looked like is kept for people."""
        pages = [await self.visit("video#demo") for _ in range(4)]
        page = pages[-1]
        await page.wait_for("document.querySelectorAll('.tile[data-picture=yes]').length === 4")
        for name, width, height in (("desk", 1280, 800), ("phone", 360, 640)):
            for dark in (False, True):
                await page.resize(width, height, dark)
                root = "document.documentElement"
                await page.wait_for(
                    f"{root}.scrollWidth === {width} && {root}.scrollHeight === {height}"
                    " && document.querySelector('#leave').getBoundingClientRect().bottom < innerHeight"
                )
                shot = f"video-{name}-{'dark' if dark else 'light'}.png"
                await page.screenshot(shot)
                self.assertGreater(os.path.getsize(shot), 5000)

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
    const tell = (name) => ({ action, status, isMute, data }) => {
      told.push([name, action, status ?? isMute ?? data?.message]);
    };
    const names = "onCall onCallAccept onCallStart onCallEnd onIn onOut onToggleMute toggleHold".split(" ");
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
            "navigator.mediaDevices.getUserMedia = async () => {"
            "  throw new DOMException('', 'NotFoundError');"
            f"}}; {call}"
        )
        await ada.wait_for(has('["onCallEnd", "out", "no-media-stream"]'))


class DemoTests(TestCase):
    """C{comet demo}, as C{make run} starts it."""

    timeout = 60
    skip = VideoCase.skip

    async def test_two_tabs_within_ten_seconds(self):
        """Two tabs of the page that is printed see each other ten seconds after the start, at the latest."""
        chromium = await Chromium.start(self, *FAKE_DEVICES)
        begun = time.monotonic()
        command = [sys.executable, "-m", "comet", "demo", "--port", "0", "--cometql-port", "0"]
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.addCleanup(demo.communicate)
        self.addCleanup(demo.send_signal, signal.SIGINT)
        page, _, video = await in_thread(lambda: [demo.stdout.readline().strip() for _ in range(3)])
        self.assertEqual(video, f"{page}video")
        pages = [await chromium.open(f"{video}#demo") for _ in range(2)]
        for each in pages:
            await each.wait_for("document.querySelectorAll('.tile[data-picture=yes]').length === 2")
        self.assertLess(time.monotonic() - begun, 10)


class ExampleTests(VideoCase):
    """The page in the how-to."""

    async def test_a_page_of_ones_own(self):
        """One user calls the other, who is asked, and answers; and then hangs up."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        (folder / "call.html").write_text(self.comet.example("call.html"))
        address = f"{serve_folder(self, folder)}call.html"
        ada, bob = [await self.chromium.open(f"{address}?user={user}&key=key{user}") for user in (1, 2)]
        await bob.evaluate("window.confirm = (text) => text === 'User 1 calls. Answer?'")
        await bob.wait_for("video.client.ready.then(() => true)")
        await ada.type("#whom", "2")
        await ada.click("#call")
        for page in (ada, bob):
            await page.wait_for("document.getElementById('other').videoWidth > 0")
            await page.wait_for("document.getElementById('said').textContent === 'connected'")
        await bob.click("#leave")
        await ada.wait_for("document.getElementById('said').textContent === 'It is over: hangup.'")
