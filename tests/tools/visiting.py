"""What visits to tools on the web have in common: a server with rows, a browser, and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pymysql

from tests.browser.chromium import Chromium, find_chromium
from tests.e2e.support import ServerCase, in_thread
from tests.tools import php

DATABASE = "CometQL_v1"


class VisitCase(ServerCase):
    """Each test is one visit."""

    timeout = 300
    skip = php.missing("phpmyadmin") or php.missing("adminer")
    skip = skip or (None if find_chromium() else "there is no Chromium")

    async def begin(self):
        """Start a server with rows in it, and a browser."""
        self.comet = await self.server()
        rows = ", ".join(f"({number}, 'row {number}')" for number in range(1, 31))
        await self.sql(f"INSERT INTO users_data (id, data) VALUES {rows}")
        self.browser = await Chromium.start(self)

    async def sql(self, statement):
        """@return: the rows of a statement, sent without the tool."""

        def work():
            with pymysql.connect(
                **{"host": "127.0.0.1", "port": self.comet.cometql_port, "user": "root"},
                **{"password": self.comet.password, "autocommit": True},
            ) as connection:
                cursor = connection.cursor()
                cursor.execute(statement)
                return cursor.fetchall()

        return await in_thread(work)

    async def picture(self, page, name):
        """Keep what is seen, for who wants to look."""
        folder = Path("pictures").absolute()
        folder.mkdir(exist_ok=True)
        await page.screenshot(folder / f"{type(self).__name__}-{name}.png")

    async def says(self, page, text):
        """Wait until the page says C{text}."""
        words = "document.body.innerText.replace(/\\s+/g, ' ')"
        await page.wait_for(f"{words}.includes({json.dumps(text)})")

    async def press_on(self, page, selector):
        """Click an element that may be out of sight."""
        await page.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        await page.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    async def knows_all(self):
        """Assert that the tool has asked for nothing that comet does not know."""
        unknown = await self.sql("SHOW STATUS LIKE 'comet_unknown%'")
        self.assertEqual(unknown, (("comet_unknown_statements", "0"),))
