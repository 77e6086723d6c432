"""The benchmarks run, count rightly and print what they promise; no time is asserted."""

import csv
import functools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests import redisserver
from tests.browser.chromium import find_chromium

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
RATES = ("per_second", "per_cpu_second")


def run(name, *options, **environment):
    """@return: the exit status of a benchmark, what it printed, and what it complained of."""
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


class Suite(NamedTuple):
    """What the one command left behind, with numbers that say nothing about speed."""

    status: int
    errors: str
    rows: list[dict]
    results: dict[str, dict]
    files: dict[str, str]


@functools.cache
def suite():
    """@return: all of them run once, for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        status, output, errors = run("all", "--smoke", "--folder", folder)
        files = {path.name: path.read_text() for path in Path(folder).iterdir()}
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    results = map(json.loads, files["results.jsonl"].splitlines())
    return Suite(status, errors, rows, {result["benchmark"]: result for result in results}, files)


class SuiteTests(SynchronousTestCase):
    """The one command that runs all."""

    def test_all_of_them_work(self):
        """Each benchmark that is there is run, ends well, and has rows that name a baseline, or why not."""
        self.assertEqual(suite().status, 0, suite().errors)
        there = {path.stem for path in BENCHMARKS.glob("*.py")} - {"all"}
        self.assertEqual({row["benchmark"] for row in suite().rows}, there)
        for row in suite().rows:
            self.assertTrue(row["case"] and row["unit"] and row["baseline"] and row["machine"])
            if "missing" in row:
                may_miss = row["baseline"] in ("nchan", "Redis") or row["benchmark"] in ("steps", "calling")
                self.assertTrue(may_miss, row)
                continue
            self.assertGreaterEqual(row["ratio"]["min"], 0)
            self.assertLessEqual(row["ratio"]["median"], row["ratio"]["max"])

    def test_rows_are_kept_as_lines_tables_and_chart(self):
        """Each row is in the lines and in a table, and each that has an aim in the chart."""
        rows, files = suite().rows, suite().files
        self.assertEqual([json.loads(line) for line in files["benchmarks.jsonl"].splitlines()], rows)
        for name in {row["benchmark"] for row in rows}:
            table = list(csv.reader(files[f"{name}.csv"].splitlines()))
            self.assertEqual(len(table), 1 + len([row for row in rows if row["benchmark"] == name]))
            self.assertEqual({len(line) for line in table}, {6})
        dots = ElementTree.fromstring(files["benchmarks.svg"]).iter("{http://www.w3.org/2000/svg}circle")
        aimed = [row for row in rows if row.get("aim") is not None and "ratio" in row]
        self.assertEqual(len(list(dots)), len(aimed))


class BenchmarkTests(SynchronousTestCase):
    """What each benchmark counts."""

    def check(self, result, options):
        """C{result} tells what it is from."""
        name = result["benchmark"]
        self.assertEqual(result["command"], shlex.join(["python", f"benchmarks/{name}.py", *options]))
        machine = {"cpu", "cores", "pinned", "system", "python", "twisted"}
        self.assertEqual(set(result["machine"]), machine)

    def result(self, name, *options, **environment):
        """@return: the one line of a benchmark, parsed."""
        status, output, errors = run(name, *options, **environment)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(output.count("\n"), 1)
        result = json.loads(output)
        self.check(result, options)
        return result

    def assert_rates(self, figures, *more):
        """C{figures} has a median between two ends, above 0, for each rate."""
        for name in (*RATES, *more):
            self.assert_spread(figures[name])

    def assert_spread(self, spread):
        """C{spread} has a median between two ends, above 0."""
        self.assertGreater(spread["min"], 0)
        self.assertLessEqual(spread["min"], spread["median"])
        self.assertLessEqual(spread["median"], spread["max"])

    def assert_rows(self, rows, *beside):
        """C{rows} compare with C{beside}, in this order, as ratios above 0, or say why they do not."""
        self.assertEqual([row["baseline"] for row in rows], list(beside))
        for row in rows:
            if "missing" in row:
                self.assertIn("nginx", row["missing"])
                continue
            for name in ("value", "baseline_value", "ratio"):
                self.assert_spread(row[name])

    def test_fan_out(self):
        """Every message reaches every subscriber of its channel, beside baselines that do the same."""
        result = suite().results["fanout"]
        self.assertEqual((result["subscribers"], result["channels"], result["messages"]), (6, 3, 2 * 4))
        self.assertEqual(result["delivered"], 2 * 2 * 4)
        self.assertGreater(result["frame_bytes"], 300)
        loop = "loop of send()"
        loop = f"C {loop}" if shutil.which("cc") else f"Python {loop}"
        beside = [loop, "Autobahn's broadcast", "nchan"]
        self.assert_rows(result["rows"], *beside, *beside, "comet, one at a time")

    def test_latency(self):
        """Each delivery is timed, at the same rate in the server and in the baseline."""
        result = suite().results["latency"]
        self.assertEqual(result["delivered"], 5 * 4)
        self.assert_spread(result["messages_per_second"])
        self.assert_rows(result["rows"], *[row["baseline"] for row in result["rows"]])
        middle, slow = result["rows"]
        self.assertLessEqual(middle["value"]["max"], slow["value"]["max"])

    def test_tls(self):
        """Every message reaches every subscriber within TLS, beside a loop that only encrypts."""
        result = suite().results["tls"]
        self.assertEqual(result["delivered"], 5 * 4)
        self.assert_rows(result["rows"], "pyOpenSSL loop of send()", "comet, without TLS")

    def test_transports(self):
        """Every message comes by each transport."""
        result = suite().results["transports"]
        kinds = ("WebSocket", "server-sent events", "long-poll")
        self.assertEqual(result["delivered"], dict.fromkeys(kinds, 5 * 4))
        self.assert_rows(result["rows"], *["comet, WebSocket"] * 2)

    def test_fairness(self):
        """Pings are answered, and timed, while messages are published and while none is."""
        result = suite().results["fairness"]
        self.assertTrue(all(result["pings"].values()), result["pings"])
        beside = ["the aim, 20 ms", *["Autobahn's broadcast"] * 3, *["comet, nobody publishes"] * 3]
        self.assert_rows(result["rows"], *beside)

    def test_inserts(self):
        """Every INSERT is carried out, heard by who listens and kept where that is due."""
        result = suite().results["inserts"]
        self.assertEqual(result["delivered"], 2 * 12)
        self.assertEqual(result["kept"], 2 * 12)
        self.assertTrue(result["baseline"]["name"].endswith("loop of recv() and send()"))
        cases = ["ping", "nobody listens", "one listens", "history is kept"]
        found = [(row["case"], row["connections"]) for row in result["cases"]]
        self.assertEqual(found, [(case, count) for count in (1, 3) for case in cases])
        for row in result["cases"]:
            self.assertEqual(row["statements"], 12)
            self.assertEqual(row["affected"], 0 if row["case"] == "ping" else 12)
            self.assert_rates(row, "load_busy")
            self.assert_rates(row["ratio"])
        for row in result["baseline"]["rates"]:
            self.assert_rates(row, "load_busy")

    def test_inserts_beside_mariadb(self):
        """Where there is a MariaDB, it runs the same INSERTs, and each case but the ping is a share of it."""
        path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"))
        servers = [shutil.which(name, path=path) for name in ("mariadbd", "mysqld")]
        if not any(servers) or shutil.which("mariadb-install-db", path=path) is None:
            raise SkipTest("there is no mariadbd, or no mariadb-install-db")
        result = suite().results["inserts"]
        found = result["mariadb_memory"]
        self.assertIn("MariaDB", found["name"])
        self.assertEqual([row["connections"] for row in found["rates"]], [1, 3])
        for row in found["rates"]:
            self.assert_rates(row, "load_busy")
        for row in result["cases"]:
            self.assertEqual("ratio_mariadb_memory" in row, row["case"] != "ping")
            self.assert_rates(row.get("ratio_mariadb_memory", row["ratio"]))

    def test_cluster(self):
        """Every message reaches every subscriber, and every INSERT is heard, with any number of processes."""
        result = suite().results["cluster"]
        sites = 3 if redisserver.find("redis-server") else 2
        self.assertEqual(result["delivered"], sites * 8 * 6)
        self.assertEqual(result["inserted"], sites * 6)
        measured = [row for row in result["rows"] if "missing" not in row]
        self.assertEqual(len(measured), 2 * (sites - 1))
        self.assert_rows(measured, *["one process"] * len(measured))

    def test_online(self):
        """As many as shall come do come, to several workers, and every message reaches all of them."""
        result = suite().results["online"]
        self.assertEqual((result["connections"], result["workers"]), (40, 2))
        self.assertEqual(result["delivered"], 40 * 2)
        beside = [*["CppComet, as published"] * 2, *["one process"] * 5]
        self.assert_rows(result["rows"], *beside)

    def test_fairness_over_several_processes(self):
        """Pings are answered, and timed, where server and load are several processes."""
        options = ("--subscribers", "20", "--workers", "2", "--messages", "3", "--seconds", "0.05")
        result = self.result("fairness", *options, "--repeats", "1")
        self.assertTrue(all(result["pings"].values()), result["pings"])
        beside = ["the aim, 20 ms", *["comet, nobody publishes"] * 3]
        self.assert_rows(result["rows"], *beside)

    def test_statements(self):
        """Every statement finds its plan, or is parsed anew, beside a baseline that parses it too."""
        result = suite().results["statements"]
        self.assertTrue(result["baseline"]["name"].startswith("sqlglot"))
        self.assertEqual(
            [row["case"] for row in result["cases"]], ["plan kept", "parsed anew", "packet to call"]
        )
        for row in result["cases"]:
            self.assertEqual(row["statements"], 20)
            self.assertGreater(row["ratio"]["min"], 0)
            self.assertLessEqual(row["microseconds"]["min"], row["microseconds"]["max"])
        self.assertEqual((result["hits"], result["misses"], result["calls"]), (20, 20, 20))

    def test_signalling(self):
        """Every signal is heard, in calls and in rooms; every call is answered, and over."""
        result = suite().results["signalling"]
        self.assertEqual((result["pages"], result["signals"], result["calls"]), (8, 3 * 40, 40))
        beside = ["comet, messages to a channel", "Autobahn, a relay"] * 3
        self.assert_rows(result["rows"], *beside, "comet, three messages to a channel")

    def test_calling(self):
        """Each call and each joining is timed until there are pictures, beside a page without a server."""
        if find_chromium() is None:
            raise SkipTest("there is no Chromium on this machine")
        result = suite().results["calling"]
        self.assertEqual(result["measured"], [2, 2])
        self.assert_rows(result["rows"], *["one page, without a server"] * 4)
        for middle, slow in zip(result["rows"][::2], result["rows"][1::2], strict=True):
            self.assertLessEqual(middle["value"]["median"], slow["value"]["median"])
        self.assertLess(result["seated"]["max"], result["rows"][0]["value"]["max"])

    def test_calling_without_a_browser(self):
        """The rows say why there are no figures."""
        result = self.result("calling", PATH="/nowhere")
        self.assertEqual({row["missing"] for row in result["rows"]}, {"there is no Chromium on this machine"})

    def test_connections(self):
        """As many as shall come, do come and stay, in both dialects, beside a bare protocol."""
        result = self.result("connections", "--connections", "20", "--repeats", "1")
        self.assertEqual(result["connections"], 20)
        self.assertEqual(result["baseline"]["name"], "bare Twisted protocol")
        self.assertEqual([row["dialect"] for row in result["cases"]], ["cppcomet", "json"])
        self.assert_rates(result["baseline"])
        for row in result["cases"]:
            self.assert_rates(row)
            self.assert_rates(row["ratio"])
            self.assertIn("kilobytes", row)

    def test_connections_without_a_compiler(self):
        """The load is in C: without a compiler there is a sentence."""
        status, output, errors = run("connections", "--connections", "20", PATH=self.mktemp())
        self.assertEqual((status, output, errors.count("\n")), (1, "", 1))
        self.assertIn("install a compiler", errors)

    def test_without_a_compiler(self):
        """The baseline is then a loop in Python, and called so; a MariaDB is not found either."""
        nowhere = {"PATH": self.mktemp()}
        options = ("--subscribers", "3", "--messages", "2", "--repeats", "1", "--beside", "send loop")
        result = self.result("fanout", *options, **nowhere)
        self.assert_rows(result["rows"], *["Python loop of send()"] * 2, "comet, one at a time")
        self.assertEqual(result["delivered"], 2 * 3 * 2)
        result = self.result("inserts", "--connections", "2", "--messages", "4", "--repeats", "1", **nowhere)
        self.assertEqual(result["baseline"]["name"], "Python loop of recv() and send()")
        self.assertIsNone(result["mariadb_memory"])
        self.assertFalse([row for row in result["cases"] if "ratio_mariadb_memory" in row])

    def test_too_many_for_this_machine(self):
        """More connections than there may be files are refused in one sentence, before anything starts."""
        status, output, errors = run("fanout", "--subscribers", "2000000000")
        self.assertEqual((status, output, errors.count("\n")), (1, "", 1))
        self.assertIn("2000000000 connections need 2000000100 open files", errors)


class StepTests(SynchronousTestCase):
    """The hot loops take no more steps than they did."""

    MARGIN = 1.15

    def test_no_hot_loop_has_grown(self):
        """
        The instructions of each, the same in two counts, are within a margin of what is recorded for this
        version of Python.
        """
        recorded, result = json.loads((BENCHMARKS / "steps.json").read_text()), suite().results["steps"]
        again = "python benchmarks/steps.py --record, and commit benchmarks/steps.json"
        if result["python"] not in recorded:
            raise SkipTest(f"no steps are recorded for Python {result['python']}: {again}")
        before = recorded[result["python"]]
        for case, steps in result["steps"].items():
            self.assertLessEqual(
                steps,
                before["steps"][case] * self.MARGIN,
                f"{case}: {steps} instructions, {before['steps'][case]} when that was recorded, with "
                f"{before['with']}. If it has to be so: {again}",
            )
