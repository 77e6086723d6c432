"""What the server tells of itself to Prometheus, to probes and in its log, asked as these ask."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pymysql
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.support import EXAMPLES, PATIENCE, ROOT, ServerCase, in_thread, until


def fetch(server, path="metrics", **headers):
    """@return: the answer of a path, as text."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with urlopen(Request(server.page + path, headers=names), timeout=PATIENCE) as answer:
        return answer.read().decode()


def families(text):
    """@return: the metrics by name."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(found, name, **labels):
    """@return: the sum of all samples of this name that have these labels."""
    family = found[name.removesuffix("_total").removesuffix("_count").removesuffix("_bucket")]
    return sum(
        sample.value
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


class MetricsTests(ServerCase):
    """The page of metrics."""

    def query(self, server, *statements):
        """Run statements over a connection of their own."""
        link = pymysql.connect(
            host="127.0.0.1", port=server.cometql_port, user="root", password=server.password, autocommit=True
        )
        with link, link.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    async def test_what_has_happened_is_counted(self):
        """Browsers, messages and statements show in the numbers, and status agrees with them."""
        server = await self.server()
        before = families(await in_thread(fetch, server))
        browser = await self.browser(server)
        await browser.next()
        insert = "INSERT INTO pipes_messages (name, event, message) VALUES ('news', 'e', 'm')"
        ring = "INSERT INTO conference (name, user_id, message) VALUES ('lobby', 7, '')"
        await in_thread(self.query, server, insert, insert, ring, "SELECT * FROM pipes WHERE name = 'news'")
        after = families(await in_thread(fetch, server))
        self.assertEqual(value(after, "comet_connections", port="ws"), 1)
        self.assertEqual(value(after, "comet_browsers", transport="websocket"), 1)
        for name, labels, more in (
            ("comet_messages_published_total", {}, 2),
            ("comet_statement_duration_seconds_count", {"statement": "insert"}, 3),
            ("comet_video_rings_begun_total", {"kind": "invite"}, 1),
            ("comet_statement_duration_seconds_count", {"statement": "select"}, 1),
            ("comet_connections_opened_total", {"port": "cometql"}, 1),
        ):
            grown = value(after, name, **labels) - value(before, name, **labels)
            self.assertEqual(grown, more, (name, labels))
        self.assertEqual(value(after, "comet_ready", part="store"), 1)
        self.assertGreater(value(after, "process_resident_memory_bytes"), 1 << 20)
        live = json.loads(await in_thread(fetch, server, "health/live"))
        self.assertEqual(live["status"], "ok")
        self.assertLess(live["lag"], PATIENCE)

    async def test_who_may_read_them(self):
        """This machine, unless it is a proxy that hides somebody; and whoever has the token."""
        server = await self.server(metrics={"token": "s3cret"})

        def status(**headers):
            try:
                fetch(server, **headers)
            except HTTPError as refused:
                return refused.code, refused.read().decode()
            return 200, ""

        self.assertEqual((await in_thread(status))[0], 200)
        hidden = {"X_Forwarded_For": "192.0.2.1"}
        code, said = await in_thread(lambda: status(**hidden))
        self.assertEqual(code, 403)
        self.assertIn("[metrics] networks", said)
        wrong = await in_thread(lambda: status(**hidden, Authorization="Bearer wrong"))
        right = await in_thread(lambda: status(**hidden, Authorization="Bearer s3cret"))
        self.assertEqual((wrong[0], right[0]), (403, 200))

    async def test_behind_a_proxy_of_ours(self):
        """The word of a trusted proxy counts, for who may and for who may not."""
        server = await self.server(
            ws={"port": 0, "trusted_proxies": "127.0.0.1"}, metrics={"networks": "192.0.2.0/24"}
        )

        def status(address):
            try:
                fetch(server, X_Forwarded_For=address)
            except HTTPError as refused:
                return refused.code
            return 200

        self.assertEqual(await in_thread(status, "192.0.2.7"), 200)
        self.assertEqual(await in_thread(status, "198.51.100.7"), 403)

    async def test_all_workers_answer_as_one(self):
        """Whichever of them is asked: each metric is declared once, and has samples of both."""
        server = await self.server(ws={"port": 0, "workers": 2})
        for _ in range(8):
            text = await in_thread(fetch, server)
            found = families(text)
            nodes = {sample.labels["node"] for sample in found["comet_uptime_seconds"].samples}
            self.assertEqual(nodes, {"comet.1", "comet.2"})
            self.assertEqual(text.count("# TYPE comet_connections gauge"), 1)
            self.assertEqual(value(found, "comet_nodes", node="comet.1"), 2)

    async def test_the_reference_and_the_board_name_what_there_is(self):
        """Nothing is left out of the page of metrics, and the board asks for nothing that is not there."""
        server = await self.server()
        await (await self.browser(server)).next()
        found = families(await in_thread(fetch, server))
        ours = {(family.type == "counter" and f"{name}_total") or name for name, family in found.items()}
        ours = {name for name in ours if name.startswith("comet_")}
        page = (ROOT / "docs" / "reference" / "metrics.rst").read_text()
        self.assertEqual(set(re.findall(r"^`(comet_\w+)`", page, re.MULTILINE)), ours)
        board = json.loads((EXAMPLES / "grafana.json").read_text())
        asked = {
            name
            for panel in board["panels"]
            for target in panel["targets"]
            for name in re.findall(r"\b(?:comet|process)_\w+", target["expr"])
        }
        there = {sample.name for family in found.values() for sample in family.samples}
        self.assertEqual(asked - there, set())

    async def test_the_example_for_prometheus(self):
        """Scraped as it says, the server answers, also by way of a proxy: the token is that of the how-to."""
        [job] = yaml.safe_load((EXAMPLES / "prometheus.yml").read_text())["scrape_configs"]
        [token] = job["authorization"].values()
        how_to = (ROOT / "docs" / "howto" / "monitoring.rst").read_text()
        self.assertIn(f"token = {token}\n", how_to)
        self.assertEqual({each.split(":")[1] for each in job["static_configs"][0]["targets"]}, {"8087"})
        server = await self.server(metrics={"token": token})
        got = await in_thread(fetch, server, X_Forwarded_For="192.0.2.1", Authorization=f"Bearer {token}")
        self.assertIn("comet_", got)


class LogTests(ServerCase):
    """The log of a real server."""

    async def test_json(self):
        """Each line is an object with time, level, part and text, and a failure stays on its line."""
        server = await self.server(log={"format": "json"})
        lines = Path(server.log).read_text().splitlines()
        # Twisted itself says something before the configuration is read.
        ours = [json.loads(line) for line in lines if line.startswith("{")]
        listening = [each for each in ours if "ws listens on" in each["message"]]
        self.assertEqual([(each["level"], each["system"]) for each in listening], [("info", "comet.service")])
        self.assertRegex(listening[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    async def test_slow_statements(self):
        """One that takes its time is logged without its values, and counted."""
        server = await self.server(log={"slow_statement": 1})
        # Some ten thousand pairs of rows, and sqlglot has to read it first.
        heavy = (
            "SELECT COUNT(*) FROM information_schema.COLUMNS a JOIN information_schema.COLUMNS b"
            " WHERE a.TABLE_NAME <> 'secret' AND b.TABLE_NAME <> 'secret'"
        )

        def ask():
            link = pymysql.connect(
                host="127.0.0.1", port=server.cometql_port, user="root", password=server.password
            )
            with link, link.cursor() as cursor:
                cursor.execute(heavy)
                cursor.execute("SHOW GLOBAL STATUS LIKE 'Slow_queries'")
                return cursor.fetchall()

        [(name, count)] = await in_thread(ask)
        self.assertEqual(name, "Slow_queries")
        self.assertGreaterEqual(int(count), 1)
        log = Path(server.log)
        await until(lambda: "slow statement" in log.read_text(), "the log")
        self.assertNotIn("secret", log.read_text())
        [line] = [line for line in log.read_text().splitlines() if "SELECT COUNT(*)" in line]
        self.assertRegex(line, r"slow statement, \d+\.\d\d\d s, of root, connection \d+: SELECT COUNT")
        self.assertTrue(line.endswith("WHERE a.TABLE_NAME <> ? AND b.TABLE_NAME <> ?"), line)
