"""What the HTTP API refuses: errors of the server with a status of HTTP, as they are told in JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from comet.errors import (
    BadText,
    CometError,
    LoginRefused,
    NotAllowed,
    PacketTooLarge,
    Refused,
    ShuttingDown,
    SyntaxRefused,
    TableFull,
    TooMuchData,
    TooSlow,
    TransactionTooLarge,
    Unavailable,
)

#: After how many seconds to try again what the server could not do now.
RETRY_SECONDS = 1

#: The statuses of errors. The first class that fits counts; any other refusal is a value that does not fit.
STATUSES: tuple[tuple[type[CometError], int], ...] = (
    (LoginRefused, 401),
    (NotAllowed, 403),
    (TableFull, 409),
    (TransactionTooLarge, 413),
    (PacketTooLarge, 413),
    (TooMuchData, 413),
    (SyntaxRefused, 400),
    (BadText, 400),
    (Unavailable, 503),
    (ShuttingDown, 503),
    (TooSlow, 503),
    (Refused, 422),
)


class Problem(Exception):
    """
    A request that is answered by an error.

    @ivar status: the status of HTTP.
    @ivar code: CppComet's number, as in the text of errors in SQL.
    @ivar name: the kind of error, for programs.
    @ivar number: MySQL's number.
    @ivar index: which of several items is meant, counted from 0; C{None} if that makes no sense.
    @ivar headers: what goes along with the answer.
    """

    def __init__(
        self,
        status: int,
        code: int,
        name: str,
        number: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        index: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.name, self.number, self.index = status, code, name, number, index
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: CometError, status: int | None = None, index: int | None = None) -> Problem:
        """
        @param status: the status in place of the one that is usual for such an error.
        @return: what C{error} is in HTTP.
        """
        if status is None:
            status = next((each for kind, each in STATUSES if isinstance(error, kind)), 500)
        headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
        name = snake(type(error).__name__)
        return cls(status, error.code, name, error.number, str(error), headers, index)

    @property
    def content(self) -> dict[str, Any]:
        """What the client is told."""
        told: dict[str, Any] = {
            "code": self.code,
            "name": self.name,
            "number": self.number,
            "message": str(self),
        }
        if self.index is not None:
            told["index"] = self.index
        return {"error": told}


def snake(name: str) -> str:
    """@return: the name of a class as programs are told it: C{BadValue} becomes C{bad_value}."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


# What only HTTP knows -------------------------------------------------------------------------------------


def unknown_path(path: str) -> Problem:
    """@return: there is nothing at C{path}."""
    told = f"There is nothing at {path[:200]!r}; /comet/api/openapi.json tells what there is"
    return Problem(404, 15, "unknown_path", 1146, told)


def wrong_method(method: str, allowed: str) -> Problem:
    """@param allowed: the methods that do work there, joined by commas."""
    told = f"{method[:20]} does not work here, only {allowed}"
    return Problem(405, 2, "wrong_method", 1235, told, {"Allow": allowed})


def no_json(found: str) -> Problem:
    """@return: the body is of another type."""
    told = f"The body is of type {found[:80]!r}: Content-Type: application/json is expected"
    return Problem(415, 12, "unsupported_media_type", 1300, told, {"Accept": "application/json"})


def encoded(found: str) -> Problem:
    """@return: the body is compressed."""
    told = f"The body is encoded as {found[:80]!r}: send it as it is, without Content-Encoding"
    return Problem(415, 12, "unsupported_media_type", 1300, told, {"Accept-Encoding": "identity"})


def body_too_large(most: int) -> Problem:
    """@param most: how many bytes it may have."""
    told = f"Got a body of more than {most} bytes, the most that this path takes"
    return Problem(413, 11, "body_too_large", 1153, told, {"Connection": "close"})


def no_key() -> Problem:
    """@return: a request without a key."""
    told = (
        "Access denied: Authorization: Bearer KEY is expected, with the key of the tenant or a user's token"
    )
    return Problem(401, 16, "login_refused", 1045, told, {"WWW-Authenticate": 'Bearer realm="comet"'})


def wrong_key() -> Problem:
    """@return: a request with a key that opens nothing."""
    told = "Access denied: this key does not open the tenant, or the token is not good"
    challenge = 'Bearer realm="comet", error="invalid_token"'
    return Problem(401, 16, "login_refused", 1045, told, {"WWW-Authenticate": challenge})


def too_many_keys(seconds: int) -> Problem:
    """@param seconds: after how many seconds to try again."""
    told = f"Too many wrong keys from this address: try again in {seconds} seconds"
    return Problem(429, 429, "too_fast", 1226, told, {"Retry-After": str(seconds)})


def failure() -> Problem:
    """@return: something that should not have happened; the log of the server tells what."""
    return Problem(500, 500, "failure", 1105, "The server has failed at this; its log tells why")
