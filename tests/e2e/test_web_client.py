"""comet.js in a real browser with a real server: lost networks, several tabs, a server that starts anew."""

from __future__ import annotations

import json

import pymysql
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater

from tests.browser.chromium import Chromium, find_chromium
from tests.e2e.support import Server, ServerCase, in_thread

OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
#: How long the network is away, in seconds, and how much is said meanwhile.
ABSENCE, MESSAGES = 30, 50


def run(server, *statements):
    """Run statements with their values, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        for statement, *values in statements:
            cursor.execute(statement, values)


class WebClientCase(ServerCase):
    """A server with a channel that keeps a history, and a Chromium."""

    skip = None if find_chromium() else "there is no Chromium on this machine"
    timeout = 240

    async def setUp(self):
        self.comet = await self.server(ws={"demo": "yes"})
        await self.sql(("INSERT INTO pipes_settings (name, length) VALUES ('web_news', 99)",))
        self.chromium = await Chromium.start(self)

    async def sql(self, *statements):
        await in_thread(run, self.comet, *statements)

    async def say(self, *numbers):
        text = "INSERT INTO pipes_messages (name, event, message) VALUES ('web_news', 'n', %s)"
        for number in numbers:
            await self.sql((text, str(number)))

    async def visit(self, chromium=None, **options):
        """@return: a tab that listens; C{got} is what it heard, C{states} what became of its connection."""
        page = await (chromium or self.chromium).open(self.comet.page)
        await page.evaluate(
            "import('/comet/comet.mjs').then(({ connect }) => {"
            "  Object.assign(window, { got: [], states: [], gaps: [] });"
            f"  window.comet = connect({json.dumps(options)});"
            "  comet.onState(({ state }) => states.push(state));"
            "  window.news = comet.subscribe('web_news', ({ data }) => got.push(data));"
            "  news.onGap((gap) => gaps.push(gap));"
            "  return news.ready.then(() => null);"
            "})"
        )
        return page

    async def visit_familiar(self, **options):
        """@return: a tab with a page as it was made for CppComet; C{told} is what became of its sign-in."""
        page = await self.chromium.open(self.comet.page)
        start = {"node": [f"127.0.0.1:{self.comet.ws_port}"], "roundrobin": True, "nostat": True, **options}
        await page.evaluate(
            "new Promise((loaded) => {"
            "  const script = document.createElement('script');"
            "  script.src = '/comet/comet.js';"
            "  script.onload = loaded;"
            "  document.head.append(script);"
            "}).then(() => {"
            "  Object.assign(window, { got: [], gaps: [], told: [], signals: [], started: 0 });"
            "  comet_server_signal().connect('page', 'cart', (value) => signals.push(value));"
            "  cometApi.onAuthSuccess(() => told.push('success'));"
            "  cometApi.onAuthFalill(() => told.push('failure'));"
            f"  cometApi.start({json.dumps(start)}, () => {{ started += 1; }});"
            "  cometApi.subscription('web_news.n', (message) => got.push(message.data));"
            "  cometApi.subscription('msg', (message) => got.push(message.data));"
            "})"
        )
        await page.wait_for("cometApi.isConnected() && started === 1 && told.length")
        return page

    async def assert_heard(self, page, expected):
        """All of it, once, in order, and nothing missing."""
        await page.wait_for(f"got.length >= {len(expected)}", 60)
        self.assertEqual(await page.evaluate("got"), expected)
        self.assertEqual(await page.evaluate("gaps"), [])


class NetworkTests(WebClientCase):
    """One browser loses its network, another one does not."""

    async def test_each_transport(self):
        """What was said meanwhile comes once and in order: by WebSocket, server-sent events and long-poll."""
        pages = []
        for transport in ("websocket", "sse", "poll"):
            page = await self.visit(transports=[transport], shareTabs=False)
            self.assertEqual(await page.evaluate("comet.connection.transport"), transport)
            pages.append(page)
        await self.say(0)
        for page in pages:
            await page.wait_for("got.length === 1")
            await page.command("Network.enable")
            await page.command("Network.emulateNetworkConditions", **OFFLINE)
            await page.wait_for("comet.state !== 'online'")
        await self.say(*range(1, MESSAGES + 1))
        await deferLater(reactor, ABSENCE)
        for page in pages:
            self.assertEqual(await page.evaluate("got"), [0])
            await page.command("Network.emulateNetworkConditions", **(OFFLINE | {"offline": False}))
        for page in pages:
            await self.assert_heard(page, list(range(MESSAGES + 1)))

    async def test_two_browsers_chat(self):
        """Each hears what the other one says, and not what it says itself; and how many heard it."""
        other = await Chromium.start(self)
        ada, bob = await self.visit(), await self.visit(other)
        self.assertEqual((await ada.evaluate('news.publish({ text: "it\'s me" })'))["receivers"], 1)
        await bob.wait_for("got.length")
        await bob.evaluate("news.publish('hello')")
        await ada.wait_for("got.length")
        self.assertEqual(await bob.evaluate("got"), [{"text": "it's me"}])
        self.assertEqual(await ada.evaluate("got"), ["hello"])


class TabTests(WebClientCase):
    """Several tabs of one browser."""

    async def test_they_share_a_connection_and_hand_it_over(self):
        """One connection for three tabs; when the tab that has it closes amid messages, nothing is lost."""
        tabs = [await self.visit() for _ in range(3)]
        self.assertEqual([await tab.evaluate("comet.isMaster()") for tab in tabs], [True, False, False])
        self.assertEqual(await tabs[1].evaluate("comet.count('web_news')"), 1)
        saying = ensureDeferred(self.say(*range(60)))
        await tabs[2].wait_for("got.length > 5")
        await tabs[0].close()
        self.assertLess(await tabs[2].evaluate("got.length"), 60)
        await saying
        for tab in tabs[1:]:
            await self.assert_heard(tab, list(range(60)))
        await tabs[1].wait_for("comet.isMaster() && comet.state === 'online'")
        self.assertEqual(await tabs[2].evaluate("comet.isMaster()"), False)
        await tabs[2].evaluate("news.publish('from a tab')")
        await tabs[1].wait_for("got.at(-1) === 'from a tab'")


class FamiliarTests(WebClientCase):
    """Pages as they were made for CppComet's script, which take ours in its place."""

    async def test_a_page_signs_in_and_chats(self):
        """Sign in by a hash, hear a channel and what is private, send, ask, and sign out by a restart."""
        await self.sql(("INSERT INTO users_auth (id, hash) VALUES (7, 'hash7')",))
        page = await self.visit_familiar(user_id=7, user_key="hash7")
        self.assertEqual(await page.evaluate("told"), ["success"])
        self.assertEqual(await page.evaluate("cometApi.isAuthorized()"), True)
        await page.wait_for("cometApi.client.ready.then(() => cometApi.client.count('web_news'))")
        await self.say(1)
        await page.wait_for("got.length === 1")
        await self.sql(("INSERT INTO users_messages (id, event, message) VALUES (7, 'mail', '\"hello\"')",))
        await self.assert_heard(page, [1, "hello"])
        await page.evaluate("cometApi.count_users_in_pipe('web_news', ({ data }) => told.push(data))")
        await page.wait_for("told.length === 2")
        await page.evaluate("cometApi.restart({ user_id: 0, user_key: '' })")
        await page.wait_for("told.length === 3")
        self.assertEqual(await page.evaluate("told"), ["success", {"user_in_pipe": 1}, "failure"])

    async def test_tabs_signal_to_each_other(self):
        """What one tab emits to all reaches the others through the browser itself, and so do values."""
        tabs = [await self.visit_familiar() for _ in range(2)]
        await tabs[0].evaluate("tabSignal.emit('cart', 'mine')")
        for _ in range(2):
            await tabs[0].evaluate("tabSignal.emitAll('cart', { items: ['book'] })")
        await tabs[1].wait_for("signals.length === 2")
        self.assertEqual(await tabs[1].evaluate("signals"), [{"items": ["book"]}] * 2)
        self.assertEqual(
            await tabs[0].evaluate("signals"), ["mine", {"items": ["book"]}, {"items": ["book"]}]
        )
        await tabs[0].evaluate("tabSignal.setState('seen', 41)")
        await tabs[1].wait_for("tabSignal.getState('seen') === 41")


