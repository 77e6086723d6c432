"""Tests of C{comet check}."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from comet.__main__ import main


class CheckTests(SynchronousTestCase):
    """What is printed of a configuration, and the exit status."""

    def check(self, content, *options, environment=None):
        """@return: the exit status and what was printed."""
        self.file = self.mktemp()
        Path(self.file).write_text(content)
        out = io.StringIO()
        with redirect_stdout(out), patch.dict("os.environ", environment or {}, clear=True):
            status = main(["check", "--config", self.file, *options])
        return status, out.getvalue().splitlines()

    def test_fine(self):
        """A configuration without problems is said to be fine."""
        self.assertEqual(self.check("[ws]\nport = 80\n"), (0, [f"{self.file} is fine"]))

    def test_problems(self):
        """All problems are printed, each with file, line, section and key; the status is 1."""
        status, lines = self.check("[ws]\nport = x\nprot = 3\n")
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                f"{self.file}:2: [ws] port: 'x' is wrong; expected a port from 0 to 65535",
                f"{self.file}:3: [ws] prot: there is no such key; the nearest is port",
            ],
        )

    def test_warnings(self):
        """Warnings are printed beside problems, and alone they are none."""
        status, lines = self.check("[ws]\nthread_num = 3\nport = x")
        self.assertEqual((status, len(lines)), (1, 2))
        self.assertTrue(lines[1].startswith(f"warning: {self.file}:2: [ws] thread_num: "))
        status, lines = self.check("[ws]\nthread_num = 3\n")
        self.assertEqual((status, lines[1]), (0, f"{self.file} is fine"))

    def test_environment_on_request(self):
        """The environment is checked only if that is asked for."""
        environment = {"COMET_WS_PORT": "x"}
        self.assertEqual(self.check("", environment=environment)[0], 0)
        status, lines = self.check("", "--env", environment=environment)
        self.assertEqual((status, lines[0].partition(" ")[0]), (1, "COMET_WS_PORT:"))

    def test_certificates_of_the_database(self):
        """Files for the connection to the database are looked at, too."""
        status, lines = self.check("[db]\nurl = mysql://db/comet\ntls_ca = /nowhere/ca\n")
        self.assertEqual(status, 1)
        self.assertIn("[db] tls_ca: /nowhere/ca cannot be used: No such file or directory", lines[0])
        outbox = "[outbox.a]\ndatabase = mysql://db/shop\ntable = outbox\ntls_ca = /nowhere/ca\n"
        status, lines = self.check(outbox)
        self.assertEqual(status, 1)
        self.assertIn("[outbox.a] tls_ca: /nowhere/ca cannot be used: No such file or directory", lines[0])

    def test_certificate(self):
        """Files that the configuration names are looked at, too."""
        status, lines = self.check("[tls]\ncertificate = /nowhere/c\nkey = /nowhere/k\n")
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [f"{self.file}: [tls] certificate: /nowhere/c cannot be read: No such file or directory"],
        )

    def test_public_key(self):
        """So is the file with the keys that tokens are signed for."""
        status, lines = self.check("[jwt]\nalgorithms = RS256\npublic_key = /nowhere/k\n")
        self.assertEqual(status, 1)
        self.assertEqual(
            lines, [f"{self.file}: [jwt] public_key: /nowhere/k cannot be read: No such file or directory"]
        )

    def test_missing_file(self):
        """A file that is not there is a problem like any other."""
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(main(["check", "--config", "/nowhere/a.ini"]), 1)
        self.assertEqual(
            out.getvalue(), "/nowhere/a.ini: the file cannot be read: No such file or directory\n"
        )

    def test_which_file(self):
        """Without C{--config} the file is that of the environment, or a sentence asks for one."""
        with (
            patch.dict("os.environ", {"COMET_CONFIG": "/nowhere/b.ini"}),
            redirect_stdout(io.StringIO()) as out,
        ):
            self.assertEqual(main(["check"]), 1)
        self.assertIn("/nowhere/b.ini", out.getvalue())
        with patch.dict("os.environ", clear=True), redirect_stderr(io.StringIO()) as error:
            self.assertEqual(self.assertRaises(SystemExit, main, ["check"]).code, 2)
        self.assertIn("--config", error.getvalue())
