"""What the HTTP API refuses: errors of the server with a status of HTTP, as they are told in JSON."""

from __future__ import annotations

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
    TooFast,
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
    (TooFast, 429),
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
        headers = {"Retry-After": str(RETRY_SECONDS)} if status in (429, 503) else {}
        return cls(status, error.code, error.wire_name(), error.number, str(error), headers, index)

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
    return Problem.of(PacketTooLarge(f"Got a body of more than {most} bytes, the limit [limits] api_body"))


def no_key() -> Problem:
    """@return: a request without a key."""
    return _login_refused(
        "Access denied: Authorization: Bearer KEY is expected, the tenant's key or a user's token",
        'Bearer realm="comet"',
    )


def wrong_key() -> Problem:
    """@return: a request with a key that opens nothing."""
    return _login_refused(
        "Access denied: this key does not open the tenant, or the token is not good",
        'Bearer realm="comet", error="invalid_token"',
    )


def _login_refused(told: str, challenge: str) -> Problem:
    found = Problem.of(LoginRefused(told))
    found.headers["WWW-Authenticate"] = challenge
    return found


def too_many_keys(seconds: int) -> Problem:
    """@param seconds: after how many seconds to try again."""
    found = Problem.of(TooFast(f"Too many wrong keys from this address: try again in {seconds} seconds"))
    found.headers["Retry-After"] = str(seconds)
    return found


def failure() -> Problem:
    """@return: something that should not have happened; the log of the server tells what."""
    return Problem.of(CometError("The server has failed at this; its log tells why"))
