"""phpMyAdmin of the distribution, used by Chromium as an administrator does."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from comet.cometql.tables.catalogue import TABLES
from tests.tools import php
from tests.tools.visiting import DATABASE, VisitCase

#: What the tree at the left side shows.
NAVIGATION = "document.querySelector('#pma_navigation_tree_content').innerText"


class PhpMyAdminTests(VisitCase):
    """As root, with the configuration that the documents show."""

    async def visit(self):
        """Start phpMyAdmin beside a server, which it logs in to by itself."""
        await self.begin()
        login = {"auth_type": "config", "user": "root", "password": self.comet.password, "hide_db": ""}
        lines = [f"$cfg['Servers'][2]['{name}'] = '{value}';" for name, value in login.items()]
        self.address, _ = await php.phpmyadmin(self, self.comet, "$cfg['ServerDefault'] = 2;", *lines)

    async def open(self, route, picture="", **query):
        """@return: a page of phpMyAdmin, once it is all there."""
        page = await self.browser.open(f"{self.address}index.php?{urlencode({'route': route, **query})}")
        await page.wait_for("!!document.querySelector('#page_content') && !!window.jQuery && !jQuery.active")
        await self.picture(page, picture or route.strip("/").replace("/", "-"))
        return page

    async def sort(self, page, column, first):
        """Click on the title of a column until the first row says C{first}."""
        row = "document.querySelector('table.table_results tbody tr')"
        is_first = f"!!{row} && {row}.innerText.includes({json.dumps(first)})"
        for _ in range(2):
            before = await page.evaluate(f"{row}.innerText")
            await self.press_on(page, f"th[data-column='{column}'] a")
            await page.wait_for(f"!jQuery.active && !!{row} && {row}.innerText !== {json.dumps(before)}")
            if await page.evaluate(is_first):
                return
        self.fail(f"not sorted by {column}")

    async def test_logging_in(self):
        """Comet is the second server of the list, and takes its password; a wrong one is told as such."""
        await self.begin()
        self.address, _ = await php.phpmyadmin(self, self.comet)
        await self.sql("INSERT INTO pipes_settings (name, length) VALUES ('news', 10)")
        texts = ("Hello, everybody", "It's here", "See you tomorrow")
        rows = ", ".join(f"('news', 'added', '{text}')" for text in texts).replace("t's", "t''s")
        await self.sql(f"INSERT INTO pipes_messages (name, event, message) VALUES {rows}")
        page = await self.browser.open(self.address)
        await self.picture(page, "login")
        for password, answer in (("wrong", "[16]"), (self.comet.password, "comet, a real-time")):
            await page.wait_for("!!document.querySelector('#select_server option[value=\"2\"]')")
            await page.evaluate("document.querySelector('#select_server').value = '2'")
            await page.type("#input_username", "root")
            await page.type("#input_password", password)
            await self.press_on(page, "#input_go")
            await self.says(page, answer)
        await self.says(page, "The site")
        page = await self.open("/sql", "messages", server=2, db=DATABASE, table="pipes_messages", pos="0")
        for text in texts:
            await self.says(page, text)
        await page.wait_for(f"{NAVIGATION}.includes('{DATABASE}')")
        self.assertNotIn("information_schema", await page.evaluate(NAVIGATION))
        await page.resize(1280, 740)  # as the documents show it
        await self.picture(page, "messages")
        await self.knows_all()

    async def test_looking_around(self):
        """Databases, tables, structure, variables, status: every page says what there is."""
        await self.visit()
        page = await self.open("/", "home")
        await self.says(page, "comet, a real-time notification server")
        await self.says(page, "information_schema")
        page = await self.open("/database/structure", db=DATABASE)
        for table in TABLES:
            await self.says(page, table.name)
        page = await self.open("/table/structure", db=DATABASE, table="pipes_messages")
        for text in ("mediumtext", "a UUID of the message, given by the server", "PRIMARY", "INVISIBLE"):
            await self.says(page, text)
        page = await self.open("/server/status")
        await self.says(page, "This MySQL server has been running for")
        page = await self.open("/server/status/processes")
        await self.says(page, "Query")
        page = await self.open("/server/variables")
        await self.says(page, "wait timeout")
        page = await self.open("/server/engines")
        await self.says(page, "Channels, messages and users of a notification server")
        page = await self.open("/server/collations")
        await self.says(page, "utf8mb4_0900_ai_ci")
        page = await self.open("/sql", "dictionary", db="information_schema", table="SCHEMATA", pos="0")
        await self.says(page, "DEFAULT_CHARACTER_SET_NAME")
        await self.knows_all()

    async def test_rows(self):
        """Rows are paged and sorted, inserted, edited and deleted."""
        await self.visit()
        page = await self.open("/sql", "first-page", db=DATABASE, table="users_data", pos="0")
        await self.says(page, "Showing rows 0 - 24 (30 total")
        page = await self.open("/sql", "second-page", db=DATABASE, table="users_data", pos="25")
        await self.says(page, "row 30")
        await self.sort(page, "data", "row 9")
        await self.picture(page, "sorted")

        page = await self.open("/table/change", "insert", db=DATABASE, table="users_data")
        await page.type("#field_1_3", "100")
        await page.type("#field_2_3", "it's 🦦")
        await self.press_on(page, "#buttonYes")
        await self.says(page, "1 row inserted")
        await self.picture(page, "inserted")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), (("it's 🦦",),))

        page = await self.open("/sql", "found", db=DATABASE, table="users_data", pos="0")
        await self.sort(page, "id", "it's 🦦")
        await self.press_on(page, "td.edit_row_anchor a")
        await page.wait_for("!!document.querySelector('#field_2_3')")
        await page.type("#field_2_3", "changed")
        await self.picture(page, "edit")
        await self.press_on(page, "#buttonYes")
        await self.says(page, "1 row affected")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), (("changed",),))

        page = await self.open("/sql", "changed", db=DATABASE, table="users_data", pos="0")
        await self.sort(page, "id", "changed")
        await self.press_on(page, "a.delete_row")
        okay = "[...document.querySelectorAll('.modal.show button, .ui-dialog button')].find("
        okay += "button => button.textContent.trim() === 'OK')"
        await page.wait_for(f"!!{okay}")
        await page.evaluate(f"{okay}.click()")
        await self.says(page, "1 row deleted")
        await self.picture(page, "deleted")
        self.assertEqual(await self.sql("SELECT data FROM users_data WHERE id = 100"), ())

    async def test_a_query(self):
        """What is typed is run: a SELECT, an INSERT that publishes, and one that is refused and says why."""
        await self.visit()
        await self.sql("INSERT INTO pipes_settings (name, length) VALUES ('chat', 10)")
        answers = {
            "SELECT LEFT(data, 3) AS word, COUNT(*) AS n FROM users_data GROUP BY word": "successfully",
            "INSERT INTO pipes_messages (name, message) VALUES ('chat', 'published')": "1 row inserted",
            "INSERT INTO users_time (id, time) VALUES (1, 1)": "#1142 - [10] INSERT command denied",
            "ALTER TABLE users_data ADD x INT": "#1142 - [10] ALTER command denied",
        }
        for number, (query, answer) in enumerate(answers.items()):
            page = await self.open("/database/sql", f"query-{number}", db=DATABASE)
            await page.wait_for("!!document.querySelector('#queryfieldscontainer .CodeMirror')")
            editor = "document.querySelector('#queryfieldscontainer .CodeMirror').CodeMirror"
            await page.evaluate(f"{editor}.setValue(''), {editor}.focus()")
            await page.command("Input.insertText", text=query)
            await page.wait_for(f"{editor}.getValue() === {json.dumps(query)}")
            await page.evaluate(f"{editor}.save()")
            await self.press_on(page, "#button_submit_query")
            await self.says(page, answer)
            await self.picture(page, f"answer-{number}")
        rows = await self.sql("SELECT message FROM pipes_messages WHERE name = 'chat'")
        self.assertEqual(rows, (("published",),))
