"""Answers of our HTTP paths in JSON, and what the requests have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

from twisted.web.http import Request

from comet.errors import CometError, OriginRefused, TooManyCommands, TooManyConnections, UnknownSession
from comet.model import Goodbye, Json
from comet.protocols.api.bodies import write_body
from comet.protocols.api.problems import Problem
from comet.protocols.refusing import JSON, refuse


class Exchange:
    """
    A request that is answered later, or never, if its client goes away first.

    @ivar gone: whether there is nobody to answer any more, or it has been done.
    @ivar lost: told of this exchange if the client goes away.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.gone = False
        self.lost: Callable[[Exchange], object] = lambda exchange: None
        request.notifyFinish().addErrback(lambda _: self._lost())

    def _lost(self) -> None:
        if not self.gone:
            self.gone = True
            self.lost(self)

    def answer(self, body: bytes, status: int = 200) -> None:
        """Answer with JSON that is encoded already; nothing happens if nobody is there."""
        if not self.gone:
            self.gone = True
            answer_bytes(self._request, body, status)

    def refuse(self, problem: Problem) -> None:
        """Answer with why it is not granted; likewise."""
        if not self.gone:
            for name, value in problem.headers.items():
                self._request.setHeader(name, value)
            self.answer(write_body(problem.content), problem.status)


def answer_json(request: Request, value: Json, status: int = 200) -> None:
    """Answer C{request} with C{value}, and be done with it."""
    answer_bytes(request, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), status)


def answer_bytes(request: Request, body: bytes, status: int = 200, content_type: str = JSON) -> None:
    """Answer C{request} with what is encoded already, and be done with it."""
    request.setResponseCode(status)
    request.setHeader("Content-Type", content_type)
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Content-Length", str(len(body)))
    request.write(body)
    request.finish()


#: Headers by which a proxy shows itself.
_OF_PROXIES = ("x-forwarded-for", "forwarded", "via", "x-real-ip")
#: The status of HTTP for what is refused; 400 for all else.
STATUSES: Mapping[type[CometError], HTTPStatus] = {
    UnknownSession: HTTPStatus.NOT_FOUND,
    TooManyCommands: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyConnections: HTTPStatus.SERVICE_UNAVAILABLE,
}


def answer_error(request: Request, error: CometError) -> None:
    """Answer C{request} with why it is not granted."""
    if isinstance(error, OriginRefused):
        answer_bytes(request, refuse(request, HTTPStatus.FORBIDDEN, Goodbye.ORIGIN), HTTPStatus.FORBIDDEN)
        return
    status = STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
    body = {"code": error.code, "name": error.wire_name(), "message": str(error)}
    answer_json(request, {"error": body}, status)


def header_of(request: Request, name: str) -> str | None:
    """@return: the first header of that name, C{None} if there is none."""
    raw = request.requestHeaders.getRawHeaders(name.encode())
    # Bytes that are no UTF-8 stay what they are, and fit nothing.
    return None if raw is None else raw[0].decode("utf-8", "surrogateescape")


def headers_of(request: Request) -> Mapping[str, str]:
    """@return: the headers that a visitor is seen by, names in lower case."""
    names = ("user-agent", "origin", "accept-language")
    return {name: request.getHeader(name) or "" for name in names}


def is_passed_on(request: Request) -> bool:
    """@return: whether a proxy has brought a request."""
    return any(map(request.requestHeaders.hasHeader, _OF_PROXIES))


def address_of(request: Request) -> str:
    """@return: where a request comes from."""
    return str(getattr(request.getClientAddress(), "host", "unix"))
