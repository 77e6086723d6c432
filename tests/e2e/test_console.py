"""The web console in a real browser: what an administrator does there, by the keyboard where that goes."""

from __future__ import annotations

import http.client
import json
import os
import signal

from tests.browser.chromium import Chromium, find_chromium
from tests.e2e.support import ServerCase, in_thread

NASTY = "<img src=x onerror=\"document.title = 'owned'\">' \\' 😀"
VIEWS = ("sql", "now", "channels", "users", "send")


def text(selector):
    """@return: a script that gives the text of an element, empty if there is none."""
    return f"(document.querySelector({json.dumps(selector)})?.textContent ?? '')"


def texts(selector):
    """@return: a script that gives the texts of all such elements."""
    return f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"


def says(script, value):
    """@return: a condition for a page: that C{script} gives C{value}."""
    return f"JSON.stringify({script}) === JSON.stringify({json.dumps(value)})"


class ConsoleCase(ServerCase):
    """A server, and a browser with its console."""

    skip = None if find_chromium() else "there is no Chromium on this machine"

    async def setUp(self):
        self.comet = await self.server()
        self.chromium = await Chromium.start(self)

    async def visit(self, tenant="root", key=None):
        """@return: a page on which somebody has signed in."""
        page = await self.chromium.open(f"{self.comet.page}console")
        await page.type("#tenant", tenant)
        await page.type("#key", self.comet.password if key is None else key)
        await page.press("Enter")
        await page.wait_for(
            "document.body.dataset.view === 'sql' && document.activeElement.id === 'statement'"
        )
        return page

    async def go(self, page, view):
        """Go to a view, by its link."""
        await page.click(f"#views a[href='#{view}']")
        await page.wait_for(f"document.body.dataset.view === '{view}'")

    async def run_(self, page, statement):
        """Run a statement, and wait for the answer. @return: what is shown of it."""
        count = await page.evaluate("document.querySelectorAll('.answer').length")
        await page.type("#statement", statement)
        # What completes is out of the way first, as for somebody who has typed a whole word.
        await page.press("Enter")
        await page.wait_for(
            f"document.querySelectorAll('.answer').length > {count} && {text('.answer p')} !== '…'"
        )
        return await page.evaluate(text(".answer"))

    def stream(self, query, agent):
        """@return: the answer to somebody who listens, with this header User-Agent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.comet.ws_port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"/comet/sse?{query}", headers={"User-Agent": agent})
        answer = connection.getresponse()
        while b'"subscribed"' not in answer.readline():
            pass
        return answer


class SignInTests(ConsoleCase):
    """The key."""

    async def test_in_and_out(self):
        """A wrong one is told of; the right one lasts until the end, and stands in no address or log."""
        page = await self.chromium.open(f"{self.comet.page}console")
        await page.type("#key", "wrong-key")
        await page.press("Enter")
        await page.wait_for(f"{text('#entering')}.includes('Access denied')")
        await page.type("#tenant", "five")
        await page.press("Enter")
        await page.wait_for(f"{text('#entering')}.includes('root, or a number')")
        await page.type("#tenant", "root")
        await page.type("#key", self.comet.password)
        await page.press("Enter")
        await page.wait_for(f"{text('#who')}.startsWith('root at ')")
        await page.command("Page.reload")
        await page.wait_for(f"{text('#who')}.startsWith('root at ')")
        stored = await page.evaluate("JSON.stringify(localStorage) + location.href + document.cookie")
        self.assertNotIn(self.comet.password, stored)
        self.assertNotIn(self.comet.password, self.comet.log.read_text())
        await page.click("#leave")
        await page.wait_for("!document.querySelector('#enter').hidden && document.activeElement.id === 'key'")
        self.assertEqual(
            await page.evaluate("[sessionStorage.length, document.querySelector('#key').value]"), [0, ""]
        )
        await page.command("Page.reload")
        await page.wait_for("!document.querySelector('#enter').hidden")

    async def test_tenants(self):
        """Each has its own tables, and sees nothing of the others."""
        root = await self.visit()
        await self.run_(root, "INSERT INTO dev_config (id, `key`) VALUES (5, 'the-key-of-five')")
        await self.run_(root, "INSERT INTO users_data (id, data) VALUES (1, 'of root')")
        five = await self.visit("5", "the-key-of-five")
        self.assertIn("0 rows", await self.run_(five, "SELECT data FROM users_data WHERE id = 1"))
        self.assertIn("ERROR 1044 (42000)", await self.run_(five, "USE db_0"))
        await self.run_(root, "DELETE FROM dev_config WHERE id = 5")
        await five.type("#statement", "SELECT 1")
        await five.press("Enter")
        await five.wait_for(f"{text('#entering')} === 'The key does not count any more.'")
        # What was said about keys is not kept.
        self.assertNotIn("the-key-of-five", await root.evaluate("JSON.stringify(localStorage)"))


class SqlTests(ConsoleCase):
    """The command line."""

    async def test_answers(self):
        """Several results as tables, what was affected, errors in their place with number and text."""
        page = await self.visit()
        insert = "INSERT INTO users_messages (id, event, message) VALUES (7, 'mail', '{}')"
        shown = await self.run_(page, insert.format(NASTY.replace("\\", "\\\\").replace("'", "''")))
        self.assertIn("OK, 1 row affected", shown)
        await self.run_(
            page, "SELECT id, message FROM users_messages WHERE id = 7; SELECT NULL AS n; SELECT x"
        )
        await page.wait_for(says(texts(".answer:first-child th"), ["id", "message", "n"]))
        await page.wait_for(says(texts(".answer:first-child td"), ["7", NASTY, "NULL"]))
        error = await page.evaluate(text(".answer:first-child .error"))
        self.assertRegex(error, r"^ERROR 1054 \(42S22\): \[\d+\] Unknown column 'x'")
        self.assertEqual(await page.evaluate("document.title"), "comet console")
        self.assertEqual(page.errors, [])

    async def test_history(self):
        """Arrows bring back what was said, also after the page was loaded anew; it can be forgotten."""
        page = await self.visit()
        for statement in ("SELECT 1", "SELECT 2"):
            await self.run_(page, statement)
        await page.command("Page.reload")
        await page.wait_for("document.activeElement.id === 'statement'")
        value = "document.querySelector('#statement').value"
        await page.type("#statement", "SELECT 3;")
        for key, shown in (
            ("ArrowUp", "2"),
            ("ArrowUp", "1"),
            ("ArrowUp", "1"),
            ("ArrowDown", "2"),
            ("ArrowDown", "3;"),
        ):
            await page.press(key)
            await page.wait_for(says(value, f"SELECT {shown}"))
        await page.click("#forget")
        await page.type("#statement", "")
        await page.press("ArrowUp")
        self.assertEqual(await page.evaluate(value), "")
        self.assertEqual(await page.evaluate("localStorage.length"), 0)

    async def test_completion(self):
        """Tables, their columns and words, from what the server declares."""
        page = await self.visit()
        offers, value = texts("#offers li"), "document.querySelector('#statement').value"
        await page.type("#statement", "SELECT * FROM users_")
        await page.wait_for(
            f"{offers}.includes('users_in_pipes') && {offers}.every((name) => name.startsWith('users_'))"
        )
        await page.press("ArrowDown")
        await page.press("Tab")
        await page.wait_for(f"/^SELECT \\* FROM users_\\w+ $/.test({value})")
        await page.type("#statement", "SELECT name FROM pipes WHERE us")
        await page.wait_for(
            says(offers, ["users", "users_auth", "users_time"]) + f"|| {offers}[0] === 'users'"
        )
        await page.press("Escape")
        await page.wait_for(says(offers, []))
        self.assertEqual(await page.evaluate("document.activeElement.id"), "statement")


class ViewTests(ConsoleCase):
    """The other views."""

    async def test_now(self):
        """Numbers and charts follow what happens."""
        page = await self.visit()
        await self.go(page, "now")
        names, numbers = texts(".chart h2"), texts(".chart .big")
        big = f"Object.fromEntries({names}.map((name, place) => [name, {numbers}[place]]))"
        await page.wait_for(f"{big}['Browsers online'] === '0'")
        await self.browser(self.comet)
        await page.wait_for(f"{big}['Browsers online'] === '1'")
        await page.wait_for(f"{big}['A statement takes'].endsWith(' ms')")
        drawn = "[...document.querySelectorAll('.chart .line')].every((line) => line.getAttribute('d'))"
        await page.wait_for(drawn)
        self.assertRegex(await page.evaluate(text("#node")), r"^\S+ · up \d+ s · 1 node$")
        # A message of somebody who may not say it.
        await in_thread(self.refused)
        await page.wait_for(f"{text('#drops')}.includes('refused: origin')")
        self.assertEqual(page.errors, [])
        await self.comet.stop(signal.SIGKILL)
        await page.wait_for(f"{text('#node')} === 'The server does not answer.'")
        password = self.comet.password
        await self.server(ws={"port": self.comet.ws_port}, main={"password": password})
        await page.wait_for(f"{text('#node')}.includes(' · up ')")

    def refused(self):
        """Ask the console as a page of another site would."""
        connection = http.client.HTTPConnection("127.0.0.1", self.comet.ws_port, timeout=20)
        connection.request("POST", "/console/api/query", "{}", {"Origin": "http://evil.example"})
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()

    async def test_channels(self):
        """Who listens, and what is said, just as it was said."""
        await in_thread(self.stream, "channels=news", NASTY.encode("ascii", "ignore").decode())
        page = await self.visit()
        await self.go(page, "channels")
        await page.wait_for(says(texts("#channel-list td"), ["news", "1"]))
        await page.click("#channel-list button")
        await page.wait_for(f"{texts('#listeners td')}.some((cell) => cell.startsWith('<img src=x'))")
        await page.click("#tail")
        await page.wait_for(f"{text('#tail-state')} === 'listening'")
        other = await self.visit()
        said = NASTY.replace("\\", "\\\\").replace("'", "''")
        insert = f"INSERT INTO pipes_messages (name, event, message) VALUES ('news', 'added', '{said}')"
        await self.run_(other, insert)
        await page.wait_for(says(texts("#heard .said"), [NASTY]))
        self.assertEqual(await page.evaluate("document.title"), "comet console")
        self.assertEqual(await page.evaluate("document.querySelectorAll('img').length"), 0)
        await page.click("#tail")
        await page.wait_for(f"{text('#tail')} === 'Listen'")
        await page.type("#channel-name", "private_x")
        await page.wait_for(f"{text('#channel-list')}.startsWith('Nobody listens')")
        await page.press("Enter")
        await page.wait_for(f"{text('#channel-title')} === 'private_x'")
        self.assertEqual((page.errors, other.errors), ([], []))

    async def test_users(self):
        """Devices, queue and last seen of one; a device is sent away, after a second question."""
        page = await self.visit()
        await self.run_(page, "INSERT INTO users_auth (id, hash) VALUES (7, 'key7')")
        await self.run_(page, "INSERT INTO users_messages (id, message) VALUES (8, 'a'), (8, 'b')")
        client = await self.browser(self.comet, key="key7", user_id=7)
        await self.go(page, "users")
        await page.wait_for(says(texts("#user-list td:first-child"), ["user 7"]))
        await page.click("#user-list button")
        await page.wait_for(says(texts("#user-facts dd"), ["online now", "0 messages", "1"]))
        await page.click("#devices button")
        self.assertEqual(await page.evaluate(text("#devices button")), "Sure?")
        self.assertFalse(client.closed.called)
        await page.click("#devices button")
        await client.closed
        await page.wait_for(f"{text('#devices')} === 'None.'")
        await page.type("#user-id", "8")
        await page.press("Enter")
        await page.wait_for(says(texts("#user-facts dd"), ["never", "2 messages", "0"]))
        self.assertEqual(page.errors, [])

    async def test_send(self):
        """Who would get it is told beforehand; then they have got it."""
        client = await self.browser(self.comet)
        await client.next()
        await client.listen("news")
        page = await self.visit()
        await self.go(page, "send")
        await page.type("#to", "news")
        await page.type("#text", NASTY)
        await page.wait_for(f"{texts('#outlook dd')}[1] === 'websocket/cppcomet: 1'")
        await page.click("#message button[type=submit]")
        await page.wait_for(f"{text('#sent')}.startsWith('Sent at ')")
        self.assertEqual((await client.next())["data"], NASTY)
        await page.click("#message [value=user]")
        await page.type("#to", "9")
        await page.wait_for(f"{texts('#outlook dd')}[2] === 'until the user comes'")
        await page.type("#to", "nobody")
        await page.wait_for(f"{text('#outlook')}.includes('ncorrect')")
        self.assertEqual(page.errors, [])


#: The least contrast of what is read (WCAG 2.2, 1.4.3), over all texts that are shown now, and where it is.
CONTRAST = """
    (() => {
      const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
      const light = (color) => {
        const [r, g, b] = numbers(color).map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
          const color = getComputedStyle(each).backgroundColor;
          if (numbers(color)[3] !== 0) return color;
        }
      };
      const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      const shown = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility());
      const ratios = shown.filter(hasText).map((each) => {
        const [one, other] = [getComputedStyle(each).color, ground(each)].map(light);
        return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), each.outerHTML.slice(0, 80)];
      });
      return ratios.sort(([one], [other]) => one - other)[0];
    })()
