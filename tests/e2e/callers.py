"""Pages that call each other, in a real browser with a real server, for the tests that have some."""

from __future__ import annotations

import json
from pathlib import Path

import pymysql
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.trial.unittest import SkipTest

from tests.browser import chromium
from tests.browser.chromium import FAKE_DEVICES, Chromium, find_chromium
from tests.browser.firefox import Firefox, find_firefox
from tests.e2e.support import ServerCase, in_thread

CALLER = (Path(chromium.__file__).parent / "caller.js").read_text()
#: A small picture: what is tested is that it flows.
SMALL = {"mode": "video", "video": {"width": 160, "height": 120, "frameRate": 10}}
#: So many users have keys.
USERS = 6
#: Visitors may go into rooms that begin with demo, as C{comet demo} lets them.
DEMO_ROOMS = "INSERT INTO channel_rights (prefix, subscribe) VALUES ('call_room_demo', 'all')"
KEY = "INSERT INTO users_auth (id, hash) VALUES (%s, %s)"

#: What the way of media is called that a page has agreed on with the only other one.
WAY = "me.room.others[0].lines.get('camera').pc.localDescription.sdp.match(/ice-ufrag:(.*)/)[1]"


def run(server, *statements):
    """Run statements with their values, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        for statement, *values in statements:
            cursor.execute(statement, values)


async def all_of(*coroutines):
    """@return: what each gives; they run beside each other."""
    return await gatherResults([ensureDeferred(each) for each in coroutines], consumeErrors=True)


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
        wanted = json.dumps(event) if reason is None else f"{json.dumps(event)}, {json.dumps(reason)}"
        await self.wait_for(f"me.has({wanted})", seconds)

    async def sees_and_hears(self, others, **what):
        """Wait until new pictures are decoded, and new sound comes in, of that many others."""
        before = await self.evaluate("me.flow()")
        await self.wait_for(f"me.flows({others}, {json.dumps(before)}, {json.dumps(what)})", 30)


class VideoCase(ServerCase):
    """A server, a Chromium with devices that are none, and tabs that are users."""

    skip = None if find_chromium() else "there is no Chromium on this machine"
    settings = {"ws": {"demo": "yes"}, "video": {"grace": 8}}

    @property
    def flags(self):
        """What the browser is started with."""
        return FAKE_DEVICES

    async def setUp(self):
        self.comet = await self.server(**self.settings)
        await self.sql((DEMO_ROOMS,), *[(KEY, n, f"key{n}") for n in range(1, USERS + 1)])
        self.chromium = await Chromium.start(self, *self.flags)

    async def sql(self, *statements):
        await in_thread(run, self.comet, *statements)

    async def tabs(self, *users, comet=None):
        """@return: a tab for each of these users."""
        return [await Tab.open(self.chromium, comet or self.comet, user) for user in users]

    async def firefox(self, user):
        """@return: a tab of a Firefox."""
        if find_firefox() is None:
            raise SkipTest("there is no Firefox on this machine")
        return await Tab.open(await Firefox.start(self), self.comet, user)

    async def assert_call(self, *tabs, **what):
        """Everybody sees and hears all others."""
        await all_of(*(tab.sees_and_hears(len(tabs) - 1, **what) for tab in tabs))
