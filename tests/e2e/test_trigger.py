"""Tables of a real MariaDB that publish by a trigger, through FederatedX."""

from __future__ import annotations

import json
import re
import signal

import pymysql
from twisted.trial.unittest import SkipTest

from tests import mariadb
from tests.e2e.support import ServerCase, in_thread
from tests.e2e.test_survival import sql
from tests.redisserver import free_port

#: What a browser hears when it has heard everything.
SAY_END = "INSERT INTO pipes_messages (name, message) VALUES ('end', '')"
#: ER_GET_ERRMSG: what the mounted table says.
MOUNT = 1296
#: ER_DUP_ENTRY.
DUPLICATE = 1062


def statements(text):
    """@return: the statements of a file for the command line of MariaDB."""
    block = re.search(r"^DELIMITER //\n(.*)//\nDELIMITER ;$", text, re.M | re.S)
    return [block[1]] if block else [each.strip() for each in text.split(";\n") if each.strip()]


class TriggerCase(ServerCase):
    """
    A comet, and a shop in a MariaDB that has mounted its tables.

    @ivar shop: a connection to the shop, with autocommit.
    """

    timeout = 90

    async def setUp(self):
        if not mariadb.with_federated():
            raise SkipTest(f"there is no {mariadb.FEDERATED}")
        self.maria = await in_thread(mariadb.shared)
        await in_thread(self.maria.mend)
        await in_thread(self.maria.renew, "shop")
        # A mount that leads nowhere is in the way of who lists all tables.
        self.addCleanup(in_thread, self.maria.run, "DROP DATABASE shop")
        await in_thread(self.maria.run, "DROP SERVER IF EXISTS comet")
        self.here = await self.server(cometql={"port": free_port()})
        self.shop = await in_thread(self.maria.connect, "shop")
        self.addCleanup(self.shop.close)
        await self.run_all("orders.sql")
        await self.run_all("mount.sql")
        await self.sql("CREATE TABLE comet_mail ENGINE=FEDERATED CONNECTION='comet/users_messages'")

    async def run_all(self, name):
        """Run an example."""
        await self.sql(*statements(self.here.example(f"order-list/{name}")))

    async def sql(self, *all_of_them):
        """Run statements in the shop. @return: the rows of the last one."""
        with self.shop.cursor() as cursor:
            for statement in all_of_them:
                await in_thread(cursor.execute, statement)
            return list(cursor.fetchall())

    async def listen(self, *channels, **more):
        """Let there be a browser that listens."""
        self.ear = await self.browser(self.here, **more)
        await self.ear.next()
        await self.ear.listen(*channels, "end")

    async def heard(self):
        """@return: what has come to the browser by now, each with where it was said."""
        await in_thread(sql, self.here, SAY_END)
        texts = []
        while (frame := await self.ear.next()).get("pipe") != "end":
            if "data" in frame:
                texts.append((frame["pipe"], frame["data"]))
        return texts

    async def titles(self):
        """@return: the orders that the browser has heard of."""
        return [
            data["title"] if isinstance(data, dict) else json.loads(data)["title"]
            for _, data in await self.heard()
        ]

    async def orders(self):
        """@return: the orders that there are."""
        return [title for (title,) in await self.sql("SELECT title FROM orders ORDER BY id")]

    async def refused(self, number, statement):
        """@return: why the shop refuses C{statement}, which must be by this error."""
        error = await self.assertFailure(
            in_thread(lambda: self.shop.cursor().execute(statement)), pymysql.err.MySQLError
        )
        self.assertEqual(error.args[0], number)
        return error.args[1]


def order(title):
    """@return: the statement that orders something."""
    return f"INSERT INTO orders (title) VALUES ('{title}')"


