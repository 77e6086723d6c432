"""
What clients ask of calls and rooms, and what they are told: see C{docs/reference/video-wire.rst}.

As in L{comet.model}, commands and events say nothing about how they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from comet.model import Command, Event, Json

#: What the names of calls begin with; only the server gives such a name.
CALL = "call-"
#: The longest text that goes with a ring, in bytes.
DATA_LIMIT = 4_096
#: Whom signals to the media server are for, and from.
MEDIA = "media"


class Mode(Enum):
    """What somebody who rings offers."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"


class Topology(Enum):
    """The way of media: from each to each, or by way of a media server."""

    MESH = "mesh"
    SFU = "sfu"


class Reason(Enum):
    """Why a ring, a seat, or a room is over; the value is the word on the wire."""

    TAKEN = "taken"
    DECLINED = "declined"
    BUSY = "busy"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OFFLINE = "offline"
    ENDED = "ended"
    HANGUP = "hangup"
    LOST = "lost"
    REMOVED = "removed"
    MOVED = "moved"
    MEDIA = "media"


class On(NamedTuple):
    """What is on at a seat."""

    audio: bool = False
    video: bool = False
    screen: bool = False
    hold: bool = False
    talking: bool = False

    @classmethod
    def of(cls, mode: Mode) -> On:
        """@return: what is on at a seat that was taken in that mode, until the page tells."""
        return cls(audio=True, video=mode is Mode.VIDEO, screen=mode is Mode.SCREEN)


def is_call(room: str) -> bool:
    """@return: whether C{room} is the name of a call."""
    return room.startswith(CALL)


# What a client asks ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoomCommand(Command):
    """Something a client asks of calls and rooms."""


@dataclass(frozen=True, slots=True)
class Call(RoomCommand):
    """
    Ring somebody into a new call.

    @ivar connection: the only connection to ring, in place of all those of C{user_id}; 0 for none.
    """

    user_id: int
    connection: int = 0
    mode: Mode = Mode.VIDEO
    data: str = ""


@dataclass(frozen=True, slots=True)
class Join(RoomCommand):
    """
    Sit down in a room.

    @ivar seat: the seat to come back to, 0 for a new one.
    @ivar secret: what the answer told that gave that seat.
    """

    room: str
    mode: Mode = Mode.VIDEO
    seat: int = 0
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Invite(RoomCommand):
    """Ring somebody into a room in which one sits."""

    room: str
    user_id: int
    connection: int = 0
    mode: Mode = Mode.VIDEO
    data: str = ""


@dataclass(frozen=True, slots=True)
class Decline(RoomCommand):
    """Do not take a ring; the reason is L{Reason.DECLINED} or L{Reason.BUSY}."""

    room: str
    reason: Reason = Reason.DECLINED


@dataclass(frozen=True, slots=True)
class Cancel(RoomCommand):
    """Ring a user no more."""

    room: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Signal(RoomCommand):
    """
    Carry something to another seat of the same room.

    @ivar to: the seat; 0 for the media server.
    @ivar data: a JSON object, as text.
    """

    room: str
    to: int
    data: str


@dataclass(frozen=True, slots=True)
class Tell(RoomCommand):
    """Tell what is on at one's seat, by the names of L{On}; the rest stays."""

    room: str
    changes: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Leave(RoomCommand):
    """Get up; hang up."""

    room: str


@dataclass(frozen=True, slots=True)
class AskRoom(RoomCommand):
    """Who is in a room?"""

    room: str


@dataclass(frozen=True, slots=True)
class AskIce(RoomCommand):
    """Which servers help to find a way for media?"""


# What a client is told ------------------------------------------------------------------------------------


class Sitting(NamedTuple):
    """
    A seat as others may know it.

    @ivar lost: whether its connection is gone, and may come back.
    @ivar since: since when it is taken, in seconds since 1970.
    """

    seat: int
    connection: int
    user_id: int
    on: On
    lost: bool
    since: int


class Invited(NamedTuple):
    """A ring as those may know it who see the room."""

    user_id: int
    caller_id: int
    connection: int
    mode: Mode
    until: int


class Ice(NamedTuple):
    """
    Servers that help to find a way for media.

    @ivar servers: as the browser's C{RTCPeerConnection} wants them.
    @ivar expires: until when the credentials count, in seconds since 1970; 0 if there are none.
    """

    servers: tuple[Mapping[str, Json], ...] = ()
    expires: int = 0


@dataclass(slots=True)
class RoomEvent(Event):
    """
    Something that clients are told about a room.

    @ivar room: its name.
    @ivar time: when it has happened, in seconds since 1970.
    """

    room: str
    time: int


@dataclass(slots=True)
class Seated(RoomEvent):
    """
    The answer to L{Call} and L{Join}.

    @ivar limit: how many may be there.
    """

    seat: int
    secret: str = field(repr=False)
    topology: Topology
    ice: Ice
    limit: int
    members: tuple[Sitting, ...]


@dataclass(slots=True)
class RoomSeen(RoomEvent):
    """The answer to L{AskRoom}; C{limit} tells how many may be there."""

    topology: Topology
    limit: int
    members: tuple[Sitting, ...]
    rings: tuple[Invited, ...]


@dataclass(slots=True)
class IceGiven(Event):
    """The answer to L{AskIce}."""

    ice: Ice
    time: int


@dataclass(slots=True)
class Rings(RoomEvent):
    """
    Somebody rings.

    @ivar caller_id: who, 0 for nobody known, or the site.
    @ivar connection: from where, 0 for SQL.
    @ivar until: for how long, in seconds since 1970.
    """

    caller_id: int
    connection: int
    mode: Mode
    data: str
    until: int


@dataclass(slots=True)
class Silent(RoomEvent):
    """A ring is over, and was not taken here."""

    reason: Reason


@dataclass(slots=True)
class Ringing(RoomEvent):
    """It rings at so many devices."""

    user_id: int
    devices: int


@dataclass(slots=True)
class Answered(RoomEvent):
    """The ring was taken."""

    user_id: int
    seat: int


@dataclass(slots=True)
class Unanswered(RoomEvent):
    """The ring is over, and was not taken."""

    user_id: int
    reason: Reason


@dataclass(slots=True)
class Entered(RoomEvent):
    """Somebody has sat down."""

    member: Sitting


@dataclass(slots=True)
class Gone(RoomEvent):
    """A seat is free."""

    seat: int
    user_id: int
    reason: Reason


@dataclass(slots=True)
class Lost(RoomEvent):
    """The connection of a seat is gone, and may come back until then."""

    seat: int
    until: int


@dataclass(slots=True)
class Back(RoomEvent):
    """Somebody has come back to a seat."""

    member: Sitting


@dataclass(slots=True)
class Told(RoomEvent):
    """What is on at a seat."""

    seat: int
    on: On


@dataclass(slots=True)
class Signalled(RoomEvent):
    """
    What somebody in the room has to say to this seat.

    @ivar seat: whose word it is; 0 for the media server.
    @ivar data: a JSON object, as text.
    """

    seat: int
    user_id: int
    data: str


@dataclass(slots=True)
class Turned(RoomEvent):
    """From now on media goes another way, from the beginning."""

    topology: Topology


@dataclass(slots=True)
class Ended(RoomEvent):
    """The room is over for this device."""

    reason: Reason
