"""The source archive and the wheel, each installed with nothing else, and used in an empty folder."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.building import build_sdist, build_wheel
from tests.e2e.installed import Place, look_around, serve


class InstalledTests(SynchronousTestCase):
    """What pip makes of them, with all that they depend on."""

    timeout = 600

    def use(self, distribution):
        """Install it, and do all that a newcomer does."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        venv, elsewhere = folder / "venv", folder / "elsewhere"
        elsewhere.mkdir()
        for command in (
            [sys.executable, "-m", "venv", venv],
            [venv / "bin/pip", "--disable-pip-version-check", "install", "--quiet", distribution],
        ):
            done = subprocess.run(
                list(map(str, command)),
                cwd=elsewhere,
                capture_output=True,
                text=True,
                timeout=self.timeout,
                check=False,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
        data, ini = elsewhere / "data", elsewhere / "comet.ini"
        ini.write_text(f"[main]\ndata = {data}\n[ws]\nport = 0\n[cometql]\nport = 0\n")
        place = Place(venv / "bin", elsewhere)
        look_around(self, place, ini)
        serve(self, place, data, ["twistd", "-n", "--pidfile=", "comet", "--config", ini])

    def test_source_archive(self):
        """The source archive, which pip makes a wheel of by itself."""
        self.use(build_sdist(self.mktemp()))

    def test_wheel(self):
        """The wheel that is made of the source archive."""
        folder = Path(self.mktemp())
        self.use(build_wheel(folder, build_sdist(folder)))
