"""Keys of users, kinds of channels by their names, and origins of pages; L{comet.rights} has the rights."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection

from comet.errors import BadValue, TooLong
from comet.model import Channel, User

#: The longest key of a user, in characters.
KEY_LIMIT = 32

_KEY = re.compile(r"[0-9A-Za-z=+/_]*")


def check_key(key: str) -> str:
    """
    @return: C{key}, if it can be the key of a user.
    @raise BadValue, TooLong: if not; the characters are looked at first.
    """
    if not _KEY.fullmatch(key):
        raise BadValue("Incorrect value for column 'hash': only the characters 0-9A-Za-z=+/_ are allowed")
    if len(key) > KEY_LIMIT:
        raise TooLong(f"Data too long for column 'hash': {len(key)} characters, at most {KEY_LIMIT}")
    return key


def key_opens(presented: str, stored: str | None) -> bool:
    """@return: whether the key that a client presents is the stored one, in constant time."""
    return bool(stored) and hmac.compare_digest(presented.encode(), str(stored).encode())


def is_reserved(name: str) -> bool:
    """@return: whether frames of the server go by this name, so that nobody subscribes to it."""
    return name in ("msg", "sys") or name.startswith("_")


def is_tracked(name: str) -> bool:
    """@return: whether subscribers of this channel hear who comes and goes."""
    return name.startswith("track_")


def always_kept(name: str) -> bool:
    """@return: whether this channel keeps a history without a length being set."""
    return name.startswith("trust_")


def is_own(name: str) -> bool:
    """@return: whether each user has a channel of this name alone, which nobody else hears."""
    return name.startswith("self_")


def own_channel(user: User, name: str) -> Channel:
    """@return: where the hub has the channel C{name} of one user; nobody else can name it."""
    return Channel(user.dev_id, f"{name}@{user.user_id}")


def status_channel(user_id: int) -> str:
    """@return: the channel in which it is told that a user comes online, or goes; who may hear it may ask."""
    return f"user_status_{user_id}"


def data_channel(user_id: int) -> str:
    """@return: the name whose right to history is that to the data of a user; nothing is published there."""
    return f"user_data_{user_id}"


def wire_name(channel: Channel) -> str:
    """@return: the name that clients know C{channel} by."""
    return channel.name.partition("@")[0]


def origin_allowed(origin: str, allowed: Collection[str]) -> bool:
    """
    @param origin: the C{Origin} header of a page (RFC 6454), empty for what is no page.
    @param allowed: hosts, with or without a port, or whole origins; C{*.host} stands for all below a host.
    @return: whether pages of this origin may connect; everybody may if nothing is listed.
    """
    if not allowed or not origin:
        return True
    place = origin.lower().partition("://")[2] or origin.lower()
    host = place.rpartition(":")[0] or place
    for entry in map(str.lower, allowed):
        if entry.startswith("*.") and host.endswith(entry[1:]):
            return True
        if entry in ("*", origin.lower(), place, host):
            return True
    return False
