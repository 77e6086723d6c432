"""Tests of C{comet config}."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from comet.__main__ import main
from comet.config import Config
from comet.sections import SECTIONS


class ConfigTests(SynchronousTestCase):
    """What is printed."""

    def printed(self, *options, **environment):
        """@return: what C{comet config} prints."""
        out = io.StringIO()
        with redirect_stdout(out), patch.dict("os.environ", environment, clear=True):
            self.assertEqual(main(["config", *options]), 0)
        return out.getvalue()

    def test_defaults(self):
        """Every key stands there, and the file as it is, or with every key made to count, changes nothing."""
        text = self.printed("--defaults")
        self.assertEqual(Config.read(text), Config())
        counting = re.sub(r"^;(\w+ = )", r"\1", text, flags=re.MULTILINE)
        self.assertGreater(counting.count("\n") - text.count("\n;"), 0)
        read = Config.read(counting)
        self.assertEqual(read, Config())
        self.assertEqual(read.warnings, ())
        self.assertEqual(re.findall(r"^\[(\w+)\]$", text, re.MULTILINE), list(SECTIONS))

    def test_sections_with_a_name(self):
        """They are shown as they count, with what they have taken from the plain one."""
        file = Path(self.mktemp())
        file.write_text("[outbox]\ndatabase = mysql://a:s3cret@h/shop\nbatch = 7\n[outbox.a]\ntable = t\n")
        text = self.printed("--config", str(file))
        self.assertNotIn("s3cret", text)
        shown = text[text.index("[outbox.a]") :]
        self.assertIn("table = t\n", shown)
        self.assertIn("batch = 7\n", shown)
        self.assertIn("database = (hidden)\n", shown)

    def test_what_counts(self):
        """The file and the environment, in a form that means the same when it is read; secrets are hidden."""
        file = Path(self.mktemp())
        file.write_text(
            "[main]\npassword = s3cret\n[ws]\nhost = []a.example.com\nhost = []b.example.com\ncompress = on\n"
        )
        text = self.printed("--config", str(file), COMET_WS_PORT="9000", COMET_MAIN_NODE_NAME="a;b")
        self.assertNotIn("s3cret", text)
        read = Config.read(text)
        self.assertEqual((read.ws.port, read.ws.host), (9000, ("a.example.com", "b.example.com")))
        self.assertEqual((read.ws.compress, read.main.node_name), (True, "a;b"))
        self.assertEqual(read.main.password, "(hidden)")
