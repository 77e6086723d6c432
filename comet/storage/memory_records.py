"""The records of the store that forgets."""

from __future__ import annotations

from collections.abc import Collection

from comet.model import Channel, User
from comet.storage.records import KEPT, Invitation, Records, TenantKey


class MemoryRecords(Records):
    """See L{Records}."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[User, str] = {}
        self._data: dict[User, str] = {}
        self._revoked: dict[tuple[int, str], None] = {}
        self._invitations: dict[tuple[Channel, int], Invitation] = {}
        self._tenants: dict[int, TenantKey] = {}

    async def keep_key(self, user: User, key: str) -> str:
        """See L{Records.keep_key}."""
        return self._keys.setdefault(user, key)

    async def set_data(self, user: User, data: str) -> None:
        """See L{Records.set_data}."""
        self._data[user] = data

    async def data(self, users: Collection[User]) -> dict[User, str]:
        """See L{Records.data}."""
        return {user: self._data[user] for user in users if user in self._data}

    async def remove_data(self, users: Collection[User]) -> int:
        """See L{Records.remove_data}."""
        return sum(self._data.pop(user, None) is not None for user in set(users))

    async def revoke(self, dev_id: int, token: str) -> None:
        """See L{Records.revoke}."""
        self._revoked[dev_id, token] = None

    async def revoked(self, dev_id: int, tokens: Collection[str] | None = None) -> list[str]:
        """See L{Records.revoked}."""
        if tokens is None:
            return sorted(token for tenant, token in self._revoked if tenant == dev_id)
        return [token for token in tokens if (dev_id, token) in self._revoked]

    async def restore(self, dev_id: int, tokens: Collection[str]) -> int:
        """See L{Records.restore}."""
        found = [(dev_id, token) for token in set(tokens) if (dev_id, token) in self._revoked]
        for key in found:
            del self._revoked[key]
        return len(found)

    async def invite(self, invitation: Invitation) -> None:
        """See L{Records.invite}."""
        dev_id, over = invitation.conference.dev_id, invitation.expires - KEPT
        self._invitations = {
            key: each
            for key, each in self._invitations.items()
            if key[0].dev_id != dev_id or not 0 < each.expires <= over
        }
        self._invitations[invitation.conference, invitation.user_id] = invitation

    async def invitations(self, conferences: Collection[Channel]) -> list[Invitation]:
        """See L{Records.invitations}."""
        users = sorted(self._invitations)
        return [self._invitations[key] for name in conferences for key in users if key[0] == name]

    async def withdraw(self, conference: Channel, users: Collection[int]) -> int:
        """See L{Records.withdraw}."""
        return sum(self._invitations.pop((conference, user), None) is not None for user in set(users))

    async def set_tenant(self, tenant: TenantKey) -> None:
        """See L{Records.set_tenant}."""
        self._tenants[tenant.dev_id] = tenant

    async def tenants(self) -> list[TenantKey]:
        """See L{Records.tenants}."""
        return [self._tenants[dev_id] for dev_id in sorted(self._tenants)]

    async def remove_tenants(self, dev_ids: Collection[int]) -> int:
        """See L{Records.remove_tenants}."""
        return sum(self._tenants.pop(dev_id, None) is not None for dev_id in set(dev_ids))
