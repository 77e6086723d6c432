"""
What this node says to all, and hears again in its place among what the others say.

What is said takes effect when it is heard, not before: then it has the same place for everybody. While the
bus is down there is nobody else, and it is heard at once. What was on its way when the bus went down is heard
then; others may or may not have heard it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from comet.cluster.bus import Bus
from comet.cluster.frames import Frame, Item
from comet.errors import BadValue

#: A frame is sent at the end of a turn, or when it has so many items or characters of text.
ITEMS_LIMIT = 500
TEXT_LIMIT = 1 << 20

#: What something that this node says means to itself.
Effect = Callable[[], object]


class Hearer(Protocol):
    """The node, as its line sees it."""

    def connected(self, slot: int) -> None:
        """From now on, the others hear what is said, and we hear them. Nothing was said on the line yet."""

    def disconnected(self, reason: str) -> None:
        """From now on, nobody hears and is heard; what was on its way has had its effect."""

    def refused(self, reason: str) -> None:
        """See L{comet.cluster.bus.Receiver.refused}."""

    def heard(self, frame: Frame) -> None:
        """Another node has said something."""

    def unheard(self, item: Item) -> None:
        """What this node has said has its effect here now, and others have not heard it, or perhaps not."""

    def bad(self, error: BadValue) -> None:
        """Something came that is no frame."""


class Line:
    """
    The end of the bus at this node.

    @ivar is_up: whether others hear.
    """

    def __init__(self, bus: Bus, life: str, later: Callable[[Effect], object], hearer: Hearer) -> None:
        """
        @param life: which life of the node this is.
        @param later: has something called at the end of the turn.
        """
        self._bus, self._life, self._later, self._hearer = bus, life, later, hearer
        self.is_up = False
        self._slot = self._number = self._length = 0
        #: What was said up to this number has had its effect, though it should come back.
        self._over = 0
        self._batch: list[Item] = []
        #: What was said and not heard yet, and its effects.
        self._pending: deque[tuple[Item, Effect]] = deque()
        self._is_hearing = False

    def say(self, item: Item, effect: Effect) -> None:
        """Say C{item} to all, and let it have its C{effect} here once it is heard."""
        self._pending.append((item, effect))
        if not self.is_up:
            self._hear_all()
            return
        if not self._batch:
            self._later(self.flush)
        self._batch.append(item)
        self._length += sum(len(part) for part in item if type(part) is str)
        if len(self._batch) >= ITEMS_LIMIT or self._length >= TEXT_LIMIT:
            self.flush()

    def tell(self, slot: int, item: Item) -> None:
        """Say C{item} to the node in C{slot}; nothing follows here."""
        if self.is_up:
            self.flush()
            self._bus.send(Frame(self._slot, self._life, 0, [list(item)]).encode(), slot)

    def flush(self) -> None:
        """Send what was said."""
        if self._batch and self.is_up:
            items, self._batch, self._length = self._batch, [], 0
            self._number += 1
            said = Frame(self._slot, self._life, self._number, [list(item) for item in items])
            self._bus.send(said.encode())

    def _hear_all(self) -> None:
        """Let everything that was said have its effect, in order; an effect may say more."""
        if self._is_hearing:
            return
        self._is_hearing = True
        try:
            while self._pending and not self.is_up:
                item, effect = self._pending.popleft()
                self._hearer.unheard(item)
                effect()
        finally:
            self._is_hearing = False

    # The bus ----------------------------------------------------------------------------------------------

    def up(self, slot: int) -> None:
        """See L{comet.cluster.bus.Receiver.up}."""
        self._slot = slot
        self.is_up = True
        self._hearer.connected(slot)

    def down(self, reason: str) -> None:
        """See L{comet.cluster.bus.Receiver.down}."""
        if self.is_up:
            self.is_up = False
            self._over = self._number
            self._batch, self._length = [], 0
            self._hear_all()
            self._hearer.disconnected(reason)

    def refused(self, reason: str) -> None:
        """See L{comet.cluster.bus.Receiver.refused}."""
        self._hearer.refused(reason)

    def received(self, frame: bytes) -> None:
        """See L{comet.cluster.bus.Receiver.received}."""
        try:
            said = Frame.decode(frame)
        except BadValue as error:
            self._hearer.bad(error)
            return
        if (said.slot, said.life) != (self._slot, self._life):
            self._hearer.heard(said)
            return
        if said.number > self._over:
            for _ in said.items:
                self._pending.popleft()[1]()
