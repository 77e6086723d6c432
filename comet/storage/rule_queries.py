"""The SQL of the channel rights, as functions of a DB-API cursor; see L{comet.storage.queries}."""

from __future__ import annotations

from collections.abc import Collection

from comet.rights import Rule, Who
from comet.storage.cursors import Cursor, delete


def set_rule(cursor: Cursor, dev_id: int, rule: Rule) -> None:
    """See L{comet.storage.rules.Rules.set_rule}."""
    cursor.execute(
        "REPLACE INTO channel_rights"
        " (dev_id, prefix, may_subscribe, may_publish, may_history, may_members, may_count)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [dev_id, rule.prefix, *(who.value if who else "" for who in rule.cells)],
    )


def rules(cursor: Cursor) -> list[tuple[int, Rule]]:
    """See L{comet.storage.rules.Rules.rules}."""
    cursor.execute(
        "SELECT dev_id, prefix, may_subscribe, may_publish, may_history, may_members, may_count"
        " FROM channel_rights ORDER BY dev_id, prefix"
    )
    return [
        (dev_id, Rule(prefix, *(Who(word) if word else None for word in words)))
        for dev_id, prefix, *words in cursor.fetchall()
    ]


def remove_rules(cursor: Cursor, dev_id: int, prefixes: Collection[str]) -> int:
    """See L{comet.storage.rules.Rules.remove_rules}."""
    pairs = [(dev_id, prefix) for prefix in prefixes]
    return delete(cursor, "DELETE FROM channel_rights WHERE dev_id = ? AND prefix IN ({marks})", pairs)
