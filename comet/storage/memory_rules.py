"""The channel rights of the store that forgets."""

from __future__ import annotations

from collections.abc import Collection

from comet.rights import Rule
from comet.storage.rules import Rules


class MemoryRules(Rules):
    """See L{Rules}."""

    def __init__(self) -> None:
        super().__init__()
        self._rules: dict[tuple[int, str], Rule] = {}

    async def set_rule(self, dev_id: int, rule: Rule) -> None:
        """See L{Rules.set_rule}."""
        self._rules[dev_id, rule.prefix] = rule

    async def rules(self) -> list[tuple[int, Rule]]:
        """See L{Rules.rules}."""
        return [(key[0], self._rules[key]) for key in sorted(self._rules)]

    async def remove_rules(self, dev_id: int, prefixes: Collection[str]) -> int:
        """See L{Rules.remove_rules}."""
        return sum(self._rules.pop((dev_id, prefix), None) is not None for prefix in set(prefixes))
