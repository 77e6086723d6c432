"""Whose pages may use the server: a list for all, and that of a tenant for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache

from comet import access
from comet.kinds import read_origin


@lru_cache(maxsize=4096)
def named_in(url: str) -> tuple[str, ...]:
    """
    @param url: what a tenant says of where its pages are: addresses of pages, origins or hosts, between
        commas or blanks, as CppComet had it.
    @return: the origins and hosts in it, for L{access.origin_allowed}.
    """
    found = []
    for word in re.split(r"[\s,]+", url):
        scheme, mark, rest = word.rpartition("://")
        host = rest.partition("/")[0]
        # A single word is more likely a name than a host.
        if mark or "." in host or ":" in host or host in ("*", "localhost"):
            try:
                found.append(read_origin(scheme + mark + host))
            except ValueError:
                continue
    return tuple(dict.fromkeys(found))


class Origins:
    """Whose pages may use the server."""

    def __init__(self, allowed: Collection[str] = (), url: Callable[[int], str] = lambda dev_id: "") -> None:
        """
        @param allowed: the origins and hosts for all tenants; empty for all that there are.
        @param url: tells where the pages of a tenant are, as L{named_in} reads it.
        """
        self._allowed, self._url = allowed, url

    def permit(self, allowed: Collection[str]) -> None:
        """From now on, these are the origins and hosts for all tenants."""
        self._allowed = allowed

    def allow(self, origin: str, dev_id: int | None = None) -> bool:
        """
        @param origin: the C{Origin} header, empty for what is no page.
        @param dev_id: whose messages are asked for, if known.
        """
        if not access.origin_allowed(origin, self._allowed):
            return False
        return dev_id is None or access.origin_allowed(origin, named_in(self._url(dev_id)))

    def restrict(self, dev_id: int | None = None) -> bool:
        """@return: whether there are pages that may not."""
        return bool(self._allowed) or (dev_id is not None and bool(named_in(self._url(dev_id))))
