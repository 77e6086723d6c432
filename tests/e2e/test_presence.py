"""Who came and who went, against a real server: after C{kill -9}, polled, and sent to a receiver."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e.support import ServerCase, in_thread, until
from tests.e2e.test_survival import sql

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
EVENTS = "SELECT concat(user_id, ' ', event) FROM presence_events WHERE seq > 0 ORDER BY seq"


def free_port():
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return there.getsockname()[1]


class PresenceTests(ServerCase):
    """The log, the times, and the examples of the documents."""

    async def users(self, server, *ids):
        """Let these users have a key."""
        await in_thread(
            lambda: sql(
                server, *(f"INSERT INTO users_auth (id, hash) VALUES ({each}, 'key{each}')" for each in ids)
            )
        )

    async def come(self, server, user_id):
        browser = await self.browser(server, f"key{user_id}", user_id)
        self.assertTrue((await browser.next())["authorized"])
        return browser

    def run_example(self, name, *arguments, **replaced):
        """Run an example with ports and secrets put in. @return: the process and where its output goes."""
        text = (EXAMPLES / name).read_text("utf-8")
        for old, new in replaced.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        script, output = Path(self.mktemp()), Path(self.mktemp())
        script.write_text(text)
        with open(output, "wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(script), *map(str, arguments)], stdout=out, stderr=subprocess.STDOUT
            )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, output

    async def test_a_reload_is_no_event(self):
        """A user who comes back in time was never away; one who does not goes after the time of grace."""
        server = await self.server(presence={"grace": 1})
        await self.users(server, 7)
        first = await self.come(server, 7)
        first.transport.loseConnection()
        await first.closed
        second = await self.come(server, 7)
        self.assertEqual(await in_thread(lambda: sql(server, EVENTS)), ["7 online"])
        second.transport.loseConnection()
        await until(lambda: sql(server, EVENTS) == ["7 online", "7 offline"], "the user to go")

    async def test_times_are_right_after_a_kill(self):
        """Who was online when the server died went offline then; the log says so, and its numbers go on."""
        server = await self.server()
        await self.users(server, 7)
        await self.come(server, 7)
        await until(lambda: sql(server, EVENTS) == ["7 online"], "the log")
        await server.stop(signal.SIGKILL)
        died = int(time.time())
        await server.start()
        (seen,) = await in_thread(lambda: sql(server, "SELECT time FROM users_time WHERE id = 7"))
        self.assertTrue(died - 15 <= seen <= died, (died, seen))
        self.assertEqual(await in_thread(lambda: sql(server, EVENTS)), ["7 online", "7 offline"])
        self.assertEqual(await in_thread(lambda: sql(server, EVENTS.replace("> 0", "> 1"))), ["7 offline"])

    async def test_a_clean_stop_is_a_departure(self):
        """Without the time of grace."""
        server = await self.server(presence={"grace": 3600})
        await self.users(server, 7)
        await self.come(server, 7)
        await server.stop()
        await server.start()
        self.assertEqual(await in_thread(lambda: sql(server, EVENTS)), ["7 online", "7 offline"])

    async def test_a_list_that_is_sent_again_moves_nobody(self):
        """Only who really joins or leaves a channel is in the log; users_in_pipes tells the same."""
        server = await self.server(presence={"log_channels": "yes"})
        browsers = [await self.browser(server, uuid=letter * 32) for letter in "ab"]
        for browser in browsers:
            await browser.next()
            await browser.listen("track_room", "web_room")
            await browser.listen("web_room", "track_room", "web_other")
        here = "SELECT user_uuid FROM users_in_pipes WHERE name = 'track_room'"
        self.assertEqual(await in_thread(sql, server, here), ["b" * 32, "a" * 32])
        await browsers[0].listen("web_room")
        self.assertEqual(await in_thread(sql, server, here), ["b" * 32])
        moves = [("a", "subscription"), ("b", "subscription"), ("a", "unsubscription")]
        wanted = [f"0 {event} track_room {letter * 32}" for letter, event in moves]
        log = "SELECT concat_ws(' ', user_id, event, name, uuid) FROM presence_events ORDER BY seq"
        await until(lambda: sql(server, log) == wanted, "the log to tell just that")

    async def test_the_example_that_polls(self):
        """It prints what happens, from where it is told on."""
        server = await self.server(presence={"grace": 0})
        await self.users(server, 7, 8)
        gone = await self.come(server, 8)
        gone.transport.loseConnection()
        await gone.closed
        _, output = self.run_example(
            "poll_presence.py",
            1,
            **{"3307": str(server.cometql_port), '"PASSWORD"': f'"{server.password}"'},
        )
        await self.come(server, 7)
        await until(lambda: output.read_text().split("\n")[:2] == ["2 8 offline", "3 7 online"], "both rows")

    async def test_the_example_that_receives(self):
        """It believes what is signed, and gets what happened while it was not there."""
        port = free_port()
        server = await self.server(
            presence={"grace": 0, "webhook": f"http://127.0.0.1:{port}/", "webhook_secret": "s3cret"}
        )
        await self.users(server, 7)
        await self.come(server, 7)
        _, output = self.run_example("presence_receiver.py", port, **{'b"SECRET"': 'b"s3cret"'})
        await until(lambda: "1 7 online" in output.read_text(), "the row", 30)
        counted = "SHOW GLOBAL STATUS WHERE Variable_name = 'webhook_deliveries' AND Value = '1'"
        await until(lambda: sql(server, counted) != [], "the delivery to be counted")

    async def test_a_receiver_with_another_secret_takes_nothing(self):
        """A signature that is wrong is refused by the example."""
        port = free_port()
        server = await self.server(presence={"webhook": f"http://127.0.0.1:{port}/", "webhook_secret": "one"})
        _, output = self.run_example("presence_receiver.py", port, **{'b"SECRET"': 'b"other"'})
        await self.users(server, 7)
        await self.come(server, 7)
        await until(lambda: '" 403 ' in output.read_text(), "the refusal", 30)
        self.assertNotIn("online", output.read_text())
