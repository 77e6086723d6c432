"""Tests of what is installed: the commands as a shell finds them, and the package as pip builds it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from comet import __version__
from tests.building import build_sdist, build_wheel

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class CommandTests(SynchronousTestCase):
    """The commands, run from the checkout."""

    def run_command(self, *command, status=0, **environment):
        """@return: what a command printed on both its outputs; it must end with C{status}."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_twistd_knows_comet(self):
        """C{twistd} lists the plugin, whatever the reactor."""
        if not (BIN / "twistd").exists():
            raise SkipTest("twistd is not installed beside this Python")
        self.assertRegex(self.run_command(BIN / "twistd", "--reactor=poll", "--help"), r"(?m)^    comet +A ")

    def test_bad_configuration(self):
        """C{twistd comet} with a wrong configuration says so in a line, without a traceback."""
        if not (BIN / "twistd").exists():
            raise SkipTest("twistd is not installed beside this Python")
        for command in (["-n", "comet"], ["-ny", "comet.tac"]):
            said = self.run_command(BIN / "twistd", "--pidfile=", *command, status=78, COMET_WS_PORT="x")
            self.assertEqual(
                said,
                "comet cannot start: COMET_WS_PORT: [ws] port: 'x' is wrong; "
                "expected a port from 0 to 65535\n",
            )

    def test_reactor_can_be_chosen(self):
        """The plugin alone loads no reactor, so that C{--reactor} still has its say."""
        code = (
            "import sys; from twisted.plugins.comet_plugin import comet; "
            "print([name for name in sys.modules if name.startswith(('comet', 'twisted.internet.reactor'))])"
        )
        environment = {"PYTHONPATH": str(ROOT)}
        self.assertEqual(self.run_command(sys.executable, "-c", code, **environment), "[]\n")

    def test_python_m_comet(self):
        """C{python -m comet} is the command C{comet}."""
        said = self.run_command(sys.executable, "-m", "comet", "version")
        self.assertTrue(said.startswith(f"comet {__version__} (Python 3."), said)

    def test_no_subcommand(self):
        """Without a subcommand the command says how it is used."""
        self.assertIn("usage: comet", self.run_command(sys.executable, "-m", "comet", status=2))


class BuildTests(SynchronousTestCase):
    """What is in the source archive, and in the wheel that is built of it alone."""

    def test_contents(self):
        """The archive holds what the repository holds; the wheel modules, the plugin, schemas and pages."""
        folder = Path(self.mktemp())
        sdist = build_sdist(folder)
        with tarfile.open(sdist) as archive:
            archived = {name.partition("/")[2] for name in archive.getnames()}
        self.assertEqual(self.tracked() - archived, set())
        self.assertEqual([name for name in archived if "node_modules" in name or ".venv" in name], [])
        names = set(zipfile.ZipFile(build_wheel(folder, sdist)).namelist())
        expected = {
            str(path.relative_to(ROOT))
            for pattern in ("*.py", "web/**/*", "storage/*schema/*.sql", "py.typed")
            for path in (ROOT / "comet").rglob(pattern)
            if path.is_file()
        }
        self.assertEqual(expected - names, set())
        self.assertIn("comet/web/comet.min.js", expected)
        self.assertIn("twisted/plugins/comet_plugin.py", names)
        # Either of these would hide Twisted itself.
        self.assertEqual(names & {"twisted/__init__.py", "twisted/plugins/__init__.py"}, set())
        self.assertEqual({name for name in names if name.startswith(("tests/", "docs/", "tools/"))}, set())

    def tracked(self):
        """@return: the files of the repository that belong into the archive; none where there is no git."""
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
        return {name for name in listed.stdout.splitlines() if not name.startswith(".ci/")}
