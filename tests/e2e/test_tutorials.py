"""The tutorials and the pages on moving: the files that they show, from the first step to the last."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests import mariadb
from tests.browser.chromium import FAKE_DEVICES, Chromium, find_chromium, says
from tests.e2e.callers import run
from tests.e2e.proxies import reachable
from tests.e2e.support import EXAMPLES, ROOT, ServerCase, in_thread, serve_folder, until
from tests.redisserver import free_port
from tests.tools import php

MODULES = ROOT / "tests" / "node" / "node_modules"
NASTY = "It's <b>bold</b>, \"quoted\" C:\\dir\\new \\' 😀 Привет"


class TutorialCase(ServerCase):
    """
    A server as the tutorials start it, and a folder with the files that they have the reader write.

    @cvar tutorial: the name of the page, and of the folder of its files.
    @cvar style: where in the folder the stylesheet goes.
    """

    skip = None if find_chromium() else "there is no Chromium on this machine"
    tutorial = ""
    style = "style.css"

    async def setUp(self):
        self.comet = await self.server()
        self.chromium = await Chromium.start(self, *FAKE_DEVICES)
        self.folder = Path(self.mktemp()).absolute()
        for file in (EXAMPLES / self.tutorial).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                self.put(file.relative_to(EXAMPLES / self.tutorial), f"{file.relative_to(EXAMPLES)}")
        self.put(self.style, "style.css")
        if (statements := self.folder / "setup.sql").exists():
            await self.sql(statements.read_text("utf-8"))

    def put(self, where, example):
        """Write an example into the folder, for this server."""
        (self.folder / where).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / where).write_text(self.comet.example(example), "utf-8")

    async def sql(self, text):
        """Run the statements of a file, as C{mysql < setup.sql} does."""
        lines = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        await in_thread(run, self.comet, *([each] for each in lines.split(";") if each.strip()))

    async def picture(self, page, name="page"):
        """Keep what is seen on a desk, light and dark, and on a phone, which it must fit."""
        for screen, width, height, dark in (
            ("desk", 720, 600, False),
            ("dark", 720, 600, True),
            ("phone", 360, 640, False),
        ):
            await page.resize(width, height, dark)
            await page.wait_for(f"document.documentElement.scrollWidth <= {width}")
            shot = f"{self.tutorial}-{name}-{screen}.png"
            await page.screenshot(shot)
            self.assertGreater(os.path.getsize(shot), 4000)


class ChatInPhpTests(TutorialCase):
    """PHP serves the pages, and says in SQL what is said."""

    tutorial = "chat-in-php"
    skip = TutorialCase.skip or (None if php.has("pdo_mysql") else "there is no PHP with pdo_mysql")

    async def come_in(self, address, name):
        """@return: a tab in which somebody of that name has come in."""
        page = await self.chromium.open(address)
        await page.type("input[name=name]", name)
        await page.press("Enter")
        await page.wait_for("document.querySelector('#state')?.textContent === 'online'")
        return page

    async def say(self, page, text):
        """Say something, and wait until PHP has taken it."""
        await page.type("input[name=text]", text)
        await page.press("Enter")
        await page.wait_for("document.querySelector('input[name=text]').value === ''")

    async def test_two_tabs_chat(self):
        """Both read everything, as it was written; who comes later reads what was said before."""
        address, log = await php.serve(self, self.folder)
        ann = await self.come_in(address, "Ann")
        # Another visitor: the browser keeps its cookies by the name of the host.
        bob = await self.come_in(address.replace("127.0.0.1", "localhost"), "Bob <b>")
        await self.say(ann, "Hello, Bob")
        await self.say(bob, NASTY)
        said = "[...document.querySelectorAll('#messages li')].map((line) => line.lastChild.textContent)"
        whole = ["Ann: Hello, Bob", f"Bob <b>: {NASTY}"]
        for page in (ann, bob):
            await page.wait_for(says(said, whole))
        later = await self.chromium.open(address)
        await later.wait_for(says(said, whole))
        await self.say(later, "And now?")
        for page in (ann, bob, later):
            await page.wait_for(says(said, [*whole, "Ann: And now?"]))
            self.assertEqual([each for each in page.errors if "favicon.ico" not in each], [], log.read_text())
        await self.picture(bob)

    async def test_only_who_has_come_in_may_speak(self):
        """The rest is refused, as is what is no line of a chat."""
        address, _ = await php.serve(self, self.folder)
        page = await self.chromium.open(address)

        async def status(text):
            send = f"fetch('send.php', {{ method: 'POST', body: new URLSearchParams({{ text: {text} }}) }})"
            return await page.evaluate(f"{send}.then((answer) => answer.status)")

        self.assertEqual(await status("'Hello'"), 400)
        page = await self.come_in(address, "Ann")
        self.assertEqual([await status(text) for text in ("'Hi'", "' '", "'x'.repeat(501)")], [204, 400, 400])


class WhoIsOnlineTests(TutorialCase):
    """A page that shows who is here, and a question in SQL."""

    tutorial = "who-is-online"

    async def ask(self):
        """@return: what the backend finds."""
        command = [sys.executable, str(self.folder / "online.py")]
        done = await in_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    async def test_come_and_go(self):
        """All see who is on the page, who is online and who was; a member who is away has gone at a time."""
        address = serve_folder(self, self.folder)
        here, members = (
            f"[...document.querySelectorAll('#{part} li')].map((line) => line.lastChild.textContent)"
            for part in ("here", "members")
        )
        notes = "[...document.querySelectorAll('#members small')].map((note) => note.textContent)"
        ann = await self.chromium.open(f"{address}?user=1&key=key_of_ann")
        await ann.wait_for(says(here, ["Ann"]))
        await ann.wait_for(says(members, ["Ann", "Bob", "Eve"]))
        bob = await self.chromium.open(f"{address}?user=2&key=key_of_bob")
        visitor = await self.chromium.open(address)
        for page in (ann, bob, visitor):
            await page.wait_for(says(here, ["Ann", "Bob", "one visitor"]))
            await page.wait_for(says(notes, ["online", "online", "has never been here"]))
        self.assertEqual(await visitor.evaluate("document.querySelector('#me').textContent"), "a visitor")
        online = ["Ann is online", "Bob is online", "Eve has never been here"]
        self.assertEqual(await self.ask(), [*online, "The page is open in 3 browsers"])
        await self.picture(ann)
        await bob.close()
        for page in (ann, visitor):
            await page.wait_for(says(here, ["Ann", "one visitor"]))
            await page.wait_for(f"{notes}[1].startsWith('was here at ')")
            self.assertEqual([each for each in page.errors if "favicon.ico" not in each], [])
        told = await self.ask()
        self.assertRegex(told.pop(1), r"^Bob was here at \d\d:\d\d$")
        self.assertEqual(told, [online[0], online[2], "The page is open in 2 browsers"])


class OrderListTests(TutorialCase):
    """A shop in a MariaDB, whose database publishes by itself."""

    tutorial = "order-list"
    skip = TutorialCase.skip or (
        None
        if mariadb.with_federated() and shutil.which("mariadb")
        else "there is no MariaDB with FederatedX"
    )

    async def setUp(self):
        await super().setUp()
        self.maria = await in_thread(mariadb.shared)
        await in_thread(self.maria.mend)
        await in_thread(self.maria.renew, "shop")
        self.addCleanup(in_thread, self.maria.run, "DROP DATABASE shop")
        await in_thread(self.maria.run, "DROP SERVER IF EXISTS comet")

    async def shop(self, name):
        """Give a file to the command line of MariaDB, as the reader does."""
        login = ("--host=127.0.0.1", f"--port={self.maria.port}", "--user=root", "shop")
        done = await in_thread(
            subprocess.run,
            ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", *login],
            input=(self.folder / name).read_text("utf-8"),
            env={**os.environ, "MYSQL_PWD": mariadb.PASSWORD},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    def ask_shop(self, statement, *values):
        with self.maria.connect("shop") as link, link.cursor() as cursor:
            cursor.execute(statement, values)

    async def test_orders_appear(self):
        """As they come, as they change, and those from before; what was rolled back was never there."""
        for name in ("orders.sql", "mount.sql", "trigger.sql"):
            self.assertEqual(await self.shop(name), (0, ""))
        address = serve_folder(self, self.folder)
        page = await self.chromium.open(address)
        await page.wait_for(says("document.querySelector('#state').textContent", "online"))
        await page.wait_for(says("document.querySelectorAll('li').length", 0))
        self.assertEqual(await self.shop("try.sql"), (0, ""))
        lines = "[...document.querySelectorAll('li')].map((line) => line.innerText.split('\\n').sort())"
        sold = [["17.00 €, new", "2. Two cups"], ["1. Green tea", "4.50 €, paid"]]
        await page.wait_for(says(lines, sold))
        more = "INSERT INTO orders (title, price) VALUES (%s, 1)"
        await in_thread(self.ask_shop, "UPDATE orders SET state = 'sent' WHERE id = 1")
        await in_thread(self.ask_shop, more, NASTY)
        titles = "[...document.querySelectorAll('li')].map((line) => line.lastChild.textContent)"
        whole = [f"4. {NASTY}", "2. Two cups", "1. Green tea"]
        later = await self.chromium.open(address)
        for each in (page, later):
            await each.wait_for(says(titles, whole))
            await each.wait_for("document.querySelector('ul').innerText.includes('4.50 €, sent')")
            self.assertEqual([error for error in each.errors if "favicon.ico" not in error], [])
        await self.picture(page)

    async def test_comet_is_away(self):
        """An order is refused, until the trigger forgives."""
        for name in ("orders.sql", "mount.sql", "trigger.sql"):
            self.assertEqual(await self.shop(name), (0, ""))
        await self.comet.stop()
        status, told = await self.shop("try.sql")
        self.assertEqual(status, 1)
        self.assertIn("ERROR 1296", told)
        self.assertEqual(await self.shop("forgiving.sql"), (0, ""))
        (self.folder / "one.sql").write_text("INSERT INTO orders (title) VALUES ('All the same');")
        self.assertEqual(await self.shop("one.sql"), (0, ""))
        rows = await in_thread(self.maria.run, "SELECT title FROM orders", database="shop")
        self.assertEqual(rows, [("All the same",)])


class NotificationsInDjangoTests(TutorialCase):
    """A site of Django, which notifies who is signed in to it."""

    tutorial = "notifications-in-django"
    style = "tasks/static/style.css"
    skip = TutorialCase.skip or (None if find_spec("django") else "Django is not installed")

    def manage(self, *words):
        """@return: a command of the site."""
        return [sys.executable, "-W", "error", str(self.folder / "manage.py"), *words]

    async def site(self):
        """Make the database and two users, and serve. @return: the address."""
        environment = {**os.environ, "DJANGO_SUPERUSER_PASSWORD": "secret"}
        for words in (
            ("makemigrations", "tasks"),
            ("migrate",),
            ("createsuperuser", "--noinput", "--username", "ann", "--email", "ann@example.com"),
            ("createsuperuser", "--noinput", "--username", "bob", "--email", "bob@example.com"),
        ):
            done = await in_thread(
                subprocess.run, self.manage(*words), env=environment, capture_output=True, text=True
            )
            self.assertEqual(done.returncode, 0, done.stderr)
        port = free_port()
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            command = self.manage("runserver", "--noreload", f"127.0.0.1:{port}")
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        await until(lambda: reachable(port), "Django to listen")
        return f"http://127.0.0.1:{port}/"

    async def log_in(self, address, name):
        """@return: a tab with the tasks of a user."""
        page = await self.chromium.open(address)
        await page.type("input[name=username]", name)
        await page.type("input[name=password]", "secret")
        await page.press("Enter")
        await page.wait_for("document.querySelector('#state')?.textContent === 'online'")
        return page

    async def give(self, page, title, whom):
        """Give a task to somebody."""
        await page.type("input[name=title]", title)
        choose = "[...document.querySelectorAll('option')].find((each) => each.text === '{}').selected = true"
        await page.evaluate(choose.format(whom))
        await page.press("Enter")
        await page.wait_for("document.querySelector('input[name=title]')?.value === ''")

    async def test_who_is_signed_in_is_told(self):
        """At once if there is a page, else with the next one; once, and nobody else."""
        address = await self.site()
        ann = await self.log_in(address, "ann")
        # Another visitor: the browser keeps its cookies by the name of the host.
        bob = await self.log_in(address.replace("127.0.0.1", "localhost"), "bob")
        tasks = "[...document.querySelectorAll('#tasks li')].map((line) => line.innerText.split('\\n'))"
        await self.give(ann, NASTY, "bob")
        await bob.wait_for(says(tasks, [["new, from ann", NASTY]]))
        self.assertEqual(await ann.evaluate(tasks), [])
        await self.picture(bob)
        await bob.evaluate("location.reload()")
        await bob.wait_for(says(tasks, [["from ann", NASTY]]))
        await bob.close()
        await self.give(ann, "Come back", "bob")
        bob = await self.chromium.open(address.replace("127.0.0.1", "localhost"))
        await bob.wait_for(says(tasks, [["from ann", NASTY], ["new, from ann", "Come back"]]))
        for page in (ann, bob):
            self.assertEqual([each for each in page.errors if "favicon.ico" not in each], [])

    async def test_without_comet(self):
        """Strangers get no token. A task is kept if comet is away, and the log says that nobody was told."""
        address = await self.site()
        page = await self.chromium.open(address)
        token = "fetch('comet-token').then((answer) => answer.url)"
        self.assertTrue((await page.evaluate(token)).endswith("/login?next=/comet-token"))
        page = await self.log_in(address, "ann")
        await self.comet.stop()
        await self.give(page, "All the same", "ann")
        await page.wait_for("document.querySelector('#tasks').innerText.includes('All the same')")
        self.assertIn("nobody is told of task 1", self.log.read_text())


class VideoCallTests(TutorialCase):
    """Two tabs see and hear each other, with a camera that is none."""

    tutorial = "video-call"
    said = "document.querySelector('#said').textContent"

    async def tabs(self):
        """@return: a tab of Ann and a tab of Bob."""
        address = serve_folder(self, self.folder)
        pages = []
        for user, name in enumerate(("Ann", "Bob"), 1):
            page = await self.chromium.open(f"{address}?user={user}&key=key_of_{name.lower()}")
            await page.wait_for(says(self.said, f"You are {name}."))
            pages.append(page)
        return pages

    async def test_a_call(self):
        """Ann calls, Bob answers; they see each other; Bob falls silent; Ann hangs up."""
        ann, bob = await self.tabs()
        await ann.click("#lobby button")
        await ann.wait_for(says(self.said, "It rings."))
        await bob.wait_for("!document.querySelector('#ring').hidden")
        self.assertEqual(await bob.evaluate("document.querySelector('#who').textContent"), "Ann calls.")
        await self.picture(bob, "ring")
        await bob.click("#accept")
        for page, other in ((ann, "Bob"), (bob, "Ann")):
            await page.wait_for(says(self.said, f"{other}: connected"))
            await page.wait_for("document.querySelector('#other').videoWidth > 0")
            self.assertTrue(await page.evaluate("document.querySelector('#ring').hidden"))
        await self.picture(ann, "call")
        await bob.resize(720, 600)
        for word in ("Speak", "Mute"):
            await bob.click("#mute")
            await bob.wait_for(says("document.querySelector('#mute').textContent", word))
        await ann.resize(720, 600)
        await ann.click("#leave")
        for page in (ann, bob):
            await page.wait_for(says(self.said, "It is over: hangup."))
            await page.wait_for("document.querySelector('#stage').hidden")
            self.assertEqual([each for each in page.errors if "favicon.ico" not in each], [])

    async def test_no_call(self):
        """Bob declines; then he has gone, and it does not ring."""
        ann, bob = await self.tabs()
        await ann.click("#lobby button")
        await bob.wait_for("!document.querySelector('#ring').hidden")
        await bob.click("#decline")
        await ann.wait_for(says(self.said, "It is over: declined."))
        await bob.wait_for("document.querySelector('#ring').hidden")
        await bob.close()
        await ann.click("#lobby button")
        await ann.wait_for(f"/offline|no connection|not here/.test({self.said})")


class MovingFromPusherTests(TutorialCase):
    """What the page on moving from Pusher has behind its "after"."""

    tutorial = "moving-from-pusher"
    skip = ChatInPhpTests.skip

    async def test_everything_arrives(self):
        """Public and closed channels, messages to the user, who is here; and the closed stay closed."""
        address, log = await php.serve(self, self.folder)
        page = await self.chromium.open(address)
        await page.wait_for(says("document.querySelector('#here').textContent", "Ann"))
        command = [php.PHP, str(self.folder / "publish.php")]
        done = await in_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        events = "[...document.querySelectorAll('li')].map((line) => line.textContent).sort()"
        await page.wait_for(says(events, ["mail from Bob", "news: We have moved", "paid: 12"]))
        self.assertEqual([each for each in page.errors if "favicon.ico" not in each], [], log.read_text())
        stranger = await self.browser(self.comet)
        await stranger.next()
        stranger.say("subscription\norder_7")
        self.assertEqual((await stranger.next())["event"], "error")


class MovingFromSocketIoTests(TutorialCase):
    """What the page on moving from Socket.IO has behind its "after"."""

    tutorial = "moving-from-socketio"
    skip = TutorialCase.skip or (
        None if shutil.which("node") and (MODULES / "mysql2").exists() else "there is no Node.js with mysql2"
    )

    async def test_a_room(self):
        """What is said comes to all, and is answered; who types is told to the others alone."""
        (self.folder / "node_modules").symlink_to(MODULES)
        port = free_port()
        environment = {**os.environ, "PORT": str(port)}
        process = subprocess.Popen(["node", "server.mjs"], cwd=self.folder, env=environment)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        await until(lambda: reachable(port), "Node.js to listen")
        ann, bob = [await self.chromium.open(f"http://{host}:{port}/") for host in ("127.0.0.1", "localhost")]
        for page in (ann, bob):
            await page.wait_for(says("document.querySelector('#state').textContent", "online"))
        await ann.type("input", NASTY)
        await bob.wait_for(says("document.querySelector('#typing').textContent", "typing"))
        await ann.press("Enter")
        for page in (ann, bob):
            await page.wait_for(
                says("[...document.querySelectorAll('li')].map((line) => line.textContent)", [NASTY])
            )
        await ann.wait_for(says("document.querySelector('#state').textContent", "sent"))
        self.assertEqual(await ann.evaluate("document.querySelector('#typing').textContent"), "")
        await ann.type("input", " ")
        await ann.press("Enter")
        await ann.wait_for(says("document.querySelector('#state').textContent", "nothing said"))
        await ann.type("input", "x" * 2001)
        await ann.press("Enter")
        await ann.wait_for(says("document.querySelector('#state').textContent", "too long"))
