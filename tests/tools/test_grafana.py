"""
The dashboard of the how-to: its queries as Grafana's MySQL source sends them, by the driver of that.

Grafana itself is not in the tests. What it does to a query is in L{tests.tools.grafana}.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.drivers import test_matrix
from tests.e2e.support import ROOT, ServerCase, in_thread
from tests.tools.grafana import spelled_out
from tests.tools.running import PROGRAMS, made, run, run_in_both

BOARD = json.loads((ROOT / "docs" / "examples" / "grafana-mysql.json").read_text())
PANELS = {panel["title"]: panel for panel in BOARD["panels"]}
#: The types by which Grafana knows a number, and a moment.
NUMBERS = ("INT", "BIGINT", "DECIMAL", "DOUBLE")
MOMENTS = ("DATETIME", "TIMESTAMP")
#: Macros that the dashboard has no use for.
MORE = (
    "SELECT $__timeGroupAlias(FROM_UNIXTIME(time), '5m'), COUNT(*) AS n FROM pipes_messages"
    " WHERE $__timeFilter(FROM_UNIXTIME(time)) GROUP BY 1 ORDER BY 1",
    "SELECT $__timeGroup(FROM_UNIXTIME(time), '1h') AS hour, name AS metric, COUNT(*) AS n"
    " FROM pipes_messages GROUP BY hour, metric ORDER BY hour",
    "SELECT $__time(NOW()), length AS value FROM pipes_settings WHERE NOW() > $__timeFrom()",
)


def query_of(panel):
    """@return: the query of a panel."""
    [target] = panel["targets"]
    return target["rawSql"]


def whole(query):
    """@return: a query of the last hour, as it is sent."""
    now = int(time.time())
    return spelled_out(query, now - 3600, now + 60, channel="chat")


class GrafanaTests(ServerCase):
    """Each panel of the dashboard."""

    async def program(self):
        """@return: what runs queries by the driver of Grafana."""
        if not await in_thread(made, test_matrix.GoTests.probe, test_matrix.GoTests.environment):
            raise SkipTest("there is no Go with the driver of MySQL")
        built = Path(self.mktemp()).absolute()
        command = ["go", "build", "-o", str(built), str(PROGRAMS / "with_go.go")]
        self.assertTrue(await in_thread(made, command, test_matrix.GoTests.environment), "it is not built")
        return [built]

    def test_dashboard(self):
        """It asks for its data source when it is imported, and its panels are placed beside one another."""
        [source] = BOARD["__inputs"]
        self.assertEqual((source["name"], source["pluginId"]), ("DS_COMET", "mysql"))
        places = set()
        for panel in BOARD["panels"]:
            self.assertEqual(panel["datasource"], {"type": "mysql", "uid": "${DS_COMET}"})
            self.assertEqual(panel["targets"][0]["datasource"], panel["datasource"])
            at = panel["gridPos"]
            covered = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            self.assertEqual(places & covered, set(), panel["title"])
            places |= covered
        self.assertLess(max(x for x, _ in places), 24)

    async def test_both_servers_give_the_same_types(self):
        """Of every panel, of the variable, and of every macro: columns and types are those of a MariaDB."""
        variables = [variable["query"] for variable in BOARD["templating"]["list"]]
        queries = [whole(query) for query in (*map(query_of, PANELS.values()), *variables, *MORE)]
        ours, theirs = await run_in_both(await self.program(), QUERIES=json.dumps(queries))
        for query, our, their in zip(queries, ours, theirs, strict=True):
            self.assertEqual(our["Columns"], their["Columns"], query)

    async def test_numbers(self):
        """With a user who is here and one who has left, and messages in a channel."""
        command = await self.program()
        server = await self.server(presence={"grace": 0})
        login = {"port": server.cometql_port, "password": server.password}
        queries = [
            "REPLACE INTO users_auth (id, hash) VALUES (7, 'key7'), (8, 'key8')",
            "REPLACE INTO pipes_settings (name, length) VALUES ('chat', 10)",
            "INSERT INTO pipes_messages (name, message) VALUES ('chat', 'a'), ('chat', 'b')",
        ]
        await in_thread(run, command, login, QUERIES=json.dumps(queries))
        stays, leaves = [await self.browser(server, f"key{number}", number) for number in (7, 8)]
        await stays.listen("chat")
        await leaves.next()
        leaves.transport.abortConnection()
        await leaves.closed
        queries = [whole(query_of(panel)) for panel in PANELS.values()]
        answers = await in_thread(run, command, login, QUERIES=json.dumps(queries))
        found = dict(zip(PANELS, answers, strict=True))
        self.assertEqual(found["Online now"]["Rows"], [["1"]])
        self.assertEqual(found["Connections now"]["Rows"], [["1"]])
        self.assertEqual(found["Most listened to"]["Rows"], [["chat", "1"]])
        self.assertEqual([row[1:] for row in found["Said in $channel"]["Rows"]], [["2"]])
        changes = [row[1:] for row in found["Came and went"]["Rows"]]
        self.assertEqual([sum(map(int, column)) for column in zip(*changes, strict=True)], [2, 1])
        last = found["Who came and went last"]["Rows"]
        self.assertEqual([row[1:] for row in last], [["8", "offline"], ["8", "online"], ["7", "online"]])
        for panel, answer in zip(PANELS.values(), answers, strict=True):
            types = dict(map(tuple, answer["Columns"]))
            if panel["targets"][0]["format"] == "time_series":
                # A first column by that name, and numbers.
                self.assertEqual(next(iter(types)), "time")
                self.assertLessEqual(set(types.values()), set(NUMBERS), panel["title"])
            for name in ("online", "connections", "users"):
                self.assertIn(types.get(name, "INT"), NUMBERS)
            self.assertIn(types.get("moment", "DATETIME"), MOMENTS)
