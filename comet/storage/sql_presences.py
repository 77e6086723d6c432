"""Who is online, in the store in a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from comet.model import User
from comet.storage import presence_queries as queries
from comet.storage.cursors import Query
from comet.storage.presences import NOBODY, Keeping, PresenceEvent, Presences, Span


class SQLPresences(Presences):
    """See L{Presences}; how a query is run is left open."""

    @abstractmethod
    async def _read(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned."""

    @abstractmethod
    async def _write(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned, once that is committed."""

    async def note_presence(self, events: Sequence[PresenceEvent], alive: int, keeping: Keeping) -> None:
        """See L{Presences.note_presence}."""
        await self._write(queries.note_presence, events, alive, keeping)

    async def beat(self, node: str, alive: int) -> None:
        """See L{Presences.beat}."""
        await self._write(queries.beat, node, alive)

    async def end_presence(
        self,
        keeping: Keeping,
        alive: Collection[str] = (),
        online: Collection[User] = (),
        steady: Mapping[User, int] = NOBODY,
    ) -> int:
        """See L{Presences.end_presence}."""
        return int(await self._write(queries.end_presence, keeping, alive, online, steady))

    async def presence_events(self, dev_id: int, span: Span) -> list[PresenceEvent]:
        """See L{Presences.presence_events}."""
        found: list[PresenceEvent] = await self._read(queries.presence_events, dev_id, span)
        return found

    async def presence_feed(self, after: int, most: int) -> list[PresenceEvent]:
        """See L{Presences.presence_feed}."""
        found: list[PresenceEvent] = await self._read(queries.presence_feed, after, most)
        return found

    async def presence_place(self, reader: str) -> int:
        """See L{Presences.presence_place}."""
        return int(await self._write(queries.presence_place, reader))

    async def set_presence_place(self, reader: str, number: int) -> None:
        """See L{Presences.set_presence_place}."""
        await self._write(queries.set_presence_place, reader, number)

    async def take_turn(self, reader: str, node: str, now: int, until: int) -> int | None:
        """See L{Presences.take_turn}."""
        place: int | None = await self._write(queries.take_turn, reader, node, now, until)
        return place
