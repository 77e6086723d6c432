"""The data folder: what the server keeps for itself, readable by nobody but its user."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import string
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from comet.certificates import check_pair, self_signed
from comet.config import CannotStart, Config
from comet.sections import Main, Tls

_ALPHABET = string.ascii_letters + string.digits
# It signs tokens, too, and for HS256 a secret is at least as long as the hash: RFC 7518, 3.2.
_LENGTH = 32


class DataFolder:
    """
    The data folder, held by one server at a time.

    @ivar path: the folder, absolute.
    @ivar password: that of root: the configured one, or the one generated at the first start.
    """

    def __init__(self, main: Main, tls: Tls, is_held: bool = False) -> None:
        """
        @param is_held: whether the process that started this one holds the folder for it.
        @raise CannotStart: if the folder cannot be created or written to, or is held by another server.
        """
        self.path = main.data.absolute()
        self._node_name = main.node_name
        self._tls = tls
        self._lock = -1 if is_held else self._create()
        try:
            self.password = main.password or self._own_password()
            if not is_held:
                (self.path / "ports.json").unlink(missing_ok=True)  # of a server that is no more
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, config: Config) -> DataFolder:
        """@raise CannotStart: as said above."""
        return cls(config.main, config.tls)

    def close(self) -> None:
        """Let another server have the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def password_file(self) -> Path:
        """Where the generated password is."""
        return self.path / "password"

    def tls_pair(self) -> tuple[Path, Path]:
        """
        @return: the PEM files of certificate and key: the configured ones, or those generated now or before.
        @raise CannotStart: if they are no pair.
        """
        if self._tls.certificate is not None and self._tls.key is not None:
            pair = self._tls.certificate.absolute(), self._tls.key.absolute()
        else:
            pair = self.path / "certificate.pem", self.path / "key.pem"
            if not all(file.exists() for file in pair):
                certificate, key = self_signed(self._node_name, datetime.now(UTC))
                self._write("key.pem", key)
                self._write("certificate.pem", certificate)
        check_pair(*pair)
        return pair

    def write_ports(self, ports: Mapping[str, int]) -> None:
        """Tell the ports that are listened to in C{ports.json}, once all of them are."""
        self._write("ports.json", json.dumps(dict(ports)).encode() + b"\n")

    # Files ------------------------------------------------------------------------------------------------

    def _create(self) -> int:
        """@return: a file descriptor that holds the lock until it, or the process, is gone."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise CannotStart(f"the data folder {self.path} is in use by another comet") from None
        except OSError:
            pass  # a file system without locks
        return lock

    def _own_password(self) -> str:
        try:
            password = self.password_file.read_text("utf-8").strip()
        except FileNotFoundError:
            password = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
            self._write("password", password.encode() + b"\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CannotStart(f"{self.password_file} cannot be read: {error}") from None
        if not password:
            raise CannotStart(f"{self.password_file} is empty; without the file, a new password is generated")
        return password

    def _write(self, name: str, content: bytes) -> None:
        """Write a file so that it is there as a whole or not at all, and only for this user."""
        try:
            handle, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self.path / name)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> CannotStart:
        return CannotStart(f"the data folder {self.path} cannot be written to: {error.strerror}")
