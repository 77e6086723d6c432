"""Who is who: the passwords of tenants, and the keys and tokens of users."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Collection, Sequence

from comet import access, tokens
from comet.batch import Action
from comet.model import ID_LIMIT, User
from comet.storage.interface import Store
from comet.storage.records import TenantKey
from comet.storage.writes import Write

_KEY_LETTERS = string.ascii_letters + string.digits + "=+/_"


def new_key() -> str:
    """@return: a key of a user that nobody can guess."""
    return "".join(secrets.choice(_KEY_LETTERS) for _ in range(access.KEY_LIMIT))


class Accounts:
    """
    Tells whether those who come in are who they say.

    The keys of tenants are kept in memory, because every login and every token asks for them.
    """

    def __init__(
        self,
        store: Store,
        password: str,
        clock: Callable[[], float],
        make_key: Callable[[], str] = new_key,
    ) -> None:
        """
        @param password: the main password, which opens every tenant; empty for one that opens none.
        @param clock: the time in seconds since 1970.
        @param make_key: makes the keys of users who come with a token.
        """
        self._store = store
        self._password = password
        self._clock = clock
        self._make_key = make_key
        self._tenants: dict[int, TenantKey] = {}
        #: Told of each tenant whose own key opens it no more.
        self.key_gone: Callable[[int], None] = lambda dev_id: None

    async def start(self) -> None:
        """Learn the keys of tenants from the store, which has been started."""
        self._tenants = {tenant.dev_id: tenant for tenant in await self._store.tenants()}

    # Tenants ----------------------------------------------------------------------------------------------

    def tenant(self, dev_id: int) -> TenantKey | None:
        """@return: the own key of a tenant, if it has one."""
        return self._tenants.get(dev_id)

    def url(self, dev_id: int) -> str:
        """@return: where the pages of a tenant are, as it says itself; empty for anywhere."""
        tenant = self._tenants.get(dev_id)
        return tenant.url if tenant else ""

    def tenants(self) -> list[TenantKey]:
        """@return: the tenants that have a key of their own, in order."""
        return [self._tenants[dev_id] for dev_id in sorted(self._tenants)]

    def passwords(self, dev_id: int) -> Sequence[str]:
        """@return: what opens a tenant: the main password and, if it has one, its own key."""
        own = self._tenants.get(dev_id)
        return [password for password in (self._password, own.key if own else "") if password]

    def setting_tenant(self, tenant: TenantKey) -> Action:
        """@return: the action that gives a tenant a key of its own."""

        def keep(_: None) -> None:
            before = self._tenants.get(tenant.dev_id)
            self._tenants[tenant.dev_id] = tenant
            if before is not None and before.key != tenant.key:
                self.key_gone(tenant.dev_id)

        return lambda batch: batch.store(Write(Store.set_tenant, tenant), keep)

    def removing_tenants(self, dev_ids: Collection[int]) -> Action:
        """@return: the action that leaves these tenants with the main password alone."""

        def forget(_: int) -> None:
            for dev_id in dev_ids:
                if self._tenants.pop(dev_id, None) is not None:
                    self.key_gone(dev_id)

        return lambda batch: batch.store(Write(Store.remove_tenants, dev_ids), forget)

    # Users ------------------------------------------------------------------------------------------------

    def bearer(self, dev_id: int, token: str) -> User | None:
        """
        @return: the user whom C{token} lets in, be it revoked or not. It is signed with what opens the
            tenant, followed by the number of the tenant.
        """
        if not tokens.is_token(token):
            return None
        signed_with = [f"{password}{dev_id}" for password in self.passwords(dev_id)]
        user_id = tokens.bearer(token, signed_with, self._clock())
        return None if user_id is None or not 1 <= user_id <= ID_LIMIT else User(dev_id, user_id)

    async def authenticate(self, user: User, presented: str) -> str | None:
        """@return: the key to go on with if C{presented} opens the account of C{user}, else C{None}."""
        if tokens.is_token(presented):
            is_good = self.bearer(user.dev_id, presented) == user
            if not is_good or await self._store.revoked(user.dev_id, [presented]):
                return None
            stored = (await self._store.keys([user])).get(user)
            return stored or await self._store.keep_key(user, self._make_key())
        stored = (await self._store.keys([user])).get(user)
        return stored if access.key_opens(presented, stored) else None
