"""What programs written for CppComet rely on, with a stock MySQL client and browsers, without any pause."""

from __future__ import annotations

import json

import jwt
import pymysql

from tests.e2e.support import ServerCase, in_thread

PASSWORD, DEV = "CometQLPassword", 1
FAR = 9_999_999_999
SIZES = range(1, 61)


def sign(user_id, secret=f"{PASSWORD}{DEV}", exp=FAR):
    return jwt.encode({"user_id": user_id, "exp": exp}, secret, algorithm="HS256")


class AcceptanceCase(ServerCase):
    """One connection as tenant 1, and browsers of that tenant."""

    timeout = 60

    async def start(self):
        self.running = await self.server(main={"password": PASSWORD})
        self.connection = await in_thread(
            pymysql.connect,
            host="127.0.0.1",
            port=self.running.cometql_port,
            user=str(DEV),
            password=PASSWORD,
            database="CometQL_v1",
            cursorclass=pymysql.cursors.DictCursor,
            autocommit=True,
        )
        self.addCleanup(self.connection.close)

    async def sql(self, *statements):
        """@return: the rows of the last of these statements."""

        def run():
            with self.connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())

        return await in_thread(run)

    async def enter(self, key, user_id, uuid="u" * 32):
        """@return: a browser, and whether it is known."""
        client = await self.browser(self.running, key=key, user_id=user_id, dev_id=DEV, uuid=uuid)
        return client, (await client.next())["authorized"]

    async def ask(self, client, text):
        """@return: the answer."""
        client.say(text)
        return await client.next()


