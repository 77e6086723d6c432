"""
The conductor: leads the seats of this node through the VideoRoom of a Janus that all nodes share.

The two connections of a seat last as long as the session at Janus. When that is lost, all of them are: pages
are told to begin afresh once there is another one, and their rooms end if there is none for too long.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from twisted.logger import Logger

from comet.errors import MediaAway, NoSeat
from comet.model import Channel
from comet.protocols.janus import videoroom
from comet.protocols.janus.handles import Handles
from comet.protocols.janus.link import Link
from comet.protocols.janus.place import Place
from comet.protocols.janus.receiving import Receiving
from comet.protocols.janus.sending import Sending
from comet.protocols.janus.signals import PUBLISH, Accepts, Anew, Candidate, Offer, read_signal
from comet.protocols.janus.videoroom import room_key
from comet.protocols.janus.wire import Happened, JanusAway, JanusError, Object
from comet.video.media import Floor, MediaServer

#: How often it is looked whether a room is empty that should be, so as not to destroy it under somebody; and
#: the seconds between.
LOOKS, LOOK_SECONDS = 3, 2.0


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What the configuration says.

    @ivar secret: what only the nodes know; the secrets of rooms follow from it.
    @ivar admin_key: lets one make rooms; empty if Janus asks for none.
    @ivar publishers: how many may be in a room.
    @ivar patience: for how many seconds Janus may be away before rooms end.
    """

    secret: str
    admin_key: str = ""
    publishers: int = 16
    patience: float = 30


class _Part:
    """What a seat has of the media server while there is a session."""

    def __init__(self, place: Place, connections: Iterator[int]) -> None:
        self.receiving = Receiving(place, connections)
        self.sending = Sending(place, self.receiving.feeds_changed)

    def close(self) -> None:
        self.sending.close()
        self.receiving.close()