class RestartTests(WebClientCase):
    """The server starts anew, on the same port and with the same data."""

    async def test_a_restart_is_invisible_but_for_the_state(self):
        """The page says nothing of it, and misses nothing."""
        page, familiar = await self.visit(), await self.visit_familiar()
        await self.say(*range(5))
        await page.wait_for("got.length === 5")
        await familiar.wait_for("got.length === 5")
        ports = {
            "ws": {"port": self.comet.ws_port, "demo": "yes"},
            "cometql": {"port": self.comet.cometql_port},
        }
        await self.comet.stop()
        await page.wait_for("comet.state !== 'online'")
        folder = self.comet.folder
        (self.comet.data / "ports.json").unlink(missing_ok=True)
        self.comet = Server(folder, ports)
        self.addCleanup(lambda: self.comet.process.kill())
        await self.comet.start()
        await self.say(*range(5, 10))
        await page.wait_for("comet.state === 'online'")
        await self.assert_heard(page, list(range(10)))
        await self.assert_heard(familiar, list(range(10)))
        self.assertEqual(await familiar.evaluate("told"), ["failure"])
        states = await page.evaluate("states")
        self.assertEqual(states[-1], "online")
        self.assertIn("offline", states)
        # Only the browser itself tells of connections that failed.
        complaints = [
            each for each in page.errors if "ERR_CONNECTION" not in each and "WebSocket" not in each
        ]
        self.assertEqual(complaints, [])
