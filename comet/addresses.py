"""Where a visitor comes from: the address that counts, and the proxies whose word is taken for it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from functools import lru_cache

#: One IPv6 line has so many bits in front of those that its machines choose for themselves.
LINE_BITS = 64
#: Hops of a request that are looked at, from the last one on.
_MOST_HOPS = 32
#: The C{for} of one hop (RFC 7239, 6); an address of IPv6 stands in brackets, in quotes.
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("?)([^";,]*)\1\s*(?:;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\w+)?|([0-9.]+):\d+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse(text: str) -> Address | None:
    """@return: the address that C{text} is, with or without a port; C{None} if it is none."""
    text = text.strip()
    found = _WITH_PORT.fullmatch(text)
    if found is not None:
        text = found[1] or found[2]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows an IPv4 address within an IPv6 one.
    return getattr(address, "ipv4_mapped", None) or address


def line(text: str) -> str:
    """@return: whom C{text} is counted with: itself, or all of the /64 of an IPv6 address."""
    address = parse(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, LINE_BITS), strict=False))
    return text if address is None else str(address)


@lru_cache(maxsize=4096)
def is_here(text: str) -> bool:
    """
    @param text: an address as a socket has it; the last ones are remembered.
    @return: whether this is the machine itself: loopback, or a socket that is not of the Internet.
    """
    address = parse(text)
    return address is None or address.is_loopback


class Proxies:
    """The proxies in front of the server, which say for whom they ask."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        """@param trusted: addresses and networks."""
        self._trusted: tuple[Network, ...] = ()
        self.trust(trusted)

    def trust(self, trusted: Collection[str]) -> None:
        """From now on, take the word of these addresses and networks, and of no others."""
        self._trusted = tuple(map(ipaddress.ip_network, trusted))

    def trusts(self, text: str) -> bool:
        """@return: whether C{text} is the address of one of them."""
        if not self._trusted:
            return False
        address = parse(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )

    def visitor(self, peer: str, headers: Mapping[str, str]) -> str:
        """
        Find who asks: the last hop that is none of our proxies. What stands before that hop anybody may have
        written; a proxy that does not say for whom it asks, asks for itself.

        @param peer: the other end of the connection.
        @param headers: of the request, names in lower case; several of a name joined by commas.
        """
        if not self.trusts(peer):
            return peer
        found = peer
        for hop in reversed(_hops(headers)):
            address = parse(hop)
            if address is None:
                break
            found = str(address)
            if not self.trusts(found):
                break
        return found


def _hops(headers: Mapping[str, str]) -> list[str]:
    """@return: for whom each hop asked, the last one last."""
    forwarded_for = headers.get("x-forwarded-for", "")
    if forwarded_for:
        return forwarded_for.rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]
    hops = []
    for element in headers.get("forwarded", "").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]:
        found = _FOR.search(element)
        hops.append(found[2] if found else "")
    return hops
