"""
What pages of other sites may ask (U{https://fetch.spec.whatwg.org/#http-cors-protocol}).

The origins that may connect by WebSocket are those that may ask by HTTP. Cookies and the like are never
asked for: whoever asks says who they are in the request itself.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from twisted.web.http import Request
from twisted.web.resource import IResource, NoResource, Resource, getChildForRequest

from comet.model import Goodbye
from comet.origins import Origins
from comet.protocols.reception import Reception
from comet.protocols.refusing import for_everybody, missing, refuse

#: What a page may send along without being asked back, in addition to what it always may.
HEADERS = "Authorization, Content-Type, Last-Event-ID, X-Comet-Tenant"
METHODS = "GET, POST"
#: How long a browser may remember the answer to a preflight, in seconds; Chromium's longest.
MAX_AGE = 7200
#: The answer to OPTIONS, as it has always been.
FINE = b"+OK\r\n"


def allow(request: Request, origins: Origins, dev_id: int | None = None) -> bool:
    """
    Say in the headers whose pages may read the answer.

    @param dev_id: the tenant that is asked for, if known.
    @return: whether the page that asks may; if not, answer with L{forbidden}.
    """
    origin = request.getHeader("Origin") or ""
    if not origins.restrict(dev_id):
        for_everybody(request)
        return True
    request.setHeader("Vary", "Origin")
    if not origins.allow(origin, dev_id):
        return False
    if origin:
        request.setHeader("Access-Control-Allow-Origin", origin)
        request.setHeader("Cross-Origin-Resource-Policy", "cross-origin")
    return True


def forbidden(request: Request) -> bytes:
    """@return: the body of the answer to a page that may not ask."""
    return refuse(request, HTTPStatus.FORBIDDEN, Goodbye.ORIGIN)


def preflight(request: Request, methods: str = METHODS) -> bytes:
    """@return: the body of the answer to OPTIONS: what a page may ask that L{allow} lets in."""
    request.setHeader("Access-Control-Allow-Methods", methods)
    request.setHeader("Access-Control-Allow-Headers", HEADERS)
    request.setHeader("Access-Control-Max-Age", str(MAX_AGE))
    request.setHeader("Allow", f"{methods}, OPTIONS")
    request.setHeader("Content-Type", "text/plain; charset=utf-8")
    return FINE


class Shared(Resource):
    """A resource, and all below it, for the pages of those origins that may connect."""

    # The path below it is followed from here, once the page has been let in.
    isLeaf = True

    def __init__(
        self,
        inner: IResource,
        reception: Reception,
        dev_id: Callable[[Request], int | None] = lambda request: None,
        methods: Callable[[Request], str] = lambda request: METHODS,
    ) -> None:
        """
        @param reception: knows whose pages may ask.
        @param dev_id: tells which tenant a request is about, if that can be seen before its body.
        @param methods: tells which methods pages may use at the path of a request.
        """
        super().__init__()
        self._inner, self._reception = inner, reception
        self._dev_id, self._methods = dev_id, methods

    def render(self, request: Request) -> bytes | int:
        """What is there, a preflight, or a refusal."""
        if not allow(request, self._reception.origins, self._dev_id(request)):
            self._reception.refuse_origin()
            return forbidden(request)
        request.setHeader("Access-Control-Expose-Headers", "Retry-After")
        if request.method == b"OPTIONS":
            return preflight(request, self._methods(request))
        found: Resource = getChildForRequest(self._inner, request)
        answer: bytes | int = (missing() if isinstance(found, NoResource) else found).render(request)
        return answer


class OpenDoor(Resource):
    """Answers OPTIONS where any page may ask."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Yes."""
        for_everybody(request)
        return preflight(request)
