"""Adminer of the distribution, used by Chromium as an administrator does."""

from __future__ import annotations

from urllib.parse import urlencode

from comet.cometql.tables.catalogue import TABLES
from tests.tools import php
from tests.tools.visiting import DATABASE, VisitCase


class AdminerTests(VisitCase):
    """As root."""

    async def visit(self, password=None):
        """Start Adminer beside a server, and log in. @return: the page of the database."""
        await self.begin()
        address, _ = await php.adminer(self)
        self.address = f"{address}adminer.php"
        page = await self.browser.open(self.address)
        await self.press_on(page, "input[name='auth[server]']")
        for name, value in (
            ("server", f"127.0.0.1:{self.comet.cometql_port}"),
            ("username", "root"),
            ("password", self.comet.password if password is None else password),
            ("db", DATABASE),
        ):
            await page.type(f"input[name='auth[{name}]']", value)
        await self.picture(page, "login")
        await self.press_on(page, "input[type=submit][value=Login]")
        await self.says(page, "Access denied" if password else f"Database: {DATABASE}")
        return page

    async def open(self, picture, **query):
        """@return: a page of Adminer."""
        login = {"server": f"127.0.0.1:{self.comet.cometql_port}", "username": "root", "db": DATABASE}
        page = await self.browser.open(f"{self.address}?{urlencode(login | query)}")
        await self.picture(page, picture)
        return page

    async def test_login(self):
        """A wrong password is told as such."""
        page = await self.visit("wrong")
        await self.says(page, "[16]")

    async def test_looking_around(self):
        """The tables, their structure, and what the server is."""
        page = await self.visit()
        for table in TABLES:
            await self.says(page, table.name)
        await self.picture(page, "database")
        page = await self.open("structure", table="pipes_messages")
        for text in ("mediumtext", "a UUID of the message, given by the server", "PRIMARY"):
            await self.says(page, text)
        page = await self.open("processes", processlist="")
        await self.says(page, "127.0.0.1:")
        page = await self.open("variables", variables="")
        await self.says(page, "comet, a real-time notification server")
        page = await self.open("status", status="")
        await self.says(page, "server_online")
        page = await self.open("dictionary", db="information_schema", select="SCHEMATA")
        await self.says(page, "DEFAULT_CHARACTER_SET_NAME")
        await self.knows_all()

    async def test_rows(self):
        """Rows are paged and sorted, inserted, edited and deleted."""
        await self.visit()
        page = await self.open("rows", select="users_data", limit="10")
        await self.says(page, "30 rows")
        page = await self.open("page", select="users_data", limit="10", page="2")
        await self.says(page, "row 30")
        page = await self.open("sorted", select="users_data", **{"order[0]": "data", "desc[0]": "1"})
        first = await page.evaluate("document.querySelector('#table tbody tr').innerText")
        self.assertIn("row 9", first)

        page = await self.open("insert", edit="users_data")
        await page.type("[name='fields[id]']", "100")
        await page.type("[name='fields[data]']", "it's 🦦")
        await self.press_on(page, "input[type=submit][value=Save]")
        await self.says(page, "Item 100 has been inserted")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), (("it's 🦦",),))

        page = await self.open("edit", edit="users_data", **{"where[id]": "100"})
        await page.type("[name='fields[data]']", "changed")
        await self.press_on(page, "input[type=submit][value=Save]")
        await self.says(page, "Item has been updated")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), (("changed",),))

        page = await self.open("delete", edit="users_data", **{"where[id]": "100"})
        await page.evaluate("window.confirm = () => true")
        await self.press_on(page, "input[name=delete]")
        await self.says(page, "Item has been deleted")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), ())
        await self.knows_all()

    async def test_a_query(self):
        """What is typed is run, and what is refused says why."""
        await self.visit()
        for number, (query, answer) in enumerate(
            {
                "SELECT LEFT(data, 3) AS word, COUNT(*) AS n FROM users_data GROUP BY word": "1 row",
                "INSERT INTO users_time (id, time) VALUES (1, 1)": "INSERT command denied",
                "DROP TABLE users_data": "DROP command denied",
            }.items()
        ):
            page = await self.open(f"query-{number}", sql=query)
            await self.press_on(page, "input[type=submit][value=Execute]")
            await self.says(page, answer)
            await self.picture(page, f"answer-{number}")
