"""Who calls, and what they may do: backends with the key of a tenant, and users with a token of theirs."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass

from comet import access, addresses, tokens
from comet.accounts import Accounts
from comet.errors import NotAllowed
from comet.identity import ANONYMOUS, Identity, Right
from comet.model import Channel, User
from comet.protocols.api import problems
from comet.protocols.query import read_bearer
from comet.rates import Buckets, Rate
from comet.rights import Rights

#: Wrong keys are counted over so many seconds.
WINDOW_SECONDS = 60
#: Addresses whose wrong keys are counted.
ADDRESSES = 10_000
#: The longest key that is looked at, in characters.
_KEY_LIMIT = tokens.TOKEN_LIMIT
#: How a token begins: the Base64 of C{{"}.
_TOKEN_START = "eyJ"


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who has sent a request.

    @ivar identity: the user whose token it was; nobody for the backend, which may do everything.
    @ivar by_key: whether it was the tenant's own key, rather than the main password.
    """

    dev_id: int
    identity: Identity = ANONYMOUS
    by_key: bool = False

    @property
    def user(self) -> User | None:
        """The user, who may do no more than in a browser; C{None} for the backend."""
        return User(self.dev_id, self.identity.user_id) if self.identity.user_id else None

    def channel(self, name: str) -> Channel:
        """@return: the channel that this caller means by C{name}."""
        user = self.user
        return access.own_channel(user, name) if user and access.is_own(name) else Channel(self.dev_id, name)

    def check(self, rights: Rights, right: Right, name: str) -> None:
        """@raise NotAllowed: if the caller may not do this with the channel C{name}."""
        if self.identity.user_id:
            rights.check(right, Channel(self.dev_id, name), self.identity)

    def check_backend(self) -> None:
        """@raise NotAllowed: if the caller is a user."""
        if self.identity.user_id:
            raise NotAllowed("Access denied: this is for the backend, with the key of the tenant")


class Doorkeeper:
    """Tells who calls, by the header C{Authorization}."""

    def __init__(self, accounts: Accounts, most: int, clock: Callable[[], float]) -> None:
        """
        @param most: how many wrong keys one address may send within L{WINDOW_SECONDS}.
        @param clock: seconds.
        """
        self._accounts, self._clock = accounts, clock
        self._tries: Buckets[str] = Buckets(Rate(most / WINDOW_SECONDS, most), ADDRESSES)

    async def identify(self, dev_id: int, authorization: str | None, address: str) -> Caller:
        """
        @param authorization: the header, C{None} if there is none.
        @param address: where the request comes from.
        @return: who calls.
        @raise Problem: if there is no key, it is wrong, or too many wrong ones came from this address.
        """
        key = _bearer(authorization)
        if _is_token(key):
            return await self._by_token(dev_id, key)
        by_key = self._check_key(dev_id, key, address)
        return Caller(dev_id, by_key=by_key)

    def admit(self, dev_id: int, authorization: str | None, address: str) -> None:
        """
        Find out whether it is worth listening, without asking anybody. For the parameters see L{identify}.

        @raise Problem: as L{identify}; a token that it lets pass may yet turn out not to be good.
        """
        key = _bearer(authorization)
        if not _is_token(key):
            self._check_key(dev_id, key, address)
        elif self._accounts.refuses(dev_id, key):
            raise problems.wrong_key()

    def _check_key(self, dev_id: int, key: str, address: str) -> bool:
        """@return: whether it is the tenant's own key."""
        if not key:
            raise problems.no_key()
        line, now = addresses.line(address), self._clock()
        if seconds := self._tries.wait(line, now):
            raise problems.too_many_keys(math.ceil(seconds))
        opened = self._opened(dev_id, key)
        if opened is None:
            self._tries.take(line, now)
            raise problems.wrong_key()
        own = self._accounts.tenant(dev_id)
        return own is not None and opened == own.key

    async def _by_token(self, dev_id: int, token: str) -> Caller:
        # Nobody finds one by trying, so those that have run out do not count as tries.
        found = await self._accounts.holder(dev_id, token)
        if found is None:
            raise problems.wrong_key()
        return Caller(dev_id, Identity(found.user_id, found.claims))

    def _opened(self, dev_id: int, key: str) -> str | None:
        """@return: that of the tenant's passwords which C{key} is, in a time that tells nothing of them."""
        presented = key.encode("utf-8", "surrogateescape")
        # All are looked at, whichever of them it is.
        found = [
            password
            for password in self._accounts.passwords(dev_id)
            if hmac.compare_digest(presented, password.encode())
        ]
        return found[0] if found else None


def _is_token(key: str) -> bool:
    return key.startswith(_TOKEN_START) and tokens.is_token(key)


def _bearer(authorization: str | None) -> str:
    """@return: the key in a header, empty if there is none, or one that is too long to be any."""
    key = read_bearer(authorization)
    return key if len(key) <= _KEY_LIMIT else ""
