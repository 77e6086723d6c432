"""
The kinds of values that a configuration holds: how each is read, and what would be right where it cannot be.

A setting is a field of a frozen dataclass, declared once with its kind, default and line of documentation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

T = TypeVar("T")

_SIZE = re.compile(r"(\d{1,15})\s*([KMG]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_BOOLEANS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """
    A kind of value.

    @ivar read: makes a value of a text that is not empty, or raises C{ValueError}.
    @ivar right: what would be right, to go behind "expected".
    @ivar many: whether it is a list, each item of which C{read} turns into a tuple.
    @ivar joint: what stands between the items of a list for C{read}.
    """

    read: Callable[[str], T]
    right: str
    many: bool = False
    joint: str = ","


def setting(default: T, kind: Kind[T], doc: str, secret: bool = False) -> T:
    """
    @param secret: whether the value is never shown.
    @return: a dataclass field.
    """
    # The declared type is that of the value, as with dataclasses.field itself.
    result: T = field(default=default, repr=not secret, metadata={"kind": kind, "doc": doc, "secret": secret})
    return result


def kind_of(declared: Field[Any]) -> Kind[Any]:
    """@return: the kind of a field; the fields of a section without kinds are sizes."""
    kind: Kind[Any] = declared.metadata.get("kind", size(1))
    return kind


def is_secret(declared: Field[Any]) -> bool:
    """@return: whether the value of a field is never shown."""
    return bool(declared.metadata.get("secret", False))


# Kinds ----------------------------------------------------------------------------------------------------


def text(longest: int = 255) -> Kind[str]:
    """@return: the kind of any text of one line."""

    def read(value: str) -> str:
        if len(value) > longest or not value.isprintable():
            raise ValueError
        return value

    return Kind(read, f"at most {longest} printable characters")


def matching(pattern: str, right: str) -> Kind[str]:
    """@return: the kind of texts that C{pattern} matches as a whole."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError
        return value

    return Kind(read, right)


def integer(least: int, most: int, what: str = "a number") -> Kind[int]:
    """@return: the kind of whole numbers from C{least} to C{most}."""

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value) or not least <= int(value) <= most:
            raise ValueError
        return int(value)

    return Kind(read, f"{what} from {least} to {most}")


def size(least: int, most: int = 1 << 40) -> Kind[int]:
    """@return: the kind of whole numbers that may be written as C{64K} or C{16M}."""

    def read(value: str) -> int:
        found = _SIZE.fullmatch(value)
        if found is None:
            raise ValueError
        number = int(found[1]) * _UNITS[found[2].upper()]
        if not least <= number <= most:
            raise ValueError
        return number

    return Kind(read, f"a number from {least} to {_shown(most)}, which may end in K, M or G")


def _shown(number: int) -> str:
    for unit in "GMK":
        if number >= _UNITS[unit] and number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]}{unit}"
    return str(number)


def choice(values: Mapping[str, T]) -> Kind[T]:
    """@return: the kind that knows a few words, in any case."""

    def read(value: str) -> T:
        if value.lower() not in values:
            raise ValueError
        return values[value.lower()]

    return Kind(read, "one of " + ", ".join(values))


def _address(value: str) -> str:
    if value == "localhost":
        return "127.0.0.1"
    return str(ipaddress.ip_address(value))


def _algorithms(value: str) -> tuple[str, ...]:
    known = {name.lower(): name for name in JWT_ALGORITHMS}
    try:
        return tuple(known[name.lower()] for name in re.split(r"[\s,]+", value))
    except KeyError:
        raise ValueError from None


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError
    if len(value) > 2000 or not value.isascii() or not value.isprintable() or " " in value or parts.port == 0:
        raise ValueError
    return value


def read_origin(value: str) -> str:
    """
    @return: an origin or a host, with or without a port, or C{*.host}, in lower case.
    @raise ValueError: if it is none.
    """
    scheme, mark, host = value.rstrip("/").rpartition("://")
    if not re.fullmatch(r"[A-Za-z0-9.*_-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", host):
        raise ValueError
    if mark and scheme.lower() not in ("http", "https"):
        raise ValueError
    return value.rstrip("/").lower()


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if not value.isascii() or not value.isprintable() or " " in value or len(value) > 2048:
        raise ValueError
    # The port is read here, so that a wrong one is found now.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    if parts.username is not None or parts.fragment:
        raise ValueError
    return value


def _websocket_address(value: str) -> str:
    scheme, mark, rest = value.partition("://")
    if scheme not in ("ws", "wss"):
        raise ValueError
    _web_address(f"{scheme.replace('ws', 'http')}{mark}{rest}")
    return value


