"""Who is who: the passwords of tenants, and the keys and tokens of users."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Collection, Sequence

from comet import access, tokens
from comet.batch import Action
from comet.errors import NotAllowed
from comet.identity import Proof
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
        reader: tokens.Tokens | None = None,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param password: the main password, which opens every tenant; empty for one that opens none.
        @param clock: the time in seconds since 1970.
        @param make_key: makes the keys of users who come with a token.
        @param reader: reads the tokens.
        @param changed: is called when the keys of tenants were changed here.
        """
        self._store = store
        self._changed = changed
        self._password = password
        self._clock = clock
        self._make_key = make_key
        self._tokens = reader or tokens.Tokens()
        self._tenants: dict[int, TenantKey] = {}
        #: Told of each tenant whose own key opens it no more.
        self.key_gone: Callable[[int], None] = lambda dev_id: None

    async def start(self) -> None:
        """Learn the keys of tenants from the store, which has been started; again, if they have changed."""
        before = self._tenants
        self._tenants = {tenant.dev_id: tenant for tenant in await self._store.tenants()}
        for dev_id, tenant in before.items():
            now = self._tenants.get(dev_id)
            if now is None or now.key != tenant.key:
                self.key_gone(dev_id)

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
            self._changed()
            if before is not None and before.key != tenant.key:
                self.key_gone(tenant.dev_id)

        return lambda batch: batch.store(Write(Store.set_tenant, tenant), keep)

    def removing_tenants(self, dev_ids: Collection[int]) -> Action:
        """@return: the action that leaves these tenants with the main password alone."""

        def forget(_: int) -> None:
            for dev_id in dev_ids:
                if self._tenants.pop(dev_id, None) is not None:
                    self.key_gone(dev_id)
            self._changed()

        return lambda batch: batch.store(Write(Store.remove_tenants, dev_ids), forget)

    # Users ------------------------------------------------------------------------------------------------

    def bearer(self, dev_id: int, token: str) -> User | None:
        """@return: the user whom C{token} lets in, be it revoked or not."""
        found = self._read(dev_id, token)
        return None if found is None else User(dev_id, found.user_id)

    def refuses(self, dev_id: int, token: str) -> bool:
        """@return: whether C{token} lets nobody in, as far as that can be told without asking anybody."""
        return not self._tokens.lacks_key(token) and self._read(dev_id, token) is None

    def _read(self, dev_id: int, token: str) -> tokens.Bearer | None:
        """A secret is what opens the tenant, followed by the number of the tenant."""
        if not tokens.is_token(token):
            return None
        secrets = [f"{password}{dev_id}" for password in self.passwords(dev_id)]
        found = self._tokens.bearer(token, dev_id, secrets, self._clock())
        return found if found is not None and 1 <= found.user_id <= ID_LIMIT else None

    async def authenticate(self, user: User, presented: str) -> Proof | None:
        """@return: what to go on with if C{presented} opens the account of C{user}, else C{None}."""
        if tokens.is_token(presented):
            return await self._by_token(user, presented)
        stored = (await self._store.keys([user])).get(user)
        return Proof(presented) if access.key_opens(presented, stored) else None

    async def holder(self, dev_id: int, token: str) -> tokens.Bearer | None:
        """@return: whom C{token} lets in now; C{None} if it is none, has run out or is revoked."""
        if not tokens.is_token(token):
            return None
        if self._tokens.lacks_key(token) and self._tokens.ring.fetch is not None:
            await self._tokens.ring.fetch()
        found = self._read(dev_id, token)
        return None if found is None or await self._store.revoked(dev_id, [token]) else found

    async def _by_token(self, user: User, token: str) -> Proof | None:
        found = await self.holder(user.dev_id, token)
        if found is None or found.user_id != user.user_id:
            return None
        key = ""
        if found.by_secret:
            # What clients of 4.x go on with. Others need none, and it would outlive the token.
            stored = (await self._store.keys([user])).get(user)
            key = stored or await self._store.keep_key(user, self._make_key())
        return Proof(key, found.claims, found.expires)

    async def refresh(self, user: User, token: str) -> Proof:
        """
        @return: what C{user}, who is signed in, goes on with.
        @raise NotAllowed: if C{token} is none of this user.
        """
        if not user.user_id:
            raise NotAllowed("nobody is signed in here: connect with the token")
        proof = await self._by_token(user, token) if tokens.is_token(token) else None
        if proof is None:
            raise NotAllowed("this is no good token of the user who is signed in")
        return proof
