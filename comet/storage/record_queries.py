"""The SQL of the records, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from collections.abc import Collection

from comet.model import Channel, User
from comet.storage.cursors import Cursor, delete, portions, select
from comet.storage.records import KEPT, Invitation, TenantKey


def keep_key(cursor: Cursor, user: User, key: str) -> str:
    """See L{comet.storage.records.Records.keep_key}."""
    cursor.execute(
        "INSERT INTO users_auth (dev_id, user_id, hash) VALUES (?, ?, ?)"
        " ON CONFLICT (dev_id, user_id) DO UPDATE SET hash = hash",
        [*user, key],
    )
    cursor.execute("SELECT hash FROM users_auth WHERE dev_id = ? AND user_id = ?", list(user))
    return str(cursor.fetchone()[0])


# Data of users --------------------------------------------------------------------------------------------


def set_data(cursor: Cursor, user: User, data: str) -> None:
    """See L{comet.storage.records.Records.set_data}."""
    cursor.execute("REPLACE INTO users_data (dev_id, user_id, data) VALUES (?, ?, ?)", [*user, data])


def data(cursor: Cursor, users: Collection[User]) -> dict[User, str]:
    """See L{comet.storage.records.Records.data}."""
    statement = "SELECT user_id, data FROM users_data WHERE dev_id = ? AND user_id IN ({marks})"
    return {User(dev_id, row[0]): row[1] for dev_id, row in select(cursor, statement, users)}


def remove_data(cursor: Cursor, users: Collection[User]) -> int:
    """See L{comet.storage.records.Records.remove_data}."""
    return delete(cursor, "DELETE FROM users_data WHERE dev_id = ? AND user_id IN ({marks})", users)


# Revoked tokens -------------------------------------------------------------------------------------------


def revoke(cursor: Cursor, dev_id: int, token: str) -> None:
    """See L{comet.storage.records.Records.revoke}."""
    cursor.execute("REPLACE INTO revoked_tokens (dev_id, token) VALUES (?, ?)", [dev_id, token])


def revoked(cursor: Cursor, dev_id: int, tokens: Collection[str] | None = None) -> list[str]:
    """See L{comet.storage.records.Records.revoked}."""
    if tokens is None:
        cursor.execute("SELECT token FROM revoked_tokens WHERE dev_id = ? ORDER BY token", [dev_id])
        return [row[0] for row in cursor.fetchall()]
    statement = "SELECT token FROM revoked_tokens WHERE dev_id = ? AND token IN ({marks})"
    found = {row[0] for _, row in select(cursor, statement, [(dev_id, token) for token in tokens])}
    return [token for token in tokens if token in found]


def restore(cursor: Cursor, dev_id: int, tokens: Collection[str]) -> int:
    """See L{comet.storage.records.Records.restore}."""
    pairs = [(dev_id, token) for token in tokens]
    return delete(cursor, "DELETE FROM revoked_tokens WHERE dev_id = ? AND token IN ({marks})", pairs)


# Invitations ----------------------------------------------------------------------------------------------


def invite(cursor: Cursor, invitation: Invitation) -> None:
    """See L{comet.storage.records.Records.invite}."""
    conference, *others = invitation
    cursor.execute(
        "REPLACE INTO conference (dev_id, name, user_id, caller_id, message, profile, stream, expires)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [*conference, *others],
    )
    cursor.execute(
        "DELETE FROM conference WHERE dev_id = ? AND expires BETWEEN 1 AND ?",
        [conference.dev_id, invitation.expires - KEPT],
    )


def invitations(cursor: Cursor, conferences: Collection[Channel]) -> list[Invitation]:
    """See L{comet.storage.records.Records.invitations}."""
    found = []
    for conference in conferences:
        cursor.execute(
            "SELECT user_id, caller_id, message, profile, stream, expires FROM conference"
            " WHERE dev_id = ? AND name = ? ORDER BY user_id",
            list(conference),
        )
        found += [Invitation(conference, *row) for row in cursor.fetchall()]
    return found


def withdraw(cursor: Cursor, conference: Channel, users: Collection[int]) -> int:
    """See L{comet.storage.records.Records.withdraw}."""
    removed = 0
    for marks, portion in portions(users):
        cursor.execute(
            f"DELETE FROM conference WHERE dev_id = ? AND name = ? AND user_id IN ({marks})",
            [*conference, *portion],
        )
        removed += cursor.rowcount
    return removed


# Keys of tenants ------------------------------------------------------------------------------------------


def set_tenant(cursor: Cursor, tenant: TenantKey) -> None:
    """See L{comet.storage.records.Records.set_tenant}."""
    cursor.execute("REPLACE INTO dev_config (dev_id, dev_key, url) VALUES (?, ?, ?)", list(tenant))


def tenants(cursor: Cursor) -> list[TenantKey]:
    """See L{comet.storage.records.Records.tenants}."""
    cursor.execute("SELECT dev_id, dev_key, url FROM dev_config ORDER BY dev_id")
    return [TenantKey(*row) for row in cursor.fetchall()]


def remove_tenants(cursor: Cursor, dev_ids: Collection[int]) -> int:
    """See L{comet.storage.records.Records.remove_tenants}."""
    removed = 0
    for marks, portion in portions(dev_ids):
        cursor.execute(f"DELETE FROM dev_config WHERE dev_id IN ({marks})", portion)
        removed += cursor.rowcount
    return removed
