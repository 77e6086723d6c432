"""The HTTP side of the browser port: every request passes here before it finds its resource."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.resource import NoResource, Resource
from twisted.web.server import Request, Site

from comet.gate import Gate
from comet.model import Goodbye
from comet.protocols.api.problems import Problem
from comet.protocols.cors import OpenDoor, Shared
from comet.protocols.refusing import Refusing, missing, secure
from comet.protocols.requests import CONSOLE_BODY, BoundedRequest, is_api, is_console

#: Headers in which a proxy says for whom it asks.
FORWARDING = ("x-forwarded-for", "forwarded")


class Front(Site):
    """
    The tree of paths, with secure headers on every answer and limits on every address.

    Resources find the address of the visitor in C{request.getClientAddress()}, also behind a proxy.
    """

    noisy = False

    def __init__(
        self,
        root: Resource,
        gate: Gate,
        longest: int = 1 << 24,
        hsts: int = 0,
        longest_api: int = 1 << 24,
        judge: Callable[[Request, bytes, str], Problem | None] = lambda *_: None,
        **more: Any,
    ) -> None:
        """
        @param longest: the most bytes that the body of a request may have.
        @param hsts: for how many seconds browsers shall insist on TLS; 0 not to ask for it.
        @param longest_api: the most bytes that the body of a request to the HTTP API may have.
        @param judge: given a request to the HTTP API, its query, and the address of the visitor, tells why it
            is refused, whatever its body has; C{None} if it is not.
        @param more: for L{Site}.
        """
        super().__init__(root, BoundedRequest, parsePOSTFormSubmission=False, **more)
        self.gate, self._longest, self._longest_api, self._hsts = gate, longest, longest_api, hsts
        self._judge = judge

    def bound(self, path: bytes) -> int:
        """@return: the most bytes that the body of a request for C{path} may have."""
        if is_console(path):
            return min(CONSOLE_BODY, self._longest)
        return self._longest_api if is_api(path) else self._longest

    def judge(self, request: Request, query: bytes) -> Problem | None:
        """See L{comet.protocols.requests.Bounds.judge}."""
        return self._judge(request, query, self._introduce(request))

    def getResourceFor(self, request: Request) -> Any:
        """Find what answers."""
        secure(request, self._hsts)
        address = self._introduce(request)
        reason = self.gate.ask(address)
        if reason is not None:
            seconds = self.gate.retry_after(reason, address)
            return Refusing(HTTPStatus.TOO_MANY_REQUESTS, Goodbye.CROWD, seconds)
        if not request.uri.isascii():
            # Twisted lets some other bytes pass, and fails when it shows them (RFC 9112, 3.2).
            return Refusing(HTTPStatus.BAD_REQUEST, "a path is ASCII: percent-encode the rest")
        found = super().getResourceFor(request)
        if isinstance(found, Shared):
            return found
        if request.method == b"OPTIONS":
            return OpenDoor()
        return missing() if isinstance(found, NoResource) else found

    def _introduce(self, request: Request) -> str:
        """@return: the address of the visitor, which the request has from now on."""
        peer: str = getattr(request.client, "host", "unix")
        headers = {
            name: ",".join(values)
            for name in FORWARDING
            if (values := request.requestHeaders.getRawHeaders(name))
        }
        found = self.gate.proxies.visitor(peer, headers)
        if found != peer:
            kind = IPv6Address if ":" in found else IPv4Address
            request.client = kind("TCP", found, 0)
        return found


def forwarding(head: bytes) -> dict[str, str]:
    """@return: in the head of a request, the headers in which a proxy says for whom it asks."""
    found: dict[str, str] = {}
    for each in head.split(b"\r\n")[1:]:
        name, _, value = each.decode("latin-1").partition(":")
        if name.lower() in FORWARDING:
            before = found.get(name.lower())
            found[name.lower()] = value.strip() if before is None else f"{before},{value.strip()}"
    return found
