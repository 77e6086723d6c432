"""Where a MariaDB or MySQL server is, and how to speak with it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from comet.config import CannotStart
from comet.kinds import DatabaseUrl
from comet.sections import Db

#: How long a connection may take at the most, however long an answer may, in seconds.
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Server:
    """
    A database at a server.

    @ivar socket: the UNIX socket, which takes the place of host and port.
    @ivar timeout: how long to wait for the server to accept a connection, or to answer, in seconds.
    @ivar tls: what encrypts; C{None} to do so if the server can, without looking at its certificate.
    @ivar plain: never to encrypt.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str
    socket: str = ""
    timeout: int = 10
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    plain: bool = False

    @classmethod
    def of(cls, db: Db, url: DatabaseUrl, section: str = "db") -> Server:
        """
        @param db: all that the URL does not say.
        @param section: what the configuration calls that.
        @raise CannotStart: if a file of C{db} is no good.
        """
        socket = "" if db.socket is None else str(db.socket)
        return cls(
            *(url.host, url.port, url.user, url.password, url.path, socket, db.timeout),
            tls=tls_context(db, section),
            plain=db.tls == "off",
        )

    def __str__(self) -> str:
        return f"{self.user}@{self.socket or f'{self.host}:{self.port}'}/{self.name}"

    def patient(self, seconds: int) -> Server:
        """@return: the same, with another timeout."""
        return replace(self, timeout=seconds)

    def arguments(self) -> dict[str, Any]:
        """@return: what C{pymysql.connect} takes."""
        return {
            "host": self.host,
            "port": self.port,
            "unix_socket": self.socket or None,
            "user": self.user,
            "password": self.password,
            "database": self.name,
            "charset": "utf8mb4",
            **({"ssl_disabled": True} if self.plain else {"ssl": self.tls}),
            "connect_timeout": min(self.timeout, CONNECT_SECONDS),
            "read_timeout": self.timeout,
            "write_timeout": self.timeout,
        }


def tls_context(db: Db, section: str = "db") -> ssl.SSLContext | None:
    """
    @param section: what the configuration calls it.
    @return: how the connection must be encrypted; C{None} if it need not be.
    @raise CannotStart: if a file is no good.
    """
    verify = db.tls == "verify" or (db.tls == "" and db.tls_ca is not None)
    if not verify and db.tls != "encrypt":
        return None
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if db.tls_ca is not None:
        _load(f"[{section}] tls_ca", db.tls_ca, lambda file: context.load_verify_locations(cafile=file))
    if db.tls_certificate is not None:
        _load(
            f"[{section}] tls_certificate",
            db.tls_certificate,
            lambda file: context.load_cert_chain(file, db.tls_key),
        )
    return context


def _load(key: str, file: Path, load: Any) -> None:
    try:
        load(file)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it is no PEM file of the right kind"
        raise CannotStart(f"{key}: {file} cannot be used: {why}") from None
