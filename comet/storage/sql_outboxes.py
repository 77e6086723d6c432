"""The places of outboxes in the store in a database."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from comet.storage import outbox_queries as queries
from comet.storage.cursors import Query
from comet.storage.outboxes import Outboxes


class SQLOutboxes(Outboxes):
    """See L{Outboxes}; how a query is run is left open."""

    @abstractmethod
    async def _write(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned, once that is committed."""

    async def take_outbox(self, name: str, node: str, now: int, ends: int) -> str | None:
        """See L{Outboxes.take_outbox}."""
        place: str | None = await self._write(queries.take_outbox, name, node, now, ends)
        return place

    async def set_outbox(self, name: str, node: str, place: str) -> bool:
        """See L{Outboxes.set_outbox}."""
        return bool(await self._write(queries.set_outbox, name, node, place))
