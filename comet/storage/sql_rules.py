"""The channel rights in the store in a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import Any

from comet.rights import Rule
from comet.storage import rule_queries as queries
from comet.storage.cursors import Query
from comet.storage.rules import Rules


class SQLRules(Rules):
    """See L{Rules}; how a query is run is left open."""

    @abstractmethod
    async def _read(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned."""

    @abstractmethod
    async def _write(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned, once that is committed."""

    async def set_rule(self, dev_id: int, rule: Rule) -> None:
        """See L{Rules.set_rule}."""
        await self._write(queries.set_rule, dev_id, rule)

    async def rules(self) -> list[tuple[int, Rule]]:
        """See L{Rules.rules}."""
        found: list[tuple[int, Rule]] = await self._read(queries.rules)
        return found

    async def remove_rules(self, dev_id: int, prefixes: Collection[str]) -> int:
        """See L{Rules.remove_rules}."""
        return int(await self._write(queries.remove_rules, dev_id, prefixes))
