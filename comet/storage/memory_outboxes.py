"""The places of outboxes in the store that forgets."""

from __future__ import annotations

from comet.storage.outboxes import Outboxes
from comet.storage.presences import TURN_LIMIT


class MemoryOutboxes(Outboxes):
    """See L{Outboxes}."""

    def __init__(self) -> None:
        super().__init__()
        self._outboxes: dict[str, tuple[str, int, str]] = {}

    async def take_outbox(self, name: str, node: str, now: int, ends: int) -> str | None:
        """See L{Outboxes.take_outbox}."""
        holder, end, place = self._outboxes.get(name, ("", 0, ""))
        if holder != node and now < end <= now + TURN_LIMIT:
            return None
        self._outboxes[name] = (node, ends, place)
        return place

    async def set_outbox(self, name: str, node: str, place: str) -> bool:
        """See L{Outboxes.set_outbox}."""
        holder, end, _ = self._outboxes.get(name, (None, 0, ""))
        if holder != node:
            return False
        self._outboxes[name] = (node, end, place)
        return True