"""


class ScreenTests(ConsoleCase):
    """Keyboard and screens."""

    async def test_keyboard(self):
        """Views by number, a list of the keys, and a focus that is seen wherever Tab leads."""
        page = await self.visit()
        await page.press("Escape")
        for number, view in enumerate(VIEWS, 1):
            await page.press(str(number))
            await page.wait_for(f"document.body.dataset.view === '{view}'")
            await page.evaluate("document.activeElement.blur()")
        await page.press("?")
        await page.wait_for("document.querySelector('#shortcuts').open")
        await page.press("Escape")
        await page.wait_for("!document.querySelector('#shortcuts').open")
        await page.press("/")
        await page.wait_for("document.activeElement.id === 'to'")
        for wanted in ("event", "text"):
            await page.press("Tab")
            self.assertEqual(await page.evaluate("document.activeElement.id"), wanted)
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            self.assertEqual(outline, "solid")

    async def test_screens(self):
        """
        Every view fits a desk and a phone, light and dark, and can be read; what it looked like is kept for
        people.
        """
        browsers = [await self.browser(self.comet, uuid=f"{n}" * 32) for n in range(3)]
        for each in browsers:
            await each.next()
            await each.listen("news", "a_channel_with_a_name_as_long_as_it_may_be".ljust(64, "_"))
        page = await self.visit()
        await self.run_(page, "SELECT * FROM connections; SELECT name, users FROM pipes")
        await self.run_(page, f"SELECT '{'x' * 300}' AS 'a long word'")
        for view, row in (("channels", "#channel-list button"), ("users", "#user-list button")):
            await self.go(page, view)
            await page.wait_for(f"{texts(row)}.length")
            await page.click(row)
        for name, width, height in (("desk", 1280, 800), ("phone", 360, 640)):
            for dark in (False, True):
                await page.resize(width, height, dark)
                for view in VIEWS:
                    await self.go(page, view)
                    root = "document.documentElement"
                    await page.wait_for(
                        f"{root}.scrollWidth === {root}.clientWidth && innerWidth === {width}"
                    )
                    ratio, where = await page.evaluate(CONTRAST)
                    self.assertGreater(ratio, 4.5, where)
                    shot = f"console-{view}-{name}-{'dark' if dark else 'light'}.png"
                    await page.screenshot(shot)
                    self.assertGreater(os.path.getsize(shot), 5000)
        self.assertEqual(page.errors, [])
