"""
The messages of channels that keep a history, in the order of their positions, without a hole.

Positions are given by the store, and the nodes tell each other of a message once it is stored: so what two
nodes have stored at almost the same time may arrive the other way round. Who listens must not see that, for a
client that has seen 6 and comes back asks for what follows 6, and would never see 5. So 6 waits for 5 here;
if that does not come soon, for it was lost with its node, it is in the store.

Of a channel of which nothing was heard before it is not known what is in front of the first message. So what
is heard first is held back for a moment, unless it is the first of all.
"""

from __future__ import annotations

from comet.hub import Subscriber
from comet.model import Channel, Message, Place
from comet.storage.interface import Stretch

#: How many channels are known at the most; those of which nothing was heard for longest are forgotten.
CHANNEL_LIMIT = 100_000
#: What was stored before somebody looked is heard at most so much later, in seconds, or is late.
SETTLING = 0.25
#: How many messages of a channel wait at the most for those in front of them.
WAITING_LIMIT = 1_000


#: A message, and who has sent it and does not hear it.
Sent = tuple[Message, Subscriber | None]


class _Row:
    """
    One channel.

    @ivar place: that of the last message that was let through.
    @ivar settles: until when C{place} is a guess, for something in front of it may still be on its way here.
        Until then nothing is let through.
    @ivar waiting: what waits for those in front, by position.
    @ivar since: since when something waits.
    """

    __slots__ = ("place", "settles", "since", "waiting")

    def __init__(self, place: Place, settles: float) -> None:
        self.place = place
        # In front of the first message there is none.
        self.settles = settles if place.position else 0.0
        self.waiting: dict[int, Sent] = {}
        self.since = 0.0

    def counts_as(self, epoch: str) -> bool:
        """@return: whether C{epoch} is that of this channel; a channel that never counted takes it."""
        if not self.place.epoch:
            self.place = Place(epoch, 0)
        return self.place.epoch == epoch

    def release(self) -> list[Sent]:
        """@return: what waits for nothing any more, in order."""
        ready: list[Sent] = []
        while (sent := self.waiting.pop(self.place.position + 1, None)) is not None:
            self.place = sent[0].place
            ready.append(sent)
        return ready


class Order:
    """Lets messages through in the order of their positions."""

    def __init__(self) -> None:
        self._rows: dict[Channel, _Row] = {}
        #: The channels in which something waits.
        self._waiting: dict[Channel, _Row] = {}

    def place(self, channel: Channel) -> Place | None:
        """@return: how far C{channel} has come, if that is known."""
        row = self._rows.get(channel)
        return None if row is None else row.place

    def begin(self, channel: Channel, place: Place, now: float) -> None:
        """
        The store has all up to C{place}: that is past, if nothing is known of C{channel} yet, but for what is
        heard from now on.
        """
        if channel not in self._rows:
            self._add(channel, place, now)

    def _add(self, channel: Channel, place: Place, now: float) -> _Row:
        row = self._rows[channel] = _Row(place, now + SETTLING)
        self._waiting.pop(channel, None)
        if len(self._rows) > CHANNEL_LIMIT:
            forgotten = next(iter(self._rows))
            del self._rows[forgotten]
            self._waiting.pop(forgotten, None)
        return row

    def take(self, message: Message, besides: Subscriber | None, now: float) -> list[Sent]:
        """
        @param message: one with a place.
        @return: what is let through by it, in order.
        """
        channel, place = message.channel, message.place
        row = self._rows.pop(channel, None)
        before = Place(place.epoch, place.position - 1)
        if row is None or not row.counts_as(place.epoch):
            row = self._add(channel, before, now)
        else:
            # Put at the end, for those that speak are remembered.
            self._rows[channel] = row
        if now < row.settles and place.position <= row.place.position:
            row.place = before
        if place.position <= row.place.position:
            return []
        if not row.waiting:
            row.since = now
        row.waiting[place.position] = message, besides
        ready = row.release() if now >= row.settles else []
        if len(row.waiting) > WAITING_LIMIT:
            row.since = -1.0
        self._note(channel, row)
        return ready

    def _note(self, channel: Channel, row: _Row) -> None:
        if row.waiting:
            self._waiting[channel] = row
        else:
            self._waiting.pop(channel, None)

    def skip(self, message: Message) -> None:
        """C{message}, which has a place, is heard, and nobody wants it."""
        channel, place = message.channel, message.place
        row = self._rows.pop(channel, None)
        if row is None or not row.counts_as(place.epoch) or place.position > row.place.position:
            row = self._add(channel, place, -SETTLING)
        self._rows[channel] = row

    def settled(self, now: float) -> list[Sent]:
        """@return: what was held back as long as a place was a guess, of channels where that is over."""
        ready: list[Sent] = []
        for channel, row in list(self._waiting.items()):
            if now >= row.settles:
                ready += row.release()
                self._note(channel, row)
        return ready

    def late(self, now: float, patience: float) -> list[Channel]:
        """@return: where something waits for longer than C{patience} seconds."""
        return [
            channel for channel, row in self._waiting.items() if not row.since <= now < row.since + patience
        ]

    def fill(self, channel: Channel, stretch: Stretch) -> list[Sent]:
        """
        The store was asked for what follows the place of C{channel}.

        @param stretch: what it has; what is not among it, up to its place, is gone. Behind that more may have
            been stored since, and who waits for it still does.
        @return: what is let through by it, in order.
        """
        row = self._rows.get(channel)
        if row is None:
            self._rows[channel] = _Row(stretch.place, 0)
            return []
        ready = self._filled(row, stretch)
        self._note(channel, row)
        return ready

    def _filled(self, row: _Row, stretch: Stretch) -> list[Sent]:
        place, messages = stretch
        row.settles = 0.0
        if not row.counts_as(place.epoch):
            # Nothing in front of what waits will ever come.
            ready = [row.waiting[position] for position in sorted(row.waiting)]
            row.waiting.clear()
            row.place = place
            return ready
        before, end = row.place.position, place.position
        found: dict[int, Sent] = {each.place.position: (each, None) for each in messages}
        past = [position for position in row.waiting if position <= end]
        found.update((position, row.waiting.pop(position)) for position in past)
        row.place = Place(place.epoch, max(before, end))
        return [found[position] for position in sorted(found) if position > before] + row.release()
