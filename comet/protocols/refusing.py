"""What HTTP answers have in common: secure headers, and refusals with a body in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from twisted.web.http import Request
from twisted.web.resource import Resource

from comet.model import Goodbye

#: The name of the server, without a version that would tell what is wrong with it.
SERVER = "comet"
#: For everything but pages: whatever it is taken for, it loads nothing and is shown in no frame.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
#: What every answer says, unless it says otherwise itself.
SECURE = {
    "Server": SERVER,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": NO_PAGE,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
}
JSON = "application/json; charset=utf-8"
NO_HEADERS: Mapping[str, str] = {}


def secure(request: Request, hsts: int = 0) -> None:
    """
    Set the headers that every answer has.

    @param hsts: for how many seconds browsers shall insist on TLS; 0 not to ask for it.
    """
    for name, value in SECURE.items():
        request.setHeader(name, value)
    # Over plain HTTP anybody on the way could have written it (RFC 6797, 7.2).
    if hsts and request.isSecure():
        request.setHeader("Strict-Transport-Security", f"max-age={hsts}")


def for_everybody(request: Request) -> None:
    """Let pages of every origin read or load this answer."""
    request.setHeader("Access-Control-Allow-Origin", "*")
    request.setHeader("Cross-Origin-Resource-Policy", "cross-origin")


def problem(status: HTTPStatus, why: Goodbye | str) -> bytes:
    """
    @param why: a goodbye, whose code and name it has, or a sentence behind those of HTTP.
    @return: the body of a refusal.
    """
    if isinstance(why, Goodbye):
        error = {"code": why.code, "name": why.name.lower(), "message": why.reason}
    else:
        error = {"code": status.value, "name": status.name.lower(), "message": why}
    return json.dumps({"error": error}).encode()


def refuse(request: Request, status: HTTPStatus, why: Goodbye | str, retry_after: int = 0) -> bytes:
    """
    @param why: see L{problem}.
    @param retry_after: after how many seconds to try again; 0 not to say.
    @return: the body.
    """
    request.setResponseCode(status, status.phrase.encode())
    request.setHeader("Content-Type", JSON)
    request.setHeader("Cache-Control", "no-store")
    if retry_after:
        request.setHeader("Retry-After", str(retry_after))
    return problem(status, why)


def unasked(
    status: HTTPStatus,
    why: Goodbye | str | bytes,
    retry_after: int = 0,
    headers: Mapping[str, str] = NO_HEADERS,
) -> bytes:
    """
    @param why: see L{problem}; or the body itself.
    @param headers: what goes along, too.
    @return: a refusal as a whole answer, for a connection that ends behind it.
    """
    body = why if isinstance(why, bytes) else problem(status, why)
    lines = [
        f"HTTP/1.1 {status} {status.phrase}",
        *(f"{name}: {value}" for name, value in SECURE.items()),
        f"Content-Type: {JSON}",
        f"Content-Length: {len(body)}",
        "Access-Control-Allow-Origin: *",
        "Cache-Control: no-store",
        *([f"Retry-After: {retry_after}"] if retry_after else []),
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Refusing(Resource):
    """Refuses, whatever is asked for and by which method; any page may read why."""

    isLeaf = True

    def __init__(self, status: HTTPStatus, why: Goodbye | str, retry_after: int = 0) -> None:
        """See L{refuse}."""
        super().__init__()
        self._refusal = status, why, retry_after

    def render(self, request: Request) -> bytes:
        """The refusal."""
        for_everybody(request)
        return refuse(request, *self._refusal)


def missing() -> Refusing:
    """@return: what stands in for what is not there."""
    return Refusing(HTTPStatus.NOT_FOUND, "there is nothing at this path")
