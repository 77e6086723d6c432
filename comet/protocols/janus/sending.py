"""
What a seat sends: it is in the room of Janus as a publisher, and so hears who else sends what.

A connection of the page has a handle of its own. Janus cannot put another connection in the place of one,
and tells the others late that one is gone; with another handle the page is another feed, and nothing gets
mixed up.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from comet.protocols.janus import signals, videoroom
from comet.protocols.janus.handles import Handle, told_candidate
from comet.protocols.janus.lane import Lane
from comet.protocols.janus.place import Place
from comet.protocols.janus.signals import PUBLISH, Candidate, Offer
from comet.protocols.janus.videoroom import Feed, Feeds
from comet.protocols.janus.wire import Answer, Happened, JanusError

#: How often it is tried to enter a room that somebody else destroys meanwhile.
ENTERING_LIMIT = 5


class Sending:
    """The publisher of one seat."""

    _log = Logger()

    def __init__(self, place: Place, feeds_changed: Callable[[Feeds], None]) -> None:
        """@param feeds_changed: is called with what others send, whenever that is other than before."""
        self._place, self._feeds_changed = place, feeds_changed
        self._lane = Lane(place.spawn)
        self._is_closed = False
        self._handle: Handle | None = None
        self._feeds: dict[int, Feed] = {}
        # Those of the connection that Janus has agreed to; none while there is no such.
        self._fingerprints: frozenset[str] = frozenset()
        self._offer: int | None = None
        self._lane.put(self._be_there)

    def close(self) -> None:
        """The seat is not there any more."""
        self._is_closed = True
        self._lane.close()
        self._drop()

    def _drop(self) -> None:
        handle, self._handle = self._handle, None
        self._fingerprints = frozenset()
        if handle is not None:
            handle.close()

    # In the room ------------------------------------------------------------------------------------------

    async def _be_there(self) -> None:
        try:
            await self._enter()
        except JanusError as error:
            if not self._is_closed:
                self._log.warn(
                    "seat {seat} of {room} is not let into Janus: {reason} ({code})",
                    seat=self._place.seat,
                    room=self._place.room,
                    reason=str(error),
                    code=error.code,
                )
            self._refused(error)

    async def _enter(self) -> Handle:
        """@return: the handle with which we are in the room."""
        if self._handle is not None:
            return self._handle
        handle = self._handle = await self._place.handles.attach(lambda event: self._happened(handle, event))
        try:
            self._check(handle)
            joined = await self._join(handle)
            self._check(handle)
        except JanusError:
            self._drop()
            raise
        self._feeds.clear()
        self._learn(videoroom.feeds(joined.data))
        return handle

    def _check(self, handle: Handle) -> None:
        """@raise JanusError: if that handle is of no use any more."""
        if self._is_closed or handle is not self._handle:
            raise JanusError(0, "it is over already")

    async def _join(self, handle: Handle) -> Answer:
        place = self._place
        for left in reversed(range(ENTERING_LIMIT)):
            try:
                await handle.tell(videoroom.create(place.key, place.room, place.publishers, place.admin_key))
            except JanusError as error:
                if error.code != videoroom.ROOM_EXISTS:
                    raise
            try:
                return await handle.tell(videoroom.join(place.key, place.seat))
            except JanusError as error:
                # Another node has found it empty just now, and destroyed it.
                if error.code != videoroom.NO_ROOM or not left:
                    raise
        raise AssertionError("the last attempt has returned or raised")

    def _refused(self, error: JanusError) -> None:
        if not self._is_closed:
            self._place.say(signals.failed(PUBLISH, str(error), self._offer))

    def _learn(self, feeds: Feeds) -> None:
        """That is sent now, in place of what was known of the same feeds."""
        # Last comes the newest, should one seat have more than one for a moment.
        for number in feeds:
            self._feeds.pop(number, None)
        self._feeds.update(feeds)
        self._feeds_changed(dict(self._feeds))

    # What the page says -----------------------------------------------------------------------------------

    def offer(self, offer: Offer) -> None:
        """
        The page wants to send this.

        @raise comet.errors.TooFast: if too much waits already.
        """
        self._lane.put(lambda: self._publish(offer))

    def candidate(self, candidate: Candidate) -> None:
        """The page may be reached so. Raises as L{offer}."""
        self._lane.put(lambda: self._trickle(candidate))

    async def _publish(self, offer: Offer) -> None:
        self._offer = offer.number
        is_same = bool(self._fingerprints) and self._fingerprints == offer.fingerprints
        if self._fingerprints and not is_same:
            self._drop()
        try:
            handle = await self._enter()
            described = {"type": "offer", "sdp": offer.sdp}
            answer = await handle.tell(videoroom.publish(offer.sources, is_same), described)
            self._check(handle)
        except JanusError as error:
            return self._refused(error)
        sdp = (answer.description or {}).get("sdp")
        if not isinstance(sdp, str):
            return self._refused(JanusError(0, "there is no answer to this offer"))
        self._fingerprints = offer.fingerprints
        self._place.say(signals.accepted(sdp, offer.number))

    async def _trickle(self, candidate: Candidate) -> None:
        if self._handle is None or not self._fingerprints:
            return
        try:
            await self._handle.trickle(candidate.candidate)
        except JanusError as error:
            self._log.debug("Janus does not take a candidate: {reason}", reason=str(error))

    # What Janus says --------------------------------------------------------------------------------------

    def _happened(self, handle: Handle, event: Happened) -> None:
        match event.word:
            case "event" if videoroom.is_out(event.data):
                if handle is self._handle:
                    self._lose("the media server has closed the room")
            case "event":
                self._heard(event)
            case "trickle" if handle is self._handle:
                self._place.say(signals.candidate(PUBLISH, told_candidate(event)))
            case "hangup" if handle is self._handle:
                self._lose(str(event.data.get("reason", "hung up")))

    def _heard(self, event: Happened) -> None:
        if feeds := videoroom.feeds(event.data):
            self._learn(feeds)
        elif (number := videoroom.gone(event.data)) in self._feeds and number is not None:
            del self._feeds[number]
            self._feeds_changed(dict(self._feeds))

    def _lose(self, reason: str) -> None:
        """That handle is of no use any more: be there with another one."""
        had_media = bool(self._fingerprints)
        self._drop()
        if had_media:
            self._place.say(signals.failed(PUBLISH, reason, self._offer))
        self._lane.put_first(self._be_there)
