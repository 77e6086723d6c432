"""What a server needs of its machine: files, room on the disk, ports, and a certificate that is valid."""

from __future__ import annotations

import os
import resource
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from comet.certificates import check_pair
from comet.config import CannotStart, Config
from comet.doctor.finding import Finding, fine, problem, warning

#: Files that a server needs besides those of its connections.
OWN_FILES = 100
#: With less room than this on the disk, something is about to go wrong, in bytes.
LEAST_ROOM = 1 << 30
#: A certificate that ends in so many days should have been renewed.
RENEWAL_DAYS = 14


def look(config: Config) -> Iterator[Finding]:
    """@return: what is to be said of this machine."""
    yield _files(config)
    yield from _folder(config.main.data.absolute())
    for section, ip, port in _ports(config):
        yield _port(section, ip, port)
    if config.tls.certificate is not None and config.tls.key is not None:
        yield certificate(config.tls.certificate, config.tls.key, datetime.now(UTC))


def _files(config: Config) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.limits.browsers + config.limits.backends + OWN_FILES
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return fine("open files", f"{'any number' if hard == resource.RLIM_INFINITY else hard} allowed")
    return warning(
        "open files",
        f"a process may have {hard} of them, and [limits] browsers and backends allow {wanted}: "
        f"set LimitNOFILE={wanted} in the unit, or ulimit -n, or lower the limits",
    )


def _folder(folder: Path) -> Iterator[Finding]:
    place = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        yield problem("data folder", f"{place} cannot be written to by this user: [main] data")
        return
    free = shutil.disk_usage(place).free
    if free < LEAST_ROOM:
        yield warning("data folder", f"{folder}: {free >> 20} MiB are left on the disk")
    else:
        yield fine("data folder", f"{folder}, {free >> 30} GiB are left on the disk")


def _ports(config: Config) -> Iterator[tuple[str, str, int]]:
    yield "[ws]", config.ws.ip, config.ws.port
    yield "[cometql]", config.cometql.ip, config.cometql.port
    if config.tls.certificate is not None:
        yield "[tls]", config.tls_ip, config.tls.port


def _port(section: str, ip: str, port: int) -> Finding:
    subject = f"{section} port"
    if not port:
        return fine(subject, "a free one")
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((ip, port))
        except PermissionError:
            return problem(subject, f"{port} is not for this user: below 1024 it needs CAP_NET_BIND_SERVICE")
        except OSError as error:
            return warning(subject, f"{ip}, {port} is in use, by comet or something else ({error.strerror})")
    return fine(subject, f"{ip}, {port} is free: no server is running on it")


def certificate(file: Path, key: Path, now: datetime) -> Finding:
    """@return: whether a certificate is one, with its key, and for how long yet."""
    try:
        check_pair(file, key, now)
    except CannotStart as error:
        return problem("[tls] certificate", str(error))
    until = x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc
    return validity("[tls] certificate", until, now, "renew it, then SIGHUP reads it again")


def validity(subject: str, until: datetime, now: datetime, remedy: str) -> Finding:
    """@return: how long a certificate is valid yet, and what to do if that is short."""
    days = (until - now).days
    if days < RENEWAL_DAYS:
        return warning(subject, f"it ends in {days} days: {remedy}")
    return fine(subject, f"valid until {until:%Y-%m-%d}")
