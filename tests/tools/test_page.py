"""The page of tools says what the tests do."""

from __future__ import annotations

import re
from importlib import metadata

from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.support import ROOT
from tests.replay.script import scripts

PAGE = ROOT / "docs" / "howto" / "tools.rst"
#: The tools that are run, and the modules that run them.
RUN = {
    "phpMyAdmin": ("tools/test_phpmyadmin",),
    "Adminer": ("tools/test_adminer",),
    "Django": ("tools/test_django", "tools/test_django_chat"),
    "SQLAlchemy": ("tools/test_sqlalchemy",),
    "Laravel": ("tools/test_laravel",),
    "ActiveRecord": ("tools/test_activerecord",),
    "Sequelize": ("tools/test_sequelize",),
    "mysqldump (`mariadb-dump`)": ("tools/test_dump",),
    "MariaDB Connector/J": ("tools/test_jdbc",),
    "MySQL Connector/J": ("tools/test_jdbc",),
    "`mysql` command line, `mysqladmin`, `mysqlcheck` (MariaDB)": ("drivers/test_tools",),
    "FederatedX (MariaDB)": ("e2e/test_trigger",),
}
#: The tools that are replayed, and the scripts of what they send.
REPLAYED = {
    "DBeaver, Metabase": ("dbeaver", "connector_j_mariadb", "connector_j_mysql"),
    "HeidiSQL, MySQL Workbench, SQLyog": ("heidisql", "workbench", "sqlyog"),
    "Grafana, MySQL source": ("grafana",),
    "Laravel 11": ("laravel",),
}
#: Tools whose version is that of a Python package.
PACKAGES = ("Django", "SQLAlchemy")


def rows():
    """@return: the cells of each row of the table, without its head."""
    text = PAGE.read_text("utf-8")
    table = text[text.index(".. list-table::") :].split("\n   * - ")[1:]
    found = [[cell.strip() for cell in re.split(r"\n     -", row.split("\n\n")[0])] for row in table]
    return found[1:]


class PageTests(SynchronousTestCase):
    """Row by row."""

    def test_every_row_is_true(self):
        """What is said to be run is run by a module of tests, what is replayed has its scripts."""
        said = {tool: how for tool, _, how, _ in rows()}
        wanted = {**dict.fromkeys(RUN, "run"), **dict.fromkeys(REPLAYED, "replayed")}
        self.assertEqual(said, wanted)
        for modules in RUN.values():
            for module in modules:
                self.assertTrue((ROOT / "tests" / f"{module}.py").exists(), module)
        self.assertEqual({name for names in REPLAYED.values() for name in names} - set(scripts()), set())

    def test_nothing_is_left_out(self):
        """Each module that runs a tool is named in a row, and each row tells what was tried."""
        there = {f"tools/{path.stem}" for path in (ROOT / "tests" / "tools").glob("test_*.py")}
        # The board of Grafana is sent by its driver, not by itself.
        others = {"tools/test_page", "tools/test_grafana"}
        self.assertEqual(there - {module for modules in RUN.values() for module in modules}, others)
        for tool, _, _, tried in rows():
            self.assertGreater(len(tried), 15, tool)

    def test_versions(self):
        """What is run has its version beside it; where that can be told, it is the one that is installed."""
        for tool, version, how, _ in rows():
            self.assertEqual(bool(re.match(r"\d+\.\d+", version)), how == "run", tool)
            if tool in PACKAGES:
                self.assertEqual(version.split(".")[0], metadata.version(tool).split(".")[0], tool)
