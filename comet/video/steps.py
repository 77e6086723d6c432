"""
Everything that may happen to rooms, as steps.

A step is what a server says to all others and applies when it hears it: a word and a list of JSON values,
with the time in it, so that all of them come to the same. What depends on settings is in the step, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias


class Calls(NamedTuple):
    """
    Somebody makes a call. As for all steps: when, and in which room of which tenant.

    @ivar connection: who calls, or joins, or says something.
    @ivar user_id: the one who is rung.
    @ivar only: the only connection to ring, 0 for all.
    @ivar rooms: how many rooms there may be.
    """

    time: float
    dev_id: int
    room: str
    connection: int
    caller_id: int
    secret: str
    user_id: int
    only: int
    mode: str
    data: str
    until: int
    rooms: int


class Joins(NamedTuple):
    """
    Somebody sits down.

    @ivar is_free: whether that needs no ring.
    @ivar mesh_limit: how many may exchange media each with each.
    @ivar limit: how many may be in a room at all.
    @ivar media_away: whether the media server is away, so that no room may begin to need it.
    """

    time: float
    dev_id: int
    room: str
    connection: int
    user_id: int
    secret: str
    mode: str
    is_free: bool
    mesh_limit: int
    limit: int
    rooms: int
    media_away: bool = False


class Returns(NamedTuple):
    """Somebody comes back to a seat."""

    time: float
    dev_id: int
    room: str
    connection: int
    user_id: int
    seat: int
    secret: str


class Invites(NamedTuple):
    """
    Somebody is rung into a room.

    @ivar connection: by whom; 0 for SQL, which may do it for a C{caller_id}.
    """

    time: float
    dev_id: int
    room: str
    connection: int
    caller_id: int
    user_id: int
    only: int
    mode: str
    data: str
    until: int
    rooms: int


class Declines(NamedTuple):
    """A device does not take a ring, for all of its user."""

    time: float
    dev_id: int
    room: str
    connection: int
    user_id: int
    reason: str


class Cancels(NamedTuple):
    """Who has rung C{user_id} does so no more."""

    time: float
    dev_id: int
    room: str
    connection: int
    user_id: int


class Silences(NamedTuple):
    """A server has found that a ring is over: it has expired, or the last device is gone."""

    time: float
    dev_id: int
    room: str
    user_id: int
    reason: str


class Tells(NamedTuple):
    """What is on at the seat of a connection."""

    time: float
    dev_id: int
    room: str
    connection: int
    audio: bool
    video: bool
    screen: bool
    hold: bool
    talking: bool


class Leaves(NamedTuple):
    """Somebody gets up, or has to."""

    time: float
    dev_id: int
    room: str
    connection: int
    reason: str


class Loses(NamedTuple):
    """The connection of a seat is gone, and may come back until then."""

    time: float
    dev_id: int
    room: str
    connection: int
    until: float


class Frees(NamedTuple):
    """A lost seat was not found again in time."""

    time: float
    dev_id: int
    room: str
    seat: int


class Removes(NamedTuple):
    """SQL takes users out of a room, and rings them no more."""

    time: float
    dev_id: int
    room: str
    users: list[int]


class Ends(NamedTuple):
    """A room is over for all."""

    time: float
    dev_id: int
    room: str
    reason: str


#: A step of any kind.
Step: TypeAlias = (
    Calls
    | Joins
    | Returns
    | Invites
    | Declines
    | Cancels
    | Silences
    | Tells
    | Leaves
    | Loses
    | Frees
    | Removes
    | Ends
)

_KINDS: dict[str, type[Step]] = {
    "call": Calls,
    "join": Joins,
    "return": Returns,
    "invite": Invites,
    "decline": Declines,
    "cancel": Cancels,
    "silence": Silences,
    "tell": Tells,
    "leave": Leaves,
    "lose": Loses,
    "free": Frees,
    "remove": Removes,
    "end": Ends,
}
_WORDS = {kind: word for word, kind in _KINDS.items()}


def write_step(step: Step) -> tuple[Any, ...]:
    """@return: C{step} as others are told it."""
    return (_WORDS[type(step)], *step)


def read_step(item: list[Any]) -> Step | None:
    """
    @return: the step of L{write_step}, without what a newer version has put behind it; C{None} if it is of a
        kind that is not known here.
    """
    kind = _KINDS.get(item[0])
    return None if kind is None else kind(*item[1 : 1 + len(kind._fields)])
