"""Tests for L{comet.cometql.machine}."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql import machine
from comet.errors import NotAllowed, Unavailable
from tests.cometql.talk import TalkTests

FILES = {
    "self/mounts": "overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/vda1 / ext4 rw 0 0\n",
    "meminfo": "MemTotal:       24683656 kB\nMemFree:         1282560 kB\nHugePages_Total:       0\n",
    "loadavg": "2.59 1.99 1.80 8/134 5810\n",
    "uptime": "2542.86 2357.7\n",
}


class MachineTests(SynchronousTestCase):
    """What is read from the files of the kernel."""

    def setUp(self):
        self.proc = Path(self.mktemp())
        for name, text in FILES.items():
            path = self.proc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def test_all(self):
        """Names and numbers are those of CppComet; the last mount of the root is the one that is seen."""
        self.assertEqual(machine.memory(self.proc)[:2], [("MemTotal", "24683656"), ("MemFree", "1282560")])
        self.assertEqual(
            machine.load(self.proc),
            [
                *(("load_avg_1", "2.59"), ("load_avg_2", "1.99"), ("load_avg_3", "1.80")),
                *(("running_processes", "8"), ("total_processes", "134")),
            ],
        )
        self.assertEqual(
            machine.uptime(self.proc), [("os_uptime", "2542.860000"), ("os_idle", "2357.700000")]
        )
        found = machine.filesystem(self.proc)
        self.assertEqual(found[:2], [("flag", "filesystem"), ("filesystem", "/dev/vda1")])
        self.assertEqual([name for name, _ in found[2:]], ["size", "used", "available", "use"])

    def test_short(self):
        """Sizes are rounded up, with one place below ten."""
        for size, written in (
            *((0, "0"), (1023, "1023"), (1024, "1.0K"), (1025, "1.1K"), (10 * 1024, "10K")),
            *((10 * 1024 + 1, "11K"), (5 << 30, "5.0G"), (1 << 50, "1.0P"), (9 << 60, "9216P")),
        ):
            self.assertEqual(machine.short(size), written, size)

    def test_elsewhere(self):
        """Without these files there is an error that says so."""
        for aspect in machine.ASPECTS.values():
            with self.assertRaises(Unavailable):
                aspect(Path(self.mktemp()))


class ShowTests(TalkTests):
    """The statements."""

    def test_statements(self):
        """Each has its rows, for root alone."""
        for word, name in (
            ("FILESYSTEM", "use"),
            ("RAM", "MemTotal"),
            ("avg", "load_avg_1"),
            ("UPTIME", "os_idle"),
        ):
            self.assertEqual(len(self.rows(f"SHOW {word} STATUS LIKE '{name}'")), 1)
            self.refuses(NotAllowed, f"SHOW {word} STATUS", "root", talk=self.open("3", 3))
