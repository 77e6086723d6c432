"""What the console's page may ask: read strictly, and from that page alone."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from comet.errors import BadValue, MissingValue, OriginRefused
from comet.protocols.api.problems import Problem


def check_page(fetch_site: str | None, origin: str | None, host: str | None) -> None:
    """
    Refuse what a page of another site asks, though it be by the browser of somebody who is signed in here.

    @param fetch_site: the header C{Sec-Fetch-Site}, C{None} if there is none: from a browser that has none,
        or an address that it does not trust.
    @param origin: the header of that name, likewise; no page can leave it out of a POST.
    @param host: the header of that name, likewise.
    @raise Problem: if it is no page of this server.
    """
    if fetch_site is None:
        good = bool(origin and host) and urlsplit(origin or "").netloc.lower() == (host or "").lower()
    else:
        good = fetch_site == "same-origin"
    if not good:
        told = "only the page of the console may ask here, from the address that it came from"
        raise Problem.of(OriginRefused(told), HTTPStatus.FORBIDDEN)


def is_here(host: str | None) -> bool:
    """
    @param host: the header of that name, C{None} if there is none.
    @return: whether it names the machine that it is sent from.
    """
    try:
        name = urlsplit(f"//{host or ''}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def text_of(body: object, key: str) -> str:
    """
    @param body: a value of JSON.
    @return: the text that it has by the name C{key}.
    @raise comet.errors.Refused: if it is anything but an object with that text alone.
    """
    if not isinstance(body, dict) or set(body) - {key}:
        raise BadValue(f"Incorrect body: an object with the key {key!r} alone is expected")
    if key not in body:
        raise MissingValue(f"The key {key!r} is missing")
    value = body[key]
    if not isinstance(value, str):
        raise BadValue(f"Incorrect value for {key!r}: a text is expected")
    return value