class AcceptanceTests(AcceptanceCase):
    """Messages, tokens, keys and tenants."""

    async def test_private_messages(self):
        """Rows 1, 2, 4, 5, 6: the queue, keys, and when users were here."""
        await self.start()
        said = json.dumps({"text": "queued"})
        insert = "INSERT INTO users_messages (id, event, message) VALUES ({}, 'event', '{}')"
        select = "SELECT * FROM users_messages WHERE id = {}"
        delete = "DELETE FROM users_messages WHERE id = {}"
        rows = await self.sql(delete.format(99955), insert.format(99955, said), select.format(99955))
        self.assertEqual([row["message"] for row in rows], [said])
        self.assertEqual(await self.sql(delete.format(99955), select.format(99955)), [])
        self.assertEqual(len(await self.sql(delete.format(3), insert.format(3, said), select.format(3))), 1)
        (row,) = await self.sql(
            "DELETE FROM users_auth WHERE id = 3",
            "INSERT INTO users_auth (id, hash)VALUES('3', 'valid00000userHash' );",
            "SELECT * FROM users_auth WHERE id = 3",
        )
        client, authorized = await self.enter(row["hash"], 3)
        self.assertTrue(authorized)
        frame = await client.next()
        self.assertEqual((frame["pipe"], json.loads(frame["data"])), ("msg", json.loads(said)))
        times = await self.sql("SELECT id, time FROM users_time WHERE id IN( 1,3,99996);")
        self.assertEqual([row["id"] for row in times], [1, 3, 99996])
        self.assertEqual([row["time"] for row in times[1:]], [0, -1])

    async def test_none_lost_and_none_twice(self):
        """Row 3: sixty messages to a user who comes while they are sent, with a token."""
        await self.start()
        sending = in_thread(
            lambda: [
                self.connection.cursor().execute(
                    f"INSERT INTO users_messages (id, event, message) VALUES (5, 'user', '{'7' * size}')"
                )
                for size in SIZES
            ]
        )
        client, authorized = await self.enter(sign(5), 5)
        self.assertTrue(authorized)
        await sending
        frames = [await client.next() for _ in SIZES]
        self.assertEqual([len(frame["data"]) for frame in frames], list(SIZES))
        self.assertEqual({(frame["pipe"], frame["event"]) for frame in frames}, {("msg", "user")})
        client.say("user_data\nend\n5")
        self.assertEqual((await client.next())["marker"], "end")

    async def test_tokens(self):
        """Rows 7 to 12 and 22: unknown keys, tokens, and those that are revoked."""
        await self.start()
        for user_id in (1, 2, 13, 14):
            self.assertFalse((await self.enter("unknown", user_id))[1])
        await self.sql(f'DELETE FROM revoked_tokens WHERE token = "{sign(5)}"')
        self.assertTrue((await self.enter(sign(5), 5))[1])
        insert, select, delete = (
            "INSERT INTO revoked_tokens (token) VALUES ('{}')",
            "SELECT * FROM revoked_tokens WHERE token = '{}'",
            "DELETE FROM revoked_tokens WHERE token = '{}'",
        )
        rows = await self.sql(insert.format("0.123"), select.format("0.123"))
        self.assertEqual(rows, [{"token": "0.123"}])
        self.assertEqual(await self.sql(delete.format("0.123"), select.format("0.123")), [])
        await self.sql(insert.format(sign(6)))
        self.assertFalse((await self.enter(sign(6), 6))[1])
        self.assertFalse((await self.enter(sign(2), 12))[1])
        self.assertFalse((await self.enter(sign(2, f"{PASSWORD}2"), 2))[1])
        self.assertEqual(await self.sql("SELECT * FROM revoked_tokens"), [{"token": sign(6)}])

    async def test_revoking_closes(self):
        """To revoke a token closes the connections of who came with it."""
        await self.start()
        client, authorized = await self.enter(sign(7), 7)
        self.assertTrue(authorized)
        await self.sql(f"INSERT INTO revoked_tokens (token) VALUES ('{sign(7)}')")
        await client.closed
        self.assertFalse((await self.enter(sign(7), 7))[1])

    async def test_data_of_users(self):
        """Row 13: a record written in SQL is read by a browser, as it was written."""
        await self.start()
        record = '{"name": "it is me", "n": 1}'
        (row,) = await self.sql(
            f"INSERT INTO users_data (id, data) VALUES (\"60\", '{record}')",
            "SELECT * FROM users_data WHERE id = 60",
        )
        self.assertEqual(row, {"id": 60, "data": record})
        client, _ = await self.enter("", 0)
        answer = await self.ask(client, "user_data\nmk1\n60")
        self.assertEqual((answer["pipe"], answer["marker"]), ("_answer", "mk1"))
        self.assertEqual(answer["data"], {"user_data": record, "user_id": 60})
        answer = await self.ask(client, "user_data\nmk2\n61")
        self.assertEqual(answer["data"], {"user_data": "", "user_id": 61})

    async def test_channels(self):
        """Rows 15, 16, 17: who listens, how many, and twenty messages."""
        await self.start()
        client, _ = await self.enter("", 0, uuid="x" * 32)
        await client.listen("tttest_1")
        (row,) = await self.sql('SELECT * FROM users_in_pipes WHERE name = "tttest_1"; ')
        self.assertEqual((row["name"], row["user_uuid"]), ("tttest_1", "x" * 32))
        self.assertEqual(
            await self.sql("SELECT * FROM pipes WHERE name = 'tttest_1'"), [{"name": "tttest_1", "users": 1}]
        )
        texts = [json.dumps({"number": number, "text": "a" * 200}) for number in range(20)]
        await self.sql(
            *[
                f"INSERT INTO pipes_messages (name, event, message) VALUES ('tttest_1', 'e', '{text}')"
                for text in texts
            ]
        )
        self.assertEqual([(await client.next())["data"] for _ in texts], texts)

    async def test_history(self):
        """Rows 14, 18 to 21: what a channel keeps, for browsers and in SQL."""
        await self.start()
        say = 'INSERT INTO pipes_messages (name, event, message) VALUES ("test_pipelog", "e", "a b. {}")'
        await self.sql(
            'INSERT INTO pipes_settings ("name", "length") VALUES ("test_pipelog", 2)',
            *[say.format(number) for number in range(3)],
        )
        client, _ = await self.enter("", 0)
        client.say("pipe_log\ntest_pipelog\nmk")
        self.assertEqual([(await client.next())["data"] for _ in range(2)], ["a b. 1", "a b. 2"])
        (row,) = await self.sql(
            "INSERT INTO pipes_settings (name, length) VALUES ('test_pipelog', 10)",
            "SELECT * FROM pipes_settings WHERE name = 'test_pipelog'",
        )
        self.assertEqual(row["length"], 10)
        for _ in range(2):
            (row,) = await self.sql(
                "DELETE FROM pipes_messages WHERE name = 'test_pipelog'",
                say.format(7),
                "SELECT * FROM pipes_messages WHERE name = 'test_pipelog'",
            )
            self.assertEqual(list(row), ["id", "time", "name", "index", "event", "message", "user_id"])
            self.assertEqual((row["name"], row["message"]), ("test_pipelog", "a b. 7"))
        rows = await self.sql(
            "DELETE FROM pipes_settings WHERE name = 'test_pipelog'",
            "SELECT * FROM pipes_messages WHERE name = 'test_pipelog'",
        )
        self.assertEqual(rows, [])

    async def test_tenants_and_kill(self):
        """A tenant logs in with its own key, and ends a browser of its own."""
        await self.start()
        root = await in_thread(
            pymysql.connect,
            host="127.0.0.1",
            port=self.running.cometql_port,
            user="root",
            password=PASSWORD,
            autocommit=True,
        )
        self.addCleanup(root.close)
        await in_thread(root.query, "INSERT INTO dev_config (id, `key`) VALUES (1, 'a key of its own')")
        own = await in_thread(
            pymysql.connect,
            host="127.0.0.1",
            port=self.running.cometql_port,
            user="1",
            password="a key of its own",
            autocommit=True,
        )
        self.addCleanup(own.close)
        client, _ = await self.enter("", 0)

        def listed():
            with own.cursor() as cursor:
                cursor.execute("SELECT id FROM connections WHERE transport = 'websocket'")
                return cursor.fetchall()

        ((number,),) = await in_thread(listed)
        await in_thread(own.kill, number)
        frame = await client.next()
        self.assertEqual((frame["event"], frame["error"]), ("error", 4500))
        await client.closed
        with self.assertRaises(pymysql.err.MySQLError) as caught:
            await in_thread(own.kill, root.thread_id())
        self.assertEqual(caught.exception.args[0], 1094)
        await in_thread(root.kill, own.thread_id())
        with self.assertRaises(pymysql.err.MySQLError):
            await in_thread(own.query, "SELECT 1")

    async def test_a_changed_key_ends_what_came_in_by_the_old_one(self):
        """The connection of the old key is closed, that of the main password goes on."""
        await self.start()

        def connect(user, password):
            port = self.running.cometql_port
            return pymysql.connect(host="127.0.0.1", port=port, user=user, password=password, autocommit=True)

        root = await in_thread(connect, "root", PASSWORD)
        await in_thread(root.query, "INSERT INTO dev_config (id, `key`) VALUES (1, 'the old key')")
        own, main = await in_thread(connect, "1", "the old key"), await in_thread(connect, "1", PASSWORD)
        await in_thread(root.query, "UPDATE dev_config SET `key` = 'the new key' WHERE id = 1")
        with self.assertRaises(pymysql.err.MySQLError):
            await in_thread(own.query, "SELECT 1")
        await in_thread(main.query, "SELECT 1")
        (await in_thread(connect, "1", "the new key")).close()
        for connection in (root, main):
            connection.close()
