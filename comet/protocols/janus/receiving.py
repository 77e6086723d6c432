"""
What a seat receives: one connection for the streams of all others.

Janus makes an offer whenever that changes, and the page answers. There is one step at a time: as long as a
page has not answered, what it receives does not change, and what the others do meanwhile goes into the next
offer. It is told again until it is answered, because a page that is away for a moment does not get it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from twisted.logger import Logger

from comet.errors import TooFast
from comet.protocols.janus import signals, videoroom
from comet.protocols.janus.handles import Handle, told_candidate
from comet.protocols.janus.lane import LANE_LIMIT
from comet.protocols.janus.place import Place
from comet.protocols.janus.signals import SUBSCRIBE, Accepts, Candidate
from comet.protocols.janus.videoroom import Feeds, Line
from comet.protocols.janus.wire import Happened, JanusAway, JanusError, Object

#: After how long an offer that is not answered is told again, in seconds.
AGAIN_SECONDS = 5.0
#: How long to wait before what Janus has refused is tried again, in seconds, and how often.
REST_SECONDS, RESTS = 1.0, 5


class Receiving:
    """The subscriber of one seat."""

    _log = Logger()

    def __init__(self, place: Place, connections: Iterator[int]) -> None:
        """@param connections: numbers of connections, each given once."""
        self._place, self._connections = place, connections
        self._feeds: Feeds = {}
        self._handle: Handle | None = None
        self._connection = self._offer = self._rests = 0
        # What is in the last offer, and that offer as long as it is not answered.
        self._lines: list[Line] = []
        self._open: Object | None = None
        self._accepts: Accepts | None = None
        self._candidates: deque[Candidate] = deque()
        self._is_busy = self._is_closed = self._begins_anew = False
        self._stop_telling: Callable[[], None] | None = None
        self._stop_resting: Callable[[], None] | None = None

    def close(self) -> None:
        """The seat is not there any more."""
        self._is_closed = True
        self._wake_up()
        self._drop()

    def _drop(self) -> None:
        """There is no connection."""
        handle, self._handle = self._handle, None
        self._lines, self._accepts = [], None
        self._candidates.clear()
        self._answered()
        if handle is not None:
            handle.close()

    def _answered(self) -> None:
        self._open = None
        if self._stop_telling is not None:
            self._stop_telling()
            self._stop_telling = None

    # What is asked of it ----------------------------------------------------------------------------------

    def feeds_changed(self, feeds: Feeds) -> None:
        """That is sent by the others now."""
        self._feeds = feeds
        self._rests = 0
        self._go_on()

    def accept(self, accepts: Accepts) -> None:
        """The page has answered an offer; an answer to one of before is of no use any more."""
        if self._open is not None and accepts.offer in (None, self._offer):
            self._accepts = accepts
            self._go_on()

    def candidate(self, candidate: Candidate) -> None:
        """
        The page may be reached so.

        @raise comet.errors.TooFast: if too much waits already.
        """
        if self._handle is None or candidate.connection not in (None, self._connection):
            return
        if len(self._candidates) >= LANE_LIMIT:
            raise TooFast(f"{LANE_LIMIT} candidates wait for the media server already")
        self._candidates.append(candidate)
        self._go_on()

    def begin_anew(self) -> None:
        """The page wants another connection."""
        self._begins_anew = True
        self._rests = 0
        self._go_on()

    # One step after the other -----------------------------------------------------------------------------

    def _go_on(self) -> None:
        self._wake_up()
        if not self._is_busy and not self._is_closed:
            self._place.spawn(self._run())

    async def _run(self) -> None:
        self._is_busy = True
        try:
            while not self._is_closed and await self._step():
                pass
        except JanusAway:
            self.close()
        finally:
            self._is_busy = False

    async def _step(self) -> bool:
        """@return: whether there was something to do."""
        if self._begins_anew:
            self._begins_anew = False
            self._drop()
        if self._handle is not None and self._accepts is not None:
            await self._start(self._handle, self._accepts)
        elif self._handle is not None and self._candidates:
            await self._trickle(self._handle, self._candidates.popleft())
        elif self._open is not None or self._stop_resting is not None:
            return False
        else:
            wanted, had = self._wanted(), {(line.feed, line.stream.mid) for line in self._lines}
            more, less = [each for each in wanted if each not in had], sorted(had.difference(wanted))
            if not more and not less:
                return False
            await self._change(more, less)
        return True

    def _wanted(self) -> list[tuple[int, str]]:
        """@return: what to receive, by feed and mid: the newest feed of each other seat."""
        newest = {feed.seat: number for number, feed in self._feeds.items() if feed.seat != self._place.seat}
        return [(number, stream.mid) for number in newest.values() for stream in self._feeds[number].streams]

    async def _change(self, more: list[tuple[int, str]], less: list[tuple[int, str]]) -> None:
        """Ask for an offer of what is to be received from now on."""
        try:
            handle = self._handle
            if handle is not None:
                asked = videoroom.update(more, less)
            else:
                asked = videoroom.subscribe(self._place.key, more)
                handle = await self._attach()
            answer = await handle.tell(asked)
        except JanusError as error:
            return self._refused(error)
        if handle is not self._handle or self._is_closed:
            return
        if answer.description is not None:
            self._offered(answer.data, answer.description)
        elif more:
            # Asked for once more over the same connection, it might come twice.
            self._drop()
            self._rest("there is no offer of what is sent")
        else:
            # Janus had it out already.
            self._lines = [line for line in self._lines if (line.feed, line.stream.mid) not in less]

    async def _attach(self) -> Handle:
        handle = await self._place.handles.attach(lambda event: self._happened(handle, event))
        if self._is_closed:
            handle.close()
            raise JanusError(0, "it is over already")
        self._handle, self._connection = handle, next(self._connections)
        return handle

    def _refused(self, error: JanusError) -> None:
        if self._is_closed:
            return
        if error.code != videoroom.NO_FEED or not self._lines:
            self._drop()
        self._rest(str(error))

    def _rest(self, reason: str) -> None:
        """Try again a little later, and much later if that was often; what has gone we may hear meanwhile."""
        self._rests += 1
        if self._rests == RESTS:
            self._log.warn(
                "seat {seat} of {room} does not receive what it should: {reason}",
                seat=self._place.seat,
                room=self._place.room,
                reason=reason,
            )
        seconds = REST_SECONDS if self._rests < RESTS else REST_SECONDS * 60
        self._stop_resting = self._place.later(seconds, self._go_on)

    def _wake_up(self) -> None:
        if self._stop_resting is not None:
            self._stop_resting()
            self._stop_resting = None

    async def _start(self, handle: Handle, accepts: Accepts) -> None:
        """Let that flow which the page has taken."""
        self._accepts = None
        try:
            await handle.tell(videoroom.start(), {"type": "answer", "sdp": accepts.sdp})
        except JanusError as error:
            if handle is self._handle and not self._is_closed:
                self._drop()
                self._place.say(signals.failed(SUBSCRIBE, str(error), self._offer))
                self._rest(str(error))
            return
        if handle is self._handle:
            self._answered()

    async def _trickle(self, handle: Handle, candidate: Candidate) -> None:
        try:
            await handle.trickle(candidate.candidate)
        except JanusError as error:
            self._log.debug("Janus does not take a candidate: {reason}", reason=str(error))

    # What Janus says --------------------------------------------------------------------------------------

    def _offered(self, data: Object, description: Object) -> None:
        self._lines, self._rests = videoroom.lines(data), 0
        self._offer += 1
        streams = [
            {
                "mid": line.mid,
                "seat": self._feeds[line.feed].seat,
                "kind": line.stream.kind,
                "source": line.stream.source,
            }
            for line in self._lines
            if line.feed in self._feeds
        ]
        sdp = str(description.get("sdp", ""))
        self._open = signals.offered(sdp, streams, self._connection, self._offer)
        self._tell()

    def _tell(self) -> None:
        if self._open is not None:
            self._stop_telling = self._place.later(AGAIN_SECONDS, self._tell)
            self._place.say(self._open)

    def _happened(self, handle: Handle, event: Happened) -> None:
        if handle is not self._handle:
            return
        match event.word:
            case "event" if event.description is not None:
                # Not asked for, as with a Janus that does not know autoupdate.
                self._offered(event.data, event.description)
            case "trickle":
                told = told_candidate(event)
                self._place.say(signals.candidate(SUBSCRIBE, told, self._connection))
            case "hangup":
                self._drop()
                self._go_on()
