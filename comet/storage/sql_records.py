"""The records of the store in a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import Any

from comet.model import Channel, User
from comet.storage import record_queries as queries
from comet.storage.cursors import Query
from comet.storage.records import Invitation, Records, TenantKey


class SQLRecords(Records):
    """See L{Records}; how a query is run is left open."""

    @abstractmethod
    async def _read(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned."""

    @abstractmethod
    async def _write(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned, once that is committed."""

    async def keep_key(self, user: User, key: str) -> str:
        """See L{Records.keep_key}."""
        return str(await self._write(queries.keep_key, user, key))

    async def set_data(self, user: User, data: str) -> None:
        """See L{Records.set_data}."""
        await self._write(queries.set_data, user, data)

    async def data(self, users: Collection[User]) -> dict[User, str]:
        """See L{Records.data}."""
        found: dict[User, str] = await self._read(queries.data, users)
        return found

    async def remove_data(self, users: Collection[User]) -> int:
        """See L{Records.remove_data}."""
        return int(await self._write(queries.remove_data, users))

    async def revoke(self, dev_id: int, token: str) -> None:
        """See L{Records.revoke}."""
        await self._write(queries.revoke, dev_id, token)

    async def revoked(self, dev_id: int, tokens: Collection[str] | None = None) -> list[str]:
        """See L{Records.revoked}."""
        found: list[str] = await self._read(queries.revoked, dev_id, tokens)
        return found

    async def restore(self, dev_id: int, tokens: Collection[str]) -> int:
        """See L{Records.restore}."""
        return int(await self._write(queries.restore, dev_id, tokens))

    async def invite(self, invitation: Invitation) -> None:
        """See L{Records.invite}."""
        await self._write(queries.invite, invitation)

    async def invitations(self, conferences: Collection[Channel]) -> list[Invitation]:
        """See L{Records.invitations}."""
        found: list[Invitation] = await self._read(queries.invitations, conferences)
        return found

    async def withdraw(self, conference: Channel, users: Collection[int]) -> int:
        """See L{Records.withdraw}."""
        return int(await self._write(queries.withdraw, conference, users))

    async def set_tenant(self, tenant: TenantKey) -> None:
        """See L{Records.set_tenant}."""
        await self._write(queries.set_tenant, tenant)

    async def tenants(self) -> list[TenantKey]:
        """See L{Records.tenants}."""
        found: list[TenantKey] = await self._read(queries.tenants)
        return found

    async def remove_tenants(self, dev_ids: Collection[int]) -> int:
        """See L{Records.remove_tenants}."""
        return int(await self._write(queries.remove_tenants, dev_ids))
