"""Tokens that a site signs for its users, so that it need not store a key for each: JWT (RFC 7519)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable

import jwt
from jwt.warnings import InsecureKeyLengthWarning

#: The longest token that is looked at, in characters.
TOKEN_LIMIT = 4096
ALGORITHMS = ("HS256",)

# How long the password is, is for whoever runs the server to decide; the log is no place to repeat it.
warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)

#: We look at two claims, and by a clock of our own; what other claims say is not our business.
_OPTIONS: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


def is_token(presented: str) -> bool:
    """@return: whether this looks like a token; no key of a user does."""
    return presented.count(".") == 2 and len(presented) <= TOKEN_LIMIT


def bearer(token: str, secrets: Iterable[str], now: float) -> int | None:
    """
    @param secrets: what the token may be signed with.
    @param now: the time in seconds since 1970.
    @return: the id of the user whom C{token} lets in; C{None} if it is not signed, has run out, or says less
        than it must.
    """
    for secret in secrets:
        try:
            claims = jwt.decode(token, secret, algorithms=ALGORITHMS, options=_OPTIONS)
        except (jwt.PyJWTError, ValueError, RecursionError):
            continue
        until, user_id = _number(claims.get("exp")), _number(claims.get("user_id"))
        if until is not None and until >= now and user_id is not None and user_id == int(user_id):
            return int(user_id)
    return None


def _number(claim: object) -> int | float | None:
    """@return: C{claim} if it is a number, and not one of those that are none."""
    if isinstance(claim, bool) or not isinstance(claim, (int, float)):
        return None
    return claim if isinstance(claim, int) or math.isfinite(claim) else None
