"""
The smaller records of a store: data of users, revoked tokens, invitations and keys of tenants.

The promises are those of L{comet.storage.interface.Store}, which this is a part of.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

from comet.model import Channel, User


class Invitation(NamedTuple):
    """
    One user invited to a conference.

    @ivar conference: the name, as that of a channel.
    @ivar profile: what kind of conference it is, such as C{video}.
    @ivar stream: the number of the stream, 0 for none.
    @ivar expires: when it has rung for long enough, in seconds since 1970; 0 for never.
    """

    conference: Channel
    user_id: int
    caller_id: int
    message: str
    profile: str
    stream: int
    expires: int = 0


#: For so many seconds an invitation that has expired is kept.
KEPT = 86_400


class TenantKey(NamedTuple):
    """
    The own key of a tenant.

    @ivar url: where its pages are, as L{comet.origins.named_in} reads it.
    """

    dev_id: int
    key: str
    url: str


class Records(Protocol):
    """The part of a store that keeps records."""

    async def keep_key(self, user: User, key: str) -> str:
        """
        Give C{user} this key, unless it has one.

        @return: the key that it has now.
        """

    async def set_data(self, user: User, data: str) -> None:
        """Keep C{data} about C{user} in place of any other."""

    async def data(self, users: Collection[User]) -> dict[User, str]:
        """@return: what is kept about those users of whom something is."""

    async def remove_data(self, users: Collection[User]) -> int:
        """@return: how many users there was something about."""

    async def revoke(self, dev_id: int, token: str) -> None:
        """Keep C{token} as one that opens nothing; doing so twice is doing so once."""

    async def revoked(self, dev_id: int, tokens: Collection[str] | None = None) -> list[str]:
        """@return: those of C{tokens} that are revoked, in that order; all that are, without C{tokens}."""

    async def restore(self, dev_id: int, tokens: Collection[str]) -> int:
        """@return: how many of these tokens were revoked, and are no more."""

    async def invite(self, invitation: Invitation) -> None:
        """
        Keep an invitation in place of any other of that user to that conference.

        Those of the same tenant that have expired L{KEPT} seconds before this one does are forgotten.
        """

    async def invitations(self, conferences: Collection[Channel]) -> list[Invitation]:
        """@return: the invitations to these conferences, in the order of the names, then of the users."""

    async def withdraw(self, conference: Channel, users: Collection[int]) -> int:
        """@return: how many of these users were invited, and are no more."""

    async def set_tenant(self, tenant: TenantKey) -> None:
        """Keep this key of a tenant in place of any other."""

    async def tenants(self) -> list[TenantKey]:
        """@return: the tenants that have a key of their own, in order."""

    async def remove_tenants(self, dev_ids: Collection[int]) -> int:
        """@return: how many of these tenants had a key of their own."""