class TriggerTests(TriggerCase):
    """The trigger of the documents."""

    async def setUp(self):
        await super().setUp()
        await self.run_all("trigger.sql")

    async def test_commit_and_rollback(self):
        """What a trigger sends is heard when the order is committed, and never if it is rolled back."""
        await self.listen("orders")
        await self.sql(
            "SET autocommit = 0", "INSERT INTO orders (title) VALUES ('tea'), ('it''s \\\\ 5 € 😀')"
        )
        self.assertEqual(await self.titles(), [])
        await self.sql("COMMIT")
        self.assertEqual(await self.titles(), ["tea", "it's \\ 5 € 😀"])
        await self.sql(order("never"), "ROLLBACK", order("last"), "COMMIT", order("held"))
        self.assertEqual(await self.titles(), ["last"])
        await self.sql("SET autocommit = 1")
        self.assertEqual(await self.titles(), ["held"])
        await self.sql("BEGIN", order("a"), "SAVEPOINT s", order("b"), "ROLLBACK TO s", order("c"), "COMMIT")
        self.assertEqual(await self.titles(), ["a", "c"])
        self.assertEqual(await self.orders(), ["tea", "it's \\ 5 € 😀", "last", "held", "a", "c"])

    async def test_a_statement_that_fails_half_way(self):
        """Nothing of it is heard, nor written."""
        await self.listen("orders")
        await self.sql("ALTER TABLE orders ADD UNIQUE (title)")
        many = "INSERT INTO orders (title) VALUES ('x'), ('y'), ('x')"
        await self.refused(DUPLICATE, many)
        self.assertEqual((await self.titles(), await self.orders()), ([], []))
        await self.sql("BEGIN", order("before"))
        await self.refused(DUPLICATE, many)
        await self.sql("ROLLBACK", order("after"))
        self.assertEqual((await self.titles(), await self.orders()), (["after"], ["after"]))

    async def test_a_transaction_that_goes_on(self):
        """
        FederatedX does not take back what a statement has sent that failed within a longer transaction, as it
        does not at a MariaDB either: whoever goes on to COMMIT is heard with it. The documents say so.
        """
        await self.listen("orders")
        await self.sql("ALTER TABLE orders ADD UNIQUE (title)", "BEGIN", order("before"))
        await self.refused(DUPLICATE, "INSERT INTO orders (title) VALUES ('x'), ('x')")
        await self.sql(order("after"), "COMMIT")
        self.assertEqual(await self.titles(), ["before", "x", "after"])
        self.assertEqual(await self.orders(), ["before", "after"])

    async def test_what_comet_refuses(self):
        """The order is refused with comet's own reason, and is not written."""
        await self.listen("orders")
        await self.sql(
            "CREATE OR REPLACE TRIGGER orders_tell AFTER INSERT ON orders FOR EACH ROW"
            " INSERT INTO comet_messages (name, message) VALUES (NEW.title, 'x')"
        )
        reason = await self.refused(MOUNT, "INSERT INTO orders (title) VALUES ('orders'), ('no')")
        self.assertIn("at least 3", reason)
        self.assertEqual((await self.heard(), await self.orders()), ([], []))

    async def test_mail(self):
        """A trigger that writes to the other table reaches one user, or the queue of a user who is away."""
        await self.sql(
            "CREATE OR REPLACE TRIGGER orders_tell AFTER INSERT ON orders FOR EACH ROW"
            " INSERT INTO comet_mail (id, event, message) VALUES (NEW.price, 'thanks', NEW.title)"
        )
        await in_thread(sql, self.here, "INSERT INTO users_auth VALUES (7, 'key')")
        await self.listen(key="key", user_id=7)
        await self.sql(
            *(f"INSERT INTO orders (title, price) VALUES ('for {user}', {user})" for user in (7, 8))
        )
        self.assertEqual([data for _, data in await self.heard()], ["for 7"])
        self.assertEqual(await self.sql("SELECT id, message FROM comet_mail WHERE id = 8"), [(8, "for 8")])

    async def test_comet_is_away(self):
        """The order is refused as long as comet is, and taken by the same connection once it is back."""
        await self.sql(order("before"))
        await self.here.stop(signal.SIGKILL)
        self.assertIn("gone away", await self.refused(MOUNT, order("a")))
        self.assertIn("connect", await self.refused(MOUNT, order("b")))
        await self.here.start()
        await self.listen("orders")
        await self.sql(order("after"))
        self.assertEqual(await self.titles(), ["after"])
        self.assertEqual(await self.orders(), ["before", "after"])

    async def test_comet_was_restarted(self):
        """A mount that was idle meanwhile finds out by one statement that fails; then all is as before."""
        await self.sql(order("before"))
        await self.here.stop()
        await self.here.start()
        await self.listen("orders")
        self.assertIn("gone away", await self.refused(MOUNT, order("refused")))
        await self.sql(order("after"), "BEGIN", order("never"))
        self.assertEqual(await self.titles(), ["after"])
        await self.sql("ROLLBACK", "BEGIN", order("a"), order("b"), "COMMIT")
        self.assertEqual(await self.titles(), ["a", "b"])
        self.assertEqual(await self.orders(), ["before", "after", "a", "b"])

    async def test_comet_goes_amid_a_transaction(self):
        """The order is committed, and its message is lost: there is no two-phase commit."""
        await self.sql("BEGIN", order("silent"))
        await self.here.stop(signal.SIGKILL)
        await self.here.start()
        await self.listen("orders")
        await self.sql("COMMIT", order("heard"))
        self.assertEqual(await self.titles(), ["heard"])
        self.assertEqual(await self.orders(), ["silent", "heard"])

    async def test_a_trigger_that_forgives(self):
        """The order is taken, though comet is away; the next message leaves when it is back."""
        await self.run_all("forgiving.sql")
        await self.sql(order("before"))
        await self.here.stop(signal.SIGKILL)
        await self.sql(order("silent"))
        await self.here.start()
        await self.listen("orders")
        await self.sql(order("heard"))
        self.assertEqual(await self.titles(), ["heard"])
        self.assertEqual(await self.orders(), ["before", "silent", "heard"])


