"""What the listeners have counted, as SHOW STATUS and the health pages read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace

from comet.cometql.status import (
    Gauges,
    LoadStatus,
    OutboxStatus,
    PortStatus,
    PresenceStatus,
    ServerStatus,
    TenantStatus,
    TrafficStatus,
)
from comet.mail import Counters
from comet.model import Goodbye
from comet.refusals import Refusals
from comet.video.tally import VideoStatus


@dataclass(frozen=True, slots=True)
class Count:
    """The counters of one listener at one moment; see L{PortStatus}."""

    online: int = 0
    messages: int = 0
    added: int = 0
    deleted: int = 0


class Meter:
    """One listener: its counters now, and the rates over the last interval."""

    def __init__(self, count: Callable[[], Count], interval: int) -> None:
        """@param interval: how often L{tick} is called, in seconds."""
        self._count, self._interval = count, interval
        self._last = Count()
        self._rates = (0.0, 0.0, 0.0)

    def tick(self) -> None:
        """An interval is over."""
        now = self._count()
        steps = zip(astuple(self._last)[1:], astuple(now)[1:], strict=True)
        messages, added, deleted = ((after - before) / self._interval for before, after in steps)
        self._last, self._rates = now, (messages, added, deleted)

    def status(self) -> PortStatus:
        """@return: counters and rates."""
        now = self._count()
        return PortStatus(self._interval, now.online, now.messages, now.added, now.deleted, *self._rates)


class ServerGauges(Gauges):
    """The counters of a running server."""

    def __init__(
        self,
        clock: Callable[[], float],
        ws: Meter,
        cometql: Meter,
        tenant: Callable[[int], TenantStatus],
        refused: Refusals | None = None,
        delivery: Counters | None = None,
        goodbyes: Counter[Goodbye] | None = None,
        presence: Callable[[], PresenceStatus] = PresenceStatus,
        slow: Callable[[], int] = int,
        traffic: Callable[[], TrafficStatus] = TrafficStatus,
        video: Callable[[], VideoStatus] = VideoStatus,
        load: Callable[[], LoadStatus] = LoadStatus,
        outboxes: Callable[[], Mapping[str, OutboxStatus]] = dict,
    ) -> None:
        """
        @param clock: seconds that only grow.
        @param refused: the counters of what was refused to browsers.
        @param delivery: those of messages.
        @param goodbyes: those of browsers that were sent away.
        @param slow: how many statements were slow.
        @param traffic: what MySQL clients send and are sent.
        @param video: calls and rooms.
        @param load: how much there is to do.
        @param outboxes: the tables that are followed.
        """
        self._delivery = Counters() if delivery is None else delivery
        self._goodbyes: Counter[Goodbye] = Counter() if goodbyes is None else goodbyes
        self._clock, self._started = clock, clock()
        self._ws, self._cometql, self._tenant, self._presence = ws, cometql, tenant, presence
        self._slow = slow
        self._traffic, self._video, self._load, self._outboxes = traffic, video, load, outboxes
        self._refused = Refusals() if refused is None else refused

    def tick(self) -> None:
        """An interval is over."""
        self._ws.tick()
        self._cometql.tick()

    def server(self) -> ServerStatus:
        """See L{Gauges.server}."""
        uptime = int(self._clock() - self._started)
        return ServerStatus(
            *(uptime, self._ws.status(), self._cometql.status(), Refusals(self._refused)),
            *(replace(self._delivery), Counter(self._goodbyes), self._presence()),
            *(self._slow(), self._traffic(), self._video()),
            load=self._load(),
            outboxes=self._outboxes(),
        )

    def tenant(self, dev_id: int) -> TenantStatus:
        """See L{Gauges.tenant}."""
        return self._tenant(dev_id)
