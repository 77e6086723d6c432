"""What has happened in calls and rooms, and how many of them there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from comet.errors import (
    BadValue,
    Busy,
    MediaAway,
    NoRoom,
    NoSeat,
    NotAllowed,
    NotInRoom,
    Offline,
    Refused,
    RoomFull,
    TooFast,
    TooLong,
    Unavailable,
    UnknownUser,
)
from comet.video.model import Reason, Topology
from comet.video.ring import Ring
from comet.video.room import Room

#: What may become of a ring.
ENDS = (
    Reason.TAKEN,
    Reason.DECLINED,
    Reason.BUSY,
    Reason.CANCELLED,
    Reason.EXPIRED,
    Reason.OFFLINE,
    Reason.ENDED,
)
_REFUSALS: tuple[type[Refused], ...] = (
    BadValue,
    Busy,
    MediaAway,
    NoRoom,
    NoSeat,
    NotAllowed,
    NotInRoom,
    Offline,
    RoomFull,
    TooFast,
    TooLong,
    Unavailable,
    UnknownUser,
)
#: What is no error of those.
_OTHER = "other"
#: Why a client is refused what it asks of calls and rooms.
REFUSALS = (*(kind.wire_name() for kind in _REFUSALS), _OTHER)


class Purpose(Enum):
    """What a ring is for; the value is the label of the counter."""

    CALL = "call"
    INVITE = "invite"

    @classmethod
    def of(cls, ring: Ring) -> Purpose:
        """@return: what C{ring} is for."""
        return cls.CALL if ring.is_call else cls.INVITE


@dataclass(slots=True)
class Tally:
    """
    What this server has seen to since the start.

    @ivar begun: rings of its clients, and of SQL.
    @ivar over: what has become of rings that it looked after.
    @ivar refused: what it has refused to its clients, by L{REFUSALS}.
    @ivar signals: what its clients had to say to other seats, or to the media server.
    """

    begun: Counter[Purpose] = field(default_factory=Counter)
    over: Counter[tuple[Purpose, Reason]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    signals: int = 0

    def refuse(self, error: Refused) -> None:
        """Count a refusal."""
        names = (kind.wire_name() for kind in _REFUSALS if isinstance(error, kind))
        self.refused[next(names, _OTHER)] += 1

    def copy(self) -> Tally:
        """@return: the same, as it is now."""
        return Tally(self.begun.copy(), self.over.copy(), self.refused.copy(), self.signals)


@dataclass(frozen=True, slots=True)
class VideoStatus:
    """
    Calls and rooms at one moment.

    @ivar calls: calls on all servers.
    @ivar rooms: rooms on all servers, by the way of media.
    @ivar seats: seats whose clients are here, or were here when they were lost.
    @ivar rings: what rings from here.
    @ivar tally: what has happened until now.
    """

    calls: int = 0
    rooms: Mapping[Topology, int] = field(default_factory=Counter[Topology])
    seats: int = 0
    rings: int = 0
    tally: Tally = field(default_factory=Tally)


def status(rooms: Iterable[Room], slot: int, tally: Tally) -> VideoStatus:
    """
    @param rooms: all that there are.
    @param slot: where this server is among the others.
    """
    calls = seats = rings = 0
    ways: Counter[Topology] = Counter()
    for room in rooms:
        if room.is_call:
            calls += 1
        else:
            ways[room.topology] += 1
        seats += sum(seat.slot == slot for seat in room.seats.values())
        rings += sum(ring.slot == slot for ring in room.rings.values())
    return VideoStatus(calls, ways, seats, rings, tally.copy())