class Conductor(MediaServer):
    """The way of one node to Janus."""

    _log = Logger()

    def __init__(
        self,
        link: Link,
        rules: Rules,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        call_later: Callable[..., Any],
    ) -> None:
        """
        @param spawn: runs a coroutine that nobody waits for.
        @param call_later: C{callLater} of the reactor.
        """
        self._link, self._rules, self._spawn, self._call_later = link, rules, spawn, call_later
        self._floor: Floor | None = None
        self._handles = Handles(link, spawn)
        self._connections = count(1)
        self._seats: dict[Channel, dict[int, _Part | None]] = {}
        self._timers: set[Any] = set()
        self._give_up: Callable[[], None] | None = None

    @property
    def problem(self) -> str:
        """Why there is no media server just now; empty if there is."""
        return self._link.problem

    @property
    def is_away(self) -> bool:
        """See L{MediaServer.is_away}."""
        return self._link.is_away

    # MediaServer ------------------------------------------------------------------------------------------

    def start(self, floor: Floor) -> None:
        """See L{MediaServer.start}."""
        self._floor = floor
        self._link.start(self)

    async def stop(self) -> None:
        """See L{MediaServer.stop}."""
        self._forget_parts()
        for timer in list(self._timers):
            timer.cancel()
        self._timers.clear()
        await self._link.stop()

    def entered(self, room: Channel, seat: int, user_id: int) -> None:
        """See L{MediaServer.entered}."""
        is_up = self._link.is_up
        self._seats.setdefault(room, {})[seat] = self._part(room, seat) if is_up else None
        if not is_up:
            self._wait()

    def left(self, room: Channel, seat: int) -> None:
        """See L{MediaServer.left}."""
        seats = self._seats.get(room, {})
        part = seats.pop(seat, None)
        if not seats:
            self._seats.pop(room, None)
        if part is not None:
            part.close()

    def closed(self, room: Channel) -> None:
        """See L{MediaServer.closed}."""
        self._destroy(room, LOOKS)

    def signal(self, room: Channel, seat: int, data: Object) -> None:
        """See L{MediaServer.signal}."""
        signal = read_signal(data)
        seats = self._seats.get(room, {})
        if seat not in seats:
            raise NoSeat(f"seat {seat} of {room.name} is not known to the media server")
        part = seats[seat]
        if part is None:
            raise MediaAway("the media server is away just now; wait for the event topology")
        match signal:
            case Offer():
                part.sending.offer(signal)
            case Accepts():
                part.receiving.accept(signal)
            case Anew():
                part.receiving.begin_anew()
            case Candidate(kind) if kind == PUBLISH:
                part.sending.candidate(signal)
            case Candidate():
                part.receiving.candidate(signal)

    # The session ------------------------------------------------------------------------------------------

    def session_opened(self) -> None:
        """See L{comet.protocols.janus.link.Listener.session_opened}: let all be there who should."""
        if self._give_up is not None:
            self._give_up()
            self._give_up = None
        if self._seats and self._floor is not None:
            self._floor.media_restarted()
        for room, seats in self._seats.items():
            for seat in seats:
                seats[seat] = self._part(room, seat)
        if self._rules.admin_key:
            self._spawn(self._tidy_up())

    def session_closed(self) -> None:
        """See L{comet.protocols.janus.link.Listener.session_closed}."""
        self._forget_parts()
        if self._seats:
            self._wait()

    def happened(self, event: Happened) -> None:
        """See L{comet.protocols.janus.link.Listener.happened}."""
        self._handles.happened(event)

    def _forget_parts(self) -> None:
        self._handles.forget()
        for seats in self._seats.values():
            for seat, part in seats.items():
                if part is not None:
                    part.close()
                seats[seat] = None

    def _part(self, room: Channel, seat: int) -> _Part:
        def say(data: Object) -> None:
            if self._floor is not None:
                self._floor.from_media(room, seat, data)

        rules = self._rules
        place = Place(
            *(self._handles, room, seat, room_key(rules.secret, room), rules.admin_key, rules.publishers),
            *(say, self._spawn, self._later),
        )
        return _Part(place, self._connections)

    # Time -------------------------------------------------------------------------------------------------

    def _later(self, seconds: float, call: Callable[[], object]) -> Callable[[], None]:
        """@return: calls it off."""

        def run() -> None:
            self._timers.discard(timer)
            call()

        def call_off() -> None:
            if timer in self._timers:
                self._timers.discard(timer)
                timer.cancel()

        timer = self._call_later(seconds, run)
        self._timers.add(timer)
        return call_off

    def _wait(self) -> None:
        """Seats have no media server: for how long?"""
        if self._give_up is None:
            self._give_up = self._later(self._rules.patience, self._gave_up)

    def _gave_up(self) -> None:
        self._give_up = None
        if self._seats and self._floor is not None:
            self._log.warn("{problem}; its rooms end", problem=self.problem)
            self._floor.media_gone()

    # Rooms that are empty ---------------------------------------------------------------------------------

    def _destroy(self, room: Channel, looks: int) -> None:
        """Let Janus forget a room, if nobody is there; those who have left may be there a moment longer."""
        if self._link.is_up and room not in self._seats:
            self._spawn(self._look(room, looks))

    async def _look(self, room: Channel, looks: int) -> None:
        key = room_key(self._rules.secret, room)
        try:
            handle = await self._handles.attach(lambda event: None)
            try:
                found = await handle.tell(videoroom.list_participants(key))
                if not videoroom.objects(found.data, "participants"):
                    await handle.tell(videoroom.destroy(key))
                elif looks > 1:
                    self._later(LOOK_SECONDS, lambda: self._destroy(room, looks - 1))
            finally:
                handle.close()
        except JanusAway:
            return
        except JanusError as error:
            # Another node may have been faster.
            if error.code != videoroom.NO_ROOM:
                self._log.warn("room {room} stays in Janus: {reason}", room=room, reason=str(error))

    async def _tidy_up(self) -> None:
        """Destroy what nodes have left behind that ended without taking leave."""
        try:
            handle = await self._handles.attach(lambda event: None)
            found = await handle.tell(videoroom.list_rooms(self._rules.admin_key))
            handle.close()
        except (JanusAway, JanusError):
            return
        for each in videoroom.objects(found.data, "list"):
            room = videoroom.described(each.get("description"))
            if room is not None and each.get("room") == room_key(self._rules.secret, room).number:
                # Who was in there with such a node may not be out yet.
                self._destroy(room, LOOKS)