def _ice_addresses(value: str, pattern: str) -> tuple[str, ...]:
    # RFC 7064 and RFC 7065.
    whole = re.compile(pattern.format(host=r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"))
    found = tuple(re.split(r"[\s,]+", value))
    if not all(map(whole.fullmatch, found)):
        raise ValueError
    return found


class SipServer(NamedTuple):
    """
    A FreeSWITCH that CppComet's configuration names.

    @ivar host: what CppComet itself calls it.
    @ivar page_host: what pages call it.
    @ivar port: that of its WebSockets.
    """

    host: str = "localhost"
    port: int = 7443
    page_host: str = ""


def _sip_server(value: str) -> SipServer:
    # Its password and the port of its event socket are for who asks it, which nobody does here.
    given = dict.fromkeys(("server", "wshost", "wsport", "pwd", "port"), "")
    for part in value.split(","):
        name, mark, text = (each.strip() for each in part.partition("="))
        name, text = (name.lower(), text) if mark else ("server", name)
        if name not in given or given[name] or not text.isprintable() or len(text) > 255:
            raise ValueError
        given[name] = text
    host, port = given["server"] or SipServer().host, given["wsport"] or str(SipServer().port)
    return SipServer(host, PORT.read(port), given["wshost"] or host)


class DatabaseUrl(NamedTuple):
    """
    Where the store is.

    @ivar path: the file of SQLite, or the name of the database.
    """

    scheme: str
    path: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """@return: the URL without the password."""
        if self.scheme == "sqlite":
            return f"sqlite:///{self.path}"
        return f"{self.scheme}://{self.user}@{self.host}:{self.port}/{self.path}"


def read_database(value: str) -> DatabaseUrl:
    """
    @return: where a store is.
    @raise ValueError: if that is not to be told.
    """
    parts = urlsplit(value)
    path = unquote(value.partition(":///")[2]) if parts.scheme == "sqlite" else unquote(parts.path[1:])
    if parts.scheme not in ("sqlite", "mysql") or not path or path == ":memory:" or "\0" in path:
        raise ValueError
    if parts.scheme == "sqlite":
        return DatabaseUrl("sqlite", path)
    if not parts.hostname or "/" in path or parts.query or parts.fragment or len(path) > 64:
        raise ValueError
    user, password = unquote(parts.username or "root"), unquote(parts.password or "")
    return DatabaseUrl("mysql", path, parts.hostname, parts.port or 3306, user, password)


#: How the levels of a log are named here; CppComet numbers them in hundreds, from 100 for the worst.
_LEVELS = ("critical", "error", "warn", "info", "debug")


def _level(value: str) -> str:
    if re.fullmatch(r"[0-9]{1,3}", value):
        return _LEVELS[min(max(int(value) // 100, 1), 5) - 1]
    return choice({name: name for name in _LEVELS}).read(value)


#: What tokens can be signed with (RFC 7518, RFC 8037, RFC 8812).
JWT_ALGORITHMS = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "ES256K", "EdDSA"),
)
ALGORITHMS: Kind[tuple[str, ...]] = Kind(_algorithms, "some of " + ", ".join(JWT_ALGORITHMS), many=True)
WEB_URL = Kind(_web_url, "https://HOST/PATH")
PORT = integer(0, 65535, "a port")
FLAG: Kind[bool] = Kind(choice(_BOOLEANS).read, "true or false")
#: C{None} stands for C{auto}.
FLAG_OR_AUTO: Kind[bool | None] = Kind(choice({"auto": None, **_BOOLEANS}).read, "true, false or auto")
#: C{None} stands for none.
PORT_IF_ANY: Kind[int | None] = Kind(PORT.read, PORT.right)
ADDRESS = Kind(_address, "an IP address: 127.0.0.1 for this machine only, 0.0.0.0 for all its addresses")
FILE: Kind[Path | None] = Kind(lambda value: Path(value).expanduser(), "the path of a file")
FOLDER = Kind(lambda value: Path(value).expanduser(), "the path of a folder")
ORIGINS: Kind[tuple[str, ...]] = Kind(
    lambda value: tuple(map(read_origin, re.split(r"[\s,]+", value))),
    "the origins of pages, such as https://www.example.com",
    many=True,
)
NETWORKS: Kind[tuple[str, ...]] = Kind(
    lambda value: tuple(str(ipaddress.ip_network(each)) for each in re.split(r"[\s,]+", value)),
    "IP addresses and networks, such as 10.0.0.0/8",
    many=True,
)
WEB_ADDRESS = Kind(_web_address, "an address such as https://www.example.com/presence, without user or #")
DATABASE: Kind[DatabaseUrl | None] = Kind(
    read_database, "sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME"
)
STUN: Kind[tuple[str, ...]] = Kind(
    lambda value: _ice_addresses(value, r"stuns?:{host}"),
    "addresses such as stun:stun.example.com:3478",
    many=True,
)
TURN: Kind[tuple[str, ...]] = Kind(
    lambda value: _ice_addresses(value, r"turns?:{host}(\?transport=(udp|tcp))?"),
    "addresses such as turn:turn.example.com:3478?transport=udp, or turns: for TLS",
    many=True,
)
SIP_SERVERS: Kind[tuple[SipServer, ...]] = Kind(
    lambda value: tuple(map(_sip_server, value.split(";"))),
    "Server=HOST,WSport=PORT,WShost=HOST as for CppComet, and ; between several",
    many=True,
    joint=";",
)
WEBSOCKET = Kind(_websocket_address, "an address such as ws://127.0.0.1:8188, without user or #")
LEVEL = Kind(_level, "one of " + ", ".join(_LEVELS))
