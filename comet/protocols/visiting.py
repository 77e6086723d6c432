"""
Who connects, read from the address of the WebSocket.

Clients of CppComet put everything into the path::

    /ws/sesion=KEY&myid=USER_ID&devid=DEV_ID&v=4.08&uuid=UUID&api=js

The names were never looked at, only the order counted; so a parameter is found by its name, else by its
place. Values are not percent-encoded by these clients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from comet.model import ID_LIMIT, Goodbye
from comet.protocols.reception import seen
from comet.session import Visitor

#: Where clients of CppComet connect. Some write the slash twice.
MOUNTS = ("/ws/", "//ws/", "/comet-server/ws/", "//comet-server/ws/")
#: The longest key or token that is looked at, in characters.
KEY_LIMIT = 4096
UUID_LIMIT = 64

#: What the parameters are called, in the order in which they stand.
_PLACES = (("sesion", "session"), ("myid",), ("devid",), ("v",), ("uuid",), ("api",))
_KNOWN = {name for names in _PLACES for name in names}
_NUMBER = re.compile(r"[0-9]{1,10}")
_VERSION = re.compile(r"([0-9]{1,3})\.[0-9]{1,3}")
_NO_WORDS = ("undefined", "null")


class Unwelcome(Exception):
    """An address that does not say what it must; C{goodbye} is what the client is told."""

    def __init__(self, goodbye: Goodbye) -> None:
        super().__init__(goodbye.reason)
        self.goodbye = goodbye


@dataclass(frozen=True, slots=True)
class Address:
    """What the path of a connection says."""

    key: str
    user_id: int
    dev_id: int
    major_version: int
    uuid: str

    def visitor(self, peer: str, headers: dict[str, str]) -> Visitor:
        """
        @param peer: the address of the other end.
        @param headers: those of the request, names in lower case.
        """
        return Visitor(self.dev_id, self.user_id, self.key, self.uuid, **seen(peer, headers))


def _parameters(target: str) -> dict[str, str]:
    """@return: the parameters of a request target, by the first of their names."""
    for mount in MOUNTS:
        target = target.removeprefix(mount)
    pairs = [pair.partition("=")[::2] for pair in target.lstrip("?").split("&", 20) if pair]
    found = {}
    for place, names in enumerate(_PLACES):
        by_name = [value for name, value in pairs if name in names]
        if by_name:
            found[names[0]] = by_name[0]
        elif place < min(4, len(pairs)) and pairs[place][0] not in _KNOWN:
            found[names[0]] = pairs[place][1]
    return found


def _number(text: str, limit: int) -> int:
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= limit else 0


def read_address(target: str, dev_index_size: int) -> Address:
    """
    @param target: path and query of the request.
    @param dev_index_size: the first C{dev_id} that is none.
    @raise Unwelcome: if something is missing that every client sends.
    """
    found = _parameters(target)
    for name, goodbye in (
        ("sesion", Goodbye.NO_SESSION),
        ("myid", Goodbye.NO_USER),
        ("devid", Goodbye.NO_DEVELOPER),
        ("v", Goodbye.NO_VERSION),
    ):
        if name not in found:
            raise Unwelcome(goodbye)
    version = _VERSION.fullmatch(found["v"])
    if not version:
        raise Unwelcome(Goodbye.NO_VERSION)
    key = found["sesion"]
    if key in _NO_WORDS or len(key) > KEY_LIMIT:
        key = ""
    return Address(
        key=unquote(key) if "%" in key else key,
        user_id=_number(found["myid"], ID_LIMIT),
        dev_id=_number(found["devid"], dev_index_size - 1),
        major_version=int(version[1]),
        uuid=re.sub(r"[^A-Za-z0-9_-].*", "", found.get("uuid", ""), flags=re.DOTALL)[:UUID_LIMIT],
    )
