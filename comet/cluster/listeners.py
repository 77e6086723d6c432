"""How many listen to each channel, on the other nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from comet.model import Channel


class Listeners:
    """What the other nodes have told of their subscribers."""

    def __init__(self) -> None:
        self._nodes: dict[int, dict[Channel, int]] = {}
        self._all: Counter[Channel] = Counter()

    def count(self, channel: Channel) -> int:
        """@return: how many listen to C{channel} on other nodes."""
        return self._all.get(channel, 0)

    def channels(self) -> Iterator[Channel]:
        """@return: the channels that somebody listens to on another node."""
        return iter(tuple(self._all))

    def tell(self, slot: int, channel: Channel, count: int) -> None:
        """So many listen to C{channel} on the node in C{slot} now."""
        known = self._nodes.setdefault(slot, {})
        more = count - known.pop(channel, 0)
        if count:
            known[channel] = count
        self._all[channel] += more
        if not self._all[channel]:
            del self._all[channel]

    def replace(self, slot: int, counts: Iterable[tuple[Channel, int]]) -> None:
        """The node in C{slot} has told all it has."""
        self.drop(slot)
        for channel, count in counts:
            self.tell(slot, channel, count)

    def drop(self, slot: int) -> None:
        """The node in C{slot} is gone."""
        for channel in list(self._nodes.get(slot, {})):
            self.tell(slot, channel, 0)
        self._nodes.pop(slot, None)
