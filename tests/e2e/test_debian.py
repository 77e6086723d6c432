"""The Debian package: built, installed on a machine to throw away, used, removed, purged."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.building import ROOT
from tests.e2e.installed import Place, look_around, serve
from tests.e2e.throwaway import Machine

UNIT = "lib/systemd/system/comet.service"
INI = "/etc/comet/comet.ini"
DATA = "/var/lib/comet"
#: What of the unit can be had without systemd: its user, and no way to become more than that.
CONFINED = (
    *("/usr/bin/setpriv", "--reuid=comet", "--regid=comet", "--init-groups"),
    *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
)


class PackageTests(SynchronousTestCase):
    """What an administrator does with it."""

    timeout = 600

    def build(self):
        """@return: the package, made by the script that the documents name."""
        if not shutil.which("dpkg-buildpackage") or not shutil.which("dh"):
            raise SkipTest("debhelper and dpkg-dev are not here")
        folder = Path(self.mktemp()).absolute()
        done = subprocess.run(
            ["sh", ROOT / "tools" / "build_deb.sh", folder],
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return Path(done.stdout.strip())

    def test_life(self):
        """It is installed, serves as the unit says, is installed again, removed, and purged."""
        package, machine = self.build(), Machine(self)
        shutil.copy(package, machine.root / "root" / "comet.deb")
        install = ("dpkg", "--install", "--force-confold", "/root/comet.deb")
        machine.run(*install)
        self.is_in_place(machine)
        self.is_well_confined(machine)
        self.serves(machine)
        with open(f"{machine.root}{INI}", "a") as ini:
            ini.write("; changed\n")
        password = (machine.root / DATA[1:] / "password").read_text()
        machine.run(*install)
        self.assertIn("; changed", (machine.root / INI[1:]).read_text())
        self.assertEqual((machine.root / DATA[1:] / "password").read_text(), password)
        machine.run("dpkg", "--remove", "comet")
        self.assertFalse((machine.root / "usr/lib/comet").exists())
        self.assertTrue((machine.root / DATA[1:] / "password").exists())
        machine.run("dpkg", "--purge", "comet")
        for left in (INI, "/etc/comet", DATA, "/usr/bin/comet"):
            self.assertFalse((machine.root / left[1:]).exists(), left)

    def is_in_place(self, machine):
        """A user of its own, a configuration that it alone can read, and a service that is enabled."""
        self.assertEqual(machine.run("stat", "-c", "%U:%G %a", INI), "root:comet 640\n")
        self.assertEqual(machine.run("stat", "-c", "%U:%G %a", DATA), "comet:comet 700\n")
        self.assertIn(":/usr/sbin/nologin", machine.run("getent", "passwd", "comet"))
        wanted = machine.root / "etc/systemd/system/multi-user.target.wants/comet.service"
        self.assertTrue(wanted.is_symlink())
        self.assertEqual(machine.run("comet", "check"), f"{INI} is fine\n")
        # Nothing remembers the folder that it was built in.
        machine.run("grep", "-rl", "debian/comet/usr", "/usr/lib/comet", status=1)

    def is_well_confined(self, machine):
        """systemd finds nothing wrong with the unit, and little that it leaves open: at most 2 of 10."""
        if not shutil.which("systemd-analyze"):
            return
        self.assertEqual(machine.run("systemd-analyze", "verify", f"/{UNIT}"), "")
        machine.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", f"/{UNIT}")

    def serves(self, machine):
        """The command of the unit serves, as its user, where nothing but its data can be written."""
        unit = (machine.root / UNIT).read_text()
        [start] = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
        folder = Path(self.mktemp())
        folder.mkdir()
        ports = {"COMET_WS_PORT": "0", "COMET_COMETQL_PORT": "0"}
        place = Place("/usr/lib/comet/bin", folder, machine.before, **ports)
        machine.protect(DATA)
        look_around(self, place, INI)
        serve(self, place, DATA, [*CONFINED, *shlex.split(start)], machine.root / DATA[1:])
        machine.open()
        # What Twisted knows of its plug-ins was packed along.
        self.assertNotIn("plugin cache", (folder / "server.log").read_text())
