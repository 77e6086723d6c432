"""How a Redis is named in the configuration: C{redis://USER:PASSWORD@HOST:PORT/DB}, and its kin."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

#: What a URL looks like, for people.
FORMS = "redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS, or redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB"

_SCHEMES = {
    "redis": (False, False),
    "rediss": (True, False),
    "redis+sentinel": (False, True),
    "rediss+sentinel": (True, True),
}
_REDIS_PORT, _SENTINEL_PORT = 6379, 26379
_URL = re.compile(r"([a-z+]+)://(?:([^@/]*)@)?([^@/]*)(?:/([^?#]*))?")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?")
_HIGHEST_DB = 1 << 16


class WrongRedisUrl(ValueError):
    """C{str(error)} says what is wrong, and never repeats what may be a password."""


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """
    Where Redis is.

    @ivar hosts: hosts with their ports: one Redis, or all Sentinels that are known.
    @ivar user: who logs in; empty for Redis's user C{default}.
    @ivar tls: whether the connections are encrypted.
    @ivar service: what the Sentinels call the Redis; empty without Sentinel.
    """

    hosts: tuple[tuple[str, int], ...]
    user: str = ""
    password: str = field(default="", repr=False)
    db: int = 0
    tls: bool = False
    service: str = ""

    @classmethod
    def read(cls, value: str) -> RedisUrl:
        """@raise WrongRedisUrl: if C{value} names no Redis."""
        found = _URL.fullmatch(value)
        if found is None or found[1] not in _SCHEMES:
            raise WrongRedisUrl(f"expected {FORMS}; in a password, @ is written as %40, / as %2F")
        tls, sentinel = _SCHEMES[found[1]]
        user, _, password = (found[2] or "").partition(":")
        if found[2] and not password:
            raise WrongRedisUrl(
                "a name without a password stands before @: expected USER:PASSWORD@ or :PASSWORD@"
            )
        hosts = _hosts(found[3], _SENTINEL_PORT if sentinel else _REDIS_PORT)
        if len(hosts) > 1 and not sentinel:
            raise WrongRedisUrl("several hosts are for redis+sentinel:// alone: expected one")
        service, _, db = (found[4] or "").partition("/") if sentinel else ("", "", found[4] or "")
        if sentinel and not service:
            raise WrongRedisUrl(
                "the name by which the Sentinels know the Redis is missing: expected /SERVICE at the end"
            )
        return cls(hosts, unquote(user), unquote(password), _db(db), tls, unquote(service))

    def __str__(self) -> str:
        """@return: the URL without user and password."""
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        scheme = f"redis{'s' * self.tls}{'+sentinel' * bool(self.service)}"
        return f"{scheme}://{hosts}/{self.service + '/' if self.service else ''}{self.db}"


def _hosts(text: str, port: int) -> tuple[tuple[str, int], ...]:
    hosts = []
    for each in text.split(","):
        found = _HOST.fullmatch(each)
        if found is None or (found[3] and not 0 < int(found[3]) < 1 << 16):
            raise WrongRedisUrl("what stands for the host is none: expected HOST, HOST:PORT or [IPV6]:PORT")
        hosts.append((found[1] or found[2], int(found[3] or port)))
    return tuple(hosts)


def _db(text: str) -> int:
    if not re.fullmatch(r"[0-9]{0,5}", text) or int(text or 0) >= _HIGHEST_DB:
        raise WrongRedisUrl("the database of Redis is a number, such as /0 at the end")
    return int(text or 0)
