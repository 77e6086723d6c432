"""
The rules of channel rights that tenants have set.

The promises are those of L{comet.storage.interface.Store}, which this is a part of.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from comet.rights import Rule


class Rules(Protocol):
    """The part of a store that keeps channel rights."""

    async def set_rule(self, dev_id: int, rule: Rule) -> None:
        """Keep this rule of a tenant in place of any other of that prefix."""

    async def rules(self) -> list[tuple[int, Rule]]:
        """@return: the rules of all tenants, each with its tenant, in the order of tenants and prefixes."""

    async def remove_rules(self, dev_id: int, prefixes: Collection[str]) -> int:
        """@return: for how many of these prefixes there was a rule."""
