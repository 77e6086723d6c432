"""The other nodes, as far as they have been heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from comet.model import Channel, User


@dataclass(slots=True)
class Peer:
    """
    Another node.

    @ivar life: which life of it; another each time the process starts.
    @ivar number: that of the last frame to all.
    @ivar heard: when something was heard of it last.
    @ivar is_known: whether it has told what it has; until then, its changes say nothing.
    @ivar devices: what it is about to tell: who is connected to it, by which connections.
    @ivar leaving: and whose time of grace it measures.
    @ivar counts: and how many listen there.
    @ivar rows: and which seats and rings of calls and rooms there are, with the nodes that look after them.
    """

    slot: int
    life: str
    name: str = ""
    number: int = 0
    heard: float = 0.0
    is_known: bool = False
    devices: list[tuple[User, int]] = field(default_factory=list)
    leaving: list[tuple[User, float]] = field(default_factory=list)
    counts: list[tuple[Channel, int]] = field(default_factory=list)
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)

    def begin(self) -> None:
        """It tells what it has, from the beginning."""
        self.devices, self.leaving, self.counts, self.rows = [], [], [], []


class Peers:
    """The other nodes by their slots."""

    def __init__(self) -> None:
        self._all: dict[int, Peer] = {}

    def __len__(self) -> int:
        """@return: how many there are, those that have not told what they have included."""
        return len(self._all)

    def get(self, slot: int) -> Peer | None:
        """@return: the node in C{slot}, if there is one."""
        return self._all.get(slot)

    def has_told(self, slot: int) -> bool:
        """@return: whether there is a node in C{slot} that has told what it has."""
        return slot in self._all and self._all[slot].is_known

    def add(self, peer: Peer) -> None:
        """There is another node, in place of any other in its slot."""
        self._all[peer.slot] = peer

    def remove(self, slot: int) -> None:
        """The node in C{slot} is gone."""
        self._all.pop(slot, None)

    def known(self) -> list[Peer]:
        """@return: those that have told what they have, the lowest slot first."""
        return [self._all[slot] for slot in sorted(self._all) if self._all[slot].is_known]

    def silent(self, now: float, seconds: float) -> list[Peer]:
        """@return: those of which nothing was heard for so long."""
        return [peer for peer in self._all.values() if now - peer.heard > seconds]

    def hear_all(self, now: float) -> None:
        """Whoever was silent was so because nothing could be heard."""
        for peer in self._all.values():
            peer.heard = now

    def begin_counting(self) -> None:
        """What they say next is counted from there on."""
        for peer in self._all.values():
            peer.number = 0
