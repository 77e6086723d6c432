"""
What is over because time has passed: rings that nobody has taken, seats to which nobody has come back, and
calls in which somebody is missing after servers could not hear each other.

The server that looks after a ring or a seat says so to all. Should it not, any other does a little later; who
says it twice, or late, does no harm.
"""

from __future__ import annotations

from typing import Protocol

from comet.attendance import TICK_LIMIT, Online
from comet.model import User
from comet.video.model import Reason
from comet.video.registry import Registry
from comet.video.ring import Ring
from comet.video.room import Room
from comet.video.seat import Seat
from comet.video.steps import Ends, Frees, Silences, Step

#: How often it is looked what is over, in seconds.
LOOK_SECONDS = 0.5
#: After so many seconds others say what the server has not that looks after it.
PATIENCE = 2.0


class Watched(Protocol):
    """The rooms as one server has them, see L{comet.video.hall.Hall}."""

    @property
    def book(self) -> Registry:
        """Who sits and rings where."""

    @property
    def slot(self) -> int:
        """Where this server is among the others."""

    @property
    def online(self) -> Online:
        """Who is online."""

    def whose(self, connection: int) -> User | None:
        """@return: who is signed in over a connection, anywhere; C{None} for nobody."""

    def say(self, step: Step) -> None:
        """Let C{step} take effect everywhere."""


class Watch:
    """Looks at the clock."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._next_look = 0.0
        #: When it was said that something is over, which was not heard yet.
        self._said: dict[Ring | Seat | Room, float] = {}
        #: The rings that somebody was there to hear.
        self._reached: dict[Ring, None] = {}

    def tick(self, now: float) -> None:
        """To be called a few times a second."""
        if now < self._next_look < now + 2 * LOOK_SECONDS:
            return
        self._next_look = now + LOOK_SECONDS
        book = self._watched.book
        self._reached = {ring: None for ring in self._reached if ring.is_on}
        due: list[tuple[Ring | Seat | Room, Step]] = [
            (ring, Silences(now, *ring.room.channel, ring.user.user_id, reason.value))
            for ring in book.rings()
            if (reason := self._over(ring, now)) is not None
        ]
        for channel, since in list(book.suspects.items()):
            room = book.rooms.get(channel)
            if room is None or not room.is_broken:
                del book.suspects[channel]
            elif not since <= now < since + 2 * PATIENCE:
                due.append((room, Ends(now, *channel, Reason.LOST.value)))
        due += [
            (seat, Frees(now, *seat.room.channel, seat.number))
            for seat in book.lost
            if self._is_due(seat, now)
        ]
        before, self._said = self._said, {}
        for what, step in due[:TICK_LIMIT]:
            said = before.get(what)
            if said is None or not said <= now < said + PATIENCE:
                said = now
                self._watched.say(step)
            self._said[what] = said

    def _is_due(self, what: Ring | Seat, now: float) -> bool:
        return now >= what.until + (0 if what.slot == self._watched.slot else PATIENCE)

    def _over(self, ring: Ring, now: float) -> Reason | None:
        """@return: why a ring is over, if it is."""
        if self._is_due(ring, now):
            return Reason.EXPIRED
        if ring.slot != self._watched.slot:
            return None
        if ring.only:
            is_there = self._watched.whose(ring.only) == ring.user
        else:
            is_there = self._watched.online.is_online(ring.user)
        if is_there or ring.seat:
            self._reached[ring] = None
        # What SQL rings may begin before anybody is there to hear it.
        return Reason.OFFLINE if not is_there and ring in self._reached else None
