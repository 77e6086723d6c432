"""Tests of the data folder."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comet.certificates import self_signed
from comet.config import CannotStart
from comet.data import DataFolder
from comet.sections import Main, Tls


def mode(path):
    """@return: the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


class DataFolderTests(SynchronousTestCase):
    """What a server finds and leaves there."""

    def setUp(self):
        """Choose a folder that is not there yet."""
        self.path = Path(self.mktemp()).absolute() / "deep" / "data"

    def open(self, password="", tls=None):
        """@return: the folder, held until the end of the test."""
        folder = DataFolder(Main(data=self.path, password=password), tls or Tls())
        self.addCleanup(folder.close)
        return folder

    def refused(self):
        """@return: the sentence."""
        return str(self.assertRaises(CannotStart, self.open))

    def test_created_for_its_owner_alone(self):
        """The folder, and all that is written into it, is readable by its owner only."""
        folder = self.open()
        folder.tls_pair()
        folder.write_ports({"ws": 1})
        self.assertEqual(mode(self.path), 0o700)
        for file in self.path.iterdir():
            self.assertEqual(mode(file), 0o600, file)

    def test_password_is_generated_once(self):
        """Without a password a long random one is made, kept and found again."""
        folder = self.open()
        self.assertGreaterEqual(len(folder.password), 20)
        self.assertTrue(folder.password.isalnum())
        self.assertEqual((self.path / "password").read_text(), folder.password + "\n")
        folder.close()
        self.assertEqual(self.open().password, folder.password)

    def test_configured_password(self):
        """A configured password is used and written nowhere."""
        self.assertEqual(self.open("sesame").password, "sesame")
        self.assertFalse((self.path / "password").exists())

    def test_certificate_is_generated_once(self):
        """Certificate and key are made when they are asked for, and stay."""
        folder = self.open()
        certificate, key = folder.tls_pair()
        before = certificate.read_bytes(), key.read_bytes()
        self.assertEqual(folder.tls_pair(), (self.path / "certificate.pem", self.path / "key.pem"))
        self.assertEqual((certificate.read_bytes(), key.read_bytes()), before)

    def test_half_a_generated_pair(self):
        """If one half is gone, both are made anew."""
        folder = self.open()
        folder.tls_pair()
        (self.path / "certificate.pem").unlink()
        folder.tls_pair()

    def test_configured_certificate(self):
        """The configured pair is taken after a look at it, and none is made."""
        folder = self.open(tls=Tls(certificate=self.path / "c", key=self.path / "k"))
        self.assertIn("cannot be read", str(self.assertRaises(CannotStart, folder.tls_pair)))
        for name, content in zip("ck", self_signed("a", datetime.now(UTC)), strict=True):
            (self.path / name).write_bytes(content)
        self.assertEqual(folder.tls_pair(), (self.path / "c", self.path / "k"))
        self.assertFalse((self.path / "certificate.pem").exists())

    def test_ports(self):
        """The ports are there while they are listened to: those of a server that is no more are removed."""
        folder = self.open()
        folder.write_ports({"ws": 8087, "cometql": 3307})
        self.assertEqual(json.loads((self.path / "ports.json").read_text()), {"ws": 8087, "cometql": 3307})
        folder.close()
        self.open()
        self.assertFalse((self.path / "ports.json").exists())

    def test_one_server_at_a_time(self):
        """A folder that is in use is refused, and the ports of its user stay."""
        self.open().write_ports({"ws": 1})
        self.assertEqual(self.refused(), f"the data folder {self.path} is in use by another comet")
        self.assertTrue((self.path / "ports.json").exists())

    def test_no_folder(self):
        """Where no folder can be made, one sentence says so."""
        self.path.parent.parent.mkdir()
        self.path.parent.write_text("a file")
        self.assertEqual(self.refused(), f"the data folder {self.path} cannot be written to: Not a directory")

    def test_empty_password_file(self):
        """A password file without a password is refused rather than taken for an empty password."""
        self.open().close()
        (self.path / "password").write_text("\n")
        self.assertIn("is empty", self.refused())
        (self.path / "password").write_text("abc\n")
        self.assertEqual(self.open().password, "abc")
