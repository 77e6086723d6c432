"""The demo page in a real browser: a chat between tabs, who is here, and messages from SQL."""

from __future__ import annotations

import os
import signal

import pymysql

from tests.browser.chromium import Chromium, find_chromium, says
from tests.e2e.support import ServerCase, in_thread

INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"
NASTY = "It's <b>bold</b>, \"quoted\" C:\\dir\\new \\' 😀 Привет"
ONLINE, OFFLINE = (
    f"document.querySelector('#status').dataset.status === '{word}'" for word in ("online", "offline")
)
NOTE = "document.querySelector('.mine .note').textContent"
TEXTS = "[...document.querySelectorAll('.message .text')].map((text) => text.textContent)"
PEOPLE = "[...document.querySelectorAll('#people .name')].map((name) => name.textContent).sort()"


def insert(server, event, text):
    """Say something in the channel of the demo, in SQL."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT, ("web_demo", event, text))


class DemoPageTests(ServerCase):
    """What a visitor sees."""

    skip = None if find_chromium() else "there is no Chromium on this machine"

    async def setUp(self):
        self.comet = await self.server(ws={"demo": "yes"})
        self.chromium = await Chromium.start(self)

    async def visit(self, name):
        """@return: a tab with the page, in which somebody of that name is."""
        page = await self.chromium.open(self.comet.page)
        await page.wait_for(ONLINE)
        await page.type("#name", name)
        await page.press("Enter")
        await page.wait_for("document.activeElement.id === 'text'")
        return page

    async def say(self, page, text):
        """Type a message, and send it by the keyboard."""
        await page.type("#text", text)
        await page.press("Enter")

    async def test_tabs_talk(self):
        """What is said in one tab is read in the other, exactly; the first is told that it was."""
        ada, bob = await self.visit("Ada"), await self.visit("Bob")
        await ada.wait_for(says(PEOPLE, ["Ada", "Bob"]))
        await self.say(ada, NASTY)
        await bob.wait_for(says(TEXTS, [NASTY]))
        await ada.wait_for(says(NOTE, "reached 1 tab"))
        self.assertEqual(await bob.evaluate("document.querySelector('.theirs .author').textContent"), "Ada")
        await self.say(bob, "seen")
        for page in (ada, bob):
            await page.wait_for(says(TEXTS, [NASTY, "seen"]))
            self.assertEqual(page.errors, [])

    async def test_sql_is_read_in_all_tabs(self):
        """An INSERT appears in both tabs as it was written, marked, and never as markup."""
        pages = [await self.visit("Ada"), await self.visit("Bob")]
        await in_thread(insert, self.comet, "news", NASTY)
        await in_thread(insert, self.comet, "message", '{"uuid": "x", "name": "Ada", "text": "not Ada"}')
        for page in pages:
            await page.wait_for(says(TEXTS, [NASTY, "not Ada"]))
            self.assertEqual(await page.evaluate("document.querySelectorAll('.message.from-sql').length"), 2)
            self.assertEqual(await page.evaluate("document.querySelectorAll('.message b').length"), 0)
            self.assertEqual(page.errors, [])

    async def test_who_is_here(self):
        """Everybody sees who comes, who takes another name, and who leaves."""
        ada, bob, eve = [await self.visit(name) for name in ("Ada", "Bob", "Eve")]
        for page in (ada, bob, eve):
            await page.wait_for(says(PEOPLE, ["Ada", "Bob", "Eve"]))
        await eve.type("#name", "Yves")
        await eve.press("Enter")
        await ada.wait_for(says(PEOPLE, ["Ada", "Bob", "Yves"]))
        await bob.close()
        for page in (ada, eve):
            await page.wait_for(says(PEOPLE, ["Ada", "Yves"]))

    async def test_a_restart_of_the_server(self):
        """The page says so, comes back by itself, and then says what was to be said meanwhile."""
        ada, bob = await self.visit("Ada"), await self.visit("Bob")
        await self.comet.stop(signal.SIGKILL)
        for page in (ada, bob):
            await page.wait_for(OFFLINE)
        await self.say(ada, "anybody there?")
        self.assertEqual(await ada.evaluate(NOTE), "waits for a connection")
        again = await self.server(ws={"demo": "yes", "port": self.comet.ws_port})
        for page in (ada, bob):
            await page.wait_for(ONLINE)
            await page.wait_for(says(PEOPLE, ["Ada", "Bob"]))
        await ada.wait_for(
            f"{NOTE} !== 'waits for a connection'"
        )  # how many it reaches depends on who is first
        await in_thread(insert, again, "news", "back again")
        for page in (ada, bob):
            await page.wait_for(f"{TEXTS}.includes('back again')")

    async def test_the_line_to_paste(self):
        """The page shows the server's own line, and copies exactly that."""
        page = await self.visit("Ada")
        await page.command(
            "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
        )
        line = await page.evaluate(
            "fetch('/demo.json').then((answer) => answer.json()).then(({ sql }) => sql)"
        )
        shown = await page.evaluate("document.querySelector('#sql').textContent")
        self.assertIn("INSERT INTO pipes_messages", shown)
        if line:
            self.assertEqual(shown, line)
        await page.click("#copy")
        await page.wait_for("document.querySelector('#copy').textContent === 'Copied'")
        self.assertEqual(await page.evaluate("navigator.clipboard.readText()"), shown)

    async def test_screens(self):
        """On a desk and on a phone, light and dark, the page fits; what it looked like is kept for people."""
        page = await self.visit("Ada")
        await self.say(page, "a word without an end " + "x" * 300)
        await in_thread(insert, self.comet, "news", "Hello from SQL")
        await page.wait_for("document.querySelectorAll('.message').length === 2")
        for name, width, height in (("desk", 1280, 800), ("phone", 360, 640)):
            for dark in (False, True):
                await page.resize(width, height, dark)
                size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
                await page.wait_for(says(size, [width, height]))
                shot = f"demo-{name}-{'dark' if dark else 'light'}.png"
                await page.screenshot(shot)
                self.assertGreater(os.path.getsize(shot), 5000)
