"""Calls and rooms in a real browser with a real server: what each page sees and hears of all others."""

from __future__ import annotations

import json

import pymysql
from twisted.internet import reactor
from twisted.internet.defer import gatherResults, ensureDeferred
from twisted.internet.task import deferLater

from tests.browser.chromium import FAKE_DEVICES, Chromium, find_chromium
from tests.e2e.support import ServerCase, in_thread

#: A small picture: what is tested is that it flows.
SMALL = {"width": 160, "height": 120, "frameRate": 10}
#: Visitors may go into rooms that begin with demo, as `comet demo` lets them.
DEMO_ROOMS = ("INSERT INTO channel_rights (prefix, subscribe) VALUES ('call_room_demo', 'all')",)


def run(server, *statements):
    """Run statements with their values, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        for statement, *values in statements:
            cursor.execute(statement, values)


class VideoCase(ServerCase):
    """A server, a Chromium with devices that are none, and tabs that are users."""

    skip = None if find_chromium() else "there is no Chromium on this machine"

    async def setUp(self):
        self.comet = await self.server(**self.settings())
        await in_thread(run, self.comet, *[(f"INSERT INTO users_auth (id, hash) VALUES ({n}, 'key{n}')",) for n in range(1, 7)])
        await in_thread(run, self.comet, DEMO_ROOMS)
        self.chromium = await Chromium.start(self, *FAKE_DEVICES)

    def settings(self):
        return {"ws": {"demo": "yes"}, "video": {"grace": 6}}

    async def tab(self, user_id, comet=None):
        """@return: a tab of a user, with a `video` that is rung; what happens is on record."""
        comet = comet or self.comet
        page = await self.chromium.open(f"{comet.page}video/check")
        options = json.dumps({"userId": user_id, "key": f"key{user_id}"} if user_id else {})
        return page
