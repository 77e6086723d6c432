"""The benchmarks run, count rightly and print what they promise; no time is asserted."""

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SkipTest, SynchronousTestCase

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
RATES = ("per_second", "per_cpu_second")


def run(name, *options, **environment):
    """@return: the exit status of a benchmark, what it printed, and what it complained of."""
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=150, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


class BenchmarkTests(SynchronousTestCase):
    """Each benchmark, with numbers that say nothing about speed."""

    def result(self, name, *options, **environment):
        """@return: the one line of a benchmark, parsed."""
        status, output, errors = run(name, *options, **environment)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(output.count("\n"), 1)
        result = json.loads(output)
        self.assertEqual(result["benchmark"], name)
        self.assertEqual(result["command"], shlex.join(["python", f"benchmarks/{name}.py", *options]))
        machine = {"cpu", "cores", "pinned", "system", "python", "twisted"}
        self.assertEqual(set(result["machine"]), machine)
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
            self.assertTrue(row["case"] and row["unit"])
            if "missing" in row:
                self.assertIn("nginx", row["missing"])
                continue
            for name in ("value", "baseline_value", "ratio"):
                self.assert_spread(row[name])

    def test_fan_out(self):
        """Every message reaches every subscriber of its channel, beside baselines that do the same."""
        options = (
            "--subscribers",
            "6",
            "--channels",
            "3",
            "--messages",
            "4",
            "--repeats",
            "1",
            "--size",
            "300",
        )
        result = self.result("fanout", *options)
        self.assertEqual((result["subscribers"], result["channels"], result["messages"]), (6, 3, 2 * 4))
        self.assertEqual(result["delivered"], 2 * 2 * 4)
        self.assertGreater(result["frame_bytes"], 300)
        beside = ["C loop of send()", "Autobahn's broadcast", "nchan"]
        self.assert_rows(result["rows"], *beside, *beside, "comet, one at a time")

    def test_inserts(self):
        """Every INSERT is carried out, heard by who listens and kept where that is due."""
        result = self.result("inserts", "--connections", "3", "--messages", "12", "--repeats", "2")
        self.assertEqual(result["delivered"], 2 * 2 * 12)
        self.assertEqual(result["kept"], 2 * 2 * 12)
        self.assertTrue(result["baseline"]["name"].endswith("loop of recv() and send()"))
        cases = ["ping", "nobody listens", "one listens", "history is kept"]
        found = [(row["case"], row["connections"]) for row in result["cases"]]
        self.assertEqual(found, [(case, count) for count in (1, 3) for case in cases])
        for row in result["cases"]:
            self.assertEqual(row["statements"], 2 * 12)
            self.assertEqual(row["affected"], 0 if row["case"] == "ping" else 2 * 12)
            self.assert_rates(row, "load_busy")
            self.assert_rates(row["ratio"])
        for row in result["baseline"]["rates"]:
            self.assert_rates(row, "load_busy")
        self.check_mariadb(result)

    def check_mariadb(self, result):
        """Where there is a MariaDB, it ran the same INSERTs, and each case but the ping is a share of it."""
        path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"))
        servers = [shutil.which(name, path=path) for name in ("mariadbd", "mysqld")]
        found = result["mariadb_memory"]
        if not any(servers) or shutil.which("mariadb-install-db", path=path) is None:
            self.assertIsNone(found)
            return
        self.assertIn("MariaDB", found["name"])
        self.assertEqual([row["connections"] for row in found["rates"]], [1, 3])
        for row in found["rates"]:
            self.assert_rates(row, "load_busy")
        for row in result["cases"]:
            self.assertEqual("ratio_mariadb_memory" in row, row["case"] != "ping")
            self.assert_rates(row.get("ratio_mariadb_memory", row["ratio"]))

    def test_statements(self):
        """Every statement finds its plan, or is parsed anew, beside a baseline that parses it too."""
        result = self.result("statements", "--messages", "20", "--repeats", "2")
        self.assertTrue(result["baseline"]["name"].startswith("sqlglot"))
        self.assertEqual(
            [row["case"] for row in result["cases"]], ["plan kept", "parsed anew", "packet to call"]
        )
        for row in result["cases"]:
            self.assertEqual(row["statements"], 2 * 20)
            self.assertGreater(row["ratio"]["min"], 0)
            self.assertLessEqual(row["microseconds"]["min"], row["microseconds"]["max"])
        self.assertEqual((result["hits"], result["misses"], result["calls"]), (2 * 20, 2 * 20, 2 * 20))

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


class SuiteTests(SynchronousTestCase):
    """The one command that runs all."""

    def test_all_of_them_work(self):
        """
        Each benchmark that is there runs with what makes it quick, and checks what it counts; the rows are
        printed and kept, as a table and a chart, too.
        """
        folder = Path(self.mktemp())
        status, output, errors = run("all", "--smoke", "--folder", str(folder))
        self.assertEqual(status, 0, errors)
        lines = [line for line in output.splitlines() if line.startswith("{")]
        rows = [json.loads(line) for line in lines]
        there = {path.stem for path in BENCHMARKS.glob("*.py")} - {"all"}
        self.assertEqual({row["benchmark"] for row in rows}, there)
        for row in rows:
            self.assertTrue(row["case"] and row["unit"] and row["baseline"] and row["machine"])
            if "missing" in row:
                self.assertIn(row["baseline"], ("nchan", f"recorded, Python {sys.version[:4]}"))
                continue
            self.assertGreaterEqual(row["ratio"]["min"], 0)
            self.assertLessEqual(row["ratio"]["median"], row["ratio"]["max"])
        self.assertEqual((folder / "benchmarks.jsonl").read_text().splitlines(), lines)
        with open(folder / "benchmarks.csv", newline="") as file:
            self.assertEqual(len(list(csv.reader(file))), 1 + len(rows))
        drawn = ElementTree.parse(folder / "benchmarks.svg").iter("{http://www.w3.org/2000/svg}circle")
        self.assertEqual(len(list(drawn)), len([row for row in rows if row.get("aim") and "ratio" in row]))


class StepTests(SynchronousTestCase):
    """The hot loops take no more steps than they did."""

    MARGIN = 1.15

    def test_no_hot_loop_has_grown(self):
        """
        The instructions of each, the same in two counts, are within a margin of what is recorded for this
        version of Python.
        """
        recorded = json.loads((BENCHMARKS / "steps.json").read_text())
        status, output, errors = run("steps")
        self.assertEqual((status, errors), (0, ""))
        result = json.loads(output)
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