class MountTests(TriggerCase):
    """A mounted table, beyond INSERT."""

    async def test_columns(self):
        """A mount without a list of columns has those of comet, and takes every text."""
        columns = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'shop' AND table_name = '{}'"
        )
        for table, invisible in (("comet_messages", "position"), ("comet_mail", "expires")):
            names = [name for (name,) in await self.sql(columns.format(table))]
            self.assertIn("message", names)
            self.assertIn(invisible, names)
        charsets = await self.sql(
            "SELECT DISTINCT character_set_name FROM information_schema.columns"
            " WHERE table_schema = 'shop' AND table_name LIKE 'comet%' AND character_set_name IS NOT NULL"
        )
        self.assertEqual(charsets, [("utf8mb4",)])

    async def test_rows_are_found(self):
        """A mount shows what there is, by a key and without; it does not take an unknown number for none."""
        await self.sql(
            "CREATE TABLE lengths ENGINE=FEDERATED CONNECTION='comet/pipes_settings'",
            "INSERT INTO lengths VALUES ('kept', 10)",
            "INSERT INTO comet_messages (name, message) VALUES ('kept', 'a'), ('kept', 'b 😀')",
        )
        for where in ("", " WHERE name = 'kept'", " WHERE message LIKE 'b%' OR position = 1"):
            rows = await self.sql(f"SELECT message, position FROM comet_messages{where}")
            self.assertEqual(rows, [("a", 1), ("b 😀", 2)], where)
        self.assertEqual(await self.sql("SELECT length FROM lengths WHERE name = 'kept'"), [(10,)])

    async def test_update_and_delete(self):
        """They do what comet lets them do; all else is refused with its reason, not passed over."""
        await self.sql(
            "CREATE TABLE lengths ENGINE=FEDERATED CONNECTION='comet/pipes_settings'",
            "INSERT INTO lengths VALUES ('kept', 10)",
            "INSERT INTO comet_messages (name, message) VALUES ('kept', 'a'), ('kept', 'b')",
            "INSERT INTO comet_mail (id, message) VALUES (7, 'a'), (7, 'b')",
            "DELETE FROM comet_mail WHERE id = 7 AND message = 'a'",
            "DELETE FROM comet_messages WHERE name = 'kept' AND message = 'a'",
            "UPDATE lengths SET length = 5 WHERE name = 'kept'",
        )
        self.assertEqual(await self.sql("SELECT message FROM comet_mail WHERE id = 7"), [("b",)])
        self.assertEqual(await self.sql("SELECT message FROM comet_messages WHERE name = 'kept'"), [("b",)])
        self.assertEqual(await self.sql("SELECT length FROM lengths"), [(5,)])
        for table, key in (("comet_messages", "name = 'kept'"), ("comet_mail", "id = 7")):
            reason = await self.refused(MOUNT, f"UPDATE {table} SET event = 'c' WHERE {key}")
            self.assertIn("its rows do not change", reason)
        self.assertIn(
            "INSERT IGNORE",
            await self.refused(MOUNT, "INSERT IGNORE INTO comet_mail (id, message) VALUES (7, 'x')"),
        )
        self.assertIn("needs WHERE", await self.refused(MOUNT, "DELETE FROM comet_mail"))
        await self.sql("DELETE FROM lengths WHERE name = 'kept'")
        self.assertEqual(await self.sql("SELECT * FROM comet_messages"), [])
