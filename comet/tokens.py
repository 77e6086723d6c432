"""
Tokens that a site signs for its users, so that it need not store a key for each: JWT (RFC 7519).

An algorithm with a secret is only ever tried with the secrets of the tenant, one with a pair of keys only
with public keys; and only those are tried at all that the configuration lists.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jwt
from jwt.warnings import InsecureKeyLengthWarning

from comet.errors import BadValue
from comet.identity import NO_CLAIMS, Claims
from comet.keyring import ASYMMETRIC, SYMMETRIC, KeyRing
from comet.sections import Jwt

#: The longest token that is looked at, in characters.
TOKEN_LIMIT = 4096
#: Later than any time that matters, and exact as a float.
_NEVER = 1 << 53

# How long the password is, is for whoever runs the server to decide; the log is no place to repeat it.
warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)

#: We look at claims ourselves, and by a clock of our own.
_OPTIONS: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class Header(NamedTuple):
    """What a token says of its signature."""

    algorithm: str
    kid: str | None


class Bearer(NamedTuple):
    """
    Whom a token lets in.

    @ivar expires: until when, in seconds since 1970, the leeway included.
    @ivar by_secret: whether it is signed with a secret of the tenant, and not with a pair of keys.
    """

    user_id: int
    expires: float
    claims: Claims
    by_secret: bool


def is_token(presented: str) -> bool:
    """@return: whether this looks like a token; no key of a user does."""
    return presented.count(".") == 2 and len(presented) <= TOKEN_LIMIT


class Tokens:
    """Reads tokens as the configuration says."""

    def __init__(self, rules: Jwt | None = None, ring: KeyRing | None = None) -> None:
        self.ring = ring or KeyRing()
        self._rules = rules or Jwt()

    def header(self, token: str) -> Header | None:
        """@return: the header of C{token}, if its algorithm is one that the configuration lists."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._rules.algorithms:
            return None
        return Header(algorithm, kid if isinstance(kid, str) else None)

    def bearer(self, token: str, dev_id: int, secrets: Iterable[str], now: float) -> Bearer | None:
        """
        @param secrets: what the tenant may sign with.
        @param now: the time in seconds since 1970.
        @return: whom C{token} lets in; C{None} if it is not signed, has run out, or says less than it must.
        """
        header = self.header(token)
        if header is None:
            return None
        keys: Iterable[Any] = ()
        if header.algorithm in SYMMETRIC:
            keys = secrets
        elif header.algorithm in ASYMMETRIC:
            keys = self.ring.fitting(header.kid, header.algorithm)
        for key in keys:
            try:
                claims = jwt.decode(token, key, algorithms=[header.algorithm], options=_OPTIONS)
            except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
                continue
            return self._judged(claims, dev_id, header.algorithm in SYMMETRIC, now)
        return None

    def lacks_key(self, token: str) -> bool:
        """@return: whether C{token} may be signed for a key that has yet to be fetched."""
        header = self.header(token)
        return header is not None and header.algorithm in ASYMMETRIC and self.ring.lacks(header.kid)

    def _judged(self, claims: Mapping[str, Any], dev_id: int, by_secret: bool, now: float) -> Bearer | None:
        rules = self._rules
        until, user_id = _number(claims.get("exp")), self._user_id(claims.get(rules.user_claim))
        if until is None or until + rules.leeway < now or user_id is None:
            return None
        if rules.issuer and claims.get("iss") != rules.issuer:
            return None
        audience = claims.get("aud")
        if rules.audience and rules.audience not in (audience if isinstance(audience, list) else [audience]):
            return None
        if not by_secret and not self._for_tenant(claims, dev_id, now):
            return None
        try:
            channels = Claims.read(claims["channels"], rules.patterns) if "channels" in claims else NO_CLAIMS
        except BadValue:
            return None
        return Bearer(user_id, float(min(until + rules.leeway, _NEVER)), channels, by_secret)

    def _for_tenant(self, claims: Mapping[str, Any], dev_id: int, now: float) -> bool:
        """@return: whether a token that no secret ties to a tenant is for this one, and by now."""
        tenant, start = claims.get("dev_id", dev_id), claims.get("nbf", now)
        if isinstance(tenant, bool) or tenant != dev_id:
            return False
        begins = _number(start)
        return begins is not None and begins - self._rules.leeway <= now

    def _user_id(self, claim: object) -> int | None:
        # Claims such as C{sub} are texts (RFC 7519, 4.1.2); C{user_id} has been a number from the beginning.
        if self._rules.user_claim != "user_id" and isinstance(claim, str):
            return int(claim) if re.fullmatch(r"[0-9]{1,10}", claim) else None
        number = _number(claim)
        return int(number) if number is not None and number == int(number) else None


def _number(claim: object) -> int | float | None:
    """@return: C{claim} if it is a number, and not one of those that are none."""
    if isinstance(claim, bool) or not isinstance(claim, (int, float)):
        return None
    return claim if isinstance(claim, int) or math.isfinite(claim) else None
